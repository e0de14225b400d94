"""The fixity patrol: every stored file is read again within `patrol_days`, and mended if it can be.

Disks forget and people tamper, in silence. The patrol is a duty of the keeper that never ends:

1. the event of a batch is committed and in the log: which files are about to be read
2. each file is read from the disk, from its first byte to its last
3. what is wrong gets an event of its own under its recording, and is mended from the second copy
4. the second copy's file is compared with ours, and renewed where ours is right and it is not
5. how far it came is written down, so that a restart goes on from there

At the end of a round its result is an event too. Leaves to others: where the hand stands
(`work.patrol_state`), one file and how it is mended (`work.mending`), the verdict over everything
at once, with database and log (`work.verify`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import IO

from django.db import transaction

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, BusyError
from bodyworn.core.tasks import Progress, silent
from bodyworn.core.terms import EventType
from bodyworn.records import ledger
from bodyworn.records.models import Copy
from bodyworn.rules.opening import EVERYTHING
from bodyworn.store.second import SecondCopy
from bodyworn.work import serving
from bodyworn.work.house import House
from bodyworn.work.log import integrate_one
from bodyworn.work.mending import Reading, Seen, check_event, read_and_mend
from bodyworn.work.patrol_state import END, State, load, save
from bodyworn.work.second import second_copy

BATCH = 64  # files of one event, at most
BATCH_BYTES = 2**30  # and bytes, unless one file has more
STORE = "store"  # subject of events that concern no single recording
MOST_NAMED = 100  # digests in the event of a round
SECONDS_FOR_THE_LOG = 10.0

File = tuple[Sha256, int]  # (digest of the plain bytes, their size)


def walk(house: House) -> State | None:
    """The keeper's duty: read what the hand should have passed by now; None where it is off.

    Raises BusyError patrol.already.
    """
    if not house.settings.patrol_days:
        return None
    with _alone(house):
        state = load(house.layout, house.wall_now())
        target = state.target(house.wall_now(), house.settings.patrol_days)
        return _go(house, state, until=target, progress=silent)


def go_round(house: House, *, progress: Progress = silent) -> State:
    """Bring the round that is under way to its end now, at full speed; resumable.

    Raises BusyError patrol.already.
    """
    with _alone(house):
        state = load(house.layout, house.wall_now())
        return _go(house, state, until=END, progress=progress)


def result(house: House) -> State:
    """What the patrol has found so far. Raises DamagedError patrol.unreadable."""
    return load(house.layout, house.wall_now())


def _alone(house: House) -> IO[str]:
    lock = serving.hold(house.layout.patrol_lock)
    if lock is None:
        raise BusyError("patrol.already", "Somebody else is patrolling this data folder.")
    return lock


def _go(house: House, state: State, *, until: str, progress: Progress) -> State:
    second = _second_if_there(house)
    for batch in _batches(state.hand, until):
        state = _read_batch(house, state, batch, second)
        save(house.layout, state)
        progress(round(state.share * 1000), 1000, "files read again")
    state = state.moved(until, house.wall_now())
    if until == END:
        _record_round(house, state)
        state = state.come_round(house.wall_now())
        progress(1000, 1000, "files read again")
    save(house.layout, state)
    return state


def _second_if_there(house: House) -> SecondCopy | None:
    """A disk that is away is told by `bodyworn check`, and stops no patrol."""
    try:
        return second_copy(house)
    except BodywornError:
        return None


def _batches(after: str, until: str) -> Iterator[list[File]]:
    """Files by digest, each once however many copies name it."""
    files = Copy.objects.order_by("sha256").values_list("sha256", "size").distinct()
    while found := list(files.filter(sha256__gt=after, sha256__lte=until)[:BATCH]):
        sizes = accumulate(size for _, size in found)
        batch = [one for one, sum_ in zip(found, sizes, strict=True) if sum_ <= BATCH_BYTES]
        batch = batch or found[:1]
        after = batch[-1][0]
        yield [(Sha256.parse(digest), size) for digest, size in batch]


def _read_batch(
    house: House, state: State, batch: Sequence[File], second: SecondCopy | None
) -> State:
    reading = _announced(house, batch, second)
    for digest, size in batch:
        state = _noted(state, read_and_mend(reading, digest), digest, size)
    _note_checked(house, [digest.hex for digest, _ in batch if digest.hex not in state.wrong])
    return state.moved(batch[-1][0].hex, house.wall_now())


def _announced(house: House, batch: Sequence[File], second: SecondCopy | None) -> Reading:
    """The event comes first, and is in the log before the first byte is read."""
    detail = {
        "scope": "patrol",
        "files": len(batch),
        "from": batch[0][0].hex,
        "to": batch[-1][0].hex,
    }
    with transaction.atomic():
        event = ledger.record(
            replace(check_event(house, EVERYTHING, detail), type=EventType.FIXITY_BEGUN)
        )
    integrate_one(house, event.uid, seconds=SECONDS_FOR_THE_LOG)
    return Reading(house=house, event=event, second=second)


def _note_checked(house: House, digests: Sequence[str]) -> None:
    Copy.objects.filter(sha256__in=digests).update(checked_at=house.now())


def _noted(state: State, seen: Seen, digest: Sha256, size: int) -> State:
    """The state after one more file."""
    tally = state.round
    tally = replace(
        tally,
        files=tally.files + 1,
        size=tally.size + size,
        wrong=tally.wrong + seen.was_wrong,
        repaired=tally.repaired + seen.is_repaired,
        second_wrong=tally.second_wrong + seen.second_was_wrong,
    )
    wrong = {one: known for one, known in state.wrong.items() if one != digest.hex}
    if seen.wrong:
        known = state.wrong.get(digest.hex, seen.wrong)
        wrong[digest.hex] = replace(seen.wrong, since=known.since)
    return replace(state, round=tally, wrong=wrong)


def _record_round(house: House, state: State) -> None:
    over = state.round
    detail = {
        "scope": "round",
        "outcome": "changed" if state.wrong else "unchanged",
        "files": over.files,
        "size": over.size,
        "wrong": over.wrong,
        "repaired": over.repaired,
        "second_wrong": over.second_wrong,
        "still_wrong": sorted(state.wrong)[:MOST_NAMED],
    }
    with transaction.atomic():
        ledger.record(check_event(house, STORE, detail))
