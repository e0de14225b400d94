"""The vault: bytes by digest, at any offset, written once, checked on demand."""

import errno
import io
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.shelf import Shelf

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, MissingError, SetupError

FOOTAGE = bytes(range(256)) * 5000
NOWHERE = Sha256.of(b"never kept")


def test_what_is_kept_is_found_by_its_digest(shelf: Shelf) -> None:
    digest, size = shelf.vault.keep(io.BytesIO(FOOTAGE))
    assert (digest, size) == (Sha256.of(FOOTAGE), len(FOOTAGE))
    assert shelf.vault.has(digest)
    assert shelf.vault.size(digest) == size
    with shelf.vault.open(digest) as stream:
        stream.seek(1_000_000)
        assert stream.read() == FOOTAGE[1_000_000:]
    assert shelf.vault.check(digest) == digest
    assert shelf.blobs() == {digest.hex: FOOTAGE}


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 400))
def test_every_stretch_equals_the_slice(data: bytes, offset: int, length: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vault = Shelf(Path(folder)).vault
        assert (
            vault.read_at(vault.keep_bytes(data), offset, length)
            == (data[offset : offset + length])
        )


def test_keeping_twice_changes_nothing(shelf: Shelf) -> None:
    digest = shelf.vault.keep_bytes(FOOTAGE)
    path = shelf.vault.plain_path(digest)
    assert path is not None
    before = path.stat().st_ino
    assert shelf.vault.keep_bytes(FOOTAGE) == digest
    assert path.stat().st_ino == before
    assert len(shelf.files()) == 1


def test_what_is_not_kept_is_missing(shelf: Shelf) -> None:
    assert not shelf.vault.has(NOWHERE)
    for ask in (
        lambda: shelf.vault.size(NOWHERE),
        lambda: shelf.vault.open(NOWHERE),
        lambda: shelf.vault.read_at(NOWHERE, 0, 1),
        lambda: shelf.vault.plain_path(NOWHERE),
        lambda: shelf.vault.check(NOWHERE),
    ):
        with pytest.raises(MissingError) as missing:
            ask()
        assert missing.value.code == "blob.missing"


@pytest.mark.parametrize("change", [b"X" + FOOTAGE[1:], FOOTAGE[:-1], FOOTAGE + b"!"])
def test_a_changed_blob_is_found_and_never_overwritten(shelf: Shelf, change: bytes) -> None:
    digest = shelf.vault.keep_bytes(FOOTAGE)
    shelf.layout.blob(digest).write_bytes(change)
    with pytest.raises(DamagedError) as changed:
        shelf.vault.check(digest)
    assert changed.value.code == "blob.changed"
    with pytest.raises(DamagedError) as again:
        shelf.vault.keep_bytes(FOOTAGE)
    assert again.value.code == "blob.changed"
    assert shelf.layout.blob(digest).read_bytes() == change


def test_a_finished_file_is_taken_over(shelf: Shelf) -> None:
    shelf.layout.root.mkdir(parents=True)
    raw = shelf.layout.root / "proxy.mp4"
    raw.write_bytes(FOOTAGE)
    inode = raw.stat().st_ino
    digest, size = shelf.vault.keep_file(raw)
    assert (digest, size) == (Sha256.of(FOOTAGE), len(FOOTAGE))
    assert shelf.layout.blob(digest).stat().st_ino == inode
    assert not raw.exists()
    assert shelf.vault.keep_file(raw, digest=digest) == (digest, size)


def test_a_file_may_be_left_under_its_old_name(shelf: Shelf) -> None:
    shelf.layout.root.mkdir(parents=True)
    raw = shelf.layout.root / "bytes"
    raw.write_bytes(FOOTAGE)
    first = shelf.vault.keep_file(raw, digest=Sha256.of(FOOTAGE), leave=True)
    assert raw.exists()
    assert shelf.vault.keep_file(raw, digest=Sha256.of(FOOTAGE), leave=True) == first


def test_a_file_that_never_was_is_missing(shelf: Shelf) -> None:
    with pytest.raises(MissingError):
        shelf.vault.keep_file(shelf.root / "gone", digest=NOWHERE)
    with pytest.raises(FileNotFoundError):
        shelf.vault.keep_file(shelf.root / "gone")


def test_progress_is_told_in_bytes(shelf: Shelf) -> None:
    told: list[tuple[int, int]] = []
    digest, size = shelf.vault.keep(
        io.BytesIO(FOOTAGE), progress=lambda done, of, _: told.append((done, of))
    )
    assert told == [(1 << 20, 0), (size, 0)]
    told.clear()
    shelf.vault.check(digest, progress=lambda done, of, _: told.append((done, of)))
    assert told == [(1 << 20, size), (size, size)]


def test_a_full_disk_leaves_nothing_behind(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SetupError) as refused:
        shelf.vault.keep(io.BytesIO(FOOTAGE))
    assert refused.value.code == "disk.full"
    assert shelf.files() == set()


def test_a_stream_that_breaks_leaves_nothing_behind(shelf: Shelf) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(errno.EIO, "the camera was pulled out")
            return super().read(size)

    with pytest.raises(OSError, match="pulled out"):
        shelf.vault.keep(Broken(FOOTAGE))
    assert shelf.files() == set()


def test_litter_is_swept_once_nobody_writes_to_it(shelf: Shelf) -> None:
    kept = shelf.vault.keep_bytes(FOOTAGE)
    old, new = shelf.layout.incoming / ".old.part", shelf.layout.incoming / ".new.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    shelf.vault.sweep()
    assert (old.exists(), new.exists(), shelf.vault.has(kept)) == (False, True, True)
