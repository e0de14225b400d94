"""Alice's camera: many small real films, sent by a plain client that never gives up."""

import hashlib
import random
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import httpx
from tests.work.footage import tiny_film

PART = 100_000  # bytes a request
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True, slots=True)
class Film:
    """One recording of the camera."""

    sequence: int  # from 1
    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """In hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def film(sequence: int) -> Film:
    """A real film that differs from all others in a `uuid` box of random length at its end."""
    chance = random.Random(sequence)
    return Film(sequence, _template() + _uuid(chance.randbytes(chance.randrange(300_000))))


@cache
def _template() -> bytes:
    return tiny_film()


def _uuid(filling: bytes) -> bytes:
    return struct.pack(">I4s16s", 24 + len(filling), b"uuid", bytes(16)) + filling


class Sender:
    """Sends films through API and door; what was acknowledged stands in two sets."""

    def __init__(self, *, api: str, token: str) -> None:
        """`api` is the pages' address; the token is a dock's."""
        self._http = httpx.Client(timeout=5, base_url=api)
        self._dock = {"Authorization": f"Bearer {token}"}
        self.received: set[str] = set()  # SHA-256 of films whose last byte was acknowledged
        self.recorded: dict[str, str] = {}  # SHA-256: reference, of films with a receipt

    def send(self, film: Film) -> None:
        """Until there is a receipt, however often the machine dies meanwhile."""
        upload = self._opened(film)
        if upload is not None:
            self._pour(film, upload["url"], upload["ticket"])
            self._receipt(film, upload["upload"])

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _opened(self, film: Film) -> dict[str, str] | None:
        wanted = {
            "manifest": {
                "filename": f"{film.sequence}.mp4",
                "device": "004471",
                "officer": "4471QK",
                "sequence": film.sequence,
                "sha256": film.sha256,
            },
            "sidecars": [],
            "size": len(film.data),
            "sha256": film.sha256,
        }
        answer = self._until_answered("POST", "/api/v1/uploads", json=wanted, headers=self._dock)
        found: dict[str, str] = answer.json()
        already = answer.json()["already"]
        if already:
            self.recorded[film.sha256] = already["reference"]
            return None
        return found

    def _pour(self, film: Film, url: str, ticket: str) -> None:
        headers = TUS | {"Authorization": f"Bearer {ticket}"}
        while True:
            told = self._until_answered("HEAD", url, headers=headers)
            offset = int(told.headers["Upload-Offset"])
            if offset == len(film.data):
                self.received.add(film.sha256)
                return
            part = film.data[offset : offset + PART]
            self._try_once(
                "PATCH",
                url,
                content=part,
                headers=headers
                | {
                    "Upload-Offset": str(offset),
                    "Content-Type": "application/offset+octet-stream",
                },
            )

    def _receipt(self, film: Film, upload: str) -> None:
        answer = self._until_answered(
            "POST", f"/api/v1/uploads/{upload}/receipt", headers=self._dock
        )
        receipt = answer.json()
        assert receipt["sha256"] == film.sha256
        self.recorded[film.sha256] = receipt["reference"]

    def _try_once(self, method: str, url: str, **how: object) -> httpx.Response | None:
        try:
            return self._http.request(method, url, **how)  # type: ignore[arg-type]
        except httpx.TransportError:
            return None

    def _until_answered(self, method: str, url: str, **how: object) -> httpx.Response:
        for pause in _pauses():
            answer = self._try_once(method, url, **how)
            if answer is not None and answer.status_code < 300:
                return answer
            if answer is not None and answer.status_code not in {423, 500, 503}:
                raise AssertionError(f"{method} {url}: {answer.status_code} {answer.text}")
            time.sleep(pause)
        raise AssertionError(f"{method} {url} was never answered")


def _pauses() -> Iterator[float]:
    for _ in range(3000):
        yield 0.02
