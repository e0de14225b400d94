"""The pages and the API as a WSGI application, for Granian or any other WSGI server."""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from bodyworn.settings import Settings
from bodyworn.web.configure import configure

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application(settings: Settings) -> Application:
    """The application of one data folder; configures Django, so one a process.

    Addresses are loaded here and not at the first request, so that a fault in them stops the
    start and is said once.
    """
    configure(settings)
    import_module("bodyworn.web.urls")
    handler: Application = WSGIHandler()
    return handler
