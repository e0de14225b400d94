"""Arrival notes: what lies between a finished upload and its row.

A note is one JSON file, written durably after the bytes are durable under their digest. It stays
until `done_with`, which `work.ingest` calls after its transaction; whoever crashes in between
finds the note again and does the same once more.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, DamagedError, MissingError
from bodyworn.core.manifest import manifest_from_dict, manifest_to_dict
from bodyworn.core.types import Arrival
from bodyworn.store import disk
from bodyworn.store.layout import Layout
from bodyworn.store.upload_notes import (
    received,
    sidecars_from_list,
    sidecars_to_list,
    write_end,
)

VERSION = 1
_log = logging.getLogger(__name__)


def arrivals(layout: Layout) -> list[Arrival]:
    """Everything that waits, oldest first; a note that cannot be read is logged and left."""
    found = [_read_or_report(path) for path in layout.inbox.glob("*.json")]
    return sorted((one for one in found if one), key=lambda one: (one.received_at, one.upload))


def read_arrival(path: Path) -> Arrival:
    """One note. Raises MissingError inbox.missing, DamagedError inbox.unreadable."""
    try:
        return arrival_from_dict(json.loads(disk.read_file(path)))
    except FileNotFoundError:
        raise MissingError("inbox.missing", "No such arrival waits here.") from None
    except (KeyError, TypeError, ValueError, BodywornError):
        raise _unreadable(path) from None


def named_digests(path: Path) -> list[Sha256]:
    """The bytes that a note is about, whatever else it says: the recording, then its sidecars.

    A camera may name its file so that the note is written and cannot be read back; the bytes are
    not to suffer for that. Raises as `read_arrival` does.
    """
    try:
        values = json.loads(disk.read_file(path))
        sidecars = sidecars_from_list(values["sidecars"])
        return [Sha256.parse(values["sha256"]), *(digest for _, digest, _ in sidecars)]
    except FileNotFoundError:
        raise MissingError("inbox.missing", "No such arrival waits here.") from None
    except (KeyError, TypeError, ValueError, BodywornError):
        raise _unreadable(path) from None


def done_with(layout: Layout, arrival: Arrival) -> None:
    """Take the note away, after its row is committed; no error if it is gone already.

    How the upload ended is remembered without a personal word. Not flushed: if the power fails
    now the note is back, and ingesting twice is no harm.
    """
    ended = layout.upload_ended(arrival.upload)
    if not ended.exists():
        write_end(ended, received(arrival), at=arrival.received_at)
    layout.arrival(arrival.upload).unlink(missing_ok=True)


def write_arrival(path: Path, arrival: Arrival) -> None:
    """Write a note durably."""
    disk.write_atomically(path, json.dumps(arrival_to_dict(arrival)).encode())


def arrival_to_dict(arrival: Arrival) -> dict[str, Any]:
    """JSON values; of sidecars, as of the recording, only what they are."""
    return {
        "v": VERSION,
        "upload": arrival.upload,
        "sha256": arrival.sha256.hex,
        "size": arrival.size,
        "received_at": iso(arrival.received_at),
        "sender": arrival.sender,
        "manifest": manifest_to_dict(arrival.manifest),
        "sidecars": sidecars_to_list(arrival.sidecars),
    }


def arrival_from_dict(values: Mapping[str, Any]) -> Arrival:
    """Read JSON values. Raises KeyError, TypeError, ValueError or a BodywornError."""
    if values["v"] != VERSION:
        raise ValueError(f"a note of version {values['v']}")
    return Arrival(
        upload=values["upload"],
        sha256=Sha256.parse(values["sha256"]),
        size=int(values["size"]),
        received_at=parse_iso(values["received_at"]),
        manifest=manifest_from_dict(values["manifest"]),
        sender=values["sender"],
        sidecars=sidecars_from_list(values["sidecars"]),
    )


def _unreadable(path: Path) -> DamagedError:
    return DamagedError(
        "inbox.unreadable",
        f"The arrival note {path.name} cannot be read.",
        hint="Its bytes are safe under their digest. Keep the note, mend it by hand, and "
        "run `bodyworn check` again.",
    )


def _read_or_report(path: Path) -> Arrival | None:
    try:
        return read_arrival(path)
    except MissingError:
        return None  # somebody else was done with it between listing and reading
    except DamagedError as error:
        _log.error("%s %s", error.code, error.explain())
        return None
