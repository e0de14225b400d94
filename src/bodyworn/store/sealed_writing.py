"""A stream into a sealed file: hashed, sealed and written while the next block is read."""

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from bodyworn.core.digest import Sha256
from bodyworn.core.tasks import Progress
from bodyworn.store import disk
from bodyworn.store.chunk_file import BLOCK, Blocks, ChunkFile
from bodyworn.store.sealed import PLAIN, Seal
from bodyworn.store.upload_aside import Aside

_Fill = Callable[[memoryview], int]


def write_sealed(
    stream: BinaryIO, path: Path, seal: Seal, *, blocks: Blocks, progress: Progress
) -> tuple[Sha256, int]:
    """Seal everything that the stream still holds into a new file, and flush it.

    The digest and the size in bytes of the plain text. Raises SetupError disk.full.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, disk.FILE_MODE)
    try:
        out = ChunkFile(handle, seal, blocks.sealed)
        out.begin()
        found = _pour(stream, out, blocks, progress)
        with disk.full_disk_explained():
            os.fdatasync(handle)
    finally:
        os.close(handle)
    return found


def _pour(
    stream: BinaryIO, out: ChunkFile, blocks: Blocks, progress: Progress
) -> tuple[Sha256, int]:
    state, size, aside = hashlib.sha256(), 0, Aside()
    fill = _filling(stream)
    try:
        while True:
            half = blocks.plain[size // BLOCK % 2]
            count = fill(half)
            aside.wait()
            first, size = size // PLAIN, size + count
            if count < BLOCK:
                break
            works = partial(state.update, half), partial(out.put, half, first)
            aside.begin(*works, is_large=True)
            progress(size, 0, "keeping")
    finally:
        aside.close()
    full = count // PLAIN * PLAIN
    state.update(half[:count])
    out.put(half[:full], first)
    out.put_last(half[full:count], first + full // PLAIN)
    progress(size, 0, "keeping")
    return Sha256(state.digest()), size


def _filling(stream: BinaryIO) -> _Fill:
    """Fills a block, however little the stream gives at a time; less only at its end."""
    readinto = getattr(stream, "readinto", None) or partial(_read_into, stream)

    def fill(block: memoryview) -> int:
        done = 0
        while done < len(block) and (got := readinto(block[done:])):
            done += got
        return done

    return fill


def _read_into(stream: BinaryIO, into: memoryview) -> int:
    """For streams that can only `read`."""
    data = stream.read(len(into))
    into[: len(data)] = data
    return len(data)
