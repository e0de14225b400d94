"""A backup: a new snapshot in a folder of backups, and the stored files and tiles it lacks yet.

1. rows and small files are taken at one moment, or an interrupted snapshot is taken up again
2. stored files are copied that are not there, each read back; the rest is there from before
3. tiles of the log are copied, and the whole copied log is verified
4. the statement is signed, and the snapshot gets its name: from here on it counts
5. snapshots beyond those to be kept are removed; stored files never are
6. the backup is an event of the log

Keys are not in it. A backup may be interrupted anywhere: the last finished snapshot stays whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from django.db import transaction

from bodyworn.core.clock import iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.core.tasks import Progress, silent
from bodyworn.core.terms import EventType
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.custody.checkpoint import peek
from bodyworn.custody.log_copy import copy_log
from bodyworn.custody.published import CHECKPOINT
from bodyworn.custody.statement import MOST_NAMED, Difference, Kind, Statement, write_statement
from bodyworn.records import ledger, rows
from bodyworn.records.models import Copy
from bodyworn.store import disk, opaque
from bodyworn.store.layout import Layout
from bodyworn.work.house import House
from bodyworn.work.moving.backups import Backups
from bodyworn.work.moving.comparing import check_log, signed_statement
from bodyworn.work.moving.files import gather, lacking
from bodyworn.work.moving.snapshot import Head, Snapshot
from bodyworn.work.moving.taking import take
from bodyworn.work.moving.trees import (
    Listed,
    bytes_item,
    read_listed,
    tally_known,
    tally_listed,
)

STORE = "store"  # subject of events that concern no single recording
KEPT = 7  # snapshots, if nobody says otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a backup would do now."""

    files: int  # stored files to be copied
    size: int  # bytes of these
    files_there: int  # that are there already
    rows: int  # of all tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A finished backup."""

    snapshot: Path
    statement: Statement
    note: str  # the statement as it was signed


def planned(folder: Path) -> Plan:
    """What `backup` would copy; nothing is written."""
    target = Backups(folder).layout
    missing = size = there = 0
    for digest, bytes_ in Copy.objects.values_list("sha256", "size").distinct().iterator(1_000):
        is_there = target.blob(Sha256.parse(digest)).exists()
        there += is_there
        missing += not is_there
        size += 0 if is_there else bytes_
    count = sum(rows.count(table, using="default") for table in rows.tables())
    return Plan(files=missing, size=size, files_there=there, rows=count)


def backup(
    house: House, folder: Path, *, by: Actor, keep: int = KEPT, progress: Progress = silent
) -> Made:
    """Back everything up but the keys; resumable, and quick where little has changed.

    What the source lacks is named in the statement. Raises SetupError backup.inside,
    backup.not-empty, backup.of-another-log, disk.full; BusyError backup.already, backup.log-busy.
    """
    _refuse_inside(house.layout, folder)
    backups = Backups(folder.absolute())
    backups.begin(origin=house.settings.log_origin)
    with backups.alone():
        opaque.sweep(backups.layout.incoming)
        disk.check_room(backups.folder, planned(backups.folder).size)
        made = _made(house, backups, progress)
        for old in backups.finished()[: -max(1, keep)]:
            old.remove()
    _record(house, made, by)
    return made


def _made(house: House, backups: Backups, progress: Progress) -> Made:
    snapshot = backups.unfinished
    head = _taken_up_again(house, snapshot) or take(house, snapshot, progress=progress)  # 1
    gather(  # 2
        snapshot,
        source=house.layout,
        target=backups.layout,
        known=_known(house, backups),
        progress=progress,
    )
    wrong = lacking(read_listed(snapshot.files))
    wrong += _copy_log(house, backups, head, progress)  # 3
    return _finished(house, backups, head, wrong)  # 4


def _taken_up_again(house: House, snapshot: Snapshot) -> Head | None:
    """An interrupted snapshot whose rows are complete; another is taken anew."""
    try:
        head = Head.read(snapshot)
    except DamagedError:
        return None
    return head if head.origin == house.settings.log_origin else None


def _known(house: House, backups: Backups) -> Iterator[Listed] | None:
    """The newest list, if it is the one that was signed."""
    finished = backups.finished()
    if not finished:
        return None
    try:
        signed = signed_statement(finished[-1], house.signer.verifier).items["files"]
        is_genuine = bytes_item(tally_listed(finished[-1].files)) == signed
    except (DamagedError, OSError):
        is_genuine = False
    return read_listed(finished[-1].files) if is_genuine else None


def _copy_log(house: House, backups: Backups, head: Head, progress: Progress) -> list[Difference]:
    if head.checkpoint is None:
        return []
    try:
        size = peek(head.checkpoint).size
        copy_log(house.layout.log, backups.log, size=size, progress=progress)
    except DamagedError as error:
        return [Difference("log", error.message)]
    disk.write_atomically(backups.log / CHECKPOINT, head.checkpoint.encode())
    return check_log(backups.log, head.checkpoint, house.signer.verifier, progress=progress)


def _finished(house: House, backups: Backups, head: Head, wrong: list[Difference]) -> Made:
    snapshot = backups.unfinished
    statement = Statement(
        kind=Kind.BACKUP,
        at=head.at,
        source=head.engine,
        target="backup",
        items=head.items
        | {
            "files": bytes_item(tally_listed(snapshot.files)),
            "known": tally_known(snapshot.files),
        },
        differences=tuple(wrong[:MOST_NAMED]),
    )
    note = write_statement(statement, house.signer)
    place = backups.place_of(head.at)
    disk.write_atomically(snapshot.statement, note.encode())
    disk.move(snapshot.folder, place)
    keep_statement(house.layout, note, f"{place.name}-{Kind.BACKUP}")
    return Made(snapshot=place, statement=statement, note=note)


def keep_statement(layout: Layout, note: str, name: str) -> Path:
    """Keep a statement in the data folder as well: each side has one."""
    path = layout.statements / name
    disk.make_folder(path.parent)
    disk.write_atomically(path, note.encode())
    return path


def _record(house: House, made: Made, by: Actor) -> None:
    files, size, _ = made.statement.items["files"].split()
    event = CustodyEvent(
        type=EventType.REPLICATION,
        operation=None,
        at=house.now(),
        actor=by.name,
        subject=STORE,
        detail={
            "what": Kind.BACKUP.value,
            "outcome": "same" if made.statement.is_same else "different",
            "moment": iso(made.statement.at),
            "files": int(files),
            "size": int(size),
            "statement": sha256(made.note.encode()).hexdigest(),
        },
    )
    with transaction.atomic():
        ledger.record(event)


def _refuse_inside(layout: Layout, folder: Path) -> None:
    if folder.resolve().is_relative_to(layout.root.resolve()):
        raise SetupError(
            "backup.inside",
            "A backup inside the data folder would be lost together with it.",
            hint="Give a folder of another disk, best on another machine.",
        )
