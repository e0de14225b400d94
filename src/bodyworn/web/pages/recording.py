"""The review page of one recording, the question before it, and what is asked from it."""

from typing import Any
from urllib.parse import quote

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from bodyworn.core.terms import Purpose
from bodyworn.core.types import Actor
from bodyworn.records import queries_of_one
from bodyworn.records.models import Recording
from bodyworn.records.queries_of_one import footage_of
from bodyworn.rules.access import Action, may
from bodyworn.web.house import house
from bodyworn.web.pages import sitting as sittings
from bodyworn.web.pages import words
from bodyworn.web.pages.custody import SHOWN, custody_facts
from bodyworn.web.pages.details import details_of
from bodyworn.web.pages.erased import erased_page
from bodyworn.web.pages.footage import player
from bodyworn.web.pages.permission import actor_of, needs
from bodyworn.web.pages.sitting import Reason, Sitting
from bodyworn.web.pages.track import Map, map_of
from bodyworn.work import narrate
from bodyworn.work import review as verbs
from bodyworn.work.erase import find_erasure

# Named to the browser at once: found one by one they would take a round trip for each depth.
MODULES = tuple(
    f"own/review/{name}.js"
    for name in (
        *("main", "clock", "frames", "keys", "lanes"),
        *("map", "player", "strips", "tabs", "timeline"),
    )
)
SPEEDS = tuple((rate, f"{rate}×") for rate in ("0.25", "0.5", "1", "2", "4", "8"))
SPANS = ((0, "All"), (300, "5 min"), (20, "20 s"), (5, "5 s"))  # seconds in view; 0: all of it


class Why(forms.Form):
    """Why somebody opens a recording."""

    purpose = forms.ChoiceField(choices=[(p.value, p.value) for p in Purpose])
    note = forms.CharField(max_length=verbs.LONGEST_NOTE, required=False)
    t = forms.FloatField(min_value=0, max_value=1e6, required=False)


class OneFrame(forms.Form):
    """A frame by its number."""

    frame = forms.IntegerField(min_value=0, max_value=2**53)


@needs(Action.VIEW)
@require_safe
def review(request: HttpRequest, reference: str) -> HttpResponse:
    """The page, or first the question if this sitting has not answered it, or that it is gone."""
    actor = actor_of(request)
    erasure = find_erasure(reference)
    if erasure is not None:
        return erased_page(request, erasure)
    row = verbs.judged(house(), actor, Action.VIEW, reference)
    sitting = _standing(request, actor, reference)
    if sitting is None:
        return _question(request, row)
    whole = request.GET.get("custody") == "all"
    shown = queries_of_one.MOST_EVENTS if whole else SHOWN
    return render(request, "pages/review.html", _facts(actor, row, sitting, shown=shown))


@needs(Action.VIEW)
@require_POST
def purpose(request: HttpRequest, reference: str) -> HttpResponse:
    """The answer; the viewing is on record before the page is shown."""
    form = Why(request.POST)
    if not form.is_valid():
        row = verbs.judged(house(), actor_of(request), Action.VIEW, reference)
        return _question(request, row, wrong="Choose why you are opening this.")
    opening = verbs.open_recording(
        house(),
        actor_of(request),
        reference,
        purpose=Purpose(form.cleaned_data["purpose"]),
        note=form.cleaned_data["note"],
    )
    sittings.keep(request, opening)
    moment = form.cleaned_data["t"]
    return HttpResponseRedirect(_address(reference) + (f"?t={moment:g}" if moment else ""))


@needs(Action.CHECK)
@require_POST
def check(request: HttpRequest, reference: str) -> HttpResponse:
    """Read the file again and answer in place."""
    checked = verbs.check_file(house(), actor_of(request), reference)
    if not getattr(request, "htmx", False):
        return HttpResponseRedirect(_address(reference) + "#custody")
    row = queries_of_one.recording(reference)
    facts = custody_facts(actor_of(request), row) | {"checked": checked, "is_part": True}
    return render(request, "pages/custody.html", facts)


@needs(Action.EXPORT)
@require_POST
def still(request: HttpRequest, reference: str) -> HttpResponse:
    """Put on record that a frame leaves as a picture; the browser makes the picture."""
    form = OneFrame(request.POST)
    # A form that says nothing sensible names no frame; the verb refuses that in words.
    frame = form.cleaned_data["frame"] if form.is_valid() else -1
    verbs.take_still(house(), actor_of(request), reference, frame=frame)
    row = queries_of_one.recording(reference)
    facts = custody_facts(actor_of(request), row) | {"is_part": True}
    return render(request, "pages/custody.html", facts)


def _standing(request: HttpRequest, actor: Actor, reference: str) -> Sitting | None:
    """The consultation that this sign-in stands in; one that ended goes on as a further one."""
    sitting = sittings.of(request, reference)
    if sitting is None or house().now() < sitting.until:
        return sitting
    reason = sitting.reason
    opening = verbs.open_recording(
        house(), actor, reference, purpose=reason.purpose, note=reason.note
    )
    return sittings.keep(request, opening)


def _question(request: HttpRequest, row: Recording, *, wrong: str = "") -> HttpResponse:
    last = sittings.last_reason(request)
    facts = {
        "row": row,
        "title": words.title_of(row.title, row.category),
        "purposes": [
            {"key": n, "word": p.value, "label": label, "is_chosen": last and last.purpose == p}
            for n, (p, label) in enumerate(words.PURPOSE_WORDS.items(), start=1)
        ],
        "note": last.note if last else "",
        "moment": request.GET.get("t", "")[:20],
        "wrong": wrong,
    }
    return render(request, "pages/purpose.html", facts, status=422 if wrong else 200)


def _facts(actor: Actor, row: Recording, sitting: Sitting, *, shown: int) -> dict[str, Any]:
    """Everything that the page shows; each line is one or two queries."""
    copies = queries_of_one.copies_of(row.pk)
    served = verbs.served(copies, plays_in_browsers=_plays(row))
    jobs = queries_of_one.unfinished_jobs(row.pk) if served.video is None else {}
    track = map_of(queries_of_one.track_of(row.pk), row.started_at)
    custody = custody_facts(actor, row, shown=shown)
    return custody | {
        "title": words.title_of(row.title, row.category),
        "identity": _identity(row),
        "player": player(
            house(), actor, row, served=served, jobs=jobs, sitting=sitting, track=track
        ),
        "map": track,
        "markers": queries_of_one.markers_of(row.pk),
        "watching": _watching(sitting.reason),
        "details": details_of(row, copies, custody["retention"]),
        "copies": [_copy(copy) for copy in copies],
        "may_export": may(actor, Action.EXPORT, footage_of(row)).allowed,
        "may_describe": may(actor, Action.DESCRIBE, footage_of(row)).allowed,
        **_controls(row, served, track),
    }


def _controls(row: Recording, served: verbs.Served, track: Map | None) -> dict[str, Any]:
    """What the player offers for this very recording."""
    spans = [span for span in SPANS if span[0] < row.duration_ms / 1000]
    lanes = [("picture", served.strip), ("sound", served.sound), ("markers", True)]
    lanes.append(("speed", track is not None and track.has_speed))
    return {
        "modules": MODULES,
        "speeds": SPEEDS,
        "spans": spans,
        "lanes": [{"id": name, "name": name.capitalize()} for name, is_there in lanes if is_there],
    }


def _plays(row: Recording) -> bool:
    return bool(row.probe.get("plays_in_browsers"))


def _identity(row: Recording) -> list[str]:
    """When, who, which camera, where."""
    until = f"{row.ended_at:%H:%M:%S}"
    parts = [f"{words.day(row.started_at)}, {row.started_at:%H:%M:%S} to {until} UTC"]
    if row.started_at_source == "arrival":
        parts.append("Time not known, reckoned from arrival")
    if row.officer:
        parts.append(f"{row.officer.rank} {row.officer.number}")
    if row.device:
        parts.append(f"Camera {row.device.serial}")
    if row.locality or row.borough:
        parts.append(row.locality or row.borough)
    return parts


def _watching(reason: Reason) -> str:
    """`Watching for case 01/4412/26.`"""
    why = narrate.PURPOSES[reason.purpose]
    if not reason.note:
        return f"Watching for {why}."
    if reason.purpose is Purpose.INVESTIGATION:
        is_named = reason.note.lower().startswith(("case", "cad"))
        return f"Watching for {reason.note}." if is_named else f"Watching for case {reason.note}."
    return f"Watching for {why}, {reason.note}."


def _copy(copy: queries_of_one.CopyRow) -> dict[str, str]:
    told = "Original" if copy.kind == "master" else copy.name or copy.kind.capitalize()
    return {"name": told, "size": words.size(copy.size), "digest": copy.sha256}


def _address(reference: str) -> str:
    return f"/recordings/{quote(reference, safe='')}"
