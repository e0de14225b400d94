"""The database side of the log: events are written with the change, and given places later.

    change ──┐
             ├─ one transaction ─> committed ─> place in the tree ─> signed checkpoint
    event ───┘                     (record)     (give_places)        (work.log)

No event, no change: whoever changes evidence MUST call `record` inside the same transaction.
How an event becomes a leaf is the custody room's knowledge; records may not import it, so the
function is handed over as the setting BODYWORN_SEAL, in the way Django hands over its backends.
Tree, tiles and signatures are `work.log`'s.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from django.conf import settings as django_conf
from django.db import connection, models, transaction

from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.core.terms import EventType, Operation, Purpose
from bodyworn.core.types import CustodyEvent as Event
from bodyworn.records.models import CustodyEvent, Erasure, Recording


class Sealed(Protocol):
    """A leaf, and what its commitments hide."""

    @property
    def leaf(self) -> bytes:
        """The exact bytes of the log's entry."""

    @property
    def leaf_hash(self) -> bytes:
        """32 bytes, RFC 6962."""

    @property
    def id(self) -> bytes:
        """16 random bytes."""

    @property
    def salts(self) -> Mapping[str, bytes]:
        """By name of the field that each hides."""


class Seal(Protocol):
    """Makes an event a leaf, under the pseudonym of a recording where a salt is given."""

    def __call__(self, event: Event, *, reference: str, pseudonym_salt: bytes | None) -> Sealed:
        """Raises DamagedError for a detail that has no canonical form."""


def record(event: Event, *, recording: Recording | None = None) -> CustodyEvent:
    """Write one event. MUST be called inside the transaction of the change that it speaks of.

    Raises RefusedError ledger.no-transaction outside of one: the change could be kept and the
    event lost, or the other way round.
    """
    _refuse_outside()
    row = _row(event, seal(event, recording), recording)
    row.save(by_the_ledger=True)
    return row


def seal(event: Event, recording: Recording | None) -> Sealed:
    """The event as a leaf. Raises DamagedError for a detail that has no canonical form."""
    make: Seal = django_conf.BODYWORN_SEAL
    if recording is None:
        return make(event, reference="", pseudonym_salt=None)
    salt = bytes(recording.pseudonym_salt)
    return make(event, reference=recording.reference, pseudonym_salt=salt)


def as_noun(row: CustodyEvent) -> Event:
    """The event as it was handed to `record`."""
    return Event(
        type=EventType(row.type),
        operation=Operation(row.operation) if row.operation else None,
        at=row.at,
        actor=row.actor,
        subject=row.subject,
        detail=row.detail,
        purpose=Purpose(row.purpose) if row.purpose else None,
    )


def waiting(limit: int) -> int:
    """How many committed events have no place yet, counted up to `limit`."""
    return CustodyEvent.objects.filter(leaf_index__isnull=True)[:limit].count()


def next_index() -> int:
    """The place that the next event will get: the size of the tree that is decided on."""
    highest = CustodyEvent.objects.aggregate(highest=models.Max("leaf_index"))["highest"]
    return 0 if highest is None else highest + 1


def give_places(limit: int) -> range:
    """Give up to `limit` waiting events their places, in the order of their ids.

    Only one sequencer may do so at a time (`records.sequencing`); should two, the unique column
    refuses the second. Once this has returned the order is committed: a tree built from these
    rows, today or after a crash, is the same tree. MUST NOT be called inside a transaction.
    """
    with transaction.atomic(durable=True):
        first = next_index()
        return range(first, first + place_waiting(first, limit=limit))


def place_waiting(first: int, *, limit: int) -> int:
    """The statement of `give_places`: places from `first` on. Answers how many were given."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_PLACES, [first - 1, limit])
        return int(cursor.rowcount)


def from_index(index: int, limit: int) -> Iterator[bytes]:
    """The leaves from this place on, at most `limit`. Raises DamagedError ledger.hole."""
    rows = CustodyEvent.objects.filter(leaf_index__gte=index).order_by("leaf_index")
    for place, (found, leaf) in enumerate(rows.values_list("leaf_index", "leaf")[:limit], index):
        if found != place:
            raise DamagedError("ledger.hole", f"Event {place} of the log has no row any more.")
        yield bytes(leaf)


def forget(recording: Recording, erasure: Erasure, *, tombstone: CustodyEvent) -> int:
    """Blank what the events of an erased recording said; how many. Their leaves stay, every byte.

    MUST be called in the transaction that erases the recording and has written its tombstone, or
    raises RefusedError ledger.no-transaction. Who did what is gone then, salts and all, so that no
    leaf can be opened any more; type, operation, time and place in the log are public already.
    What is about something else, such as a camera's count, keeps its words and its proof.
    """
    _refuse_outside()
    with connection.cursor() as cursor:
        cursor.execute(_BLANK, [erasure.pk, recording.pk, recording.reference, tombstone.pk])
        blanked = int(cursor.rowcount)
        cursor.execute(_LET_GO, [erasure.pk, recording.pk])
    return blanked


# The model refuses every update; this is the one that takes an event's words away for good.
_BLANK = """
UPDATE records_custodyevent
   SET subject = '', actor = '', purpose = '', detail = '{}', salts = '{}',
       recording_id = NULL, erasure_id = %s
 WHERE recording_id = %s AND subject = %s AND id <> %s
"""
_LET_GO = """
UPDATE records_custodyevent SET recording_id = NULL, erasure_id = %s WHERE recording_id = %s
"""

# One statement, because a round trip an event would be the sequencer's speed limit. It is written
# out because the model refuses every update.
_GIVE_PLACES = """
UPDATE records_custodyevent SET leaf_index = placed.place
  FROM (SELECT id, %s + row_number() OVER (ORDER BY id) AS place
          FROM (SELECT id FROM records_custodyevent
                 WHERE leaf_index IS NULL ORDER BY id LIMIT %s) AS without) AS placed
 WHERE records_custodyevent.id = placed.id AND records_custodyevent.leaf_index IS NULL
"""


def _row(event: Event, sealed: Sealed, recording: Recording | None) -> CustodyEvent:
    return CustodyEvent(
        uid=sealed.id.hex(),
        type=event.type,
        operation=event.operation or "",
        at=event.at,
        actor=event.actor,
        subject=event.subject,
        purpose=event.purpose or "",
        detail=event.detail,
        recording=recording,
        salts={name: salt.hex() for name, salt in sealed.salts.items()},
        leaf=sealed.leaf,
        leaf_hash=sealed.leaf_hash.hex(),
    )


def _refuse_outside() -> None:
    if not connection.in_atomic_block:
        raise RefusedError(
            "ledger.no-transaction",
            "An event is written in the transaction of its change, and none is open.",
            hint="Wrap change and event in transaction.atomic().",
        )
