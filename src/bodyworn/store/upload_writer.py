"""Bytes onto the disk and into the hash, and back out again if they were the wrong ones.

A writer belongs to one append under the upload's lock. Its promise: whatever happens, the file
ends exactly where its hash state ends, so that the next append may go on from there.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Protocol, Self

from bodyworn.core.errors import RefusedError
from bodyworn.core.types import Arrival
from bodyworn.store import disk
from bodyworn.store.upload_notes import Checksum

BLOCK = 1 << 20  # bytes
_MOST_STATES = 1024  # hash states kept in memory, about 200 bytes each


class _Hash(Protocol):
    def update(self, data: memoryview | bytes, /) -> None: ...

    def digest(self) -> bytes: ...

    def copy(self) -> Self: ...


class HashStates:
    """Running SHA-256 states by upload, the least used forgotten first; safe between threads.

    A state is (offset, hash of everything before it). Bytes below an offset that was once kept
    never change, so a state that lags behind the file only has to read the rest.
    """

    def __init__(self) -> None:
        """Empty, as after a restart."""
        self._states: OrderedDict[str, tuple[int, _Hash]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, upload: str, path: Path, offset: int) -> _Hash:
        """The state at `offset`; what is not remembered is read again from the file."""
        with self._lock:
            at, state = self._states.pop(upload, (0, hashlib.sha256()))
        if at > offset:
            at, state = 0, hashlib.sha256()
        return _hash_on(state, path, at, offset)

    def put(self, upload: str, offset: int, state: _Hash) -> None:
        """Remember where an append has ended."""
        with self._lock:
            self._states[upload] = (offset, state)
            while len(self._states) > _MOST_STATES:
                self._states.popitem(last=False)

    def forget(self, upload: str) -> None:
        """The upload has ended."""
        with self._lock:
            self._states.pop(upload, None)


class Writer:
    """One append: `write` blocks, then `verify`, then `close`."""

    def __init__(
        self,
        path: Path,
        *,
        offset: int,
        room: int,
        state: _Hash,
        checksum: Checksum | None,
    ) -> None:
        """`room` is how many bytes may come at most; `state` is the hash of those before."""
        self._handle = os.open(path, os.O_WRONLY)
        os.lseek(self._handle, offset, os.SEEK_SET)
        self._start, self._room = offset, room
        self._checksum = checksum
        self._before = state.copy() if checksum else None
        self._check = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self.offset = offset
        self.state = state
        self.arrival: Arrival | None = None  # set once the last byte has finished the upload

    def expect(self, size: int | None) -> None:
        """Refuse at once what is announced and cannot fit. Raises RefusedError as `write` does."""
        if size is not None and size > self._room:
            raise too_large()

    def write(self, block: memoryview | bytes) -> None:
        """Take one block in whole. Raises RefusedError upload.too-large, SetupError disk.full."""
        if len(block) > self._room:
            raise too_large()
        with disk.full_disk_explained():
            disk.write_all(self._handle, block)
        self.state.update(block)
        if self._check:
            self._check.update(block)
        self.offset += len(block)
        self._room -= len(block)

    def verify(self) -> None:
        """Compare what came with the checksum. Raises RefusedError upload.wrong-checksum (460)."""
        if self._check and self._checksum and self._check.digest() != self._checksum.digest:
            raise RefusedError(
                "upload.wrong-checksum",
                "The bytes are not those that the checksum is of; none of them was kept.",
                hint="Send them again from the same offset.",
                status=460,
            )

    def roll_back(self) -> None:
        """After a failure: bytes with a checksum count as a whole or not at all; others stay."""
        if self._before:
            self.offset, self.state = self._start, self._before
        # A block of which only half fitted on the disk is cut off again, too.
        os.ftruncate(self._handle, self.offset)

    def close(self) -> None:
        """Flush what is kept: an offset that was answered survives a power cut."""
        try:
            with disk.full_disk_explained():
                os.fdatasync(self._handle)
        finally:
            os.close(self._handle)


def too_large() -> RefusedError:
    """One answer for all three ends: announced length, ticket and door."""
    return RefusedError(
        "upload.too-large",
        "That is more than this upload may have.",
        hint="Say the right length when creating it, or ask for a ticket that allows more.",
        status=413,
    )


def _hash_on(state: _Hash, path: Path, start: int, end: int) -> _Hash:
    with path.open("rb") as stream:
        stream.seek(start)
        while start < end and (block := stream.read(min(BLOCK, end - start))):
            state.update(block)
            start += len(block)
    return state
