"""Sealed chunks into a file, whole blocks of them past the page cache.

Footage is written once and read much later, and copying it through the cache costs more than
sealing it; O_DIRECT (open(2)) needs memory, places and lengths in multiples of 4 KiB, which a
header of 4 KiB, chunks of 64 KiB and page-aligned buffers are. What is not a whole chunk, and what
a file system cannot write directly, goes through the cache. The caller flushes.
"""

import errno
import fcntl
import mmap
import os
import threading

from bodyworn.store import disk
from bodyworn.store.sealed import CHUNK, PLAIN, Kind, Seal, place, sealed_length

CHUNKS = 32  # in a block
SEALED_BLOCK = CHUNKS * CHUNK  # bytes; half as large, handing blocks over costs a fifth more CPU
BLOCK = CHUNKS * PLAIN  # bytes of plain text that make such a block
_WORTH_IT = 2 * CHUNK  # bytes; less than this is not worth waiting for a disk


class Blocks:
    """What one writer needs: two blocks of plain text in turn, and one of sealed chunks."""

    def __init__(self) -> None:
        """Page-aligned, zero."""
        whole = own_pages(3 * SEALED_BLOCK)
        self.sealed = whole[:SEALED_BLOCK]
        second = whole[SEALED_BLOCK : SEALED_BLOCK + BLOCK]
        self.plain = (second, whole[2 * SEALED_BLOCK : 2 * SEALED_BLOCK + BLOCK])


class Buffers:
    """Blocks, handed from one writer to the next; safe between threads."""

    def __init__(self) -> None:
        """Made when needed."""
        self._free: list[Blocks] = []
        self._lock = threading.Lock()

    def take(self) -> Blocks:
        """Their old content is still there."""
        with self._lock:
            return self._free.pop() if self._free else Blocks()

    def give_back(self, blocks: Blocks) -> None:
        """Nobody may look at them any more."""
        with self._lock:
            self._free.append(blocks)


def own_pages(size: int) -> memoryview:
    """So many bytes, page-aligned and zero.

    Private, which Python's default is not: else whoever was forked would read and write in the
    same memory, and find chunks of another process in it.
    """
    return memoryview(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


class ChunkFile:
    """Writes chunks to their places in one open file."""

    def __init__(self, handle: int, seal: Seal, sealed: memoryview) -> None:
        """`sealed` is a page-aligned buffer of SEALED_BLOCK bytes for this writer alone."""
        self._handle = handle
        self._seal = seal
        self._sealed = sealed
        self._may_be_direct = True
        self._is_direct = False

    def begin(self) -> None:
        """Write the header. Raises SetupError disk.full."""
        with disk.full_disk_explained():
            self._write(memoryview(self._seal.header.to_bytes()), 0)

    def put(self, plain: memoryview, first: int) -> None:
        """Seal and write whole chunks, at most CHUNKS of them. Raises SetupError disk.full."""
        if plain:
            self._put(plain, first, Kind.FULL)

    def put_last(self, plain: memoryview, index: int) -> None:
        """Seal and write the end: less than a whole chunk. Raises SetupError disk.full."""
        self._put(plain, index, Kind.LAST)

    def _put(self, plain: memoryview, first: int, kind: Kind) -> None:
        sealed = self._sealed[: sealed_length(len(plain))]
        self._seal.seal_into(plain, sealed, first=first, kind=kind)
        with disk.full_disk_explained():
            if self._may_be_direct and kind is Kind.FULL and len(sealed) >= _WORTH_IT:
                self._write_direct(sealed, place(first))
            else:
                self._write(sealed, place(first))

    def _write_direct(self, block: memoryview, at: int) -> None:
        done = 0
        try:
            self._go(direct=True)
            done = os.pwrite(self._handle, block, at)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._may_be_direct = False  # this file system cannot
        self._write(block[done:], at + done)

    def _write(self, block: memoryview, at: int) -> None:
        if block:
            self._go(direct=False)
        while block:
            done = os.pwrite(self._handle, block, at)
            block, at = block[done:], at + done

    def _go(self, *, direct: bool) -> None:
        if direct != self._is_direct:
            flags = fcntl.fcntl(self._handle, fcntl.F_GETFL) & ~os.O_DIRECT
            fcntl.fcntl(self._handle, fcntl.F_SETFL, flags | (os.O_DIRECT if direct else 0))
            self._is_direct = direct
