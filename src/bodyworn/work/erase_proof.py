"""Is what is gone gone lawfully? Forgotten events and erasures, compared with the log.

A ledger in which words may be taken away is worth something only if that cannot be done in silence:
whoever blanks an event without an erasure, or claims an erasure without its tombstone in the log,
is found. Every function names the first thing that is wrong by raising DamagedError.
"""

from bodyworn.core.clock import iso
from bodyworn.core.errors import BodywornError, DamagedError
from bodyworn.core.terms import EventType
from bodyworn.custody.erasure import read_certificate
from bodyworn.custody.event import pseudonym_of, read_leaf
from bodyworn.records.models import (
    ClosedBucket,
    CustodyEvent,
    Erasure,
    ErasureState,
    Recording,
)
from bodyworn.store.keyring import Bucket
from bodyworn.work.books import check_event, named
from bodyworn.work.erase_order import tombstone_detail
from bodyworn.work.house import House


def check_forgotten(row: CustodyEvent) -> None:
    """An event without words is one of an erased recording. Raises DamagedError books.forgotten."""
    erasure = row.erasure
    said = (row.subject, row.actor, row.purpose, row.detail, row.salts)
    if erasure is None or said != ("", "", "", {}, {}):
        raise _wrong("books.forgotten", f"{named(row)} cannot be opened, and nothing erased it.")
    if read_leaf(bytes(row.leaf)).evidence != erasure.pseudonym:
        raise _wrong(
            "books.forgotten",
            f"{named(row)} was forgotten with {erasure.reference}, and is of something else.",
        )


def check_erasures(house: House) -> int:
    """Every erasure has its tombstone and every tombstone its erasure; how many there are.

    Raises DamagedError books.tombstone, books.erasure, books.certificate, books.key.
    """
    _every_tombstone_has_its_erasure()
    _every_end_of_a_key_is_on_record(house)
    alive, rows = set(house.keyring.buckets()), Erasure.objects.order_by("id")
    for erasure in rows.iterator(200):
        check_erasure(erasure)
        if erasure.state == ErasureState.DONE:
            _check_certificate(house, erasure)
            _check_keys(erasure, alive)
    return rows.count()


def check_one(house: House, erasure: Erasure) -> str:
    """One erasure with its keys and certificate, in a sentence. Raises as `check_erasures`."""
    check_erasure(erasure)
    if erasure.state != ErasureState.DONE:
        return "Its erasure is on record; a key that opens it is still to be destroyed."
    _check_certificate(house, erasure)
    _check_keys(erasure, set(house.keyring.buckets()))
    return "Its erasure is on record, its keys are gone, and its certificate is the log's."


def check_erasure(erasure: Erasure) -> None:
    """One erasure against its tombstone. Raises DamagedError books.tombstone, books.erasure."""
    tombstone = CustodyEvent.objects.filter(
        uid=erasure.event, type=EventType.ERASURE, erasure=erasure
    ).first()
    if tombstone is None or not check_event(tombstone):
        raise _wrong("books.tombstone", f"{erasure.reference} was erased without a tombstone.")
    salt = bytes(erasure.pseudonym_salt)
    pseudonym = pseudonym_of(erasure.reference, salt=salt).hex()
    leaf = read_leaf(bytes(tombstone.leaf))
    kept = (erasure.reference, erasure.asked_by, iso(erasure.ordered_at), erasure.pseudonym)
    said = (tombstone.subject, tombstone.actor, leaf.time, pseudonym)
    if kept != said or leaf.evidence != pseudonym or tombstone.detail != tombstone_detail(erasure):
        raise _wrong(
            "books.erasure", f"What is told of the erasure of {erasure.reference} is not on record."
        )
    if Recording.objects.filter(reference=erasure.reference).exists():
        raise _wrong("books.erasure", f"{erasure.reference} was erased, and is here.")


def _every_tombstone_has_its_erasure() -> None:
    known = Erasure.objects.values("event")
    orphan = CustodyEvent.objects.filter(type=EventType.ERASURE).exclude(uid__in=known).first()
    if orphan is not None:
        raise _wrong(
            "books.tombstone", f"{named(orphan)} says an erasure that has no row any more."
        )


def _every_end_of_a_key_is_on_record(house: House) -> None:
    rows = ClosedBucket.objects.filter(destroyed_at__isnull=False)
    kept = {row.event: (row.bucket, row.generation) for row in rows}
    events = CustodyEvent.objects.filter(type=EventType.KEY_DESTROYED)
    said = {one.uid: (one.detail.get("bucket"), one.detail.get("generation")) for one in events}
    if kept != said:
        raise _wrong("books.key", "The keys that were destroyed are not those that are on record.")
    alive = set(house.keyring.buckets()) & {Bucket(*one) for one in kept.values()}
    if alive:
        raise _wrong("books.key", f"The key of {min(alive)} was destroyed, and is here again.")


def _check_certificate(house: House, erasure: Erasure) -> None:
    try:
        told = read_certificate(erasure.certificate, house.signer.verifier)
    except BodywornError as error:
        raise _wrong("books.certificate", f"{erasure.reference}: {error.message}") from None
    kept = (erasure.reference, erasure.pseudonym, erasure.policy, erasure.authority, erasure.reason)
    said = (told.reference, told.pseudonym, told.policy, told.authority, told.reason)
    if kept != said:
        raise _wrong(
            "books.certificate", f"The certificate of {erasure.reference} says something else."
        )


def _check_keys(erasure: Erasure, alive: set[Bucket]) -> None:
    back = {Bucket(*one) for one in (*erasure.buckets, *erasure.arrivals)} & alive
    if back:
        raise _wrong(
            "books.key", f"The key of {min(back)} opens {erasure.reference}, which was erased."
        )


def _wrong(code: str, message: str) -> DamagedError:
    hint = "Keep everything as it is, and compare with the newest backup from before."
    return DamagedError(code, message, hint=hint)
