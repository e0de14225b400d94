"""How much one sender may leave unfinished: a token that was stolen must not fill the disk.

Each sender is judged by its own uploads alone, so that nobody's promises keep the others out.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator

from bodyworn.core.errors import BusyError, DamagedError
from bodyworn.store import disk, upload_files
from bodyworn.store.layout import Layout
from bodyworn.store.upload_notes import Upload

MOST_OPEN = 128  # unfinished uploads of one sender, complete parts among them
RETRY_AFTER = 60  # seconds


@contextlib.contextmanager
def room_for(layout: Layout, begun: Upload) -> Iterator[None]:
    """Make the upload within this block: it is within the bounds, and nobody else begins one.

    Raises BusyError upload.too-many-open.
    """
    with _nobody_else_begins(layout):
        theirs = [found for found in _unfinished(layout) if found.sender == begun.sender]
        if len(theirs) >= MOST_OPEN:
            raise _too_many(f"{MOST_OPEN} of them")
        promised = sum(found.room for found in theirs if found.length is not None)
        if theirs and promised + (begun.length or 0) > shutil.disk_usage(layout.root).free:
            raise _too_many("more of them than there is room for")
        yield


@contextlib.contextmanager
def _nobody_else_begins(layout: Layout) -> Iterator[None]:
    """Counted and made in one: uploads begin in threads of two processes, API and door."""
    disk.make_folder(layout.uploads)
    handle = os.open(layout.uploads, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _unfinished(layout: Layout) -> Iterator[Upload]:
    for upload in upload_files.unfinished(layout):
        # It may have ended since it was listed, and a damaged one is not this sender's fault.
        with contextlib.suppress(FileNotFoundError, DamagedError):
            yield upload_files.unended(layout, upload)


def _too_many(what: str) -> BusyError:
    return BusyError(
        "upload.too-many-open",
        f"This sender has begun uploads and not finished them, {what}.",
        hint="Finish those that were begun, or give them up; they end by themselves in time.",
        retry_after=RETRY_AFTER,
    )
