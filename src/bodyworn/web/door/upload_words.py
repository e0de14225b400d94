"""The headers of tus 1.0 as values, and errors as problem+json.

Header names are those of the protocol text (tus resumable upload protocol 1.0.0). Whether a request
may be granted is for `upload_tus`.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, RefusedError
from bodyworn.core.terms import Durability
from bodyworn.store.upload_notes import Checksum, HashName, Upload
from bodyworn.web.door.upload_http import Answer, Head

VERSION = "1.0.0"
EXTENSIONS = (
    "creation,creation-with-upload,creation-defer-length,checksum,concatenation,termination,"
    "expiration"
)
ALGORITHMS: Mapping[str, tuple[HashName, int]] = {"sha1": ("sha1", 20), "sha256": ("sha256", 32)}
MEDIA_TYPE = "application/offset+octet-stream"
METHODS = "OPTIONS, HEAD, POST, PATCH, DELETE"
LONGEST_METADATA = 8192  # characters
_MAX_NUMBER = 2**53
_SENT = (
    "Authorization, Content-Type, Tus-Resumable, Upload-Checksum, Upload-Concat, "
    "Upload-Defer-Length, Upload-Length, Upload-Metadata, Upload-Offset, X-HTTP-Method-Override, "
    "X-Requested-With"
)
_SHOWN = (
    "Bodyworn-Durability, Location, Repr-Digest, Retry-After, Tus-Checksum-Algorithm, "
    "Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Concat, "
    "Upload-Defer-Length, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset"
)
_ID_AT_END = re.compile(r"/([0-9a-f]{32})/?")


def number(head: Head, name: str) -> int | None:
    """A header that is a whole number, or None. Raises RefusedError door.bad-header (400)."""
    text = head.headers.get(name.lower())
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) <= _MAX_NUMBER):
        raise bad_header(name, "a whole number")
    return int(text)


def required_number(head: Head, name: str) -> int:
    """The same where it must not be missing."""
    found = number(head, name)
    if found is None:
        raise bad_header(name, "present")
    return found


def metadata(head: Head) -> dict[str, str]:
    """`Upload-Metadata`: comma-separated keys, each with a value in base64 or none."""
    text = head.headers.get("upload-metadata", "")
    if len(text) > LONGEST_METADATA:
        raise bad_header("Upload-Metadata", f"at most {LONGEST_METADATA} characters")
    pairs = [pair.strip().partition(" ") for pair in text.split(",") if pair.strip()]
    if len({key for key, _, _ in pairs}) < len(pairs):
        raise bad_header("Upload-Metadata", "a list in which no key comes twice")
    return {key: _decoded(value) for key, _, value in pairs}


def manifest(head: Head) -> Mapping[str, Any]:
    """What the metadata say about the recording: a `manifest` in JSON, or at least a name."""
    told = metadata(head)
    filename = told.get("filename") or told.get("name") or "unnamed"
    if "manifest" not in told:
        return {"filename": filename}
    try:
        values = json.loads(told["manifest"])
    except (ValueError, RecursionError):
        raise bad_header("Upload-Metadata", "JSON where it has a manifest") from None
    if not isinstance(values, dict):
        raise bad_header("Upload-Metadata", "one JSON object where it has a manifest")
    return {"filename": filename, **values}


def checksum(head: Head) -> Checksum | None:
    """`Upload-Checksum`: an algorithm and a digest in base64."""
    text = head.headers.get("upload-checksum")
    if text is None:
        return None
    name, _, encoded = text.partition(" ")
    if name not in ALGORITHMS:
        raise bad_header("Upload-Checksum", f"of one of {', '.join(ALGORITHMS)}")
    algorithm, size = ALGORITHMS[name]
    digest = _base64("Upload-Checksum", encoded)
    if len(digest) != size:
        raise bad_header("Upload-Checksum", f"{size} bytes in base64 for {name}")
    return Checksum(algorithm=algorithm, digest=digest)


def concat(head: Head) -> tuple[bool, tuple[str, ...]]:
    """`Upload-Concat`: (whether it is a part, the ids of the parts it is made of)."""
    text = head.headers.get("upload-concat", "")
    if text in ("", "partial"):
        return text == "partial", ()
    kind, _, paths = text.partition(";")
    found = [_ID_AT_END.search("/" + path.rpartition("/")[2]) for path in paths.split()]
    if kind != "final" or not found or not all(found):
        raise bad_header("Upload-Concat", "`partial`, or `final;` and the addresses of its parts")
    return False, tuple(one[1] for one in found if one)


def of_upload(found: Upload, *, base: str) -> dict[str, str]:
    """What is told about an upload as it stands."""
    headers = {"Upload-Offset": str(found.offset)}
    if found.length is None:
        headers["Upload-Defer-Length"] = "1"
    else:
        headers["Upload-Length"] = str(found.length)
    if found.metadata:
        headers["Upload-Metadata"] = found.metadata
    if found.is_partial:
        headers["Upload-Concat"] = "partial"
    if found.final_of:
        headers["Upload-Concat"] = "final;" + " ".join(f"{base}/{part}" for part in found.final_of)
    if found.sha256:
        return headers | received(found.sha256)
    return headers | expires(found.expires_at)


def received(digest: Sha256) -> dict[str, str]:
    """The digest (RFC 9530) and what survives; a receipt comes later and from elsewhere."""
    encoded = base64.b64encode(digest.raw).decode()
    return {"Repr-Digest": f"sha-256=:{encoded}:", "Bodyworn-Durability": Durability.RECEIVED}


def expires(moment: datetime) -> dict[str, str]:
    """`Upload-Expires`, an HTTP date."""
    return {"Upload-Expires": format_datetime(moment.replace(microsecond=0), usegmt=True)}


def problem(error: BodywornError) -> Answer:
    """An error as RFC 9457 has it, with our code and hint."""
    status = error.http_status
    told = {
        "type": "about:blank",
        "title": "Checksum Mismatch" if status == 460 else HTTPStatus(status).phrase,
        "status": status,
        "detail": error.message,
        "code": error.code,
        "hint": error.hint,
        **error.facts,
    }
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    match status:
        case HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="bodyworn"'
        case HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = METHODS
        case HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.LOCKED:
            headers["Retry-After"] = str(error.facts.get("retry_after", 1))
        case HTTPStatus.PRECONDITION_FAILED:
            headers["Tus-Version"] = VERSION
    return Answer(status=status, headers=headers, body=json.dumps(told).encode())


def for_pages(origin: str) -> dict[str, str]:
    """CORS (Fetch standard): scripts of our own pages may read these answers, no others."""
    if not origin:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": _SHOWN,
        "Vary": "Origin",
    }


def preflight() -> dict[str, str]:
    """What a browser wants to know before it lets a script send anything but a form."""
    return {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": _SENT,
        "Access-Control-Max-Age": "600",
    }


def bad_header(name: str, wanted: str) -> RefusedError:
    """One header is not what the protocol makes of it."""
    return RefusedError(
        "door.bad-header", f"`{name}` must be {wanted}.", hint="Repair the client.", status=400
    )


def _decoded(value: str) -> str:
    try:
        return _base64("Upload-Metadata", value).decode()
    except UnicodeDecodeError:
        raise bad_header("Upload-Metadata", "UTF-8 below its base64") from None


def _base64(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise bad_header(name, "in base64") from None
