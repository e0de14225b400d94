"""From bytes on the disk to a row that is kept: received becomes recorded.

Whoever asks first does it: the API when a dock wants its receipt, the sweeper when nobody asks,
the command line for a person's folder. Doing it again, at once or after a crash, changes nothing.
What a recording's rows and events are is `work.entry`'s.
"""

import hashlib
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from django.db import IntegrityError, transaction

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import (
    BodywornError,
    BusyError,
    DamagedError,
    MissingError,
    RefusedError,
)
from bodyworn.core.tasks import Progress, silent
from bodyworn.core.terms import Condition, EventType, Operation
from bodyworn.core.types import Actor, Arrival, CustodyEvent, Probe, Receipt, Sidecar
from bodyworn.devices.camera import Held
from bodyworn.media.probe import probe
from bodyworn.records import ledger
from bodyworn.records.models import Copy, Recording
from bodyworn.rules.buckets import bucket_of
from bodyworn.store import disk
from bodyworn.store.inbox import done_with, read_arrival, write_arrival
from bodyworn.store.sealed import DataKey
from bodyworn.work import data_keys
from bodyworn.work.described import describe, is_trail, plain
from bodyworn.work.entry import Entry, decided_first, enter
from bodyworn.work.house import House
from bodyworn.work.keys import keys_of
from bodyworn.work.receipts import receipt_of, recording_of

SWEEPER = Actor(name="system:inbox")
TRIES = 5  # a lost race is lost once; more often is a fault
_log = logging.getLogger("bodyworn.ingest")


def take_in(house: House, arrival: Arrival, *, by: Actor) -> Receipt:
    """Make an arrival a recording, or find the one that it is already.

    The same upload again is the same recording; the same bytes under another upload are the same
    recording and an event that says so. Raises MissingError blob.missing, BusyError ingest.busy,
    SetupError disk.full; the arrival's note then stays where it is.

    1. Read what the file itself and its trails say: slow, and outside of a transaction.
    2. Weigh it against what the sender says.
    3. Have the keys wrapped for the bucket in which the recording will lie.
    4. Write rows and events in one transaction.
    5. Take the arrival's note away.
    6. Work out the receipt.
    """
    recording = _held_already(arrival, by=by, house=house)
    if recording is None:
        recording = _enter_unless_held(house, arrival, by=by)  # 1 to 4
    elif house.layout.spare(arrival.sha256).exists():
        _settle(house, arrival, recording)
    done_with(house.layout, arrival)  # 5
    return receipt_of(house, recording)  # 6


def sweep(house: House) -> int:
    """Take in every arrival that nobody asked about; how many there were.

    One that cannot be taken in stays and is logged; a note that cannot be read is set aside.
    """
    return sum(_sweep_one(house, path) for path in sorted(house.layout.inbox.glob("*.json")))


def take_in_file(
    house: House,
    held: Held,
    *,
    by: Actor,
    keep_anyway: bool = False,
    progress: Progress = silent,
) -> Receipt:
    """Take in a file of a folder or a card; the file itself is only read.

    Damaged video is kept and labelled. Raises RefusedError ingest.empty and, unless `keep_anyway`,
    ingest.not-video, before a byte is kept. Interrupted, it may be called again: the same file is
    the same upload.
    """
    _refuse_hopeless(held, keep_anyway=keep_anyway)
    with held.open() as stream:
        kept = house.vault.keep(stream, progress=_towards(held.size, progress))
    arrival = Arrival(
        upload=_same_id(held.path, kept.digest),
        sha256=kept.digest,
        size=kept.size,
        received_at=house.now(),
        manifest=held.manifest,
        sender=by.name,
        sidecars=_keep_sidecars(house, held),
    )
    # Before the row, so that a crash in between leaves a note and not only nameless bytes.
    write_arrival(house.layout.arrival(arrival.upload), arrival)
    return take_in(house, arrival, by=by)


def _enter_unless_held(house: House, arrival: Arrival, *, by: Actor) -> Recording:
    """Another process may be at it: what it has entered, nobody gives us the key of any more."""
    try:
        return _enter_once(_entry(house, arrival, by=by))
    except (MissingError, RefusedError) as error:
        recording = _held_already(arrival, by=by, house=house)
        if recording is None or error.code not in {"keys.recorded", "inbox.missing"}:
            raise
        return recording


def _entry(house: House, arrival: Arrival, *, by: Actor) -> Entry:
    """Everything that is slow, before the transaction."""
    keys = _keys(house, arrival, by=by)
    found = _probe(house, arrival, keys[arrival.sha256])  # 1
    trails, now = _trails(house, arrival, keys), house.now()
    described = describe(arrival, found, trails)  # 2
    decided = decided_first(described, now=now, days=house.settings.non_evidential_days)
    bucket = bucket_of(rule=decided.rule, keep_until=decided.keep_until)
    return Entry(
        house=house,
        described=described,
        decided=decided,
        slots=data_keys.wrapped(house, arrival.digests, bucket),  # 3
        by=by,
        now=now,
    )


def _keys(house: House, arrival: Arrival, *, by: Actor) -> dict[Sha256, DataKey]:
    """Of what is read of it now: the film, and where it was."""
    given = keys_of(house).arrived(arrival.upload)
    trails = [(name, digest) for name, digest, _ in arrival.sidecars if is_trail(name)]
    for name, digest in [(arrival.manifest.filename, arrival.sha256), *trails]:
        if digest not in given:
            given |= _keys_on_record(house, arrival, digest, name=name, by=by)
    return given


def _keys_on_record(
    house: House, arrival: Arrival, digest: Sha256, *, name: str, by: Actor
) -> dict[Sha256, DataKey]:
    """Of bytes that another recording has already: they came again, says an event of that one."""
    copy = Copy.objects.filter(sha256=digest.hex).order_by("pk").first()
    if copy is None:
        raise BusyError("ingest.busy", "This could not be entered now.")
    held, now = copy.recording, house.now()
    viewing = timedelta(minutes=house.settings.ticket_minutes)
    came = held.events.filter(
        type=EventType.INGESTION_REPEAT,
        detail__upload=arrival.upload,
        detail__sha256=digest.hex,
        at__gt=now
        - viewing,  # the sweeper may come by every second, and an older one opens nothing
    ).first()
    if came is None:
        with transaction.atomic():
            event = _repeat(held, arrival, (name, digest, copy.size), by=by, house=house)
            came = ledger.record(event, recording=held)
    return keys_of(house).release(came.uid, [digest])


def _trails(
    house: House, arrival: Arrival, keys: Mapping[Sha256, DataKey]
) -> list[tuple[str, bytes]]:
    return [
        (name, bytes(house.vault.read_at(digest, 0, size, keys[digest])))
        for name, digest, size in arrival.sidecars
        if is_trail(name)
    ]


def _probe(house: House, arrival: Arrival, key: DataKey) -> Probe:
    size = house.vault.size(arrival.sha256)
    if size != arrival.size:
        raise DamagedError(
            "ingest.size-disagrees",
            f"{arrival.sha256.short}… has {size} bytes, its note says {arrival.size}.",
        )
    with house.vault.open(arrival.sha256, key) as stream:
        return probe(stream, name=arrival.manifest.filename)


def _keep_sidecars(house: House, held: Held) -> tuple[Sidecar, ...]:
    kept = [(name, house.vault.keep_bytes(data)) for name, data in held.sidecars]
    return tuple((name, one.digest, one.size) for name, one in kept)


def _enter_once(entry: Entry) -> Recording:
    """Enter it, or find what another process entered meanwhile: the database decides, not we."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return enter(entry)
        except IntegrityError as error:
            recording = _held_already(entry.described.arrival, by=entry.by, house=entry.house)
            if recording is not None:
                return recording
            if attempt == TRIES:
                raise BusyError("ingest.busy", "This could not be entered now.") from error
    raise AssertionError("unreachable")


def _held_already(arrival: Arrival, *, by: Actor, house: House) -> Recording | None:
    """The recording of this upload or of these bytes; the latter goes on record, once."""
    with transaction.atomic():
        rows = Recording.objects.select_for_update(of=("self",))
        same_upload = rows.filter(upload=arrival.upload).first()
        if same_upload is not None:
            return same_upload
        found = recording_of(sha256=arrival.sha256)
        if found is None:
            return None
        held = rows.get(pk=found.pk)
        if not held.events.filter(
            type=EventType.INGESTION_REPEAT, detail__upload=arrival.upload
        ).exists():
            bytes_ = (arrival.manifest.filename, arrival.sha256, arrival.size)
            ledger.record(_repeat(held, arrival, bytes_, by=by, house=house), recording=held)
        return held


def _settle(house: House, arrival: Arrival, recording: Recording) -> None:
    """The same bytes lie here twice, because the door could not open the first ones to compare.

    The event that says that they came again opens them. What cannot be settled stays as it is,
    twice; the new arrival is not to suffer for it.
    """
    came = recording.events.filter(
        type=EventType.INGESTION_REPEAT, detail__upload=arrival.upload
    ).first()
    if came is None:
        return  # the same upload, asked about again
    try:
        keys = keys_of(house).release(came.uid, [arrival.sha256])
        house.vault.settle(arrival.sha256, keys[arrival.sha256])
    except BodywornError as error:
        _log.error("%s is kept twice: %s", recording.reference, error.explain())


def _repeat(
    held: Recording, arrival: Arrival, came: Sidecar, *, by: Actor, house: House
) -> CustodyEvent:
    """Which bytes of the arrival it is that a recording has already: the master's, or others."""
    name, digest, size = came
    return CustodyEvent(
        type=EventType.INGESTION_REPEAT,
        operation=Operation.COLLECTION,
        at=house.now(),
        actor=by.name,
        subject=held.reference,
        detail={
            "sha256": digest.hex,
            "size": size,
            "upload": arrival.upload,
            "filename": plain(name),
            "sender": plain(arrival.sender),
        },
    )


def _sweep_one(house: House, path: Path) -> bool:
    """The sweeper is an edge: whatever is wrong with one arrival, the others do not wait."""
    try:
        take_in(house, read_arrival(path), by=SWEEPER)
    except Exception as error:
        if not path.exists():
            return False  # somebody else was faster
        _tell_once(path, *_code_and_words(error))
        if isinstance(error, DamagedError) and error.code == "inbox.unreadable":
            _set_aside(house, path)
        return False
    return True


@lru_cache(maxsize=1000)
def _tell_once(path: Path, code: str, words: str) -> None:
    """Cached, because the sweeper comes by every second and the trouble stays for days."""
    _log.error("%s: %s %s", path.name, code, words)


def _code_and_words(error: Exception) -> tuple[str, str]:
    if isinstance(error, BodywornError):
        return error.code, error.explain()
    return type(error).__name__, str(error)


def _set_aside(house: House, path: Path) -> None:
    """Out of the sweeper's way, and on record; the bytes are safe under their digest."""
    with suppress(FileNotFoundError), transaction.atomic():  # another sweeper was faster
        ledger.record(
            CustodyEvent(
                type=EventType.QUARANTINE,
                operation=Operation.COLLECTION,
                at=house.now(),
                actor=SWEEPER.name,
                subject=f"upload:{plain(path.stem, 64)}",
                detail={
                    "reason": "The note of this arrival cannot be read.",
                    "note_sha256": Sha256.of(path.read_bytes()).hex,
                },
            )
        )
        disk.make_folder(house.layout.aside)
        path.replace(house.layout.aside / path.name)


def _refuse_hopeless(held: Held, *, keep_anyway: bool) -> None:
    if held.size == 0:
        raise RefusedError(
            "ingest.empty",
            f"{plain(held.manifest.filename)} is empty; there is nothing to keep.",
            hint="Write down where it came from: an empty file may itself be a finding.",
        )
    found = probe(held.path, name=held.manifest.filename)
    if found.condition is Condition.NOT_VIDEO and not keep_anyway:
        raise RefusedError(
            "ingest.not-video",
            f"{plain(held.manifest.filename)} is no video that we know. {found.reason}",
            hint="To keep it nevertheless, say so with --keep-anyway.",
        )


def _same_id(path: Path, digest: Sha256) -> str:
    """The id of this file's upload: the same place and the same bytes, the same upload."""
    place = str(path.absolute()).encode("utf-8", "surrogateescape")
    return hashlib.sha256(place + b"\0" + digest.raw).hexdigest()[:32]


def _towards(size: int, progress: Progress) -> Progress:
    """The vault does not know how long a stream is; the folder does."""
    return lambda done, _, what: progress(done, size, what)
