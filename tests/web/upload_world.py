"""An upload door over a data folder of its own, and somebody who speaks HTTP to it by hand."""

import base64
import contextlib
import hashlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from bodyworn.store.layout import Layout
from bodyworn.web.door.upload import UploadConfig, UploadDoor
from bodyworn.web.door.upload_server import Limits
from bodyworn.web.ticket import Ticket, sign

NOW = datetime(2026, 4, 12, 22, 41, 7, tzinfo=UTC)
KEY = bytes(range(32))
DOCK = "system:dock:BX-07"
PAGES = "http://pages.example:8400"
TUS = {"Host": "door", "Tus-Resumable": "1.0.0"}
BODY = {"Content-Type": "application/offset+octet-stream"}
QUICK = Limits(head_s=0.3, idle_s=5, body_s=0.3, farewell_s=0.3)


@dataclass(frozen=True)
class Told:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Talk:
    """One connection, and what is sent over it byte by byte."""

    def __init__(self, port: int) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.close()

    def send(self, data: bytes) -> None:
        self.wire.sendall(data)

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Told:
        """A request as it should be; None as a header's value leaves it out."""
        self.send(head(method, path, {"Content-Length": str(len(body)), **(headers or {})}) + body)
        return self.told(has_body=method != "HEAD")

    def told(self, *, has_body: bool = True) -> Told:
        """The next answer."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        raw, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = raw.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        headers = {
            name.lower(): text.strip() for name, _, text in (x.partition(":") for x in lines)
        }
        length = int(headers.get("content-length", "0")) if has_body else 0
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return Told(status, headers, body)

    def is_over(self) -> bool:
        """Whether the other side has hung up; waits for it."""
        try:
            return not self._rest and self.wire.recv(1) == b""
        except ConnectionResetError:
            return True

    def _more(self) -> None:
        got = self.wire.recv(1 << 16)
        if not got:
            raise ConnectionResetError("the door hung up")
        self._rest += got


def head(method: str, path: str, headers: dict[str, str]) -> bytes:
    """A request's head."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def bearer(**changes: Any) -> dict[str, str]:
    """The dock's ticket as a header."""
    told: dict[str, Any] = {
        "kind": "upload",
        "sender": DOCK,
        "expires_at": int(NOW.timestamp()) + 600,
    }
    return {"Authorization": f"Bearer {sign(Ticket(**told | changes), KEY)}"}


def metadata(**values: str) -> dict[str, str]:
    """Names and values as tus has them."""
    pairs = (f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in values.items())
    return {"Upload-Metadata": ",".join(pairs)}


def checksum(data: bytes, algorithm: str = "sha1") -> dict[str, str]:
    """What the bytes of a request are."""
    digest = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


@dataclass(frozen=True)
class World:
    """A door that listens."""

    door: UploadDoor

    @property
    def layout(self) -> Layout:
        return Layout(self.door.config.data)

    @property
    def port(self) -> int:
        return self.door.address[1]

    def talk(self) -> Talk:
        return Talk(self.port)

    def ask(
        self,
        method: str,
        path: str = "/uploads",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Told:
        """One request on a connection of its own, with ticket and version."""
        with self.talk() as talk:
            return talk.ask(method, path, {**TUS, **bearer(), **(headers or {})}, body)

    def begun(self, length: int = 10, headers: dict[str, str] | None = None) -> str:
        """The path of a new upload."""
        told = self.ask("POST", headers={"Upload-Length": str(length), **(headers or {})})
        assert told.status == 201, told
        return told.headers["location"]

    def append(
        self, path: str, offset: int, data: bytes, headers: dict[str, str] | None = None
    ) -> Told:
        """A PATCH."""
        mine = {**BODY, "Upload-Offset": str(offset), **(headers or {})}
        return self.ask("PATCH", path, mine, data)

    def offset(self, path: str) -> int:
        """What a HEAD says."""
        told = self.ask("HEAD", path)
        assert told.status == 200, told
        return int(told.headers["upload-offset"])


@contextlib.contextmanager
def opened(folder: Path, **changes: Any) -> Iterator[World]:
    """A door until the end of the block."""
    config: dict[str, Any] = {
        "data": folder,
        "ticket_key": KEY,
        "port": 0,
        "pages_origin": PAGES,
        "largest": 1 << 24,
        "frozen_at": NOW,
        "grace_s": 2,
    }
    with UploadDoor(UploadConfig(**config | changes)) as door:
        yield World(door)
