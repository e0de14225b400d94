"""What is written down about one upload: `<id>.json` while it grows, a few words when it ended.

The offset is not among it: the bytes on the disk tell it (`store.upload_sealed`), and a second
record of it could only be wrong. Who may write when is for `store.upload`.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, DamagedError, MissingError, SetupError
from bodyworn.core.types import Arrival, Sidecar
from bodyworn.store import disk

_ID = re.compile(r"[0-9a-f]{32}")
HashName = Literal["sha1", "sha256"]
End = Literal["received", "joined", "terminated", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload as it stands; a finished one has `end` and, if it was received, its digest."""

    id: str  # 32 hexadecimal digits
    sender: str  # whose ticket created it
    offset: int  # bytes that are here
    length: int | None  # bytes that there will be; None until the sender knows
    largest: int  # bytes that it may have at most
    created_at: datetime  # UTC
    expires_at: datetime  # UTC; unfinished at this moment, it is removed
    manifest: Mapping[str, Any] = field(default_factory=dict)  # JSON values, checked
    metadata: str = ""  # the sender's own words (tus Upload-Metadata), given back as they came
    sidecars: tuple[Sidecar, ...] = ()  # the bytes lie beside, sealed
    is_partial: bool = False  # a part of another one, no evidence by itself
    final_of: tuple[str, ...] = ()  # the parts that it is made of, in order
    end: End | None = None  # how it ended
    sha256: Sha256 | None = None  # of the plain bytes, once received

    @property
    def is_full(self) -> bool:
        """Every byte is here; whether it is finished is another question."""
        return self.offset == self.length

    @property
    def whole(self) -> int | None:
        """At how many bytes it ends as a blob; parts never do, and others only once it is known."""
        return None if self.is_partial else self.length

    @property
    def room(self) -> int:
        """Bytes that may still come."""
        return (self.largest if self.length is None else self.length) - self.offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """What the sender says the bytes of one append are."""

    algorithm: HashName
    digest: bytes


def is_id(name: str) -> bool:
    """Whether a name can be that of an upload."""
    return _ID.fullmatch(name) is not None


def check_id(upload: str) -> None:
    """Ids come from outside and become paths. Raises MissingError upload.missing."""
    if not is_id(upload):
        raise no_such_upload()


def no_such_upload() -> MissingError:
    """The one answer for an id that never was and one that is long forgotten."""
    return MissingError(
        "upload.missing",
        "There is no such upload.",
        hint="Begin a new one; whatever was received before is safe under its digest.",
    )


def read_info(path: Path, *, upload: str, offset: int = 0) -> Upload:
    """`<id>.json`. Raises FileNotFoundError, DamagedError upload.info-unreadable."""
    try:
        values = json.loads(disk.read_file(path))
        return Upload(
            id=upload,
            offset=offset,
            sender=values["sender"],
            length=values["length"],
            largest=values["largest"],
            created_at=parse_iso(values["created_at"]),
            expires_at=parse_iso(values["expires_at"]),
            manifest=values["manifest"],
            metadata=values["metadata"],
            sidecars=sidecars_from_list(values["sidecars"]),
            is_partial=values["is_partial"],
            final_of=tuple(values["final_of"]),
        )
    except (KeyError, TypeError, ValueError, BodywornError):
        raise DamagedError(
            "upload.info-unreadable",
            "What was written down about this upload cannot be read.",
            hint="Begin a new one; the sender still has the bytes, for it has no receipt.",
        ) from None


def info_bytes(upload: Upload) -> bytes:
    """What `<id>.json` holds."""
    values = {
        "sender": upload.sender,
        "length": upload.length,
        "largest": upload.largest,
        "created_at": iso(upload.created_at),
        "expires_at": iso(upload.expires_at),
        "manifest": dict(upload.manifest),
        "metadata": upload.metadata,
        "sidecars": sidecars_to_list(upload.sidecars),
        "is_partial": upload.is_partial,
        "final_of": list(upload.final_of),
    }
    return json.dumps(values).encode()


def sidecars_to_list(sidecars: Iterable[Sidecar]) -> list[list[Any]]:
    """JSON values: name, digest, size."""
    return [[name, digest.hex, size] for name, digest, size in sidecars]


def sidecars_from_list(values: Iterable[Any]) -> tuple[Sidecar, ...]:
    """Read JSON values. Raises TypeError, ValueError, DamagedError."""
    return tuple((str(name), Sha256.parse(digest), int(size)) for name, digest, size in values)


def received(arrival: Arrival) -> Upload:
    """What an arrival note tells about the upload that it was."""
    return Upload(
        id=arrival.upload,
        sender=arrival.sender,
        offset=arrival.size,
        length=arrival.size,
        largest=arrival.size,
        created_at=arrival.received_at,
        expires_at=arrival.received_at,
        end="received",
        sha256=arrival.sha256,
    )


def write_end(path: Path, upload: Upload, *, at: datetime) -> None:
    """Leave a few words, none of them personal, for a sender that asks once more.

    Neither flushed nor insisted on: without them the sender only begins again, and a full disk
    must not keep an upload from being removed.
    """
    values = {
        "end": upload.end,
        "at": iso(at),
        "sender": upload.sender,
        "size": upload.offset,
        "sha256": upload.sha256.hex if upload.sha256 else None,
        "is_partial": upload.is_partial,
        "final_of": list(upload.final_of),
    }
    temporary = disk.temporary_name(path)
    with contextlib.suppress(OSError, SetupError):
        disk.write_new(temporary, json.dumps(values).encode())
        os.rename(temporary, path)


def read_end(path: Path, *, upload: str) -> Upload:
    """The few words. Raises MissingError upload.missing."""
    try:
        values = json.loads(disk.read_file(path))
        return Upload(
            id=upload,
            sender=values["sender"],
            offset=values["size"],
            length=values["size"] if values["end"] == "received" else None,
            largest=values["size"],
            created_at=parse_iso(values["at"]),
            expires_at=parse_iso(values["at"]),
            is_partial=values["is_partial"],
            final_of=tuple(values["final_of"]),
            end=values["end"],
            sha256=Sha256.parse(values["sha256"]) if values["sha256"] else None,
        )
    except (FileNotFoundError, KeyError, TypeError, ValueError, DamagedError):
        raise no_such_upload() from None
