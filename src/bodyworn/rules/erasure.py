"""May this be erased now, and if not, why not? Pure.

Two ways lead to an erasure. The common one is that its time is over. The other is that somebody
with the authority to say so wants it gone before that: footage of a child that should not have been
filmed, an order of a court. Neither reaches what is held, or what a case stands on.
"""

from dataclasses import dataclass
from datetime import datetime

from bodyworn.core.terms import Role
from bodyworn.core.types import Actor, Decision

ANSWER_FOR_FOOTAGE = frozenset({Role.ADMINISTRATOR, Role.INVESTIGATOR, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What keeps a recording, or does not."""

    keep_until: datetime | None  # UTC, by the newest decision; None while a hold stands
    exhibits: int  # that were made of it
    disclosures: int  # copies of it that went to somebody by name
    complaints: int  # that it may bear on
    is_worked_on: bool  # a copy of it is being made now, under a lease


def may_erase(standing: Standing, *, now: datetime, is_early: bool) -> Decision:
    """Whether it may go now. The order is the meaning: a hold first, then cases, then its time."""
    for stands, rule, reason in _obstacles(standing):
        if stands:
            return _no(rule, reason)
    until = standing.keep_until or now
    if now >= until:
        return _yes("erasure.due", "Its time of retention is over.")
    if is_early:
        return _yes("erasure.early", "Somebody with authority wants it gone before its time.")
    return _no("erasure.not-due", f"It is to be kept until {until:%Y-%m-%d %H:%M} UTC.")


def may_read_certificate(actor: Actor) -> Decision:
    """Certificates name reasons and digests: they are for those who answer for footage."""
    if actor.roles & ANSWER_FOR_FOOTAGE:
        return _yes("erasure.answers", "You answer for footage.")
    return _no(
        "erasure.answers", "Certificates are for supervisors, investigators, administrators."
    )


def _obstacles(standing: Standing) -> tuple[tuple[bool, str, str], ...]:
    produced = bool(standing.exhibits or standing.disclosures)
    return (
        (standing.keep_until is None, "erasure.held", "A hold stands on it."),
        (produced, "erasure.produced", "It was produced or disclosed in a case."),
        (bool(standing.complaints), "erasure.complaint", "A complaint refers to it."),
        (standing.is_worked_on, "erasure.worked-on", "A copy of it is being made at this moment."),
    )


def _no(rule: str, reason: str) -> Decision:
    return Decision(allowed=False, rule=rule, reason=reason)


def _yes(rule: str, reason: str) -> Decision:
    return Decision(allowed=True, rule=rule, reason=reason)
