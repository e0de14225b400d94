"""A pack as one file: ZIP without compression, because film does not shrink and time is short.

RFC 8493, section 4.2: one folder at the top, the bag's own.
"""

import zipfile
from datetime import datetime
from pathlib import Path

from bodyworn.core.tasks import Progress, silent
from bodyworn.store import disk

BLOCK = 1 << 20  # bytes
EARLIEST = (1980, 1, 1, 0, 0, 0)  # ZIP's calendar begins here


def write_zip(
    folder: Path, target: Path, *, top: str, at: datetime, progress: Progress = silent
) -> None:
    """Write every file of the folder below `top`; the same files give the same bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    total, done = sum(path.stat().st_size for path in files), 0
    target.touch(disk.FILE_MODE, exist_ok=False)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in files:
            name = path.relative_to(folder).as_posix()
            entry = zipfile.ZipInfo(f"{top}/{name}", max(at.timetuple()[:6], EARLIEST))
            entry.external_attr = disk.FILE_MODE << 16
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as inner:
                while block := source.read(BLOCK):
                    inner.write(block)
                    done += len(block)
                    progress(done, total, "packing")
