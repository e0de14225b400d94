"""Receipts: what has become of a recording's bytes, in one of four words, signed.

A receipt is worked out anew whenever somebody asks, so it says what is true now. Its form and its
signature are `custody.receipt`'s; who may ask is for the API.
"""

from typing import Any

from bodyworn.core.clock import iso
from bodyworn.core.digest import Sha256
from bodyworn.core.terms import CopyKind, EventType
from bodyworn.core.types import Receipt
from bodyworn.custody.receipt import write_receipt
from bodyworn.records import models
from bodyworn.work.house import House
from bodyworn.work.log import standing_of


def receipt_of(house: House, recording: models.Recording) -> Receipt:
    """The receipt of one recording as of now."""
    event = recording.events.filter(type=EventType.INGESTION).order_by("id")[0]
    master = recording.copies.get(kind=CopyKind.MASTER)
    durability, since = standing_of(event)
    return Receipt(
        reference=recording.reference,
        sha256=Sha256.parse(master.sha256),
        size=master.size,
        device=recording.device.serial if recording.device else None,
        sequence=recording.sequence,
        durability=durability,
        at=since or house.now(),
        event=event.leaf_hash,
    )


def signed(house: House, receipt: Receipt) -> str:
    """The receipt as a signed note."""
    return write_receipt(receipt, house.signer)


def receipt_as_dict(house: House, receipt: Receipt) -> dict[str, Any]:
    """The receipt as the API answers it, with the signed note beside the values."""
    return {
        "reference": receipt.reference,
        "sha256": receipt.sha256.hex,
        "size": receipt.size,
        "device": receipt.device,
        "sequence": receipt.sequence,
        "durability": receipt.durability.value,
        "at": iso(receipt.at),
        "event": receipt.event,
        "note": signed(house, receipt),
    }


def recording_of(*, sha256: Sha256) -> models.Recording | None:
    """The recording whose master these bytes are, if they are held."""
    found = models.Recording.objects.select_related("device").filter(
        copies__kind=CopyKind.MASTER, copies__sha256=sha256.hex
    )
    return found.first()
