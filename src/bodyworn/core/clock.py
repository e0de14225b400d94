"""Clocks are handed in, never reached for: a judgement reads `now` once and keeps it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the time now, aware, in UTC."""


def system_clock() -> datetime:
    """The machine's own clock, in UTC."""
    return datetime.now(UTC)


def frozen_clock(moment: datetime) -> Clock:
    """A clock that stands still: demonstrations and tests."""
    return lambda: moment


def iso(moment: datetime) -> str:
    """A time as RFC 3339 in UTC with milliseconds, as every file and answer of ours has it.

    >>> iso(datetime(2026, 4, 12, 22, 41, 7, 200000, tzinfo=UTC))
    '2026-04-12T22:41:07.200Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    """Read an RFC 3339 time; one without a zone is refused with ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment.astimezone(UTC)
