"""Footage on its way in: small real films, each with its own bytes, and their arrival notes."""

import hashlib
import struct
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.conftest import NOW
from tests.media.corpus import make_corpus, recipe_named

from bodyworn.core.types import Actor, Arrival, Manifest
from bodyworn.records import models
from bodyworn.store.inbox import write_arrival
from bodyworn.work.house import House

DOCK = Actor(name="system:dock:BX-07")
STARTED = datetime(2026, 4, 12, 22, 41, 7, 200_000, tzinfo=UTC)
ENDED = datetime(2026, 4, 12, 22, 43, 7, 200_000, tzinfo=UTC)

MANIFEST = Manifest(
    filename="0007.mp4",
    device="004471",
    make="simulated",
    model="S1",
    officer="4471QK",
    sequence=7,
    camera_reference="7F3A",
    started_at=STARTED,
    ended_at=ENDED,
    clock_offset_ms=-350,
    title="Stop and search, Coldharbour Lane",
    locality="Brixton, Lambeth",
    borough="Lambeth",
    dock="BX-07",
)


@cache
def _plain() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        (sample,) = make_corpus(Path(folder), [recipe_named("plain.mp4")])
        return sample.path.read_bytes()


def film(number: int = 0) -> bytes:
    """A film that plays, different for every number: a `free` box carries it."""
    return _plain() + struct.pack(">I4sI", 12, b"free", number)


def arrive(house: House, data: bytes | None = None, **changes: Any) -> Arrival:
    """Bytes in the vault and a note in the inbox; `changes` go into the manifest."""
    data = film() if data is None else data
    sidecars = [(name, house.vault.keep_bytes(b)) for name, b in changes.pop("sidecars", ())]
    manifest = replace(MANIFEST, **changes)
    digest = house.vault.keep_bytes(data).digest
    name = f"{manifest.filename}/{manifest.sequence}/{digest}/{len(list_of_notes(house))}"
    arrival = Arrival(
        upload=hashlib.sha256(name.encode()).hexdigest()[:32],
        sha256=digest,
        size=len(data),
        received_at=NOW,
        manifest=manifest,
        sender=DOCK.name,
        sidecars=tuple((name, kept.digest, kept.size) for name, kept in sidecars),
    )
    write_arrival(house.layout.arrival(arrival.upload), arrival)
    return arrival


def list_of_notes(house: House) -> list[Path]:
    """What waits in the inbox."""
    return sorted(house.layout.inbox.glob("*.json"))


def alices_team() -> models.Officer:
    """Alice, response officer in Lambeth B."""
    unit = models.Unit.objects.create(name="Lambeth B", borough="Lambeth")
    return models.Officer.objects.create(number="4471QK", name="A. Khan", rank="PC", unit=unit)
