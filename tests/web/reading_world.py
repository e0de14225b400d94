"""A data folder with footage in it, a clock that stands still, and tickets for it."""

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bodyworn.core.clock import frozen_clock
from bodyworn.core.digest import Sha256
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Vault
from bodyworn.web.door.ranges import Part, path_of
from bodyworn.web.door.reading import ReadingDoor, Request
from bodyworn.web.door.reading_answer import Answer
from bodyworn.web.door.reading_server import ReadingConfig, free_port
from bodyworn.web.ticket import Ticket, sign

NOW = datetime(2026, 4, 12, 22, 41, 7, tzinfo=UTC)
KEY = bytes(range(32))
PAGES = "http://pages.example:8400"


@dataclass(frozen=True)
class World:
    """What Alice's camera has left in one data folder."""

    root: Path

    @functools.cached_property
    def layout(self) -> Layout:
        return Layout(self.root)

    @functools.cached_property
    def vault(self) -> Vault:
        return Vault(self.layout)

    def kept(self, *blobs: bytes) -> tuple[Part, ...]:
        return tuple((self.vault.keep_bytes(blob), len(blob)) for blob in blobs)

    def sparse(self, size: int, name: bytes = b"sparse") -> Part:
        """A file of zeros that takes no room on the disk; its name is not its digest."""
        digest = Sha256.of(name)
        path = self.layout.blob(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)
        return digest, size

    def door(self, *, pages: str = PAGES, most_pours: int = 8) -> ReadingDoor:
        return ReadingDoor(
            self.vault,
            ticket_key=KEY,
            log=self.layout.log,
            pages_origin=pages,
            clock=frozen_clock(NOW),
            most_pours=most_pours,
        )

    def config(self, **changes: object) -> ReadingConfig:
        fields = {
            "data": self.root,
            "ticket_key": KEY,
            "port": free_port(),
            "pages_origin": PAGES,
            "frozen_at": NOW,
        }
        return ReadingConfig(**(fields | changes))  # type: ignore[arg-type]


def ticket_for(
    parts: tuple[Part, ...],
    *,
    kind: str = "read",
    seconds: int = 60,
    media_type: str | None = "video/mp4",
    filename: str | None = None,
    key: bytes = KEY,
) -> str:
    """Dan's ticket, good for `seconds` from the moment at which the clock stands."""
    ticket = Ticket(
        kind=kind,  # type: ignore[arg-type]
        sender="dan",
        expires_at=int(NOW.timestamp()) + seconds,
        parts=parts,
        media_type=media_type,
        filename=filename,
    )
    return sign(ticket, key)


def address(parts: tuple[Part, ...], **ticket: object) -> str:
    """Path and query of these parts."""
    return f"{path_of(parts)}?t={ticket_for(parts, **ticket)}"  # type: ignore[arg-type]


def ask(door: ReadingDoor, target: str, *, method: str = "GET", **headers: str) -> Answer:
    """The door's answer; `if_range` is the header If-Range."""
    path, _, query = target.partition("?")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return door.answer(Request(path=path, query=query, method=method, headers=named))


class SealedVault(Vault):
    """Bytes at rest are not the plain bytes, and not as many: what an encrypting seal will do."""

    HEAD = b"sealed: "

    def keep_sealed(self, data: bytes) -> Part:
        digest = Sha256.of(data)
        path = self._layout.blob(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.HEAD + _flipped(data))
        return digest, len(data)

    def size(self, digest: Sha256) -> int:
        return super().size(digest) - len(self.HEAD)

    def plain_path(self, digest: Sha256) -> None:
        self.size(digest)

    def read_at(self, digest: Sha256, offset: int, length: int) -> bytes:
        return _flipped(super().read_at(digest, offset + len(self.HEAD), length))


_FLIP = bytes(byte ^ 0xFF for byte in range(256))


def _flipped(data: bytes) -> bytes:
    return data.translate(_FLIP)


def load_sealed(config: ReadingConfig) -> ReadingDoor:
    """A door before a sealed vault; a module's function, because it runs in another process."""
    layout = Layout(config.data)
    return ReadingDoor(
        SealedVault(layout),
        ticket_key=config.ticket_key,
        log=layout.log,
        pages_origin=config.pages_origin,
        clock=frozen_clock(NOW),
    )
