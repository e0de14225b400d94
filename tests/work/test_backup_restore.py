"""A backup holds everything or says what is missing; a restore brings back that, and no more."""

import errno
import json
import os
import re
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests import databases, program
from tests.conftest import NOW
from tests.work.arriving import DOCK, arrive, film
from tests.work.events import looks
from tests.work.mallory import by_force
from tests.work.moving import digests, furnish, keys_of, looking_at, opened, spoil
from tests.work.opened import key_of

from bodyworn.core.clock import iso
from bodyworn.core.errors import (
    BodywornError,
    BusyError,
    DamagedError,
    MissingError,
    RefusedError,
    SetupError,
)
from bodyworn.core.terms import EventType
from bodyworn.core.types import Actor
from bodyworn.custody.note import Signer
from bodyworn.custody.statement import verify_statement
from bodyworn.records import rows
from bodyworn.records.models import CustodyEvent, Device, Recording
from bodyworn.store import opaque
from bodyworn.work.check import fixity
from bodyworn.work.check.finding import Answer, Ground, Level
from bodyworn.work.house import House
from bodyworn.work.ingest import sweep, take_in
from bodyworn.work.log import integrate
from bodyworn.work.moving import files, snapshot, taking
from bodyworn.work.moving.backup import backup, planned
from bodyworn.work.moving.backups import Backups
from bodyworn.work.moving.comparing import verify_backup
from bodyworn.work.moving.keys import backup_keys
from bodyworn.work.moving.restore import Ended, restore
from bodyworn.work.verify import verify_store

pytestmark = pytest.mark.django_db(transaction=True)
OPERATOR = Actor(name="system:command-line:frances")


@pytest.fixture
def store(house: House) -> House:
    furnish(house)
    return house


@pytest.fixture
def backed(store: House, tmp_path: Path) -> tuple[House, Path]:
    made = backup(store, tmp_path / "backup", by=OPERATOR)
    assert made.statement.is_same
    keys_of(store, tmp_path / "keys")
    return store, tmp_path / "backup"


def into(tmp_path: Path, folder: Path, database: str = "") -> Ended:
    return restore(folder, to=tmp_path / "new", keys=tmp_path / "keys", database=database)


def snapshot_of(folder: Path) -> Path:
    return Backups(folder).snapshot().folder


def test_a_backup_is_a_signed_statement_that_anybody_can_count_again(
    backed: tuple[House, Path],
) -> None:
    house, folder = backed
    statement, wrong = verify_backup(folder, house.signer.verifier)
    assert wrong == []
    assert verify_statement(
        (snapshot_of(folder) / "statement").read_text(), house.signer.verifier
    ).ok
    assert statement.items["table:records_recording"].split()[0] == "3"
    assert statement.items["files"].split()[0] == str(len(digests()) + 1), "and the one that waits"
    checkpoint = house.log.checkpoint()
    assert checkpoint is not None
    size, root = statement.items["log"].split()
    assert (int(size), root) == (checkpoint.size, checkpoint.root.hex())
    (event,) = CustodyEvent.objects.filter(type=EventType.REPLICATION)
    assert event.detail["outcome"] == "same"


def test_no_secret_is_in_a_backup(backed: tuple[House, Path]) -> None:
    house, folder = backed
    secrets = [
        house.layout.log_key.read_bytes().strip(),
        house.layout.ticket_key.read_bytes(),
        house.layout.pages_key.read_bytes(),
    ]
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert [secret for secret in secrets if secret in data] == [], path


def test_a_restore_holds_the_same_and_verifies(backed: tuple[House, Path], tmp_path: Path) -> None:
    house, folder = backed
    ended = into(tmp_path, folder)
    assert ended.statement.is_same, ended.statement.differences
    assert verify_statement(ended.path.read_text(), house.signer.verifier).ok
    new = opened(tmp_path / "new")
    with looking_at(new.layout.records):
        assert Recording.objects.count() == 3
        integrate(new)
        assert verify_store(new).ok
        sweep(new)
        assert Recording.objects.count() == 4, "the arrival that waited was not lost"
        looks(1, start=9_000)
        integrate(new)
        assert verify_store(new).ok, "and it goes on from there"


def test_a_second_backup_copies_only_what_is_new(
    backed: tuple[House, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, folder = backed
    take_in(house, arrive(house, film(50), sequence=50), by=DOCK)
    plan = planned(folder)
    assert (plan.files, plan.files_there) == (1, len(digests()) - 1)
    copied: list[Path] = []

    def noted(here: Path, there: Path, *, incoming: Path) -> opaque.Stored:
        copied.append(here)
        return copy(here, there, incoming=incoming)

    copy = opaque.copy
    monkeypatch.setattr(opaque, "copy", noted)
    made = backup(house, folder, by=OPERATOR)
    assert made.statement.is_same
    assert len(copied) == 1
    assert made.statement.items["known"].split()[0] == str(plan.files_there + 1)
    assert verify_backup(folder, house.signer.verifier)[1] == []
    first = Backups(folder).finished()[0]
    assert verify_backup(folder, house.signer.verifier, snapshot=first.folder.name)[1] == []


def test_a_list_that_was_changed_is_not_believed(backed: tuple[House, Path]) -> None:
    house, folder = backed
    path = snapshot_of(folder) / "files.txt"
    path.write_text(path.read_text().replace(" good", " known"))
    assert backup(house, folder, by=OPERATOR).statement.items["known"] != "0 0"
    path = snapshot_of(folder) / "files.txt"
    digest = digests()[0].hex
    other = re.sub(f"{digest} [0-9a-f]{{64}}", f"{digest} {'0' * 64}", path.read_text())
    assert other != path.read_text()
    path.write_text(other)
    assert backup(house, folder, by=OPERATOR).statement.items["known"] == "0 0"
    assert verify_backup(folder, house.signer.verifier)[1] == []


def test_a_disk_without_second_names_can_be_backed_up_to(
    store: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "link", no_links)
    assert backup(store, tmp_path / "backup", by=OPERATOR).statement.is_same
    assert verify_backup(tmp_path / "backup", store.signer.verifier)[1] == []


def test_old_snapshots_go_and_stored_files_stay(backed: tuple[House, Path]) -> None:
    house, folder = backed
    for number in range(3):
        looks(1, start=5_000 + number)
        backup(house, folder, by=OPERATOR, keep=2)
    assert len(Backups(folder).finished()) == 2
    assert planned(folder).files == 0


def test_what_the_source_lacks_is_named_and_the_rest_is_backed_up(
    store: House, tmp_path: Path
) -> None:
    gone = digests()[1]
    store.layout.blob(gone).unlink()
    made = backup(store, tmp_path / "backup", by=OPERATOR)
    (difference,) = made.statement.differences
    assert difference.item == f"file {gone}"
    assert "missing at the source" in difference.sentence
    keys_of(store, tmp_path / "keys")
    ended = into(tmp_path, tmp_path / "backup")
    assert ended.statement.is_same, "all that was backed up came back"


def test_what_the_source_has_lost_since_is_kept_from_before(
    backed: tuple[House, Path], tmp_path: Path
) -> None:
    house, folder = backed
    gone = digests()[0]
    house.layout.blob(gone).unlink()
    made = backup(house, folder, by=OPERATOR)
    (difference,) = made.statement.differences
    assert "kept" in difference.sentence
    assert into(tmp_path, folder).statement.is_same
    new = opened(tmp_path / "new")
    assert new.vault.check(gone, key_of(new, gone)) == gone


def test_check_says_how_old_the_backup_is_and_whether_it_is_whole(
    store: House, tmp_path: Path
) -> None:
    def level(now: datetime = NOW) -> Level:
        settings = store.settings.with_(frozen_at=iso(now))
        return fixity.backup(Ground(settings=settings, now=now, trouble=None)).level

    assert level() is Level.WARNING, "there is none"
    backup(store, tmp_path / "backup", by=OPERATOR)
    backup_keys(store, tmp_path / "safe", by=OPERATOR)
    assert level() is Level.GOOD
    assert level(NOW + timedelta(days=9)) is Level.WARNING
    store.layout.blob(digests()[0]).unlink()
    backup(store, tmp_path / "other", by=OPERATOR)
    assert level() is Level.FAULT


def test_check_says_that_a_backup_is_younger_than_the_keys_that_open_it(
    store: House, tmp_path: Path
) -> None:
    def at(hours: int) -> House:
        return House.open(store.settings.with_(frozen_at=iso(NOW + timedelta(hours=hours))))

    def answer(hours: int) -> Answer:
        settings = at(hours).settings
        return fixity.backup(Ground(settings=settings, now=settings.now(), trouble=None))

    backup(store, tmp_path / "backup", by=OPERATOR)
    assert "No copy of the keys has those of" in answer(0).sentence
    backup_keys(at(1), tmp_path / "safe", by=OPERATOR)
    assert answer(1).level is Level.GOOD
    longer = House.open(at(2).settings.with_(non_evidential_days=400))
    take_in(longer, arrive(longer, film(70), sequence=70), by=DOCK)
    assert answer(3).level is Level.GOOD, "the last backup does not have it"
    backup(at(4), tmp_path / "backup", by=OPERATOR)
    assert answer(4).level is Level.WARNING
    assert "retention.non-evidential/2027" in answer(4).sentence
    backup_keys(at(5), tmp_path / "safe", by=OPERATOR)
    assert answer(5).level is Level.GOOD


# ---- Mallory at the backup -----------------------------------------------------------------------


def change_row(folder: Path) -> str:
    path = snapshot_of(folder) / "rows" / "records_recording.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Coldharbour", b"Kennington!", 1))
    return "table:records_recording row "


def drop_row(folder: Path) -> str:
    path = snapshot_of(folder) / "rows" / "records_custodyevent.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    number = json.loads(lines[5])["id"]
    path.write_bytes(b"".join(lines[:5] + lines[6:]))
    return f"table:records_custodyevent row {number} is missing"


def add_row(folder: Path) -> str:
    path = snapshot_of(folder) / "rows" / "records_device.jsonl"
    row = json.loads(path.read_bytes().splitlines()[-1]) | {"id": 77, "serial": "mallory"}
    with path.open("ab") as out:
        out.write(json.dumps(row).encode() + b"\n")
    return "table:records_device row 77 should not be there"


def spoil_rows(folder: Path) -> str:
    (snapshot_of(folder) / "rows" / "records_officer.jsonl").write_bytes(b"\xff\xfe")
    return "table:records_officer cannot be read"


def drop_table(folder: Path) -> str:
    (snapshot_of(folder) / "rows" / "records_fix.jsonl").unlink()
    return "table:records_fix is missing"


def change_hashes(folder: Path) -> str:
    path = snapshot_of(folder) / "rows" / "records_unit.hashes"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    return "table:records_unit has other hashes"


def change_note(folder: Path) -> str:
    (path,) = (snapshot_of(folder) / "parts" / "inbox").glob("*.json")
    spoil(path)
    return f"part inbox/{path.name} is not the same"


def change_list(folder: Path) -> str:
    path = snapshot_of(folder) / "files.txt"
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    return "files are not listed"


def change_head(folder: Path) -> str:
    path = snapshot_of(folder) / "head.json"
    path.write_text(path.read_text().replace('"at": "2026', '"at": "2025'))
    return "at is not what was signed"


UNSIGNED = [
    change_row,
    drop_row,
    add_row,
    spoil_rows,
    drop_table,
    change_hashes,
    change_note,
    change_list,
    change_head,
]


@pytest.mark.parametrize("mallory", UNSIGNED)
def test_a_changed_snapshot_is_refused_before_anything_is_written(
    backed: tuple[House, Path], tmp_path: Path, mallory: Callable[[Path], str]
) -> None:
    house, folder = backed
    named = mallory(folder)
    _, wrong = verify_backup(folder, house.signer.verifier)
    assert [one for one in wrong if f"{one.item} {one.sentence}".startswith(named)], wrong
    with pytest.raises(DamagedError) as damaged:
        into(tmp_path, folder)
    assert damaged.value.code == "restore.not-as-signed"
    assert named in damaged.value.message
    assert not (tmp_path / "new").exists()


def test_a_changed_file_is_named_and_the_folder_does_not_open(
    backed: tuple[House, Path], tmp_path: Path
) -> None:
    house, folder = backed
    bad, gone = digests()[:2]
    spoil(Backups(folder).layout.blob(bad))
    Backups(folder).layout.blob(gone).unlink()
    expected = {f"file {bad}", f"file {gone}"}
    assert {one.item for one in verify_backup(folder, house.signer.verifier)[1]} == expected
    ended = into(tmp_path, folder)
    assert {one.item for one in ended.statement.differences} == expected
    with pytest.raises(SetupError) as refused:
        opened(tmp_path / "new")
    assert refused.value.code == "data.incomplete"
    shutil.copy(house.layout.blob(bad), Backups(folder).layout.blob(bad))
    shutil.copy(house.layout.blob(gone), Backups(folder).layout.blob(gone))
    assert into(tmp_path, folder).statement.is_same, "the same command goes on"


def test_a_changed_log_is_named(backed: tuple[House, Path], tmp_path: Path) -> None:
    house, folder = backed
    spoil(folder / "log" / "tile" / "entries" / "000")
    (wrong,) = verify_backup(folder, house.signer.verifier)[1]
    assert wrong.item == "log"
    ended = into(tmp_path, folder)
    assert [one.item for one in ended.statement.differences] == ["log"]


def test_a_statement_of_another_key_is_refused(backed: tuple[House, Path], tmp_path: Path) -> None:
    house, folder = backed
    mallory = Signer.generate(house.settings.log_origin)
    (tmp_path / "keys" / "log.key").write_text(mallory.text)
    with pytest.raises(DamagedError) as damaged:
        into(tmp_path, folder)
    assert damaged.value.code == "note.not-signed"
    (snapshot_of(folder) / "statement").unlink()
    with pytest.raises(MissingError) as missing:
        into(tmp_path, folder)
    assert missing.value.code == "backup.none"


def test_what_is_changed_at_the_target_during_an_interruption_is_named(
    backed: tuple[House, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder = backed
    with monkeypatch.context() as broken:
        broken.setattr(rows, "continue_numbers", stop)
        with pytest.raises(KeyboardInterrupt):
            into(tmp_path, folder)
    with looking_at(tmp_path / "new" / "records.sqlite3"):
        number = Device.objects.get().pk
        by_force("UPDATE records_device SET model = 'M9' WHERE id = %s", number)
    bad = digests()[2]
    spoil(Backups(tmp_path / "new").layout.blob(bad))
    ended = into(tmp_path, folder)
    assert {one.item for one in ended.statement.differences} == {
        f"table:records_device row {number}",
        f"file {bad}",
    }


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


# ---- places that are not empty, or are somebody else's -------------------------------------------


def test_folders_that_are_somebody_elses_are_left_alone(
    backed: tuple[House, Path], tmp_path: Path
) -> None:
    house, folder = backed
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letters").touch()
    keys, other = tmp_path / "keys", tmp_path / "mine"
    tries: list[tuple[Callable[[], object], str]] = [
        (lambda: backup(house, other, by=OPERATOR), "backup.not-empty"),
        (lambda: backup(house, house.layout.root / "b", by=OPERATOR), "backup.inside"),
        (lambda: restore(folder, to=other, keys=keys), "move.not-empty"),
        (lambda: restore(tmp_path / "none", to=tmp_path / "new", keys=keys), "backup.none"),
        (lambda: backup_keys(house, folder / "keys", by=OPERATOR), "keys.beside-backup"),
        (lambda: backup_keys(house, house.layout.root / "k", by=OPERATOR), "keys.inside"),
    ]
    for attempt, code in tries:
        with pytest.raises(BodywornError) as refused:
            attempt()
        assert refused.value.code == code
    assert [path.name for path in other.iterdir()] == ["letters"]
    (folder / "bodyworn-backup.json").write_text('{"v": 1, "origin": "other.example/log"}')
    with pytest.raises(SetupError) as foreign:
        backup(house, folder, by=OPERATOR)
    assert foreign.value.code == "backup.of-another-log"


def test_a_folder_begun_from_another_snapshot_is_not_mixed(
    backed: tuple[House, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, folder = backed
    with monkeypatch.context() as broken:
        broken.setattr(rows, "continue_numbers", stop)
        with pytest.raises(KeyboardInterrupt):
            into(tmp_path, folder)
    backup(house, folder, by=OPERATOR)
    with pytest.raises(RefusedError) as refused:
        into(tmp_path, folder)
    assert refused.value.code == "move.of-something-else"


def test_keys_are_backed_up_apart_and_those_that_are_gone_are_named(
    store: House, tmp_path: Path
) -> None:
    (store.layout.keys / "old.key").write_text("x")
    backup_keys(store, tmp_path / "safe", by=OPERATOR)
    (store.layout.keys / "old.key").unlink()
    done = backup_keys(store, tmp_path / "safe", by=OPERATOR)
    assert done.gone_here == ("old.key",)
    assert (tmp_path / "safe" / "log.key").stat().st_mode & 0o777 == 0o600
    backup(store, tmp_path / "backup", by=OPERATOR)
    ended = restore(tmp_path / "backup", to=tmp_path / "new", keys=tmp_path / "safe")
    assert ended.statement.is_same
    shutil.rmtree(tmp_path / "safe")
    (tmp_path / "safe").mkdir()
    with pytest.raises(SetupError):
        restore(tmp_path / "backup", to=tmp_path / "new2", keys=tmp_path / "safe")


def test_one_backup_at_a_time(backed: tuple[House, Path]) -> None:
    house, folder = backed
    with Backups(folder).alone(), pytest.raises(BusyError) as busy:
        backup(house, folder, by=OPERATOR)
    assert busy.value.code == "backup.already"


# ---- while the installation works, and when the disk is full -------------------------------------


def test_footage_that_arrives_meanwhile_is_whole_in_it_or_not_at_all(
    store: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recordings come at the worst moments: after notes were read, after rows, after the list."""
    numbers = iter(range(60, 90))
    keys_of(store, tmp_path / "keys")

    def arriving(original: Callable[..., object]) -> Callable[..., object]:
        def with_arrival(*args: object, **more: object) -> object:
            number = next(numbers)
            answer = original(*args, **more)
            take_in(store, arrive(store, film(number), sequence=number), by=DOCK)
            integrate(store)
            return answer

        return with_arrival

    with monkeypatch.context() as busy:
        busy.setattr(taking, "write_parts", arriving(snapshot.write_parts))
        busy.setattr(taking, "write_wanted", arriving(snapshot.write_wanted))
        busy.setattr(taking, "_newest_checkpoint", arriving(taking._newest_checkpoint))
        made = backup(store, tmp_path / "backup", by=OPERATOR)
    assert made.statement.is_same
    assert into(tmp_path, tmp_path / "backup").statement.is_same
    new = opened(tmp_path / "new")
    with looking_at(new.layout.records):
        integrate(new)
        verdict = verify_store(new)
        assert verdict.ok, verdict.wrong


def test_a_full_disk_stops_a_backup_which_then_goes_on(
    store: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, writes = tmp_path / "backup", iter(range(1_000))
    real = os.write

    def full(handle: int, data: bytes) -> int:
        if len(data) > 2_000 and next(writes) >= 2:
            raise OSError(28, "No space left on device")
        return real(handle, data)

    with monkeypatch.context() as small:
        small.setattr(os, "write", full)
        with pytest.raises(SetupError) as stopped:
            backup(store, folder, by=OPERATOR)
    assert stopped.value.code == "disk.full"
    assert Backups(folder).finished() == []
    made = backup(store, folder, by=OPERATOR)
    assert made.statement.is_same
    assert verify_backup(folder, store.signer.verifier)[1] == []
    assert list(Backups(folder).layout.incoming.iterdir()) == [], "nothing is left behind"


def test_a_disk_that_is_too_small_is_told_before_it_begins(
    store: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(SetupError) as full:
        backup(store, tmp_path / "backup", by=OPERATOR)
    assert full.value.code == "disk.full"


def test_an_interrupted_backup_ends_with_the_statement_of_an_uninterrupted_one(
    store: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backup"
    for stopped in ("_copied", "_gathered"):
        with monkeypatch.context() as broken:
            calls = iter(range(100))
            real = getattr(files, stopped)
            broken.setattr(
                files, stopped, lambda *a, r=real, c=calls, **k: stop() if next(c) else r(*a, **k)
            )
            with pytest.raises(KeyboardInterrupt):
                backup(store, folder, by=OPERATOR)
        looks(3, start=6_000)
    resumed = backup(store, folder, by=OPERATOR)
    assert resumed.statement.is_same
    assert verify_backup(folder, store.signer.verifier)[1] == []
    head = json.loads((resumed.snapshot / "head.json").read_text())
    assert head["at"].startswith(f"{NOW:%Y-%m-%d}")


@pytest.mark.skipif(not databases.wants_postgresql(), reason="this run has no PostgreSQL")
def test_a_backup_of_one_engine_is_restored_into_the_other(
    backed: tuple[House, Path], tmp_path: Path
) -> None:
    _, folder = backed
    url = program.empty_database()
    ended = into(tmp_path, folder, database=url)
    assert ended.statement.is_same, ended.statement.differences
    again = restore(folder, to=tmp_path / "third", keys=tmp_path / "keys")
    assert again.statement.is_same
    assert again.statement.items == ended.statement.items
