"""A folder of backups: snapshots, and beside them the files and tiles that they share.

bodyworn-backup.json   whose it is
blobs/sha256/…         stored files, as they lie in the data folder
log/tile/… checkpoint  the log, as of the newest snapshot
snapshots/<moment>/    finished, each with its signed statement
snapshots/unfinished/  the one under way, or an interrupted one
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bodyworn.core.errors import BusyError, MissingError, SetupError
from bodyworn.store import disk
from bodyworn.store.layout import Layout
from bodyworn.work.moving.snapshot import Snapshot

MARK = "bodyworn-backup.json"
MOMENT = "%Y-%m-%dT%H-%M-%S.%fZ"


@dataclass(frozen=True, slots=True)
class Backups:
    """The folder; whether it is one is asked by `begin` and `snapshot`."""

    folder: Path

    @property
    def layout(self) -> Layout:
        """Its stored files lie as in a data folder."""
        return Layout(self.folder)

    @property
    def log(self) -> Path:
        """The copied log."""
        return self.layout.log

    @property
    def snapshots(self) -> Path:
        """The folder of snapshots."""
        return self.folder / "snapshots"

    @property
    def unfinished(self) -> Snapshot:
        """The one under way."""
        return Snapshot(self.snapshots / "unfinished")

    def begin(self, *, origin: str) -> None:
        """Mark an empty folder; again is no error. Raises SetupError.

        Their codes: backup.not-empty, backup.of-another-log.
        """
        path = self.folder / MARK
        if not path.exists():
            if self.folder.is_dir() and any(self.folder.iterdir()):
                raise SetupError(
                    "backup.not-empty",
                    f"{self.folder} is not empty, and no folder of backups.",
                    hint="Choose an empty folder, or one that does not exist yet.",
                )
            disk.make_folder(self.folder)
            disk.write_atomically(path, json.dumps({"v": 1, "origin": origin}).encode())
        found = json.loads(path.read_bytes())["origin"]
        if found != origin:
            raise SetupError(
                "backup.of-another-log",
                f"{self.folder} holds backups of {found}.",
                hint="Give each installation a folder of its own.",
            )

    def finished(self) -> list[Snapshot]:
        """All finished snapshots, the oldest first."""
        found = self.snapshots.glob("*/statement")
        folders = (path.parent for path in found if path.parent != self.unfinished.folder)
        return [Snapshot(folder) for folder in sorted(folders)]

    def snapshot(self, name: str | None = None) -> Snapshot:
        """The one of this name, or the newest. Raises MissingError backup.none."""
        named = [one for one in self.finished() if name in (None, one.folder.name)]
        if not named:
            raise MissingError(
                "backup.none",
                f"There is no finished snapshot{f' {name}' if name else ''} in {self.folder}.",
                hint="`bodyworn backup` makes one; an interrupted one is finished by the next.",
            )
        return named[-1]

    def place_of(self, at: datetime) -> Path:
        """Where a snapshot of that moment is kept once it is finished: a name nobody has."""
        name = at.strftime(MOMENT)
        names = (name, *(f"{name}-{number:04}" for number in range(2, 10_000)))
        return next(self.snapshots / one for one in names if not (self.snapshots / one).exists())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One backup into a folder at a time. Raises BusyError backup.already."""
        handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise BusyError(
                "backup.already", "Another backup is being written to this folder."
            ) from None
        finally:
            os.close(handle)
