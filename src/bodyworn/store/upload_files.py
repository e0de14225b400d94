"""The files of one upload: what is known about it and its sealed bytes.

`<id>.json` is the upload: it appears last and goes first, so that nobody ever sees half of one.
The files are flat and few, because making and removing files is what many small uploads cost.
Which changes are allowed, and in which order, is for `store.upload`; its sidecars are for
`store.upload_sidecars`.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bodyworn.core.errors import BusyError, DamagedError, MissingError
from bodyworn.store import disk, upload_sidecars
from bodyworn.store.inbox import read_arrival
from bodyworn.store.layout import Layout
from bodyworn.store.sealed import Header
from bodyworn.store.upload_notes import (
    Upload,
    check_id,
    info_bytes,
    is_id,
    read_end,
    read_info,
    received,
)
from bodyworn.store.upload_refusals import refuse_ended
from bodyworn.store.upload_sealed import offset_of
from bodyworn.store.upload_sidecars import Sealed

LITTER_AGE_S = 3600  # seconds; a file of no upload this old belongs to nobody any more


def look(layout: Layout, upload: str) -> Upload:
    """An upload as it stands, unfinished or ended. Raises MissingError upload.missing."""
    check_id(upload)
    with contextlib.suppress(FileNotFoundError):
        return _read(layout, upload)
    return _ended(layout, upload)


def unended(layout: Layout, upload: str) -> Upload:
    """An unfinished upload as it stands. Raises FileNotFoundError, DamagedError."""
    return _read(layout, upload)


@contextlib.contextmanager
def locked(layout: Layout, upload: str) -> Iterator[Upload]:
    """The unfinished upload as it stands, and nobody else may change it meanwhile.

    Raises BusyError upload.second-writer (web 423), MissingError, or RefusedError upload.complete.
    """
    check_id(upload)
    with contextlib.ExitStack() as stack:
        try:
            _lock(layout.upload_bytes(upload), stack)
            found = _read(layout, upload)
        except FileNotFoundError:
            found = _ended(layout, upload)
        refuse_ended(found)
        yield found


def make(layout: Layout, upload: Upload, sidecars: Sequence[Sealed], header: Header) -> None:
    """Make the files, but do not flush them: a sender that loses them has lost nothing yet.

    Raises SetupError disk.full.
    """
    disk.make_folder(layout.ended)
    try:
        upload_sidecars.write(layout, upload.id, sidecars)
        disk.write_new(layout.upload_bytes(upload.id), header.to_bytes())
        temporary = disk.temporary_name(layout.upload_info(upload.id))
        disk.write_new(temporary, info_bytes(upload))
        os.rename(temporary, layout.upload_info(upload.id))
    except BaseException:
        remove(layout, upload)
        raise


def flush(layout: Layout, upload: Upload) -> None:
    """Make it survive a power cut: needed once, before any of its bytes is acknowledged."""
    upload_sidecars.flush(layout, upload)
    disk.flush_file(layout.upload_info(upload.id))
    disk.flush_folder(layout.uploads)


def remove(layout: Layout, upload: Upload) -> None:
    """Take all of it away; no error for what is gone. The caller holds its lock."""
    layout.upload_info(upload.id).unlink(missing_ok=True)
    layout.upload_bytes(upload.id).unlink(missing_ok=True)
    layout.upload_tail(upload.id).unlink(missing_ok=True)
    upload_sidecars.remove(layout, upload)


def unfinished(layout: Layout) -> list[str]:
    """The ids of all uploads, in no order that means anything."""
    return [path.stem for path in layout.uploads.glob("*.json") if is_id(path.stem)]


def ended(layout: Layout) -> list[str]:
    """The ids of what ended and is remembered."""
    return [path.stem for path in layout.ended.glob("*.json") if is_id(path.stem)]


def sweep_litter(layout: Layout) -> None:
    """Remove what a crash left half made or half removed; it was never visible as an upload."""
    oldest = time.time() - LITTER_AGE_S
    uploads = set(unfinished(layout))
    for path in layout.uploads.glob("*"):
        if path.name.partition(".")[0] not in uploads and path.is_file():
            _remove_if_older(path, oldest)


def _remove_if_older(path: Path, oldest: float) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_mtime < oldest:
            path.unlink()


def _ended(layout: Layout, upload: str) -> Upload:
    with contextlib.suppress(MissingError):
        return read_end(layout.upload_ended(upload), upload=upload)
    with contextlib.suppress(MissingError, DamagedError):
        return received(read_arrival(layout.arrival(upload)))
    # Between the two looks the note may have been done with.
    return read_end(layout.upload_ended(upload), upload=upload)


def _lock(path: Path, stack: contextlib.ExitStack) -> None:
    """Lock the bytes: of all its files the one that is never replaced."""
    handle = os.open(path, os.O_RDONLY)
    stack.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError(
            "upload.second-writer",
            "Somebody else is writing to this upload.",
            hint="Ask for its offset in a few seconds and go on from there.",
            retry_after=2,
            status=423,
        ) from None


def _read(layout: Layout, upload: str) -> Upload:
    found = read_info(layout.upload_info(upload), upload=upload)
    return replace(found, offset=offset_of(layout, found))
