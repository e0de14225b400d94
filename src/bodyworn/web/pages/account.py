"""Sign in and out. Wrong passwords are slowed down by `guessing`; every try is a custody event."""

from django import forms
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from bodyworn.core.terms import EventType
from bodyworn.core.types import CustodyEvent
from bodyworn.records import ledger
from bodyworn.records.models import User
from bodyworn.rules.access import Action
from bodyworn.web.house import house
from bodyworn.web.pages.guessing import guesses_at
from bodyworn.web.pages.permission import needs, public, user_of
from bodyworn.web.peer import network_of

UNKNOWN = "unknown"  # who did not get in is nobody that we know


class SignIn(forms.Form):
    """Name and password."""

    name = forms.CharField(max_length=60, strip=True)
    password = forms.CharField(max_length=400, strip=False)


@public
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The page for it, and the try."""
    if request.method != "POST":
        return _page(request, status=200)
    form = SignIn(request.POST)
    if not form.is_valid():
        return _page(request, wrong="Enter your name and your password.", status=422)
    name = form.cleaned_data["name"]
    guesses = guesses_at(str(house().layout.root))
    # 1. counted before it is judged: others may be judged at this moment
    tried = guesses.begin(name, network_of(request.META["REMOTE_ADDR"]), house().now())
    # 2. judged, and put on record
    user = auth.authenticate(request, username=name, password=form.cleaned_data["password"])
    if not isinstance(user, User):
        _note_failure(name)
        wrong = "That name and password do not belong together."
        return _page(request, wrong=wrong, name=name, status=422)
    with transaction.atomic():
        auth.login(request, user)
        _note(EventType.SIGN_IN, user.name)
    guesses.was_good(tried)
    return HttpResponseRedirect(_wanted(request))


@needs(Action.LIST)
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this sitting."""
    with transaction.atomic():
        _note(EventType.SIGN_OUT, user_of(request).name)
        auth.logout(request)
    return HttpResponseRedirect("/sign-in")


def _page(request: HttpRequest, *, status: int, wrong: str = "", name: str = "") -> HttpResponse:
    facts = {"wrong": wrong, "name": name, "next": _wanted(request)}
    return render(request, "pages/sign-in.html", facts, status=status)


@transaction.atomic
def _note_failure(name: str) -> None:
    """A name that is none of ours may be a password in the wrong field: it is not kept."""
    is_ours = User.objects.filter(name=name).exists()
    event = CustodyEvent(
        type=EventType.SIGN_IN_FAILED,
        operation=None,
        at=house().now(),
        actor=UNKNOWN,
        subject=f"account:{UNKNOWN}",
        detail={"name": name} if is_ours else {},
    )
    ledger.record(event)


@transaction.atomic
def _note(type_: EventType, name: str) -> None:
    """Signing in is no operation of section 62, but who watched is worth nothing without it."""
    event = CustodyEvent(
        type=type_, operation=None, at=house().now(), actor=name, subject=f"account:{name}"
    )
    ledger.record(event)


def _wanted(request: HttpRequest) -> str:
    """Where the person was going; never another site."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return target if safe and target.startswith("/") else "/"
