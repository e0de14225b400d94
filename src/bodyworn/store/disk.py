"""Durable writing: temporary file, flush, link or rename, flush of the folder.

POSIX promises that a rename is all or nothing, and only fsync promises that it is still there
after the power was cut: of the file for its bytes, of the folder for its name. Everything that
this house keeps is written through here. What is written where is for `store.layout`; what the
bytes mean is for everybody else. Files are 0600, folders 0700 unless the caller widens them.
"""

import contextlib
import errno
import itertools
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from bodyworn.core.errors import DamagedError, SetupError

FILE_MODE = 0o600
FOLDER_MODE = 0o700
# EFBIG: the file has met a limit on the size of one file, which for the sender is the same.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Some file systems know no second name for a file (exFAT, some network shares).
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})

# Temporary names differ between runs (chance), processes (number) and calls (count).
_RUN = secrets.token_hex(4)
_COUNT = itertools.count()


@contextlib.contextmanager
def full_disk_explained() -> Iterator[None]:
    """Turn "no space left" into SetupError disk.full (web 507); other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _full() from error


def check_room(folder: Path, size: int) -> None:
    """Refuse early what cannot fit. Raises SetupError disk.full (web 507)."""
    if shutil.disk_usage(folder).free < size:
        raise _full()


def make_folder(path: Path, mode: int = FOLDER_MODE) -> None:
    """Make the folder and its parents, each flushed into the one above; no error if present."""
    if path.is_dir():
        return
    make_folder(path.parent, mode)
    with full_disk_explained(), contextlib.suppress(FileExistsError):
        path.mkdir(mode)
    # Flushed also if somebody else made it just now: they may not have flushed yet.
    flush_folder(path.parent)


def flush_folder(path: Path) -> None:
    """Make the names in this folder survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_file(path: Path) -> None:
    """Make the bytes of a file survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        with full_disk_explained():
            os.fdatasync(handle)
    finally:
        os.close(handle)


def move(old: Path, new: Path) -> None:
    """Rename within one file system, durably."""
    with full_disk_explained():
        old.replace(new)
        flush_folder(new.parent)


def write_atomically(path: Path, data: bytes, mode: int = FILE_MODE) -> None:
    """Replace the file as a whole: a reader sees the old bytes or these, also after a crash."""
    move(write_beside(path, data, mode), path)


def write_once(path: Path, data: bytes, mode: int = FILE_MODE) -> bool:
    """Write a file that must not exist yet; False if it already held these very bytes.

    Raises DamagedError disk.other-bytes if it holds others.
    """
    return place(write_beside(path, data, mode), path)


def write_beside(path: Path, data: bytes, mode: int = FILE_MODE) -> Path:
    """Write and flush a temporary file in the same folder; nothing is left of a failure."""
    temporary = temporary_name(path)
    with full_disk_explained():
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            write_all(handle, data)
            os.fdatasync(handle)
        except BaseException:
            temporary.unlink()
            raise
        finally:
            os.close(handle)
    return temporary


def temporary_name(path: Path) -> Path:
    """A new name in the same folder, so that a rename stays inside one file system."""
    return path.with_name(f".{path.name[:80]}.{_RUN}{os.getpid():x}-{next(_COUNT):x}.part")


def write_new(path: Path, data: bytes, mode: int = FILE_MODE) -> None:
    """Write a new file without a flush: for what may be lost, or is flushed later."""
    with full_disk_explained():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            write_all(handle, data)
        finally:
            os.close(handle)


def read_file(path: Path) -> bytes:
    """All bytes of a small file, in three calls to the system instead of eight."""
    handle = os.open(path, os.O_RDONLY)
    try:
        return b"".join(iter(lambda: os.read(handle, 1 << 16), b""))
    finally:
        os.close(handle)


def write_all(handle: int, data: bytes | bytearray | memoryview) -> None:
    """Write every byte: write(2) may take fewer, and does so just before a disk is full."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def place(temporary: Path, path: Path) -> bool:
    """Give a finished, flushed file its lasting name without ever overwriting one.

    False if the name already held the same bytes; the temporary file is gone either way. Raises
    DamagedError disk.other-bytes, and leaves both files, if the name holds other bytes.
    """
    is_new = name_durably(temporary, path)
    temporary.unlink(missing_ok=True)
    return is_new


def name_durably(temporary: Path, path: Path) -> bool:
    """The same, and the file keeps its temporary name as well, for as long as somebody needs it.

    Folders that are missing are made. Raises SetupError disk.no-links as well.
    """
    with full_disk_explained():
        try:
            is_new = _link(temporary, path)
        except FileNotFoundError:
            make_folder(path.parent)
            is_new = _link(temporary, path)
        if not is_new and not _same_bytes(temporary, path):
            raise DamagedError("disk.other-bytes", f"{path.name} already holds other bytes.")
        flush_folder(path.parent)
    return is_new


def _full() -> SetupError:
    return SetupError(
        "disk.full",
        "The disk is full; what was kept before is safe.",
        hint="Make room on that disk; what was being sent or copied goes on from where it stopped.",
        status=507,
    )


def _link(temporary: Path, path: Path) -> bool:
    """A link fails where the name exists, in one step; a rename would overwrite it."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        raise SetupError(
            "disk.no-links",
            "The disk of the data folder cannot give a file a second name.",
            hint="Put the data folder on ext4, XFS, btrfs or ZFS.",
        ) from error
    return True


def _same_bytes(one: Path, other: Path) -> bool:
    first, second = one.stat(), other.stat()
    if os.path.samestat(first, second):
        return True  # an interrupted call had come as far as this
    if first.st_size != second.st_size:
        return False
    return _same_content(one, other)


def _same_content(one: Path, other: Path) -> bool:
    with one.open("rb") as first, other.open("rb") as second:
        while block := first.read(1 << 20):
            if block != second.read(len(block)):
                return False
    return True
