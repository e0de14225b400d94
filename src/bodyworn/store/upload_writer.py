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
from functools import partial
from pathlib import Path

from bodyworn.core.errors import RefusedError
from bodyworn.core.types import Arrival
from bodyworn.store import disk
from bodyworn.store.upload_aside import Aside
from bodyworn.store.upload_notes import Checksum
from bodyworn.store.upload_refusals import too_large
from bodyworn.store.upload_states import BLOCK, Hash

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
        self._start = offset  # of this append
        self._kept = offset  # up to here file and hash agree
        self._written = offset  # up to here they are at work
        self._end = offset + room
        self._checksum = checksum
        self._before = state.copy() if checksum else None
        self._check = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._aside = Aside()
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
        self._settle()
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
            self._settle()
        finally:
            if self._before:
                self._kept, self.state = self._start, self._before
            self._written, self._fill = self._kept, self._first
            # A block of which only half fitted on the disk is cut off again, too.
            os.ftruncate(self._handle, self._kept)

    def close(self) -> None:
        """Flush what is kept: an offset that was answered survives a power cut."""
        try:
            self._aside.close()
            with disk.full_disk_explained():
                os.fdatasync(self._handle)
        finally:
            os.close(self._handle)

    def _turn(self) -> None:
        """Have the half hashed and written, and go on with the other one once that is free."""
        if self._fill == self._first:
            return
        filled, place = self._halves[self._which][self._first : self._fill], self._written
        self._settle()
        self._written += len(filled)
        self._which = 1 - self._which
        self._first = self._fill = self._written % _ALIGN
        self._aside.begin(
            partial(self._absorb, filled),
            partial(self._store, filled, place),
            is_large=len(filled) > BLOCK // 2,
        )

    def _settle(self) -> None:
        """Wait for hash and disk; only then is a block kept."""
        try:
            self._aside.wait()
        except BaseException:
            # The hash may know more than the file now: the next append reads the file again.
            self.state, self._written, self._fill = None, self._kept, self._first
            raise
        self._kept = self._written

    def _absorb(self, block: memoryview) -> None:
        if self.state:
            self.state.update(block)
        if self._check:
            self._check.update(block)

    def _store(self, filled: memoryview, place: int) -> None:
        """A ragged beginning, whole blocks past the cache, a ragged end."""
        ragged = -place % _ALIGN
        straight = ragged + (len(filled) - ragged) // _ALIGN * _ALIGN
        with disk.full_disk_explained():
            if straight - ragged < _WORTH_IT or not self._may_be_direct:
                self._put(filled, place)
                return
            self._put(filled[:ragged], place)
            self._put_direct(filled[ragged:straight], place + ragged)
            self._put(filled[straight:], place + straight)

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
