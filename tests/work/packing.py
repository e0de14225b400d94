"""Packs for tests: a published recording, and a pack of it as Carol makes one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.db import transaction
from tests.people import CAROL
from tests.work.arriving import DOCK, alices_team, arrive

from bodyworn.core.terms import CopyKind, EventType, Operation, Purpose
from bodyworn.core.types import CustodyEvent
from bodyworn.records import ledger
from bodyworn.records.models import Copy, Recording
from bodyworn.work import data_keys
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.log import integrate
from bodyworn.work.pack import Packed, Wish, pack

FOR_COURT = Wish(purpose=Purpose.INVESTIGATION, recipient="CPS London")


def published(house: House, data: bytes | None = None, **manifest: Any) -> str:
    """The reference of a recording whose arrival is in the signed log."""
    if not Recording.objects.exists():
        alices_team()
    receipt = take_in(house, arrive(house, data, **manifest), by=DOCK)
    integrate(house)
    return receipt.reference


def redacted(house: House, reference: str, data: bytes) -> Copy:
    """A redacted copy, with its event, as the one who hides things will leave it."""
    recording = Recording.objects.get(reference=reference)
    master = recording.copies.get(kind=CopyKind.MASTER)
    digest = house.vault.keep_bytes(data).digest
    slots = data_keys.wrapped(house, [digest], data_keys.bucket_of_recording(recording))
    recipe = {"tool": "hand"}
    detail = {"kind": "redacted", "sha256": digest.hex, "size": len(data), "from": master.sha256}
    event = CustodyEvent(
        type=EventType.DERIVATION,
        operation=Operation.ALTERATION,
        at=house.now(),
        actor=CAROL.name,
        subject=reference,
        detail={**detail, "recipe": recipe},
    )
    with transaction.atomic():
        copy = Copy.objects.create(
            recording=recording,
            kind=CopyKind.REDACTED,
            sha256=digest.hex,
            size=len(data),
            media_type="video/mp4",
            derived_from=master,
            recipe=recipe,
            created_at=house.now(),
        )
        data_keys.enter(slots, at=house.now())
        ledger.record(event, recording=recording)
    return copy


def packed(house: House, target: Path, *references: str, wish: Wish = FOR_COURT) -> Packed:
    return pack(house, CAROL, references, target, wish=wish)


def told(folder: Path) -> Any:
    """What `custody.json` tells."""
    return json.loads((folder / "custody.json").read_text())


def verifies(folder: Path, house: House) -> bool:
    """What the checker inside the pack says, run as a stranger would."""
    key = house.layout.log_vkey.read_text().strip()
    command = [sys.executable, "-I", "data/verify.py", ".", "--key", key]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
