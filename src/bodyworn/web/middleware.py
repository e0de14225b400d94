"""What every answer of the pages goes through: content policy, sign-in, errors in words.

Each function here takes Django's `get_response` and is named in `web.django_settings`. The API
answers for its own sign-in (tokens as well as sessions); a law test asks every route of either
for its permission.
"""

import json
import logging
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings as django_conf
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect

from bodyworn.core.errors import BodywornError, BusyError, SetupError
from bodyworn.web.pages.permission import PUBLIC, permission_of

log = logging.getLogger("bodyworn.web")

Answer = Callable[[HttpRequest], HttpResponseBase]
View = Callable[..., HttpResponseBase]

API = "/api/"
STATIC = "/static/"


def content_policy(get_response: Answer) -> Answer:
    """Close everything, open what the pages need: themselves, and footage from the reading door.

    A view that needs more says so by setting the header itself.
    """
    policy = policy_for(django_conf.BODYWORN.reading)

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        if not request.path.startswith(STATIC):
            # A page about evidence lies in no cache, and Back asks again after a sign-out.
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer


def policy_for(reading: str) -> str:
    """The Content-Security-Policy (W3C, level 3) of a page; `reading` is the door's origin."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' {reading}",
            f"media-src {reading}",
            f"connect-src 'self' {reading}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def sign_in_required(get_response: Answer) -> Answer:
    """Every view needs a signed-in person unless it says that it is public."""
    return _SignInRequired(get_response)


def errors_in_words(get_response: Answer) -> Answer:
    """An error of ours becomes a page (or a problem) with its sentence, code and hint."""
    return _ErrorsInWords(get_response)


class _SignInRequired:
    """A class only because Django looks for `process_view` on what the function returns."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        permission = permission_of(view)
        if request.path.startswith(API) or permission is PUBLIC:
            return None
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if permission is None:
            # Shut by default: a view that forgot to name its permission opens for nobody.
            error = SetupError("web.no-permission", "This page names no permission.")
            return in_words(request, error)
        return None


class _ErrorsInWords:
    """A class only because Django looks for `process_exception` on what the function returns."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, BodywornError):
            return in_words(request, error)
        if error.__class__.__module__.startswith("django."):
            return None  # 404 and refused requests have handlers of their own
        return unexpected(request, error)


def in_words(request: HttpRequest, error: BodywornError) -> HttpResponse:
    """The error as a page, as a notice within one, or as problem+json."""
    if error.http_status >= 500:
        log.warning("%s at %s: %s", error.code, request.path, error.message)
    response = _worded(request, error)
    if isinstance(error, BusyError):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def unexpected(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """What nobody foresaw: an incident number for the person, the trace for the log alone."""
    incident = secrets.token_hex(4)
    log.error("incident %s at %s %s", incident, request.method, request.path, exc_info=error)
    known = SetupError(
        "web.unexpected",
        "Something went wrong here, and it is not your fault.",
        hint=f"Nothing was lost. Tell those who run this system the number {incident}.",
        incident=incident,
    )
    return _worded(request, known)


def wants_json(request: HttpRequest) -> bool:
    """Whether whoever asks is a program."""
    accept = request.headers.get("Accept", "")
    return request.path.startswith(API) or ("json" in accept and "text/html" not in accept)


def _worded(request: HttpRequest, error: BodywornError) -> HttpResponse:
    if wants_json(request):
        return _problem(error)
    facts = {"error": error, "status": error.http_status}
    if not getattr(request, "htmx", False):
        return render(request, "pages/error.html", facts, status=error.http_status)
    response = render(request, "pages/notice.html", facts, status=error.http_status)
    # The part of the page that was asked for stays as it is; the words go to the notice line.
    response.headers["HX-Retarget"] = "#notice"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def _problem(error: BodywornError) -> HttpResponse:
    told = {
        "type": "about:blank",
        "title": HttpResponse(status=error.http_status).reason_phrase,
        "status": error.http_status,
        "detail": error.message,
        **{key: value for key, value in error.as_dict().items() if key != "message"},
    }
    return HttpResponse(
        json.dumps(told, default=str),
        status=error.http_status,
        content_type="application/problem+json",
    )


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    target = f"{django_conf.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}"
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(target)
    return HttpResponseRedirect(target)
