"""Markers: add one at a frame, take one away; the list and the custody answer in place."""

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from bodyworn.core.errors import RefusedError
from bodyworn.records import queries_of_one
from bodyworn.rules.access import Action
from bodyworn.web.house import house
from bodyworn.web.pages.custody import custody_facts
from bodyworn.web.pages.permission import actor_of, needs
from bodyworn.work import review as verbs


class NewMarker(forms.Form):
    """A frame, its time from the first frame in milliseconds, and a few words."""

    frame = forms.IntegerField(min_value=0, max_value=2**53)
    at_ms = forms.IntegerField(min_value=0, max_value=2**53)
    label = forms.CharField(max_length=verbs.LONGEST_NOTE, required=False)


@needs(Action.MARK)
@require_POST
def add(request: HttpRequest, reference: str) -> HttpResponse:
    """A new marker."""
    form = NewMarker(request.POST)
    if not form.is_valid():
        raise RefusedError(
            "pages.bad-marker",
            "A marker needs a frame of this recording, and at most 200 characters of text.",
            hint="Shorten the text and try again.",
            status=422,
        )
    verbs.add_marker(house(), actor_of(request), reference, **form.cleaned_data)
    return _list(request, reference)


@needs(Action.MARK)
@require_POST
def remove(request: HttpRequest, reference: str, marker: int) -> HttpResponse:
    """One marker less; the record keeps it."""
    verbs.remove_marker(house(), actor_of(request), reference, marker)
    return _list(request, reference)


def _list(request: HttpRequest, reference: str) -> HttpResponse:
    if not getattr(request, "htmx", False):
        return HttpResponseRedirect(reverse("review", args=[reference]) + "#markers")
    row = queries_of_one.recording(reference)
    facts = custody_facts(actor_of(request), row) | {
        "markers": queries_of_one.markers_of(row.pk),
        "with_custody": True,
    }
    return render(request, "pages/markers.html", facts)
