"""Durable writing: what is seen, what is overwritten, what is left of a failure."""

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.store import disk


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_as_a_whole_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "VERSION"
    disk.write_atomically(path, b"1\n")
    disk.write_atomically(path, b"2\n")
    assert path.read_bytes() == b"2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["VERSION"]


def test_folders_are_made_for_their_owner_only_and_may_exist(tmp_path: Path) -> None:
    deep = tmp_path / "blobs" / "sha256" / "ab"
    disk.make_folder(deep)
    disk.make_folder(deep)
    assert stat.S_IMODE(deep.stat().st_mode) == 0o700


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        disk.make_folder(tmp_path / "blobs" / "ab")


def test_writing_once_says_whether_it_was_the_first_time(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert disk.write_once(path, b"same") is True
    assert disk.write_once(path, b"same") is False
    assert names(tmp_path) == ["key"]


@pytest.mark.parametrize("other", [b"othr", b"longer than that"])
def test_other_bytes_are_never_overwritten(tmp_path: Path, other: bytes) -> None:
    path = tmp_path / "key"
    disk.write_once(path, b"same")
    with pytest.raises(DamagedError) as refused:
        disk.write_once(path, other)
    assert refused.value.code == "disk.other-bytes"
    assert path.read_bytes() == b"same"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_explained(number: int) -> None:
    with pytest.raises(SetupError) as full, disk.full_disk_explained():
        raise OSError(number, os.strerror(number))
    assert (full.value.code, full.value.http_status) == ("disk.full", 507)


def test_another_fault_of_the_disk_passes_as_it_is() -> None:
    with pytest.raises(PermissionError), disk.full_disk_explained():
        raise PermissionError(errno.EACCES, "no")


def test_a_disk_that_fills_up_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.write_atomically(tmp_path / "note", b"before")
    real = os.write

    def full_after_two(handle: int, data: memoryview) -> int:
        if len(data) < 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data[:2])

    monkeypatch.setattr(os, "write", full_after_two)
    with pytest.raises(SetupError):
        disk.write_atomically(tmp_path / "note", b"after!")
    assert (tmp_path / "note").read_bytes() == b"before"
    assert names(tmp_path) == ["note"]


def test_more_than_there_is_room_for_is_refused_early(tmp_path: Path) -> None:
    disk.check_room(tmp_path, 1)
    with pytest.raises(SetupError) as full:
        disk.check_room(tmp_path, 1 << 60)
    assert full.value.code == "disk.full"


def test_a_disk_without_second_names_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(SetupError) as refused:
        disk.write_once(tmp_path / "key", b"x")
    assert refused.value.code == "disk.no-links"


def test_one_file_under_two_names_is_the_same_without_reading(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"bytes")
    assert disk.name_durably(one, two) is True
    assert disk.name_durably(one, two) is False
    assert one.stat().st_ino == two.stat().st_ino


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=200_000))
def test_what_is_written_is_read(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        disk.write_new(path, data)
        assert disk.read_file(path) == data


def test_temporary_names_stay_in_the_folder_and_never_repeat(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 300)
    made = {disk.temporary_name(path) for _ in range(1000)}
    assert len(made) == 1000
    assert {one.parent for one in made} == {tmp_path}
    assert max(len(one.name) for one in made) < 255
