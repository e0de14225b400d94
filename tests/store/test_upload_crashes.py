"""Crashes between any two steps, damage, and full disks: nothing is lost, nothing is half."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.store.shelf import LONG, TEN, Shelf, code

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, DamagedError
from bodyworn.store import disk, upload_files, upload_sidecars
from bodyworn.store.chunk_file import BLOCK, ChunkFile
from bodyworn.store.inbox import done_with
from bodyworn.store.seal import Vault
from bodyworn.store.upload_sealed import Arriving


@contextmanager
def dying(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, instead: Callable[..., Any]
) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(module, name, instead)
        yield


class PowerCut(BaseException):
    """Nothing after it happens."""


STEPS = (
    (upload_files, "remove"),
    (upload_sidecars, "keep"),
    (upload_sidecars, "remove"),
    (disk, "name_durably"),
    (disk, "write_atomically"),
    (Arriving, "end"),
    (Arriving, "flush"),
    (ChunkFile, "put_last"),
    (Vault, "take_over"),
    (disk, "flush_folder"),
    (disk, "make_folder"),
    (disk, "move"),
)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("module", "name"), STEPS)
def test_a_crash_at_any_step_of_finishing_loses_nothing(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, after: bool
) -> None:
    real = getattr(module, name)

    def dies(*args: Any, **others: Any) -> Any:
        if after:
            real(*args, **others)
        raise PowerCut

    begun = shelf.begun(sidecars=[("track.gpx", b"<gpx/>")])
    with dying(monkeypatch, module, name, dies), pytest.raises(PowerCut):
        shelf.append(begun.id, 0, TEN)
    assert all(hashlib.sha256(data).hexdigest() == name for name, data in shelf.blobs().items())
    shelf.restart()
    if not shelf.arrivals():  # before its end was flushed: nothing was answered, all is sent again
        at = shelf.uploads.get(begun.id).offset
        shelf.append(begun.id, at, TEN[at:])
    assert [(one.upload, one.sha256) for one in shelf.arrivals()] == [(begun.id, Sha256.of(TEN))]
    assert shelf.arrivals()[0].sidecars == (("track.gpx", Sha256.of(b"<gpx/>"), 6),)
    assert sorted(shelf.blobs().values()) == [TEN, b"<gpx/>"]
    assert shelf.restart() == []
    assert upload_files.unfinished(shelf.layout) == []


@pytest.mark.parametrize(("module", "name"), [*STEPS, (upload_files, "make")])
def test_a_crash_while_joining_keeps_the_parts_or_the_whole(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    parts = shelf.parts(TEN, TEN[::-1])

    def dies(*_args: Any, **_others: Any) -> Any:
        raise PowerCut

    with dying(monkeypatch, module, name, dies), pytest.raises(PowerCut):
        shelf.joined(*parts)
    shelf.restart()
    if not shelf.arrivals():
        shelf.joined(*parts)
    assert [arrival.sha256 for arrival in shelf.arrivals()] == [Sha256.of(TEN + TEN[::-1])]


def test_what_was_recorded_meanwhile_does_not_arrive_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> None:
        raise PowerCut

    begun = shelf.begun()
    with dying(monkeypatch, upload_files, "remove", dies), pytest.raises(PowerCut):
        shelf.append(begun.id, 0, TEN)
    done_with(shelf.layout, shelf.arrivals()[0])
    assert shelf.restart() == []
    assert shelf.arrivals() == []
    assert shelf.uploads.get(begun.id).end == "received"


def test_a_damaged_upload_does_not_keep_others_from_recovery(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = shelf.begun(), shelf.begun(length=None)
    shelf.layout.upload_info(bad.id).write_text("{")
    shelf.append(good.id, 0, TEN)
    shelf.uploads.set_length(good.id, 10)
    assert [arrival.upload for arrival in shelf.restart()] == [good.id]
    assert bad.id in caplog.text
    with pytest.raises(DamagedError):
        shelf.uploads.get(bad.id)


def test_a_changed_blob_stops_finishing_and_keeps_both(shelf: Shelf) -> None:
    path = shelf.layout.blob(Sha256.of(TEN))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"changed...")
    begun = shelf.begun()
    with pytest.raises(DamagedError) as changed:
        shelf.append(begun.id, 0, TEN)
    assert changed.value.code == "blob.changed"
    assert shelf.plain(shelf.layout.upload_bytes(begun.id)) == TEN
    path.unlink()
    assert [arrival.sha256 for arrival in shelf.restart()] == [Sha256.of(TEN)]


def test_a_disk_that_fills_up_keeps_what_fitted(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = shelf.begun(length=len(LONG))
    real, written = os.pwrite, 0

    def full_after_a_block(handle: int, data: memoryview, place: int) -> int:
        nonlocal written
        if written >= BLOCK:
            real(handle, data[:4096], place)
            raise OSError(errno.ENOSPC, "No space left on device")
        written += len(data)
        return real(handle, data, place)

    with dying(monkeypatch, os, "pwrite", full_after_a_block), pytest.raises(BodywornError) as full:
        shelf.append(begun.id, 0, LONG)
    assert code(full) == ("disk.full", 507)
    assert shelf.uploads.get(begun.id).offset == BLOCK
    assert shelf.append(begun.id, BLOCK, LONG[BLOCK:]) is not None
    assert shelf.arrivals()[0].sha256 == Sha256.of(LONG)


def test_litter_is_swept_once_it_is_old(shelf: Shelf) -> None:
    begun = shelf.begun(sidecars=[("track.gpx", b"<gpx/>")])
    litter = [
        shelf.layout.uploads / name
        for name in (f".{'a' * 32}.json.1-2.part", f"{'a' * 32}.bytes", f"{'a' * 32}.sidecar.0")
    ]
    for path in litter:
        path.write_bytes(b"half")
    shelf.restart()
    assert all(path.exists() for path in litter)
    for path in litter:
        os.utime(path, (0, 0))
    os.utime(shelf.layout.upload_bytes(begun.id), (0, 0))
    shelf.restart()
    assert not any(path.exists() for path in litter)
    assert shelf.append(begun.id, 0, TEN) is not None
