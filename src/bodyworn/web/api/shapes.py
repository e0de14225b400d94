"""What goes over the wire; the contract with docks that are years older than this server.

A field MAY be added, none is ever renamed or taken away within v1.
"""

import base64
import binascii
from typing import Any, Literal

from ninja import Field, Schema

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import RefusedError
from bodyworn.core.types import Receipt
from bodyworn.store.upload_sidecars import LARGEST_SIDECAR, MOST_SIDECARS
from bodyworn.work.house import House
from bodyworn.work.receipts import receipt_as_dict

LARGEST_BASE64 = (LARGEST_SIDECAR + 2) // 3 * 4  # characters


class SidecarIn(Schema):
    """A small file beside the footage: positions, a key, a camera's own notes."""

    name: str = Field(min_length=1, max_length=200)
    base64: str = Field(max_length=LARGEST_BASE64)

    def decoded(self) -> tuple[str, bytes]:
        """Name and bytes. Raises RefusedError api.sidecar-not-base64."""
        try:
            return self.name, base64.b64decode(self.base64, validate=True)
        except (binascii.Error, ValueError):
            raise RefusedError(
                "api.sidecar-not-base64",
                "A sidecar's bytes are given in standard base64.",
                hint="Encode the file's bytes again, with padding and without line breaks.",
                status=422,
            ) from None


class UploadIn(Schema):
    """What a dock has and wants to send."""

    manifest: dict[str, Any] = Field(description="Field names as in the reference of manifests.")
    sidecars: list[SidecarIn] = Field(default_factory=list, max_length=MOST_SIDECARS)
    size: int | None = Field(default=None, ge=0, le=2**53, description="Bytes; null: not known.")
    sha256: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", description="Of the bytes; null: not known."
    )


class ReceiptOut(Schema):
    """Only against a receipt that says recorded, integrated or published may a camera be wiped."""

    reference: str
    sha256: str
    size: int
    device: str | None
    sequence: int | None
    durability: Literal["received", "recorded", "integrated", "published"]
    at: str = Field(description="RFC 3339, UTC: since when that word is true.")
    event: str = Field(description="Leaf hash of the ingestion event, hexadecimal.")
    note: str = Field(description="The receipt as a C2SP signed note.")


class UploadOut(Schema):
    """Where to send the bytes, or the receipt for bytes that are held already."""

    upload: str | None
    url: str | None = Field(description="For HEAD and PATCH by tus 1.0.")
    ticket: str | None = Field(description="Bearer token for that address.")
    expires_at: str | None
    already: ReceiptOut | None


class UploadStateOut(Schema):
    """How an upload stands."""

    upload: str
    state: Literal["growing", "received", "gone"]
    offset: int = Field(description="Bytes that are here, durably.")
    size: int | None
    sha256: str | None
    expires_at: str


class ProblemOut(Schema):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="A sentence for a person.")
    code: str = Field(description="Stable; never changes its meaning.")
    hint: str = Field(description="What to do next.")


def receipt_out(house: House, receipt: Receipt) -> ReceiptOut:
    """A receipt with its signature."""
    return ReceiptOut(**receipt_as_dict(house, receipt))


def digest_in(text: str | None) -> Sha256 | None:
    """A digest of a request; its form was checked with the request."""
    return Sha256.parse(text) if text else None
