"""The reading door: stored bytes out, by ticket, with byte ranges.

    GET /bytes/<name>?t=<ticket>   the ticket's parts as one file; or `Authorization: Bearer`
    GET /log/<file>                the custody log as C2SP tlog-tiles; no ticket, for anybody
    GET /healthz                   whether this process answers

A door of its own, on its own origin: no session, no database, no framework. It believes a signed
ticket (`web.ticket`) and nothing else, and it decides in one pass, so that a decision is a value
(`Answer`) and can be tested without a server. Footage lies sealed: its keys are had for the viewing
that the ticket names (`web.door.keys`), and `web.door.pour` opens the bytes on their way. Files of
the log Granian sends itself. Who gets a ticket is for `rules.access`, what a look is in the log is
for `work`, and how this runs as a process is for `web.door.reading_server`.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs

from granian.rsgi import Scope

from bodyworn.core.clock import Clock
from bodyworn.core.errors import BodywornError, DamagedError, MissingError, RefusedError
from bodyworn.store.seal import Vault
from bodyworn.web import ticket as tickets
from bodyworn.web.door.keys import KeySource, TicketKeys
from bodyworn.web.door.log_files import ANYBODY, log_file
from bodyworn.web.door.pour import MOST, Pourer
from bodyworn.web.door.ranges import (
    Span,
    asked_span,
    cut,
    etag_of,
    is_expected,
    is_held,
    is_same,
    size_of,
)
from bodyworn.web.door.reading_answer import (
    ALWAYS,
    Answer,
    Footage,
    Headers,
    for_pages,
    of_bytes,
    preflight,
    problem,
    validators,
    words,
)
from bodyworn.web.door.trays import SIZE as TRAY

_BYTES = re.compile(r"/bytes/([0-9a-f]{64})", re.ASCII)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What of a request the door looks at."""

    path: str  # percent-decoded, without the query
    method: str = "GET"  # upper case
    query: str = ""  # as sent, without the question mark
    headers: Mapping[str, str]  # lower-case names


class Exchange(Protocol):
    """What of Granian's RSGI protocol object the door uses; each answers once and at once."""

    def response_empty(self, status: int, headers: Headers) -> None:
        """No body."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """A body that is in memory."""

    def response_file(self, status: int, headers: Headers, file: str) -> None:
        """Everything that can be read from a path."""

    def response_file_range(
        self, status: int, headers: Headers, file: str, start: int, end: int
    ) -> None:
        """Bytes from `start` up to, not including, `end`; ValueError if there are none."""


class ReadingDoor:
    """The RSGI application; one a worker process."""

    def __init__(
        self,
        vault: Vault,
        keys: KeySource,
        *,
        ticket_key: bytes,
        log: Path,
        pages_origin: str,
        clock: Clock,
        most_pours: int = MOST,
    ) -> None:
        """`log` is the folder of the tiled log; `pages_origin` may read answers by script.

        `most_pours` bounds the answers with footage at once.
        """
        self._vault = vault
        self._ticket_key = ticket_key
        self._log_folder = log
        self._pages_origin = pages_origin
        self._clock = clock
        self._keys = TicketKeys(keys, clock)
        self._pourer = Pourer(vault, most=most_pours)

    async def __rsgi__(self, scope: Scope, proto: Exchange) -> None:
        """One request, as Granian calls it."""
        request = Request(
            path=scope.path,
            method=scope.method,
            query=scope.query_string,
            headers=dict(scope.headers.items()),
        )
        await self._send(request, self.answer(request), proto)

    def __rsgi_del__(self, _loop: object) -> None:
        """The worker ends, as Granian tells."""
        self._pourer.close()

    def answer(self, request: Request) -> Answer:
        """The door's judgement; touches the disk for sizes and the log only. Raises nothing."""
        try:
            return self._routed(request)
        except BodywornError as error:
            return self._problem(request, error)
        except Exception:
            _log.exception("The reading door failed")
            failed = BodywornError("reading.failed", "The reading door has failed.")
            return self._problem(request, failed)

    def _problem(self, request: Request, error: BodywornError) -> Answer:
        is_public = request.path.startswith("/log/")
        return problem(error, ANYBODY if is_public else for_pages(self._pages_origin))

    def _routed(self, request: Request) -> Answer:
        found = _BYTES.fullmatch(request.path)
        if found and request.method == "OPTIONS":
            return preflight(self._pages_origin)
        if request.method not in ("GET", "HEAD"):
            raise RefusedError("reading.method", "This door is for reading only.", status=405)
        if found:
            return self._bytes(request, found[1])
        if request.path.startswith("/log/"):
            return log_file(self._log_folder, request.path.removeprefix("/log/"))
        if request.path == "/healthz":
            return words(200, b"ok\n", media_type="text/plain; charset=utf-8")
        raise MissingError("reading.no-such-address", "This door has no such address.")

    def _bytes(self, request: Request, name: str) -> Answer:
        """1. ticket 2. its bytes are here and whole 3. preconditions 4. range 5. its pieces."""
        ticket = self._ticket(request, name)
        self._check_sizes(ticket)
        if not is_expected(request.headers.get("if-match"), name):
            raise RefusedError("reading.other-version", "These are other bytes.", status=412)
        if is_held(request.headers.get("if-none-match"), name):
            return self._not_modified(ticket)
        span = _span(request, name, size_of(ticket.parts))
        if span and not ticket.filename and _is_open_ended(request) and _is_from_a_player(request):
            span = Span(span.start, min(span.stop, span.start + TRAY))
        return self._located(ticket, span)

    def _ticket(self, request: Request, name: str) -> tickets.Ticket:
        ticket = tickets.read(_ticket_text(request), self._ticket_key, self._clock())
        if ticket.kind != "read" or not ticket.parts:
            raise RefusedError("ticket.not-for-reading", "This ticket is not for reading.")
        if etag_of(ticket.parts).hex != name:
            raise RefusedError("ticket.other-bytes", "This ticket is for other bytes.")
        return ticket

    def _check_sizes(self, ticket: tickets.Ticket) -> None:
        """A file that was cut or grown is caught before its first byte is shown as evidence."""
        for digest, size in ticket.parts:
            if self._vault.size(digest) != size:
                raise DamagedError(
                    "blob.wrong-size",
                    f"The stored bytes of {digest.short}… have not the size that they had.",
                    sha256=digest.hex,
                )

    def _not_modified(self, ticket: tickets.Ticket) -> Answer:
        headers = [*ALWAYS, *validators(ticket.parts), *for_pages(self._pages_origin)]
        return Answer(status=304, headers=headers)

    def _located(self, ticket: tickets.Ticket, span: Span | None) -> Answer:
        status, headers = of_bytes(ticket, span)
        headers += for_pages(self._pages_origin)
        pieces = cut(ticket.parts, span or Span(0, size_of(ticket.parts)))
        footage = Footage(ticket, pieces) if pieces else None
        return Answer(status=status, headers=headers, footage=footage)

    async def _send(self, request: Request, answer: Answer, proto: Exchange) -> None:
        status, headers = answer.status, answer.headers
        if request.method == "HEAD":
            proto.response_empty(status, headers)
        elif answer.footage:
            await self._pour(request, answer, answer.footage, proto)
        # Granian refuses an empty stretch; an empty file is an empty body.
        elif answer.file and answer.file[1].length:
            path, span = answer.file
            proto.response_file_range(status, headers, str(path), span.start, span.stop)
        else:
            proto.response_bytes(status, headers, answer.body)

    async def _pour(
        self, request: Request, answer: Answer, footage: Footage, proto: Exchange
    ) -> None:
        """Not a byte, nor a promise of one, before there is a key for all of them."""

        def respond(path: str, length: int | None) -> None:
            if length is None:
                proto.response_file(answer.status, answer.headers, path)
            else:
                proto.response_file_range(answer.status, answer.headers, path, 0, length)

        try:
            digests = [piece.digest for piece in footage.pieces]
            keys = await self._keys.of(footage.ticket, digests)
            await self._pourer.pour(footage.pieces, keys, respond)
        except BodywornError as error:
            closed = self._problem(request, error)
            proto.response_bytes(closed.status, closed.headers, closed.body)


def _ticket_text(request: Request) -> str:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return text.strip()
    found = parse_qs(request.query).get("t", [])
    if len(found) != 1:
        raise RefusedError(
            "ticket.none",
            "Nothing is read here without a ticket.",
            hint="Open the recording on its page; the page fetches a ticket.",
            status=401,
        )
    return found[0]


def _is_open_ended(request: Request) -> bool:
    return request.headers.get("range", "").rstrip().endswith("-")


def _is_from_a_player(request: Request) -> bool:
    """A video element says so by itself (Fetch Metadata); nobody else can say it by mistake.

    Players ask from a place to the end and take a few seconds of it. RFC 9110 (15.3.7) lets a 206
    carry less than was asked for; Chromium and Firefox then ask for what comes next. Downloaders
    may take a short answer for the whole, and get all of it.
    """
    return request.headers.get("sec-fetch-dest") in ("video", "audio")


def _span(request: Request, name: str, size: int) -> Span | None:
    """Range counts for GET only (RFC 9110, 14.2), and only if If-Range names these bytes."""
    if request.method != "GET" or not is_same(request.headers.get("if-range"), name):
        return None
    return asked_span(request.headers.get("range"), size)
