"""Erasing recordings for good, in two steps, because to destroy a key is no transaction.

    1. ordered   one transaction: the tombstone in, rows out (`work.erase_order`)
    2. done      keys destroyed, certificate written (`work.erase_ending`)

To delete a row erases nothing: copies of the database lie in backups, and pages of it in the file
itself. What erases is the end of the one key that wraps the keys of a bucket, which is in none of
them. Whether something may go is for `rules.erasure`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.db.models import OuterRef, Subquery

from bodyworn.core.errors import BusyError, MissingError
from bodyworn.core.tasks import Progress, silent
from bodyworn.core.types import Actor
from bodyworn.records import queries_of_one
from bodyworn.records.models import Erasure, Recording, RetentionDecision
from bodyworn.work import arrival_keys, rotation, serving
from bodyworn.work.erase_ending import finish, waits_for
from bodyworn.work.erase_order import BATCH, Weighed, Wish, order, weigh
from bodyworn.work.house import House

__all__ = [
    "Expired",
    "Weighed",
    "Wish",
    "certificate_of",
    "erase",
    "expired",
    "find_erasure",
    "finish",
    "waits_for",
    "weigh_all",
    "weigh_due",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """What a routine erasure has done."""

    ordered: int  # recordings
    kept: tuple[Weighed, ...]  # that are due and may not go, each with its reason


def erase(house: House, references: list[str], wish: Wish) -> list[Erasure]:
    """Erase recordings, and see it through as far as that can be done now.

    Idempotent: what was ordered before is carried on with. Raises MissingError
    records.no-recording; RefusedError erase.refused, erase.key-missing; BusyError.
    """
    ordered = order(house, references, wish)
    carry_on(house)
    for erasure in ordered:
        erasure.refresh_from_db()
    return ordered


def carry_on(house: House) -> list[Erasure]:
    """`finish`, and where no keeper does so, the end of arrivals' keys that are due before it."""
    if not serving.is_held(house.layout.keeper_lock):
        arrival_keys.destroy_spent(house)
    return finish(house)


def weigh_all(house: House, references: list[str], *, is_early: bool) -> list[Weighed]:
    """What an erasure of these would do; what was ordered before is left out.

    Raises MissingError records.no-recording.
    """
    now = house.now()
    new = [one for one in dict.fromkeys(references) if find_erasure(one) is None]
    rows = [queries_of_one.recording(reference) for reference in new]
    return [weigh(row, is_early=is_early, now=now) for row in rows]


def weigh_due(house: House) -> list[Weighed]:
    """What `expired` would do."""
    ids, now = list(due_for_erasure(house)), house.now()
    rows = (Recording.objects.get(pk=number) for number in ids)
    return [weigh(row, is_early=False, now=now) for row in rows]


def expired(house: House, *, by: Actor, progress: Progress = silent) -> Expired:
    """Erase everything whose last day is over, by the rule that kept it.

    Whole days, UTC, because a bucket is a day: once all of it has gone, one key is destroyed for
    all, and nobody has to be wrapped afresh. What may not go is told and stays.
    """
    due, done, kept = list(due_for_erasure(house)), 0, []
    for start in range(0, len(due), BATCH):
        for row in Recording.objects.filter(pk__in=due[start : start + BATCH]).order_by("id"):
            weighed = weigh(row, is_early=False, now=house.now())
            if weighed.decision.allowed:
                order(house, [row.reference], _routine(row, by=by))
                done += 1
            else:
                kept.append(weighed)
            progress(done + len(kept), len(due), "recordings")
    carry_on(house)
    rotation.close_past(house, by=by)
    return Expired(ordered=done, kept=tuple(kept))


def due_for_erasure(house: House) -> Iterator[int]:
    """The ids of all recordings whose last day was before today, UTC, the oldest first."""
    today = datetime.combine(house.now().astimezone(UTC).date(), time(), UTC)
    newest = RetentionDecision.objects.filter(recording=OuterRef("pk")).order_by("-id")
    until = Subquery(newest.values("keep_until")[:1])
    rows = Recording.objects.alias(until=until).filter(until__lt=today).order_by("id")
    yield from rows.values_list("pk", flat=True).iterator()


def find_erasure(reference: str) -> Erasure | None:
    """What stands where a recording was; None where none was erased."""
    return Erasure.objects.filter(reference=reference).first()


def certificate_of(reference: str) -> str:
    """The signed note. Raises MissingError erase.no-erasure, BusyError erase.not-done-yet."""
    found = find_erasure(reference)
    if found is None:
        raise MissingError(
            "erase.no-erasure",
            "No recording with this reference was erased.",
            hint="`bodyworn show REFERENCE` says what there is of it.",
        )
    if not found.certificate:
        raise BusyError(
            "erase.not-done-yet",
            f"{reference} is being erased; a key that opens it is still to be destroyed.",
            retry_after=3600,
            hint="`bodyworn show REFERENCE` says which key, and when it goes.",
        )
    return found.certificate


def _routine(row: Recording, *, by: Actor) -> Wish:
    decision = queries_of_one.retention_of(row.pk)
    if decision is None:
        raise MissingError("erase.no-decision", f"Nobody decided how long {row} is kept.")
    return Wish(policy=decision.rule, authority=decision.decided_by, reason=decision.reason, by=by)
