"""What file names of known recorders say: one line a profile.

A profile is a regular expression over the end of the path (forward slashes) with named groups:
`date` and `start` (digits, any of `-._:` between them are dropped), `end` for a clock time of
the last frame, `device`, `officer`, `reference`, `sequence`. Names say nothing for certain, so
what they say goes into the manifest as a claim, and a name that fits no profile is no error.
Sources: Axis Content Destination API (object names); public manuals of Kenwood and Dahua
recorders for the layout of their cards.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

# Words in capitals inside the patterns below stand for these.
_WORDS = {
    "CONTAINER": r"(?P<officer>[^/_]*)_DEVICE_\d{8}[T_]?\d{6}Z?",
    "DATE": r"(?P<date>\d{4}[-.]?\d\d[-.]?\d\d)",
    "DEVICE": r"(?P<device>(?=[A-Z]*\d)[0-9A-Z]{3,20})",
    "END": r"(?P<end>\d\d[-.:]?\d\d[-.:]?\d\d)",
    "SHORT": r"(?P<reference>[0-9A-F]{4,8})",
    "NUMBER": r"(?P<sequence>\d{1,6})",
    "TIME": r"(?P<start>\d\d[-.:]?\d\d[-.:]?\d\d)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One way to name files."""

    name: str  # for people
    pattern: re.Pattern[str]  # matched against the end of the path
    is_utc: bool  # its times are UTC; else the recorder's local time


def _profile(name: str, pattern: str, *, is_utc: bool = False) -> Profile:
    for word, expression in _WORDS.items():
        pattern = pattern.replace(word, expression)
    return Profile(name=name, pattern=re.compile(rf"(?:^|/){pattern}$", re.I), is_utc=is_utc)


# Special ones first: the first that fits is taken.
PROFILES = (
    _profile("Axis container", r"CONTAINER/DATE[T_]?TIMEZ?_SHORT\.\w+", is_utc=True),
    _profile("Axis clip", r"DATE[T_]?TIMEZ?_SHORT\.\w+", is_utc=True),
    _profile("Dahua card", r"DATE/DEVICE/dav/\d\d/TIME-END\[.*\.\w+"),
    _profile("Kenwood card", r"DATE_TIME_[A-Z]{2}_DEVICE\+?\.\w+"),
    _profile("device, number, time", r"DEVICE_NUMBER_DATE[T_-]?TIME\.\w+"),
    _profile("device and time", r"DEVICE[_-]DATE[T_-]?TIME\.\w+"),
    _profile("time in UTC", r"(?:[A-Z]{2,5}[_-])?DATE[T_-]?TIMEZ\b[^/]*", is_utc=True),
    _profile("time first", r"(?:[A-Z]{2,5}[_-])?DATE[ T_-]?TIME(?!\d)[^/]*"),
)


def facts_in(path: str, *, zone: tzinfo = UTC) -> dict[str, Any]:
    """Manifest fields that a path names; empty where it fits no profile.

    `path` is relative with forward slashes; `zone` is of recorders that write local time.

    >>> facts_in("20260412_224107_7F3A.mp4")["camera_reference"]
    '7F3A'
    """
    for profile, match in _matches(path):
        started_at = _moment(match, "start", zone=UTC if profile.is_utc else zone)
        if started_at is not None:
            return _facts(match, started_at, zone=UTC if profile.is_utc else zone)
    return {}


def _matches(path: str) -> Iterator[tuple[Profile, re.Match[str]]]:
    for profile in PROFILES:
        match = profile.pattern.search(path)
        if match is not None:
            yield profile, match


def _facts(match: re.Match[str], started_at: datetime, *, zone: tzinfo) -> dict[str, Any]:
    named = match.groupdict()
    facts = {
        "started_at": started_at,
        "ended_at": _end(match, started_at, zone=zone),
        "device": named.get("device"),
        "officer": named.get("officer"),
        "camera_reference": named.get("reference"),
        "sequence": int(named["sequence"]) if named.get("sequence") else None,
    }
    return {key: value for key, value in facts.items() if value not in (None, "")}


def _end(match: re.Match[str], started_at: datetime, *, zone: tzinfo) -> datetime | None:
    if "end" not in match.groupdict():
        return None
    ended_at = _moment(match, "end", zone=zone)
    if ended_at is not None and ended_at < started_at:  # filmed over midnight
        ended_at += timedelta(days=1)
    return ended_at


def _moment(match: re.Match[str], group: str, *, zone: tzinfo) -> datetime | None:
    digits = re.sub(r"\D", "", match["date"] + match[group])
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):  # digits, but no date: 20269999_…
        return None
