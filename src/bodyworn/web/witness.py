"""The witness's HTTP server: `POST /add-checkpoint`, and what it holds for whoever asks.

It runs where the force does not: on one small machine, without database and without Django. The
standard library's server is enough for a few requests a second, with limits of our own, because
anybody may talk to it: bodies, connections, and the time that one connection may take. There is
no TLS here; a checkpoint is public and signed. Put a server with TLS in front where reading along
matters.
"""

import logging
import re
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from bodyworn.core.clock import Clock, system_clock
from bodyworn.core.errors import BodywornError, RefusedError
from bodyworn.custody.witness import LARGEST_REQUEST, Witness
from bodyworn.custody.witness_folder import WitnessFolder

PATIENCE = 10.0  # seconds without a byte
LONGEST = 60.0  # seconds for one connection, busy or not: clients simply come again
MOST_CONNECTIONS = 64
TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"  # C2SP tlog-witness

_HELD = re.compile(r"/([0-9a-f]{64})/checkpoint", re.ASCII)
_LENGTH = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_log = logging.getLogger("bodyworn.witness")


class WitnessServer(ThreadingHTTPServer):
    """A witness that listens. `serve_forever` until `shutdown`."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(
        self, folder: WitnessFolder, *, host: str, port: int, clock: Clock = system_clock
    ) -> None:
        """Bind; port 0 takes any. The caller holds `folder.alone()`. Raises OSError."""
        self.folder, self.clock = folder, clock
        self.witness = Witness(folder)
        self._lock = Lock()
        self._open: dict[socket.socket, float] = {}  # connection: when it began
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def verify_request(self, *_: Any) -> bool:
        """Whether there is room for one more."""
        with self._lock:
            return len(self._open) < MOST_CONNECTIONS

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note when it began, then hand it to its thread."""
        with self._lock:
            self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A connection has ended, however it did."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called twice a second: cut what lasts too long, byte after slow byte."""
        oldest = time.monotonic() - LONGEST
        with self._lock:
            late = [one for one, began in self._open.items() if began < oldest]
        for one in late:
            _cut(one)

    def handle_error(self, *_: Any) -> None:
        """A client that went away is no trouble; anything else is ours, and said with its trace."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            _log.exception("A request could not be answered.")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive: a log comes every few seconds
    server_version = "bodyworn-witness"
    sys_version = ""
    timeout = PATIENCE
    error_content_type = TEXT
    error_message_format = "%(message)s\n"
    server: WitnessServer

    def do_POST(self) -> None:
        """`add-checkpoint`: the cosignature, or the refusal that the specification asks for."""
        if self.path != "/add-checkpoint":
            self._say(404, "There is nothing here; a witness has /add-checkpoint.\n")
            return
        try:
            line = self.server.witness.add_checkpoint(self._body(), now=self.server.clock())
        except BodywornError as error:
            self._refuse(error)
        else:
            self._say(200, line)

    def do_GET(self) -> None:
        """What this witness holds of a log: its checkpoint with both signatures."""
        found = _HELD.fullmatch(self.path)
        if not found:
            self._say(404, "There is nothing here; ask for /<SHA-256 of the origin>/checkpoint.\n")
            return
        try:
            self._say(200, self.server.folder.checkpoint(found[1]))
        except BodywornError as error:
            self._refuse(error)

    def _body(self) -> bytes:
        """The whole body, whose length must be stated once and in digits. Raises RefusedError."""
        lengths = self.headers.get_all("content-length", [])
        if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]):
            raise _unreadable("A request states its length in one Content-Length.", status=411)
        if self.headers.get_all("transfer-encoding"):
            raise _unreadable("A request has no Transfer-Encoding here.", status=400)
        length = int(lengths[0])
        if length > LARGEST_REQUEST:
            raise _unreadable(f"A request has at most {LARGEST_REQUEST} bytes.", status=413)
        body = self.rfile.read(length)
        if len(body) < length:
            raise _unreadable("The request ends too early.", status=400)
        return body

    def _refuse(self, error: BodywornError) -> None:
        """409 says the size and nothing else, as clients read it."""
        _log.warning("%s %s: %s", error.http_status, error.code, error.message)
        # What was not read of a body would be taken for the next request.
        self.close_connection |= error.code == "witness.unreadable"
        if error.code == "witness.other-size":
            self._say(409, f"{error.facts['size']}\n", media_type=SIZE)
        else:
            self._say(error.http_status, f"{error.message} ({error.code})\n{error.hint}\n")

    def _say(self, status: int, text: str, *, media_type: str = TEXT) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        self.send_header("cache-control", "no-cache")
        self.send_header("x-content-type-options", "nosniff")
        if self.close_connection or (self.command == "POST" and status == 404):
            self.close_connection = True
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
        """Each answer is one line of the log, at the level of a detail."""
        _log.info(format, *args)


def _cut(connection: socket.socket) -> None:
    """Its thread meets the end of the stream and ends."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has just ended by itself


def _unreadable(sentence: str, *, status: int) -> RefusedError:
    return RefusedError(
        "witness.unreadable",
        sentence,
        hint="The form is that of https://c2sp.org/tlog-witness.",
        status=status,
    )
