"""Running hashes: remembered between appends, rebuilt after a restart."""

import hashlib
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Protocol, Self

BLOCK = 2 << 20  # bytes; half as large, an append spends a fifth more CPU on handing blocks over
_MOST_STATES = 1024  # hash states kept in memory, about 200 bytes each


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


def _hash_on(state: Hash, path: Path, start: int, end: int) -> Hash:
    with path.open("rb") as stream:
        stream.seek(start)
        while start < end and (block := stream.read(min(BLOCK, end - start))):
            state.update(block)
            start += len(block)
    return state
