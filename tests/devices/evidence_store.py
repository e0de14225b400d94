"""A small real server with the shapes of the API and of the door, and with faults on order.

It keeps the rules that a dock relies on: offsets, checksums, one recording a digest, receipts
only for whole bytes. It runs in threads of the test's process, on the loopback, for one test.
"""

import base64
import hashlib
import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bodyworn.custody.note import Signer
from bodyworn.custody.receipt import write_receipt
from bodyworn.devices.dock.receipt import receipt_from_dict

TOKEN = "token-of-bx-07"
LOG = Signer("test.example/log", bytes(range(32)))  # the same in every process


@dataclass
class Upload:
    """What the door has of one upload."""

    asked: dict[str, Any]  # the dock's request
    data: bytearray = field(default_factory=bytearray)


@dataclass
class EvidenceStore:
    """What the server knows, and how it shall misbehave.

    Faults wait in a queue for each method and are used up one a request: a status to answer
    with, `"break"` to cut the line in the middle, `"swallow"` to keep a part and not say so, or
    `"forget"` to lose the upload first.
    """

    url: str = ""
    door: str = ""  # what the API calls the door; empty: this server
    uploads: dict[str, Upload] = field(default_factory=dict)
    arrived: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)  # `PATCH 0`, in order
    faults: dict[str, deque[int | str]] = field(default_factory=lambda: defaultdict(deque))
    retry_after: str | None = None  # sent with each faulty status
    forgets_finished: bool = False  # HEAD of a finished upload answers 404
    receipt_changes: dict[str, Any] = field(default_factory=dict)  # lies told in receipts
    note_changes: dict[str, Any] = field(default_factory=dict)  # lies told under the signature
    signer: Signer | None = LOG  # None: receipts are not signed
    durability: str = "recorded"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receipt_for(self, upload: Upload) -> dict[str, Any]:
        """The one receipt for these bytes."""
        sha256, manifest = upload.asked["sha256"], upload.asked["manifest"]
        number = len(self.receipts) + 1
        made = self.receipts.setdefault(
            sha256,
            {
                "reference": f"BWV-26-0412-{number:04X}",
                "sha256": sha256,
                "size": upload.asked["size"],
                "device": manifest.get("device"),
                "sequence": manifest.get("sequence"),
                "at": "2026-04-14T09:00:00.000Z",
                "event": "ab" * 32,
            },
        )
        told = {**made, "durability": self.durability}
        note = self._note({**told, **self.note_changes})
        return {**told, "note": note, **self.receipt_changes}

    def _note(self, told: dict[str, Any]) -> str:
        if self.signer is None:
            return ""
        return write_receipt(receipt_from_dict(told).receipt, self.signer)


@contextmanager
def running() -> Iterator[EvidenceStore]:
    """A server until the test is over."""
    store = EvidenceStore()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(store))
    server.daemon_threads = True
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(store: EvidenceStore) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Quiet."""

        def do_POST(self) -> None:
            body = json.loads(self._body() or b"{}")
            store.requests.append(f"POST {self.path}")
            if self._fault("POST"):
                return
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self._json(401, {"code": "api.token", "message": "This token is not known."})
            elif self.path == "/api/v1/uploads":
                self._open(body)
            else:
                self._receipt(self.path.split("/")[-2])

        def do_HEAD(self) -> None:
            store.requests.append("HEAD")
            if not self._fault("HEAD") and (upload := self._upload()):
                self._answer(200, {"Upload-Offset": str(len(upload.data))})

        def do_PATCH(self) -> None:
            store.requests.append(f"PATCH {self.headers['Upload-Offset']}")
            if store.faults["PATCH"] and store.faults["PATCH"][0] == "break":
                self._break_in_the_middle()
                return
            part = self._body()
            fault = store.faults["PATCH"][0] if store.faults["PATCH"] else None
            if self._fault("PATCH") or (upload := self._upload()) is None:
                return
            digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
            if self.headers["Upload-Checksum"] != f"sha256 {digest}":
                self._answer(460)
            elif int(self.headers["Upload-Offset"]) != len(upload.data):
                self._answer(409)
            else:
                self._append(upload, part)
                if fault == "swallow":
                    self.close_connection = True
                    return
                self._answer(204, {"Upload-Offset": str(len(upload.data))})

        def _open(self, asked: dict[str, Any]) -> None:
            with store.lock:
                if asked["sha256"] in store.receipts:
                    receipt = store.receipt_for(Upload(asked))
                    self._json(201, {"upload": None, "already": receipt})
                    return
                name = f"{len(store.uploads):032x}"
                store.uploads[name] = Upload(asked)
            url = f"{store.door or store.url}/uploads/{name}"
            self._json(201, {"upload": name, "url": url, "ticket": f"t-{name}", "already": None})

        def _receipt(self, name: str) -> None:
            with store.lock:
                upload = store.uploads.get(name)
                if upload is None:
                    self._json(404, {"message": "There is no such upload."})
                elif len(upload.data) < upload.asked["size"]:
                    self._json(409, {"message": "Bytes are missing."})
                elif hashlib.sha256(upload.data).hexdigest() != upload.asked["sha256"]:
                    self._json(422, {"message": "The digest differs."})
                else:
                    self._json(200, store.receipt_for(upload))

        def _append(self, upload: Upload, part: bytes) -> None:
            with store.lock:
                upload.data += part
                if len(upload.data) == upload.asked["size"]:
                    store.arrived[upload.asked["sha256"]].append(bytes(upload.data))

        def _upload(self) -> Upload | None:
            name = self.path.rsplit("/", 1)[-1]
            upload = store.uploads.get(name)
            is_mine = self.headers["Authorization"] == f"Bearer t-{name}"
            is_done = upload is not None and len(upload.data) == upload.asked["size"]
            if upload is None or (store.forgets_finished and is_done):
                self._answer(404)
                return None
            if not is_mine or self.headers["Tus-Resumable"] != "1.0.0":
                self._answer(403)
                return None
            return upload

        def _fault(self, method: str) -> bool:
            fault = store.faults[method].popleft() if store.faults[method] else None
            match fault:
                case None | "swallow":
                    return False
                case "forget":
                    store.uploads.clear()
                    return False
                case "break":
                    self.close_connection = True
                case _:
                    extra = {"Retry-After": store.retry_after} if store.retry_after else {}
                    self._answer(int(fault), extra)
            return True

        def _break_in_the_middle(self) -> None:
            """Keep half of what comes, then cut the line without an answer."""
            store.faults["PATCH"].popleft()
            half = self.rfile.read(int(self.headers["Content-Length"]) // 2)
            if upload := store.uploads.get(self.path.rsplit("/", 1)[-1]):
                self._append(upload, half)
            self.close_connection = True
            self.connection.close()

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _json(self, status: int, answer: dict[str, Any]) -> None:
            self._answer(status, {"Content-Type": "application/json"}, json.dumps(answer).encode())

        def _answer(
            self, status: int, headers: dict[str, str] | None = None, body: bytes = b""
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler
