"""The reading door as a process: Granian with one worker, in the foreground.

    main(ReadingConfig(data=…, ticket_key=…))        returns after SIGINT or SIGTERM

`bodyworn serve` runs `main` in a process of its own; `start` does the same and waits until the
door answers. Granian forks or spawns the worker and calls `load_door` in it, so the configuration
travels as the argument of a function: plain values that can be pickled, nothing through the
environment. No access log is written, because tickets stand in addresses.
"""

import http.client
import multiprocessing
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from bodyworn.core.clock import frozen_clock, system_clock
from bodyworn.core.errors import SetupError
from bodyworn.store.key_socket import KeyClient
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Vault
from bodyworn.web.door.reading import ReadingDoor

CONNECTIONS = 512  # at once; more wait in the kernel's queue
LAST_WORDS = 5  # seconds that a worker has for its open answers when told to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingConfig:
    """Everything that the reading door needs to know."""

    data: Path  # the data folder
    ticket_key: bytes = field(repr=False)  # 32 bytes, `web.ticket.load_key`
    host: str = "127.0.0.1"  # address to listen on
    port: int = 8402  # TCP port
    pages_origin: str = ""  # scheme, host and port of the pages, `https://bwv.example:8400`
    tls_certificate: Path | None = None  # PEM; with it the door speaks TLS 1.3 and HTTP/2
    tls_key: Path | None = None  # PEM
    frozen_at: datetime | None = None  # the moment at which the clock stands still

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise SetupError("reading.half-tls", "TLS needs both a certificate and its key.")


Loader = Callable[[ReadingConfig], ReadingDoor]


def load_door(config: ReadingConfig) -> ReadingDoor:
    """The application, made in the worker process."""
    layout = Layout(config.data)
    return ReadingDoor(
        Vault(layout),  # without a keyring: what this door may open it is given key by key
        KeyClient(layout.key_socket),
        ticket_key=config.ticket_key,
        log=layout.log,
        pages_origin=config.pages_origin,
        clock=frozen_clock(config.frozen_at) if config.frozen_at else system_clock,
    )


def main(config: ReadingConfig, load: Loader = load_door) -> None:
    """Serve until SIGINT or SIGTERM. In a child process it ends when the parent does."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        leave_with(parent.pid)
    server = Granian(
        "bodyworn reading door",
        address=config.host,
        port=config.port,
        interface=Interfaces.RSGI,
        workers=1,
        http=HTTPModes.auto,
        websockets=False,
        backlog=1024,
        backpressure=CONNECTIONS,
        log_level=LogLevels.warning,
        ssl_cert=config.tls_certificate,
        ssl_key=config.tls_key,
        respawn_failed_workers=True,
        workers_kill_timeout=LAST_WORDS,
    )
    server.serve(target_loader=partial(_load_in_worker, config, load), wrap_loader=False)


def _load_in_worker(config: ReadingConfig, load: Loader) -> Any:
    """`Any`, because Granian types an application as a callable and then calls `__rsgi__`."""
    leave_with(os.getppid())
    return load(config)


def leave_with(parent: int) -> None:
    """End this process once `parent` is not its parent any more.

    Granian's workers outlive a killed main process, and because they listen with SO_REUSEPORT
    such an orphan would silently take half of its successor's connections.
    """
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Running:
    """A reading door in a child process; use it with `with`, or call `stop`."""

    config: ReadingConfig
    process: multiprocessing.process.BaseProcess

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        scheme = "https" if self.config.tls_certificate else "http"
        return f"{scheme}://{self.config.host}:{self.config.port}"

    def stop(self) -> None:
        """Ask it to end and wait; a process that does not listen is killed after ten seconds."""
        self.process.terminate()
        self.process.join(2 * LAST_WORDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(config: ReadingConfig, load: Loader = load_door, *, within: float = 30.0) -> Running:
    """Start a reading door in a child process and wait until it answers, `within` seconds.

    Raises SetupError reading.not-up. `load` MUST be a module's function.
    """
    # Spawned, not forked: whoever calls this may have threads.
    process = multiprocessing.get_context("spawn").Process(target=main, args=(config, load))
    process.start()
    running = Running(config, process)
    end = time.monotonic() + within
    while time.monotonic() < end and process.is_alive():
        if is_up(config):
            return running
        time.sleep(0.02)
    running.stop()
    raise SetupError(
        "reading.not-up",
        f"The reading door did not come up on {config.host}:{config.port}.",
        hint="Look whether another program has the port, then start again.",
    )


def is_up(config: ReadingConfig) -> bool:
    """Whether a reading door answers there."""
    connection = _connection(config)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connection(config: ReadingConfig) -> http.client.HTTPConnection:
    if config.tls_certificate is None:
        return http.client.HTTPConnection(config.host, config.port, timeout=2)
    context = ssl.create_default_context(cafile=str(config.tls_certificate))
    # We ask our own process at a number; the certificate names the door as desks know it.
    context.check_hostname = False
    return http.client.HTTPSConnection(config.host, config.port, timeout=2, context=context)


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
