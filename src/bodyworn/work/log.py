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
from datetime import datetime

from django.db import connections

from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import Durability
from bodyworn.custody.checkpoint import Checkpoint
from bodyworn.records import ledger, models
from bodyworn.records.sequencing import sole_sequencer
from bodyworn.work.house import House

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
    """A thread that integrates on a timer, for as long as the keeper lives."""

    def __init__(self, house: House) -> None:
        """Not started yet."""
        self._house = house
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)
        self.trouble: str | None = None  # what the last round met; None if all was well

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Publish what still waits, then end. Returns once it has ended."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.wait(self._house.settings.checkpoint_seconds):
                self._round()
            self._round()
        finally:
            connections.close_all()

    def _round(self) -> None:
        """The thread is an edge: a database that is away for a while must not end it."""
        try:
            integrate(self._house)
        except Exception as error:
            self._report(f"{type(error).__name__}: {error}")
            connections.close_all()
        else:
            self.trouble = None

    def _report(self, trouble: str) -> None:
        """Once for each trouble, not once a second."""
        if trouble != self.trouble:
            _log.error("The log could not be extended: %s", trouble)
        self.trouble = trouble


def _publish_places(house: House) -> Checkpoint | None:
    """Bring tree, checkpoint file and checkpoint row up to the places that are committed."""
    checkpoint, placed = house.log.checkpoint(), ledger.next_index()
    size = checkpoint.size if checkpoint else 0
    if size > placed:
        raise _ahead(size, placed)
    while size < placed:
        leaves = list(ledger.from_index(size, BATCH))
        checkpoint = house.log.integrate(leaves, from_index=size, now=house.now())
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
