"""Unfinished uploads: one example of everything that may happen to one."""

import errno
import fcntl
import hashlib
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.shelf import DOCK, LONG, NOW, TEN, Shelf, code, sha1

from bodyworn.core.clock import iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, DamagedError, MissingError, RefusedError
from bodyworn.store import upload_files
from bodyworn.store.chunk_file import BLOCK
from bodyworn.store.inbox import done_with
from bodyworn.store.upload_notes import Checksum


def cut_after(shelf: Shelf, upload: str, data: bytes, checksum: Checksum | None = None) -> None:
    with shelf.uploads.append(upload, offset=0, checksum=checksum) as writer:
        writer.write(data)
        raise ConnectionResetError


# ---- growing and finishing ------------------------------------------------------------------


def test_the_last_byte_makes_an_arrival(shelf: Shelf) -> None:
    begun = shelf.begun(sidecars=[("track.gpx", b"<gpx/>"), ("notes.txt", b"")])
    assert shelf.append(begun.id, 0, TEN[:4]) is None
    arrival = shelf.append(begun.id, 4, TEN[4:])
    assert arrival is not None
    assert (arrival.upload, arrival.sha256, arrival.size) == (begun.id, Sha256.of(TEN), 10)
    assert (arrival.received_at, arrival.sender) == (NOW, DOCK)
    assert (arrival.manifest.device, arrival.manifest.sequence) == ("004471", 1)
    kept = (TEN, b"<gpx/>", b"")
    assert [(name, size) for name, _, size in arrival.sidecars] == [
        ("track.gpx", 6),
        ("notes.txt", 0),
    ]
    assert arrival.digests == tuple(Sha256.of(data) for data in kept)
    assert shelf.arrivals() == [arrival]
    assert shelf.blobs() == {Sha256.of(data).hex: data for data in kept}
    assert upload_files.unfinished(shelf.layout) == []


def test_an_arrival_is_told_as_long_as_it_is_remembered(shelf: Shelf) -> None:
    begun = shelf.begun()
    arrival = shelf.append(begun.id, 0, TEN)
    assert arrival is not None
    for _ in range(2):
        found = shelf.uploads.get(begun.id)
        assert (found.end, found.offset, found.length) == ("received", 10, 10)
        assert (found.sha256, found.sender) == (arrival.sha256, DOCK)
        done_with(shelf.layout, arrival)
    assert shelf.arrivals() == []
    shelf.uploads.expire(NOW + timedelta(days=8))
    with pytest.raises(MissingError):
        shelf.uploads.get(begun.id)


def test_what_is_remembered_names_nobody(shelf: Shelf) -> None:
    begun = shelf.begun(manifest={"filename": "Alice.mp4", "officer": "4471QK"})
    arrival = shelf.append(begun.id, 0, TEN)
    assert arrival is not None
    done_with(shelf.layout, arrival)
    kept = [path.read_text() for path in shelf.layout.ended.iterdir()]
    assert len(kept) == 1
    assert "4471QK" not in kept[0]
    assert "Alice" not in kept[0]


def test_a_long_upload_is_hashed_right_however_it_is_cut(shelf: Shelf) -> None:
    begun = shelf.begun(length=len(LONG))
    at = 0
    for size in (1, 4095, 4096, 100_000, BLOCK, BLOCK + 1, len(LONG)):
        part = LONG[at : at + size]
        shelf.append(begun.id, at, part)
        at += len(part)
    assert shelf.arrivals()[0].sha256 == Sha256.of(LONG)
    assert shelf.blobs() == {Sha256.of(LONG).hex: LONG}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 700_000), min_size=1, max_size=6), st.booleans())
def test_any_sizes_of_appends_give_the_same_bytes(sizes: list[int], restarts: bool) -> None:
    data = LONG[: sum(sizes)]
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        begun, at = shelf.begun(length=len(data)), 0
        for size in sizes:
            if restarts:
                shelf.restart()
            shelf.append(begun.id, at, data[at : at + size])
            at += size
        assert shelf.blobs() == {Sha256.of(data).hex: data}


def test_a_file_system_without_direct_writing_gets_the_same_bytes(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.fcntl

    def refuses(handle: int, command: int, flags: int = 0) -> int:
        if command == fcntl.F_SETFL and flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return int(real(handle, command, flags))

    monkeypatch.setattr(fcntl, "fcntl", refuses)
    shelf.append(shelf.begun(length=len(LONG)).id, 0, LONG)
    assert shelf.blobs() == {Sha256.of(LONG).hex: LONG}


def test_a_length_may_come_late_but_only_once(shelf: Shelf) -> None:
    begun = shelf.begun(length=None)
    shelf.append(begun.id, 0, TEN[:6])
    with pytest.raises(RefusedError) as short:
        shelf.uploads.set_length(begun.id, 5)
    assert code(short) == ("upload.too-short", 400)
    assert shelf.uploads.set_length(begun.id, 10).length == 10
    assert shelf.uploads.set_length(begun.id, 10).length == 10
    with pytest.raises(RefusedError) as known:
        shelf.uploads.set_length(begun.id, 11)
    assert code(known) == ("upload.length-known", 400)
    shelf.append(begun.id, 6, TEN[6:])
    assert shelf.arrivals()[0].size == 10


def test_a_length_that_is_reached_already_finishes(shelf: Shelf) -> None:
    begun = shelf.begun(length=None)
    shelf.append(begun.id, 0, TEN)
    shelf.uploads.set_length(begun.id, 10)
    arrival = shelf.uploads.finish(begun.id)
    assert shelf.uploads.finish(begun.id) == arrival
    assert shelf.arrivals() == [arrival]


def test_what_is_not_full_cannot_be_finished(shelf: Shelf) -> None:
    with pytest.raises(RefusedError) as unfinished:
        shelf.uploads.finish(shelf.begun().id)
    assert code(unfinished) == ("upload.unfinished", 409)


def test_the_same_bytes_twice_are_one_blob_and_two_arrivals(shelf: Shelf) -> None:
    for _ in range(2):
        shelf.append(shelf.begun().id, 0, TEN)
    assert len(shelf.arrivals()) == 2
    assert len(shelf.blobs()) == 1


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"length": 0}, ("upload.empty", 400)),
        ({"length": -1}, ("upload.empty", 400)),
        ({"length": 1 << 25}, ("upload.too-large", 413)),
        ({"length": 1 << 60, "largest": 1 << 61}, ("disk.full", 507)),
        ({"manifest": {}}, ("manifest.no-filename", 400)),
        ({"manifest": {"filename": "a\nb"}}, ("manifest.wrong-value", 400)),
        ({"sidecars": [("a", b"")] * 17}, ("upload.sidecars-too-large", 413)),
        ({"sidecars": [("a", bytes((1 << 20) + 1))]}, ("upload.sidecars-too-large", 413)),
        ({"sidecars": [("", b"")]}, ("upload.sidecar-name", 400)),
        ({"sidecars": [("a/\0", b"")]}, ("upload.sidecar-name", 400)),
    ],
)
def test_an_upload_that_cannot_be_is_refused_at_once(
    shelf: Shelf, changes: dict[str, Any], expected: tuple[str, int]
) -> None:
    with pytest.raises(BodywornError) as refused:
        shelf.begun(**changes)
    assert code(refused) == expected
    assert shelf.files() == set()


def test_a_wrong_offset_is_refused_and_the_right_one_told(shelf: Shelf) -> None:
    begun = shelf.begun()
    shelf.append(begun.id, 0, TEN[:4])
    for offset in (0, 3, 5, 10):
        with pytest.raises(RefusedError) as refused:
            shelf.append(begun.id, offset, b"x")
        assert code(refused) == ("upload.wrong-offset", 409)
        assert refused.value.facts == {"offset": 4}
    assert shelf.uploads.get(begun.id).offset == 4


@pytest.mark.parametrize("length", [10, None])
def test_more_than_was_announced_is_refused(shelf: Shelf, length: int | None) -> None:
    begun = shelf.begun(length=length, largest=10)
    with pytest.raises(RefusedError) as refused:
        shelf.append(begun.id, 0, TEN + b"!")
    assert code(refused) == ("upload.too-large", 413)
    with pytest.raises(RefusedError), shelf.uploads.append(begun.id, offset=0) as writer:
        writer.expect(11)
    assert shelf.uploads.get(begun.id).offset == 0
    assert shelf.blobs() == {}


@pytest.mark.parametrize("name", ["", "../../keys/ticket", "A" * 32, "f" * 31, "f" * 32])
def test_an_id_that_is_none_is_missing(shelf: Shelf, name: str) -> None:
    for ask in (shelf.uploads.get, shelf.uploads.terminate, shelf.uploads.finish):
        with pytest.raises(MissingError) as missing:
            ask(name)
        assert code(missing) == ("upload.missing", 404)


def test_after_the_last_byte_nothing_can_be_done(shelf: Shelf) -> None:
    begun = shelf.begun()
    shelf.append(begun.id, 0, TEN)
    for attempt in (
        lambda: shelf.append(begun.id, 10, b""),
        lambda: shelf.uploads.terminate(begun.id),
        lambda: shelf.uploads.set_length(begun.id, 11),
    ):
        with pytest.raises(RefusedError) as refused:
            attempt()
        assert code(refused) == ("upload.complete", 403)


def test_what_was_terminated_is_gone(shelf: Shelf) -> None:
    begun = shelf.begun()
    shelf.append(begun.id, 0, TEN[:4])
    shelf.uploads.terminate(begun.id)
    assert shelf.uploads.get(begun.id).end == "terminated"
    with pytest.raises(MissingError) as gone:
        shelf.append(begun.id, 4, TEN[4:])
    assert code(gone) == ("upload.gone", 410)
    assert upload_files.unfinished(shelf.layout) == []


def test_what_is_over_is_gone_and_then_removed(shelf: Shelf) -> None:
    begun, late = shelf.begun(), shelf.begun(expires_at=NOW + timedelta(days=9))
    shelf.now = begun.expires_at
    with pytest.raises(MissingError) as over:
        shelf.append(begun.id, 0, TEN)
    assert code(over) == ("upload.expired", 410)
    assert shelf.uploads.expire(shelf.now) == [begun.id]
    assert shelf.uploads.get(begun.id).end == "expired"
    assert shelf.uploads.get(late.id).end is None


def test_what_is_full_never_expires(shelf: Shelf) -> None:
    begun = shelf.begun(length=None)
    shelf.append(begun.id, 0, TEN)
    shelf.uploads.set_length(begun.id, 10)
    assert shelf.uploads.expire(NOW + timedelta(days=30)) == []
    assert shelf.arrivals()[0].upload == begun.id


def test_a_writer_at_work_is_not_expired(shelf: Shelf) -> None:
    begun = shelf.begun()
    with shelf.uploads.append(begun.id, offset=0) as writer:
        writer.write(TEN)
        assert shelf.uploads.expire(NOW + timedelta(days=30)) == []
    assert writer.arrival is not None


# ---- checksums and promised digests ---------------------------------------------------------


def test_bytes_with_a_wrong_checksum_are_not_kept(shelf: Shelf) -> None:
    begun = shelf.begun(length=len(LONG))
    half = len(LONG) // 2
    shelf.append(begun.id, 0, LONG[:half], sha1(LONG[:half]))
    with pytest.raises(RefusedError) as refused:
        shelf.append(begun.id, half, LONG[half:], sha1(b"other"))
    assert code(refused) == ("upload.wrong-checksum", 460)
    assert shelf.uploads.get(begun.id).offset == half
    checksum = Checksum(algorithm="sha256", digest=hashlib.sha256(LONG[half:]).digest())
    arrival = shelf.append(begun.id, half, LONG[half:], checksum)
    assert arrival is not None
    assert arrival.sha256 == Sha256.of(LONG)


def test_half_of_what_a_checksum_is_of_is_not_kept(shelf: Shelf) -> None:
    begun = shelf.begun()
    with pytest.raises(ConnectionResetError):
        cut_after(shelf, begun.id, TEN[:5], sha1(TEN))
    assert shelf.uploads.get(begun.id).offset == 0
    assert shelf.append(begun.id, 0, TEN, sha1(TEN)) is not None


def test_without_a_checksum_everything_that_came_is_kept(shelf: Shelf) -> None:
    begun = shelf.begun(length=len(LONG))
    with pytest.raises(ConnectionResetError):
        cut_after(shelf, begun.id, LONG[: BLOCK + 5])
    assert shelf.uploads.get(begun.id).offset == BLOCK + 5
    assert shelf.append(begun.id, BLOCK + 5, LONG[BLOCK + 5 :]) is not None
    assert shelf.arrivals()[0].sha256 == Sha256.of(LONG)


def test_other_bytes_than_the_manifest_promised_are_refused(shelf: Shelf) -> None:
    promised = {"filename": "0001.mp4", "sha256": Sha256.of(TEN).hex}
    assert shelf.append(shelf.begun(manifest=promised).id, 0, TEN) is not None
    other = shelf.begun(manifest=promised)
    with pytest.raises(DamagedError) as refused:
        shelf.append(other.id, 0, TEN[::-1])
    assert code(refused) == ("upload.other-bytes", 460)
    assert shelf.uploads.get(other.id).end == "terminated"
    assert len(shelf.arrivals()) == len(shelf.blobs()) == 1


def test_times_in_notes_are_the_clocks(shelf: Shelf) -> None:
    begun = shelf.begun()
    found = shelf.uploads.get(begun.id)
    assert iso(found.created_at) == "2026-04-12T22:41:07.000Z"
    assert found.expires_at == NOW + timedelta(hours=72)
