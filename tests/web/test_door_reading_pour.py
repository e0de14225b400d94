"""Pipes: a reader who is slow, paused, gone, or one too many."""

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.web.reading_world import VIEW, World, address

from bodyworn.core.errors import BusyError
from bodyworn.web.door.keys import Keys
from bodyworn.web.door.pour import Pourer
from bodyworn.web.door.ranges import Piece, Span, cut, size_of

FIRST, SECOND = bytes(range(256)) * 5_000, b"second" * 300_000  # 1.28 and 1.8 MB


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(autouse=True)
def no_pipe_is_left() -> Iterator[None]:
    yield
    assert list(Path(tempfile.gettempdir()).glob("bodyworn-" + "[0-9a-f]" * 32)) == []


def keys(world: World, pieces: tuple[Piece, ...]) -> Keys:
    return world.keys.release(VIEW, [piece.digest for piece in pieces])


def poured(
    world: World,
    pieces: tuple[Piece, ...],
    read: Callable[[int], bytes],
    pourer: Pourer | None = None,
) -> bytes:
    """What a reader gets who opens the pipe, as Granian does, in a thread of its own."""
    got: list[bytes] = []

    def reader(path: str) -> None:
        handle = os.open(path, os.O_RDONLY)
        try:
            got.append(read(handle))
        finally:
            os.close(handle)

    threads: list[threading.Thread] = []

    def respond(path: str) -> None:
        threads.append(threading.Thread(target=reader, args=(path,)))
        threads[0].start()

    asyncio.run((pourer or Pourer(world.vault)).pour(pieces, keys(world, pieces), respond))
    threads[0].join()
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
    pieces = cut(world.kept(FIRST, SECOND), Span(0, 10))
    pourer = Pourer(world.vault, opening=0.01)
    asyncio.run(pourer.pour(pieces, keys(world, pieces), lambda _: None))


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
    answered: list[str] = []
    pouring = Pourer(world.vault, most=0).pour(pieces, keys(world, pieces), answered.append)
    with pytest.raises(BusyError, match="Too many"):
        asyncio.run(pouring)
    assert answered == []


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
