"""Closing buckets: who stays is wrapped afresh, and the key of the old generation is destroyed.

    open ──close──> closed: what stays lies in the next one ──destroy_closed──> destroyed
         one transaction                                    log first, then the key, then its event

The sealed files are not touched: each is sealed under a key of its own, and only that key's wrap
changes. Two reasons lead here: something in the bucket is erased (`work.erase`), or keys are
exchanged because somebody might have had a copy of them. A crash anywhere leaves a closed bucket
whose key is still there; the keeper goes on with it.

A backup of the database from before opens nothing of what was in the bucket: after a bucket was
closed a new backup is due.
"""

import logging
from datetime import UTC
from typing import Any

from django.db import transaction

from bodyworn.core.errors import BusyError, DamagedError, MissingError
from bodyworn.core.terms import EventType, Operation
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.records import closing, ledger
from bodyworn.records.models import ClosedBucket
from bodyworn.records.models import CustodyEvent as EventRow
from bodyworn.rules.buckets import last_day
from bodyworn.store.births import ARRIVAL
from bodyworn.store.keyring import Bucket
from bodyworn.work import data_keys, keys, log
from bodyworn.work.house import House

ERASURE, ROTATION = "erasure", "rotation"  # why a bucket is closed
TRIES = 20  # a bucket into which so much comes is better closed later
PATIENCE = 10.0  # seconds that the log may take
_log = logging.getLogger("bodyworn.keeper")


def close(house: House, bucket: Bucket, *, why: str, by: Actor) -> ClosedBucket:
    """Close a bucket; closing it again changes nothing. MUST NOT be called in a transaction.

    1. Wrap the keys of all that is in it for the next generation.
    2. In one transaction, and only if nothing came or went meanwhile: move them, close it, and put
       that on record. Nobody can enter a key into it from here on.

    Raises BusyError keys.bucket-busy.
    """
    for _ in range(TRIES):
        found = data_keys.in_bucket(bucket)
        moved = keys.rewrapped(house, found, bucket.name)  # 1
        with transaction.atomic():  # 2
            closing.hold(alone=True)
            closed = ClosedBucket.objects.filter(
                bucket=bucket.name, generation=bucket.generation
            ).first()
            if closed is None and data_keys.in_bucket(bucket) == found:
                closed = _close(house, bucket, moved, why=why, by=by)
        if closed is not None:
            return closed
    raise BusyError("keys.bucket-busy", f"Too much comes into {bucket} to close it now.")


def destroy_closed(house: House) -> list[Bucket]:
    """Destroy the keys of all closed buckets; which. MUST NOT be called in a transaction.

    1. Everything that is committed is in the signed log, the closing and its reason with it.
    2. Nothing lies in the bucket any more.
    3. The key is destroyed.
    4. That it is, is put on record, once.

    Raises BusyError log.no-place-yet, DamagedError keys.bucket-not-empty.
    """
    waiting = list(ClosedBucket.objects.filter(destroyed_at=None).order_by("id"))
    if waiting:
        bring_all_into_log(house)  # 1
    destroyed = []
    for row in waiting:
        bucket = Bucket(row.bucket, row.generation)
        _refuse_filled(bucket)  # 2
        house.keyring.destroy(bucket)  # 3
        _put_on_record(house, row, bucket)  # 4
        destroyed.append(bucket)
    return destroyed


def close_past(house: House, *, by: Actor) -> None:
    """Close every bucket whose day is over and in which nothing is left: what was moved out of it
    has left its old wrap in the backups of the database."""
    today = house.now().astimezone(UTC).date()
    for bucket in live(house):
        if last_day(bucket.name) < today and not data_keys.count_in(bucket):
            close(house, bucket, why=ERASURE, by=by)
    destroy_closed(house)


def rotate(house: House, name: str | None, *, by: Actor) -> list[Bucket]:
    """Exchange the key of one bucket of recordings, or of all; the ones that were destroyed.

    Raises MissingError keys.no-bucket.
    """
    found = [bucket for bucket in live(house) if name in (None, bucket.name)]
    if not found and name is not None:
        raise MissingError(
            "keys.no-bucket",
            f"No recording has its keys in a bucket {name}.",
            hint="`bodyworn keys list` names them.",
        )
    for bucket in found:
        close(house, bucket, why=ROTATION, by=by)
    return destroy_closed(house)


def live(house: House) -> list[Bucket]:
    """Every bucket of recordings whose key is here. Arrivals go by themselves, day by day."""
    return [one for one in house.keyring.buckets() if not one.name.startswith(ARRIVAL)]


def all_buckets(house: House) -> list[Bucket]:
    """Every bucket whose key is here, arrivals too."""
    return house.keyring.buckets()


def count_in(bucket: Bucket) -> int:
    """How many files its key opens, by the rows."""
    return data_keys.count_in(bucket)


def bring_all_into_log(house: House) -> None:
    """Have every committed event in the signed tree. Raises BusyError, see `log.integrate_one`."""
    newest = EventRow.objects.order_by("-id").values_list("uid", flat=True).first()
    if newest is not None:
        log.integrate_one(house, newest, seconds=PATIENCE)


def _close(
    house: House, bucket: Bucket, moved: data_keys.Slots, *, why: str, by: Actor
) -> ClosedBucket:
    now = house.now()
    data_keys.move(moved, at=now)
    if moved:
        into = next(iter(moved.values())).bucket
        detail = {
            "bucket": bucket.name,
            "from": bucket.generation,
            "to": into.generation,
            "keys": len(moved),
            "why": why,
        }
        ledger.record(_event(house, EventType.KEY_REWRAP, bucket, detail, by=by))
    return ClosedBucket.objects.create(
        bucket=bucket.name, generation=bucket.generation, why=why, by=by.name, closed_at=now
    )


def _refuse_filled(bucket: Bucket) -> None:
    if data_keys.count_in(bucket):
        raise DamagedError(
            "keys.bucket-not-empty",
            f"{bucket} was closed, and yet there are keys in it.",
            hint="Its key stays. Keep everything as it is and run `bodyworn verify`.",
        )


def _put_on_record(house: House, row: ClosedBucket, bucket: Bucket) -> None:
    """Guarded: of two processes that destroyed it, one says so."""
    with transaction.atomic():
        ours = ClosedBucket.objects.filter(pk=row.pk, destroyed_at=None)
        if not ours.update(destroyed_at=house.now()):
            return
        detail = {"bucket": bucket.name, "generation": bucket.generation, "why": row.why}
        event = _event(house, EventType.KEY_DESTROYED, bucket, detail, by=Actor(name=row.by))
        written = ledger.record(event)
        ClosedBucket.objects.filter(pk=row.pk).update(event=written.uid)
    _log.info("The key of %s is destroyed (%s).", bucket, row.why)


def _event(
    house: House, type_: EventType, bucket: Bucket, detail: dict[str, Any], *, by: Actor
) -> CustodyEvent:
    return CustodyEvent(
        type=type_,
        operation=Operation.ERASURE if type_ is EventType.KEY_DESTROYED else None,
        at=house.now(),
        actor=by.name,
        subject=f"bucket:{bucket}"[:120],
        detail=detail,
    )
