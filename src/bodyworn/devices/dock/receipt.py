"""A receipt as the API writes it."""

from dataclasses import dataclass
from typing import Any

from bodyworn.core.clock import parse_iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import Durability
from bodyworn.core.types import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReceipt:
    """A receipt with the words that were signed."""

    receipt: Receipt
    note: str  # the signed note as text; empty where the house signs none
    data: dict[str, Any]  # the answer as it came, for the journal


def receipt_from_dict(data: Any) -> SignedReceipt:
    """Read the API's JSON object. Raises DamagedError: dock.receipt-unreadable."""
    try:
        receipt = Receipt(
            reference=_text(data["reference"]),
            sha256=Sha256.parse(_text(data["sha256"])),
            size=_whole(data["size"]),
            device=_text(data["device"]) if data.get("device") is not None else None,
            sequence=_whole(data["sequence"]) if data.get("sequence") is not None else None,
            durability=Durability(data["durability"]),
            at=parse_iso(_text(data["at"])),
            event=_text(data["event"]),
        )
        return SignedReceipt(receipt=receipt, note=_text(data.get("note") or ""), data=data)
    except (KeyError, TypeError, ValueError, AttributeError, DamagedError):
        raise DamagedError(
            "dock.receipt-unreadable", "The answer of the evidence store is no receipt."
        ) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value
