"""One stored file read again by the patrol: what it is, and mended where it is not what it must be.

Nothing is ever thrown away here: a wrong file is set aside before another takes its name, since
how it is wrong may tell why.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, DamagedError, MissingError, RefusedError
from bodyworn.core.terms import EventType, Operation
from bodyworn.core.types import CustodyEvent
from bodyworn.records import ledger
from bodyworn.records.models import Copy
from bodyworn.records.models import CustodyEvent as EventRow
from bodyworn.store import opaque
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Vault, hash_stream
from bodyworn.store.second import SecondCopy
from bodyworn.work.house import House
from bodyworn.work.keys import keys_of
from bodyworn.work.patrol_state import Wrong

PATROL = "system:patrol"
_log = logging.getLogger("bodyworn.patrol")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one batch is read under."""

    house: House
    event: EventRow  # says which files are read, and is in the log already
    second: SecondCopy | None  # None where there is none, or its disk is away


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of one file."""

    was_wrong: bool = False
    is_repaired: bool = False
    second_was_wrong: bool = False
    wrong: Wrong | None = None  # set where it is wrong still


def read_and_mend(reading: Reading, digest: Sha256) -> Seen:
    """Read one file; compare the second copy where it is right, and use that where it is not."""
    found = check_blob(reading.house, reading.event, digest)
    if found == digest:
        return Seen(second_was_wrong=not _second_agrees(reading.second, digest))
    copies = list(Copy.objects.filter(sha256=digest.hex).select_related("recording"))
    _record_wrong(reading.house, copies, digest, found)
    why_not = _mend(reading, copies, digest)
    if why_not is None:
        return Seen(was_wrong=True, is_repaired=True)
    wrong = Wrong(
        sha256=digest.hex,
        found=found.hex if found else None,
        copies=tuple(f"{copy.kind} of {copy.recording.reference}" for copy in copies),
        since=reading.house.wall_now(),
        why_not_repaired=why_not,
    )
    return Seen(was_wrong=True, wrong=wrong)


def check_blob(
    house: House, event: EventRow, digest: Sha256, *, where: Layout | None = None
) -> Sha256 | None:
    """The SHA-256 of the plain bytes, read from the disk; None where they cannot be read.

    `event` is in the log already and says that this file is read; `where` is another folder with
    the same files. Raises RefusedError patrol.not-announced.
    """
    _refuse_unannounced(event, digest)
    layout = where or house.layout
    try:
        key = keys_of(house).release(event.uid, [digest])[digest]
    except MissingError:  # without its key it is lost, whatever the file holds
        return None
    try:
        opaque.forget_file(layout.blob(digest))
        with Vault(layout).open(digest, key) as stream:
            return hash_stream(stream)
    except (DamagedError, MissingError, OSError):
        return None


def _refuse_unannounced(event: EventRow, digest: Sha256) -> None:
    """Bytes are read under an event that names them, or not at all."""
    if not event.detail.get("from", "g") <= digest.hex <= event.detail.get("to", ""):
        raise RefusedError(
            "patrol.not-announced",
            f"The event does not say that {digest.short}… is read.",
            hint="Record the event of the batch first.",
        )


def check_event(house: House, subject: str, detail: dict[str, Any]) -> CustodyEvent:
    """The event of a patrol's reading, not recorded yet."""
    return CustodyEvent(
        type=EventType.FIXITY_CHECK,
        operation=Operation.CONSULTATION,
        at=house.now(),
        actor=PATROL,
        subject=subject,
        detail=detail,
    )


def _mend(reading: Reading, copies: Sequence[Copy], digest: Sha256) -> str | None:
    """Put the second copy's file in the place of ours; why that cannot be, or None once it is.

    1. the plain bytes of the second copy are right
    2. the event of the recovery is committed
    3. the file is replaced; the wrong one is set aside
    4. what lies here now is read again
    """
    house, event, second = reading.house, reading.event, reading.second
    if second is None:
        return "There is no second copy, or its disk is away."
    if check_blob(house, event, digest, where=second.there) != digest:  # 1
        return "The second copy has not these bytes either."
    _record_recovery(house, copies, digest)  # 2
    try:
        second.bring_back(digest)  # 3
    except (BodywornError, OSError) as error:
        return f"It could not be replaced: {error}"
    if check_blob(house, event, digest) != digest:  # 4
        return "It was replaced, and is wrong again: the disk fails."
    return None


def _second_agrees(second: SecondCopy | None, digest: Sha256) -> bool:
    """Ours is right, so the other must be the same, byte for byte; if not it is renewed."""
    if second is None or second.is_twin(digest):
        return True
    try:
        second.renew(digest)
    except (BodywornError, OSError) as error:
        _log.error("The second copy of %s could not be renewed: %s", digest.short, error)
    return False


def _record_wrong(
    house: House, copies: Sequence[Copy], digest: Sha256, found: Sha256 | None
) -> None:
    for copy in copies:
        detail = {
            "scope": "patrol",
            "outcome": "changed" if house.layout.blob(digest).is_file() else "unreadable",
            "kind": copy.kind,
            "sha256": digest.hex,
            "found": found.hex if found else None,
            "size": copy.size,
        }
        with transaction.atomic():
            event = check_event(house, copy.recording.reference, detail)
            ledger.record(event, recording=copy.recording)


def _record_recovery(house: House, copies: Sequence[Copy], digest: Sha256) -> None:
    for copy in copies:
        event = CustodyEvent(
            type=EventType.RECOVERY,
            operation=Operation.ALTERATION,
            at=house.now(),
            actor=PATROL,
            subject=copy.recording.reference,
            detail={"kind": copy.kind, "sha256": digest.hex, "from": "second copy"},
        )
        with transaction.atomic():
            ledger.record(event, recording=copy.recording)
