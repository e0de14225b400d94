"""The list of recordings: filters, search, keyset pages."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bodyworn.core.errors import RefusedError
from bodyworn.core.terms import Condition
from bodyworn.records import queries
from bodyworn.records.queries import Filters, Page
from bodyworn.rules.access import Action
from bodyworn.web.house import house
from bodyworn.web.pages.permission import actor_of, needs
from bodyworn.web.pages.words import CONDITION_WORDS, listed

KEPT = ("q", "from", "until", "officer", "unit", "borough", "camera", "condition")
LONGEST = 200  # characters of any one field


@needs(Action.LIST)
@require_safe
def recordings(request: HttpRequest) -> HttpResponse:
    """What this person may see, narrowed and searched, newest first."""
    actor, asked = actor_of(request), request.GET
    page = queries.recordings(
        actor, filters_of(asked), before=asked.get("before"), after=asked.get("after")
    )
    now = house().now()
    facts = {
        "rows": [listed(row, now) for row in page.rows],
        "asked": {key: asked.get(key, "")[:LONGEST] for key in KEPT},
        "is_narrowed": any(asked.get(key) for key in KEPT),
        "choices": queries.choices_of(actor),
        "conditions": [(word.value, CONDITION_WORDS[word]) for word in Condition],
        **_links(asked, page),
    }
    return render(request, "pages/recordings.html", facts)


def filters_of(asked: QueryDict) -> Filters:
    """The filters of a query string. Raises RefusedError pages.bad-filter on a broken one."""
    text = {key: asked.get(key, "").strip()[:LONGEST] for key in KEPT}
    return Filters(
        words=queries.split_words(text["q"]),
        from_day=_day(text["from"]),
        until_day=_day(text["until"]),
        officer=text["officer"],
        unit=text["unit"],
        borough=text["borough"],
        camera=text["camera"],
        condition=_condition(text["condition"]),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _broken("A date is written like 2026-04-12.") from None


def _condition(text: str) -> Condition | None:
    try:
        return Condition(text) if text else None
    except ValueError:
        raise _broken("There is no such condition.") from None


def _broken(sentence: str) -> RefusedError:
    hint = "Correct the filter, or clear all filters."
    return RefusedError("pages.bad-filter", sentence, hint=hint, status=400)


def _links(asked: QueryDict, page: Page) -> dict[str, Any]:
    kept = {key: asked[key] for key in KEPT if asked.get(key)}
    return {
        "newer": f"?{urlencode(kept | {'after': page.newer})}" if page.newer else "",
        "older": f"?{urlencode(kept | {'before': page.older})}" if page.older else "",
        "newest": f"?{urlencode(kept)}",
    }
