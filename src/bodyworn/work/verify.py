"""Is everything as it was? The whole store or one recording, from the inside.

Outsiders need less and trust less: `custody.verify` judges the log from its files and a key. Here
the database, the log and the bytes are compared with each other, so that whoever changes one of
them must change all three, and forge a signature.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import OperationalError, transaction
from django.db.models import Prefetch, QuerySet

from bodyworn.core import types
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, DamagedError, MissingError
from bodyworn.core.tasks import Progress, silent
from bodyworn.core.terms import EventType, Operation
from bodyworn.core.types import Actor
from bodyworn.custody.edge import WIDTH
from bodyworn.custody.policy import Policy, load_policy
from bodyworn.custody.tiles import EntryReader, TileReader
from bodyworn.custody.tree import leaf_hash, verify_inclusion
from bodyworn.custody.verify import NOT_PROVED, Step, verify_log
from bodyworn.records import ledger, models, queries_of_one
from bodyworn.records.models import Copy, CustodyEvent, Device, Erasure, Recording
from bodyworn.rules.opening import EVERYTHING
from bodyworn.store.sealed import DataKey
from bodyworn.work import census, completeness, timestamps
from bodyworn.work.books import BOOKED, check_event, check_leaf, check_recording, check_subject
from bodyworn.work.books_house import (
    check_accounts,
    check_checkpoints,
    check_docks,
    check_none_beyond,
    check_places,
)
from bodyworn.work.erase_proof import check_erasures, check_forgotten, check_one
from bodyworn.work.house import House
from bodyworn.work.keys import Keys as KeySource
from bodyworn.work.keys import keys_of
from bodyworn.work.trouble import explained

CHUNK = 200  # rows that are held in memory at once
MOST_NAMED = 20  # names in one sentence; JSON has them all
MOST_TOLD = 5  # wrong files in words; programs get them all
BYTES_HINT = (
    "Keep everything as it is; fetch the bytes from a copy elsewhere, and tell the person who "
    "keeps the system: a disk fails, or somebody has changed evidence."
)

# What our own code meets where a detail is no object, or a row points at one that is gone.
SPOILT = (AttributeError, KeyError, ObjectDoesNotExist, TypeError, ValueError)
VERIFIER = Actor(name="system:verifier")
Pair = TypeVar("Pair", bound=tuple[Any, ...])
NoKey = DamagedError | MissingError
Keys = Mapping[Sha256, DataKey | NoKey]
Check = Callable[[], str]
"""Answers what was found, in a sentence; raises BodywornError at the first wrong thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreVerdict:
    """What a verification found, step by step; a broken step does not keep the others."""

    steps: tuple[Step, ...]  # in order
    wrong: tuple[dict[str, Any], ...] = field(default=())  # each broken step's first wrong thing
    not_proved: tuple[str, ...] = NOT_PROVED  # sentences, always

    @property
    def ok(self) -> bool:
        """Whether every step held."""
        return all(step.ok for step in self.steps)

    def require(self) -> None:
        """Raises DamagedError store.not-verified with the first broken step's sentence."""
        for step, wrong in zip((s for s in self.steps if not s.ok), self.wrong, strict=True):
            raise DamagedError("store.not-verified", step.sentence, step=step.number, found=wrong)


def verify_store(
    house: House, *, by: Actor = VERIFIER, progress: Progress = silent
) -> StoreVerdict:
    """Compare log, database and bytes with each other, all of them.

    1. The log leads from its entries to its signed root, and continues the newest checkpoint
       that the database remembers, and every one that was time-stamped.
    2. Every entry of the log is the leaf of its event, and no event is missing. Every checkpoint
       that the database remembers is over the first of these entries.
    3. Every event says what its leaf commits to.
    4. Every recording, copy, decision and finding on a camera's count has its event, and every
       such event its row; so has every account and every dock. Whoever stood in the newest
       census is held, or was erased; what was erased has its tombstone, and its keys are gone.
    5. The stored bytes are those that the copies name.

    What waits for its place can be compared with its own leaf only. `progress` counts events,
    recordings and files, one after the other. To read the bytes is an event of its own, of `by`:
    where the log cannot take it, step 5 says so and nothing is read.
    """
    return _judged(
        lambda: _log_is_whole(house, progress),
        lambda: _events_are_the_entries(house),
        lambda: _events_are_true(progress),
        lambda: _books_agree(house, progress),
        lambda: _bytes_are_unchanged(house, None, by, progress),
    )


def verify_recording(
    house: House, reference: str, *, by: Actor = VERIFIER, progress: Progress = silent
) -> StoreVerdict:
    """The same for one recording. Raises MissingError records.no-recording.

    1. Every one of its events that the log has signed is in the signed tree.
    2. Every one of its events says what its leaf commits to.
    3. Recording, copies and decisions are those of its events.
    4. The stored bytes are those that its copies name.

    Of one that was erased: its leaves are in the tree, its tombstone accounts for what its events
    no longer say, and keys and certificate are as they must be.
    """
    erasure = Erasure.objects.filter(reference=reference).first()
    if erasure is not None:
        return _verify_erased(house, erasure)
    recording = queries_of_one.recording(reference)
    return _judged(
        lambda: _events_are_proved(house, recording.events.order_by("id")),
        lambda: _all_true(recording.events.order_by("id")),
        lambda: _one_book_agrees(recording),
        lambda: _bytes_are_unchanged(house, recording, by, progress),
    )


def _verify_erased(house: House, erasure: Erasure) -> StoreVerdict:
    events = erasure.events.order_by("id")
    return _judged(
        lambda: _events_are_proved(house, events),
        lambda: _all_true(events),
        lambda: check_one(house, erasure),
    )


def _judged(*checks: Check) -> StoreVerdict:
    steps: list[Step] = []
    wrong: list[dict[str, Any]] = []
    for number, check in enumerate(checks, start=1):
        try:
            steps.append(Step(number, check(), ok=True))
        except BodywornError as error:
            steps.append(Step(number, error.message, ok=False))
            wrong.append(error.as_dict())
        except SPOILT as error:
            found = _unreadable(error)
            steps.append(Step(number, found.message, ok=False))
            wrong.append(found.as_dict())
    return StoreVerdict(steps=tuple(steps), wrong=tuple(wrong))


def _unreadable(error: Exception) -> DamagedError:
    return DamagedError(
        "books.unreadable",
        "A row holds what no verb of ours writes, so this step came to no end: "
        f"{type(error).__name__}.",
        hint="Keep everything as it is; the other steps may name the row.",
    )


def _log_is_whole(house: House, progress: Progress) -> str:
    remembered = models.Checkpoint.objects.order_by("-size").first()
    if remembered is None and house.log.checkpoint() is None:
        return "No checkpoint was published yet."
    older = remembered.note if remembered else None
    key, second = house.signer.verifier, house.second.key if house.second else None
    policy = _policy_of(house)
    verdict = verify_log(
        house.layout.log, key, second=second, older=older, policy=policy, progress=progress
    )
    verdict.require()
    witnessed = [step.sentence for step in verdict.steps if step.number == 6]
    stamped = timestamps.verified(house, progress=progress)
    return " ".join(filter(None, (verdict.steps[3].sentence, *witnessed, stamped)))


def _policy_of(house: House) -> Policy | None:
    """The witness policy, once witnesses have signed: one that is away is no damage."""
    path, witnessed = house.settings.policy, house.layout.log_witnessed
    return load_policy(path) if path and witnessed.exists() else None


def _events_are_the_entries(house: House) -> str:
    checkpoint = house.log.checkpoint()
    check_none_beyond(house.log)
    if checkpoint is None:
        check_places()
        return "The log has no entries yet."
    tiles = TileReader(house.layout.log, size=checkpoint.size, root=checkpoint.root)
    rows = CustodyEvent.objects.filter(leaf_index__lt=checkpoint.size).order_by("leaf_index")
    numbered = zip(count(), _entries(EntryReader(tiles), checkpoint.size), strict=False)
    for row in rows.iterator(CHUNK):
        index, entry = next(numbered)
        if row.leaf_index != index:
            raise _no_row(index)
        check_leaf(row, entry)
    for index, _ in numbered:
        raise _no_row(index)
    check_places()
    entries = _entries(EntryReader(tiles), checkpoint.size)
    check_checkpoints(checkpoint, entries, key=house.signer.verifier)
    return f"All {checkpoint.size} entries of the log are the leaves of their events."


def _entries(reader: EntryReader, size: int) -> Iterator[bytes]:
    for number in range(-(-size // WIDTH)):
        yield from reader.bundle(number)


def _no_row(index: int) -> DamagedError:
    return DamagedError(
        "books.event-gone", f"Event {index} of the log has no row any more.", entry=index
    )


def _events_are_true(progress: Progress) -> str:
    # A probe is long, and no event needs its recording's.
    rows = CustodyEvent.objects.select_related("recording").defer("recording__probe")
    return _all_true(rows.order_by("id"), progress)


def _all_true(rows: QuerySet[CustodyEvent], progress: Progress = silent) -> str:
    total, done, erased = rows.count(), 0, 0
    for done, row in enumerate(rows.select_related("erasure").iterator(CHUNK), start=1):
        if not check_event(row):
            check_forgotten(row)
            erased += 1
        progress(done, max(done, total), "events")
    told = f"All {done} events say what their leaves commit to."
    gone = f" {erased} of them were lawfully forgotten, and what they said is not proved."
    return told + gone if erased else told


def _books_agree(house: House, progress: Progress) -> str:
    # What arrives while we read is left to the next time: both sides of it could not be seen.
    newest = Recording.objects.order_by("-id").values_list("id", flat=True).first() or 0
    total, done = Recording.objects.filter(id__lte=newest).count(), 0
    for recording in _with_their_events(Recording.objects.filter(id__lte=newest)):
        _agrees_also_if_looked_at_twice(recording)
        done += 1
        progress(done, max(done, total), "recordings")
    _ingestions_have_recordings(newest)
    _counts_agree()
    check_accounts()
    check_docks()
    erased = check_erasures(house)
    told = [f"All {done} recordings, their copies and decisions agree with their events."]
    if erased:
        told.append(f"{erased} were erased, each with its tombstone in the log.")
    return " ".join(filter(None, (*told, census.check_newest(house))))


def _with_their_events(rows: QuerySet[Recording]) -> Iterator[Recording]:
    """In chunks, because a force has millions of them."""
    booked = Prefetch("events", CustodyEvent.objects.filter(type__in=BOOKED))
    placed = rows.select_related("device", "officer", "unit").order_by("id")
    with_all = placed.prefetch_related(booked, "copies", "retention", "markers__made_by")
    yield from with_all.iterator(CHUNK)


def _agrees_also_if_looked_at_twice(recording: Recording) -> None:
    """A marker or a copy may have come between our reading of the events and of the rows."""
    try:
        _one_book_agrees(recording)
    except DamagedError:
        for again in _with_their_events(Recording.objects.filter(pk=recording.pk)):
            _one_book_agrees(again)


def _one_book_agrees(recording: Recording) -> str:
    check_recording(
        recording,
        events=[event for event in recording.events.all() if event.type in BOOKED],
        copies=list(recording.copies.all()),
        decisions=list(recording.retention.all()),
        markers=list(recording.markers.all()),
    )
    return "Recording, copies and decisions are those of its events."


def _ingestions_have_recordings(newest: int) -> None:
    rows = CustodyEvent.objects.filter(type=EventType.INGESTION, erasure=None).order_by("id")
    numbers = rows.values_list("recording_id", "subject").iterator(CHUNK)
    for chunk in _chunks(numbers):
        known = Recording.objects.in_bulk([number for number, _ in chunk if number])
        for number, subject in chunk:
            if number is None or number <= newest:
                check_subject(subject, known.get(number) if number else None)


def _counts_agree() -> None:
    """No gap in a camera's numbers is without its finding, and no finding without its event."""
    for device in Device.objects.order_by("id").iterator(CHUNK):
        try:
            completeness.check_count(device)
        except DamagedError:  # something may have arrived between our reading of both
            completeness.check_count(device)


def _chunks(items: Iterable[Pair]) -> Iterator[list[Pair]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _events_are_proved(house: House, events: QuerySet[CustodyEvent]) -> str:
    checkpoint, proved, waiting = house.log.checkpoint(), 0, 0
    for row in events:
        if checkpoint is None or row.leaf_index is None or row.leaf_index >= checkpoint.size:
            waiting += 1
            continue
        hashes = house.log.prove_inclusion(row.leaf_index, checkpoint.size)
        verify_inclusion(
            leaf_hash(bytes(row.leaf)),
            hashes,
            index=row.leaf_index,
            size=checkpoint.size,
            root=checkpoint.root,
        )
        proved += 1
    return f"{proved} of its events are in the signed tree; {waiting} wait for it."


def _bytes_are_unchanged(
    house: House, recording: Recording | None, by: Actor, progress: Progress
) -> str:
    """1. On record that they are read; 2. their keys, some at a time; 3. read every one.

    4. Of one recording the result is put on record as well: its history tells when it was checked.

    On a disk that cannot be written nothing can go on record, so nothing is opened.
    """
    copies = recording.copies.all() if recording else Copy.objects.all()
    found = copies.order_by("sha256").values_list("sha256", "size").distinct()
    try:
        begun = _begin(house, recording, by)  # 1
    except OperationalError as error:
        if explained(error).code != "database.read-only":
            raise
        return _are_there(house, found, progress)
    total, done, size_of_all = found.count(), 0, 0
    wrong: list[BodywornError] = []
    for some in _chunks(found.iterator(CHUNK)):
        keys = _keys(house, begun, [Sha256.parse(digest) for digest, _ in some])  # 2
        for digest, size in some:
            try:
                _check_blob(house, keys[Sha256.parse(digest)], Sha256.parse(digest), size)  # 3
            except (DamagedError, MissingError) as error:
                wrong.append(_whose(error, digest))
            done += 1
            size_of_all += size
            progress(done, max(done, total), "files")
    if recording:
        _end(house, recording, by, wrong)  # 4
    if wrong:
        raise _all_of(wrong, done)
    return f"All {done} files, {size_of_all:,} bytes, are unchanged."


def _whose(error: BodywornError, digest: str) -> BodywornError:
    """The same, naming the recordings: a digest alone tells nobody which case has lost its film."""
    copies = Copy.objects.filter(sha256=digest).select_related("recording").order_by("id")
    names = [f"{copy.kind} of {copy.recording.reference}" for copy in copies[:MOST_NAMED]]
    facts = {**error.facts, "sha256": digest, "copies": names}
    told = f"{error.message.removesuffix('.')} ({', '.join(names)})."
    hint = error.hint if error.code == "key.missing" else BYTES_HINT
    return type(error)(error.code, told, hint=hint, **facts)


def _all_of(wrong: Sequence[BodywornError], files: int) -> BodywornError:
    """One error for all wrong files: the first one's code, every one's facts."""
    first, told = wrong[0], " ".join(error.message for error in wrong[:MOST_TOLD])
    more = f" And {len(wrong) - MOST_TOLD} more; --json has them all."
    told += more if len(wrong) > MOST_TOLD else ""
    message = told if len(wrong) == 1 else f"{len(wrong)} of {files} files are wrong. {told}"
    others = [error.as_dict() for error in wrong[1:]]
    return type(first)(first.code, message, hint=first.hint, **first.facts, others=others)


def _begin(house: House, recording: Recording | None, by: Actor) -> CustodyEvent:
    event = types.CustodyEvent(
        type=EventType.FIXITY_BEGUN,
        operation=Operation.CONSULTATION,
        at=house.now(),
        actor=by.name,
        subject=recording.reference if recording else EVERYTHING,
    )
    with transaction.atomic():
        return ledger.record(event, recording=recording)


def _are_there(house: House, found: QuerySet[Copy, tuple[str, int]], progress: Progress) -> str:
    """What can be seen without a key: each file, its header, and its size."""
    total, done, wrong = found.count(), 0, list[BodywornError]()
    for done, (digest, size) in enumerate(found.iterator(CHUNK), start=1):
        try:
            house.vault.slot(Sha256.parse(digest))
            _check_size(house, Sha256.parse(digest), size)
        except (DamagedError, MissingError) as error:
            wrong.append(_whose(error, digest))
        progress(done, max(done, total), "files")
    if wrong:
        raise _all_of(wrong, done)
    return (
        f"All {done} files are there, sealed, and of their size. Their bytes were NOT read: that "
        "is an event, and nothing can be written on this disk."
    )


def _end(house: House, recording: Recording, by: Actor, wrong: Sequence[BodywornError]) -> None:
    changed = any(isinstance(error, DamagedError) for error in wrong)
    outcome = ("changed" if changed else "unreadable") if wrong else "unchanged"
    event = types.CustodyEvent(
        type=EventType.FIXITY_CHECK,
        operation=Operation.CONSULTATION,
        at=house.now(),
        actor=by.name,
        subject=recording.reference,
        detail={"outcome": outcome, "files": recording.copies.count()},
    )
    with transaction.atomic():
        ledger.record(event, recording=recording)


def _keys(house: House, begun: CustodyEvent, digests: Sequence[Sha256]) -> Keys:
    """The keys of these bytes; in the place of one that is missing, the error that says so."""
    service = keys_of(house)
    try:
        return dict(service.release(begun.uid, digests))
    except (DamagedError, MissingError):
        return {digest: _key(service, begun, digest) for digest in digests}


def _key(service: KeySource, begun: CustodyEvent, digest: Sha256) -> DataKey | NoKey:
    try:
        return service.release(begun.uid, [digest])[digest]
    except (DamagedError, MissingError) as error:
        return error


def _check_blob(house: House, key: DataKey | NoKey, digest: Sha256, size: int) -> None:
    if isinstance(key, NoKey):
        raise key
    house.vault.check(digest, key)
    _check_size(house, digest, size)


def _check_size(house: House, digest: Sha256, size: int) -> None:
    if house.vault.size(digest) != size:
        raise DamagedError("books.size", f"{digest.short}… has not the size of its row.")
