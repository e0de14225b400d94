"""The rows that say how each blob's key is to be had: which bucket, and who shares it.

    1. outside of the transaction   `wrapped(house, digests, bucket)`: the keys, wrapped for it
    2. inside                       `enter(slots, …)`: the rows, with whatever needs them

Two recordings may share bytes: sidecars are often the same, and frame times can be. Then the key
lies in the bucket that goes last. Keys themselves are never seen here; see `work.keys`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Min

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BusyError
from bodyworn.records import closing
from bodyworn.records.models import DataKey, Recording
from bodyworn.records.queries_of_one import retention_of
from bodyworn.rules.buckets import bucket_of, outlasts
from bodyworn.store.keyring import Bucket, Keyring
from bodyworn.store.seal import Slot
from bodyworn.work.house import House
from bodyworn.work.keys import keys_of

Slots = Mapping[Sha256, Slot]


def bucket_of_recording(recording: Recording) -> str:
    """The bucket of everything that belongs to a recording, by its newest decision."""
    decision = retention_of(recording.pk)
    if decision is None:
        raise AssertionError(f"{recording.reference} was entered without a decision")
    return bucket_of(rule=decision.rule, keep_until=decision.keep_until)


def lost(keyring: Keyring, *, using: str = "default") -> list[Bucket]:
    """Buckets that rows name and whose key is not here: what lies in them cannot be opened."""
    rows = DataKey.objects.using(using).values_list("bucket", "generation").distinct()
    return sorted({Bucket(*row) for row in rows} - set(keyring.buckets()))


def begun_between(after: datetime | None, until: datetime) -> list[Bucket]:
    """The buckets of which every row is later than `after` and some row is not later than `until`,
    both UTC: their keys were made in between. With None, every bucket that is as old as `until`."""
    rows = DataKey.objects.values("bucket", "generation").annotate(first=Min("at"))
    later = (
        rows.filter(first__lte=until)
        if after is None
        else rows.filter(first__gt=after, first__lte=until)
    )
    return sorted(Bucket(row["bucket"], row["generation"]) for row in later)


def wrapped(house: House, digests: Sequence[Sha256], bucket: str) -> Slots:
    """The keys of kept bytes wrapped for a bucket. Not for the inside of a transaction: it asks
    another process. Raises MissingError blob.missing, key.destroyed; BusyError keys.away."""
    return keys_of(house).moved(list(dict.fromkeys(digests)), bucket) if digests else {}


def enter(slots: Slots, *, at: datetime) -> None:
    """Write the rows. MUST be called in the transaction that adds the copies they open.

    Raises BusyError keys.bucket-closed where a bucket was closed since they were wrapped for it:
    whoever asks again gets them in the next one.
    """
    closing.hold(alone=False)
    if closing.closed_of((slot.bucket.name, slot.bucket.generation) for slot in slots.values()):
        raise BusyError("keys.bucket-closed", "A key's bucket was closed in this very moment.")
    for digest, slot in slots.items():
        row, is_new = DataKey.objects.get_or_create(
            sha256=digest.hex, defaults=_columns(slot, at=at)
        )
        if not is_new and outlasts(slot.bucket.name, row.bucket):
            # Guarded: of two who move it at once, the one that came second looks again.
            same = DataKey.objects.filter(pk=row.pk, bucket=row.bucket, generation=row.generation)
            if not same.update(**_columns(slot, at=at)):
                enter({digest: slot}, at=at)


def in_bucket(bucket: Bucket) -> dict[Sha256, Slot]:
    """All keys that lie in this generation of a bucket."""
    rows = DataKey.objects.filter(bucket=bucket.name, generation=bucket.generation)
    return {
        Sha256.parse(digest): Slot(bucket, bytes(wrapped))
        for digest, wrapped in rows.values_list("sha256", "wrapped").iterator()
    }


def count_in(bucket: Bucket) -> int:
    """How many keys lie in it."""
    return DataKey.objects.filter(bucket=bucket.name, generation=bucket.generation).count()


def of(digests: Sequence[Sha256]) -> dict[Sha256, Slot]:
    """Where the keys of these bytes lie; what has none is left out."""
    rows = DataKey.objects.filter(sha256__in=[digest.hex for digest in digests])
    return {
        Sha256.parse(row.sha256): Slot(Bucket(row.bucket, row.generation), bytes(row.wrapped))
        for row in rows
    }


def move(slots: Slots, *, at: datetime) -> None:
    """Note where keys lie now. MUST be called in the transaction that closes where they lay."""
    for digest, slot in slots.items():
        DataKey.objects.filter(sha256=digest.hex).update(**_columns(slot, at=at))


def remove(digests: Sequence[Sha256]) -> None:
    """Delete rows. MUST be called in the transaction that orders the erasure of these bytes."""
    DataKey.objects.filter(sha256__in=[digest.hex for digest in digests]).delete()


def _columns(slot: Slot, *, at: datetime) -> dict[str, object]:
    return {
        "bucket": slot.bucket.name,
        "generation": slot.bucket.generation,
        "wrapped": slot.wrapped,
        "at": at,
    }
