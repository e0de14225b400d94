"""Durable files for the log, and the lock of its one writer.

A file appears under its name whole or not at all, and stays after a power cut. The store has
its own writer for footage; this one is for many small files at once.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bodyworn.core.errors import BusyError, SetupError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
File = tuple[Path, bytes]
Write = Callable[[Sequence[File]], None]
"""Writes all files durably, each one atomically, in no order that anybody may rely on."""


def write_durably(files: Sequence[File]) -> None:
    """Write each file beside its place, flush all, rename all, flush the folders.

    Flushing after everything is written lets the file system put many files into one commit
    of its journal. Raises SetupError `disk.full`.
    """
    try:
        _write_all(files)
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
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError("log.busy", "Somebody else is writing to this log.") from None
        yield
    finally:
        os.close(descriptor)


def _write_all(files: Sequence[File]) -> None:
    folders = {folder for path, _ in files for folder in _ensure(path.parent)}
    beside = [(path, _write_beside(path, data)) for path, data in files]
    for _, temporary in beside:
        _flush(temporary)
    for path, temporary in beside:
        temporary.replace(path)
    for folder in folders:
        _flush(folder)


def _ensure(folder: Path) -> list[Path]:
    """Make the folder if need be; answers the folders whose listing may have changed."""
    changed = [folder]
    while not folder.is_dir():
        folder = folder.parent
        changed.append(folder)
    changed[0].mkdir(parents=True, exist_ok=True)
    return changed


def _write_beside(path: Path, data: bytes) -> Path:
    # One writer at a time, so the name can be fixed: what a crash leaves is overwritten.
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(data)
    return temporary


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
