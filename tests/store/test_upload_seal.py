"""Unfinished uploads lie sealed: killed at any call, cut, spoiled, and what is said of them."""

import os
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.shelf import LONG, NOW, TEN, Shelf, code, sha1

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.store.chunk_file import BLOCK
from bodyworn.store.sealed import CHUNK, EMPTY, HEADER, PLAIN, Kind, place, sealed_size

# ---- killed at any call to the system -------------------------------------------------------

CALLS = (
    "write",
    "pwrite",
    "fdatasync",
    "fsync",
    "ftruncate",
    "truncate",
    "replace",
    "rename",
    "link",
    "unlink",
)


def die_at(number: int, *, half: bool) -> None:
    """In a child process: after so many calls that change the disk, nothing happens any more."""
    left = [number]

    def counted(real: Callable[..., Any], writes: bool) -> Callable[..., Any]:
        def call(handle: Any, *rest: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                if writes and half:
                    real(handle, rest[0][: len(rest[0]) // 2], *rest[1:])
                os._exit(1)
            return real(handle, *rest, **named)

        return call

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name), name in ("write", "pwrite")))


def send_in_a_child(shelf: Shelf, upload: str, sizes: list[int], told: int, **dying: Any) -> None:
    """Append piece by piece; whatever was acknowledged is told by a pipe."""
    tell, at = os.write, 0
    die_at(**dying)
    for size in sizes:
        shelf.append(upload, at, LONG[at : at + size])
        at += size
        tell(told, struct.pack(">Q", at))


def acknowledged_before_death(shelf: Shelf, upload: str, sizes: list[int], **dying: Any) -> int:
    heard, told = os.pipe()
    child = os.fork()
    if not child:
        try:
            send_in_a_child(shelf, upload, sizes, told, **dying)
        finally:
            os._exit(0)
    os.close(told)
    os.waitpid(child, 0)
    answers = os.read(heard, 1 << 16)
    os.close(heard)
    return int(struct.unpack(">Q", answers[-8:])[0]) if answers else 0


SIZES = st.sampled_from([1, 9, PLAIN - 1, PLAIN, PLAIN + 1, 3 * PLAIN, BLOCK, BLOCK + 77])


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(SIZES, min_size=1, max_size=4).filter(lambda some: sum(some) <= len(LONG)),
    number=st.integers(0, 60),
    half=st.booleans(),
    knows_length=st.booleans(),
)
def test_whoever_is_killed_at_any_call_has_lost_nothing_that_was_acknowledged(
    sizes: list[int], number: int, half: bool, knows_length: bool
) -> None:
    data = LONG[: sum(sizes)]
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        begun = shelf.begun(length=len(data) if knows_length else None)
        safe = acknowledged_before_death(shelf, begun.id, sizes, number=number, half=half)
        shelf.restart()
        found = shelf.uploads.get(begun.id)
        if found.end is None:
            assert safe <= found.offset <= len(data)
            shelf.append(begun.id, found.offset, data[found.offset :])
            if not knows_length:
                shelf.uploads.set_length(begun.id, len(data))
                shelf.uploads.finish(begun.id)
        assert [one.sha256 for one in shelf.arrivals()] == [Sha256.of(data)]
        assert shelf.blobs() == {Sha256.of(data).hex: data}
        assert shelf.restart() == []


# ---- what lies where ------------------------------------------------------------------------


def lengths(shelf: Shelf, upload: str) -> tuple[int, int | None]:
    """Of the bytes and of the tail."""
    tail = shelf.layout.upload_tail(upload)
    size = tail.stat().st_size if tail.exists() else None
    return shelf.layout.upload_bytes(upload).stat().st_size, size


def test_whole_chunks_and_the_rest_lie_apart(shelf: Shelf) -> None:
    begun = shelf.begun(length=3 * PLAIN)
    assert lengths(shelf, begun.id) == (HEADER, None)
    shelf.append(begun.id, 0, LONG[:10])
    assert lengths(shelf, begun.id) == (HEADER, 8 + EMPTY + 10)
    shelf.append(begun.id, 10, LONG[10 : PLAIN + 5])
    assert lengths(shelf, begun.id) == (HEADER + CHUNK, 8 + EMPTY + 5)
    shelf.append(begun.id, PLAIN + 5, LONG[PLAIN + 5 : 2 * PLAIN])
    assert lengths(shelf, begun.id) == (HEADER + 2 * CHUNK, 8 + EMPTY)
    shelf.append(begun.id, 2 * PLAIN, LONG[2 * PLAIN : 3 * PLAIN])
    digest = Sha256.of(LONG[: 3 * PLAIN])
    assert shelf.layout.blob(digest).stat().st_size == sealed_size(3 * PLAIN)
    assert not shelf.layout.upload_tail(begun.id).exists()


def test_the_key_of_an_upload_is_that_of_the_day_it_began(shelf: Shelf) -> None:
    begun = shelf.begun()
    shelf.append(begun.id, 0, TEN[:5])
    shelf.now = begun.expires_at.replace(hour=0)
    arrival = shelf.append(begun.id, 5, TEN[5:])
    assert arrival is not None
    slot = shelf.vault.slot(arrival.sha256)
    assert slot.bucket.name == f"arrival-{NOW.date()}"
    assert shelf.vault.check(arrival.sha256, shelf.key(slot)) == arrival.sha256


def test_joined_parts_are_sealed_under_a_key_of_their_own(shelf: Shelf) -> None:
    parts = shelf.parts(LONG[:BLOCK], LONG[BLOCK : BLOCK + PLAIN], LONG[BLOCK + PLAIN :])
    headers = {shelf.layout.upload_bytes(part).read_bytes()[:HEADER] for part in parts}
    final = shelf.joined(*parts)
    assert final.sha256 == Sha256.of(LONG)
    headers.add(shelf.layout.blob(Sha256.of(LONG)).read_bytes()[:HEADER])
    assert len(headers) == 4


def test_an_upload_whose_day_was_destroyed_says_so(shelf: Shelf) -> None:
    begun = shelf.begun()
    shelf.append(begun.id, 0, TEN[:5])
    (bucket,) = shelf.keyring.buckets()
    shelf.keyring.destroy(bucket)
    with pytest.raises(MissingError) as gone:
        shelf.append(begun.id, 5, TEN[5:])
    assert gone.value.code == "key.destroyed"
    shelf.uploads.terminate(begun.id)
    assert shelf.uploads.get(begun.id).end == "terminated"


# ---- rolled back ----------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(before=SIZES, wrong=SIZES)
def test_bytes_that_were_rolled_back_leave_no_trace(before: int, wrong: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        begun = shelf.begun(length=len(LONG))
        shelf.append(begun.id, 0, LONG[:before])
        standing = {name: (shelf.root / name).read_bytes() for name in shelf.files()}
        with pytest.raises(RefusedError):
            shelf.append(begun.id, before, bytes(wrong), sha1(b"other"))
        assert {name: (shelf.root / name).read_bytes() for name in shelf.files()} == standing
        shelf.append(begun.id, before, LONG[before:])
        assert shelf.blobs() == {Sha256.of(LONG).hex: LONG}


# ---- spoiled and changed --------------------------------------------------------------------


def chunks_at(shelf: Shelf, upload: str, count: int) -> Path:
    """An upload that was killed: a chunk was acknowledged, and `count` are here."""
    shelf.append(upload, 0, LONG[: PLAIN + 5])
    tail = shelf.layout.upload_tail(upload).read_bytes()
    shelf.append(upload, PLAIN + 5, LONG[PLAIN + 5 : count * PLAIN + 9])
    shelf.layout.upload_tail(upload).write_bytes(tail)
    shelf.restart()
    assert shelf.uploads.get(upload).offset == count * PLAIN
    return shelf.layout.upload_bytes(upload)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("index", "right"), [(1, PLAIN + 5), (2, 2 * PLAIN), (BLOCK // PLAIN + 1, BLOCK + PLAIN)]
)
def test_a_chunk_spoiled_before_it_was_acknowledged_is_sent_again(
    shelf: Shelf, index: int, right: int
) -> None:
    begun = shelf.begun(length=len(LONG))
    path = chunks_at(shelf, begun.id, BLOCK // PLAIN + 3)
    flip(path, place(index) + 100)
    at = shelf.uploads.get(begun.id).offset
    with pytest.raises(RefusedError) as refused:
        shelf.append(begun.id, at, LONG[at:])
    assert code(refused) == ("upload.wrong-offset", 409)
    assert refused.value.facts == {"offset": right}
    assert shelf.uploads.get(begun.id).offset == right
    assert shelf.append(begun.id, right, LONG[right:]) is not None
    assert shelf.arrivals()[0].sha256 == Sha256.of(LONG)


def test_a_spoiled_end_is_sent_again(shelf: Shelf) -> None:
    begun = shelf.begun(length=None)
    shelf.append(begun.id, 0, LONG[: 2 * PLAIN + 5])
    shelf.uploads.set_length(begun.id, 2 * PLAIN + 5)
    path = shelf.layout.upload_bytes(begun.id)
    path.write_bytes(path.read_bytes() + bytes(EMPTY + 5))  # as long as the end would be
    assert shelf.uploads.get(begun.id).is_full
    shelf.restart()
    assert shelf.uploads.get(begun.id).offset == 2 * PLAIN + 5
    assert shelf.uploads.finish(begun.id).sha256 == Sha256.of(LONG[: 2 * PLAIN + 5])


@pytest.mark.parametrize("at", [100, HEADER + 50])
def test_what_was_acknowledged_and_changed_is_damaged_and_left(shelf: Shelf, at: int) -> None:
    begun = shelf.begun(length=len(LONG))
    path = chunks_at(shelf, begun.id, 3)
    flip(path, at)
    before = path.read_bytes()
    with pytest.raises(DamagedError) as damaged:
        shelf.append(begun.id, 3 * PLAIN, LONG[3 * PLAIN :])
    assert damaged.value.code == "upload.damaged"
    assert begun.id in damaged.value.message
    assert path.read_bytes() == before
    assert shelf.blobs() == {}


def test_a_changed_tail_is_damaged(shelf: Shelf) -> None:
    begun = shelf.begun()
    shelf.append(begun.id, 0, TEN[:5])
    tail = shelf.layout.upload_tail(begun.id)
    good = tail.read_bytes()
    for changed in (bytes([*good[:-1], good[-1] ^ 1]), good[:20], good[:3], b""):
        tail.write_bytes(changed)
        with pytest.raises(DamagedError) as damaged:
            Shelf(shelf.root).append(begun.id, 5, TEN[5:])
        assert damaged.value.code == "upload.damaged"
    tail.write_bytes(good)
    assert Shelf(shelf.root).append(begun.id, 5, TEN[5:]) is not None


def test_a_tail_is_no_end_and_an_end_is_no_tail(shelf: Shelf) -> None:
    """Whoever can write to the folder cannot make a short recording of an unfinished one."""
    begun = shelf.begun()
    shelf.append(begun.id, 0, TEN[:5])
    sealed = shelf.layout.upload_tail(begun.id).read_bytes()[8:]
    whole = shelf.layout.upload_bytes(begun.id).read_bytes() + sealed
    path = shelf.layout.root / "forged"
    path.write_bytes(whole)
    with pytest.raises(DamagedError) as refused:
        shelf.plain(path)
    assert refused.value.code == "seal.broken"
    assert {Kind.FULL, Kind.LAST, Kind.TAIL} == {0, 1, 2}


def test_a_header_that_a_power_cut_has_lost_is_made_again(shelf: Shelf) -> None:
    for left in (b"", bytes(HEADER)):
        begun = shelf.begun()
        shelf.layout.upload_bytes(begun.id).write_bytes(left)
        assert shelf.uploads.get(begun.id).offset == 0
        assert shelf.append(begun.id, 0, TEN) is not None
    assert len(shelf.arrivals()) == 2


def test_what_a_killed_writer_left_never_looks_whole(shelf: Shelf) -> None:
    begun = shelf.begun(length=None)
    path = shelf.layout.upload_bytes(begun.id)
    path.write_bytes(path.read_bytes() + bytes(EMPTY + 10))  # half of a chunk
    assert shelf.uploads.get(begun.id).offset == 0
    shelf.uploads.set_length(begun.id, 10)
    assert shelf.uploads.get(begun.id).offset == 0
    assert shelf.append(begun.id, 0, TEN) is not None
    assert shelf.blobs() == {Sha256.of(TEN).hex: TEN}
