"""Tickets: what a door believes, and the only thing that it believes.

A ticket is a small JSON object and its HMAC-SHA256 (RFC 2104), both in base64url without padding
(RFC 4648 section 5), joined by a full stop. Pages and API sign tickets after their rules have
said yes; the doors read them and ask nobody. A ticket is a bearer's: it is short-lived, and it
names exactly one thing to do. Who may have one is for `rules.access` to say; using it is for
`web.door`. No framework here: a door imports this module.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, RefusedError, SetupError

VERSION = 1
KEY_SIZE = 32  # bytes
LARGEST_TEXT = 8192  # characters; fits into any server's limit for one header line
# Signed together with the body, so that the same key could never sign a ticket by accident
# while signing something else.
_CONTEXT = b"bodyworn ticket\n"
_AGAIN = "Ask for a new one: open the page again, or let the dock sign in again."

Kind = Literal["upload", "read"]
Part = tuple[Sha256, int]  # (digest of the plain bytes, size in bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One thing that somebody may do at a door until a moment."""

    kind: Kind  # bring bytes in, or read them
    sender: str  # to whom it was given, `system:dock:BX-07`
    expires_at: int  # whole seconds since 1970 UTC; at this second it is over
    largest: int | None = None  # bytes that one upload may have; None leaves it to the door
    upload: str | None = None  # the one upload it is good for; None lets the bearer create some
    parts: tuple[Part, ...] = ()  # what may be read, one after the other, as one file
    media_type: str | None = None  # of the whole, `video/mp4`
    filename: str | None = None  # set: the file is handed out as an attachment of this name
    view: str | None = None  # opaque id of the consultation event


def sign(ticket: Ticket, key: bytes) -> str:
    """The ticket as text for a header or a query string; about 200 characters.

    >>> ticket = Ticket(kind="upload", sender="system:dock:BX-07", expires_at=1_776_000_000)
    >>> read(sign(ticket, bytes(32)), bytes(32), datetime.fromisoformat("2026-04-12T12:00Z")).sender
    'system:dock:BX-07'
    """
    body = _base64(json.dumps(_as_dict(ticket), separators=(",", ":")).encode())
    text = f"{body}.{_base64(_mac(body, key))}"
    if len(text) > LARGEST_TEXT:
        raise RefusedError("ticket.too-large", "A ticket cannot name that many things.", status=413)
    return text


def read(text: str, key: bytes, now: datetime) -> Ticket:
    """The ticket behind this text. Raises RefusedError: ticket.forged, .version or .expired."""
    if len(text) > LARGEST_TEXT or not text.isascii():
        raise _forged()
    body, _, mac = text.partition(".")
    if not hmac.compare_digest(_unbase64(mac), _mac(body, key)):
        raise _forged()
    ticket = _from_dict(json.loads(_unbase64(body)))
    if now.timestamp() >= ticket.expires_at:
        raise RefusedError("ticket.expired", "This ticket is over.", hint=_AGAIN, status=401)
    return ticket


def load_key(path: Path) -> bytes:
    """The 32 bytes that sign tickets. Raises SetupError: ticket.key-missing, .key-wrong-size."""
    hint = "Run `bodyworn init` once; it makes the keys of a data folder."
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        raise SetupError(
            "ticket.key-missing", "There is no key to sign tickets with.", hint=hint
        ) from None
    if len(key) != KEY_SIZE:
        raise SetupError("ticket.key-wrong-size", f"A ticket key has {KEY_SIZE} bytes.", hint=hint)
    return key


def _forged() -> RefusedError:
    return RefusedError("ticket.forged", "This is no ticket of ours.", hint=_AGAIN, status=401)


def _mac(body: str, key: bytes) -> bytes:
    return hmac.digest(key, _CONTEXT + body.encode(), hashlib.sha256)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _forged() from None
    # One ticket, one text: base64 has spare bits, and a text that differs only in them would
    # be a second name for the same ticket in logs.
    if _base64(data) != text:
        raise _forged()
    return data


def _as_dict(ticket: Ticket) -> dict[str, Any]:
    """One-letter keys, and none for what is not set: a ticket travels with every request."""
    fields = {
        "v": VERSION,
        "k": ticket.kind,
        "s": ticket.sender,
        "e": ticket.expires_at,
        "l": ticket.largest,
        "u": ticket.upload,
        "p": [[digest.hex, size] for digest, size in ticket.parts] or None,
        "m": ticket.media_type,
        "f": ticket.filename,
        "w": ticket.view,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _from_dict(fields: dict[str, Any]) -> Ticket:
    """The signature was right, so what does not fit here was signed by another version of us."""
    try:
        if fields["v"] != VERSION:
            raise ValueError
        return Ticket(
            kind=fields["k"],
            sender=fields["s"],
            expires_at=fields["e"],
            largest=fields.get("l"),
            upload=fields.get("u"),
            parts=tuple((Sha256.parse(digest), int(size)) for digest, size in fields.get("p", ())),
            media_type=fields.get("m"),
            filename=fields.get("f"),
            view=fields.get("w"),
        )
    except (KeyError, TypeError, ValueError, DamagedError):
        raise RefusedError(
            "ticket.version", "This ticket was made by another version.", hint=_AGAIN, status=401
        ) from None
