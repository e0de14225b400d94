"""Custody events as leaves of the log: what is public about an event, and what only commits.

A leaf is public and can never be removed, so it names nobody. Who, what and why stand in it
as salted commitments: SHA-256 of 16 random bytes and the canonical JSON of the value. Whoever
holds value and salt can show that the leaf means this; once both are erased, nobody can tell
what it meant, while the tree stays whole.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bodyworn.core.canonical import canonical
from bodyworn.core.clock import iso
from bodyworn.core.errors import DamagedError, MissingError
from bodyworn.core.types import CustodyEvent
from bodyworn.custody.tree import leaf_hash

VERSION = 1
SALT_SIZE = 16
COMMITTED = ("subject", "actor", "detail")
DISAGREES = {
    "type": "event.type-disagrees",
    "operation": "event.operation-disagrees",
    "time": "event.time-disagrees",
    "subject": "event.subject-disagrees",
    "actor": "event.actor-disagrees",
    "detail": "event.detail-disagrees",
}

Random = Callable[[], bytes]
"""Answers 16 bytes that nobody can guess."""


def fresh() -> bytes:
    """16 bytes from the operating system."""
    return secrets.token_bytes(SALT_SIZE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The public side of one event; text as it stands in the leaf."""

    v: int  # version of this form
    type: str  # PREMIS word
    operation: str | None  # section 62 word
    time: str  # RFC 3339, UTC, milliseconds
    id: str  # 16 random bytes, hexadecimal
    evidence: str | None  # pseudonym of the recording, hexadecimal
    subject: str  # commitment, hexadecimal
    actor: str  # commitment, hexadecimal
    detail: str  # commitment to detail and purpose, hexadecimal


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """A leaf, and the salts that open it; keep the salts away from the log."""

    leaf: bytes  # the exact bytes to be logged
    leaf_hash: bytes  # 32 bytes, its name in receipts and proofs
    id: bytes  # 16 bytes
    salts: dict[str, bytes]  # `subject`, `actor`, `detail`: 16 bytes each


def seal_event(
    event: CustodyEvent,
    *,
    new_id: Random = fresh,
    salt: Random = fresh,
    pseudonym: bytes | None = None,
) -> SealedEvent:
    """Make the leaf of an event.

    `pseudonym` (see `pseudonym_of`) lets whoever holds it count the events of one recording.
    Raises DamagedError where the detail has no canonical form.
    """
    identity = new_id()
    salts = {name: salt() for name in COMMITTED}
    values = _committed_values(event)
    leaf = canonical(
        _public_values(event)
        | {"v": VERSION, "id": identity.hex(), "evidence": pseudonym.hex() if pseudonym else None}
        | {name: commitment(values[name], salt=salts[name]).hex() for name in COMMITTED}
    )
    return SealedEvent(leaf, leaf_hash(leaf), identity, salts)


def open_event(leaf: bytes, salts: Mapping[str, bytes], event: CustodyEvent) -> None:
    """Check that this leaf is about this event.

    Raises DamagedError named for the first field that disagrees (`event.actor-disagrees`),
    and MissingError (`event.salt-erased`) where everything agrees but what can no longer be
    checked.
    """
    found = read_leaf(leaf)
    for name, value in _public_values(event).items():
        _agree(name, getattr(found, name) == value)
    values = _committed_values(event)
    for name in COMMITTED:
        if name in salts:
            expected = commitment(values[name], salt=salts[name]).hex()
            _agree(name, getattr(found, name) == expected)
    erased = [name for name in COMMITTED if name not in salts]
    if erased:
        raise MissingError(
            "event.salt-erased",
            f"The salt for {' and '.join(erased)} is gone; the rest agrees.",
            hint="After a lawful erasure that is as it should be.",
            fields=erased,
        )


def read_leaf(leaf: bytes) -> Leaf:
    """The public side of a leaf. Raises DamagedError (`event.not-a-leaf`)."""
    try:
        value = json.loads(leaf)
        found = Leaf(**value)
        genuine = canonical(value) == leaf and _has_right_types(found)
    except (ValueError, TypeError, RecursionError, DamagedError):
        genuine = False
    if not genuine:
        raise DamagedError("event.not-a-leaf", "These bytes are no event of this log.")
    return found


def commitment(value: Any, *, salt: bytes) -> bytes:
    """SHA-256 of the 16-byte salt and the canonical bytes of the value.

    >>> commitment("4471QK", salt=bytes(16)).hex()[:8]
    '9e9eeb79'
    """
    return _salted(salt, canonical(value))


def pseudonym_of(reference: str, *, salt: bytes) -> bytes:
    """The name of a recording in the log: SHA-256 of its own 16-byte salt and its reference."""
    return _salted(salt, reference.encode())


def _has_right_types(found: Leaf) -> bool:
    texts = (found.type, found.time, found.id, found.subject, found.actor, found.detail)
    maybe = (found.operation, found.evidence)
    return (
        type(found.v) is int
        and found.v == VERSION
        and all(isinstance(text, str) for text in texts)
        and all(text is None or isinstance(text, str) for text in maybe)
    )


def _salted(salt: bytes, data: bytes) -> bytes:
    if len(salt) != SALT_SIZE:
        raise DamagedError("event.salt-size", f"A salt has {SALT_SIZE} bytes.")
    return sha256(salt + data).digest()


def _public_values(event: CustodyEvent) -> dict[str, Any]:
    operation = event.operation.value if event.operation else None
    return {"type": event.type.value, "operation": operation, "time": iso(event.at)}


def _committed_values(event: CustodyEvent) -> dict[str, Any]:
    """Purpose stands beside the detail, where no key of the detail can be taken for it."""
    purpose = event.purpose.value if event.purpose else None
    return {
        "subject": event.subject,
        "actor": event.actor,
        "detail": {"detail": event.detail, "purpose": purpose},
    }


def _agree(name: str, agrees: bool) -> None:
    if not agrees:
        raise DamagedError(DISAGREES[name], f"The {name} of this event is not what was logged.")
