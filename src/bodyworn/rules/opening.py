"""Which event of custody opens which bytes, and for how long. Pure.

An event opens bytes only if it says that somebody reads them: the log is then the list of everybody
who did. Whether an event is real, and in the log, is for `work.keys` to prove.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bodyworn.core.terms import EventType
from bodyworn.core.types import Decision

EVERYTHING = "store:all"
"""The subject of a check of all that is kept."""

SKEW = timedelta(minutes=5)  # by which an event may be younger than the clock that judges it
CHECK_OF_ONE = timedelta(hours=12)  # 64 GiB from a slow disk, and a pause
CHECK_OF_ALL = timedelta(days=7)  # hundreds of terabytes are read for days


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What of an event the rule looks at."""

    type: EventType
    at: datetime  # UTC
    subject: str  # a recording's reference, or EVERYTHING
    detail: dict[str, Any]  # as committed in the leaf
    is_worked_on: bool  # a job of its recording runs now, under a lease


def may_open(look: Look, *, now: datetime, viewing: timedelta) -> Decision:
    """Whether this event opens bytes now; `viewing` is how long one viewing lasts.

    The order of the rules is their meaning: first what kind of event it is, then its age.
    """
    longest = _longest(look, viewing)
    if longest is None:
        return _no("opening.no-reading", "An event of this kind does not say that bytes are read.")
    if look.type is EventType.INGESTION:
        return _for_a_job(look)
    if not look.at - SKEW <= now < look.at + longest:
        return _no("opening.stale", "The event that would open these bytes is too old.")
    return Decision(allowed=True, rule="opening.on-record", reason="The reading is on record.")


def _longest(look: Look, viewing: timedelta) -> timedelta | None:
    """How long an event of this kind opens bytes; None: not at all."""
    match look.type:
        # The same bytes again: what was kept first is read, to see whether it still is the same.
        case EventType.VIEW | EventType.INGESTION | EventType.INGESTION_REPEAT:
            return viewing
        case EventType.EXPORT if look.detail.get("what") in {"original", "pack"}:
            return viewing
        case EventType.FIXITY_BEGUN:
            return CHECK_OF_ALL if look.subject == EVERYTHING else CHECK_OF_ONE
        case _:
            return None


def _for_a_job(look: Look) -> Decision:
    """Its copies are made from a recording because it was taken in, and only while they are."""
    if look.is_worked_on:
        return Decision(
            allowed=True, rule="opening.derivation", reason="A copy of it is being made."
        )
    return _no("opening.no-job", "No copy of this recording is being made now.")


def _no(rule: str, reason: str) -> Decision:
    return Decision(allowed=False, rule=rule, reason=reason)
