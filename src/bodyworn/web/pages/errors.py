"""What Django itself refuses, in the same words and form as our own errors."""

import sys

from django.http import HttpRequest, HttpResponse

from bodyworn.core.errors import MissingError, RefusedError
from bodyworn.web import middleware
from bodyworn.web.pages.permission import public


@public
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  (given by name)
    """No such address."""
    error = MissingError(
        "web.no-page",
        "There is no page at this address.",
        hint="Check the address, or start from the home page.",
    )
    return middleware.in_words(request, error)


@public
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  (given by name)
    """Django refuses a request for a reason of its own."""
    error = RefusedError("web.forbidden", "This request is not allowed.")
    return middleware.in_words(request, error)


@public
def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  (given by name)
    """A form without the token of this sitting (CSRF): too old, or sent by another site."""
    error = RefusedError(
        "web.stale-form",
        "This form is out of date.",
        hint="Go back, load the page again and send the form once more.",
    )
    return middleware.in_words(request, error)


@public
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  (given by name)
    """The request itself is malformed."""
    error = RefusedError("web.bad-request", "This request cannot be read.", status=400)
    return middleware.in_words(request, error)


@public
def unexpected(request: HttpRequest) -> HttpResponse:
    """Anything else."""
    return middleware.unexpected(request, sys.exc_info()[1])
