"""Bytes onto the disk and into the hash, and back out again if they were the wrong ones.

A writer belongs to one append under the upload's lock. Its promise: whatever happens, the file
ends exactly where its hash state ends, so that the next append may go on from there.

Whole blocks go past the page cache (O_DIRECT, open(2)): footage is written once and read much
later, and copying it through the cache costs more than receiving it. That needs memory, places and
lengths in multiples of 4 KiB, so a writer hands out its own aligned buffers to be filled, laid so
that a byte's place in the buffer and in the file agree modulo 4 KiB. What does not fit (a ragged
beginning, the last few bytes, a file system that cannot) goes through the cache.
"""

import errno
import fcntl
import hashlib
import mmap
import os
import threading
from pathlib import Path

from bodyworn.core.errors import RefusedError
from bodyworn.core.types import Arrival
from bodyworn.store import disk
from bodyworn.store.upload_notes import Checksum
from bodyworn.store.upload_refusals import too_large
from bodyworn.store.upload_states import BLOCK, Aside, Hash

_ALIGN = 4096  # bytes; every disk's logical block divides it
_WORTH_IT = 128 << 10  # bytes; less than this is not worth waiting for a disk


class Buffers:
    """Pairs of aligned blocks, handed from one append to the next; safe between threads."""

    def __init__(self) -> None:
        """Made when needed."""
        self._free: list[memoryview] = []
        self._lock = threading.Lock()

    def take(self) -> memoryview:
        """Two blocks in one view, at a page boundary; their old content is still there."""
        with self._lock:
            return self._free.pop() if self._free else memoryview(mmap.mmap(-1, 2 * BLOCK))

    def give_back(self, pair: memoryview) -> None:
        """Nobody may look at it any more."""
        with self._lock:
            self._free.append(pair)


class Writer:
    """One append: fill `space` and say `filled`, or `write`; then `verify`, then `close`."""

    def __init__(
        self,
        path: Path,
        *,
        offset: int,
        room: int,
        state: Hash,
        checksum: Checksum | None,
        pair: memoryview,
    ) -> None:
        """`room` is how many bytes may come at most; `state` is the hash of those before."""
        self.arrival: Arrival | None = None  # set once the last byte has finished the upload
        self.state: Hash | None = state  # None once it and the file have gone apart
        self._handle = os.open(path, os.O_WRONLY)
        self._may_be_direct = True
        self._is_direct = False
        self._start = self._written = offset
        self._end = offset + room
        self._checksum = checksum
        self._before = state.copy() if checksum else None
        self._check = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._aside = Aside(self._absorb)
        self._halves = (pair[:BLOCK], pair[BLOCK:])
        self._which = 0  # the half that is being filled
        self._first = self._fill = offset % _ALIGN  # its first byte and its next free one

    @property
    def offset(self) -> int:
        """Where the next byte goes."""
        return self._written + self._fill - self._first

    def expect(self, size: int | None) -> None:
        """Refuse at once what is announced and cannot fit. Raises RefusedError upload.too-large."""
        if size is not None and size > self._end - self.offset:
            raise too_large()

    def space(self, most: int) -> memoryview:
        """Where the next bytes belong: at least one, at most `most`."""
        return self._halves[self._which][self._fill : min(BLOCK, self._fill + most)]

    def filled(self, count: int) -> None:
        """So many bytes were put into `space`. Raises RefusedError upload.too-large, disk.full."""
        if count > self._end - self.offset:
            raise too_large()
        self._fill += count
        if self._fill == BLOCK:
            self._turn()

    def write(self, block: memoryview | bytes) -> None:
        """Take bytes that lie elsewhere. Raises as `filled` does."""
        rest = memoryview(block)
        while rest:
            space = self.space(len(rest))
            space[:] = rest[: len(space)]
            self.filled(len(space))
            rest = rest[len(space) :]

    def verify(self) -> None:
        """Compare what came with the checksum. Raises RefusedError upload.wrong-checksum (460)."""
        self._turn()
        self._aside.wait()
        if self._check and self._checksum and self._check.digest() != self._checksum.digest:
            raise RefusedError(
                "upload.wrong-checksum",
                "The bytes are not those that the checksum is of; none of them was kept.",
                hint="Send them again from the same offset.",
                status=460,
            )

    def roll_back(self) -> None:
        """After a failure: bytes with a checksum count as a whole or not at all; others stay."""
        try:
            if not self._before:
                self._turn()
        finally:
            self._aside.wait()
            if self._before:
                self._written, self.state = self._start, self._before
            self._fill = self._first
            # A block of which only half fitted on the disk is cut off again, too.
            os.ftruncate(self._handle, self._written)

    def close(self) -> None:
        """Flush what is kept: an offset that was answered survives a power cut."""
        try:
            self._aside.close()
            with disk.full_disk_explained():
                os.fdatasync(self._handle)
        finally:
            os.close(self._handle)

    def _absorb(self, block: memoryview) -> None:
        if self.state:
            self.state.update(block)
        if self._check:
            self._check.update(block)

    def _turn(self) -> None:
        """Write and hash what the half holds, then begin the other half."""
        if self._fill == self._first:
            return
        filled = self._halves[self._which][self._first : self._fill]
        self._aside.wait()  # the other half must be free before anybody fills it
        self._aside.take(filled)
        try:
            with disk.full_disk_explained():
                self._store(filled)
        except BaseException:
            # The hash may know more than the file now: the next append reads the file again.
            self._aside.wait()
            self.state, self._fill = None, self._first
            raise
        self._written += len(filled)
        self._which = 1 - self._which
        self._first = self._fill = self._written % _ALIGN

    def _store(self, filled: memoryview) -> None:
        """A ragged beginning, whole blocks past the cache, a ragged end."""
        ragged = -self._written % _ALIGN
        straight = (len(filled) - ragged) // _ALIGN * _ALIGN
        if straight < _WORTH_IT or not self._may_be_direct:
            self._put(filled, self._written)
            return
        self._put(filled[:ragged], self._written)
        self._put_direct(filled[ragged : ragged + straight], self._written + ragged)
        self._put(filled[ragged + straight :], self._written + ragged + straight)

    def _put_direct(self, block: memoryview, place: int) -> None:
        done = 0
        try:
            self._go(direct=True)
            done = os.pwrite(self._handle, block, place)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._may_be_direct = False  # this file system cannot
        self._put(block[done:], place + done)

    def _put(self, block: memoryview, place: int) -> None:
        if block:
            self._go(direct=False)
        while block:
            done = os.pwrite(self._handle, block, place)
            block, place = block[done:], place + done

    def _go(self, *, direct: bool) -> None:
        if direct != self._is_direct:
            flags = fcntl.fcntl(self._handle, fcntl.F_GETFL) & ~os.O_DIRECT
            fcntl.fcntl(self._handle, fcntl.F_SETFL, flags | (os.O_DIRECT if direct else 0))
            self._is_direct = direct
