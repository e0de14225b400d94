"""What a dock needs of a camera, and the one rule about wiping it.

Each make implements `Camera` in a file or folder of its own. A camera MUST list what it holds
without changing it, and MUST refuse to wipe without a receipt for exactly these bytes.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import RefusedError
from bodyworn.core.terms import Durability
from bodyworn.core.types import Device, Manifest, Receipt

ENOUGH = frozenset({Durability.RECORDED, Durability.INTEGRATED, Durability.PUBLISHED})
"""What a receipt must say before a camera may be wiped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One recording that lies on a camera."""

    manifest: Manifest  # what the camera says about it
    size: int  # bytes
    path: Path  # where it lies
    sidecars: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)  # (name, bytes)

    def open(self) -> BinaryIO:
        """Its bytes, to be read once from the beginning. Raises OSError."""
        return self.path.open("rb")


class Camera(Protocol):
    """A source of recordings. MAY be a real camera, a card, a folder or a simulation."""

    @property
    def device(self) -> Device:
        """Serial, make and model."""

    @property
    def may_be_wiped(self) -> bool:
        """False for what is not ours to empty, as a person's folder."""

    def clock(self) -> datetime | None:
        """The camera's own time now, UTC; None where it tells none."""

    def held(self) -> list[Held]:
        """What it holds, newest last. Raises MissingError where the camera is gone."""

    def wipe(self, held: Held, receipt: Receipt) -> None:
        """Forget one recording. Raises RefusedError: camera.no-receipt, camera.never-wiped."""


def check_receipt(held: Held, receipt: Receipt, *, digest: Sha256) -> None:
    """Pass if this receipt is for exactly these bytes of this camera, and for rows, not hopes.

    Raises RefusedError: camera.no-receipt. `digest` is of the bytes as they lie on the camera:
    a receipt for other bytes under the same name is no receipt.
    """
    manifest = held.manifest
    matches = (
        receipt.sha256 == digest
        and receipt.size == held.size
        and receipt.device == manifest.device
        and receipt.sequence == manifest.sequence
        and receipt.durability in ENOUGH
    )
    if not matches:
        raise RefusedError(
            "camera.no-receipt",
            f"{manifest.filename} stays on the camera: this receipt is not for it.",
            hint="Dock the camera again; it is wiped as soon as a receipt for its bytes is there.",
        )
