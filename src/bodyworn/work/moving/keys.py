"""Keys are backed up by themselves: elsewhere, by other people, and never with the rest.

Whoever holds a backup and its keys holds everything; whoever lost the keys has lost everything.
Where a key was destroyed to erase footage, a copy of it brings the footage back. So what is in the
copy and no longer here is named, for a person to destroy it there too; nothing here does.
"""

from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from bodyworn.core.errors import RefusedError
from bodyworn.core.terms import EventType
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.records import ledger
from bodyworn.work.house import House
from bodyworn.work.moving.backup import STORE
from bodyworn.work.moving.backups import MARK
from bodyworn.work.moving.filling import copy_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysCopied:
    """What became of it."""

    files: int  # that were copied
    gone_here: tuple[str, ...]  # names that only the copy has


def backup_keys(house: House, folder: Path, *, by: Actor) -> KeysCopied:
    """Copy the folder of keys, and put it on record.

    Raises RefusedError keys.beside-backup, keys.inside; SetupError disk.full.
    """
    _refuse_near(house, folder.absolute())
    copied = copy_keys(house.layout.keys, folder)
    here, there = _names(house.layout.keys), _names(folder)
    event = CustodyEvent(
        type=EventType.REPLICATION,
        operation=None,
        at=house.now(),
        actor=by.name,
        subject=STORE,
        detail={"what": "keys", "outcome": "same", "files": copied},
    )
    with transaction.atomic():
        ledger.record(event)
    return KeysCopied(files=copied, gone_here=tuple(sorted(there - here)))


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _refuse_near(house: House, folder: Path) -> None:
    if folder.resolve().is_relative_to(house.layout.root.resolve()):
        raise RefusedError(
            "keys.inside",
            "A copy of the keys inside the data folder would be lost together with it.",
            hint="Give a folder of another disk, and keep that somewhere else.",
        )
    if any((parent / MARK).exists() for parent in (folder, *folder.parents)):
        raise RefusedError(
            "keys.beside-backup",
            "This is a folder of backups: keys beside what they open protect nothing.",
            hint="Give another folder, on a disk that is kept elsewhere, by somebody else.",
        )
