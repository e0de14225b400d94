"""The vault: sealed bytes by digest, at any offset, written once, never wrong."""

import base64
import contextlib
import errno
import io
import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.shelf import Shelf

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, MissingError, SetupError
from bodyworn.store import disk
from bodyworn.store.chunk_file import BLOCK, own_pages
from bodyworn.store.keyring import Bucket
from bodyworn.store.seal import Kept, Vault
from bodyworn.store.sealed import CHUNK, EMPTY, HEADER, PLAIN, DataKey, place

FOOTAGE = bytes(range(256)) * 5000
NOWHERE = Sha256.of(b"never kept")
SOME_KEY = DataKey(bytes(32))


def kept(shelf: Shelf, data: bytes = FOOTAGE) -> tuple[Kept, DataKey, Path]:
    one = shelf.vault.keep_bytes(data)
    return one, shelf.key(one.slot), shelf.layout.blob(one.digest)


# ---- what is kept is found ------------------------------------------------------------------


def test_what_is_kept_is_found_by_its_digest(shelf: Shelf) -> None:
    one = shelf.vault.keep(io.BytesIO(FOOTAGE))
    assert (one.digest, one.size, one.is_spare) == (Sha256.of(FOOTAGE), len(FOOTAGE), False)
    assert one.slot.bucket == Bucket("arrival-2026-04-12")
    assert shelf.vault.has(one.digest)
    assert shelf.vault.size(one.digest) == one.size
    assert shelf.vault.slot(one.digest) == one.slot
    with shelf.vault.open(one.digest, shelf.key(one.slot)) as stream:
        stream.seek(1_000_000)
        assert stream.read() == FOOTAGE[1_000_000:]
    assert shelf.vault.check(one.digest, shelf.key(one.slot)) == one.digest
    assert shelf.blobs() == {one.digest.hex: FOOTAGE}


EDGES = st.sampled_from([0, 1, PLAIN - 1, PLAIN, PLAIN + 1, 2 * PLAIN, BLOCK, BLOCK + 1])


@settings(deadline=None, max_examples=40)
@given(EDGES, EDGES, st.integers(-2, 2), EDGES, st.integers(-2, 2))
def test_every_stretch_equals_the_slice(
    size: int, offset: int, before: int, length: int, more: int
) -> None:
    data = (FOOTAGE * 2)[:size]
    offset, length = max(0, offset + before), max(0, length + more)
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        one, key, _ = kept(shelf, data)
        assert one.size == shelf.vault.size(one.digest) == size
        found = shelf.vault.read_at(one.digest, offset, length, key)
        assert found == data[offset : offset + length]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 300_000), st.integers(0, 200_000)), max_size=12))
def test_a_stream_may_be_read_to_and_fro(reads: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        data = FOOTAGE[:250_000]
        one, key, _ = kept(shelf, data)
        with shelf.vault.open(one.digest, key) as stream:
            for offset, length in reads:
                assert stream.seek(offset) == offset
                assert stream.read(length) == data[offset : offset + length]
            assert stream.seek(-3, os.SEEK_END) == 249_997
            assert stream.read() == data[-3:]
            with pytest.raises(ValueError, match="before"):
                stream.seek(-1)


def test_a_stream_that_gives_little_at_a_time_is_kept_whole(shelf: Shelf) -> None:
    class Slow:
        """Can only read, and never gives what was asked for."""

        def __init__(self) -> None:
            self.rest = io.BytesIO(FOOTAGE)

        def read(self, size: int) -> bytes:
            return self.rest.read(min(size, 7_777))

    assert shelf.vault.keep(Slow()).digest == Sha256.of(FOOTAGE)  # type: ignore[arg-type]


def test_keeping_twice_changes_nothing(shelf: Shelf) -> None:
    one, _, path = kept(shelf)
    before = path.stat().st_ino
    assert shelf.vault.keep_bytes(FOOTAGE) == one
    assert path.stat().st_ino == before
    assert len(shelf.files()) == 1


def test_the_same_bytes_are_sealed_differently_every_time(tmp_path: Path) -> None:
    sealed = [kept(Shelf(tmp_path / name))[2].read_bytes() for name in "ab"]
    assert len(sealed[0]) == len(sealed[1])
    assert not {sealed[0][at : at + 32] for at in range(HEADER, len(sealed[0]), 32)} & {
        sealed[1][at : at + 32] for at in range(HEADER, len(sealed[1]), 32)
    }


def leaks(shelf: Shelf, *secrets: bytes) -> set[str]:
    """The files in which such bytes can be read, as they are or in a text form."""
    forms = [
        f(one) for one in secrets for f in (bytes, base64.b64encode, lambda b: b.hex().encode())
    ]
    files = {name: (shelf.root / name).read_bytes() for name in shelf.files()}
    return {name for name, data in files.items() if any(form in data for form in forms)}


def test_no_plain_byte_reaches_the_disk(shelf: Shelf) -> None:
    """Not of footage nor of what came beside it, growing, waiting for its row or given up."""
    trail = b"POINT(-0.1097301 51.4613872), Coldharbour Lane; "
    secrets = bytes(range(48)), trail
    shelf.vault.keep_bytes(FOOTAGE)
    beside = [("0007_gpstrail.json", trail * 3), ("long.json", trail * 3000)]
    growing, waiting, over = (shelf.begun(len(FOOTAGE), sidecars=beside).id for _ in range(3))
    for upload in (growing, over):
        shelf.append(upload, 0, FOOTAGE[:-9])
        assert leaks(shelf, *secrets) == set()
    assert shelf.append(waiting, 0, FOOTAGE) is not None
    assert (shelf.layout.inbox / f"{waiting}.json").is_file()
    shelf.uploads.terminate(over)
    shelf.restart()
    assert leaks(shelf, *secrets) == set()
    assert leaks(shelf, b"004471") == {f"uploads/{growing}.json", f"inbox/{waiting}.json"}


def test_what_is_not_kept_is_missing(shelf: Shelf) -> None:
    assert not shelf.vault.has(NOWHERE)
    for ask in (
        lambda: shelf.vault.size(NOWHERE),
        lambda: shelf.vault.slot(NOWHERE),
        lambda: shelf.vault.open(NOWHERE, SOME_KEY),
        lambda: shelf.vault.read_at(NOWHERE, 0, 1, SOME_KEY),
        lambda: shelf.vault.check(NOWHERE, SOME_KEY),
    ):
        with pytest.raises(MissingError) as missing:
            ask()
        assert missing.value.code == "blob.missing"


def test_a_plain_file_is_sealed_and_goes(shelf: Shelf, tmp_path: Path) -> None:
    raw = tmp_path / "proxy.mp4"
    raw.write_bytes(FOOTAGE)
    assert shelf.vault.keep_file(raw).digest == Sha256.of(FOOTAGE)
    assert not raw.exists()
    assert shelf.blobs() == {Sha256.of(FOOTAGE).hex: FOOTAGE}


def test_without_keys_nothing_is_kept_and_everything_is_read(shelf: Shelf) -> None:
    one, key, _ = kept(shelf)
    door = Vault(shelf.layout)
    assert door.read_at(one.digest, 7, 9, key) == FOOTAGE[7:16]
    with pytest.raises(SetupError) as refused:
        door.keep_bytes(b"more")
    assert refused.value.code == "key.no-keyring"


# ---- what was changed is never believed -----------------------------------------------------


def asks(shelf: Shelf, one: Kept, key: DataKey) -> list[Callable[[], object]]:
    """Every way to come to all of the plain bytes."""

    def through_a_stream() -> bytes:
        with shelf.vault.open(one.digest, key) as stream:
            return stream.read()

    return [
        lambda: shelf.vault.check(one.digest, key),
        lambda: shelf.vault.read_at(one.digest, 0, one.size, key),
        through_a_stream,
    ]


THREE = FOOTAGE[: 3 * PLAIN + 1000]
CHUNKS = [slice(place(index), place(index + 1)) for index in range(4)]


def swapped(data: bytes) -> bytes:
    return data[: place(0)] + data[CHUNKS[1]] + data[CHUNKS[0]] + data[place(2) :]


@pytest.mark.parametrize(
    "change",
    [
        swapped,
        lambda data: data[: place(1)] + data[place(2) :],  # one left out
        lambda data: data[: place(1)] + data[CHUNKS[0]] + data[place(1) :],  # one twice
        lambda data: data[: place(1)] + data[CHUNKS[0]] + data[place(2) :],  # one instead of other
        lambda data: data[: place(3)],  # cut at a border
        lambda data: data[: place(2)],
        lambda data: data[: place(2) + 5000],  # cut anywhere
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data + bytes(CHUNK),
        lambda data: data[: place(3)] + bytes(EMPTY),
        lambda data: data[:HEADER],
        lambda data: data[: HEADER - 1],
        lambda data: data[:0],
        lambda data: data[HEADER:],
        lambda data: bytes(HEADER) + data[HEADER:],
    ],
)
def test_a_blob_of_other_chunks_is_found_by_every_reader(
    shelf: Shelf, change: Callable[[bytes], bytes]
) -> None:
    one, key, path = kept(shelf, THREE)
    path.write_bytes(change(path.read_bytes()))
    for ask in asks(shelf, one, key):
        with pytest.raises(DamagedError) as changed:
            ask()
        assert changed.value.code == "blob.changed"
        assert one.digest.short in changed.value.message
        assert changed.value.facts["sha256"] == one.digest.hex


def test_the_header_or_a_chunk_of_another_blob_is_refused(shelf: Shelf) -> None:
    one, key, path = kept(shelf, THREE)
    _, _, other = kept(shelf, THREE[::-1])
    mine, theirs = path.read_bytes(), other.read_bytes()
    for changed in (theirs[:HEADER] + mine[HEADER:], mine[: place(1)] + theirs[place(1) :], theirs):
        path.write_bytes(changed)
        for ask in asks(shelf, one, key):
            with pytest.raises(DamagedError) as refused:
                ask()
            assert refused.value.code in ("blob.changed", "blob.other-key")
            assert refused.value.facts["sha256"] == one.digest.hex


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_one_changed_bit_gives_the_right_bytes_or_an_error(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        one, key, path = kept(shelf, THREE)
        raw = bytearray(path.read_bytes())
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(raw)
        for ask in asks(shelf, one, key):
            with pytest.raises(DamagedError):
                ask()
        offset = data.draw(st.integers(0, len(THREE)))
        with contextlib.suppress(DamagedError):
            found = shelf.vault.read_at(one.digest, offset, 70_000, key)
            assert found == THREE[offset : offset + 70_000]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, len(THREE) + HEADER + 300), st.integers(0, 5 * PLAIN), st.booleans())
def test_a_file_that_was_cut_never_just_ends_earlier(cut: int, offset: int, is_range: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        one, key, path = kept(shelf, THREE)
        os.truncate(path, min(cut, path.stat().st_size - 1))
        found = THREE[offset : offset + 1000]
        with contextlib.suppress(DamagedError):
            if is_range:
                found = bytes(shelf.vault.read_at(one.digest, offset, 1000, key))
            else:
                with shelf.vault.open(one.digest, key) as stream:
                    stream.seek(offset)
                    found = stream.read(1000)
        assert found == THREE[offset : offset + 1000]
        with pytest.raises(DamagedError):
            shelf.vault.read_at(one.digest, len(THREE) - 1, 1000, key)


@pytest.mark.parametrize("change", [b"X" + FOOTAGE[1:], FOOTAGE[:-1], FOOTAGE + b"!", b""])
def test_a_changed_blob_is_never_overwritten(shelf: Shelf, change: bytes) -> None:
    one, key, path = kept(shelf)
    path.write_bytes(change)
    with pytest.raises(DamagedError) as changed:
        shelf.vault.check(one.digest, key)
    assert changed.value.code == "blob.changed"
    with pytest.raises(DamagedError) as again:
        shelf.vault.keep_bytes(FOOTAGE)
    assert again.value.code == "blob.changed"
    assert path.read_bytes() == change


def test_the_wrong_key_opens_nothing(shelf: Shelf) -> None:
    one, _, _ = kept(shelf)
    for ask in asks(shelf, one, SOME_KEY):
        with pytest.raises(DamagedError) as refused:
            ask()
        assert refused.value.code == "blob.other-key"


def test_a_blob_of_other_bytes_under_its_name_is_found(shelf: Shelf) -> None:
    """Whoever holds the keys could seal other bytes; the digest still says so."""
    one, _, path = kept(shelf)
    other, key, elsewhere = kept(shelf, FOOTAGE[::-1])
    elsewhere.replace(path)
    with pytest.raises(DamagedError) as changed:
        shelf.vault.check(one.digest, key)
    assert changed.value.code == "blob.changed"
    assert not shelf.vault.has(other.digest)


def test_after_its_bucket_was_destroyed_nothing_opens_it(shelf: Shelf) -> None:
    one, _, _ = kept(shelf)
    shelf.keyring.destroy(one.slot.bucket)
    with pytest.raises(MissingError) as gone:
        shelf.key(one.slot)
    assert gone.value.code == "key.destroyed"
    assert "destroyed" in gone.value.explain()


def test_a_day_whose_key_is_destroyed_already_gets_another_one(shelf: Shelf) -> None:
    one, _, _ = kept(shelf)
    shelf.keyring.destroy(one.slot.bucket)
    after, key, _ = kept(shelf, b"the clock was set back")
    assert after.slot.bucket == Bucket(one.slot.bucket.name, 2)
    assert shelf.vault.check(after.digest, key) == after.digest


# ---- the same bytes, sealed twice -----------------------------------------------------------


def twice(shelf: Shelf) -> tuple[Kept, DataKey, Kept]:
    """The first ones are entered in the records, and their day of arrival is over."""
    first, key, _ = kept(shelf)
    shelf.keyring.destroy(first.slot.bucket)
    shelf.now += timedelta(days=1)
    second = shelf.vault.keep_bytes(FOOTAGE)
    assert second.is_spare
    assert second.slot.bucket == Bucket("arrival-2026-04-13")
    assert shelf.vault.slot(first.digest) == first.slot
    assert shelf.vault.keep_bytes(FOOTAGE) == second
    return first, key, second


def test_bytes_that_are_erased_while_they_are_compared_are_kept_anew(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _, path = kept(shelf)
    real = disk.name_durably

    def erased_meanwhile(temporary: Path, name: Path) -> bool:
        try:
            return real(temporary, name)
        finally:
            monkeypatch.undo()
            path.unlink()

    monkeypatch.setattr(disk, "name_durably", erased_meanwhile)
    second = shelf.vault.keep_bytes(FOOTAGE)
    assert not second.is_spare
    assert second.slot != first.slot
    assert shelf.vault.check(second.digest, shelf.key(second.slot)) == first.digest


def test_a_spare_goes_once_the_first_is_known_to_be_good(shelf: Shelf) -> None:
    first, key, _ = twice(shelf)
    assert shelf.vault.settle(first.digest, key) is None
    assert shelf.vault.check(first.digest, key) == first.digest
    assert len(shelf.files()) == 1
    assert shelf.vault.settle(first.digest, None) is None


def test_a_spare_takes_the_place_of_what_nobody_can_open(shelf: Shelf) -> None:
    first, _, second = twice(shelf)
    assert shelf.vault.settle(first.digest, None) == second.slot
    assert shelf.vault.check(first.digest, shelf.key(second.slot)) == first.digest
    assert len(shelf.files()) == 1


def test_a_damaged_first_one_keeps_both_until_somebody_decides(shelf: Shelf) -> None:
    first, key, second = twice(shelf)
    path = shelf.layout.blob(first.digest)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(DamagedError) as changed:
        shelf.vault.settle(first.digest, key)
    assert changed.value.code == "blob.changed"
    assert len(shelf.files()) == 2
    assert shelf.vault.settle(first.digest, None) == second.slot


def test_a_spare_that_nobody_can_open_any_more_is_replaced(shelf: Shelf) -> None:
    first, _, second = twice(shelf)
    shelf.keyring.destroy(second.slot.bucket)
    shelf.now += timedelta(days=1)
    third = shelf.vault.keep_bytes(FOOTAGE)
    assert third.is_spare
    assert third.slot != second.slot
    assert len(shelf.files()) == 2
    assert shelf.vault.settle(first.digest, None) == third.slot
    assert shelf.plain(shelf.layout.blob(first.digest)) == FOOTAGE


# ---- progress, failures, litter -------------------------------------------------------------


def test_progress_is_told_in_bytes(shelf: Shelf) -> None:
    told: list[tuple[int, int]] = []
    data = FOOTAGE * 2
    one = shelf.vault.keep(io.BytesIO(data), progress=lambda done, of, _: told.append((done, of)))
    assert told == [(BLOCK, 0), (len(data), 0)]
    told.clear()
    key = shelf.key(one.slot)
    shelf.vault.check(one.digest, key, progress=lambda done, of, _: told.append((done, of)))
    assert told == [(BLOCK, one.size), (one.size, one.size)]


def test_a_full_disk_leaves_nothing_behind(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    shelf.keyring.wrap(Bucket("arrival-2026-04-12"), bytes(32))
    monkeypatch.setattr(os, "pwrite", full)
    for data in (b"few", FOOTAGE, FOOTAGE * 4):
        with pytest.raises(SetupError) as refused:
            shelf.vault.keep(io.BytesIO(data))
        assert refused.value.code == "disk.full"
        assert shelf.files() == set()


def test_a_stream_that_breaks_leaves_nothing_behind(shelf: Shelf) -> None:
    class Broken(io.RawIOBase):
        given = 0

        def readinto(self, into: memoryview) -> int:  # type: ignore[override]
            if self.given > BLOCK:
                raise OSError(errno.EIO, "the camera was pulled out")
            self.given += len(into)
            return len(into)

    with pytest.raises(OSError, match="pulled out"):
        shelf.vault.keep(Broken())  # type: ignore[arg-type]
    assert shelf.files() == set()


def test_litter_is_swept_once_nobody_writes_to_it(shelf: Shelf) -> None:
    one, _, _ = kept(shelf)
    old, new = shelf.layout.incoming / ".old.part", shelf.layout.incoming / ".new.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    shelf.vault.sweep()
    assert (old.exists(), new.exists(), shelf.vault.has(one.digest)) == (False, True, True)


def test_a_folder_among_the_litter_keeps_nobody_from_sweeping(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    incoming = shelf.layout.incoming
    folder, lost, old = incoming / "a folder", incoming / "a link", incoming / "z.part"
    folder.mkdir(parents=True)
    lost.symlink_to(incoming / "nowhere")
    old.write_bytes(b"half")
    for path in (folder, lost, old):
        os.utime(path, (0, 0), follow_symlinks=False)
    shelf.vault.sweep()
    assert list(incoming.iterdir()) == [folder]
    assert "a folder" in caplog.text


def test_who_was_forked_reads_into_memory_of_its_own() -> None:
    """A command forks helpers, and two processes in one buffer find each other's chunks there."""
    pages = own_pages(4096)
    child = os.fork()
    if not child:
        pages[:4] = b"mine"
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert not any(pages)
