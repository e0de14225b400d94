"""Bucket keys: made once, never leaving, destroyed for everybody, and never mixed up."""

import os
import stat
import threading
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.store import disk
from bodyworn.store import keyring as keyrings
from bodyworn.store.keyring import KEY_SIZE, Bucket, KeyFolder

DAY = Bucket("arrival-2026-11-22")
RULE = Bucket("evidence/2033-11-22", 2)
KEY = bytes(range(32))
NAMES = st.text("abcXYZ019._:/@+-", min_size=1, max_size=100)


class PowerCut(BaseException):
    """Nothing after it happens."""


@pytest.fixture
def ring(tmp_path: Path) -> KeyFolder:
    """An empty folder of keys."""
    return KeyFolder(tmp_path / "keys" / "buckets")


def keys(ring: KeyFolder) -> list[Path]:
    return sorted(ring._folder.glob("*.key"))


def test_a_key_comes_back_from_its_bucket_and_from_no_other(ring: KeyFolder) -> None:
    wrapped = ring.wrap(DAY, KEY)
    ring.wrap(RULE, KEY)
    assert len(wrapped) == 40
    assert KEY not in wrapped
    assert ring.unwrap(DAY, wrapped) == KEY
    with pytest.raises(DamagedError) as wrong:
        ring.unwrap(RULE, wrapped)
    assert wrong.value.code == "key.wrapped-wrong"


def test_every_bit_of_a_wrapped_key_counts(ring: KeyFolder) -> None:
    wrapped = ring.wrap(DAY, KEY)
    for bit in range(len(wrapped) * 8):
        changed = bytearray(wrapped)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DamagedError):
            ring.unwrap(DAY, bytes(changed))
    for other in (b"", wrapped[:-1], wrapped[:-8], wrapped + bytes(8)):
        with pytest.raises(DamagedError):
            ring.unwrap(DAY, other)


def test_keys_are_their_owners_only(ring: KeyFolder) -> None:
    ring.wrap(DAY, KEY)
    (path,) = keys(ring)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["arrival-2026-11-22.1.key"]


def test_a_destroyed_key_is_destroyed_for_everybody_and_stays_so(ring: KeyFolder) -> None:
    wrapped, other = ring.wrap(DAY, KEY), KeyFolder(ring._folder)
    for _ in range(2):
        other.destroy(DAY)
        with pytest.raises(MissingError) as gone:
            ring.unwrap(DAY, wrapped)
        assert gone.value.code == "key.destroyed"
        with pytest.raises(RefusedError) as closed:
            ring.wrap(DAY, KEY)
        assert closed.value.code == "key.bucket-closed"
    assert keys(ring) == []
    assert ring.buckets() == []


def test_a_key_that_is_lost_is_not_called_destroyed(ring: KeyFolder) -> None:
    wrapped = ring.wrap(DAY, KEY)
    keys(ring)[0].unlink()
    with pytest.raises(MissingError) as lost:
        ring.unwrap(DAY, wrapped)
    assert lost.value.code == "key.missing"


def test_the_keys_own_bytes_are_overwritten(ring: KeyFolder, tmp_path: Path) -> None:
    ring.wrap(DAY, KEY)
    second = tmp_path / "second name"
    os.link(keys(ring)[0], second)
    ring.destroy(DAY)
    assert second.read_bytes() == bytes(KEY_SIZE)


def test_the_next_generation_is_another_key(ring: KeyFolder) -> None:
    ring.destroy(DAY)
    after = Bucket(DAY.name, 2)
    assert ring.unwrap(after, ring.wrap(after, KEY)) == KEY
    assert ring.buckets() == [after]


@pytest.mark.parametrize(
    ("module", "name"), [(disk, "write_once"), (keyrings, "_overwrite"), (disk, "flush_folder")]
)
def test_a_crash_while_destroying_destroys_or_may_be_repeated(
    ring: KeyFolder, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    wrapped = ring.wrap(DAY, KEY)

    def dies(*_: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(module, name, dies)
        with pytest.raises(PowerCut):
            ring.destroy(DAY)
    ring.destroy(DAY)
    assert keys(ring) == []
    with pytest.raises(MissingError):
        ring.unwrap(DAY, wrapped)


def test_two_who_make_a_key_at_once_make_one(ring: KeyFolder) -> None:
    together = threading.Barrier(8, timeout=10)
    wrapped: list[bytes] = []

    def make() -> None:
        together.wait()
        wrapped.append(ring.wrap(DAY, KEY))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ring.unwrap(DAY, one) for one in wrapped] == [KEY] * 8
    assert [path.suffix for path in ring._folder.iterdir()] == [".key"]


def test_a_key_of_the_wrong_size_is_damaged(ring: KeyFolder) -> None:
    wrapped = ring.wrap(DAY, KEY)
    keys(ring)[0].write_bytes(bytes(31))
    for ask in (partial(ring.unwrap, DAY, wrapped), partial(ring.wrap, DAY, KEY)):
        with pytest.raises(DamagedError) as damaged:
            ask()
        assert damaged.value.code == "key.damaged"


@given(st.builds(Bucket, NAMES, st.integers(1, 10**6)))
def test_a_buckets_file_lies_in_the_folder_and_names_it(bucket: Bucket) -> None:
    path = KeyFolder(Path("/keys"))._path(bucket)
    assert path.parent == Path("/keys")
    assert keyrings._bucket(path) == bucket


@pytest.mark.parametrize("name", ["", "a b", "a\n", "é", "a" * 101, "a\0"])
def test_what_cannot_name_a_bucket_is_refused(name: str) -> None:
    with pytest.raises(DamagedError):
        Bucket(name)
    with pytest.raises(DamagedError):
        Bucket("arrival", 0)
