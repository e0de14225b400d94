"""Correcting what is said about a recording: a form with what stands, and the reason.

Supervisors do so for their unit. Administrators do where an account could open it only then.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from bodyworn.core.errors import BodywornError
from bodyworn.records import queries_of_one
from bodyworn.records.models import Recording
from bodyworn.records.queries_of_one import footage_of
from bodyworn.rules.access import Action, may
from bodyworn.web.house import house
from bodyworn.web.pages import words
from bodyworn.web.pages.permission import actor_of, needs
from bodyworn.work import description as verbs
from bodyworn.work import review


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the form."""

    name: str
    label: str
    hint: str
    value: str


FIELDS = {
    "officer": ("Worn by", "The officer's collar number"),
    "borough": ("Borough", "Where it was recorded"),
    "title": ("Title", "A few words that people can say"),
    "category": ("Category", "What kind of event it is"),
}


@needs(Action.DESCRIBE)
@require_http_methods(["GET", "HEAD", "POST"])
def describe(request: HttpRequest, reference: str) -> HttpResponse:
    """The form; what is sent is put on record, or sent back with what is wrong."""
    row = review.judged(house(), actor_of(request), Action.DESCRIBE, reference)
    if request.method != "POST":
        return _form(request, row, _standing(row))
    said = {name: request.POST.get(name, "") for name in (*FIELDS, "reason")}
    try:
        correction = _corrected(request, reference, said)
    except BodywornError as error:
        if not error.code.startswith("describe."):
            raise
        return _form(request, row, said, wrong=error)
    return _done(request, correction)


def _corrected(request: HttpRequest, reference: str, said: dict[str, str]) -> verbs.Correction:
    facts = verbs.Said(
        officer=said["officer"],
        borough=said["borough"],
        title=said["title"],
        category=said["category"],
    )
    return verbs.describe_recording(
        house(), actor_of(request), reference, facts, reason=said["reason"]
    )


def _standing(row: Recording) -> dict[str, str]:
    told = {"borough": row.borough, "title": row.title, "category": row.category}
    return {**told, "officer": row.officer.number if row.officer else "", "reason": ""}


def _form(
    request: HttpRequest,
    row: Recording,
    said: dict[str, str],
    *,
    wrong: BodywornError | None = None,
) -> HttpResponse:
    facts = {
        "row": row,
        "title": words.title_of(row.title, row.category),
        "fields": [Field(name, *FIELDS[name], said[name]) for name in FIELDS],
        "boroughs": verbs.boroughs(),
        "reason": said["reason"],
        "longest": verbs.LONGEST_REASON,
        "wrong": wrong,
    }
    return render(request, "pages/describe.html", facts, status=422 if wrong else 200)


def _done(request: HttpRequest, correction: verbs.Correction) -> HttpResponse:
    """Told on a page of its own: who has said whose it is may not be one who may see it."""
    row = queries_of_one.recording(correction.reference)
    facts: dict[str, Any] = {
        "row": row,
        "title": words.title_of(row.title, row.category),
        "changes": [
            (FIELDS[name][0] if name in FIELDS else name.capitalize(), old or "none", new or "none")
            for name, old, new in _pairs(correction)
        ],
        "may_view": may(actor_of(request), Action.VIEW, footage_of(row)).allowed,
        "is_done": True,
    }
    return render(request, "pages/describe.html", facts)


def _pairs(correction: verbs.Correction) -> list[tuple[str, str, str]]:
    return [(name, correction.old[name], new) for name, new in correction.new.items()]
