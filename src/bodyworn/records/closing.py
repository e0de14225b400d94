"""Which generation of a bucket takes keys, and the one lock between those who put in and who close.

Whoever enters a key looks whether its bucket is open; whoever closes a bucket moves what is in it.
Both at once would leave a key in a bucket that is about to be destroyed. SQLite has one writer at a
time; on PostgreSQL those who enter share a lock that who closes has alone, to the end of each
transaction.
"""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Max

from bodyworn.records.models import ClosedBucket

LOCK = 0x6275636B657473  # "buckets" as a number, PostgreSQL's name for our lock


def hold(*, alone: bool) -> None:
    """Wait for the lock; it is let go with the transaction, in which this MUST be called."""
    if connection.vendor != "postgresql":
        return
    function = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [LOCK])


def closed_of(buckets: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of these buckets (name, generation) that take nothing more."""
    wanted = set(buckets)
    rows = ClosedBucket.objects.filter(bucket__in={name for name, _ in wanted})
    return wanted & set(rows.values_list("bucket", "generation"))


def first_open(name: str) -> int:
    """The lowest generation of a bucket that was not closed."""
    highest = ClosedBucket.objects.filter(bucket=name).aggregate(highest=Max("generation"))
    return int(highest["highest"] or 0) + 1
