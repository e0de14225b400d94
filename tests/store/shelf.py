"""A data folder of its own, a clock that can be moved, and what may lie in it."""

import hashlib
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bodyworn.core.errors import BodywornError
from bodyworn.core.types import Arrival
from bodyworn.store.chunk_file import BLOCK
from bodyworn.store.inbox import arrivals
from bodyworn.store.keyring import KeyFolder
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Slot, Vault
from bodyworn.store.sealed import DataKey
from bodyworn.store.sealed_reading import SealedFile
from bodyworn.store.upload import Uploads
from bodyworn.store.upload_notes import Checksum, Upload

TEN = b"0123456789"
LONG = random.Random(4471).randbytes(3 * BLOCK + 12345)
NOW = datetime(2026, 4, 12, 22, 41, 7, tzinfo=UTC)
DOCK = "system:dock:BX-07"


def code(error: pytest.ExceptionInfo[BodywornError]) -> tuple[str, int]:
    """What was refused, and how the web says it."""
    return error.value.code, error.value.http_status


def sha1(data: bytes) -> Checksum:
    """What a sender says its bytes are."""
    return Checksum(algorithm="sha1", digest=hashlib.sha1(data, usedforsecurity=False).digest())


@dataclass
class Shelf:
    """The store as one process sees it."""

    root: Path
    now: datetime = NOW
    layout: Layout = field(init=False)
    keyring: KeyFolder = field(init=False)
    vault: Vault = field(init=False)
    uploads: Uploads = field(init=False)

    def __post_init__(self) -> None:
        self.layout = Layout(self.root)
        self.keyring = KeyFolder(self.layout.buckets)
        self.restart()

    def restart(self) -> list[Arrival]:
        """Forget everything that was only in memory, as a new process does."""
        self.vault = Vault(self.layout, self.keyring, lambda: self.now)
        self.uploads = Uploads(self.layout, self.vault, lambda: self.now)
        return self.uploads.recover()

    def begun(self, length: int | None = 10, **changes: Any) -> Upload:
        """An upload of Alice's camera, through the dock at Brixton."""
        told: dict[str, Any] = {
            "length": length,
            "sender": DOCK,
            "manifest": {"filename": "0001.mp4", "device": "004471", "sequence": 1},
            "largest": 1 << 24,
            "expires_at": self.now + timedelta(hours=72),
        }
        return self.uploads.create(**told | changes)

    def joined(self, *parts: str, **changes: Any) -> Upload:
        """One upload of several."""
        told: dict[str, Any] = {
            "sender": DOCK,
            "manifest": {"filename": "0001.mp4"},
            "largest": 1 << 24,
            "expires_at": self.now + timedelta(hours=72),
        }
        return self.uploads.join(parts, **told | changes)

    def append(
        self, upload: str, offset: int, data: bytes, checksum: Checksum | None = None
    ) -> Arrival | None:
        """One append that comes through as a whole."""
        with self.uploads.append(upload, offset=offset, checksum=checksum) as writer:
            writer.write(data)
        return writer.arrival

    def parts(self, *pieces: bytes) -> list[str]:
        """Complete parts of an upload."""
        made = []
        for piece in pieces:
            begun = self.begun(length=len(piece), partial=True)
            self.append(begun.id, 0, piece)
            made.append(begun.id)
        return made

    def arrivals(self) -> list[Arrival]:
        """What waits in the inbox."""
        return arrivals(self.layout)

    def key(self, slot: Slot) -> DataKey:
        """What the key service would give."""
        return DataKey(self.keyring.unwrap(slot.bucket, slot.wrapped))

    def files(self) -> set[str]:
        """Every file of the data folder but the keys."""
        found = {str(path.relative_to(self.root)) for path in self.root.rglob("*")}
        return {name for name in found if (self.root / name).is_file() and "keys/" not in name}

    def blobs(self) -> dict[str, bytes]:
        """The plain bytes of every file that lies under a digest, by name."""
        found = (self.layout.blobs / "sha256").rglob("*")
        return {path.name: self.plain(path) for path in found if path.is_file()}

    def plain(self, path: Path) -> bytes:
        """What a sealed file holds, by the key of its birth."""
        with SealedFile.open(path) as file:
            header = file.header()
            opened = file.unlocked(self.key(Slot(header.bucket, header.wrapped)))
            plain = bytearray(opened.size + 1)
            return bytes(plain[: opened.read_into(0, memoryview(plain))])
