"""The custody of one recording for the page: newest first, in sentences, and what they prove."""

from typing import Any

from django.templatetags.static import static

from bodyworn.core.terms import EventType
from bodyworn.core.types import Actor
from bodyworn.records import queries_of_one
from bodyworn.records.models import Recording
from bodyworn.records.queries_of_one import Custody, footage_of
from bodyworn.rules.access import Action, may
from bodyworn.web.house import house
from bodyworn.web.pages.tags import tags_of
from bodyworn.work import narrate, timestamps, witnesses

SHOWN = 12  # entries at first: a recording that was watched for a year must not grow heavy


def custody_facts(actor: Actor, row: Recording, *, shown: int = SHOWN) -> dict[str, Any]:
    """Lines, their count, what is published, the newest check, and the tags that follow from it."""
    custody = queries_of_one.custody_of(row.pk, limit=shown)
    told = [narrate.sentence(e, custody.names, custody.checkpoint) for e in custody.events]
    last_check, retention = queries_of_one.last_check(row.pk), queries_of_one.retention_of(row.pk)
    return {
        "row": row,
        "icons": static("own/icons.svg"),
        "may_check": may(actor, Action.CHECK, footage_of(row)).allowed,
        "may_mark": may(actor, Action.MARK, footage_of(row)).allowed,
        "retention": retention,
        "tags": tags_of(row, last_check, _arrived_as_sent(row), retention),
        "lines": told,
        "event_count": custody.count,
        "not_shown": custody.count - len(told),
        "is_whole": shown > SHOWN,
        "published": _published(custody),
        "witnessed": witnesses.told(house()),
        "time_stamped": timestamps.told(house()),
        "last_check": last_check,
    }


def _published(custody: Custody) -> str:
    """`all published under checkpoint 214`, or how many wait."""
    waiting = custody.count - custody.published
    if custody.checkpoint is None:
        return "none published yet"
    under = f"published under checkpoint {custody.checkpoint.size}"
    if waiting == 0:
        return f"all {under}"
    return f"{custody.published} {under}, {waiting} waiting"


def _arrived_as_sent(row: Recording) -> bool:
    """Whether the sender had named the digest that the bytes have."""
    arrival = queries_of_one.first_event(row.pk, EventType.INGESTION)
    return arrival is not None and narrate.sentence(arrival).checked
