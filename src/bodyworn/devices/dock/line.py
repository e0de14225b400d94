"""What a dock says over the wire: two questions to the API, and the bytes to the door by tus.

Sources: tus resumable upload protocol 1.0.0, core and checksum extension. The door is believed
about its offset and about nothing else: what arrived is settled by the receipt's digest.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import httpx

from bodyworn.core.errors import (
    BodywornError,
    BusyError,
    DamagedError,
    MissingError,
    RefusedError,
)
from bodyworn.core.manifest import manifest_to_dict
from bodyworn.devices.dock.address import Server, check_address
from bodyworn.devices.dock.patience import LATER, Patience, attempt
from bodyworn.devices.dock.receipt import SignedReceipt, receipt_from_dict
from bodyworn.devices.dock.spool import Journal, Upload

PART = 16 * 1024 * 1024  # bytes of one PATCH
TUS = {"Tus-Resumable": "1.0.0"}
# A PATCH answered so is worth asking for the offset and sending again: conflict of offsets, and
# tus' own "checksum mismatch".
AGAIN = LATER | {409, 460}


class GoneError(MissingError):
    """The door no longer knows this upload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One dock's connection."""

    http: httpx.Client
    server: Server
    patience: Patience

    def open(self, journal: Journal) -> Upload | SignedReceipt:
        """An upload for these bytes, or the receipt if they are there already.

        Raises what the API's answer means, and BusyError: dock.no-answer.
        """
        answer = self._ask("/api/v1/uploads", _request(journal))
        if answer.get("already"):
            return receipt_from_dict(answer["already"])
        try:
            return Upload(
                id=str(answer["upload"]), url=str(answer["url"]), ticket=str(answer["ticket"])
            )
        except KeyError:
            raise _unreadable() from None

    def receipt(self, upload: Upload) -> SignedReceipt:
        """The receipt for what was sent. Raises as `open` does."""
        return receipt_from_dict(self._ask(f"/api/v1/uploads/{upload.id}/receipt", {}))

    def send(
        self, upload: Upload, source: BinaryIO, *, size: int, sent: Callable[[int], None]
    ) -> None:
        """Send what the door does not have yet; `sent` is told the offset after each part.

        Raises GoneError: dock.upload-gone where the door has forgotten the upload or the ticket
        is over, BusyError: dock.no-answer, DamagedError: dock.answer-unreadable, RefusedError:
        dock.plain-http.
        """
        check_address(upload.url, insecure_plain_http=self.server.insecure_plain_http)
        offset, waits = self._offset(upload, size), self.patience.waits()
        while offset < size:
            sent(offset)
            response = self._send_part(upload, source, offset)
            if response is not None and response.status_code == 204:
                offset, waits = _next_offset(response, offset, size), self.patience.waits()
                continue
            if response is not None and response.status_code not in AGAIN:
                raise _at_the_door(response)
            self.patience.wait(waits, response)
            offset = self._offset(upload, size)
        sent(offset)

    def _offset(self, upload: Upload, size: int) -> int:
        response = self.patience.ask(lambda: self.http.head(upload.url, headers=_door(upload)))
        if response.status_code not in {200, 204}:
            raise _at_the_door(response)
        return _offset_in(response, size)

    def _send_part(self, upload: Upload, source: BinaryIO, offset: int) -> httpx.Response | None:
        source.seek(offset)
        part = source.read(PART)
        checksum = base64.b64encode(hashlib.sha256(part).digest()).decode()
        headers = {
            **_door(upload),
            "Content-Type": "application/offset+octet-stream",
            "Upload-Checksum": f"sha256 {checksum}",
            "Upload-Offset": str(offset),
        }
        return attempt(lambda: self.http.patch(upload.url, headers=headers, content=part))

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        url = self.server.url.rstrip("/") + path
        headers = {"Authorization": f"Bearer {self.server.token}"}
        response = self.patience.ask(lambda: self.http.post(url, headers=headers, json=body))
        if not response.is_success:
            raise _meaning(response)
        return _object(response)


def _request(journal: Journal) -> dict[str, Any]:
    return {
        "manifest": manifest_to_dict(journal.manifest),
        "sidecars": [
            {"name": name, "base64": base64.b64encode(data).decode()}
            for name, data in journal.sidecars
        ],
        "size": journal.size,
        "sha256": journal.sha256.hex,
    }


def _door(upload: Upload) -> dict[str, str]:
    return {**TUS, "Authorization": f"Bearer {upload.ticket}"}


def _offset_in(response: httpx.Response, size: int) -> int:
    text = response.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit() and int(text) <= size):
        raise _unreadable()
    return int(text)


def _next_offset(response: httpx.Response, offset: int, size: int) -> int:
    moved = _offset_in(response, size)
    if moved <= offset:  # a door that says yes and keeps nothing would hold us for ever
        raise _unreadable()
    return moved


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        raise _unreadable() from None
    if not isinstance(answer, dict):
        raise _unreadable()
    return answer


def _at_the_door(response: httpx.Response) -> BodywornError:
    if response.status_code in {401, 403, 404, 410}:
        return GoneError("dock.upload-gone", status=response.status_code)
    return _meaning(response)


def _meaning(response: httpx.Response) -> BodywornError:
    """The error that an answer stands for, in the server's own words (RFC 9457) if it has any."""
    try:
        said = _object(response)
    except DamagedError:
        said = {}
    words = str(said.get("message") or said.get("detail") or said.get("title") or "")
    words = words or f"The evidence store answered {response.status_code}."
    match response.status_code:
        case 404 | 409 | 410:
            return MissingError("dock.not-there", words)
        case 422:
            return DamagedError("dock.damaged", words)
        case 507:
            return BusyError("dock.store-full", words, retry_after=60)
        case _:
            hint = "The recording stays on the camera. Check the dock's token and its settings."
            return RefusedError("dock.refused", words, hint=hint)


def _unreadable() -> DamagedError:
    return DamagedError("dock.answer-unreadable", "The evidence store's answer makes no sense.")
