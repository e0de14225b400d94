"""What the reading door answers, as a value: status, headers, and where the body is.

Headers are worded here, and errors become problem+json (RFC 9457) here. Who gets which answer is
for `web.door.reading` to judge; how the body travels is for `web.door.pour` and Granian.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bodyworn.core.errors import BodywornError
from bodyworn.web.door.ranges import Part, Piece, Span, etag_of, size_of
from bodyworn.web.ticket import Ticket

Headers = list[tuple[str, str]]

METHODS = "GET, HEAD, OPTIONS"
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*(; ?[a-z0-9=.,\" -]+)?", re.I)
_UNFIT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f/\\]+")
_UNFIT_IN_ASCII = re.compile(r"[^A-Za-z0-9 ._()-]")
# attr-char of RFC 8187, less what quote() always leaves alone.
_ATTR_CHAR = "!#$&+^`|"

ALWAYS: Headers = [
    # The ticket stands in the address: nothing that a page loads next may learn it.
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    # What came from a camera is never a page: no script of it runs, whatever it says it is.
    ("content-security-policy", "default-src 'none'; sandbox"),
    # A ticket is a right by itself and there are no cookies, so embedding gives nobody more.
    ("cross-origin-resource-policy", "cross-origin"),
]


@dataclass(frozen=True, slots=True)
class Footage:
    """Stored bytes, and the ticket whose viewing opens them."""

    ticket: Ticket
    pieces: tuple[Piece, ...]  # at least one


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response; the body is `body`, or a stretch of `file`, or `footage`."""

    status: int  # HTTP
    headers: Headers  # lower-case names; Content-Length included where there is one
    body: bytes = b""  # a short one
    file: tuple[Path, Span] | None = None  # of the log; sent by Granian itself
    footage: Footage | None = None  # opened and read from the vault, block by block


def words(
    status: int, body: bytes, *, media_type: str, headers: Sequence[tuple[str, str]] = ()
) -> Answer:
    """A short answer that is in memory."""
    own = [("content-type", media_type), ("content-length", str(len(body)))]
    return Answer(status=status, headers=[*ALWAYS, *own, *headers], body=body)


def problem(error: BodywornError, headers: Sequence[tuple[str, str]] = ()) -> Answer:
    """An error as RFC 9457 has it: type, title, status and detail, with our code and hint."""
    told = {
        "type": "about:blank",
        "title": HTTPStatus(error.http_status).phrase,
        "status": error.http_status,
        "detail": error.message,
        "code": error.code,
        "hint": error.hint,
        **error.facts,
    }
    return words(
        error.http_status,
        json.dumps(told, separators=(",", ":")).encode(),
        media_type="application/problem+json",
        headers=[
            ("cache-control", "no-store"),
            *_of_status(error.http_status, error.facts),
            *headers,
        ],
    )


def _of_status(status: int, facts: dict[str, Any]) -> Headers:
    """The header that HTTP asks for beside this status."""
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return [("www-authenticate", 'Bearer realm="bodyworn"')]
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return [("allow", METHODS)]
        case HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return [("content-range", f"bytes */{facts['size']}")]
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return [("retry-after", str(facts.get("retry_after", 1)))]
        case _:
            return []


def for_pages(origin: str) -> Headers:
    """CORS (Fetch standard): scripts of our own pages may read answer and headers, no others."""
    if not origin:
        return []
    return [
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", "accept-ranges, content-length, content-range, etag"),
        ("vary", "origin"),
    ]


def preflight(origin: str) -> Answer:
    """To a browser that asks whether a script may send a range or a ticket in a header."""
    own = [
        ("access-control-allow-methods", METHODS),
        ("access-control-allow-headers", "authorization, range, if-range, if-none-match"),
        ("access-control-max-age", "600"),
        ("content-length", "0"),
    ]
    return Answer(status=204, headers=[*for_pages(origin), *own])


def of_bytes(ticket: Ticket, span: Span | None) -> tuple[int, Headers]:
    """Status and headers of footage: 200 for the whole, 206 for a span of it."""
    whole = size_of(ticket.parts)
    length = whole if span is None else span.length
    headers = [
        *ALWAYS,
        *validators(ticket.parts),
        ("accept-ranges", "bytes"),
        ("content-type", media_type(ticket.media_type)),
        ("content-disposition", disposition(ticket.filename)),
        ("content-length", str(length)),
    ]
    if span is None:
        return 200, headers
    return 206, [*headers, ("content-range", f"bytes {span.start}-{span.stop - 1}/{whole}")]


def validators(parts: Sequence[Part]) -> Headers:
    """What a 304 repeats. Evidence does not lie about in caches: a browser keeps none of it."""
    return [("etag", f'"{etag_of(parts)}"'), ("cache-control", "private, no-store")]


def media_type(claimed: str | None) -> str:
    """The media type if it is well-formed, else that of unknown bytes."""
    fits = claimed is not None and _MEDIA_TYPE.fullmatch(claimed)
    return claimed if claimed and fits else "application/octet-stream"


def disposition(filename: str | None) -> str:
    """Content-Disposition (RFC 6266), the name in ASCII and again in UTF-8 (RFC 8187).

    >>> disposition("Müller 7.mp4")
    'attachment; filename="M_ller 7.mp4"; filename*=UTF-8\\'\\'M%C3%BCller%207.mp4'
    """
    if not filename:
        return "inline"
    name = _UNFIT_IN_A_NAME.sub("_", filename)
    plain = _UNFIT_IN_ASCII.sub("_", name)
    encoded = quote(name, safe=_ATTR_CHAR, errors="replace")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
