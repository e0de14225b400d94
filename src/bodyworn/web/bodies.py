"""Bodies first, then a turn: what is slow to arrive must not keep those who wait for a page.

Granian runs an application under WSGI in a few threads and has no limit on how long a body may
take, so with two threads two forms that never end would have stopped every page. Here a request
holds one of many cheap threads while its body arrives, and one of the few turns only while Django
works on it. A form is small; what is larger than any form is refused unread, so nobody fills a
disk or the memory before a rule was asked. How long a sender may take is for a proxy in front.
"""

import io
import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from bodyworn.core.errors import BodywornError, RefusedError
from bodyworn.web.wsgi import Application

Start = Callable[..., Any]

LARGEST_FORM = 64 << 10  # bytes; a form of ours has a few hundred
API = "/api/"


class Bodies:
    """A WSGI application before another: reads bodies, hands out turns."""

    def __init__(self, behind: Application, *, at_once: int, largest: int) -> None:
        """`at_once` requests are worked on together; `largest` is the API's body in bytes."""
        self._behind = behind
        self._turns = threading.BoundedSemaphore(at_once)
        self._largest = largest

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """One request, as PEP 3333 has it."""
        try:
            environ["wsgi.input"] = io.BytesIO(self._body(environ))
        except RefusedError as error:
            return _problem(error, start)
        with self._turns:
            return self._behind(environ, start)

    def _body(self, environ: dict[str, Any]) -> bytes:
        is_api = environ.get("PATH_INFO", "").startswith(API)
        length = _length(environ.get("CONTENT_LENGTH") or "0")
        if length > (self._largest if is_api else LARGEST_FORM):
            raise RefusedError(
                "web.too-large",
                "That is more than any request here needs.",
                hint="Footage goes to the upload door; sidecars have at most 1 MiB each.",
                status=413,
            )
        # Without a token the API answers without a look at the body, and so it stays outside.
        if length == 0 or (is_api and "HTTP_AUTHORIZATION" not in environ):
            return b""
        body: bytes = environ["wsgi.input"].read(length)
        return body


def _length(text: str) -> int:
    """A Content-Length that is none counts as none, as Django has it."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _problem(error: BodywornError, start: Start) -> Iterable[bytes]:
    told = {"type": "about:blank", "title": "Content Too Large", "status": error.http_status}
    told |= {"detail": error.message, "code": error.code, "hint": error.hint}
    body = json.dumps(told).encode()
    headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
    start(f"{error.http_status} Content Too Large", headers)
    return [body]
