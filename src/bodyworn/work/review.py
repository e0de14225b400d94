"""Opening footage, pointing at moments in it, checking it again: what review does to the record.

Every look is an event of custody with its purpose, and every refused look is one too. What may
be read comes out as a list of parts; `web` turns them into tickets and the door serves the bytes.

1. The rule is asked (`rules.access`). 2. The bytes are read, if any, outside of a transaction.
3. The change and its event are written in one transaction.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.core.terms import CopyKind, EventType, Operation, Purpose
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.records import ledger, queries_of_one
from bodyworn.records.models import Copy, Marker, Recording, User
from bodyworn.records.models import CustodyEvent as EventRow
from bodyworn.records.queries_of_one import CopyRow, footage_of, newest_copy
from bodyworn.rules.access import Action, is_at_the_machine, may
from bodyworn.work.house import House
from bodyworn.work.keys import keys_of

BLOCK = 1 << 20  # bytes read at once while re-hashing
UNPROVED = {"keys.event-changed", "keys.not-in-the-log"}
LONGEST_NOTE = 200  # characters
Part = tuple[Sha256, int]  # (digest of the plain bytes, size in bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Stored bytes that may be read as one file."""

    parts: tuple[Part, ...]  # in order, served one after the other
    media_type: str  # of the whole, `video/mp4`


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a player gets of one recording; None where there is no such copy (yet)."""

    video: Stream | None
    is_original: bool  # the master's own bytes are played
    frames: Stream | None  # times of all frames, JSON
    strip: Stream | None  # pictures, one JPEG
    strip_recipe: dict[str, Any]  # where in it which moment is
    sound: Stream | None  # loudness, JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A consultation that is on record."""

    reference: str
    purpose: Purpose
    note: str  # case or CAD reference, or empty
    view: str  # uid of the custody event
    opened_at: datetime  # UTC
    until: datetime  # UTC; after this a further look is a further event


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What re-reading a master found."""

    is_unchanged: bool
    is_changed: bool  # other bytes than were kept; neither: they could not be read at all
    expected: str  # SHA-256, hexadecimal
    found: str | None  # SHA-256 of what was read, hexadecimal; None: it was not read to its end
    size: int  # bytes that were read
    at: datetime  # UTC
    sentence: str  # the same for a person


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reread:
    """What reading a file from its first byte to its last has brought."""

    found: Sha256 | None  # of the plain bytes; None where they could not all be read
    size: int  # bytes that were read
    is_changed: bool  # another digest, or a chunk that is not what was sealed


def open_recording(
    house: House, actor: Actor, reference: str, *, purpose: Purpose, note: str = ""
) -> Opening:
    """Open footage for a reason. Raises MissingError, RefusedError access.refused."""
    row = judged(house, actor, Action.VIEW, reference)
    now = house.now()
    detail = {"note": _one_line(note, LONGEST_NOTE)} if note.strip() else {}
    with transaction.atomic():
        event = _record(
            house,
            row,
            EventType.VIEW,
            operation=Operation.CONSULTATION,
            actor=actor,
            purpose=purpose,
            detail=detail,
            now=now,
        )
    return Opening(
        reference=reference,
        purpose=purpose,
        note=detail.get("note", ""),
        view=event.uid,
        opened_at=now,
        until=now + timedelta(minutes=house.settings.ticket_minutes),
    )


def judged(house: House, actor: Actor, action: Action, reference: str) -> Recording:
    """The recording, if this actor may do this with it.

    A refusal is written down before it is raised. Raises MissingError records.no-recording, also
    for a recording that this actor may not know of; RefusedError access.refused for others.
    """
    try:
        row = queries_of_one.recording(reference)
    except MissingError:
        _note_miss(house, actor, action)
        raise
    decision = may(actor, action, footage_of(row))
    if decision.allowed:
        return row
    detail = {"action": action.value, "rule": decision.rule}
    with transaction.atomic():
        _record(house, row, EventType.ACCESS_REFUSED, operation=None, actor=actor, detail=detail)
    if not may(actor, Action.LIST, footage_of(row)).allowed:
        raise queries_of_one.no_recording()
    may_describe = may(actor, Action.DESCRIBE, footage_of(row)).allowed
    facts: dict[str, Any] = {"describe": reference} if may_describe else {}
    raise RefusedError("access.refused", decision.reason, rule=decision.rule, **facts)


def _note_miss(house: House, actor: Actor, action: Action) -> None:
    """Whoever tries references is on record; and a miss takes as long as a refusal does."""
    if is_at_the_machine(actor):
        return
    event = CustodyEvent(
        type=EventType.ACCESS_REFUSED,
        operation=None,
        at=house.now(),
        actor=actor.name,
        subject="recording:unknown",
        detail={"action": action.value, "rule": "records.no-recording"},
    )
    with transaction.atomic():
        ledger.record(event)


def served(copies: Sequence[CopyRow], *, plays_in_browsers: bool) -> Served:
    """What a player is to be given: the original where a browser plays it, else its proxy."""
    master, index = newest_copy(copies, CopyKind.MASTER), newest_copy(copies, CopyKind.INDEX)
    proxy, strip = newest_copy(copies, CopyKind.PROXY), newest_copy(copies, CopyKind.STRIP)
    is_original = plays_in_browsers and master is not None
    video = _stream(index, master) if is_original else _stream(proxy)
    return Served(
        video=video,
        is_original=is_original,
        frames=_stream(newest_copy(copies, CopyKind.FRAMES)),
        strip=_stream(strip),
        strip_recipe=strip.recipe if strip else {},
        sound=_stream(newest_copy(copies, CopyKind.SOUND)),
    )


def add_marker(
    house: House, actor: Actor, reference: str, *, frame: int, at_ms: int, label: str
) -> Marker:
    """Point at a frame.

    Raises MissingError, RefusedError access.refused or review.no-such-frame.
    """
    row = judged(house, actor, Action.MARK, reference)
    if not (0 <= frame <= row.duration_ms and 0 <= at_ms <= row.duration_ms):
        raise RefusedError(
            "review.no-such-frame",
            "This recording has no such moment.",
            hint="Step to a frame of the recording and mark that.",
            status=422,
        )
    now, text = house.now(), _one_line(label, LONGEST_NOTE) or "Marker"
    with transaction.atomic():
        marker = Marker.objects.create(
            recording=row,
            frame=frame,
            at_ms=at_ms,
            label=text,
            made_by=User.objects.get(name=actor.name),
            made_at=now,
        )
        _record_marker(house, marker, EventType.MARKER_ADDED, actor=actor, now=now)
    return marker


def remove_marker(house: House, actor: Actor, reference: str, marker: int) -> None:
    """Take a marker away; it stays on record. Raises MissingError, RefusedError access.refused."""
    row = judged(house, actor, Action.MARK, reference)
    now = house.now()
    with transaction.atomic():
        standing = Marker.objects.filter(pk=marker, recording=row, removed_at=None)
        # Guarded: of two who take it away at once, one does and one is told that it is gone.
        if not standing.update(removed_at=now):
            raise MissingError(
                "review.no-such-marker",
                "This marker is not there any more.",
                hint="Load the page again to see which markers stand.",
            )
        gone = Marker.objects.get(pk=marker)
        _record_marker(house, gone, EventType.MARKER_REMOVED, actor=actor, now=now)


def take_still(house: House, actor: Actor, reference: str, *, frame: int) -> None:
    """Put on record that a picture of one frame leaves the system, before it does."""
    row = judged(house, actor, Action.EXPORT, reference)
    if not 0 <= frame <= row.duration_ms:
        raise RefusedError("review.no-such-frame", "This recording has no such moment.", status=422)
    with transaction.atomic():
        _record(
            house,
            row,
            EventType.EXPORT,
            operation=Operation.DISCLOSURE,
            actor=actor,
            detail={"what": "still", "frame": frame},
        )


def check_file(house: House, actor: Actor, reference: str) -> Checked:
    """Read the master again from its first byte to its last, and put the result on record.

    A changed file is a result, not an exception: it is recorded and told like any other.
    Raises MissingError, RefusedError access.refused, BusyError keys.no-leaf-yet, .away.

    1. Ask the rule.
    2. Put on record that the bytes are read; only that opens them.
    3. Read them.
    4. Put the result on record.
    """
    row = judged(house, actor, Action.CHECK, reference)  # 1
    master = Copy.objects.get(recording=row, kind=CopyKind.MASTER)
    begun = _begin_check(house, actor, row)  # 2
    read = _rehash(house, begun, Sha256.parse(master.sha256))  # 3
    checked = _verdict(master, read, at=house.now())
    with transaction.atomic():  # 4
        Copy.objects.filter(pk=master.pk).update(checked_at=checked.at)
        _record(
            house,
            row,
            EventType.FIXITY_CHECK,
            operation=Operation.CONSULTATION,
            actor=actor,
            detail={
                "outcome": _outcome(checked),
                "sha256": checked.expected,
                "found": checked.found,
                "size": checked.size,
            },
            now=checked.at,
        )
    return checked


def _begin_check(house: House, actor: Actor, row: Recording) -> EventRow:
    with transaction.atomic():
        return _record(
            house,
            row,
            EventType.FIXITY_BEGUN,
            operation=Operation.CONSULTATION,
            actor=actor,
            detail={},
        )


def _rehash(house: House, begun: EventRow, digest: Sha256) -> _Reread:
    hasher, size = hashlib.sha256(), 0
    try:
        key = keys_of(house).release(begun.uid, [digest])[digest]
        with house.vault.open(digest, key) as stream:
            while block := stream.read(BLOCK):
                hasher.update(block)
                size += len(block)
    except (MissingError, OSError):
        return _Reread(found=None, size=0, is_changed=False)
    except DamagedError as error:
        if error.code in UNPROVED:
            raise  # nothing was read: this is about the event and not about the file
        return _Reread(found=None, size=size, is_changed=True)
    found = Sha256(hasher.digest())
    return _Reread(found=found, size=size, is_changed=found != digest)


def _verdict(master: Copy, read: _Reread, *, at: datetime) -> Checked:
    is_changed = read.is_changed or (read.found is not None and read.size != master.size)
    is_unchanged = read.found is not None and not is_changed
    if is_changed:
        sentence = "The file has been changed."
    else:
        sentence = "The file is unchanged." if is_unchanged else "The file cannot be read."
    return Checked(
        is_unchanged=is_unchanged,
        is_changed=is_changed,
        expected=master.sha256,
        found=read.found.hex if read.found else None,
        size=read.size,
        at=at,
        sentence=sentence,
    )


def _outcome(checked: Checked) -> str:
    if checked.is_changed:
        return "changed"
    return "unchanged" if checked.is_unchanged else "unreadable"


def _stream(*copies: CopyRow | None) -> Stream | None:
    """These copies as one file; the last one must be there, earlier ones may be missing."""
    there = [copy for copy in copies if copy is not None]
    if not copies or copies[-1] is None:
        return None
    return Stream(
        parts=tuple((Sha256.parse(copy.sha256), copy.size) for copy in there),
        media_type=copies[-1].media_type,
    )


def _record_marker(
    house: House, marker: Marker, type_: EventType, *, actor: Actor, now: datetime
) -> None:
    detail = {"frame": marker.frame, "at_ms": marker.at_ms, "label": marker.label}
    _record(
        house,
        marker.recording,
        type_,
        operation=Operation.ALTERATION,
        actor=actor,
        detail=detail,
        now=now,
    )


def _record(
    house: House,
    row: Recording,
    type_: EventType,
    *,
    operation: Operation | None,
    actor: Actor,
    detail: dict[str, Any],
    purpose: Purpose | None = None,
    now: datetime | None = None,
) -> EventRow:
    event = CustodyEvent(
        type=type_,
        operation=operation,
        at=now or house.now(),
        actor=actor.name,
        subject=row.reference,
        detail=detail,
        purpose=purpose,
    )
    return ledger.record(event, recording=row)


def _one_line(text: str, longest: int) -> str:
    """Text from a form without line breaks and control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:longest]
