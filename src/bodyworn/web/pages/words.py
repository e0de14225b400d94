"""Facts as people read them: days, clocks, lengths, sizes, and a row of a list."""

from dataclasses import dataclass
from datetime import datetime

from bodyworn.core.terms import Condition, Purpose
from bodyworn.records.queries import Listed

CONDITION_WORDS = {
    Condition.DAMAGED: "Damaged",
    Condition.NOT_VIDEO: "Not a video",
    Condition.PLAYABLE: "Playable",
    Condition.UNREADABLE: "Cannot be read",
}

PURPOSE_WORDS = {
    Purpose.INVESTIGATION: "Investigation",
    Purpose.OWN_STATEMENT: "Own statement or notes",
    Purpose.SUPERVISION: "Supervision",
    Purpose.COMPLAINT: "Complaint",
    Purpose.CHECK: "Check of quality or equipment",
}
"""In the order in which the number keys choose them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One recording in a list, ready to be printed."""

    reference: str
    title: str  # never empty
    day: str  # `12 April 2026`
    clock: str  # `22:41`
    length: str  # `0:48`
    officer: str  # `PC 4471QK`, or empty
    officer_name: str
    place: str
    camera: str
    unit: str
    condition: str  # empty where it simply plays
    reason: str  # the condition in a sentence
    days_left: int | None
    is_untagged: bool


def listed(row: Listed, now: datetime) -> Row:
    """A row of `records.queries` in words."""
    return Row(
        reference=row.reference,
        title=title_of(row.title, row.category),
        day=day(row.started_at),
        clock=row.started_at.strftime("%H:%M"),
        length=length(row.duration_ms),
        officer=f"{row.officer_rank} {row.officer}" if row.officer else "",
        officer_name=row.officer_name or "",
        place=row.locality or row.borough,
        camera=row.camera or "",
        unit=row.unit or "",
        condition=condition(row.condition),
        reason=row.condition_reason,
        days_left=days_left(row.keep_until, now),
        is_untagged=not row.category,
    )


def title_of(title: str, category: str) -> str:
    """What people call a recording; the category, or a plain word, where nobody named it."""
    return title or category or "Untitled recording"


def condition(word: str) -> str:
    """The condition for a tag; empty where there is nothing to say."""
    return "" if word == Condition.PLAYABLE else CONDITION_WORDS[Condition(word)]


def days_left(keep_until: datetime | None, now: datetime) -> int | None:
    """Whole days before deletion is due; None while a hold stands."""
    return None if keep_until is None else max(0, (keep_until - now).days)


def day(moment: datetime) -> str:
    """A date in UTC.

    >>> from datetime import UTC
    >>> day(datetime(2026, 4, 2, tzinfo=UTC))
    '2 April 2026'
    """
    return f"{moment.day} {moment:%B %Y}"


def moment(at: datetime) -> str:
    """A date and a time in UTC, `12 April 2026, 22:41`."""
    return f"{day(at)}, {at:%H:%M}"


def length(milliseconds: int) -> str:
    """How long something lasts.

    >>> length(48_200), length(3_725_000)
    ('0:48', '1:02:05')
    """
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def size(count: int) -> str:
    """Bytes in a unit that people read.

    >>> size(1_934_000)
    '1.9 MB'
    """
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
