"""Logs and keys for the tests of this shelf: the same in every run."""

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from bodyworn.core.terms import EventType, Operation, Purpose
from bodyworn.core.types import CustodyEvent
from bodyworn.custody.files import Disk, File
from bodyworn.custody.journal import NAMES
from bodyworn.custody.log import Log
from bodyworn.custody.note import Signer

NOW = datetime(2026, 4, 12, 22, 41, 7, 200_000, tzinfo=UTC)
ORIGIN = "police.example/log"
POLICE = Signer(ORIGIN, sha256(b"the force").digest())
MALLORY = Signer(ORIGIN, sha256(b"Mallory, under the same name").digest())

A_LOOK = CustodyEvent(
    type=EventType.VIEW,
    operation=Operation.CONSULTATION,
    at=NOW,
    actor="alice",
    subject="BWV-26-0412-7F3A",
    detail={"from_ms": 0, "to_ms": 61_000, "note": "own notes, naïve"},
    purpose=Purpose.OWN_STATEMENT,
)


def entries(count: int, *, first: int = 0) -> list[bytes]:
    """Short entries that differ from each other, some of them empty."""
    return [b"" if n % 97 == 5 else b"entry %d" % n for n in range(first, first + count)]


def write_plainly(files: Sequence[File]) -> None:
    """Write without flushing: what these tests are about is not the disk."""
    for path, data in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class NoFlush(Disk):
    """A disk that is never waited for: what these tests are about is not the power cut."""

    def put(self, descriptor: int, data: bytes, *, at: int, with_flush: bool) -> None:  # noqa: ARG002  (the flush is left out)
        """Write only."""
        os.pwrite(descriptor, data, at)

    def flush(self, paths: Iterable[Path]) -> None:
        """Only see that they are there."""
        for path in paths:
            path.stat()


def open_log(folder: Path) -> Log:
    """The force's log in this folder."""
    return Log(folder, origin=ORIGIN, signer=POLICE, disk=NoFlush())


def grown(folder: Path, *sizes: int) -> Log:
    """A log that had a checkpoint at each of these sizes."""
    log = open_log(folder)
    for size in sizes:
        log.integrate(entries(size - log.size, first=log.size), from_index=log.size, now=NOW)
    return log


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below the folder by relative name, but for the writer's own."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {".lock", *NAMES}
    }
