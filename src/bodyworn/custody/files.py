"""Files of the log on a disk, and the lock of its one writer.

A file appears under its name whole or not at all. Whether it is still there after a power cut is
a question of its own: `write_durably` answers it at once; the log's own files are flushed later,
many together, and until then its journal vouches for them (`custody.journal`). The store has its
own writer for footage; this one is for many small files.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bodyworn.core.errors import BusyError, SetupError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FLUSHERS = 8  # threads; files that are flushed at once share one commit of the file system's
File = tuple[Path, bytes]
Write = Callable[[Sequence[File]], None]
"""Writes all files durably, each one atomically, in no order that anybody may rely on."""


class Disk:
    """The three things that the log asks of a disk; tests hand in one that breaks."""

    def put(self, descriptor: int, data: bytes, *, at: int, with_flush: bool) -> None:
        """Write at a place of an open file, and flush it. Raises SetupError disk.full."""
        with explained():
            os.lseek(descriptor, at, os.SEEK_SET)
            _write_all(descriptor, data)
            if with_flush:
                os.fdatasync(descriptor)

    def write(self, files: Sequence[File]) -> None:
        """Make files appear, each whole, in no order that anybody may rely on, unflushed.

        Raises SetupError disk.full.
        """
        with explained():
            for path, data in files:
                os.replace(_write_beside(path, data), path)

    def flush(self, paths: Iterable[Path]) -> None:
        """Have files and folders on the disk. Raises FileNotFoundError, and OSError of the disk."""
        with ThreadPoolExecutor(FLUSHERS) as pool:
            list(pool.map(flush, paths))


def write_durably(files: Sequence[File]) -> None:
    """Write each file beside its place, flush all, rename all, flush the folders.

    Raises SetupError `disk.full`.
    """
    with explained():
        folders = {folder for path, _ in files for folder in _ensure(path.parent)}
        beside = [(path, _write_beside(path, data)) for path, data in files]
        for _, temporary in beside:
            flush(temporary)
        for path, temporary in beside:
            os.replace(temporary, path)
        for folder in folders:
            flush(folder)


@contextmanager
def explained() -> Iterator[None]:
    """Turns the system's `no space left` into SetupError disk.full."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise SetupError(
            "disk.full",
            "The disk is full; the log is as it was before.",
            hint="Make room on the disk of the data folder; the events wait in the database.",
            status=507,
        ) from error


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises BusyError when another process or thread holds it."""
    descriptor = _open_or_make(folder, ".lock")
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError("log.busy", "Somebody else is writing to this log.") from None
        yield
    finally:
        os.close(descriptor)


def flush(path: str | Path) -> None:
    """Have a file, or the list of a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_or_make(folder: str | Path, name: str, *, empty: bool = False) -> int:
    how = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if empty else 0)
    path = f"{folder}/{name}"
    try:
        return os.open(path, how, 0o644)
    except FileNotFoundError:
        Path(folder).mkdir(parents=True, exist_ok=True)
        return os.open(path, how, 0o644)


def _ensure(folder: Path) -> list[Path]:
    """Make the folder if need be; answers the folders whose listing may have changed."""
    changed = [folder]
    while not folder.is_dir():
        folder = folder.parent
        changed.append(folder)
    changed[0].mkdir(parents=True, exist_ok=True)
    return changed


def _write_beside(path: Path, data: bytes) -> str:
    # One writer at a time, so the name can be fixed: what a crash leaves is overwritten.
    folder, name = os.path.split(path)
    temporary = f".{name}.new"
    descriptor = _open_or_make(folder, temporary, empty=True)
    try:
        _write_all(descriptor, data)
    finally:
        os.close(descriptor)
    return f"{folder}/{temporary}"


def _write_all(descriptor: int, data: bytes) -> None:
    """A disk that fills up takes a part first, and complains about the rest."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])
