"""The folder of one upload: made as a whole, locked, looked at, removed as a whole.

A folder appears and disappears by rename, so that nobody ever sees half of one. Which changes
are allowed, and in which order, is for `store.upload`.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bodyworn.core.errors import BusyError, RefusedError
from bodyworn.store import disk
from bodyworn.store.inbox import read_arrival
from bodyworn.store.layout import Layout
from bodyworn.store.upload_notes import (
    Upload,
    check_id,
    is_id,
    read_end,
    read_info,
    refuse_ended,
    write_info,
)

MOST_SIDECARS = 16
LARGEST_SIDECAR = 1 << 20  # bytes
LITTER_AGE_S = 3600  # seconds; a temporary folder this old belongs to nobody any more

Sidecars = Sequence[tuple[str, bytes]]


def look(layout: Layout, upload: str) -> Upload:
    """An upload as it stands, unfinished or ended. Raises MissingError upload.missing."""
    check_id(upload)
    try:
        return _read(layout, upload)
    except FileNotFoundError:
        return read_end(layout.upload_ended(upload), upload=upload)


@contextlib.contextmanager
def locked(layout: Layout, upload: str) -> Iterator[Upload]:
    """The unfinished upload as it stands, and nobody else may change it meanwhile.

    Raises BusyError upload.second-writer (web 423), MissingError, or RefusedError upload.complete.
    """
    check_id(upload)
    with contextlib.ExitStack() as stack:
        try:
            _lock(layout.upload(upload), stack)
            found = _read(layout, upload)
        except FileNotFoundError:
            found = read_end(layout.upload_ended(upload), upload=upload)
        refuse_ended(found)
        yield found


def make(layout: Layout, upload: Upload, sidecars: Sidecars) -> None:
    """Make the folder durably. Raises SetupError disk.full, RefusedError upload.sidecar."""
    _check_sidecars(sidecars)
    disk.make_folder(layout.uploads)
    folder = layout.upload(upload.id)
    new = disk.temporary_name(folder)
    try:
        with disk.full_disk_explained():
            new.mkdir(disk.FOLDER_MODE)
            _fill(new, layout, upload, sidecars)
            new.rename(folder)
            disk.flush_folder(layout.uploads)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def remove(layout: Layout, upload: str) -> None:
    """Take the folder away; no error if it is gone. The caller holds its lock."""
    folder = layout.upload(upload)
    litter = disk.temporary_name(folder)
    with contextlib.suppress(FileNotFoundError):
        folder.rename(litter)
    shutil.rmtree(litter, ignore_errors=True)


def is_spent(layout: Layout, upload: str) -> bool:
    """Whether it is finished but for the removal of its folder."""
    here = (layout.upload_bytes(upload), layout.upload_arrival(upload))
    return not any(path.exists() for path in here)


def unfinished(layout: Layout) -> list[str]:
    """The ids of all folders, in no order that means anything."""
    return [path.name for path in layout.uploads.glob("*") if is_id(path.name)]


def ended(layout: Layout) -> list[str]:
    """The ids of what ended and is remembered."""
    return [path.stem for path in layout.ended.glob("*.json") if is_id(path.stem)]


def sidecars(layout: Layout, upload: Upload) -> tuple[tuple[str, bytes], ...]:
    """The sidecars that were handed over when it was created."""
    return tuple(
        (name, _sidecar(layout.upload(upload.id), number).read_bytes())
        for number, name in enumerate(upload.sidecars)
    )


def sweep_litter(layout: Layout) -> None:
    """Remove what a crash left half made or half removed; it was never visible as an upload."""
    oldest = time.time() - LITTER_AGE_S
    for path in layout.uploads.glob(".*.part"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)


def _lock(folder: Path, stack: contextlib.ExitStack) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
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
    # Between open and flock the folder may have been removed: then this lock guards nothing.
    if folder.stat().st_ino != os.fstat(handle).st_ino:
        raise FileNotFoundError(folder)


def _read(layout: Layout, upload: str) -> Upload:
    """Raises FileNotFoundError if there is no folder, or a spent one."""
    try:
        offset = layout.upload_bytes(upload).stat().st_size
    except FileNotFoundError:
        # Finishing was interrupted after the bytes had moved into the vault.
        if not layout.upload_arrival(upload).exists():
            raise
        offset = read_arrival(layout.upload_arrival(upload)).size
    return read_info(layout.upload_info(upload), upload=upload, offset=offset)


def _fill(new: Path, layout: Layout, upload: Upload, sidecars: Sidecars) -> None:
    for number, (_, data) in enumerate(sidecars):
        disk.write_once(_sidecar(new, number), data)
    write_info(new / layout.upload_info(upload.id).name, upload)
    handle = os.open(
        new / layout.upload_bytes(upload.id).name,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL,
        disk.FILE_MODE,
    )
    os.close(handle)
    disk.flush_folder(new)


def _sidecar(folder: Path, number: int) -> Path:
    return folder / f"sidecar.{number}"


def _check_sidecars(sidecars: Sidecars) -> None:
    hint = f"At most {MOST_SIDECARS} sidecars of {LARGEST_SIDECAR >> 20} MiB travel with a video."
    if len(sidecars) > MOST_SIDECARS or any(len(data) > LARGEST_SIDECAR for _, data in sidecars):
        raise RefusedError("upload.sidecars-too-large", "Too many sidecars.", hint=hint, status=413)
    if any(not (0 < len(name) <= 200 and name.isprintable()) for name, _ in sidecars):
        raise RefusedError("upload.sidecar-name", "A sidecar has a printable name.", status=400)
