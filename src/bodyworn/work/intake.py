"""Before the bytes: a sender says what it has, and hears where to send it or that we have it.

The bytes themselves go to the upload door; afterwards `work.ingest` makes them a recording. Tickets
are signed by whoever answers the sender (`web.api`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bodyworn.core.errors import BusyError, MissingError, RefusedError
from bodyworn.core.manifest import manifest_to_dict
from bodyworn.core.types import Actor, Manifest, Receipt
from bodyworn.records.models import Recording
from bodyworn.store.upload_notes import Upload
from bodyworn.work import ingest
from bodyworn.work.house import House
from bodyworn.work.people import DOCK
from bodyworn.work.receipts import receipt_of, recording_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The answer to "may I send this?"."""

    upload: Upload | None  # None where the bytes are held already
    expires_at: datetime | None  # UTC; the same
    already: Receipt | None  # for the bytes that are held already


def open_upload(
    house: House,
    *,
    manifest: Manifest,
    sidecars: Sequence[tuple[str, bytes]] = (),
    size: int | None,
    sender: Actor,
) -> Opened:
    """Begin an upload, unless its bytes are here. `size` in bytes, None if not known yet.

    Raises RefusedError upload.empty, upload.too-large, manifest.*; SetupError disk.full;
    BusyError upload.too-many-open.
    """
    held = recording_of(sha256=manifest.sha256) if manifest.sha256 else None
    if held is not None:
        return Opened(upload=None, expires_at=None, already=receipt_of(house, held))
    expires_at = house.now() + timedelta(hours=house.settings.upload_expires_hours)
    upload = house.uploads.create(
        length=size,
        sender=sender.name,
        manifest=manifest_to_dict(_as_this_dock(manifest, sender)),
        largest=house.settings.largest_upload,
        expires_at=expires_at,
        sidecars=list(sidecars),
    )
    return Opened(upload=upload, expires_at=expires_at, already=None)


def upload_of(house: House, upload: str, *, sender: Actor) -> Upload:
    """An upload of this sender. Raises MissingError upload.missing, also for another's."""
    found = house.uploads.get(upload)
    if found.sender != sender.name:
        raise MissingError(
            "upload.missing",
            "There is no such upload.",
            hint="Begin a new one; whatever was received before is safe under its digest.",
        )
    return found


def receipt_for(house: House, upload: str, *, sender: Actor) -> Receipt:
    """The receipt for one upload; what is not recorded yet is recorded now.

    Raises RefusedError upload.unfinished (web 409), MissingError upload.missing or .gone,
    and what `ingest.take_in` raises.
    """
    found = upload_of(house, upload, sender=sender)
    recording = _recorded(found)
    if recording is None:
        try:
            return ingest.take_in(house, house.uploads.finish(found.id), by=sender)
        except RefusedError as error:
            if error.code != "upload.complete":
                raise
        # The sweeper took its note away between our two looks.
        recording = _recorded(house.uploads.get(upload))
    if recording is None:
        raise BusyError("ingest.busy", "This upload is being entered now.")
    return receipt_of(house, recording)


def _recorded(upload: Upload) -> Recording | None:
    rows = Recording.objects.select_related("device")
    by_upload = rows.filter(upload=upload.id).first()
    if by_upload is not None or upload.sha256 is None:
        return by_upload
    return recording_of(sha256=upload.sha256)


def _as_this_dock(manifest: Manifest, sender: Actor) -> Manifest:
    """Which dock it was is known from its token, whatever it says."""
    if not sender.name.startswith(DOCK):
        return manifest
    return replace(manifest, dock=sender.name.removeprefix(DOCK))
