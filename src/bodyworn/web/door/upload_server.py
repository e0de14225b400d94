"""Connections over plain blocking threads, one each: accept, talk, hang up.

Why threads: an event loop costs 0.5 to 1.5 seconds of CPU a gigabyte over a blocking recv into one
buffer, and hashing and writing release Python's lock anyway. What is answered is for others.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bodyworn.core.errors import BodywornError, BusyError
from bodyworn.web.door.upload_http import (
    Answer,
    Body,
    Head,
    Wire,
    as_bytes,
    parse_head,
)
from bodyworn.web.peer import Network, network_of

# Connections above the limit that still hear "busy"; above this they are closed without a word.
_MOST_REFUSED = 16
_MOST_REFUSED_A_PEER = 4
_PAUSE_S = 0.05  # after a failed accept: without file handles it would spin
_SMALL_REST = 64 << 10  # bytes of an unread body that are read away to keep a connection
_log = logging.getLogger(__name__)

Handle = Callable[[Head, Body], Answer]
Explain = Callable[[BodywornError], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one peer may cost us."""

    connections: int = 128  # at once; each may hold 2 MiB while it sends
    connections_a_peer: int = 32  # at once, from one address; more would be everybody's
    connections_of_our_own: int = 64  # at once, from this machine
    head_s: float = 10  # seconds for the whole head of a request
    idle_s: float = 60  # seconds between two requests on one connection
    body_s: float = 30  # seconds of silence within a body, and for all that is read and forgotten
    drip_s: float = 60  # seconds that a body may come more slowly than `upload_http.SLOWEST`
    farewell_s: float = 2  # seconds in which a refused sender may notice


class Server:
    """Listens on one address until it is stopped."""

    def __init__(
        self,
        handle: Handle,
        explain: Explain,
        limits: Limits,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`handle` answers a request, `explain` an error before there is a request."""
        self.handle = handle
        self.explain = explain
        self.limits = limits
        self.tls = tls
        self.is_stopping = False
        self._listening: socket.socket | None = None
        self._lock = threading.Lock()
        self._talks: set[_Talk] = set()

    def listen(self, host: str, port: int) -> tuple[str, int]:
        """Bind; the address with the real port. Raises OSError if it is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
            listening.listen(1024)
        except OSError:
            listening.close()
            raise
        self._listening = listening
        address = listening.getsockname()
        return address[0], address[1]

    def run(self) -> None:
        """Accept until `stop`; `listen` comes first."""
        while self._listening and not self.is_stopping:
            try:
                peer, address = self._listening.accept()
            except OSError as error:
                if not self.is_stopping:
                    _log.warning("a connection was not accepted: %s", error)
                    time.sleep(_PAUSE_S)
                continue
            self._begin(peer, network_of(address[0]))

    def stop(self, grace_s: float = 10) -> None:
        """End: no new connection, idle ones at once, busy ones after `grace_s` at the latest.

        A sender that is cut keeps what was written; it asks for its offset and goes on.
        """
        self.is_stopping = True
        if self._listening:
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)  # wakes accept()
            self._listening.close()
        for talk in self._all():
            talk.hang_up_if_idle()
        deadline = time.monotonic() + grace_s
        for talk in self._all():
            talk.join(max(0.0, deadline - time.monotonic()))
        for talk in self._all():
            talk.hang_up()
            talk.join(grace_s)

    def forget(self, talk: "_Talk") -> None:
        """A connection is over."""
        with self._lock:
            self._talks.discard(talk)

    def _all(self) -> list["_Talk"]:
        with self._lock:
            return list(self._talks)

    def _begin(self, peer: socket.socket, whose: Network) -> None:
        with self._lock:
            above, refusal = self._above(whose)
            if above >= _MOST_REFUSED or self.is_stopping:
                peer.close()
                return
            talk = _Talk(self, peer, whose=whose, refusal=refusal if above >= 0 else None)
            self._talks.add(talk)
        talk.start()

    def _above(self, whose: Network) -> tuple[int, BusyError]:
        """How far a further connection is above the limits, the whole's or its peer's."""
        limits = self.limits
        most = limits.connections_of_our_own if whose.is_loopback else limits.connections_a_peer
        whole = len(self._talks) - limits.connections
        theirs = sum(talk.whose == whose for talk in self._talks) - most
        # Those that hear a refusal take places too: one peer gets fewer of these.
        theirs = theirs if theirs < _MOST_REFUSED_A_PEER else _MOST_REFUSED
        return (whole, _full()) if whole >= theirs else (theirs, _full_of_one())


class _Talk(threading.Thread):
    """One connection from accept to close."""

    def __init__(
        self,
        server: Server,
        peer: socket.socket,
        *,
        whose: Network,
        refusal: BusyError | None,
    ) -> None:
        super().__init__(name="upload-door", daemon=True)
        self.whose = whose
        self._server = server
        self._peer = peer
        self._refusal = refusal
        self._is_idle = True

    def run(self) -> None:
        try:
            self._talk()
        except OSError:
            pass  # the peer went away; whoever was writing has kept what there was
        except Exception:
            _log.exception("a connection ended by a fault of ours")
        finally:
            self._peer.close()
            self._server.forget(self)

    def hang_up_if_idle(self) -> None:
        """End a connection that only waits."""
        if self._is_idle:
            self.hang_up()

    def hang_up(self) -> None:
        """Wake the thread with an end of file."""
        with suppress(OSError):
            self._peer.shutdown(socket.SHUT_RDWR)

    def _talk(self) -> None:
        limits = self._server.limits
        self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._server.tls:
            self._peer.settimeout(limits.head_s)
            self._peer = self._server.tls.wrap_socket(self._peer, server_side=True)
        wire = Wire(self._peer)
        while self._one_request(wire) and not self._server.is_stopping:
            self._is_idle = True

    def _one_request(self, wire: Wire) -> bool:
        """Whether the connection goes on."""
        limits = self._server.limits
        try:
            raw = wire.head(idle_s=limits.idle_s, within_s=limits.head_s)
            if raw is None:
                return False
            self._is_idle = False
            head = parse_head(raw)
        except BodywornError as error:
            wire.send(as_bytes(self._server.explain(error), without_body=False, closes=True))
            wire.discard(limits.farewell_s)
            return False
        body = Body(wire, head, within_s=limits.body_s, drip_s=limits.drip_s)
        return self._answer(wire, head, body)

    def _answer(self, wire: Wire, head: Head, body: Body) -> bool:
        server = self._server
        refusal = self._refusal
        answer = server.explain(refusal) if refusal else server.handle(head, body)
        may_go_on = head.keeps_alive and not refusal and not server.is_stopping
        goes_on = may_go_on and body.skip(_SMALL_REST)
        wire.send(as_bytes(answer, without_body=head.method == "HEAD", closes=not goes_on))
        if not body.is_read:
            wire.discard(server.limits.farewell_s)
        return goes_on


def _full() -> BusyError:
    return BusyError(
        "door.full",
        "This door has as many connections as it can hold.",
        hint="Try again in a few seconds, with fewer connections at once.",
        retry_after=5,
    )


def _full_of_one() -> BusyError:
    return BusyError(
        "door.full-of-one",
        "This address holds as many connections as one address may.",
        hint="End some of them, or send one file after the other over the same connection.",
        retry_after=5,
    )
