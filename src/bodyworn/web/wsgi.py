"""The pages and the API as a WSGI application, for Granian or any other WSGI server."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from bodyworn.settings import Settings
from bodyworn.web.configure import configure

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application(settings: Settings) -> Application:
    """The application of one data folder; configures Django, so one a process."""
    configure(settings)
    handler: Application = WSGIHandler()
    return handler
