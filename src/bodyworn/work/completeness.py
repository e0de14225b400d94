"""Completeness of capture: what a camera's own count says about recordings that never came.

    findings of all its numbers (rules.sequence)  ──┐
                                                    ├─ what opened, what closed: rows and events
    findings that stand in the database           ──┘

Judged inside the transaction that enters a recording, so no gap exists without its leaf, and none
is closed without one. Findings follow from the set of numbers alone: docks may send in any order.
A person may explain one; it then waits no longer for anybody, and stands until it is closed.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from bodyworn.core.clock import iso
from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.core.terms import EventType, Oddity
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.records import ledger
from bodyworn.records.models import CustodyEvent as EventRow
from bodyworn.records.models import Device, Erasure, Recording, SequenceFinding
from bodyworn.rules.sequence import Finding, changed, findings
from bodyworn.work.house import House

OPENED = {
    Oddity.GAP: EventType.SEQUENCE_GAP,
    Oddity.REPEAT: EventType.SEQUENCE_REPEAT,
    Oddity.RESET: EventType.SEQUENCE_RESET,
}
LONGEST = 400  # characters of an explanation
MOST_NAMED = 20  # recordings of one number
Fact = tuple[object, ...]
"""Of a finding or of an event about it: the event's type first, then what must agree."""


def judge(recording: Recording, *, by: Actor, now: datetime) -> None:
    """Open and close what this arrival has changed. MUST be called inside its transaction.

    The caller holds the camera's row locked: two arrivals would both judge without the other.

    1. The camera's recordings, in the order in which it made them.
    2. What is odd about their numbers, against what stood before.
    3. Close what is no longer so, open what is, and write an event of each.
    """
    device = recording.device
    if device is None or recording.sequence is None:
        return
    made = _made_by(device)  # 1
    standing = list(_standing(device))
    change = changed(map(_as_noun, standing), findings(number for _, number in made))  # 2
    closed = [_taken(standing, finding) for finding in change.closed]  # 3
    for row in closed:
        row.closed_at = now
        row.save(update_fields=["closed_at"])
        _record(row, EventType.SEQUENCE_CLOSED, recording, by=by, now=now)
    for finding in change.opened:
        row = _open(device, finding, closed, shown_by=made[finding.at][0], now=now)
        _record(row, OPENED[finding.kind], recording, by=by, now=now)
    device.last_sequence = made[-1][1]
    device.save(update_fields=["last_sequence"])


def explain(house: House, by: Actor, number: int, *, reason: str) -> None:
    """Say why a finding is as it is; it leaves the work lists and stays on record.

    `number` is the finding's own. Raises MissingError completeness.no-finding, RefusedError
    completeness.no-reason and completeness.explained-already.
    """
    told = reason.strip()
    if not told or len(told) > LONGEST or not told.isprintable():
        raise RefusedError(
            "completeness.no-reason",
            f"An explanation is one line of at most {LONGEST} characters.",
            hint="Say what became of the recordings, or why there never were any.",
        )
    now = house.now()  # once: the row is compared with its event
    with transaction.atomic():
        row = _open_one(number)
        row.explained_at, row.explanation = now, told
        row.save(update_fields=["explained_at", "explanation"])
        detail = {**_facts(row), "kind": row.kind, "reason": told}
        ledger.record(_event(row, EventType.SEQUENCE_EXPLAINED, detail, by=by, now=now))


def open_findings(limit: int) -> list[SequenceFinding]:
    """What waits for a person, longest first."""
    rows = SequenceFinding.objects.filter(closed_at=None, explained_at=None)
    return list(rows.select_related("device").order_by("since", "id")[:limit])


def told(row: SequenceFinding) -> str:
    """`Camera 004471: recordings 5 to 6 are missing.`"""
    sentence = str(_as_noun(row))
    return f"Camera {row.device.serial}: {sentence[0].lower()}{sentence[1:]}"


def check_count(device: Device) -> None:
    """The findings of a camera are those of its numbers, and each has its event.

    Raises DamagedError books.sequence.
    """
    standing = list(_standing(device))
    numbers = [number for _, number in _made_by(device)]
    if Counter(map(_as_noun, standing)) != Counter(findings(numbers)):
        raise _wrong(device, "the findings on its count are not those of its recordings")
    reached = Device.objects.values_list("last_sequence", flat=True).get(pk=device.pk)
    if reached != (numbers[-1] if numbers else None):
        raise _wrong(device, "the number that it has come to is not that of its last recording")
    rows = SequenceFinding.objects.filter(device=device).order_by("id")
    if Counter(_told_of(device)) != Counter(fact for row in rows for fact in _facts_of(row)):
        raise _wrong(device, "the findings on its count are not those on record")


def _made_by(device: Device) -> Sequence[tuple[int | None, int]]:
    """(row's id, number) of its recordings as it made them; ties by number, then as they came.

    What was erased was made all the same: it has a number and no row.
    """
    columns = ("started_at", "sequence", "id")
    held = Recording.objects.filter(device=device, sequence__isnull=False).values_list(*columns)
    gone = Erasure.objects.filter(device=device, sequence__isnull=False).values_list(*columns)
    made = [(at, number or 0, row, row) for at, number, row in held]
    erased = [(at, number or 0, row, None) for at, number, row in gone]
    in_order = sorted([*made, *erased], key=lambda one: one[:3])
    return [(row, number) for _, number, _, row in in_order]


def _facts_of(row: SequenceFinding) -> Iterator[Fact]:
    """What each of its events must say."""
    place, since = (row.first, row.last), iso(row.since)
    yield (OPENED[Oddity(row.kind)].value, *place, since)
    if row.explained_at is not None or row.explanation:
        said = (row.kind, row.explanation, iso(row.explained_at) if row.explained_at else None)
        yield (EventType.SEQUENCE_EXPLAINED.value, *place, since, *said)
    if row.closed_at is not None:
        was_explained = row.explained_at is not None
        closed = (row.kind, was_explained, iso(row.closed_at))
        yield (EventType.SEQUENCE_CLOSED.value, *place, since, *closed)


def _told_of(device: Device) -> Iterator[Fact]:
    """The same as its events say it."""
    types = (*OPENED.values(), EventType.SEQUENCE_EXPLAINED, EventType.SEQUENCE_CLOSED)
    events = EventRow.objects.filter(subject=_subject(device), type__in=types)
    return map(_fact_in, events.order_by("id"))


def _fact_in(event: EventRow) -> Fact:
    said = [event.detail.get(name) for name in ("first", "last", "since")]
    if event.type == EventType.SEQUENCE_EXPLAINED:
        said += [event.detail.get("kind"), event.detail.get("reason"), iso(event.at)]
    if event.type == EventType.SEQUENCE_CLOSED:
        said += [event.detail.get("kind"), event.detail.get("was_explained"), iso(event.at)]
    return (event.type, *said)


def _standing(device: Device) -> QuerySet[SequenceFinding]:
    """What is so as far as the database knows, explained or not."""
    return SequenceFinding.objects.filter(device=device, closed_at=None).order_by("id")


def _as_noun(row: SequenceFinding) -> Finding:
    return Finding(kind=Oddity(row.kind), first=row.first, last=row.last)


def _taken(standing: list[SequenceFinding], finding: Finding) -> SequenceFinding:
    """The oldest row of this finding, once."""
    place = next(n for n, row in enumerate(standing) if _as_noun(row) == finding)
    return standing.pop(place)


def _open(
    device: Device,
    finding: Finding,
    closed: Sequence[SequenceFinding],
    *,
    shown_by: int | None,
    now: datetime,
) -> SequenceFinding:
    """What is left of a larger gap is as old as that one was."""
    older = [row.since for row in closed if finding.overlaps(_as_noun(row))]
    return SequenceFinding.objects.create(
        device=device,
        kind=finding.kind,
        first=finding.first,
        last=finding.last,
        since=min([now, *older]),
        shown_by_id=shown_by,
    )


def _open_one(number: int) -> SequenceFinding:
    rows = SequenceFinding.objects.select_for_update(of=("self",)).select_related("device")
    row = rows.filter(pk=number, closed_at=None).first()
    if row is None:
        raise MissingError(
            "completeness.no-finding",
            f"There is no open finding {number}.",
            hint="`bodyworn gaps` lists them with their numbers.",
        )
    if row.explained_at is not None:
        raise RefusedError(
            "completeness.explained-already",
            f"Finding {number} is explained already: {row.explanation}",
            hint="What was said stays on record; nothing takes its place.",
        )
    return row


def _record(
    row: SequenceFinding, type_: EventType, recording: Recording, *, by: Actor, now: datetime
) -> None:
    """With the recording that brought it about, so that its history tells it as well."""
    detail = _facts(row)
    if type_ is EventType.SEQUENCE_CLOSED:
        detail |= {"kind": row.kind, "was_explained": row.explained_at is not None}
    if type_ is EventType.SEQUENCE_REPEAT:
        detail |= {"recordings": _of_one_number(row)}
    ledger.record(_event(row, type_, detail, by=by, now=now), recording=recording)


def _event(
    row: SequenceFinding, type_: EventType, detail: dict[str, Any], *, by: Actor, now: datetime
) -> CustodyEvent:
    return CustodyEvent(
        type=type_,
        operation=None,
        at=now,
        actor=by.name,
        subject=_subject(row.device),
        detail=detail,
    )


def _facts(row: SequenceFinding) -> dict[str, Any]:
    serial = row.device.serial
    return {"device": serial, "first": row.first, "last": row.last, "since": iso(row.since)}


def _of_one_number(row: SequenceFinding) -> list[str]:
    """One number, several recordings: a camera that was reset, or one that lies."""
    rows = Recording.objects.filter(device=row.device, sequence=row.first).order_by("id")
    return list(rows.values_list("reference", flat=True)[:MOST_NAMED])


def _subject(device: Device) -> str:
    return f"device:{device.serial}"[:120]


def _wrong(device: Device, what: str) -> DamagedError:
    return DamagedError(
        "books.sequence",
        f"Camera {device.serial}: {what}.",
        hint="Keep everything as it is, and compare with the newest backup from before.",
        subject=_subject(device),
    )
