"""Asking another process for keys: a Unix socket in the data folder, one question a connection.

    question   4 bytes of length, then JSON: {"ask": "release", "event": …, "digests": […]}
    answer     the same form: {"keys": {…}} or {"slots": {…}} or {"error": {…}}

The bucket keys are used by one process, the keeper; doors, pages and commands ask it. Both ends see
to it that the other is the same user (SO_PEERCRED): the folder's rights say so already, and rights
are changed by accident. No framework and no table here, because a door asks too. What is given to
whom is `work.keys`' to judge; the answering end is `work.key_server`.
"""

import json
import os
import socket
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import (
    BodywornError,
    BusyError,
    DamagedError,
    MissingError,
    RefusedError,
    SetupError,
)
from bodyworn.store.keyring import Bucket
from bodyworn.store.seal import Slot
from bodyworn.store.sealed import DataKey

LARGEST = 1 << 20  # bytes of a question or an answer
MOST_KEYS = 1000  # that one question may ask for
PATIENCE = 15.0  # seconds for an answer: the service itself waits for the log for less
_LENGTH = struct.Struct(">I")
_CREDENTIALS = struct.Struct("3i")  # Linux, unix(7): process, user, group
Answer = TypeVar("Answer")
_KINDS = {kind.__name__: kind for kind in (DamagedError, MissingError, RefusedError, SetupError)}


@dataclass(frozen=True, slots=True)
class KeyClient:
    """The key service as other processes see it; threads may share one."""

    path: Path  # of the socket
    patience: float = PATIENCE  # seconds

    def release(self, event: str, digests: Sequence[Sha256]) -> dict[Sha256, DataKey]:
        """The keys that this event of custody opens. Raises what `work.keys` raises."""
        keys: dict[Sha256, DataKey] = {}
        for some in _batches(digests):
            keys |= self._asked(_keys_from, {"ask": "release", "event": event, "digests": some})
        return keys

    def arrived(self, upload: str) -> dict[Sha256, DataKey]:
        """The keys of an upload that waits to be recorded. Raises RefusedError keys.recorded, …"""
        return self._asked(_keys_from, {"ask": "arrived", "upload": upload})

    def moved(self, digests: Sequence[Sha256], bucket: str) -> dict[Sha256, Slot]:
        """Their keys wrapped for this bucket; no key itself comes out."""
        slots: dict[Sha256, Slot] = {}
        for some in _batches(digests):
            slots |= self._asked(_slots_from, {"ask": "moved", "digests": some, "bucket": bucket})
        return slots

    def _asked(self, read: Callable[[Any], Answer], question: dict[str, Any]) -> Answer:
        try:
            with connected(self.path, self.patience) as line:
                send(line, question)
                answer = receive(line)
        except OSError as error:
            raise _away() from error
        if "error" in answer:
            raise error_from(answer["error"])
        try:
            return read(answer)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise malformed() from None


@contextmanager
def connected(path: Path, patience: float) -> Iterator[socket.socket]:
    """A line to the service, given up after `patience` seconds without a byte."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line, short_name(path) as name:
        line.settimeout(patience)
        line.connect(name)
        refuse_others(line)
        yield line


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """The same socket under a name that fits: an address holds 107 bytes, a data folder's path
    may have more."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def refuse_others(line: socket.socket) -> None:
    """Speak to processes of our own user only. Raises RefusedError keys.other-user."""
    told = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    if _CREDENTIALS.unpack(told)[1] != os.geteuid():
        raise RefusedError(
            "keys.other-user",
            "The key service and whoever asks it must be the same user.",
            hint="Run every part as the user that owns the data folder.",
        )


def send(line: socket.socket, message: Mapping[str, Any]) -> None:
    """One message. Raises OSError."""
    data = json.dumps(message, separators=(",", ":")).encode()
    line.sendall(_LENGTH.pack(len(data)) + data)


def receive(line: socket.socket) -> dict[str, Any]:
    """One message. Raises OSError where it ends early, DamagedError keys.malformed."""
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    if length > LARGEST:
        raise malformed()
    try:
        message = json.loads(_exactly(line, length))
    except (ValueError, RecursionError):
        raise malformed() from None
    if not isinstance(message, dict):
        raise malformed()
    return message


def malformed() -> DamagedError:
    """What was said on the socket is not a question or an answer."""
    return DamagedError("keys.malformed", "The key service and whoever asks it misunderstand.")


def error_as_dict(error: BodywornError) -> dict[str, Any]:
    """An error for the line: its class, and what it says."""
    return {"kind": type(error).__name__, "status": error.http_status, **error.as_dict()}


def error_from(told: dict[str, Any]) -> BodywornError:
    """The same error again, as if it had been raised here."""
    facts = dict(told)
    kind, status = facts.pop("kind", ""), facts.pop("status", None)
    code, message, hint = (facts.pop(name, None) for name in ("code", "message", "hint"))
    if not isinstance(code, str):
        return malformed()
    if kind == BusyError.__name__:
        return BusyError(code, message, hint=hint, **facts)
    return _KINDS.get(kind, BodywornError)(code, message, hint=hint, status=status, **facts)


def slot_as_list(slot: Slot) -> list[Any]:
    """A wrapped key for the line."""
    return [slot.bucket.name, slot.bucket.generation, slot.wrapped.hex()]


def _slots_from(answer: dict[str, Any]) -> dict[Sha256, Slot]:
    return {
        Sha256.parse(one): Slot(Bucket(name, generation), bytes.fromhex(wrapped))
        for one, (name, generation, wrapped) in answer["slots"].items()
    }


def _keys_from(answer: dict[str, Any]) -> dict[Sha256, DataKey]:
    told = answer["keys"].items()
    return {Sha256.parse(one): DataKey(bytes.fromhex(key)) for one, key in told}


def _exactly(line: socket.socket, length: int) -> bytes:
    blocks: list[bytes] = []
    while length > 0:
        block = line.recv(min(length, 1 << 16))
        if not block:
            raise ConnectionError("the line was closed in the middle of a message")
        blocks.append(block)
        length -= len(block)
    return b"".join(blocks)


def _batches(digests: Sequence[Sha256]) -> Iterator[list[str]]:
    for at in range(0, len(digests), MOST_KEYS):
        yield [digest.hex for digest in digests[at : at + MOST_KEYS]]


def _away() -> BusyError:
    return BusyError(
        "keys.away",
        "The keys cannot be had now, so no footage can be opened.",
        retry_after=5,
        hint="Try again in a few seconds. If it stays so, `bodyworn check` says what is wrong.",
    )
