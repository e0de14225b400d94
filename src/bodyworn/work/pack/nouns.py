"""What is put into a pack: what was asked for, and one recording's share of it."""

from dataclasses import dataclass, field
from datetime import datetime

from bodyworn.core.terms import CopyKind, Purpose
from bodyworn.core.types import Actor
from bodyworn.records.models import Copy, CustodyEvent, Recording
from bodyworn.work.documents import Documents
from bodyworn.work.house import House

LONGEST_RECIPIENT = 200  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How recordings are to go out."""

    kind: CopyKind = CopyKind.MASTER  # which copy of each
    purpose: Purpose | None = None  # None: nobody said
    recipient: str = ""  # who is to have it; empty: nobody said
    zipped: bool = False  # as one file

    @property
    def to(self) -> str:
        """The recipient on one line of a form, without characters that cannot be seen."""
        seen = "".join(c if c.isprintable() else " " for c in self.recipient)
        return " ".join(seen.split())[:LONGEST_RECIPIENT]

    @property
    def times(self) -> int:
        """How often a film lies on the disk while the pack is made."""
        return 1 + self.zipped + (self.kind != CopyKind.MASTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One disclosure that is being carried out."""

    house: House
    actor: Actor
    wish: Wish
    at: datetime  # UTC, when it was ordered
    documents: Documents  # who signs


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One recording of a pack."""

    recording: Recording
    copy: Copy  # the stored file that goes out
    name: str  # of that file in the pack
    folder: str  # where its files lie: `data/`, or `data/BWV-26-0412-7F3A/` among several

    @property
    def path(self) -> str:
        """The film, from the pack's folder."""
        return self.folder + self.name

    @property
    def credentials(self) -> str:
        """The manifest that lies beside a master."""
        return f"{self.folder}{self.stem}.c2pa"

    @property
    def stem(self) -> str:
        """The film's name without its ending."""
        stem, _, ending = self.name.rpartition(".")
        return stem if stem and len(ending) <= 5 else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """An item that is on record as having gone out."""

    item: Item
    event: CustodyEvent  # the disclosure


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """The file that went into the pack."""

    sha256: str  # as it lies in the pack
    sha512: str
    size: int  # bytes
    credentials: str  # `beside`, `inside`, or empty
    left_out: str = ""  # why there are no content credentials, in a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A pack that is finished."""

    path: str  # folder or zip file
    files: tuple[str, ...]  # in the pack, in order
    size: int  # bytes of all files
    films: tuple[tuple[str, Film], ...]  # by reference
    left_out: tuple[str, ...] = field(default=())  # sentences
