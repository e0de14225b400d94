"""HTTP/1.1 (RFC 9112) over one socket: strict heads, bodies of any size in one buffer.

A connection costs one buffer, whatever is sent over it. The head goes through httptools (the
parser of Node.js, which refuses what smugglers use); framing of the body is decided and done here.
What a request means is for others.
"""

import math
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

import httptools

from bodyworn.core.errors import RefusedError

BUFFER = 128 << 10  # bytes a connection; bodies go straight to where they are wanted
LARGEST_HEAD = 64 << 10  # bytes
_LONGEST_CHUNK_LINE = 256  # bytes; more can only be chunk extensions, which nobody needs
_LARGEST_DISCARD = 16 << 20  # bytes read and forgotten, so that a refused sender hears why
_SCRATCH = 64 << 10  # bytes
SLOWEST = 1 << 10  # bytes a second, on the average of a body: below that it only holds a place
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[\t\x20-\x7e]*)?\r\n")
_PHRASES = {460: "Checksum Mismatch"}  # tus 1.0, checksum extension
_ONCE = frozenset({"host", "content-length", "transfer-encoding", "content-type", "authorization"})


class CutError(ConnectionError):
    """The peer went away, or was silent for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request without its body."""

    method: str  # upper case
    path: str  # without the query
    headers: Mapping[str, str]  # names in lower case; repeated ones joined by commas
    keeps_alive: bool  # whether the sender wants to use the connection again
    length: int | None  # bytes of the body; None while chunks will tell
    expects_continue: bool  # waits for 100 before it sends the body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response whose body is small."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Sink(Protocol):
    """Where a body goes."""

    def space(self, most: int) -> memoryview:
        """Where the next bytes belong: at least one, at most `most`."""

    def filled(self, count: int) -> None:
        """So many bytes were put there."""


Patience = Callable[[], float]
"""For how many seconds the peer may be silent now; none are left at 0 and below."""


class Wire:
    """One socket and its small buffer, read strictly forward."""

    def __init__(self, peer: socket.socket) -> None:
        """Every call says how long the peer may be silent."""
        self._peer = peer
        self._bytes = bytearray(BUFFER)
        self._view = memoryview(self._bytes)
        self._start = self._end = 0
        self._within_s: float | None = None
        self.received = 0  # bytes, of everything that came

    def head(self, *, idle_s: float, within_s: float) -> bytes | None:
        """The bytes of the next head; None if the peer has no more to ask.

        `idle_s` until its first byte, then `within_s` for all of it, however slowly it drips.
        Raises RefusedError door.slow-head (408) or .large-head (431).
        """
        self._move_to_front()
        if not self._end and not self._fill_more(idle_s):
            return None
        deadline = time.monotonic() + within_s
        while (end := self._bytes.find(b"\r\n\r\n", 0, self._end)) < 0 and self._end < LARGEST_HEAD:
            if not self._fill_more(deadline - time.monotonic()):
                raise _refused("door.slow-head", "The head of the request took too long.", 408)
        if not 0 <= end <= LARGEST_HEAD:
            raise _refused("door.large-head", "The head of the request is too large.", 431)
        self._start = end + 4
        return bytes(self._view[: self._start])

    def pour(self, sink: Sink, length: int, patience: Patience) -> Iterator[int]:
        """Exactly `length` bytes into the sink; yields what is left. Raises CutError."""
        while length:
            length -= self._pour_some(sink, length, patience)
            yield length

    def line(self, patience: Patience) -> bytes:
        """One short line with its end. Raises CutError, RefusedError door.bad-chunk."""
        while (end := self._bytes.find(b"\n", self._start, self._end)) < 0:
            if self._end - self._start >= _LONGEST_CHUNK_LINE:
                raise bad_chunk()
            self._move_to_front()
            got = self._receive(self._view[self._end :], patience())
            if not got:
                raise _cut()
            self._end += got
        line = bytes(self._view[self._start : end + 1])
        self._start = end + 1
        return line

    def send(self, data: bytes, within_s: float = 30) -> None:
        """Everything. Raises CutError."""
        try:
            self._be_patient(within_s)
            self._peer.sendall(data)
        except OSError as error:
            raise CutError(str(error)) from None

    def discard(self, within_s: float) -> None:
        """Read on for a moment and forget it: closing on unread bytes would destroy our answer."""
        deadline, left = time.monotonic() + within_s, _LARGEST_DISCARD
        try:
            self._peer.shutdown(socket.SHUT_WR)
            while left > 0 and (got := self._receive(self._view, deadline - time.monotonic())):
                left -= got
        except OSError:
            return

    def _pour_some(self, sink: Sink, most: int, patience: Patience) -> int:
        space = sink.space(most)
        if self._start < self._end:
            count = min(len(space), self._end - self._start)
            space[:count] = self._view[self._start : self._start + count]
            self._start += count
        else:
            count = self._receive(space, patience())
            if not count:
                raise _cut()
        sink.filled(count)
        return count

    def _fill_more(self, within_s: float) -> bool:
        try:
            got = self._receive(self._view[self._end :], within_s)
        except CutError:
            return False
        self._end += got
        return got > 0

    def _receive(self, into: memoryview, within_s: float) -> int:
        if within_s <= 0:
            raise CutError("silent for too long")
        try:
            self._be_patient(within_s)
            got = self._peer.recv_into(into)
        except OSError as error:
            raise CutError(str(error)) from None
        self.received += got
        return got

    def _be_patient(self, within_s: float) -> None:
        if within_s != self._within_s:
            self._peer.settimeout(within_s)
            self._within_s = within_s

    def _move_to_front(self) -> None:
        rest = bytes(self._view[self._start : self._end])
        self._view[: len(rest)] = rest
        self._start, self._end = 0, len(rest)


class Body:
    """The body of one request; may be left unread."""

    def __init__(self, wire: Wire, head: Head, *, within_s: float, drip_s: float) -> None:
        """`within_s`: how long the sender may be silent; `drip_s`: how long slower than allowed."""
        self._wire = wire
        self._within_s = within_s
        self._ends_at = math.inf
        self._slow_at = time.monotonic() + drip_s - wire.received / SLOWEST
        self._left = head.length
        self._must_invite = head.expects_continue
        self.is_empty = head.length == 0
        self.is_read = self.is_empty

    def pour(self, sink: Sink) -> None:
        """All of it into the sink. Raises CutError, RefusedError door.bad-chunk, and as it does."""
        if self._must_invite and not self.is_read:
            self._wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._must_invite = False
        if self._left is None:
            self._pour_chunks(sink)
        else:
            for left in self._wire.pour(sink, self._left, self._patience):
                self._left = left
        self.is_read = True

    def skip(self, most: int) -> bool:
        """Read a small rest, so that the connection can go on; False if there is too much.

        Raises CutError also where it drips.
        """
        if self.is_read:
            return True
        if self._must_invite or self._left is None or self._left > most:
            return False
        self._hurry()
        self.pour(_Nowhere())
        return True

    def _pour_chunks(self, sink: Sink) -> None:
        while size := self._chunk_size():
            for _ in self._wire.pour(sink, size, self._patience):
                pass
            if self._wire.line(self._patience) != b"\r\n":
                raise bad_chunk()
        self._hurry()
        while self._wire.line(self._patience) != b"\r\n":
            pass  # trailers say nothing that matters here

    def _chunk_size(self) -> int:
        found = _CHUNK.fullmatch(self._wire.line(self._patience))
        if not found:
            raise bad_chunk()
        return int(found[1], 16)

    def _hurry(self) -> None:
        """What nobody wants must be over soon, however it comes."""
        self._ends_at = time.monotonic() + self._within_s

    def _patience(self) -> float:
        """Silence is bounded, and so is a drip that keeps it from ever being silence."""
        ends_at = min(self._ends_at, self._slow_at + self._wire.received / SLOWEST)
        return min(self._within_s, ends_at - time.monotonic())


class _Nowhere:
    """A sink for what nobody wants."""

    def __init__(self) -> None:
        self._scratch = memoryview(bytearray(_SCRATCH))

    def space(self, most: int) -> memoryview:
        return self._scratch[:most]

    def filled(self, count: int) -> None:
        """Forgotten."""


def parse_head(data: bytes) -> Head:
    """Read a head. Raises RefusedError door.bad-request (400), .http-version, .encoding."""
    seen = _Seen()
    parser = httptools.HttpRequestParser(seen)
    try:
        parser.feed_data(data)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        raise bad_request() from None
    if parser.get_http_version() != "1.1":
        raise _refused("door.http-version", "This door speaks HTTP/1.1.", 505)
    headers = _joined(seen.headers)
    if "host" not in headers:
        raise bad_request()
    return Head(
        method=parser.get_method().decode(),
        path=_path(seen.target),
        headers=headers,
        keeps_alive="close" not in _tokens(headers.get("connection", "")),
        length=_length(headers),
        expects_continue="100-continue" in _tokens(headers.get("expect", "")),
    )


def as_bytes(answer: Answer, *, without_body: bool, closes: bool) -> bytes:
    """An answer as it goes over the wire."""
    status = answer.status
    phrase = _PHRASES.get(status) or HTTPStatus(status).phrase
    headers = dict(answer.headers)
    if status != 204:
        headers["Content-Length"] = str(len(answer.body))
    if closes:
        headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if without_body else answer.body)


def bad_request() -> RefusedError:
    """The answer to a malformed head."""
    return _refused("door.bad-request", "That is not an HTTP/1.1 request.", 400)


def bad_chunk() -> RefusedError:
    """The answer to a malformed body; what came before is kept."""
    return _refused("door.bad-chunk", "A chunk of the request is malformed.", 400)


class _Seen:
    """What httptools calls back with."""

    def __init__(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))


def _joined(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        if name in headers and name in _ONCE:
            raise bad_request()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _tokens(text: str) -> set[str]:
    return {token.strip().lower() for token in text.split(",")}


def _length(headers: Mapping[str, str]) -> int | None:
    """How the body ends. Two answers to that are an attack (RFC 9112 section 6.1)."""
    encoding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if encoding is not None and length is not None:
        raise _refused("door.two-lengths", "A request has one length or chunks, not both.", 400)
    if encoding is not None:
        if encoding.lower() != "chunked":
            raise _refused("door.encoding", "This door reads chunks and no other coding.", 501)
        return None
    if length is None:
        return 0
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        raise bad_request()
    return int(length)


def _path(target: bytes) -> str:
    """The path of an origin-form or absolute-form target (RFC 9112 section 3.2)."""
    try:
        return (httptools.parse_url(target).path or b"/").decode("ascii")
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
        # `OPTIONS *` asks about the server as a whole.
        if target == b"*":
            return "*"
        raise bad_request() from None


def _cut() -> CutError:
    return CutError("the connection ended before the message did")


def _refused(code: str, message: str, status: int, **facts: Any) -> RefusedError:
    return RefusedError(code, message, hint="Repair the client.", status=status, **facts)
