"""The order to erase: a tombstone in the log, and every row of the recording gone, at once.

Nothing is destroyed here but rows. From the moment that this is committed no page shows the
recording and no key is given out for it; what makes it unreadable wherever copies of the database
lie is done by `work.erase_ending`, after the log has taken the tombstone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from bodyworn.core.clock import iso, system_clock
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import RefusedError
from bodyworn.core.terms import CopyKind, EventType, Operation
from bodyworn.core.types import Actor, CustodyEvent, Decision
from bodyworn.custody.event import pseudonym_of
from bodyworn.records import ledger, queries_of_one
from bodyworn.records.models import (
    Complaint,
    Copy,
    Disclosure,
    Erasure,
    ErasureState,
    Exhibit,
    Fix,
    Job,
    JobState,
    Marker,
    Recording,
    Redaction,
    RetentionDecision,
    SequenceFinding,
)
from bodyworn.records.models import CustodyEvent as EventRow
from bodyworn.rules.erasure import Standing, may_erase
from bodyworn.store import blob_list
from bodyworn.store.keyring import Bucket
from bodyworn.work import data_keys, keys
from bodyworn.work.house import House

BATCH = 50  # recordings of one transaction
WIDTHS = {"policy": 200, "authority": 200, "reason": 400}  # characters, as the columns have them


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """On what ground, by whose authority and why; each one line of text."""

    policy: str
    authority: str
    reason: str
    by: Actor  # who asks
    is_early: bool = False  # also before its time of retention is over

    def __post_init__(self) -> None:
        for name, width in WIDTHS.items():
            value = getattr(self, name)
            if not value.strip() or len(value) > width or not value.isprintable():
                raise RefusedError(
                    "erase.no-ground",
                    f"An erasure needs its {name} in one line of at most {width} characters.",
                    hint="Say by which policy it is erased, who has authorised that, and why.",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What an erasure would do."""

    reference: str
    decision: Decision
    files: tuple[tuple[str, str, int], ...]  # (kind, SHA-256, bytes) that would go
    shared: tuple[str, ...]  # SHA-256 of what another recording has as well, which would stay
    buckets: tuple[Bucket, ...]  # whose keys would be destroyed


def weigh(recording: Recording, *, is_early: bool, now: datetime) -> Weighed:
    """Judge one recording, and say what would go. Changes nothing."""
    own, shared = _own_and_shared(recording)
    slots = data_keys.of([Sha256.parse(copy.sha256) for copy in own])
    return Weighed(
        reference=recording.reference,
        decision=may_erase(_standing(recording), now=now, is_early=is_early),
        files=tuple((copy.kind, copy.sha256, copy.size) for copy in own),
        shared=tuple(copy.sha256 for copy in shared),
        buckets=tuple(sorted({slot.bucket for slot in slots.values()})),
    )


def order(house: House, references: Sequence[str], wish: Wish) -> list[Erasure]:
    """Order the erasure of these recordings; what was ordered before is answered as it stands.

    1. All are judged first: one that may not go keeps all others.
    2. Some at a time, each batch in one transaction, they are judged again and erased.

    Raises MissingError records.no-recording, RefusedError erase.refused, erase.key-missing.
    """
    now = house.now()
    wanted = [one for one in dict.fromkeys(references) if not _erased(one)]
    for reference in wanted:  # 1
        recording = queries_of_one.recording(reference)
        _refuse(weigh(recording, is_early=wish.is_early, now=now))
        _refuse_lost_keys(house, recording)
    for start in range(0, len(wanted), BATCH):  # 2
        with transaction.atomic():
            for reference in wanted[start : start + BATCH]:
                _order_one(house, reference, wish, now=now)
    return [Erasure.objects.get(reference=reference) for reference in dict.fromkeys(references)]


def tombstone_detail(erasure: Erasure) -> dict[str, Any]:
    """What the tombstone commits to; the row must say the same."""
    return {
        "policy": erasure.policy,
        "authority": erasure.authority,
        "reason": erasure.reason,
        "early": erasure.is_early,
        "files": erasure.files,
        "shared": erasure.shared,
        "buckets": erasure.buckets,
        "handed_out": erasure.handed_out,
        "requested_at": iso(erasure.ordered_at),
    }


def _order_one(house: House, reference: str, wish: Wish, *, now: datetime) -> None:
    """1. Hold the row and judge; 2. the tombstone; 3. what events said; 4. rows; 5. keys."""
    recording = _held(reference)
    if recording is None:
        return  # somebody else was faster
    weighed = weigh(recording, is_early=wish.is_early, now=now)
    _refuse(weighed)  # 1
    erasure = _erasure(house, recording, weighed, wish, now=now)
    tombstone = ledger.record(_tombstone(erasure), recording=recording)  # 2
    erasure.event = tombstone.uid
    erasure.save()
    ledger.forget(recording, erasure, tombstone=tombstone)  # 3
    _delete_rows(recording)  # 4
    data_keys.remove([Sha256.parse(digest) for _, digest, _ in weighed.files])  # 5


def _held(reference: str) -> Recording | None:
    rows = Recording.objects.select_for_update(of=("self",))
    return rows.filter(reference=reference).first()


def _erased(reference: str) -> bool:
    return Erasure.objects.filter(reference=reference).exists()


def _erasure(
    house: House, recording: Recording, weighed: Weighed, wish: Wish, *, now: datetime
) -> Erasure:
    salt = bytes(recording.pseudonym_salt)
    exports = recording.events.filter(type=EventType.EXPORT)
    return Erasure(
        reference=recording.reference,
        pseudonym=pseudonym_of(recording.reference, salt=salt).hex(),
        pseudonym_salt=salt,
        device=recording.device,
        sequence=recording.sequence,
        started_at=recording.started_at,
        policy=wish.policy,
        authority=wish.authority,
        reason=wish.reason,
        asked_by=wish.by.name,
        is_early=weighed.decision.rule == "erasure.early",
        ordered_at=now,
        files=[list(one) for one in weighed.files],
        shared=list(weighed.shared),
        buckets=[[one.name, one.generation] for one in weighed.buckets],
        arrivals=_arrivals(house, weighed),
        handed_out=exports.count(),
        state=ErasureState.ORDERED,
    )


def _arrivals(house: House, weighed: Weighed) -> list[list[Any]]:
    """The days under whose keys the files were born: as long as one lives, it opens them too."""
    digests = [Sha256.parse(digest) for _, digest, _ in weighed.files]
    paths = [path for one in digests for path in (house.layout.blob(one), house.layout.spare(one))]
    found = {blob_list.born_under(path) for path in paths} - {None}
    return [[one.name, one.generation] for one in sorted(b for b in found if b is not None)]


def _tombstone(erasure: Erasure) -> CustodyEvent:
    return CustodyEvent(
        type=EventType.ERASURE,
        operation=Operation.ERASURE,
        at=erasure.ordered_at,
        actor=erasure.asked_by,
        subject=erasure.reference,
        detail=tombstone_detail(erasure),
    )


def _delete_rows(recording: Recording) -> None:
    """What hangs on it first; of copies those first that nothing was made of."""
    for table in (Fix, Marker, RetentionDecision, Redaction, Job):
        table.objects.filter(recording=recording).delete()
    SequenceFinding.objects.filter(shown_by=recording).update(shown_by=None)
    while Copy.objects.filter(recording=recording).exists():
        Copy.objects.filter(recording=recording, copy=None).delete()
    recording.delete()


def _own_and_shared(recording: Recording) -> tuple[list[Copy], list[Copy]]:
    copies = list(recording.copies.order_by("id"))
    digests = {copy.sha256 for copy in copies}
    others = Copy.objects.filter(sha256__in=digests).exclude(recording=recording)
    kept = set(others.values_list("sha256", flat=True))
    own = [copy for copy in copies if copy.sha256 not in kept]
    return own, [copy for copy in copies if copy.sha256 in kept]


def _standing(recording: Recording) -> Standing:
    decision = queries_of_one.retention_of(recording.pk)
    running = Job.objects.filter(recording=recording, state=JobState.RUNNING)
    return Standing(
        keep_until=decision.keep_until if decision else None,
        exhibits=Exhibit.objects.filter(copy__recording=recording).count(),
        disclosures=Disclosure.objects.filter(copy__recording=recording).count(),
        complaints=Complaint.objects.filter(recordings=recording).count(),
        is_worked_on=running.filter(lease_until__gt=system_clock()).exists(),
    )


def _refuse(weighed: Weighed) -> None:
    decision = weighed.decision
    if not decision.allowed:
        raise RefusedError(
            "erase.refused",
            f"{weighed.reference} is not erased. {decision.reason}",
            hint=HINTS.get(decision.rule, "Ask the person who keeps the rule."),
            status=409,
            rule=decision.rule,
        )


HINTS = {
    "erasure.held": "Who has set the hold may lift it; until then it stays.",
    "erasure.not-due": "Where somebody has the authority to erase it before, say so with --early.",
    "erasure.worked-on": "Try again in a minute; nothing was erased.",
}


def _refuse_lost_keys(house: House, recording: Recording) -> None:
    """What cannot be destroyed must not be certified: a lost key may be found again elsewhere."""
    master = recording.copies.filter(kind=CopyKind.MASTER).values_list("sha256", flat=True)
    for slot in data_keys.of([Sha256.parse(digest) for digest in master]).values():
        if keys.is_lost(house, slot):
            raise RefusedError(
                "erase.key-missing",
                f"The key of {slot.bucket} is not here, so it cannot be destroyed.",
                hint="Bring back keys/buckets from the backup of the keys, or connect the token.",
                status=409,
            )


def tombstone_of(erasure: Erasure) -> EventRow:
    """The event that ordered it."""
    return EventRow.objects.get(uid=erasure.event)
