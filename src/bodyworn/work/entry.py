"""The entry of one recording: every row and every event of it, in the caller's transaction.

It opens no transaction and no file. What is written was weighed by `work.described`; judgements
are those of `rules`.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bodyworn.core.clock import iso
from bodyworn.core.errors import RefusedError
from bodyworn.core.terms import CopyKind, EventType, Operation
from bodyworn.core.types import Actor, CustodyEvent, Manifest
from bodyworn.core.types import RetentionDecision as Decided
from bodyworn.records import ledger
from bodyworn.records.models import (
    Copy,
    Device,
    Erasure,
    Fix,
    Officer,
    Recording,
    RetentionDecision,
)
from bodyworn.records.models import CustodyEvent as EventRow
from bodyworn.rules.retention import counted_from, first_decision
from bodyworn.work import completeness, data_keys, jobs
from bodyworn.work.books import facts_of, place_of
from bodyworn.work.books_copies import SIDECAR_TYPE, seen_of
from bodyworn.work.described import (
    Described,
    audio_text,
    plain,
    probe_as_json,
    reason_of,
    video_text,
)
from bodyworn.work.house import House
from bodyworn.work.reference import references

LONGEST_ACTOR = 120  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is being entered, by whom, and when."""

    house: House
    described: Described
    decided: Decided  # how long it is kept; the keys' bucket follows from it
    slots: data_keys.Slots  # the keys of master and sidecars, wrapped for that bucket
    by: Actor
    now: datetime  # UTC, read once


def enter(entry: Entry) -> Recording:
    """Write one new recording. MUST be called inside a transaction.

    Raises IntegrityError where somebody else entered the same bytes or took the same reference
    first; the caller looks again.

    1. Who and what: device, officer; an unknown camera gets its row, an unknown officer is
       written into the event as text.
    2. The recording, its master, its sidecars, its track.
    3. What the camera's count says now, with the number of this one.
    4. How long it is kept, and the keys of its bytes in the bucket that ends then.
    5. The events of all that, and the orders for copies.
    """
    device = _device(entry)  # 1
    officer = _officer(entry.described.manifest, device)
    recording = _recording(entry, device, officer)  # 2
    _copies(entry, recording)
    _track(entry, recording)
    _docked(entry, device)
    _events_of_arrival(entry, recording)  # 5
    completeness.judge(recording, by=entry.by, now=entry.now)  # 3
    _retention(entry, recording)  # 4
    data_keys.enter(entry.slots, at=entry.now)
    jobs.order_copies(entry.house, recording, entry.described.probe)
    _receipt(entry, recording)
    return recording


def _device(entry: Entry) -> Device | None:
    manifest = entry.described.manifest
    if manifest.device is None:
        return None
    # Locked, because two recordings of one camera may arrive at once and both go on counting.
    device, _ = Device.objects.select_for_update().get_or_create(
        serial=manifest.device,
        defaults={"make": manifest.make or "unknown", "model": manifest.model or "unknown"},
    )
    return device


def _officer(manifest: Manifest, device: Device | None) -> Officer | None:
    """The wearer whom the sender names, else whoever holds the camera."""
    known = Officer.objects.select_related("unit")
    if manifest.officer is not None:
        return known.filter(number=manifest.officer).first()
    return known.filter(cameras=device).first() if device else None


def _recording(entry: Entry, device: Device | None, officer: Officer | None) -> Recording:
    described, manifest = entry.described, entry.described.manifest
    unit = officer.unit if officer else None
    return Recording.objects.create(
        reference=_free_reference(described),
        upload=described.arrival.upload,
        filename=manifest.filename,
        title=manifest.title or "",
        locality=manifest.locality or "",
        borough=manifest.borough or (unit.borough if unit else ""),
        category=manifest.category or "",
        device=device,
        sequence=manifest.sequence,
        officer=officer,
        unit=unit,
        started_at=described.started_at,
        started_at_source=described.started_at_source,
        triggered_at=described.triggered_at,
        ended_at=described.ended_at,
        duration_ms=described.duration_ms,
        clock_offset_ms=manifest.clock_offset_ms,
        received_at=described.arrival.received_at,
        recorded_at=entry.now,
        dock=manifest.dock or "",
        condition=described.probe.condition,
        condition_reason=reason_of(described.probe),
        container=described.probe.container or "",
        video=video_text(described.probe),
        audio=audio_text(described.probe),
        probe=probe_as_json(described.probe),
        pseudonym_salt=secrets.token_bytes(16),
    )


def _free_reference(described: Described) -> str:
    offered = references(
        started_at=described.started_at,
        camera_reference=described.manifest.camera_reference,
        sha256=described.arrival.sha256,
    )
    for reference in offered:
        # What was erased keeps its reference: else one name would stand for two recordings.
        taken = (table.objects.filter(reference=reference) for table in (Recording, Erasure))
        if not any(rows.exists() for rows in taken):
            return reference
    raise RefusedError(
        "ingest.no-reference",
        "Every reference for this recording is taken.",
        hint="Give it a camera reference of its own.",
        status=409,
    )


def _copies(entry: Entry, recording: Recording) -> None:
    arrival = entry.described.arrival
    Copy.objects.create(
        recording=recording,
        kind=CopyKind.MASTER,
        sha256=arrival.sha256.hex,
        size=arrival.size,
        media_type=entry.described.media_type,
        name=recording.filename,
        created_at=entry.now,
    )
    once = {digest: (name, size) for name, digest, size in arrival.sidecars}
    for digest, (name, size) in once.items():
        Copy.objects.create(
            recording=recording,
            kind=CopyKind.SIDECAR,
            sha256=digest.hex,
            size=size,
            media_type=SIDECAR_TYPE,
            name=plain(name),
            created_at=entry.now,
        )


def _track(entry: Entry, recording: Recording) -> None:
    fixes = [
        Fix(
            recording=recording,
            at=place.at,
            latitude=place.latitude,
            longitude=place.longitude,
            accuracy_m=place.accuracy_m,
            speed_mps=place.speed_mps,
        )
        for place in entry.described.track
    ]
    Fix.objects.bulk_create(fixes, batch_size=500)


def _docked(entry: Entry, device: Device | None) -> None:
    if device is not None and entry.described.manifest.dock:
        device.last_docked_at = entry.described.arrival.received_at
        device.save(update_fields=["last_docked_at"])


def decided_first(described: Described, *, now: datetime, days: int) -> Decided:
    """How long a recording is kept that is entered now; `days` is the setting."""
    received_at = described.arrival.received_at
    start = counted_from(ended_at=described.ended_at, received_at=received_at, days=days)
    return first_decision(ended_at=start, now=now, days=days)


def _retention(entry: Entry, recording: Recording) -> None:
    decision = entry.decided
    RetentionDecision.objects.create(
        recording=recording,
        keep_until=decision.keep_until,
        rule=decision.rule,
        reason=decision.reason,
        decided_at=decision.decided_at,
        decided_by=entry.by.name,
    )
    detail = {
        "keep_until": iso(decision.keep_until) if decision.keep_until else None,
        "rule": decision.rule,
        "reason": decision.reason,
    }
    _record(entry, recording, EventType.RETENTION_DECIDED, detail, operation=Operation.ALTERATION)


def _events_of_arrival(entry: Entry, recording: Recording) -> None:
    _record(
        entry,
        recording,
        EventType.CAPTURE,
        _claims(entry.described),
        operation=Operation.COLLECTION,
        at=recording.started_at,
        actor=_camera(recording) or entry.by.name,
    )
    detail = _arrival_detail(entry, recording)
    _record(entry, recording, EventType.INGESTION, detail, operation=Operation.COLLECTION)
    if entry.described.doubt:
        doubt = {"reason": plain(entry.described.doubt, 400), "condition": recording.condition}
        _record(entry, recording, EventType.QUARANTINE, doubt, operation=Operation.COLLECTION)


def _claims(described: Described) -> dict[str, Any]:
    """What the camera says; nothing here is proven, and an insane time is kept as it was said."""
    manifest = described.manifest
    return _known(
        {
            "device": manifest.device,
            "officer": manifest.officer,
            "sequence": manifest.sequence,
            "camera_reference": manifest.camera_reference,
            "claimed_start": iso(manifest.started_at) if manifest.started_at else None,
            "claimed_end": iso(manifest.ended_at) if manifest.ended_at else None,
            "clock_offset_ms": manifest.clock_offset_ms,
            "start_taken_from": described.started_at_source,
        }
    )


def _arrival_detail(entry: Entry, recording: Recording) -> dict[str, Any]:
    described, arrival = entry.described, entry.described.arrival
    is_stranger = described.manifest.officer is not None and recording.officer is None
    return _known(
        {
            "sha256": arrival.sha256.hex,
            "size": arrival.size,
            "digest_agreed": described.digest_agreed,
            "sender": plain(arrival.sender),
            "upload": arrival.upload,
            "filename": recording.filename,
            "received_at": iso(arrival.received_at),
            "condition": recording.condition,
            "media_type": described.media_type,
            "place": place_of(recording),
            "facts": facts_of(recording),
            "seen": seen_of(recording),
            "officer_unknown": described.manifest.officer if is_stranger else None,
            "sidecars": [[plain(name), one.hex, size] for name, one, size in arrival.sidecars],
            "sidecars_unread": list(described.unread) or None,
        }
    )


def _receipt(entry: Entry, recording: Recording) -> None:
    ingestion = recording.events.get(type=EventType.INGESTION)
    detail = {
        "sha256": entry.described.arrival.sha256.hex,
        "size": entry.described.arrival.size,
        "event": ingestion.leaf_hash,
        "to": plain(entry.described.arrival.sender),
    }
    _record(entry, recording, EventType.RECEIPT, detail)


def _record(
    entry: Entry,
    recording: Recording,
    type_: EventType,
    detail: dict[str, Any],
    *,
    operation: Operation | None = None,
    at: datetime | None = None,
    actor: str | None = None,
) -> EventRow:
    event = CustodyEvent(
        type=type_,
        operation=operation,
        at=at or entry.now,
        actor=actor or entry.by.name,
        subject=recording.reference,
        detail=detail,
    )
    return ledger.record(event, recording=recording)


def _camera(recording: Recording) -> str | None:
    if recording.device is None:
        return None
    return f"system:camera:{recording.device.serial}"[:LONGEST_ACTOR]


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    """Only what there is to say."""
    return {name: value for name, value in facts.items() if value is not None}
