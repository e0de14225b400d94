"""The home page: a work list for one's role, not a dashboard. It says only what there is."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import Role
from bodyworn.core.types import Actor
from bodyworn.records import queries
from bodyworn.rules.access import Action
from bodyworn.web.house import house
from bodyworn.web.pages.permission import actor_of, needs
from bodyworn.web.pages.words import Row, listed, moment
from bodyworn.work.patrol import result

SHOWN = 12
RECENT = timedelta(days=14)  # before the first visit


@needs(Action.LIST)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What waits for this person."""
    actor, now = actor_of(request), house().now()
    facts: dict[str, Any] = {"actor": actor}
    if actor.officer is not None:
        facts |= _my_footage(actor.officer, now)
    if Role.INVESTIGATOR in actor.roles:
        facts |= _since_last_visit(actor, now)
    if Role.SUPERVISOR in actor.roles:
        facts |= _my_unit(actor, now)
    if Role.ADMINISTRATOR in actor.roles:
        facts |= {
            "is_administrator": True,
            "patrol": _patrol(),
            "counts": _odd_counts(actor),
            "nobodys_rows": _nobodys(actor, now),
        }
    return render(request, "pages/home.html", facts)


def _my_footage(officer: str, now: datetime) -> dict[str, Any]:
    found, count = queries.untagged(officer, limit=SHOWN)
    rows = [listed(row, now) for row in found]
    return {"own_rows": rows, "own_count": count, "own_more": count - len(rows)}


def _since_last_visit(actor: Actor, now: datetime) -> dict[str, Any]:
    visit = queries.last_visit(actor.name)
    since = visit or now - RECENT
    found = queries.recorded_since(actor, since, limit=SHOWN)
    newest = found or queries.newest(actor, limit=SHOWN)
    return {
        "new_rows": [listed(row, now) for row in newest],
        "new_count": len(found),
        "new_is_full": len(found) == SHOWN,
        "new_since": moment(since),
        "is_first_visit": visit is None,
    }


def _my_unit(actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "unit_rows": [listed(row, now) for row in queries.newest(actor, limit=SHOWN)],
        "odd_rows": [listed(row, now) for row in queries.needing_attention(actor, limit=SHOWN)],
        "counts": _odd_counts(actor),
    }


def _nobodys(actor: Actor, now: datetime) -> list[Row]:
    """What no account can open until somebody says whose it is: all that administrators see."""
    return [listed(row, now) for row in queries.newest(actor, limit=SHOWN)]


def _patrol() -> dict[str, Any]:
    """What the fixity patrol found; a state that cannot be read is told by `bodyworn check`."""
    try:
        state = result(house())
    except DamagedError:
        return {"share": None}
    last = state.last
    return {
        "share": round(state.share * 100),
        "last": last,
        "ended": moment(last.ended_at) if last and last.ended_at else "",
        "wrong": len(state.wrong),
    }


def _odd_counts(actor: Actor) -> list[dict[str, str]]:
    return [_odd_count(one) for one in queries.odd_counts(actor, limit=SHOWN)]


def _odd_count(one: queries.OddCount) -> dict[str, str]:
    """`Camera 004471: recordings 5 to 6 are missing.`"""
    told = str(one.finding)
    return {
        "sentence": f"Camera {one.camera}: {told[0].lower()}{told[1:]}",
        "shown_by": one.reference,
        "since": moment(one.since),
        "officer": one.officer or "",
    }
