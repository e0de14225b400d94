"""What people say about a recording once it is here: whose it is, where, what, and when it began.

A correction never overwrites the record: the row says what counts now, and an event in the same
transaction keeps the old values, the new ones and the reason. `work.books` takes corrections back
before it compares a row with what was taken in. Weighing what arrives is `work.described`'s.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from bodyworn.core.clock import iso
from bodyworn.core.errors import MissingError, RefusedError
from bodyworn.core.terms import EventType, Operation
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.records import ledger
from bodyworn.records.models import Device, Officer, Recording, Unit
from bodyworn.rules.access import Action
from bodyworn.work import completeness
from bodyworn.work.books import told_of
from bodyworn.work.described import AHEAD, EARLIEST
from bodyworn.work.house import House
from bodyworn.work.review import judged

LONGEST_TEXT = 200  # characters, as wide as the columns
LONGEST_REASON = 400  # characters
PERSON = "person"  # whose word the beginning is, as `described.Described.started_at_source` has it

Columns = dict[str, Any]
"""Columns of a Recording, and what they are to hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says; None: nothing about it, an empty text: what was said is taken away."""

    officer: str | None = None  # collar number of the wearer
    borough: str | None = None  # where it was recorded
    title: str | None = None
    category: str | None = None
    started_at: datetime | None = None  # UTC, of the first picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is different now."""

    reference: str
    old: dict[str, Any]  # only what changed, as it was; times as RFC 3339
    new: dict[str, Any]  # the same names, as it is
    event: str  # uid of the custody event; empty where it was only tried
    is_seen: bool  # a rule lets somebody open it: it has an officer or a borough


def describe_recording(
    house: House, actor: Actor, reference: str, said: Said, *, reason: str, dry_run: bool = False
) -> Correction:
    """Correct what is told of a recording; with `dry_run` only say what would change.

    An officer brings the own unit along, and its borough where the recording has none. Another
    beginning moves the trigger and the end with it; positions keep their own clock. Reference and
    retention stay as they are.

    Raises MissingError records.no-recording, describe.no-officer; RefusedError access.refused,
    describe.no-reason, .too-long, .no-borough, .no-such-time, .nothing-new, .nobodys.

    1. The rule is asked.
    2. What is said is held against what is there, in the row as it is now.
    3. Row and event are written together.
    """
    judged(house, actor, Action.DESCRIBE, reference)  # 1
    why = _reason(reason)
    with transaction.atomic():
        row = _locked(reference)
        old = told_of(row)
        changed = _changes(row, said)  # 2
        for name, value in changed.items():
            setattr(row, name, value)
        new = {name: value for name, value in told_of(row).items() if value != old[name]}
        old = {name: old[name] for name in new}
        _check_outcome(row, old)
        event = ""
        if not dry_run:
            row.save(update_fields=list(changed))  # 3
            _count_again(row, actor, house.now(), changed)
            event = _record(house, actor, row, {"reason": why, "old": old, "new": new})
    is_seen = bool(row.officer or row.borough)
    return Correction(reference=reference, old=old, new=new, event=event, is_seen=is_seen)


def boroughs() -> list[str]:
    """Those that a unit belongs to, in order."""
    return sorted(set(Unit.objects.values_list("borough", flat=True)))


def _locked(reference: str) -> Recording:
    """Two corrections at once follow one another, so that each finds what the other left."""
    rows = Recording.objects.select_for_update(of=("self",))
    return rows.select_related("officer", "unit").get(reference=reference)


def _changes(row: Recording, said: Said) -> Columns:
    changed: Columns = {}
    if said.title is not None:
        changed["title"] = _text("title", said.title)
    if said.category is not None:
        changed["category"] = _text("category", said.category)
    if said.officer is not None:
        changed |= _worn_by(row, said.officer.strip())
    if said.borough is not None:
        changed["borough"] = _known_borough(row, said.borough.strip())
    if said.started_at is not None:
        changed |= _begun_at(row, said.started_at)
    return changed


def _worn_by(row: Recording, number: str) -> Columns:
    """The wearer and what follows from it; nothing where it is the one already."""
    if number == (row.officer.number if row.officer else ""):
        return {}
    if not number:
        return {"officer": None, "unit": None}
    officer = Officer.objects.select_related("unit").filter(number=number).first()
    if officer is None:
        raise MissingError(
            "describe.no-officer",
            f"There is no officer {number} here.",
            hint="Check the collar number; `bodyworn user add --officer` makes an officer known.",
        )
    borough = row.borough or officer.unit.borough
    return {"officer": officer, "unit": officer.unit, "borough": borough}


def _known_borough(row: Recording, name: str) -> str:
    """Refused where no unit belongs to it: a slip of the pen would hide footage from everybody."""
    known = boroughs()
    if name and known and name not in {*known, row.borough}:
        raise RefusedError(
            "describe.no-borough",
            f"No unit here belongs to {name}.",
            hint=f"It may be one of these: {', '.join(known)}.",
            status=422,
        )
    return name


def _begun_at(row: Recording, moment: datetime) -> Columns:
    if not EARLIEST <= moment <= row.received_at + AHEAD:
        raise RefusedError(
            "describe.no-such-time",
            f"It cannot have begun at {iso(moment)}: it arrived at {iso(row.received_at)}.",
            hint="Say when its first picture was taken.",
            status=422,
        )
    shift = moment - row.started_at
    if not shift:
        return {}
    return {
        "started_at": moment,
        "started_at_source": PERSON,
        "triggered_at": row.triggered_at + shift if row.triggered_at else None,
        "ended_at": row.ended_at + shift,
    }


def _count_again(row: Recording, actor: Actor, now: datetime, changed: Columns) -> None:
    """A camera's recordings are counted in the order in which they began."""
    if "started_at" in changed and row.device_id is not None:
        row.device = Device.objects.select_for_update().get(pk=row.device_id)
        completeness.judge(row, by=actor, now=now)


def _check_outcome(row: Recording, old: dict[str, Any]) -> None:
    if not old:
        raise RefusedError(
            "describe.nothing-new",
            f"All this stands on record of {row.reference} already, or nothing was said.",
            hint="Say what is different: officer, borough, title, category or beginning.",
            status=422,
        )
    if not (row.officer or row.borough) and {"officer", "borough"} & set(old):
        raise RefusedError(
            "describe.nobodys",
            "Without an officer and a borough no account could open it.",
            hint="Say whose it is, or where it was recorded.",
            status=422,
        )


def _reason(text: str) -> str:
    why = _text("reason", text, longest=LONGEST_REASON)
    if not why:
        raise RefusedError(
            "describe.no-reason",
            "A correction needs a reason.",
            hint="Say in a few words how you know; it stays on record.",
            status=422,
        )
    return why


def _text(name: str, text: str, *, longest: int = LONGEST_TEXT) -> str:
    """One line without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) > longest:
        raise RefusedError(
            "describe.too-long",
            f"This {name} has {len(line)} characters, and {longest} are the most.",
            hint="Say it in fewer words.",
            status=422,
        )
    return line


def _record(house: House, actor: Actor, row: Recording, detail: dict[str, Any]) -> str:
    event = CustodyEvent(
        type=EventType.METADATA_MODIFICATION,
        operation=Operation.ALTERATION,
        at=house.now(),
        actor=actor.name,
        subject=row.reference,
        detail=detail,
    )
    return ledger.record(event, recording=row).uid
