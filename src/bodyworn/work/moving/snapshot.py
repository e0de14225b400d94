"""A snapshot: everything but footage and log tiles, as it was at one moment, in a folder.

    head.json        what it is, its moment, counts and roots; written last
    rows/<table>.jsonl  <table>.hashes
    parts/…          small files: arrival notes, what lies beside the log's tiles, settings
    parts.txt        their names and digests
    wanted.txt       digests of the stored files that rows and notes name
    files.txt        the same with what was found on the disk; written while files are copied
    statement        the signed end of it

Order is everything, because footage arrives meanwhile. Notes of arrivals are read before rows: one
that is recorded in between is then in both, and never in neither. What lies beside the log is read
before rows too, so that no checkpoint there is newer than the rows' own. Stored files come last:
they are durable before any row or note names them, and never change.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import Any

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError
from bodyworn.store import disk
from bodyworn.work.moving.trees import Tally, bytes_item

VERSION = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The folder of one snapshot."""

    folder: Path

    @property
    def head(self) -> Path:
        """What it is; there once rows and parts are complete."""
        return self.folder / "head.json"

    @property
    def parts(self) -> Path:
        """The folder of small files."""
        return self.folder / "parts"

    @property
    def parts_list(self) -> Path:
        """Names, digests and sizes of the small files."""
        return self.folder / "parts.txt"

    @property
    def wanted(self) -> Path:
        """Digests of the stored files that it needs, sorted."""
        return self.folder / "wanted.txt"

    @property
    def files(self) -> Path:
        """What was found of them, in the same order."""
        return self.folder / "files.txt"

    @property
    def statement(self) -> Path:
        """The signed statement."""
        return self.folder / "statement"

    def rows(self, table: str) -> Path:
        """The lines of one table."""
        return self.folder / "rows" / f"{table}.jsonl"

    def hashes(self, table: str) -> Path:
        """The number and hash of each line."""
        return self.folder / "rows" / f"{table}.hashes"

    def digests(self) -> Iterator[str]:
        """The wanted digests."""
        with self.wanted.open() as stream:
            for line in stream:
                yield line.strip()

    def remove(self) -> None:
        """Remove the folder, if it is there."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a snapshot is."""

    at: datetime  # UTC, when its rows were read
    origin: str  # the log's name
    engine: str  # `sqlite` or `postgresql`
    form: tuple[str, ...]  # the changes that its tables have had
    checkpoint: str | None  # the signed note of the log at that moment
    items: dict[str, str]  # counts and roots: of tables, parts and log

    def write(self, snapshot: Snapshot) -> None:
        """Put it at its place, durably: with it the snapshot is complete but for files."""
        facts = {
            "v": VERSION,
            "at": iso(self.at),
            "origin": self.origin,
            "engine": self.engine,
            "form": list(self.form),
            "checkpoint": self.checkpoint,
            "items": self.items,
        }
        disk.write_atomically(snapshot.head, json.dumps(facts, indent=1).encode())

    @classmethod
    def read(cls, snapshot: Snapshot) -> "Head":
        """Raises DamagedError snapshot.unreadable, also for a form of a later version."""
        try:
            return cls._of(json.loads(snapshot.head.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            raise DamagedError(
                "snapshot.unreadable",
                f"The snapshot {snapshot.folder.name} cannot be read.",
                hint="Take another one; a later version may have written this one.",
            ) from None

    @classmethod
    def _of(cls, facts: dict[str, Any]) -> "Head":
        if facts["v"] != VERSION:
            raise ValueError(facts["v"])
        return cls(
            at=parse_iso(facts["at"]),
            origin=facts["origin"],
            engine=facts["engine"],
            form=tuple(facts["form"]),
            checkpoint=facts["checkpoint"],
            items=dict(facts["items"]),
        )


def part_line(name: str, data: bytes) -> bytes:
    """One line of the list of parts; the name comes last, for it may hold blanks."""
    return f"{Sha256.of(data)} {len(data)} {name}\n".encode()


def read_parts(snapshot: Snapshot) -> Iterator[tuple[str, str, int]]:
    """(name, SHA-256, size) of every part. Raises DamagedError snapshot.unreadable."""
    try:
        for line in snapshot.parts_list.read_text().splitlines():
            digest, size, name = line.split(" ", 2)
            yield name, digest, int(size)
    except (OSError, ValueError):
        raise DamagedError(
            "snapshot.parts-unreadable",
            "The list of parts cannot be read.",
            hint="It was changed after it was written: take another snapshot.",
        ) from None


def write_wanted(snapshot: Snapshot, *digests: Iterator[str]) -> None:
    """Sorted digests of several sources as one list, each once."""
    with snapshot.wanted.open("w") as stream:
        for digest, _ in groupby(merge(*digests)):
            stream.write(f"{digest}\n")
    disk.flush_file(snapshot.wanted)


def write_parts(snapshot: Snapshot, parts: Iterator[tuple[str, bytes]]) -> str:
    """Put small files and their list into the snapshot; counts and root."""
    tally, lines = Tally(), []
    for name, data in parts:
        path = snapshot.parts / name
        disk.make_folder(path.parent)
        disk.write_atomically(path, data)
        lines.append(part_line(name, data))
        tally.add(lines[-1], size=len(data))
    disk.write_atomically(snapshot.parts_list, b"".join(lines))
    return bytes_item(tally)
