"""Stored files as they lie on the disk, whatever is inside: read, compared, copied, replaced.

Backup, second copy and repair move stored files between folders. They need no key and learn
nothing: a file is its bytes and their SHA-256, which is not the digest that it is named by
wherever bytes are sealed. What the plain bytes are is `store.seal`'s, and whether they are right.
"""

import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.store import disk

BLOCK = 1 << 20  # bytes in memory at once


@dataclass(frozen=True, slots=True)
class Stored:
    """One file as it lies on the disk."""

    sha256: Sha256  # of the file's own bytes
    size: int  # bytes of the file

    def __str__(self) -> str:
        return f"{self.sha256} {self.size}"


def stored(path: Path) -> Stored:
    """Read a file from the disk, past the memory that caches it. Raises OSError."""
    state, size = hashlib.sha256(), 0
    handle = os.open(path, os.O_RDONLY)
    try:
        forget(handle)
        while block := os.read(handle, BLOCK):
            state.update(block)
            size += len(block)
    finally:
        os.close(handle)
    return Stored(Sha256(state.digest()), size)


def copy(source: Path, target: Path, *, incoming: Path) -> Stored:
    """Copy a file under a name that must be free, durably, and read the copy again.

    `incoming` is a folder of the target's file system for what is on its way. Nothing is left of
    a failure. Raises DamagedError copy.read-back, SetupError disk.full, OSError.
    """
    temporary, found = arrived(source, incoming=incoming)
    try:
        name(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return found


def replace(source: Path, target: Path, *, aside: Path, incoming: Path) -> Stored:
    """The same for a name that is taken: what lies there is kept `aside` and never lost.

    At every moment the name holds one file or the other, where the disk knows links. Raises as
    `copy`.
    """
    temporary, found = arrived(source, incoming=incoming)
    try:
        if target.exists():
            name(target, aside)
        disk.make_folder(target.parent)
        disk.move(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return found


def name(temporary: Path, target: Path) -> None:
    """Give a durable file its lasting name, also on disks that know no second name for a file.

    Network shares are such. Whoever copies there is alone, so nobody takes the name in between.
    Raises DamagedError disk.other-bytes.
    """
    try:
        disk.name_durably(temporary, target)
    except SetupError as error:
        if error.code != "disk.no-links" or target.exists():
            raise
        disk.make_folder(target.parent)
        disk.move(temporary, target)


def arrived(source: Path, *, incoming: Path, read_back: bool = True) -> tuple[Path, Stored]:
    """A durable copy under a passing name; the caller names or removes it.

    Whoever reads everything again in the end need not have it read back here.
    """
    disk.make_folder(incoming)
    temporary = disk.temporary_name(incoming / source.name)
    try:
        with disk.full_disk_explained():
            read = _poured(source, temporary)
        if read_back and stored(temporary) != read:
            raise _read_back(source)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary, read


def sweep(incoming: Path) -> None:
    """Remove what interrupted copies left; for whoever is alone in this folder."""
    for path in incoming.glob(".*.part"):
        path.unlink(missing_ok=True)


def forget_file(path: Path) -> None:
    """Have whoever reads this file next read it from the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        forget(handle)
    finally:
        os.close(handle)


def forget(handle: int) -> None:
    """Have the next read come from the disk: a cached page says nothing about a failing one."""
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ESPIPE, errno.ENOSYS}:
            raise


def _poured(source: Path, target: Path) -> Stored:
    state, size = hashlib.sha256(), 0
    with source.open("rb", buffering=0) as stream:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, disk.FILE_MODE)
        try:
            forget(stream.fileno())
            while block := stream.read(BLOCK):
                disk.write_all(handle, block)
                state.update(block)
                size += len(block)
            os.fdatasync(handle)
        finally:
            os.close(handle)
    return Stored(Sha256(state.digest()), size)


def _read_back(source: Path) -> DamagedError:
    return DamagedError(
        "copy.read-back",
        f"The copy of {source.name} was read back as other bytes than were written.",
        hint="The disk that was copied to fails, or the memory does; nothing was replaced.",
    )
