"""Running hashes: remembered between appends, rebuilt after a restart, run beside the writing.

SHA-256 of a gigabyte takes about as long as receiving and writing it. Where a core is free, a
helper thread hashes one block while the next is received; where none is, the helper would only
cost, so there are half as many helpers as cores, and who finds none hashes by itself.
"""

import hashlib
import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self

BLOCK = 1 << 20  # bytes
_MOST_STATES = 1024  # hash states kept in memory, about 200 bytes each
_HELPERS = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) // 2))


class Hash(Protocol):
    """What hashlib makes."""

    def update(self, data: memoryview | bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """Of all bytes so far."""

    def copy(self) -> Self:
        """A second one that goes its own way from here."""


class HashStates:
    """Running SHA-256 states by upload, the least used forgotten first; safe between threads.

    A state is (offset, hash of everything before it). Bytes below an offset that was once kept
    never change, so a state that lags behind the file only has to read the rest.
    """

    def __init__(self) -> None:
        """Empty, as after a restart."""
        self._states: OrderedDict[str, tuple[int, Hash]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, upload: str, path: Path, offset: int) -> Hash:
        """The state at `offset`; what is not remembered is read again from the file."""
        with self._lock:
            at, state = self._states.pop(upload, (0, hashlib.sha256()))
        if at > offset:
            at, state = 0, hashlib.sha256()
        return state if at == offset else _hash_on(state, path, at, offset)

    def put(self, upload: str, offset: int, state: Hash) -> None:
        """Remember where an append has ended."""
        with self._lock:
            self._states[upload] = (offset, state)
            while len(self._states) > _MOST_STATES:
                self._states.popitem(last=False)

    def forget(self, upload: str) -> None:
        """The upload has ended."""
        with self._lock:
            self._states.pop(upload, None)


class Aside:
    """Hashes one block at a time beside its owner, or at once where no helper is free."""

    def __init__(self, absorb: Callable[[memoryview], None]) -> None:
        """`absorb` takes blocks in order, in whatever thread."""
        self._absorb = absorb
        self._waiting: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_busy = False
        self._helper: threading.Thread | None = None

    def take(self, block: memoryview) -> None:
        """Begin to hash; the block MUST NOT change until `wait` has returned."""
        if self._has_helper(len(block)):
            self._waiting.put(block)
            self._is_busy = True
        else:
            self._absorb(block)

    def wait(self) -> None:
        """Until everything that was taken is hashed."""
        if self._is_busy:
            self._done.get()
            self._is_busy = False

    def close(self) -> None:
        """Let the helper go; what was taken is hashed then."""
        self.wait()
        if self._helper:
            self._waiting.put(None)
            self._helper.join()
            self._helper = None
            _HELPERS.release()

    def _has_helper(self, size: int) -> bool:
        """A thread costs as much as hashing a tenth of a block: not for a small append."""
        if self._helper is None and size >= BLOCK // 2 and _HELPERS.acquire(blocking=False):
            self._helper = threading.Thread(target=self._help, name="hash", daemon=True)
            self._helper.start()
        return self._helper is not None

    def _help(self) -> None:
        while (block := self._waiting.get()) is not None:
            self._absorb(block)
            self._done.put(None)


def _hash_on(state: Hash, path: Path, start: int, end: int) -> Hash:
    with path.open("rb") as stream:
        stream.seek(start)
        while start < end and (block := stream.read(min(BLOCK, end - start))):
            state.update(block)
            start += len(block)
    return state
