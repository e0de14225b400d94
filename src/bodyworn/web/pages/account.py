"""Sign in and out. Wrong passwords are slowed down by name; every try is a custody event."""

from datetime import datetime, timedelta

from django import forms
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from bodyworn.core.errors import BusyError
from bodyworn.core.terms import EventType
from bodyworn.core.types import CustodyEvent
from bodyworn.records import ledger, queries
from bodyworn.records.models import User
from bodyworn.rules.access import Action
from bodyworn.web.house import house
from bodyworn.web.pages.permission import needs, public, user_of

TRIES = 5
WINDOW = timedelta(minutes=15)


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
    _refuse_guessing(name)
    user = auth.authenticate(request, username=name, password=form.cleaned_data["password"])
    if not isinstance(user, User):
        _note(EventType.SIGN_IN_FAILED, name)
        wrong = "That name and password do not belong together."
        return _page(request, wrong=wrong, name=name, status=422)
    with transaction.atomic():
        auth.login(request, user)
        _note(EventType.SIGN_IN, user.name)
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


def _refuse_guessing(name: str) -> None:
    """Raises BusyError account.too-many-tries after five wrong passwords in 15 minutes."""
    now = house().now()
    failed = queries.failed_sign_ins(name, now - WINDOW)
    if len(failed) < TRIES:
        return
    seconds = _until_free(failed, now)
    raise BusyError(
        "account.too-many-tries",
        "This name was tried with a wrong password too often.",
        retry_after=seconds,
        hint=f"Try again in {-(-seconds // 60)} minutes, or ask for a new password.",
    )


def _until_free(failed: list[datetime], now: datetime) -> int:
    """Seconds until fewer than five wrong tries lie within the window."""
    return max(1, int((failed[-TRIES] + WINDOW - now).total_seconds()))


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
