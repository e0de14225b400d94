"""Running hashes: remembered between appends, rebuilt after a restart."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Protocol, Self

_MOST_STATES = 1024  # hash states kept in memory, about 200 bytes each


PlainFrom = Callable[[int], Iterator[memoryview]]
"""All plain bytes from an offset on."""


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

    def take(self, upload: str, offset: int, plain_from: PlainFrom) -> Hash:
        """The state at `offset`; what is not remembered is read again, from where it is not."""
        with self._lock:
            at, state = self._states.pop(upload, (0, hashlib.sha256()))
        if at > offset:
            at, state = 0, hashlib.sha256()
        return state if at == offset else _hash_on(state, plain_from(at))

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


def _hash_on(state: Hash, blocks: Iterator[memoryview]) -> Hash:
    for block in blocks:
        state.update(block)
    return state
