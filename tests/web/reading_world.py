"""A data folder with footage in it, a clock that stands still, and tickets for it."""

import functools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bodyworn.core.clock import frozen_clock, system_clock
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import MissingError
from bodyworn.store.keyring import KeyFolder
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Vault
from bodyworn.store.sealed import DataKey, sealed_size
from bodyworn.web.door.ranges import Part, path_of
from bodyworn.web.door.reading import ReadingDoor, Request
from bodyworn.web.door.reading_answer import Answer
from bodyworn.web.door.reading_server import ReadingConfig, free_port
from bodyworn.web.ticket import Ticket, sign

NOW = datetime(2026, 4, 12, 22, 41, 7, tzinfo=UTC)
KEY = bytes(range(32))
VIEW = "ab" * 16
PAGES = "http://pages.example:8400"


@dataclass
class BirthKeys:
    """Gives the keys that blobs were born with to the viewing VIEW, and counts the questions."""

    vault: Vault
    ring: KeyFolder
    asked: int = 0

    def release(self, event: str, digests: Sequence[Sha256]) -> dict[Sha256, DataKey]:
        self.asked += 1
        if event != VIEW:
            raise MissingError("keys.no-event", "There is no such event.")
        slots = {digest: self.vault.slot(digest) for digest in digests}
        return {
            digest: DataKey(self.ring.unwrap(slot.bucket, slot.wrapped))
            for digest, slot in slots.items()
        }


@dataclass(frozen=True)
class World:
    """What Alice's camera has left in one data folder."""

    root: Path

    @functools.cached_property
    def layout(self) -> Layout:
        return Layout(self.root)

    @functools.cached_property
    def vault(self) -> Vault:
        return Vault(self.layout, KeyFolder(self.layout.buckets))

    @functools.cached_property
    def keys(self) -> BirthKeys:
        return BirthKeys(self.vault, KeyFolder(self.layout.buckets))

    def kept(self, *blobs: bytes) -> tuple[Part, ...]:
        return tuple((self.vault.keep_bytes(blob).digest, len(blob)) for blob in blobs)

    def hollow(self, size: int) -> Part:
        """A file of the right length with nothing in it, that takes no room on the disk."""
        digest = Sha256.of(b"hollow")
        path = self.layout.blob(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(sealed_size(size))
        return digest, size

    def zeros(self, size: int) -> Part:
        """A large file that can be read."""
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            kept = self.vault.keep(file)
        return kept.digest, kept.size

    def door(self, *, pages: str = PAGES, most_pours: int = 8) -> ReadingDoor:
        return ReadingDoor(
            self.vault,
            self.keys,
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
    view: str | None = VIEW,
) -> str:
    """Dan's ticket, good for `seconds` from the moment at which the clock stands."""
    ticket = Ticket(
        kind=kind,  # type: ignore[arg-type]
        sender="dan",
        expires_at=int(NOW.timestamp()) + seconds,
        parts=parts,
        media_type=media_type,
        filename=filename,
        view=view,
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


def load_with_keys(config: ReadingConfig) -> ReadingDoor:
    """A door that has its keys from the folder; a module's function: it runs in another process."""
    layout = Layout(config.data)
    vault = Vault(layout, KeyFolder(layout.buckets))
    return ReadingDoor(
        vault,
        BirthKeys(vault, KeyFolder(layout.buckets)),
        ticket_key=config.ticket_key,
        log=layout.log,
        pages_origin=config.pages_origin,
        clock=frozen_clock(config.frozen_at) if config.frozen_at else system_clock,
    )
