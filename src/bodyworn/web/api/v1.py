"""Version 1 of the API: its routers, its token, its errors."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from bodyworn.core.errors import BodywornError, MissingError, RefusedError
from bodyworn.web.api import docks, uploads
from bodyworn.web.middleware import in_words


def _problem(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """Everything that ninja itself finds wrong, in our words."""
    return in_words(request, _in_our_words(error))


def _in_our_words(error: Exception | type[Exception]) -> BodywornError:
    match error:
        case BodywornError():
            return error
        case AuthenticationError():
            return docks.no_dock()
        case ValidationError():
            where, what = _first(error.errors)
            return RefusedError(
                "api.wrong-request",
                f"{where}: {what}.",
                hint="/api/v1/openapi.json describes each request.",
                status=422,
            )
        case Http404():
            return MissingError(
                "api.not-there", "There is nothing at this address.", hint="Check the address."
            )
        case HttpError():
            return RefusedError(
                "api.unreadable",
                "This is no JSON.",
                hint="Send one JSON object.",
                status=error.status_code,
            )
    raise error


def _first(errors: list[dict[str, Any]]) -> tuple[str, str]:
    """Where in the request, and what; never the value, which may be a secret or huge."""
    found = errors[0]
    place = [str(part) for part in found["loc"] if part not in {"body", "wanted"}]
    return ".".join(place) or "The request", str(found["msg"])


api = NinjaAPI(
    title="bodyworn",
    version="1",
    description="Docks open uploads here and get their receipts. Bytes go to the upload door.",
    docs_url=None,  # its page would load scripts from another host
    auth=docks.DockToken(),
    urls_namespace="api-v1",
)
api.add_router("/uploads", uploads.router)
for kind in (BodywornError, AuthenticationError, ValidationError, Http404, HttpError):
    api.add_exception_handler(kind, _problem)
