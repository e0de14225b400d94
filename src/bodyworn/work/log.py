"""From committed events to a signed tree.

    committed -> place in the database -> bundles and tiles -> checkpoint file -> checkpoint row
    recorded     integrated                                    published

Each arrow may be the last thing before a crash. The order is committed before anything is signed,
so whoever starts again finds either events without a place, or places that the tree does not
hold yet, and in both cases makes the very tree that the first one would have made. What a leaf
holds is `work.sealing`'s, files and signatures are `custody.log`'s, places `records.ledger`'s.
"""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import connections

from bodyworn.core.errors import DamagedError, MissingError
from bodyworn.core.terms import Durability
from bodyworn.core.types import CustodyEvent
from bodyworn.custody.checkpoint import Checkpoint
from bodyworn.records import ledger, models, together
from bodyworn.records.sequencing import sole_sequencer
from bodyworn.work.house import House
from bodyworn.work.waiting import (
    PATIENCE,
    Batch,
    Submitted,
    no_answer_yet,
    no_place_yet,
    not_extended,
    patiently,
    pause,
    refuse_transaction,
    stopped,
)

BATCH = 4096  # events a transaction and a checkpoint: under a backlog memory stays small
_log = logging.getLogger("bodyworn.log")


def integrate(house: House) -> Checkpoint | None:
    """Give every waiting event its place and publish a checkpoint over all of them.

    The newest checkpoint; None while there is none, or while another process is at it, which
    will then take these events too. MUST NOT be called inside a transaction. Raises
    DamagedError where database and log tell two stories: `log.ahead`, `log.fork`, `ledger.hole`.
    """
    with sole_sequencer(house.layout.log_lock) as ours:
        if not ours:
            return None
        checkpoint = _publish_places(house)  # what a crash may have left half done
        while ledger.give_places(BATCH):
            checkpoint = _publish_places(house)
        return checkpoint


def integrate_one(house: House, uid: str, *, seconds: float) -> int:
    """See to it that a committed event is in the signed tree; answers its index.

    For whoever has no `Sequencer` at hand: it integrates by itself, or waits for the process that
    is at it. Raises RefusedError log.in-transaction, MissingError log.no-event, BusyError
    log.no-place-yet after `seconds`, and the errors of `integrate`.
    """
    refuse_transaction()
    end = time.monotonic() + seconds
    while (index := index_in_tree(house, uid)) is None:
        if integrate(house) is None:
            pause(until=end)
    return index


def commit_together(house: House, events: Sequence[together.Ready]) -> int:
    """Commit events and sign the tree with them; answers the place of the first.

    They are published with the next round. Raises as `integrate` does, and BusyError
    log.no-place-yet while another process is at it for too long.
    """
    end = time.monotonic() + PATIENCE
    while True:
        with sole_sequencer(house.layout.log_lock) as ours:
            if ours:
                places = together.record_together(events)
                _sign(house, [one.leaf for one in events], first=places.start)
                return places.start
        pause(until=end)


def index_in_tree(house: House, uid: str) -> int | None:
    """The event's index once a signed checkpoint covers it. Raises MissingError log.no-event."""
    places = models.CustodyEvent.objects.filter(uid=uid).values_list("leaf_index", flat=True)
    found = list(places[:1])
    if not found:
        raise MissingError("log.no-event", "There is no committed event of this name.")
    index = found[0]
    return index if index is not None and index < house.log.size else None


def durability_of(event: models.CustodyEvent) -> Durability:
    """What of this event survives, in one of the four words."""
    return standing_of(event)[0]


def standing_of(event: models.CustodyEvent) -> tuple[Durability, datetime | None]:
    """The word, and since when it is true, UTC; nobody notes when a place was given."""
    index = _index_now(event)
    if index is None:
        return Durability.RECORDED, event.at
    covering = models.Checkpoint.objects.filter(size__gt=index).order_by("size").first()
    if covering is None:
        return Durability.INTEGRATED, None
    return Durability.PUBLISHED, covering.signed_at


class Sequencer:
    """A thread that integrates on a timer, and at once when nudged, while the keeper lives.

    Events that are handed to it are committed by it as well, all that wait in one transaction:
    while one commit is on its way to the disk, the next batch gathers, and no timer is needed.
    """

    def __init__(self, house: House) -> None:
        """Not started yet."""
        self._house = house
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)
        lock = threading.Lock()
        self._work = threading.Condition(lock)  # there is something to do
        self._round_over = threading.Condition(lock)
        self._asked = self._answered = 0  # rounds, counted by whoever wants one
        self._failure: Exception | None = None  # of the last round
        self._was_ours = True  # whether the last round had the log to itself
        self._batch = Batch()  # what gathers for the next commit
        self._due = 0.0  # when the next round is, by the monotonic clock
        self._is_running = self._over = False
        self.trouble: str | None = None  # what the last round met; None if all was well

    def start(self) -> None:
        """Begin."""
        self._is_running = True
        self._due = time.monotonic() + self._house.settings.checkpoint_seconds
        self._thread.start()

    def stop(self) -> None:
        """Publish what still waits, flush the log's files, then end. Returns once it has ended."""
        with self._work:
            self._over = True
            self._work.notify()
        self._thread.join()

    def submit(
        self,
        event: CustodyEvent,
        *,
        recording: models.Recording | None = None,
        seconds: float = PATIENCE,
    ) -> Submitted:
        """Commit an event and have it in the signed tree, together with whatever else waits.

        Only for an event that is itself the whole fact, such as a look or a refusal: with a change
        beside it, `ledger.record` in the transaction of the change. Returns when it is durable
        and has its place; it is published with the next checkpoint.

        Raises DamagedError for a detail without canonical form, RefusedError log.in-transaction,
        and BusyError: log.sequencer-stopped where nothing was taken; log.not-extended and
        log.no-answer-yet where the event may be on record all the same.
        """
        refuse_transaction()
        ready = together.ready(event, recording=recording)
        with self._work:
            if not self._is_running or self._over:
                raise stopped()
            batch, place = self._batch, len(self._batch.events)
            batch.events.append(ready)
            if not place:
                self._work.notify()
        if not batch.wait(seconds):
            raise no_answer_yet()
        if batch.failure:
            raise not_extended(batch.failure) from batch.failure
        return Submitted(ready.uid, ready.leaf_hash, batch.first + place)

    def nudge(self) -> int:
        """Integrate now and not at the next tick; answers the number of the round asked for.

        It begins after this call, so it takes every event that was committed before it.
        """
        with self._work:
            self._asked += 1
            self._work.notify()
            return self._asked

    def wait_until_integrated(self, uid: str, *, seconds: float) -> int:
        """Have a committed event integrated at once; answers its index in the signed tree.

        Callers that come while a round is on share the next one. MUST NOT be called inside a
        transaction (RefusedError log.in-transaction): the round would wait for the caller. Raises
        MissingError log.no-event, and BusyError, never later than `seconds`: log.not-extended with
        what the round met, log.sequencer-stopped, log.no-place-yet.
        """
        refuse_transaction()
        end = time.monotonic() + seconds
        while (index := index_in_tree(self._house, uid)) is None:
            taken = self._wait_for_round(self.nudge(), until=end)
            if not taken:
                pause(until=end)
        return index

    def _wait_for_round(self, number: int, *, until: float) -> bool:
        """False where another process held the log, so that the round could do nothing."""
        with self._round_over:
            while self._answered < number:
                if not self._is_running:
                    raise stopped()
                if not self._round_over.wait(until - time.monotonic()):
                    raise no_place_yet()
            if self._failure:
                raise not_extended(self._failure) from self._failure
            return self._was_ours

    def _run(self) -> None:
        try:
            while self._rest():
                self._take_batch()
                if self._asked > self._answered or time.monotonic() >= self._due:
                    self._round()
            self._take_batch()
            self._round()
            self._settle()
        finally:
            connections.close_all()
            with self._round_over:
                self._is_running = False
                self._round_over.notify_all()

    def _rest(self) -> bool:
        """Until there is something to do; False when it is over."""
        with self._work:
            self._work.wait_for(
                lambda: self._over or self._batch.events or self._asked > self._answered,
                timeout=max(0.0, self._due - time.monotonic()),
            )
            return not self._over

    def _take_batch(self) -> None:
        with self._work:
            batch, self._batch = self._batch, Batch()
        if not batch.events:
            return
        try:
            batch.first = commit_together(self._house, batch.events)
        except Exception as error:
            batch.failure = error
            connections.close_all()
            self._report(error)
        batch.end()

    def _round(self) -> None:
        """The thread is an edge: a database that is away for a while must not end it."""
        number = self._asked  # what is asked for from here on wants another round
        failure, checkpoint = None, None
        try:
            checkpoint = integrate(self._house)
        except Exception as error:
            failure = error
            connections.close_all()
        self._report(failure)
        self._due = time.monotonic() + self._house.settings.checkpoint_seconds
        with self._round_over:
            self._answered, self._failure = number, failure
            self._was_ours = checkpoint is not None
            self._round_over.notify_all()

    def _settle(self) -> None:
        """So that the next opening has nothing to repeat; nothing is lost where it fails."""
        try:
            self._house.log.settle()
        except Exception as error:
            self._report(error)

    def _report(self, failure: Exception | None) -> None:
        """Once for each trouble, not once a second."""
        trouble = f"{type(failure).__name__}: {failure}" if failure else None
        if trouble and trouble != self.trouble:
            _log.error("The log could not be extended: %s", trouble)
        self.trouble = trouble


def _sign(house: House, leaves: Sequence[bytes], *, first: int) -> None:
    """Extend the tree; what the database has placed before them comes first.

    The database keeps them durably, and in their order. So the log need not flush them before it
    shows them, and a caller waits for one flush and not for two.
    """
    if house.log.signed_size < first:
        _publish_places(house)
    else:
        now = house.now()
        patiently(partial(house.log.append, leaves, from_index=first, now=now, durable=False))


def _publish_places(house: House) -> Checkpoint | None:
    """Bring tree, checkpoint file and checkpoint row up to the places that are committed."""
    checkpoint, placed = patiently(house.log.publish), ledger.next_index()
    size = checkpoint.size if checkpoint else 0
    if size > placed:
        raise _ahead(size, placed)
    while size < placed:
        leaves = list(ledger.from_index(size, BATCH))
        extend = partial(house.log.integrate, leaves, from_index=size, now=house.now())
        checkpoint = patiently(extend)
        size = checkpoint.size
    if checkpoint:
        _remember(checkpoint, at=house.now())
    return checkpoint


def _remember(checkpoint: Checkpoint, *, at: datetime) -> None:
    facts = {"root": checkpoint.root.hex(), "note": checkpoint.note_text, "signed_at": at}
    row, _ = models.Checkpoint.objects.get_or_create(size=checkpoint.size, defaults=facts)
    if row.root != checkpoint.root.hex():
        raise DamagedError(
            "log.fork",
            f"Two different trees of {checkpoint.size} events were signed.",
            hint="The database and the log tell two stories; stop and compare backups.",
        )


def _index_now(event: models.CustodyEvent) -> int | None:
    """The row in hand may be older than its place."""
    if event.leaf_index is not None:
        return event.leaf_index
    return models.CustodyEvent.objects.values_list("leaf_index", flat=True).get(pk=event.pk)


def _ahead(size: int, placed: int) -> DamagedError:
    return DamagedError(
        "log.ahead",
        f"The signed log holds {size} events, the database only {placed}.",
        hint="The database is older than the log: restore its newest backup before anything else.",
    )
