"""What is shown where a recording was: that it was erased, when, by which policy and authority.

That is all, for everybody who works here: whose it was and where is gone with it. The certificate
names the reason and the digests, and is for those who answer for footage.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bodyworn.core.errors import RefusedError
from bodyworn.records.models import Erasure
from bodyworn.rules.access import Action
from bodyworn.rules.erasure import may_read_certificate
from bodyworn.web.pages import words
from bodyworn.web.pages.permission import actor_of, needs
from bodyworn.work import erase


def erased_page(request: HttpRequest, erasure: Erasure) -> HttpResponse:
    """The notice; 410 says that it was here and will not come back."""
    facts = {
        "erasure": erasure,
        "on": words.day(erasure.ordered_at),
        "done": words.day(erasure.done_at) if erasure.done_at else "",
        "may_read": may_read_certificate(actor_of(request)).allowed,
    }
    return render(request, "pages/erased.html", facts, status=410)


@needs(Action.VIEW)
@require_safe
def certificate(request: HttpRequest, reference: str) -> HttpResponse:
    """The signed note, byte for byte."""
    decision = may_read_certificate(actor_of(request))
    if not decision.allowed:
        raise RefusedError("erase.not-yours", decision.reason, rule=decision.rule)
    note = erase.certificate_of(reference)
    return HttpResponse(note, content_type="text/plain; charset=utf-8")
