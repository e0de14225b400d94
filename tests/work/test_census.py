"""The daily census of a house: one a day, whole after any crash, and nothing vanishes unseen."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from tests.conftest import NOW
from tests.work.arriving import film
from tests.work.test_ingest import taken_in

from bodyworn.core.errors import BodywornError, DamagedError
from bodyworn.core.terms import EventType
from bodyworn.core.types import CustodyEvent
from bodyworn.custody import census as form
from bodyworn.custody.census_audit import compare_files
from bodyworn.custody.event import pseudonym_of
from bodyworn.records import ledger
from bodyworn.records.models import Census, Recording
from bodyworn.records.models import CustodyEvent as EventRow
from bodyworn.store import disk
from bodyworn.web.door.log_files import log_file
from bodyworn.work import census
from bodyworn.work.check import ledger as questions
from bodyworn.work.check.finding import Ground, Level
from bodyworn.work.house import House
from bodyworn.work.keeper import DUTIES
from bodyworn.work.log import integrate
from bodyworn.work.verify import verify_store

TODAY = date(2026, 4, 14)
real_transactions = pytest.mark.django_db(transaction=True)


def on_day(house: House, days: int) -> House:
    """The same house so many days later."""
    moment = (NOW + timedelta(days=days)).isoformat().replace("+00:00", "Z")
    return House.open(house.settings.with_(frozen_at=moment))


def filled(house: House, count: int, *, first: int = 1) -> list[Recording]:
    numbers = range(first, first + count)
    return [taken_in(house, film(n), sequence=n, camera_reference=f"{n:04X}") for n in numbers]


def read(house: House, days: int = 0) -> form.Census:
    return form.read(house.layout.census_of(TODAY + timedelta(days=days)))


def erase_rows(recording: Recording) -> None:
    """As somebody with the database's password would."""
    with connection.cursor() as cursor:
        for table in ("retentiondecision", "fix", "job", "copy", "custodyevent"):
            cursor.execute(
                f"DELETE FROM records_{table} WHERE recording_id = %s",  # noqa: S608  (ours)
                [recording.pk],
            )
        cursor.execute("DELETE FROM records_recording WHERE id = %s", [recording.pk])


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(BodywornError) as caught:
        work()
    return caught.value.code


def test_everything_that_is_held_stands_in_it(house: House) -> None:
    recordings = filled(house, 3)
    census.take(house)
    found = read(house)
    names = {pseudonym_of(r.reference, salt=bytes(r.pseudonym_salt)) for r in recordings}
    assert set(found.ids) == names
    assert (found.head.day, found.head.count, found.head.previous) == (TODAY, 3, None)
    (event,) = EventRow.objects.filter(type=EventType.CENSUS)
    assert (bytes(event.leaf), event.subject) == (found.head.leaf, "census:2026-04-14")
    assert (house.layout.census / "newest").read_text() == "2026-04-14\n"
    assert not house.layout.census_draft(TODAY).exists()
    assert census.check_newest(house).startswith("All 3 recordings of the census")


def test_it_is_made_once_a_day_and_names_the_one_before(house: House) -> None:
    filled(house, 2)
    for _ in range(3):
        census.take(house)
    assert Census.objects.count() == 1
    later = on_day(house, 4)  # nothing ran in between, and nobody can say what was held then
    filled(later, 1, first=5)
    census.take(later)
    head = read(later, 4).head
    assert (head.count, head.previous) == (3, (TODAY, read(house).head.root))
    census.take(house)  # a clock that was set back makes no second one
    assert Census.objects.count() == 2


def test_a_house_that_never_held_anything_has_none(house: House) -> None:
    census.take(house)
    assert Census.objects.count() == 0
    assert census.check_newest(house) == ""
    assert code_of(census.newest_row) == "census.none-yet"


def test_when_all_is_gone_the_census_says_so(house: House) -> None:
    (recording,) = filled(house, 1)
    census.take(house)
    erase_rows(recording)
    census.take(on_day(house, 1))
    assert read(house, 1).head.count == 0


@real_transactions
def test_a_recording_that_was_removed_with_everything_is_named(house: House) -> None:
    """Rows, events and files, by hand; the log is whole, and an old list tells."""
    recordings = filled(house, 3)
    census.take(house)
    integrate(house)
    gone = recordings[1]
    name = pseudonym_of(gone.reference, salt=bytes(gone.pseudonym_salt))
    shutil.rmtree(house.layout.blobs)
    erase_rows(gone)
    assert code_of(lambda: census.check_newest(house)) == "books.census-vanished"
    broken = [step.number for step in verify_store(house).steps if not step.ok]
    assert 4 in broken
    later = on_day(house, 1)
    census.take(later)
    # Whoever did it also sees to the sequencer's numbers: the log itself goes on.
    index = EventRow.objects.get(type=EventType.CENSUS, subject="census:2026-04-15")
    leaf = bytes(index.leaf)
    size = later.log.size
    later.log.integrate([leaf], from_index=size, now=later.now())
    found, known = compare_files(
        house.layout.census_of(TODAY),
        house.layout.census_of(TODAY + timedelta(days=1)),
        log=house.layout.log,
        key=house.signer.verifier,
    )
    assert (found.vanished, found.stayed, found.ok) == ((name,), 2, False)
    assert known[name].index < size


@real_transactions
def test_a_lawful_erasure_is_no_finding(house: House) -> None:
    kept, erased = filled(house, 2)
    census.take(house)
    with transaction.atomic():
        event = CustodyEvent(
            type=EventType.ERASURE,
            operation=None,
            at=house.now(),
            actor="bob",
            subject=erased.reference,
        )
        ledger.record(event, recording=erased)
        erased.copies.filter(kind="master").delete()
    assert census.check_newest(house)
    later = on_day(house, 1)
    census.take(later)
    integrate(later)
    found, known = compare_files(
        house.layout.census_of(TODAY),
        house.layout.census_of(TODAY + timedelta(days=1)),
        log=house.layout.log,
        key=house.signer.verifier,
    )
    assert (found.ok, len(found.erased), found.stayed, known) == (True, 1, 1, {})
    assert kept.reference


@real_transactions
def test_whoever_is_held_can_prove_it(house: House) -> None:
    (recording, _) = filled(house, 2)
    assert code_of(lambda: census.prove(house, recording.reference)) == "census.none-yet"
    census.take(house)
    assert census.prove(house, recording.reference)["log_proof"] is None
    integrate(house)
    proof = census.prove(house, recording.reference)
    form.check_membership(form.membership_from_dict(proof))
    assert proof["log_proof"]
    late = filled(house, 1, first=9)[0]
    assert code_of(lambda: census.prove(house, late.reference)) == "census.not-listed"


@pytest.mark.parametrize("step", ["write the list", "enter the row", "give it its name"])
def test_a_crash_at_any_step_ends_in_one_census(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    filled(house, 2)
    written: list[Path] = []
    real = disk.write_atomically

    def failing(path: Path, *rest: object) -> None:
        written.append(path)
        if len(written) == {"write the list": 1, "give it its name": 2}.get(step, 9):
            raise OSError("power cut")
        real(path, *rest)  # type: ignore[arg-type]

    def stopping(*_: object, **__: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr(disk, "write_atomically", failing)
        if step == "enter the row":
            broken.setattr(ledger, "record", stopping)
        with pytest.raises(OSError, match="power cut"):
            census.take(house)
    filled(house, 1, first=9)  # what comes meanwhile is not in a list whose leaf is written
    census.take(house)
    assert Census.objects.count() == EventRow.objects.filter(type=EventType.CENSUS).count() == 1
    assert read(house).head.count == (2 if step == "give it its name" else 3)
    assert census.check_newest(house)


def test_a_list_that_was_lost_is_made_again_while_nothing_has_changed(house: House) -> None:
    recordings = filled(house, 2)
    census.take(house)
    house.layout.census_of(TODAY).unlink()
    house.layout.census_draft(TODAY).write_bytes(b"spoilt\n")
    census.take(house)
    assert read(house).head.count == 2
    house.layout.census_of(TODAY).unlink()
    erase_rows(recordings[0])
    census.take(on_day(house, 1))  # lost for good, and no reason to make none tomorrow
    assert not house.layout.census_of(TODAY).exists()
    assert read(house, 1).head.count == 1


def test_a_census_whose_row_was_taken_away_is_noticed(house: House) -> None:
    filled(house, 1)
    census.take(house)
    Census.objects.all().delete()
    assert code_of(lambda: census.check_newest(house)) == "books.census"


def test_a_list_of_another_making_is_noticed(house: House) -> None:
    filled(house, 2)
    census.take(house)
    path = house.layout.census_of(TODAY)
    text = path.read_text()
    path.write_text("".join(text.splitlines(keepends=True)[:-1]))
    assert code_of(lambda: census.check_newest(house)) == "census.malformed"


def test_a_recording_that_was_kept_off_the_list_is_noticed(house: House) -> None:
    hidden, _ = filled(house, 2)
    later = on_day(house, 1)
    master = hidden.copies.get(kind="master")
    kind = master.kind
    hidden.copies.filter(pk=master.pk).update(kind="sidecar")
    census.take(later)
    hidden.copies.filter(pk=master.pk).update(kind=kind)
    assert code_of(lambda: census.check_newest(later)) == "books.census-unlisted"


def test_another_master_is_noticed(house: House) -> None:
    (recording,) = filled(house, 1)
    census.take(house)
    recording.copies.filter(kind="master").update(sha256="0" * 64)
    with pytest.raises(DamagedError, match="have another master now"):
        census.check_newest(house)


@pytest.mark.parametrize("name", ["newest", "2026-04-14"])
def test_it_is_served_with_the_log(house: House, name: str) -> None:
    filled(house, 1)
    census.take(house)
    assert log_file(house.layout.log, f"census/{name}").status == 200
    assert code_of(lambda: log_file(house.layout.log, "census/.2026-04-14.list"))


def test_check_says_what_is_wrong_with_it(house: House) -> None:
    def level(house: House) -> Level:
        ground = Ground(settings=house.settings, now=house.now(), trouble=None)
        return questions.census(ground).level

    assert level(house) is Level.GOOD
    filled(house, 1)
    assert level(house) is Level.WARNING
    census.take(house)
    assert [level(on_day(house, days)) for days in (0, 1, 2)] == [
        Level.GOOD,
        Level.GOOD,
        Level.WARNING,
    ]
    house.layout.census_of(TODAY).unlink()
    assert level(house) is Level.FAULT


def test_the_keeper_has_the_duty() -> None:
    assert census.take in [duty.work for duty in DUTIES]
