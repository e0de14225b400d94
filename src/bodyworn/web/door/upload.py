"""The upload door: bytes in, on its own port, by tus 1.0 and a ticket.

Tus extensions: creation, creation-with-upload, creation-defer-length, checksum (SHA-1, SHA-256),
concatenation, termination before completion, expiration. What the last request answers is that the
bytes are *received*; they are *recorded* when `work.ingest` has seen the arrival note. The door
knows no session and no database, and reads no environment: it gets an `UploadConfig`.
"""

import logging
import signal
import ssl
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

from bodyworn.core.clock import Clock, frozen_clock, system_clock
from bodyworn.core.errors import SetupError
from bodyworn.core.types import Arrival
from bodyworn.store.keyring import KeyFolder
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Vault
from bodyworn.store.upload import Uploads
from bodyworn.web.door.upload_server import Limits, Server
from bodyworn.web.door.upload_tus import Terms, Tus

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadConfig:
    """Everything that the upload door needs to know."""

    data: Path  # the data folder
    ticket_key: bytes = field(repr=False)  # 32 bytes, `web.ticket.load_key`
    host: str = "127.0.0.1"  # address to listen on
    port: int = 8401  # TCP port; 0 takes a free one
    pages_origin: str = ""  # scheme, host and port of the pages, `https://bwv.example:8400`
    largest: int = 64 * 2**30  # bytes an upload may have
    expires_after: timedelta = timedelta(hours=72)  # unfinished by then, an upload is removed
    expire_every: timedelta = timedelta(minutes=10)  # how often that is looked after
    limits: Limits = field(default_factory=Limits)  # what one peer may cost
    grace_s: float = 10  # seconds that a transfer may go on after SIGTERM
    tls_certificate: Path | None = None  # PEM; with it the door speaks TLS
    tls_key: Path | None = None  # PEM
    frozen_at: datetime | None = None  # the moment at which the clock stands still

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise SetupError("upload.half-tls", "TLS needs both a certificate and its key.")

    @property
    def clock(self) -> Clock:
        """The clock that judges tickets and dates arrivals."""
        return frozen_clock(self.frozen_at) if self.frozen_at else system_clock


class UploadDoor:
    """One upload door over one data folder."""

    def __init__(self, config: UploadConfig) -> None:
        """Reads certificate and key, touches nothing else. Raises SetupError upload.tls."""
        layout = Layout(config.data)
        terms = Terms(
            ticket_key=config.ticket_key,
            largest=config.largest,
            expires_after=config.expires_after,
            pages_origin=config.pages_origin,
        )
        self.config = config
        self._vault = Vault(layout, KeyFolder(layout.buckets), config.clock)
        self.uploads = Uploads(layout, self._vault, config.clock)
        tus = Tus(self.uploads, terms, config.clock)
        self._server = Server(tus.answer, tus.explain, config.limits, _tls(config))
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self.address = (config.host, config.port)

    @property
    def url(self) -> str:
        """Where uploads are begun, once it listens."""
        scheme = "https" if self.config.tls_certificate else "http"
        host = f"[{self.address[0]}]" if ":" in self.address[0] else self.address[0]
        return f"{scheme}://{host}:{self.address[1]}/uploads"

    def listen(self) -> list[Arrival]:
        """Take the port, then do what a crash left undone; what that finished.

        The port comes first: two doors over one folder would do no harm, but are a mistake.
        """
        try:
            self.address = self._server.listen(self.config.host, self.config.port)
        except OSError as error:
            raise SetupError(
                "upload.port-taken",
                f"The upload door cannot listen on {self.config.host}:{self.config.port}.",
                hint="End what listens there, or choose another `upload_port`.",
            ) from error
        self._vault.sweep()
        return self.uploads.recover()

    def start(self) -> "UploadDoor":
        """Listen and answer in the background until `stop`."""
        self.listen()
        for work in (self._server.run, self._keep_house):
            thread = threading.Thread(target=work, name="upload-door", daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def serve(self) -> None:
        """The same, and block until somebody stops it."""
        self.start()
        self._ended.wait()

    def stop(self) -> None:
        """End; every byte that was acknowledged stays."""
        self._ended.set()
        self._server.stop(self.config.grace_s)
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> "UploadDoor":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _keep_house(self) -> None:
        """Remove expired uploads from time to time; a round that fails is not the last one."""
        while not self._ended.wait(self.config.expire_every.total_seconds()):
            try:
                self.uploads.expire(self.config.clock())
            except Exception:
                _log.exception("expired uploads could not be removed")


def main(config: UploadConfig) -> None:
    """Serve until SIGTERM or SIGINT. Raises SetupError upload.port-taken, .tls."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    door = UploadDoor(config)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    door.start()
    ended.wait()
    door.stop()


def _tls(config: UploadConfig) -> ssl.SSLContext | None:
    if not config.tls_certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(config.tls_certificate, config.tls_key)
    except OSError as error:
        raise SetupError("upload.tls", f"Certificate or key cannot be used: {error}.") from None
    return context
