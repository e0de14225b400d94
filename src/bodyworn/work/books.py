"""Do rows and events tell one story? No event, no change; and no row without its event.

Pure comparison over rows that were read already: every function names the first thing that is
wrong by raising DamagedError. `work.verify` decides what is read, and reads the bytes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from bodyworn.core.clock import iso
from bodyworn.core.errors import DamagedError, MissingError
from bodyworn.core.terms import EventType
from bodyworn.custody.event import open_event, pseudonym_of, read_leaf
from bodyworn.custody.tree import leaf_hash
from bodyworn.records.ledger import as_noun
from bodyworn.records.models import Copy, CustodyEvent, Marker, Recording, RetentionDecision
from bodyworn.work.books_copies import check_copies, check_seen

BOOKED = (
    EventType.CAPTURE,
    EventType.DERIVATION,
    EventType.INGESTION,
    EventType.MARKER_ADDED,
    EventType.MARKER_REMOVED,
    EventType.METADATA_MODIFICATION,
    EventType.RETENTION_DECIDED,
)
"""The types of event that rows are compared with."""


def check_event(row: CustodyEvent) -> bool:
    """A row's facts, and its recording, are those that its own leaf commits to.

    Raises DamagedError books.event.

    An erased salt is lawful: what it hid can no longer be compared, everything else is. The
    answer is False then, so that nobody takes such an event for a proven one.
    """
    leaf = bytes(row.leaf)
    try:
        salts = {name: bytes.fromhex(salt) for name, salt in row.salts.items()}
        if leaf_hash(leaf).hex() != row.leaf_hash or read_leaf(leaf).id != row.uid:
            raise DamagedError("books.event", "The leaf of this event is not its own.")
        _check_evidence(row)
        open_event(leaf, salts, as_noun(row))
    except MissingError:
        return False
    except (AttributeError, DamagedError, TypeError, ValueError) as error:
        raise _wrong("books.event", f"{named(row)}: {error}", row.subject) from None
    return True


def _check_evidence(row: CustodyEvent) -> None:
    """A leaf bears the pseudonym of its recording, so a row cannot be put down to another one.

    That a recording is gone is for others to find; what was forgotten belongs to none any more.
    """
    said, recording = read_leaf(bytes(row.leaf)).evidence, row.recording
    if recording is None and row.erasure is not None:
        is_another = said != row.erasure.pseudonym
    elif recording is None:
        is_another = said is not None and row.recording_id is None and bool(row.salts)
    else:
        salt = bytes(recording.pseudonym_salt)
        is_another = said != pseudonym_of(recording.reference, salt=salt).hex()
    if is_another:
        raise DamagedError("books.event", "Its leaf is of another recording, or of none.")


def check_leaf(row: CustodyEvent, entry: bytes) -> None:
    """A row's leaf is the entry at its place in the log. Raises DamagedError books.leaf."""
    if bytes(row.leaf) != entry:
        raise _wrong("books.leaf", f"{named(row)} is not what the log holds there.", row.subject)


def check_recording(
    recording: Recording,
    *,
    events: Sequence[CustodyEvent],
    copies: Sequence[Copy],
    decisions: Sequence[RetentionDecision],
    markers: Sequence[Marker],
) -> None:
    """A recording, its copies and its retention are those of its events.

    What somebody corrected since is taken back first, so that the rest is compared as it was taken
    in. Raises DamagedError books.no-ingestion, .salt-gone, .altered, .capture, .claim, .fact,
    .place, .master, .sidecar, .copy, .recipe, .retention or .marker.
    """
    ingestion = _one_ingestion(recording, events)
    _check_salts(recording, events)
    told = _as_taken_in(recording, events)
    _check_capture(recording, events, told)
    _check_claims(recording, events, ingestion, told)
    _check_place(recording, ingestion, told)
    _check_facts(recording, ingestion, told)
    check_seen(recording, ingestion)
    check_copies(recording, ingestion, events=events, copies=copies)
    _check_retention(recording, events, decisions)
    _check_markers(recording, events, markers)


def check_subject(subject: str, recording: Recording | None) -> None:
    """An ingestion has its recording. Raises DamagedError books.recording-gone."""
    if recording is None or recording.reference != subject:
        raise _wrong(
            "books.recording-gone", f"{subject} was taken in, and has no row any more.", subject
        )


def place_of(recording: Recording) -> dict[str, str | None]:
    """The facts by which `rules.access` judges, as the event of ingestion tells them."""
    return {
        "officer": recording.officer.number if recording.officer else None,
        "unit": recording.unit.name if recording.unit else None,
        "borough": recording.borough or None,
    }


def facts_of(recording: Recording) -> dict[str, Any]:
    """What else people search and judge by, as the event of ingestion tells it."""
    return {
        "title": recording.title,
        "locality": recording.locality,
        "borough": recording.borough,
        "category": recording.category,
        "dock": recording.dock,
        "triggered_at": iso(recording.triggered_at) if recording.triggered_at else None,
        "ended_at": iso(recording.ended_at),
        "duration_ms": recording.duration_ms,
    }


def told_of(recording: Recording) -> dict[str, Any]:
    """What somebody may correct later, as the event of a correction tells it."""
    return {
        **place_of(recording),
        "title": recording.title,
        "category": recording.category,
        "started_at": iso(recording.started_at),
        "started_at_source": recording.started_at_source,
        "triggered_at": iso(recording.triggered_at) if recording.triggered_at else None,
        "ended_at": iso(recording.ended_at),
    }


def named(row: CustodyEvent) -> str:
    """An event as a person would look for it."""
    place = "without a place" if row.leaf_index is None else str(row.leaf_index)
    return f"Event {place} ({row.type} of {row.subject})"


def _one_ingestion(recording: Recording, events: Iterable[CustodyEvent]) -> CustodyEvent:
    found = [event for event in events if event.type == EventType.INGESTION]
    if len(found) != 1 or found[0].subject != recording.reference:
        raise _wrong(
            "books.no-ingestion",
            f"{recording.reference} has {len(found)} events of ingestion under its name.",
            recording.reference,
        )
    return found[0]


def _check_salts(recording: Recording, events: Iterable[CustodyEvent]) -> None:
    """Erasing a salt takes the proof from what rows are compared with: that may befall what is
    forgotten, never a recording that is still here."""
    for event in events:
        if not {"subject", "detail"} <= set(event.salts):
            raise _wrong(
                "books.salt-gone",
                f"{named(event)} can no longer be opened, though its recording is still here.",
                recording.reference,
            )


def _as_taken_in(recording: Recording, events: Iterable[CustodyEvent]) -> dict[str, Any]:
    """What was told of it at first. Walking back from the row, each correction must have led to
    what stands, and what it found must be what the one before it left."""
    told = told_of(recording)
    corrections = [event for event in events if event.type == EventType.METADATA_MODIFICATION]
    for event in sorted(corrections, key=lambda event: event.pk, reverse=True):
        for name, value in event.detail.get("new", {}).items():
            if told.get(name) != value:
                raise _wrong(
                    "books.altered",
                    f"What is told of {recording.reference} ({name}) is not what was last put on "
                    "record.",
                    recording.reference,
                )
        told |= event.detail.get("old", {})
    return told


def _check_capture(
    recording: Recording, events: Iterable[CustodyEvent], told: Mapping[str, Any]
) -> None:
    """When it began and which camera saw it: the two facts that a case stands on."""
    camera = recording.device.serial if recording.device else None
    kept = [(told["started_at"], camera, recording.sequence)]
    said = [
        (iso(event.at), event.detail.get("device"), event.detail.get("sequence"))
        for event in events
        if event.type == EventType.CAPTURE
    ]
    if kept != said:
        raise _wrong(
            "books.capture",
            f"When {recording.reference} began, its camera or its number is not what is on record.",
            recording.reference,
        )


def _check_claims(
    recording: Recording,
    events: Iterable[CustodyEvent],
    ingestion: CustodyEvent,
    told: Mapping[str, Any],
) -> None:
    """What the camera said beside: its wearer, whose clock was believed, and how wrong it was."""
    wearer = told["officer"]
    stranger = ingestion.detail.get("officer_unknown")
    for said in (event.detail for event in events if event.type == EventType.CAPTURE):
        differs = (
            said.get("officer") not in (None, wearer if stranger is None else stranger)
            or said.get("clock_offset_ms") != recording.clock_offset_ms
            or said.get("start_taken_from") != told["started_at_source"]
        )
        if differs:
            raise _wrong(
                "books.claim",
                f"What {recording.reference} says of its wearer or its clock is not on record so.",
                recording.reference,
            )


def _check_facts(recording: Recording, ingestion: CustodyEvent, told: Mapping[str, Any]) -> None:
    """Events from before a fact was told with them say nothing about it."""
    facts = facts_of(recording)
    facts |= {name: told[name] for name in facts if name in told}
    facts["borough"] = told["borough"] or ""
    kept = {
        "filename": recording.filename,
        "condition": recording.condition,
        "upload": recording.upload,
        "received_at": iso(recording.received_at),
        "facts": facts,
        "recorded_at": iso(recording.recorded_at),
    }
    said = ingestion.detail | {"recorded_at": iso(ingestion.at)}
    for name, value in kept.items():
        if name in said and said[name] != value:
            raise _wrong(
                "books.fact",
                f"What is told of {recording.reference} ({name}) is not what was put on record.",
                recording.reference,
            )


def _check_place(recording: Recording, ingestion: CustodyEvent, told: Mapping[str, Any]) -> None:
    """Whose and where it is decides who may see it, so it must be what was put on record."""
    said = ingestion.detail.get("place")
    if said is not None and said != {name: told[name] for name in ("officer", "unit", "borough")}:
        raise _wrong(
            "books.place",
            f"The officer, unit or borough of {recording.reference} is not the one on record.",
            recording.reference,
        )


def _check_retention(
    recording: Recording, events: Sequence[CustodyEvent], decisions: Sequence[RetentionDecision]
) -> None:
    said = [_decided(event) for event in events if event.type == EventType.RETENTION_DECIDED]
    kept = [
        (
            one.rule,
            iso(one.keep_until) if one.keep_until else None,
            one.reason,
            iso(one.decided_at),
            one.decided_by,
        )
        for one in decisions
    ]
    if sorted(kept, key=str) != sorted(said, key=str):
        raise _wrong(
            "books.retention",
            f"How long {recording.reference} is kept is not what was decided.",
            recording.reference,
        )


def _decided(event: CustodyEvent) -> tuple[object, ...]:
    facts = (event.detail.get(name) for name in ("rule", "keep_until", "reason"))
    return (*facts, iso(event.at), event.actor)


def _check_markers(
    recording: Recording, events: Sequence[CustodyEvent], markers: Sequence[Marker]
) -> None:
    """Who pointed at what and when, and what was taken away when."""
    made = [(*_moment(one), _maker_of(one), iso(one.made_at)) for one in markers]
    gone = [(*_moment(one), iso(one.removed_at)) for one in markers if one.removed_at]
    added = [event for event in events if event.type == EventType.MARKER_ADDED]
    removed = [event for event in events if event.type == EventType.MARKER_REMOVED]
    said = [(*_pointed(event), event.actor, iso(event.at)) for event in added]
    told_gone = [(*_pointed(event), iso(event.at)) for event in removed]
    if (Counter(made), Counter(gone)) != (Counter(said), Counter(told_gone)):
        raise _wrong(
            "books.marker",
            f"The markers of {recording.reference} are not those that are on record.",
            recording.reference,
        )


def _maker_of(marker: Marker) -> str:
    """Empty where the account has no row any more, which no event says."""
    try:
        return marker.made_by.name
    except ObjectDoesNotExist:
        return ""


def _moment(marker: Marker) -> tuple[object, ...]:
    return marker.frame, marker.at_ms, marker.label


def _pointed(event: CustodyEvent) -> tuple[object, ...]:
    return tuple(event.detail.get(name) for name in ("frame", "at_ms", "label"))


def _wrong(code: str, message: str, subject: str) -> DamagedError:
    hint = "Keep everything as it is, and compare with the newest backup from before."
    return DamagedError(code, message, hint=hint, subject=subject)
