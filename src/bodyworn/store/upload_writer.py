"""Bytes into the hash and, sealed, onto the disk, and back out again if they were the wrong ones.

A writer belongs to one append under the upload's lock. Its promise: whatever happens, what is kept
ends exactly where its hash state ends, so that the next append may go on from there.

It hands out its own blocks to be filled, and has each full one hashed and sealed in other threads
while the next one is received. A block is a whole number of chunks, so only an append's end is
ragged: that waits in the tail, sealed too, or becomes the last chunk if the upload is whole.
"""

import hashlib
from functools import partial

from bodyworn.core.errors import RefusedError
from bodyworn.core.types import Arrival
from bodyworn.store.chunk_file import BLOCK, Blocks
from bodyworn.store.sealed import PLAIN
from bodyworn.store.upload_aside import Aside
from bodyworn.store.upload_notes import Checksum, Upload
from bodyworn.store.upload_refusals import too_large
from bodyworn.store.upload_sealed import Arriving
from bodyworn.store.upload_states import Hash


class Writer:
    """One append: fill `space` and say `filled`, or `write`; then `verify`, then `close`."""

    def __init__(
        self,
        into: Arriving,
        found: Upload,
        *,
        state: Hash,
        checksum: Checksum | None,
        blocks: Blocks,
    ) -> None:
        """`found` is the upload as it stands, `state` the hash of its bytes so far."""
        self.arrival: Arrival | None = None  # set once the last byte has finished the upload
        self.state: Hash | None = state  # None once it and the file have gone apart
        self._into = into
        self._chunks = into.chunk_file(blocks.sealed)
        self._start = found.offset
        self._end = found.offset + found.room
        self._whole = found.whole
        self._checksum = checksum
        self._before = state.copy() if checksum else None
        self._check = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._aside = Aside()
        self._halves = blocks.plain
        self._which = 0  # the half that is being filled
        self._first, self._fill = divmod(found.offset, PLAIN)  # its first chunk; its next free byte
        self._hashed = self._fill  # so much of it is hashed already
        self._kept = self._first  # up to this chunk file and hash agree
        self._may_end = True  # whether what is ragged may become tail or last chunk
        self._halves[0][: self._fill] = into.rest() if self._fill else b""

    @property
    def offset(self) -> int:
        """Where the next byte goes."""
        return self._first * PLAIN + self._fill

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
                self._go_back(self._start // PLAIN)
                self.state = self._before
            # A block of which only half fitted on the disk is cut off again, too.
            self._into.cut(self._kept)

    def close(self) -> None:
        """Flush what is kept: an offset that was answered survives a power cut."""
        self._aside.close()
        if not self._may_end or self.offset == self._start:
            self._into.flush()
            return
        try:
            self._keep_rest(self._halves[self._which][: self._fill])
        except BaseException:
            self._go_back(self._kept)
            self._into.cut(self._kept)
            raise

    def _keep_rest(self, rest: memoryview) -> None:
        """The end of the blob, or what the next append begins with."""
        if self.offset == self._whole:
            self._chunks.put_last(rest, self._first)
            self._into.flush()
        else:
            self._into.flush()
            self._into.write_tail(rest, self._first)

    def _turn(self) -> None:
        """Have the whole chunks hashed and sealed, and go on with the rest in the other half."""
        half, fill = self._halves[self._which], self._fill
        full = fill // PLAIN * PLAIN
        self._settle()
        other = self._halves[1 - self._which]
        other[: fill - full] = half[full:fill]
        works = (
            partial(self._absorb, half[self._hashed : fill]),
            partial(self._chunks.put, half[:full], self._first),
        )
        self._which, self._first = 1 - self._which, self._first + full // PLAIN
        self._fill = self._hashed = fill - full
        self._aside.begin(*works, is_large=full > BLOCK // 2)

    def _settle(self) -> None:
        """Wait for hash and disk; only then is a block kept."""
        try:
            self._aside.wait()
        except BaseException:
            self._go_back(self._kept)
            raise
        self._kept = self._first

    def _go_back(self, chunk: int) -> None:
        """Nothing after this chunk is kept, and what lies in the halves is forgotten."""
        # The hash may know more than the file now: the next append reads the file again.
        self.state, self._may_end, self._kept, self._first = None, False, chunk, chunk
        self._fill = self._start % PLAIN if chunk == self._start // PLAIN else 0
        self._hashed = self._fill

    def _absorb(self, block: memoryview) -> None:
        if self.state:
            self.state.update(block)
        if self._check:
            self._check.update(block)
