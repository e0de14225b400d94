"""A small installation to be moved about, and what can be done to it and to its backups."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import connections
from tests.conftest import NOW
from tests.people import CAROL
from tests.web.pages_world import account_of
from tests.work.arriving import DOCK, alices_team, arrive, film
from tests.work.events import looks

from bodyworn.core.digest import Sha256
from bodyworn.core.types import Place
from bodyworn.devices.gpstrail import trail_as_bytes
from bodyworn.records import beside, models
from bodyworn.records.engine import database
from bodyworn.settings import Settings
from bodyworn.work import census
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.log import integrate
from bodyworn.work.review import add_marker

PLACE = Place(at=NOW, latitude=51.4613, longitude=-0.1156, accuracy_m=0.25, speed_mps=None)


def furnish(house: House, *, recordings: int = 3, events: int = 300) -> None:
    """Recordings with markers, a track, a complaint; a census; an arrival that waits; a log."""
    alices_team()
    account_of(CAROL)
    trail = trail_as_bytes([PLACE], started_at=NOW)
    for number in range(recordings):
        sidecars = [("0007.key", b"key"), ("0007_gpstrail.json", trail)] if number == 0 else []
        take_in(house, arrive(house, film(number), sequence=number, sidecars=sidecars), by=DOCK)
    first = models.Recording.objects.order_by("id")[0]
    add_marker(house, CAROL, first.reference, frame=1, at_ms=40, label="Übergabe “here”")
    complaint = models.Complaint.objects.create(
        reference="PC/0098/26", received_at=NOW, from_at=NOW, until_at=NOW + timedelta(1)
    )
    complaint.recordings.set(models.Recording.objects.all())
    looks(events)
    census.take(house)
    integrate(house)
    looks(1, start=events)
    arrive(house, film(99), sequence=99, filename="waits.mp4")


def keys_of(house: House, folder: Path) -> Path:
    """The keys as somebody else keeps them."""
    return Path(shutil.copytree(house.layout.keys, folder))


def digests() -> list[Sha256]:
    """What the rows name, sorted."""
    found = models.Copy.objects.order_by("sha256").values_list("sha256", flat=True)
    return [Sha256.parse(one) for one in found]


def spoil(path: Path) -> None:
    """Change one byte, and nothing that `ls` would show."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def opened(data: Path) -> House:
    """A data folder that was filled; `looking_at` has its rows."""
    return House.open(Settings.load(data, environ={}))


@contextmanager
def looking_at(path: Path) -> Iterator[None]:
    """Django's own database is this SQLite file inside the block."""
    ours = connections["default"]
    with beside.target(database("", path)) as using:
        other = connections[using]
        del connections[using]
        other.alias = "default"
        connections["default"] = other
        try:
            yield
        finally:
            connections["default"] = ours
            connections[using] = other
            other.alias = using
