"""A move: the whole installation into another folder, and into another engine if one likes.

It is a restore without the backup between: the snapshot lies in the new folder until everything
was counted again there. The old installation is closed meanwhile and stays closed afterwards, with
every file that it had; nothing here removes a thing. What was moved and by whom is an event, which
moves along.
"""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import transaction

from bodyworn.core.clock import iso
from bodyworn.core.errors import BusyError, DamagedError, RefusedError
from bodyworn.core.tasks import Progress, silent
from bodyworn.core.terms import EventType
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.custody.statement import MOST_NAMED, Difference, Kind, Statement, write_statement
from bodyworn.records import beside, ledger
from bodyworn.records.engine import database as database_of
from bodyworn.store import disk
from bodyworn.store.layout import Layout
from bodyworn.work import serving
from bodyworn.work.house import House
from bodyworn.work.moving import filling
from bodyworn.work.moving.backup import STORE, keep_statement
from bodyworn.work.moving.ending import finish
from bodyworn.work.moving.files import gather, lacking
from bodyworn.work.moving.restore import Ended, keyless_in
from bodyworn.work.moving.snapshot import Head, Snapshot
from bodyworn.work.moving.taking import take
from bodyworn.work.moving.trees import bytes_item, read_listed, tally_listed


def migrate(
    house: House, *, to: Path, by: Actor, database: str = "", progress: Progress = silent
) -> Ended:
    """Move an installation that is not being served; the same again where it was interrupted.

    1. nobody serves it, and nobody can until this ends
    2. the move is on record
    3. rows and small files are taken; where they changed since an interrupted try, it begins anew
    4. keys, stored files, log, small files, rows
    5. everything is counted again at the new place
    6. the statement is signed and kept on both sides; the new folder opens, the old one is closed

    Raises BusyError serve.already, keeper.already; the errors of `restore`.
    """
    target = Layout(to.absolute())
    if target.root.is_relative_to(house.layout.root):
        raise RefusedError(
            "move.inside",
            "The new folder lies inside the old one.",
            hint="Choose a folder beside it, or on another disk.",
        )
    place = database_of(database, target.records)
    with serving.hold_folder(house.layout), _keeper_lock(house):  # 1
        is_new = filling.begin(target, of=house.settings.log_origin, database=database)
        afresh = not filling.is_ours(target)
        with filling.alone(target), beside.target(place, afresh=afresh) as using:
            filling.refuse_used(using, target)
            if is_new:
                _record(house, by, database)  # 2
            return _moved(house, target, using, database, progress)


def _moved(house: House, target: Layout, using: str, database: str, progress: Progress) -> Ended:
    snapshot = Snapshot(target.moving / "snapshot")
    head = _taken(house, snapshot, target, using, progress)  # 3
    filling.refuse_other_form(head, using)
    filling.copy_keys(house.layout.keys, target.keys)  # 4
    gather(snapshot, source=house.layout, target=target, progress=progress)
    filling.lay_log(house.layout.log, head, target, progress=progress)
    filling.lay_parts(snapshot, target, database=database)
    filling.lay_rows(snapshot, using, progress=progress)
    verifier = house.signer.verifier
    wrong = filling.counted_again(  # 5
        snapshot, head, target, using, verifier, progress=progress
    )
    engine = "postgresql" if database else "sqlite"
    keyless = keyless_in(target, using)
    return replace(_ended(house, target, snapshot, head, wrong, engine), keyless=keyless)


def _taken(
    house: House, snapshot: Snapshot, target: Layout, using: str, progress: Progress
) -> Head:
    """The snapshot of an interrupted try, if nothing has changed since; else a new one."""
    fresh = Snapshot(target.moving / "fresh")
    head = take(house, fresh, progress=progress)
    before = _head_of(snapshot)
    if before and before.items == head.items:
        fresh.remove()
        return before
    if before:
        filling.clear(target, using)
    snapshot.remove()
    disk.move(fresh.folder, snapshot.folder)
    return head


def _head_of(snapshot: Snapshot) -> Head | None:
    try:
        return Head.read(snapshot)
    except DamagedError:
        return None


def _ended(
    house: House,
    target: Layout,
    snapshot: Snapshot,
    head: Head,
    wrong: list[Difference],
    engine: str,
) -> Ended:
    """6. What the old place lacked is told, and stops nothing: the new one holds all there was."""
    told = [*wrong, *lacking(read_listed(snapshot.files))]
    statement = Statement(
        kind=Kind.MOVE,
        at=head.at,
        source=head.engine,
        target=engine,
        items=head.items | {"files": bytes_item(tally_listed(snapshot.files))},
        differences=tuple(told[:MOST_NAMED]),
    )
    note = write_statement(statement, house.signer)
    name = f"{head.at:%Y-%m-%dT%H-%M-%SZ}-{Kind.MOVE}"
    keep_statement(house.layout, note, name)
    path = keep_statement(target, note, name)
    if not wrong:
        _close(house.layout, target, note)
        finish(target)
    return Ended(statement=statement, path=path)


def _close(source: Layout, target: Layout, note: str) -> None:
    """Before the new one opens: at no moment may two installations have this log."""
    facts: dict[str, Any] = {
        "to": str(target.root),
        "statement": sha256(note.encode()).hexdigest(),
    }
    disk.write_atomically(source.moved, json.dumps(facts, indent=1).encode())


def _record(house: House, by: Actor, database: str) -> None:
    event = CustodyEvent(
        type=EventType.REPLICATION,
        operation=None,
        at=house.now(),
        actor=by.name,
        subject=STORE,
        detail={
            "what": Kind.MOVE.value,
            "outcome": "begun",
            "engine": "postgresql" if database else "sqlite",
            "moment": iso(house.now()),
        },
    )
    with transaction.atomic():
        ledger.record(event)


def _keeper_lock(house: House) -> Any:
    lock = serving.hold(house.layout.keeper_lock)
    if lock is None:
        raise BusyError("keeper.already", "This data folder has a keeper already.")
    return lock
