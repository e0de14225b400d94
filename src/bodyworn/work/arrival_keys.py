"""The end of a day of arrivals: its key is destroyed once nothing needs it any more.

What arrives is sealed under the key of its day, because nobody knows yet how long it will be kept.
With the row a second wrap is written, under the key of the recording's own bucket. As long as the
day's key stands beside it, destroying the bucket erases nothing: so the day's key has to go, and it
may go as soon as everything that was born on that day has its row.
"""

import logging
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Final

from bodyworn.core.digest import Sha256
from bodyworn.records.models import DataKey, Erasure, ErasureState
from bodyworn.store import blob_list, inbox
from bodyworn.store.births import ARRIVAL
from bodyworn.store.keyring import Bucket
from bodyworn.work.house import House

REST: Final = timedelta(days=2)  # after a day's end; uploads and clocks may be late
NAMELESS: Final = timedelta(days=7)  # how long bytes that no note and no row names are waited for
CHUNK: Final = 1000  # blobs that are looked up at once
_log = logging.getLogger("bodyworn.keeper")


def destroy_spent(house: House) -> list[Bucket]:
    """Destroy the key of every day of which nothing is left without its row; the buckets.

    A day's key is needed by an unfinished upload, by a file on its way to a name, by a spare, and
    by a blob without a row: for ever if an arrival note may name it, for a week if none does. Those
    bytes were acknowledged to nobody, and would keep the day's erasures from meaning anything.
    """
    old = [bucket for bucket in house.keyring.buckets() if _is_over(bucket, house)]
    needed = set(_needed(house)) if old else set()
    spent = [bucket for bucket in old if bucket not in needed]
    for bucket in spent:
        house.keyring.destroy(bucket)
        _log.info("Everything of %s has its row; the key of that day is destroyed.", bucket)
    return spent


def without_row(house: House) -> Iterator[Sha256]:
    """Every blob whose key stands in no row."""
    blobs = blob_list.kept(house.layout)
    while some := list(islice(blobs, CHUNK)):
        names = [digest.hex for digest in some]
        rows = DataKey.objects.filter(sha256__in=names).values_list("sha256", flat=True)
        known = set(rows)
        yield from (digest for digest in some if digest.hex not in known)


def age_of(house: House, digest: Sha256) -> timedelta:
    """How long these bytes have lain here, by the machine's own clock; nothing if they are gone."""
    try:
        kept_at = house.layout.blob(digest).stat().st_mtime
    except FileNotFoundError:
        return timedelta()
    return timedelta(seconds=max(0.0, time.time() - kept_at))


def _is_over(bucket: Bucket, house: House) -> bool:
    if not bucket.name.startswith(ARRIVAL):
        return False
    return house.now().date() - date.fromisoformat(bucket.name.removeprefix(ARRIVAL)) > REST


def _needed(house: House) -> Iterator[Bucket]:
    """In this order, so that a file which gets its name meanwhile is seen on one side of it."""
    layout = house.layout
    for path in (*blob_list.unfinished(layout), *blob_list.spares(layout)):
        yield from _bucket(blob_list.born_under(path))
    waiting = inbox.arrivals(layout)
    named = {digest for arrival in waiting for digest in arrival.digests}
    may_be_named = _has_unreadable_notes(house, readable=len(waiting))
    erased = frozenset() if may_be_named else _erased() - named
    for digest in without_row(house):
        if digest in erased:
            continue  # its key of birth is one of those that have to go
        if may_be_named or digest in named or age_of(house, digest) < NAMELESS:
            yield from _bucket(blob_list.born_under(layout.blob(digest)))


def _erased() -> frozenset[Sha256]:
    """What was ordered to be erased and still has its files."""
    ordered = Erasure.objects.filter(state=ErasureState.ORDERED).values_list("files", flat=True)
    return frozenset(Sha256.parse(digest) for files in ordered for _, digest, _ in files)


def _has_unreadable_notes(house: House, *, readable: int) -> bool:
    """A note that a person still has to mend may name any of the bytes."""
    waiting = sum(1 for _ in house.layout.inbox.glob("*.json"))
    return waiting > readable or any(house.layout.aside.glob("*.json"))


def _bucket(found: Bucket | None) -> Iterator[Bucket]:
    if found is not None:
        yield found
