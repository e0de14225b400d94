"""Receipts: a signed note that says what had become of a recording's bytes, and when.

Only against a receipt may a camera be wiped. It states one of four words, no more than was
true when it was signed. The first line, `<origin>/receipt`, keeps a receipt from ever passing
for a checkpoint of the same key.
"""

import re
from typing import Any

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.core.terms import Durability
from bodyworn.core.types import Receipt
from bodyworn.custody.note import Signer, Verifier, open_note, sign_note

PLAIN = re.compile(r"[^\x00-\x1f\x7f]+")
HEX_HASH = re.compile(r"[0-9a-f]{64}")
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")

_MEANINGS = {
    Durability.RECEIVED: (
        "The bytes are on disk, flushed, and their digest is the one stated; "
        "no record refers to them yet."
    ),
    Durability.RECORDED: (
        "The recording and its custody events are committed in the database; "
        "the events wait for their place in the log."
    ),
    Durability.INTEGRATED: (
        "The event named here has its place in the log's Merkle tree; "
        "the log has not signed that tree yet."
    ),
    Durability.PUBLISHED: (
        "The event named here is in a tree whose checkpoint the log has signed; "
        "removing it would contradict that signature."
    ),
}


def meaning(durability: Durability) -> str:
    """What one of the four words promises, in a sentence."""
    return _MEANINGS[durability]


def write_receipt(receipt: Receipt, signer: Signer) -> str:
    """The receipt as a signed note. Raises RefusedError for a value that fits on no line."""
    body = _body(receipt, origin=signer.name)
    try:
        genuine = _read_body(body, origin=signer.name)
    except DamagedError as error:
        raise RefusedError("receipt.unwritable", error.message) from None
    if _body(genuine, origin=signer.name) != body:
        raise RefusedError("receipt.unwritable", "This receipt would be read differently.")
    return sign_note(body, signer)


def read_receipt(note: str | bytes, verifier: Verifier) -> Receipt:
    """The receipt, if this key signed it. Raises DamagedError (`receipt.malformed`)."""
    text = open_note(note, [verifier]).text
    receipt = _read_body(text, origin=verifier.name)
    # One receipt, one text: whatever would be written differently was not written by us.
    if _body(receipt, origin=verifier.name) != text:
        raise DamagedError("receipt.malformed", "The receipt is not in its own form.")
    return receipt


def _body(receipt: Receipt, *, origin: str) -> str:
    lines = {
        "reference": receipt.reference,
        "sha256": receipt.sha256.hex,
        "size": receipt.size,
        "device": receipt.device,
        "sequence": receipt.sequence,
        "durability": receipt.durability.value,
        "at": iso(receipt.at),
        "event": receipt.event,
    }
    stated = [f"{name} {value}" for name, value in lines.items() if value is not None]
    return "\n".join([f"{origin}/receipt", *stated]) + "\n"


def _read_body(text: str, *, origin: str) -> Receipt:
    title, *lines = text.removesuffix("\n").split("\n")
    if title != f"{origin}/receipt":
        raise DamagedError("receipt.malformed", "This note is no receipt of this log.")
    values = dict(_name_and_value(line) for line in lines)
    try:
        return _receipt(values)
    except (KeyError, ValueError):
        raise DamagedError("receipt.malformed", "The receipt lacks a line or spoils one.") from None


def _name_and_value(line: str) -> tuple[str, str]:
    name, _, value = line.partition(" ")
    if not PLAIN.fullmatch(value):
        raise DamagedError("receipt.malformed", f"The receipt has no plain value for {name!r}.")
    return name, value


def _receipt(values: dict[str, Any]) -> Receipt:
    sequence = values.get("sequence")
    return Receipt(
        reference=values["reference"],
        sha256=Sha256.parse(values["sha256"]),
        size=_number(values["size"]),
        device=values.get("device"),
        sequence=None if sequence is None else _number(sequence),
        durability=Durability(values["durability"]),
        at=parse_iso(values["at"]),
        event=_matching(HEX_HASH, values["event"]),
    )


def _number(text: str) -> int:
    return int(_matching(NUMBER, text))


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text
