"""How long a recording is kept, and why, in a sentence.

One rule today: footage that nobody has found to be evidence goes after 31 days (Metropolitan
Police, privacy notice on body worn video). The number of days is a setting.
"""

from datetime import datetime, timedelta

from bodyworn.core.types import RetentionDecision


def first_decision(*, ended_at: datetime, now: datetime, days: int) -> RetentionDecision:
    """The decision at ingest: counted from the recording's end, in whole days, UTC."""
    period = timedelta(days=days)
    return RetentionDecision(
        keep_until=ended_at + period,
        rule="retention.non-evidential",
        reason=f"Nobody has marked it as evidence, so it is kept for {days} days.",
        decided_at=now,
        period=period,
    )


def counted_from(*, ended_at: datetime, received_at: datetime, days: int) -> datetime:
    """From when the days of a first decision count: the recording's end, or its arrival.

    Footage that comes so late that it would be due on the day it comes (back-loaded, or from a
    camera whose clock was years behind) counts from its arrival: somebody must have had the time
    to look at it.
    """
    overdue = received_at - ended_at > timedelta(days=days)
    return received_at if overdue else ended_at


def days_left(decision: RetentionDecision, now: datetime) -> int | None:
    """Whole days before deletion is due; None under a hold, 0 when it is due."""
    if decision.keep_until is None:
        return None
    return max(0, (decision.keep_until - now).days)
