"""Named reads of one recording, and what hangs on it: copies, markers, track, custody.

Plain rows again: a page or an answer of the API is made from these and from nothing lazier, so
that the number of queries of a page is a number that one can count.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from bodyworn.core.errors import MissingError
from bodyworn.core.terms import CopyKind, EventType
from bodyworn.core.types import Place
from bodyworn.records.models import (
    Checkpoint,
    Copy,
    CustodyEvent,
    Fix,
    Job,
    JobState,
    Marker,
    Recording,
    RetentionDecision,
    User,
)
from bodyworn.rules.access import Footage

MOST_EVENTS = 200  # shown at once; a recording watched more often shows its newest


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRow:
    """One file of a recording."""

    kind: str  # a word of CopyKind
    sha256: str  # 64 hexadecimal digits, of the plain bytes
    size: int  # bytes
    media_type: str  # `video/mp4`
    name: str  # of a sidecar: its file name
    recipe: dict[str, Any]  # tool, version, settings
    checked_at: datetime | None  # UTC, when the bytes were last re-read


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerRow:
    """A moment that somebody pointed at; numbers count from 1 in order of time."""

    id: int
    number: int  # 1 for the earliest
    frame: int  # from 0
    at_ms: int  # milliseconds from the first frame
    label: str
    made_by: str  # account name
    made_by_display: str  # `DC A. Patel`
    made_at: datetime  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One custody event with what its log entry proves."""

    uid: str
    type: str  # a word of EventType
    operation: str  # a word of Operation, or empty
    at: datetime  # UTC
    actor: str  # account name or part of the system
    subject: str
    purpose: str  # a word of Purpose, or empty
    detail: dict[str, Any]
    leaf_hash: str  # 64 hexadecimal digits
    leaf_index: int | None  # None: not in the tree yet


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRow:
    """The newest signed checkpoint."""

    size: int  # leaves under it
    root: str  # 64 hexadecimal digits
    signed_at: datetime  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """The custody of one recording, newest first."""

    events: tuple[EventRow, ...]  # the newest
    count: int  # all of them
    published: int  # how many of all stand under the checkpoint
    names: dict[str, str]  # account name: how a person is called
    checkpoint: CheckpointRow | None


def recording(reference: str) -> Recording:
    """The row with its device, officer and unit. Raises MissingError records.no-recording."""
    rows = Recording.objects.select_related("device", "officer__unit", "unit")
    try:
        return rows.get(reference=reference)
    except Recording.DoesNotExist:
        raise no_recording() from None


def no_recording() -> MissingError:
    """The one answer for what is not there and for what is not for whoever asks."""
    return MissingError(
        "records.no-recording",
        "There is no recording with this reference.",
        hint="Check the reference, or look for it in the list of recordings.",
    )


def footage_of(row: Recording) -> Footage:
    """The facts that `rules.access` judges by."""
    return Footage(
        officer=row.officer.number if row.officer else None,
        unit=row.unit.name if row.unit else None,
        borough=row.borough or None,
    )


def copies_of(recording_id: int) -> tuple[CopyRow, ...]:
    """Every file of a recording, the master first."""
    rows = Copy.objects.filter(recording_id=recording_id).order_by("id")
    return tuple(
        sorted((CopyRow(**row) for row in rows.values(*_names(CopyRow))), key=_master_first)
    )


def newest_copy(copies: Iterable[CopyRow], kind: CopyKind) -> CopyRow | None:
    """The copy of this kind that was made last."""
    found = [copy for copy in copies if copy.kind == kind]
    return found[-1] if found else None


def unfinished_jobs(recording_id: int) -> dict[str, str]:
    """Kind of copy: state of the job that will make it (queued, running or failed)."""
    jobs = Job.objects.filter(recording_id=recording_id).exclude(state=JobState.DONE)
    return dict(jobs.order_by("id").values_list("kind", "state"))


def markers_of(recording_id: int) -> tuple[MarkerRow, ...]:
    """Markers that stand, in order of time."""
    standing = Marker.objects.filter(recording_id=recording_id, removed_at=None)
    rows = standing.select_related("made_by").order_by("at_ms", "id")
    return tuple(_marker(number, row) for number, row in enumerate(rows, start=1))


def track_of(recording_id: int) -> tuple[Place, ...]:
    """The positions in order of time."""
    columns = ("at", "latitude", "longitude", "accuracy_m", "speed_mps")
    rows = Fix.objects.filter(recording_id=recording_id).order_by("at", "id").values(*columns)
    return tuple(Place(**row) for row in rows)


def retention_of(recording_id: int) -> RetentionDecision | None:
    """The decision that counts: the newest."""
    return RetentionDecision.objects.filter(recording_id=recording_id).order_by("-id").first()


def custody_of(recording_id: int, *, limit: int = MOST_EVENTS) -> Custody:
    """The newest events of a recording, with the names of those who did them."""
    of_it = CustodyEvent.objects.filter(recording_id=recording_id)
    rows = of_it.order_by("-id").values(*_names(EventRow))[:limit]
    events = tuple(EventRow(**row) for row in rows)
    checkpoint = last_checkpoint()
    is_under = Q(leaf_index__lt=checkpoint.size if checkpoint else 0)
    counted = of_it.aggregate(count=Count("id"), published=Count("id", filter=is_under))
    return Custody(
        events=events,
        count=counted["count"],
        published=counted["published"],
        names=names_of({e.actor for e in events}),
        checkpoint=checkpoint,
    )


def last_check(recording_id: int) -> EventRow | None:
    """The newest re-hashing of the master, or None."""
    checks = CustodyEvent.objects.filter(recording_id=recording_id, type=EventType.FIXITY_CHECK)
    row = checks.order_by("-id").values(*_names(EventRow)).first()
    return EventRow(**row) if row else None


def first_event(recording_id: int, type_: EventType) -> EventRow | None:
    """The oldest event of a kind, or None."""
    found = CustodyEvent.objects.filter(recording_id=recording_id, type=type_)
    row = found.order_by("id").values(*_names(EventRow)).first()
    return EventRow(**row) if row else None


def names_of(accounts: set[str]) -> dict[str, str]:
    """Account name: display name, for those that are accounts."""
    people = [name for name in accounts if not name.startswith("system:")]
    return dict(User.objects.filter(name__in=people).values_list("name", "display"))


def last_checkpoint() -> CheckpointRow | None:
    """The newest signed checkpoint, or None before the first."""
    row = Checkpoint.objects.order_by("-size").values("size", "root", "signed_at").first()
    return CheckpointRow(**row) if row else None


def published_beyond(size: int) -> datetime | None:
    """When the first checkpoint with more than `size` entries was signed; None: there is none."""
    larger = Checkpoint.objects.filter(size__gt=size).order_by("size")
    return larger.values_list("signed_at", flat=True).first()


def published_root(size: int) -> str | None:
    """The root that was signed for exactly so many entries, in hexadecimal; None: none was."""
    return Checkpoint.objects.filter(size=size).values_list("root", flat=True).first()


def tally() -> dict[str, int]:
    """How much this installation holds: recordings, and events that wait for the log."""
    waiting = CustodyEvent.objects.filter(leaf_index__isnull=True)
    return {
        "recordings": Recording.objects.count(),
        "not_playable": Recording.objects.aggregate(n=Count("id", filter=~Q(condition="playable")))[
            "n"
        ],
        "events_waiting": waiting.count(),
    }


def _marker(number: int, row: Marker) -> MarkerRow:
    return MarkerRow(
        id=row.pk,
        number=number,
        frame=row.frame,
        at_ms=row.at_ms,
        label=row.label,
        made_by=row.made_by.name,
        made_by_display=row.made_by.display,
        made_at=row.made_at,
    )


def _names(row: type[CopyRow | EventRow]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(row))


def _master_first(copy: CopyRow) -> bool:
    return copy.kind != CopyKind.MASTER
