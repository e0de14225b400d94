"""Named reads of recordings: plain rows, keyset pages, what an actor may see and nothing else.

`visible_to` is the database's form of `rules.access` for Action.LIST; a law test holds the two
together. Lists walk an index (`recording_newest` and its sisters), newest first, the row's id as
the tie-breaker; there is no OFFSET, so the ten-thousandth page costs what the first does.
What one recording's page needs is in `records.queries_of_one`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from bodyworn.core.errors import RefusedError
from bodyworn.core.terms import Condition, EventType, Oddity, Role
from bodyworn.core.types import Actor
from bodyworn.records.models import CustodyEvent, Recording, RetentionDecision, SequenceFinding
from bodyworn.rules.access import is_at_the_machine
from bodyworn.rules.sequence import Finding

PAGE = 50
MOST_WORDS = 8  # of a search; more would be a way to make the database sweat
LONGEST_WORD = 60  # characters
_ODD = {EventType.QUARANTINE, EventType.SEQUENCE_REPEAT}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JOINED = {
    "officer": "officer__number",
    "officer_name": "officer__name",
    "officer_rank": "officer__rank",
    "unit": "unit__name",
    "camera": "device__serial",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One recording as every list shows it."""

    id: int  # the row's own number, the tie-breaker of cursors
    reference: str  # `BWV-26-0412-7F3A`
    title: str  # empty where nobody gave one
    locality: str  # empty where unknown
    borough: str  # empty where unknown
    category: str  # empty: nobody has tagged it
    officer: str | None  # collar number
    officer_name: str | None  # `A. Khan`
    officer_rank: str | None  # `PC`
    unit: str | None  # `Lambeth B`
    camera: str | None  # serial
    sequence: int | None  # the camera's own count
    started_at: datetime  # UTC
    ended_at: datetime  # UTC
    duration_ms: int  # milliseconds
    condition: str  # a word of Condition
    condition_reason: str  # the same in a sentence
    recorded_at: datetime  # UTC
    keep_until: datetime | None  # UTC; None under a hold, or before the first decision


_COLUMNS = {_JOINED.get(f.name, f.name): f.name for f in fields(Listed)}
"""Lookup of the query: field of the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch of a list, newest first, and the cursors on either side of it."""

    rows: tuple[Listed, ...]
    newer: str | None  # give as `after`; None: nothing is newer
    older: str | None  # give as `before`; None: nothing is older


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list is narrowed to; everything empty means everything visible."""

    words: tuple[str, ...] = ()  # every one must match somewhere
    from_day: date | None = None  # UTC, inclusive
    until_day: date | None = None  # UTC, inclusive
    officer: str = ""  # collar number, exact
    unit: str = ""  # unit's name, exact
    borough: str = ""  # exact
    camera: str = ""  # serial, exact
    condition: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OddCount:
    """Something odd about a camera's count that nobody has explained yet."""

    number: int  # of the finding
    camera: str  # serial
    finding: Finding
    since: datetime  # UTC, when any part of it was seen first
    reference: str  # the recording that shows it; empty for who may not see footage
    officer: str | None  # collar number of its wearer


def split_words(text: str) -> tuple[str, ...]:
    """The words of a search box: at most 8, each at most 60 characters.

    >>> split_words("  coldharbour   stop ")
    ('coldharbour', 'stop')
    """
    return tuple(word[:LONGEST_WORD] for word in text.split()[:MOST_WORDS])


def visible_to(actor: Actor) -> Q:
    """Recordings that this actor may know of; the same answer as `rules.access.may(…, LIST, …)`."""
    if is_at_the_machine(actor):
        return Q()
    seen = Q(pk__in=[])
    if actor.officer is not None:
        seen |= Q(officer__number=actor.officer)
    if Role.SUPERVISOR in actor.roles and actor.unit is not None:
        seen |= Q(unit__name=actor.unit)
    if Role.INVESTIGATOR in actor.roles and actor.borough:
        seen |= Q(borough=actor.borough)
    if Role.ADMINISTRATOR in actor.roles:
        seen |= Q(officer=None, unit=None, borough="")
    return seen


def recordings(
    actor: Actor,
    filters: Filters,
    *,
    before: str | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page:
    """One page of what this actor may see. Raises RefusedError records.bad-cursor."""
    found = _listed(Recording.objects.filter(visible_to(actor), _narrowed(filters)))
    if after:
        rows = [*found.filter(_newer_than(after)).order_by("started_at", "id")[: limit + 1]]
        page, has_newer = rows[:limit][::-1], len(rows) > limit
        return _page(page, has_newer=has_newer, has_older=True)
    if before:
        found = found.filter(_older_than(before))
    rows = [*found.order_by("-started_at", "-id")[: limit + 1]]
    return _page(rows[:limit], has_newer=bool(before), has_older=len(rows) > limit)


def untagged(officer: str, *, limit: int = PAGE) -> tuple[tuple[Listed, ...], int]:
    """An officer's recordings that nobody has tagged, first to be deleted first; and how many."""
    found = _listed(Recording.objects.filter(officer__number=officer, category=""))
    rows = found.order_by(F("keep_until").asc(nulls_last=True), "id")[:limit]
    return _rows(rows), found.count()


def recorded_since(actor: Actor, since: datetime, *, limit: int) -> tuple[Listed, ...]:
    """What became visible to this actor since a moment, newest first."""
    found = _listed(Recording.objects.filter(visible_to(actor), recorded_at__gt=since))
    return _rows(found.order_by("-started_at", "-id")[:limit])


def newest(actor: Actor, *, limit: int) -> tuple[Listed, ...]:
    """The newest that this actor may see."""
    return recordings(actor, Filters(), limit=limit).rows


def needing_attention(actor: Actor, *, limit: int) -> tuple[Listed, ...]:
    """Visible recordings that are not simply playable, or whose arrival was odd; newest first."""
    odd = CustodyEvent.objects.filter(type__in=_ODD, recording__isnull=False)
    wrong = ~Q(condition=Condition.PLAYABLE) | Q(pk__in=odd.values("recording_id"))
    found = _listed(Recording.objects.filter(visible_to(actor), wrong))
    return _rows(found.order_by("-started_at", "-id")[:limit])


def odd_counts(actor: Actor, *, limit: int) -> tuple[OddCount, ...]:
    """What is odd about cameras' counts and waits for an explanation, longest first.

    Shown to those who may see the recording that shows it; and to administrators, whose cameras
    they are, without a word about footage.
    """
    rows = SequenceFinding.objects.filter(closed_at=None, explained_at=None)
    keeps_cameras = Role.ADMINISTRATOR in actor.roles
    if not keeps_cameras:
        rows = rows.filter(shown_by__in=Recording.objects.filter(visible_to(actor)))
    shown = rows.select_related("device", "shown_by__officer").order_by("since", "id")[:limit]
    return tuple(_odd_count(row, names_footage=not keeps_cameras) for row in shown)


def choices_of(actor: Actor) -> dict[str, list[str]]:
    """What the filters of the list can offer this actor: units, boroughs."""
    seen = Recording.objects.filter(visible_to(actor)).order_by()
    return {
        "units": sorted(filter(None, seen.values_list("unit__name", flat=True).distinct())),
        "boroughs": sorted(filter(None, seen.values_list("borough", flat=True).distinct())),
    }


def last_visit(name: str) -> datetime | None:
    """When this account signed in before the present sitting, UTC; None on the first visit."""
    signed_in = CustodyEvent.objects.filter(actor=name, type=EventType.SIGN_IN)
    return signed_in.order_by("-id").values_list("at", flat=True)[1:2].first()


def cursor_of(row: Listed) -> str:
    """The place of a row in every list: microseconds since 1970 UTC, and its id."""
    return f"{(row.started_at - _EPOCH) // timedelta(microseconds=1)}-{row.id}"


def _narrowed(filters: Filters) -> Q:
    q = Q()
    for word in filters.words:
        q &= _mentions(word)
    for column, value in (
        ("officer__number__iexact", filters.officer),
        ("unit__name", filters.unit),
        ("borough", filters.borough),
        ("device__serial", filters.camera),
        ("condition", filters.condition),
    ):
        if value:
            q &= Q((column, value))
    if filters.from_day:
        q &= Q(started_at__gte=_midnight(filters.from_day))
    if filters.until_day:
        # Not the midnight after it: the last day of the year 9999 has none.
        q &= Q(started_at__lte=datetime.combine(filters.until_day, time.max, UTC))
    return q


def _mentions(word: str) -> Q:
    columns = (
        "title",
        "locality",
        "reference",
        "category",
        "officer__number",
        "officer__name",
        "device__serial",
    )
    q = Q()
    for column in columns:
        q |= Q((f"{column}__icontains", word))
    return q


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _listed(found: QuerySet[Recording]) -> QuerySet[Recording, dict[str, Any]]:
    """Only the columns that a list shows: probes are large and stay where they are."""
    decision = RetentionDecision.objects.filter(recording=OuterRef("pk")).order_by("-id")
    kept: Any = found.annotate(keep_until=Subquery(decision.values("keep_until")[:1]))
    rows: QuerySet[Recording, dict[str, Any]] = kept.values(*_COLUMNS)
    return rows


def _rows(found: Iterable[dict[str, Any]]) -> tuple[Listed, ...]:
    return tuple(
        Listed(**{_COLUMNS[column]: value for column, value in row.items()}) for row in found
    )


def _page(found: list[dict[str, Any]], *, has_newer: bool, has_older: bool) -> Page:
    rows = _rows(found)
    return Page(
        rows=rows,
        newer=cursor_of(rows[0]) if rows and has_newer else None,
        older=cursor_of(rows[-1]) if rows and has_older else None,
    )


def _older_than(cursor: str) -> Q:
    moment, pk = _place(cursor)
    # The first condition alone would do for the answer; it is there for the index.
    return Q(started_at__lte=moment) & (Q(started_at__lt=moment) | Q(pk__lt=pk))


def _newer_than(cursor: str) -> Q:
    moment, pk = _place(cursor)
    return Q(started_at__gte=moment) & (Q(started_at__gt=moment) | Q(pk__gt=pk))


def _place(cursor: str) -> tuple[datetime, int]:
    microseconds, _, pk = cursor.partition("-")
    try:
        return _EPOCH + timedelta(microseconds=int(microseconds)), int(pk) % 2**63
    except (ValueError, OverflowError):
        raise RefusedError(
            "records.bad-cursor",
            "That is no place in this list.",
            hint="Start again from the first page.",
            status=400,
        ) from None


def _odd_count(row: SequenceFinding, *, names_footage: bool) -> OddCount:
    shown_by = row.shown_by if names_footage else None
    officer = shown_by.officer if shown_by else None
    return OddCount(
        number=row.pk,
        camera=row.device.serial,
        finding=Finding(kind=Oddity(row.kind), first=row.first, last=row.last),
        since=row.since,
        reference=shown_by.reference if shown_by else "",
        officer=officer.number if officer else None,
    )
