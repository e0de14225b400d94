"""Do a recording's files, and what was read in them, stand in rows as they stand on record?

Half of the comparison of `work.books`: copies with their lineage, the probe's words and the track.
Pure but for one query: a track may be long, so its rows are read here, and never held.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from bodyworn.core.clock import iso
from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import CopyKind, EventType
from bodyworn.records.models import Copy, CustodyEvent, Recording

CHUNK = 2000  # positions in memory at once
SIDECAR_TYPE = "application/octet-stream"  # whatever it is, nobody opens it by itself


def check_seen(recording: Recording, ingestion: CustodyEvent) -> None:
    """What the file itself said, and where it was recorded. Raises DamagedError books.seen.

    Events from before this was told with them say nothing about it.
    """
    said = ingestion.detail.get("seen")
    if said is None:
        return
    for name, value in seen_of(recording).items():
        if said.get(name) != value:
            raise _wrong(
                "books.seen",
                f"What was read in the file of {recording.reference} ({name}) is not what was put "
                "on record.",
                recording.reference,
            )


def check_copies(
    recording: Recording,
    ingestion: CustodyEvent,
    *,
    events: Sequence[CustodyEvent],
    copies: Sequence[Copy],
) -> None:
    """Every copy has its event, and says what that says.

    Raises DamagedError books.master, .sidecar, .copy or .recipe.
    """
    _check_master(recording, ingestion, copies)
    _check_sidecars(recording, ingestion, copies)
    _check_derived(recording, events, copies)
    _check_recipes(recording, events, copies)


def seen_of(recording: Recording) -> dict[str, str]:
    """What a probe read in the file, as the event of ingestion tells it. Reads the track's rows."""
    return {
        "condition_reason": recording.condition_reason,
        "container": recording.container,
        "video": recording.video,
        "audio": recording.audio,
        "probe": _digest_of(recording.probe),
        "track": _track_of(recording),
    }


def _digest_of(value: Any) -> str:
    """SHA-256 of its JSON, in hexadecimal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _track_of(recording: Recording) -> str:
    """SHA-256 over the positions, each a line of JSON, in hexadecimal: some thousands an hour."""
    columns = ("at", "latitude", "longitude", "accuracy_m", "speed_mps")
    rows = recording.track.order_by("at", *columns[1:]).values_list(*columns)
    found = hashlib.sha256()
    for at, *numbers in rows.iterator(CHUNK):
        moment = at.astimezone(UTC).isoformat(timespec="microseconds")
        found.update(json.dumps([moment, *numbers]).encode() + b"\n")
    return found.hexdigest()


def _check_master(recording: Recording, ingestion: CustodyEvent, copies: Sequence[Copy]) -> None:
    kept = (copy for copy in copies if copy.kind == CopyKind.MASTER)
    masters = [(c.sha256, c.size, c.name, iso(c.created_at), c.media_type) for c in kept]
    facts = tuple(ingestion.detail.get(name) for name in ("sha256", "size", "filename"))
    # Events from before a type was told with them say nothing about it.
    type_ = ingestion.detail.get("media_type", masters[0][-1] if masters else None)
    if masters != [(*facts, iso(ingestion.at), type_)]:
        raise _wrong(
            "books.master",
            f"The master of {recording.reference} is not the one that was taken in.",
            recording.reference,
        )


def _check_sidecars(recording: Recording, ingestion: CustodyEvent, copies: Sequence[Copy]) -> None:
    sidecars = [copy for copy in copies if copy.kind == CopyKind.SIDECAR]
    kept = {(copy.name, copy.sha256, copy.size) for copy in sidecars}
    said = {(name, digest, size) for name, digest, size in ingestion.detail.get("sidecars", [])}
    # The same bytes under two names are one copy, which has one of the names.
    entered = {(copy.media_type, iso(copy.created_at)) for copy in sidecars}
    if (
        not kept <= said
        or {one[1:] for one in kept} != {one[1:] for one in said}
        or not entered <= {(SIDECAR_TYPE, iso(ingestion.at))}
    ):
        raise _wrong(
            "books.sidecar",
            f"The sidecars of {recording.reference} are not those that were taken in.",
            recording.reference,
        )


def _check_derived(
    recording: Recording, events: Sequence[CustodyEvent], copies: Sequence[Copy]
) -> None:
    details = [event.detail for event in events if event.type == EventType.DERIVATION]
    said = {_made(detail) for detail in details}
    derived = [c for c in copies if c.kind not in {CopyKind.MASTER, CopyKind.SIDECAR}]
    kept = {(copy.kind, copy.sha256, copy.size) for copy in derived}
    for kind, digest, _ in sorted(kept ^ said, key=str):
        raise _wrong(
            "books.copy",
            f"The {kind} {str(digest)[:6]}… of {recording.reference} has a row or an event, "
            "and not both.",
            recording.reference,
        )


def _made(detail: Mapping[str, object]) -> tuple[object, object, object]:
    return detail.get("kind"), detail.get("sha256"), detail.get("size")


def _check_recipes(
    recording: Recording, events: Sequence[CustodyEvent], copies: Sequence[Copy]
) -> None:
    """How a copy was made, and from what: whoever doubts a proxy makes it again."""
    made = {_made(event.detail): event for event in events if event.type == EventType.DERIVATION}
    digests = {copy.pk: copy.sha256 for copy in copies}
    for copy in copies:
        lineage = (copy.recipe, digests.get(copy.derived_from_id or 0, copy.derived_from_id))
        event = made.get((copy.kind, copy.sha256, copy.size))
        agrees = lineage == ({}, None) if event is None else _is_as_made(copy, lineage, event)
        if not agrees:
            raise _wrong(
                "books.recipe",
                f"How the {copy.kind} of {recording.reference} was made is not what is on record.",
                recording.reference,
            )


def _is_as_made(copy: Copy, lineage: tuple[object, object], event: CustodyEvent) -> bool:
    said = event.detail
    return (
        lineage == (said.get("recipe"), said.get("from"))
        and said.get("media_type", copy.media_type) == copy.media_type
        and (copy.name, iso(copy.created_at)) == ("", iso(event.at))
    )


def _wrong(code: str, message: str, subject: str) -> DamagedError:
    hint = "Keep everything as it is, and compare with the newest backup from before."
    return DamagedError(code, message, hint=hint, subject=subject)
