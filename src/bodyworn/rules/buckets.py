"""In which bucket a data key lies: bytes that will be destroyed together share a bucket's key.

A bucket is a rule of retention and the day on which it ends, UTC; while a hold stands it has no
day. Destroying the one key of a bucket is how everything in it is erased. Pure; the keys are
`store`'s, and which rule applies is for `rules.retention`.
"""

from datetime import date, datetime

from bodyworn.core.clock import iso

HELD = "held"


def bucket_of(*, rule: str, keep_until: datetime | None) -> str:
    """The name of the bucket for what is kept by this rule until then; None: held.

    >>> from datetime import UTC
    >>> bucket_of(rule="retention.non-evidential", keep_until=datetime(2026, 5, 13, 22, tzinfo=UTC))
    'retention.non-evidential/2026-05-13'
    >>> bucket_of(rule="retention.hold", keep_until=None)
    'retention.hold/held'
    """
    return f"{rule}/{iso(keep_until)[:10] if keep_until else HELD}"


def outlasts(bucket: str, other: str) -> bool:
    """Whether what lies in `bucket` is kept for longer than what lies in `other`.

    Bytes that two recordings share stay until the later of the two goes.

    >>> outlasts("retention.hold/held", "retention.non-evidential/2026-05-13")
    True
    >>> outlasts("a/2026-05-13", "b/2026-05-13")
    False
    """
    return last_day(bucket) > last_day(other)


def last_day(bucket: str) -> date:
    """The day on which what lies in it ends, UTC; the last there is while it is held."""
    _, _, end = bucket.rpartition("/")
    return date.max if end == HELD else date.fromisoformat(end)
