"""Foreseeable trouble from below put into our own errors, for the edges.

The disk, the database and the system raise errors of their own from anywhere. What a person can
mend gets a code and a hint here; everything else is a fault of the program and says so.
"""

import errno
import sqlite3
from pathlib import Path
from typing import Final

import pysqlite3
from django.db import OperationalError, ProgrammingError

from bodyworn.core.errors import BodywornError, BusyError, SetupError

UNFORESEEN: Final = "program.unforeseen"
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

HINTS: Final = {
    errno.ENOENT: "Look for a slip in the path, and whether its disk is mounted.",
    errno.EISDIR: "Name a file; that is a folder.",
    errno.ENOTDIR: "Name a folder; that is a file.",
    errno.EROFS: "That disk can only be read: choose another, or mount it for writing.",
    errno.EIO: "The disk itself fails: look at the system's log, and do not write to it any more.",
}
"""What to do next, where the system's word for it says more than 'not allowed'."""


def explained(error: Exception) -> BodywornError:
    """The same trouble as one of our errors; our own pass through."""
    match error:
        case BodywornError():
            return error
        case OperationalError() | ProgrammingError() | sqlite3.OperationalError():
            return _database(str(error))
        case pysqlite3.dbapi2.OperationalError():
            return _database(str(error))
        case OSError():
            return _system(error)
    return BodywornError(
        "program.unforeseen",
        f"Something happened that this program did not foresee: {error!r}.",
        hint="Nothing was half done. Please report it; SECURITY.md says where.",
    )


def _database(words: str) -> BodywornError:
    if "locked" in words:
        return BusyError("database.busy", "The database is busy with other work.", retry_after=5)
    if "full" in words:
        return SetupError(
            "disk.full",
            "The disk is full; nothing was changed.",
            hint="Make room on the disk of the data folder, then try again.",
            status=507,
        )
    if "readonly" in words:
        return SetupError(
            "database.read-only",
            "The database lies on a disk that can only be read; nothing was changed.",
            hint="Copy the data folder to a disk that can be written, or mount that one for it.",
        )
    if "no such table" in words or "does not exist" in words:
        return SetupError(
            "database.not-current",
            "The database has not the tables of this version.",
            hint="Run `bodyworn init` again; it changes nothing that exists.",
        )
    return SetupError(
        "database.unreachable",
        f"The database does not answer: {words.strip().splitlines()[0] if words else 'no reason'}.",
        hint="Look whether it runs and whether `database` in bodyworn.toml names it rightly.",
    )


def _system(error: OSError) -> BodywornError:
    if error.errno in FULL:
        return SetupError(
            "disk.full",
            "The disk is full; nothing was changed.",
            hint="Make room on the disk of the data folder, then try again.",
            status=507,
        )
    where = f": {_meant(Path(str(error.filename)))}" if error.filename else ""
    return SetupError(
        "system.refused",
        f"{error.strerror or error}{where}.",
        hint=HINTS.get(
            error.errno or 0, "Look at the owner and the rights of that file or folder."
        ),
    )


def _meant(path: Path) -> Path:
    """Nobody has named the file that is written beside its place; they named where it belongs."""
    return path.parent if path.name.startswith(".") and path.suffix == ".part" else path
