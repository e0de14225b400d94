"""Pipes and trays: a reader who is slow, paused, gone, or one too many."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.web.reading_world import VIEW, World, address

from bodyworn.core.errors import BusyError, DamagedError
from bodyworn.web.door import names, trays
from bodyworn.web.door.keys import Keys
from bodyworn.web.door.pour import Pourer
from bodyworn.web.door.ranges import Piece, Span, cut, size_of

FIRST, SECOND = bytes(range(256)) * 5_000, b"second" * 300_000  # 1.28 and 1.8 MB


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(autouse=True)
def no_name_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Other doors on this machine make names too, so these have a folder of their own."""
    own = tmp_path / "names"
    own.mkdir()
    monkeypatch.setattr(names, "folder", lambda: own)
    yield
    assert list(own.iterdir()) == []


def keys(world: World, pieces: tuple[Piece, ...]) -> Keys:
    return world.keys.release(VIEW, [piece.digest for piece in pieces])


def poured(
    world: World,
    pieces: tuple[Piece, ...],
    read: Callable[[int], bytes],
    pourer: Pourer | None = None,
) -> bytes:
    """What a reader gets who opens the file, as Granian does, in a thread of its own."""
    got: list[bytes] = []
    pourer = pourer or Pourer(world.vault)

    def reader(path: str, length: int | None) -> None:
        handle = os.open(path, os.O_RDONLY)
        try:
            got.append(read(handle)[:length])
        finally:
            os.close(handle)

    threads: list[threading.Thread] = []

    def respond(path: str, length: int | None) -> None:
        threads.append(threading.Thread(target=reader, args=(path, length)))
        threads[0].start()

    asyncio.run(pourer.pour(pieces, keys(world, pieces), respond))
    threads[0].join()
    pourer.close()
    return got[0]


def to_the_end(handle: int) -> bytes:
    blocks = []
    while block := os.read(handle, 100_000):
        blocks.append(block)
    return b"".join(blocks)


def test_a_reader_gets_the_span_across_the_parts(world: World) -> None:
    parts = world.kept(FIRST, SECOND)
    for span in (Span(0, size_of(parts)), Span(1_279_999, 1_280_001), Span(7, 3_000_000)):
        got = poured(world, cut(parts, span), to_the_end)
        assert got == (FIRST + SECOND)[span.start : span.stop]


def test_a_reader_who_leaves_ends_the_pouring(world: World) -> None:
    pieces = cut(world.kept(FIRST, SECOND), Span(0, 3_000_000))
    assert poured(world, pieces, lambda handle: os.read(handle, 10)) == FIRST[:10]


def test_a_reader_who_takes_nothing_for_long_is_given_up(world: World) -> None:
    pieces = cut(world.kept(FIRST, SECOND), Span(0, 3_000_000))
    given_up = threading.Event()

    def read(handle: int) -> bytes:
        assert given_up.wait(10)
        return to_the_end(handle)

    class Watched(Pourer):
        def _fill(self, handle: int, pieces: Sequence[Piece], keys: Keys) -> None:
            super()._fill(handle, pieces, keys)
            given_up.set()

    got = poured(world, pieces, read, Watched(world.vault, stall=0.05))
    assert 0 < len(got) < 1_000_000
    assert FIRST.startswith(got)


def test_a_reader_who_never_comes_is_not_waited_for_for_ever(world: World) -> None:
    pieces = cut(world.kept(FIRST, SECOND), Span(0, 3_000_000))
    pourer = Pourer(world.vault, opening=0.01)
    asyncio.run(pourer.pour(pieces, keys(world, pieces), lambda *_: None))


def test_bytes_that_end_too_early_end_the_answer_too(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    parts = world.kept(FIRST, SECOND)
    os.truncate(world.layout.blob(parts[1][0]), 1_000_000)
    got = poured(world, cut(parts, Span(0, size_of(parts))), to_the_end)
    assert len(FIRST) <= len(got) <= len(FIRST) + 1_000_000
    assert (FIRST + SECOND).startswith(got)
    assert "An answer was cut short" in caplog.text


def test_one_reader_too_many_is_asked_to_come_back(world: World) -> None:
    pieces = cut(world.kept(FIRST, SECOND), Span(0, 10))
    answered: list[object] = []
    pourer = Pourer(world.vault, most=0)
    pouring = pourer.pour(pieces, keys(world, pieces), lambda *told: answered.append(told))
    with pytest.raises(BusyError, match="Too many"):
        asyncio.run(pouring)
    assert answered == []


# --- trays ------------------------------------------------------------------------------------


class Readers:
    """Pours short spans one after the other, and keeps what the readers were told."""

    def __init__(self, world: World, most: int = trays.MOST) -> None:
        self.world = world
        self.parts = world.kept(FIRST, SECOND)
        self.pourer = Pourer(world.vault, opening=0.01)
        self.pourer._trays = trays.Trays(most)
        self.told: list[tuple[str, int | None]] = []

    def ask(self, start: int, stop: int) -> str:
        """The path of the answer."""
        pieces = cut(self.parts, Span(start, stop))

        def respond(path: str, length: int | None) -> None:
            self.told.append((path, length))

        asyncio.run(self.pourer.pour(pieces, keys(self.world, pieces), respond))
        return self.told[-1][0]

    def has_a_tray(self) -> bool:
        return self.told[-1][1] is not None


@pytest.fixture
def readers(world: World) -> Iterator[Readers]:
    asking = Readers(world, most=1)
    yield asking
    asking.pourer.close()


def test_a_tray_that_was_taken_goes_to_the_next_reader(readers: Readers) -> None:
    for start in (0, 1_279_990, 5):
        path = Path(readers.ask(start, start + 1000))
        with path.open("rb") as file:
            assert file.read(1000) == (FIRST + SECOND)[start : start + 1000]
        assert readers.told[-1][1] == 1000
    assert not Path(readers.told[0][0]).is_symlink()


def test_while_somebody_has_the_tray_others_get_a_pipe(readers: Readers) -> None:
    with Path(readers.ask(0, 1000)).open("rb") as file:
        for _ in range(3):
            readers.ask(500_000, 501_000)
            assert not readers.has_a_tray()
        assert file.read(1000) == FIRST[:1000]
    readers.ask(7, 8)
    assert readers.has_a_tray()


def test_a_tray_that_nobody_opened_is_never_used_again(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reader may still be on the way, and would find what the next one is given."""
    late = Path(readers.ask(0, 1000))
    readers.ask(500_000, 501_000)
    assert not readers.has_a_tray(), "it may be opened any moment"
    monkeypatch.setattr(trays, "OPENING", -1)
    readers.ask(500_000, 501_000)
    assert readers.has_a_tray()
    with pytest.raises(FileNotFoundError):
        late.open("rb")


def test_a_reader_who_keeps_a_tray_for_ever_finds_it_empty(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path(readers.ask(0, 1000)).open("rb", buffering=0) as file:
        assert file.read(10) == FIRST[:10]
        monkeypatch.setattr(trays, "LASTING", -1)
        readers.ask(500_000, 501_000)
        assert readers.has_a_tray()
        assert file.read() == b""


def test_bytes_that_do_not_open_are_refused_before_the_answer(readers: Readers) -> None:
    blob = readers.world.layout.blob(readers.parts[0][0])
    with blob.open("r+b") as file:
        file.seek(100_000)
        file.write(b"changed")
    for _ in range(3):
        with pytest.raises(DamagedError, match="are not what they were"):
            readers.ask(0, 100_000)
    assert readers.told == []
    readers.ask(1_300_000, 1_300_010)
    assert readers.has_a_tray(), "the tray of a refused answer was lost"


def test_where_there_are_no_trays_pipes_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trays, "_new_notes", lambda: None)
    pieces = cut(world.kept(FIRST, SECOND), Span(100, 2000))
    assert poured(world, pieces, to_the_end) == FIRST[100:2000]


def test_names_that_a_killed_worker_left_are_removed(world: World) -> None:
    old, new = names.new_name(), names.new_name()
    for path in (old, new):
        path.symlink_to("nowhere")
    os.utime(old, (0, 0), follow_symlinks=False)
    Pourer(world.vault).close()
    assert not old.is_symlink()
    new.unlink()


class Reply:
    """An exchange that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def response_empty(self, *told: object) -> None:
        self.told.append(told)

    response_bytes = response_file = response_file_range = response_empty


class Asked:
    """A request as Granian describes it."""

    def __init__(self, target: str) -> None:
        self.path, _, self.query_string = target.partition("?")
        self.method = "GET"
        self.headers: dict[str, str] = {}


def test_the_one_too_many_is_told_when(tmp_path: Path) -> None:
    world = World(tmp_path)
    parts = world.kept(b"one", b"other")
    reply = Reply()
    busy = world.door(most_pours=0)
    asyncio.run(busy.__rsgi__(Asked(address(parts)), reply))  # type: ignore[arg-type]
    status, headers, body = reply.told[0]
    assert status == 503
    assert ("retry-after", "2") in headers  # type: ignore[operator]
    assert b"reading.too-many" in body  # type: ignore[operator]
    assert len(reply.told) == 1, "answered twice"
