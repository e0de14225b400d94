"""A copy of the log as it was at one size, file by file, from a log that may have grown since.

What a tree of so many entries needs are full tiles, which never change, and the unfinished ones at
its right edge, which are the beginnings of what may be full by now. Nothing here is believed or
checked: `custody.verify` judges the copy like any other log.
"""

from collections.abc import Iterator
from pathlib import Path

from bodyworn.core.tasks import Progress, silent
from bodyworn.custody.edge import WIDTH
from bodyworn.custody.files import write_durably
from bodyworn.custody.tiles import (
    bundle_path,
    encode_bundle,
    read_bundle,
    read_tile,
    tile_path,
    width_at,
)

AT_ONCE = 128  # files in memory and in one flush

Place = tuple[int | None, int, int]  # (level, None for entries; index; width)


def copy_log(source: Path, target: Path, *, size: int, progress: Progress = silent) -> int:
    """Copy what a tree of `size` entries needs and `target` has not; how many files.

    Raises DamagedError where a file is missing or has not its length; SetupError disk.full.
    """
    missing = [place for place in _places(size) if not (target / _name(place)).exists()]
    for start in range(0, len(missing), AT_ONCE):
        some = missing[start : start + AT_ONCE]
        write_durably([(target / _name(place), _read(source, place)) for place in some])
        progress(start + len(some), len(missing), "files of the log")
    return len(missing)


def _places(size: int) -> Iterator[Place]:
    """Every file that a tree of this size needs, entries first."""
    for index in range(-(-size // WIDTH)):
        yield None, index, width_at(size, 0, index)
    level = 0
    while size >> 8 * level:
        for index in range(-(-(size >> 8 * level) // WIDTH)):
            yield level, index, width_at(size, level, index)
        level += 1


def _name(place: Place) -> str:
    level, index, width = place
    if level is None:
        return bundle_path(index, width=width)
    return tile_path(level, index, width=width)


def _read(source: Path, place: Place) -> bytes:
    level, index, width = place
    if level is None:
        return encode_bundle(read_bundle(source, index, width=width))
    return read_tile(source, level, index, width=width)
