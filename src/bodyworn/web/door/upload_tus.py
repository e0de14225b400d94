"""The verbs of tus 1.0: parse, ask the ticket, do it in the store, answer.

Grants what a ticket grants and reads nothing out: what came in here is seen again only through the
reading door. Connections are for `upload_server`, files for `store.upload`.
"""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from bodyworn.core.clock import Clock
from bodyworn.core.errors import BodywornError, BusyError, MissingError, RefusedError
from bodyworn.store.upload import Uploads
from bodyworn.store.upload_notes import Upload
from bodyworn.store.upload_refusals import expired, refuse_ended
from bodyworn.web import ticket
from bodyworn.web.door import upload_words as words
from bodyworn.web.door.upload_http import Answer, Body, CutError, Head
from bodyworn.web.ticket import Ticket

BASE = "/uploads"
_PATH = re.compile(rf"{BASE}(?:/([^/]+))?/?")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms uploads are taken."""

    ticket_key: bytes  # 32 bytes
    largest: int  # bytes an upload may have
    expires_after: timedelta  # an upload that is not complete by then is removed
    pages_origin: str = ""  # the one origin whose scripts may talk to this door


class Tus:
    """Answers requests; holds nothing about any of them."""

    def __init__(self, uploads: Uploads, terms: Terms, clock: Clock) -> None:
        """The clock judges tickets and expiry."""
        self._uploads = uploads
        self._terms = terms
        self._clock = clock
        self._verbs: dict[str, Callable[[Head, Body, Ticket, str], Answer]] = {
            "HEAD": self._tell,
            "PATCH": self._append,
            "DELETE": self._terminate,
        }

    def answer(self, head: Head, body: Body) -> Answer:
        """The answer to anything. Raises only CutError, when there is nobody left to answer."""
        try:
            return self._dressed(self._answer(head, body))
        except BodywornError as error:
            return self.explain(error)
        except CutError:
            raise
        except Exception:
            _log.exception("%s %s failed", head.method, head.path)
            return self.explain(BodywornError("door.failed"))

    def explain(self, error: BodywornError) -> Answer:
        """An error as an answer of this door."""
        return self._dressed(words.problem(error))

    def _dressed(self, answer: Answer) -> Answer:
        always = {"Tus-Resumable": words.VERSION, "X-Content-Type-Options": "nosniff"}
        dress = always | words.for_pages(self._terms.pages_origin)
        return Answer(status=answer.status, headers={**dress, **answer.headers}, body=answer.body)

    def _answer(self, head: Head, body: Body) -> Answer:
        method = head.headers.get("x-http-method-override", head.method).upper()
        if method == "OPTIONS":
            return self._options(head)
        if head.path == "/healthz":
            return _health(method)
        found = _PATH.fullmatch(head.path)
        if not found:
            raise MissingError("door.no-such-place", "There is nothing here.", hint="Use tus 1.0.")
        _check_version(head)
        held = self._ticket(head)
        if found[1] is None:
            return self._create(head, body, held) if method == "POST" else _no_method()
        verb = self._verbs.get(method)
        return verb(head, body, held, found[1]) if verb else _no_method()

    # ---- verbs -----------------------------------------------------------------------------

    def _options(self, head: Head) -> Answer:
        if "access-control-request-method" in head.headers:
            return Answer(status=204, headers=words.preflight())
        headers = {
            "Tus-Version": words.VERSION,
            "Tus-Extension": words.EXTENSIONS,
            "Tus-Max-Size": str(self._terms.largest),
            "Tus-Checksum-Algorithm": ",".join(words.ALGORITHMS),
        }
        return Answer(status=204, headers=headers)

    def _create(self, head: Head, body: Body, held: Ticket) -> Answer:
        # 1. the ticket
        if held.upload is not None:
            raise _other_ticket("This ticket is for one upload that was begun already.")
        # 2. the upload
        begun = self._begin(head, held)
        # 3. the first bytes, if they came along
        if not body.is_empty:
            begun = self._first_bytes(head, body, begun)
        headers = {"Location": f"{BASE}/{begun.id}"} | words.of_upload(begun, base=BASE)
        return Answer(status=201, headers=headers)

    def _begin(self, head: Head, held: Ticket) -> Upload:
        is_partial, parts = words.concat(head)
        manifest, metadata = words.manifest(head), head.headers.get("upload-metadata", "")
        largest = min(self._terms.largest, held.largest or self._terms.largest)
        expires_at = self._clock() + self._terms.expires_after
        if parts:
            return self._uploads.join(
                parts,
                sender=held.sender,
                manifest=manifest,
                metadata=metadata,
                largest=largest,
                expires_at=expires_at,
            )
        return self._uploads.create(
            length=_length(head),
            sender=held.sender,
            manifest=manifest,
            metadata=metadata,
            largest=largest,
            expires_at=expires_at,
            partial=is_partial,
        )

    def _first_bytes(self, head: Head, body: Body, begun: Upload) -> Upload:
        try:
            self._receive(head, body, begun, offset=0)
        except BaseException:
            # Its address was never told, so nobody could go on with it or take it back.
            with suppress(BodywornError):
                self._uploads.terminate(begun.id)
            raise
        return self._uploads.get(begun.id)

    def _tell(self, _head: Head, _body: Body, held: Ticket, upload: str) -> Answer:
        found = self._found(upload, held)
        if found.is_full and not found.is_partial and not found.end:
            # Every byte came and then something broke: finish now, unless somebody is at it.
            with suppress(BusyError):
                self._uploads.finish(upload)
                found = self._uploads.get(upload)
        headers = {"Cache-Control": "no-store"} | words.of_upload(found, base=BASE)
        return Answer(status=200, headers=headers)

    def _append(self, head: Head, body: Body, held: Ticket, upload: str) -> Answer:
        found = self._found(upload, held)
        offset = words.required_number(head, "Upload-Offset")
        length = words.number(head, "Upload-Length")
        if length is not None:
            found = self._uploads.set_length(upload, length)
        refuse_ended(found)
        headers = self._receive(head, body, found, offset=offset)
        return Answer(status=204, headers=headers)

    def _terminate(self, _head: Head, _body: Body, held: Ticket, upload: str) -> Answer:
        self._found(upload, held)
        self._uploads.terminate(upload)
        return Answer(status=204)

    # ---- what they share -------------------------------------------------------------------

    def _ticket(self, head: Head) -> Ticket:
        scheme, _, text = head.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise RefusedError(
                "ticket.missing",
                "This door opens to a ticket only.",
                hint="Send the header `Authorization: Bearer <ticket>`.",
                status=401,
            )
        held = ticket.read(text.strip(), self._terms.ticket_key, self._clock())
        if held.kind != "upload":
            raise _other_ticket("This ticket is for reading, not for bringing.")
        return held

    def _found(self, upload: str, held: Ticket) -> Upload:
        """The upload, if the ticket is for it. Raises RefusedError, MissingError."""
        if held.upload not in (None, upload):
            raise _other_ticket("This ticket is for another upload.")
        found = self._uploads.get(upload)
        if found.sender != held.sender:
            raise _other_ticket("This upload was begun by somebody else.")
        if found.end != "received":
            refuse_ended(found)
            if found.expires_at <= self._clock():
                raise expired()
        return found

    def _receive(self, head: Head, body: Body, found: Upload, *, offset: int) -> dict[str, str]:
        """Take the body from `offset` on; the headers that tell how far it came."""
        if head.headers.get("content-type", "").lower() != words.MEDIA_TYPE:
            raise _wrong_media_type()
        checksum = words.checksum(head)
        with self._uploads.append(found.id, offset=offset, checksum=checksum) as writer:
            writer.expect(head.length)
            body.pour(writer)
        headers = {"Upload-Offset": str(writer.offset)}
        if writer.arrival:
            return headers | words.received(writer.arrival.sha256)
        return headers | words.expires(found.expires_at)


def _health(method: str) -> Answer:
    if method not in ("GET", "HEAD"):
        return _no_method()
    return Answer(status=200, headers={"Content-Type": "text/plain"}, body=b"ok")


def _check_version(head: Head) -> None:
    if head.headers.get("tus-resumable") != words.VERSION:
        raise RefusedError(
            "door.tus-version",
            "This door speaks tus 1.0.0.",
            hint="Send the header `Tus-Resumable: 1.0.0`.",
            status=412,
        )


def _length(head: Head) -> int | None:
    length, deferred = words.number(head, "Upload-Length"), head.headers.get("upload-defer-length")
    if deferred not in (None, "1"):
        raise words.bad_header("Upload-Defer-Length", "1")
    if (length is None) == (deferred is None):
        raise words.bad_header("Upload-Length", "there, or else Upload-Defer-Length")
    return length


def _no_method() -> Answer:
    return words.problem(
        RefusedError("door.method", "That cannot be done here.", hint="Use tus 1.0.", status=405)
    )


def _wrong_media_type() -> RefusedError:
    hint = f"Send the header `Content-Type: {words.MEDIA_TYPE}`."
    return RefusedError("door.media-type", "That is not a tus body.", hint=hint, status=415)


def _other_ticket(message: str) -> RefusedError:
    hint = "Use the ticket that was given for this, or ask for another one."
    return RefusedError("ticket.other", message, hint=hint)
