"""A move ends with the same on both sides, wherever it was interrupted; the old place is closed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import databases, program
from tests.work.arriving import arrive, film
from tests.work.events import looks
from tests.work.moving import digests, furnish, looking_at, opened

from bodyworn.core.errors import BodywornError, BusyError, SetupError
from bodyworn.core.terms import EventType
from bodyworn.core.types import Actor
from bodyworn.custody.statement import verify_statement
from bodyworn.records import rows
from bodyworn.records.models import CustodyEvent, Recording
from bodyworn.work import serving
from bodyworn.work.house import House
from bodyworn.work.log import integrate
from bodyworn.work.moving import filling
from bodyworn.work.moving import migrate as migrate_
from bodyworn.work.moving.ending import take_up_end
from bodyworn.work.moving.migrate import migrate
from bodyworn.work.moving.restore import Ended
from bodyworn.work.verify import verify_store

pytestmark = pytest.mark.django_db(transaction=True)
OPERATOR = Actor(name="system:command-line:frances")


@pytest.fixture
def store(house: House) -> House:
    furnish(house)
    return house


def moved(house: House, to: Path, database: str = "") -> Ended:
    return migrate(house, to=to, by=OPERATOR, database=database)


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_the_new_place_holds_the_same_and_the_old_one_is_closed(
    store: House, tmp_path: Path
) -> None:
    ended = moved(store, tmp_path / "new")
    assert ended.statement.is_same, ended.statement.differences
    (ours,) = store.layout.statements.iterdir()
    assert ours.read_text() == ended.path.read_text()
    assert verify_statement(ours.read_text(), store.signer.verifier).ok
    with pytest.raises(SetupError) as closed:
        House.open(store.settings)
    assert closed.value.code == "data.moved"
    assert all(store.layout.blob(one).exists() for one in digests()), "nothing was taken away"
    new = opened(tmp_path / "new")
    assert new.signer == store.signer
    with looking_at(new.layout.records):
        assert CustodyEvent.objects.filter(type=EventType.REPLICATION).count() == 1
        looks(1, start=9_000)
        integrate(new)
        verdict = verify_store(new)
        assert verdict.ok, verdict.wrong


@pytest.mark.parametrize(
    "step", ["copy_keys", "lay_log", "lay_parts", "lay_rows", "counted_again", "gather", "_close"]
)
def test_an_interrupted_move_goes_on(
    store: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    room = filling if hasattr(filling, step) else migrate_
    with monkeypatch.context() as broken:
        broken.setattr(room, step, stop)
        with pytest.raises(KeyboardInterrupt):
            moved(store, tmp_path / "new")
    with pytest.raises(SetupError) as incomplete:
        opened(tmp_path / "new")
    assert incomplete.value.code == "data.incomplete"
    assert House.open(store.settings), "the old one is still there"
    assert moved(store, tmp_path / "new").statement.is_same
    assert CustodyEvent.objects.filter(type=EventType.REPLICATION).count() == 1


def test_rows_that_were_half_loaded_are_not_loaded_twice(
    store: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH", 20)
    load, batches = rows.load, iter(range(1_000))

    def some(*args: object, **more: object) -> object:
        for count in load(*args, **more):  # type: ignore[arg-type]
            if next(batches) == 9:
                raise KeyboardInterrupt
            yield count

    with monkeypatch.context() as broken:
        broken.setattr(rows, "load", some)
        with pytest.raises(KeyboardInterrupt):
            moved(store, tmp_path / "new")
    assert moved(store, tmp_path / "new").statement.is_same


def test_what_happened_between_two_tries_is_moved_as_well(
    store: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(filling, "counted_again", stop)
        with pytest.raises(KeyboardInterrupt):
            moved(store, tmp_path / "new")
    looks(5, start=7_000)
    Recording.objects.filter(sequence=1).update(title="Told otherwise")
    for note in store.layout.inbox.glob("*.json"):
        note.unlink()
    arrive(store, film(98), sequence=98, filename="later.mp4")
    ended = moved(store, tmp_path / "new")
    assert ended.statement.is_same, ended.statement.differences
    new = opened(tmp_path / "new")
    assert len(list(new.layout.inbox.glob("*.json"))) == 1
    with looking_at(new.layout.records):
        assert Recording.objects.filter(title="Told otherwise").count() == 1


def test_a_move_that_was_stopped_in_its_last_step_is_finished(
    store: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not take_up_end(store.layout, tmp_path / "new")
    with monkeypatch.context() as broken:
        broken.setattr(migrate_, "finish", stop)
        with pytest.raises(KeyboardInterrupt):
            moved(store, tmp_path / "new")
    for data in (store.settings.data, tmp_path / "new"):
        with pytest.raises(SetupError):
            opened(data)
    assert not take_up_end(store.layout, tmp_path / "other")
    assert take_up_end(store.layout, tmp_path / "new")
    assert opened(tmp_path / "new")


def test_what_the_old_place_lacks_is_named_and_stops_nothing(store: House, tmp_path: Path) -> None:
    gone = digests()[0]
    store.layout.blob(gone).unlink()
    ended = moved(store, tmp_path / "new")
    assert [one.item for one in ended.statement.differences] == [f"file {gone}"]
    assert opened(tmp_path / "new")


def test_what_is_served_is_not_moved(store: House, tmp_path: Path) -> None:
    for path, code in (
        (store.layout.serve_lock, "serve.already"),
        (store.layout.keeper_lock, "keeper.already"),
    ):
        held = serving.hold(path)
        assert held is not None
        with held, pytest.raises(BusyError) as busy:
            moved(store, tmp_path / "new")
        assert busy.value.code == code
    assert not (tmp_path / "new").exists()


def test_places_that_are_somebody_elses_are_left_alone(store: House, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letters").touch()
    tries: list[tuple[Callable[[], object], str]] = [
        (lambda: moved(store, tmp_path / "mine"), "move.not-empty"),
        (lambda: moved(store, store.layout.root / "new"), "move.inside"),
    ]
    for attempt, code in tries:
        with pytest.raises(BodywornError) as refused:
            attempt()
        assert refused.value.code == code
    (tmp_path / "used").mkdir()
    moved(store, tmp_path / "first")
    store.layout.moved.unlink()
    shutil.copytree(tmp_path / "first", tmp_path / "used", dirs_exist_ok=True)
    with pytest.raises(SetupError) as used:
        moved(store, tmp_path / "used")
    assert used.value.code == "move.not-empty"


def test_the_file_that_closes_says_where_to(store: House, tmp_path: Path) -> None:
    ended = moved(store, tmp_path / "new")
    facts = json.loads(store.layout.moved.read_text())
    assert facts["to"] == str(tmp_path / "new")
    assert ended.statement.items["table:records_recording"].startswith("3 ")


@pytest.mark.skipif(not databases.wants_postgresql(), reason="this run has no PostgreSQL")
@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
def test_an_installation_moves_between_engines(store: House, tmp_path: Path, to: str) -> None:
    url = program.empty_database() if to == "postgresql" else ""
    ended = moved(store, tmp_path / "new", url)
    assert ended.statement.is_same, ended.statement.differences
    assert ended.statement.source == "postgresql"
    assert ended.statement.target == to
    if url:
        store.layout.moved.unlink()
        with pytest.raises(SetupError) as used:
            moved(store, tmp_path / "again", url)
        assert used.value.code == "move.database-used"


@pytest.mark.skipif(not databases.wants_postgresql(), reason="this run has no PostgreSQL")
def test_an_installation_comes_back_from_sqlite(store: House, tmp_path: Path) -> None:
    first = moved(store, tmp_path / "small")
    small = opened(tmp_path / "small")
    url = program.empty_database()
    with looking_at(small.layout.records):
        second = moved(small, tmp_path / "large", url)
    assert second.statement.is_same, second.statement.differences
    assert second.statement.source == "sqlite"
    same = {"files", "table:records_recording", "table:records_copy", "table:records_fix"}
    assert {n: first.statement.items[n] for n in same} == {
        n: second.statement.items[n] for n in same
    }
