"""What somebody opened in this sitting, and why: kept in the session, so that a reload does not
ask again, and only as long as the tickets are good."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.terms import Purpose
from bodyworn.work.review import Opening

_OPENED = "opened"
_LAST = "last_purpose"
MOST = 100  # recordings that one sitting remembers


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why somebody watches."""

    purpose: Purpose
    note: str  # case or CAD reference, or empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A consultation that this sign-in stands in."""

    reason: Reason
    view: str  # uid of the custody event
    until: datetime  # UTC; afterwards a further look is a further event


def of(request: HttpRequest, reference: str) -> Sitting | None:
    """What this sign-in opened, or None."""
    kept = request.session.get(_OPENED, {}).get(reference)
    if kept is None:
        return None
    reason = Reason(purpose=Purpose(kept["purpose"]), note=kept["note"])
    return Sitting(reason=reason, view=kept["view"], until=parse_iso(kept["until"]))


def keep(request: HttpRequest, opening: Opening) -> Sitting:
    """Remember an opening, and its reason as the proposal for the next one."""
    opened = request.session.get(_OPENED, {})
    opened.pop(opening.reference, None)  # so that it counts as the newest
    opened[opening.reference] = {
        "purpose": opening.purpose.value,
        "note": opening.note,
        "view": opening.view,
        "until": iso(opening.until),
    }
    request.session[_OPENED] = dict([*opened.items()][-MOST:])
    request.session[_LAST] = {"purpose": opening.purpose.value, "note": opening.note}
    reason = Reason(purpose=opening.purpose, note=opening.note)
    return Sitting(reason=reason, view=opening.view, until=opening.until)


def last_reason(request: HttpRequest) -> Reason | None:
    """The reason that was given last in this sign-in."""
    kept = request.session.get(_LAST)
    return Reason(purpose=Purpose(kept["purpose"]), note=kept["note"]) if kept else None
