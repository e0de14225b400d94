"""The custody of one recording for the page: newest first, in sentences, and what they prove."""

from typing import Any

from bodyworn.core.terms import EventType
from bodyworn.records import queries_of_one
from bodyworn.records.models import Recording
from bodyworn.records.queries_of_one import Custody, EventRow
from bodyworn.work import narrate


def custody_facts(row: Recording) -> dict[str, Any]:
    """Lines, their count, what is published, and the newest check."""
    custody = queries_of_one.custody_of(row.pk)
    told = [narrate.sentence(e, custody.names, custody.checkpoint) for e in custody.events]
    return {
        "lines": told,
        "event_count": custody.count,
        "not_shown": custody.count - len(told),
        "published": _published(custody),
        "last_check": _newest(custody, EventType.FIXITY_CHECK),
        "arrived_as_sent": _arrived_as_sent(custody),
    }


def _published(custody: Custody) -> str:
    """`all published under checkpoint 214`, or how many wait."""
    waiting = len(custody.events) - custody.published()
    if custody.checkpoint is None:
        return "none published yet"
    under = f"published under checkpoint {custody.checkpoint.size}"
    if waiting == 0:
        return f"all {under}"
    return f"{len(custody.events) - waiting} {under}, {waiting} waiting"


def _newest(custody: Custody, type_: EventType) -> EventRow | None:
    return next((event for event in custody.events if event.type == type_), None)


def _arrived_as_sent(custody: Custody) -> bool:
    arrival = _newest(custody, EventType.INGESTION)
    return arrival is not None and narrate.sentence(arrival).checked
