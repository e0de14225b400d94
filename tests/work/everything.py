"""A store with everything that a row or a file can be about: what Mallory may choose from."""

from datetime import timedelta
from typing import Any

from tests.conftest import NOW
from tests.people import ADMINISTRATOR, BOB, CAROL, DAN
from tests.web.pages_world import account_of
from tests.work.arriving import DOCK, STARTED, alices_team, arrive, film
from tests.work.events import looks

from bodyworn.core.types import Actor, Place
from bodyworn.devices.gpstrail import trail_as_bytes
from bodyworn.records import models
from bodyworn.rules.access import AT_THE_MACHINE
from bodyworn.work import census, completeness, jobs, people
from bodyworn.work.description import Said, describe_recording
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.log import integrate
from bodyworn.work.review import add_marker, remove_marker

OPERATOR = Actor(name=f"{AT_THE_MACHINE}root")
KNOWN: tuple[dict[str, Any], ...] = ({"accuracy_m": 3.5, "speed_mps": 1.5}, {}, {"accuracy_m": 9.0})


def furnish(house: House) -> None:
    """People, docks, five recordings of two cameras, copies, marks, findings, two censuses; all of
    it placed and published."""
    _people(house)
    _recordings(house)
    jobs.run_waiting(house)
    _afterthoughts(house)
    for days in (0, 1):
        census.take(on_day(house, days))
        looks(3, start=10 * days)
        integrate(house)


def on_day(house: House, days: int) -> House:
    """The same house so many days later."""
    moment = (NOW + timedelta(days=days)).isoformat().replace("+00:00", "Z")
    return House.open(house.settings.with_(frozen_at=moment))


def _people(house: House) -> None:
    alices_team()
    for actor in (BOB, CAROL, DAN):
        account_of(actor)
    unit = models.Unit.objects.get(name="Standards")
    models.Officer.objects.create(number="4472BT", name="B. Tan", rank="PC", unit=unit)
    for name in ("BX-07", "BX-08", "BX-09"):
        people.add_dock(house, name=name, place=f"Brixton {name[-1]}", by=ADMINISTRATOR)
    people.retire_dock(house, name="BX-08", by=ADMINISTRATOR)


def _recordings(house: House) -> None:
    """Two cameras; one skips numbers, and brings one of them later."""
    for camera, number in (("004471", 1), ("004471", 4), ("004472", 2), ("004471", 9)):
        trail = trail_as_bytes(_places(number), started_at=STARTED)
        sidecars = [("7.key", b"key"), ("7_gpstrail.json", trail)] if number < 4 else []
        _one(house, camera, number, sidecars=sidecars, clock_offset_ms=number)
    for row in completeness.open_findings(9)[:1]:
        completeness.explain(house, OPERATOR, row.pk, reason="The supplier's own.")
    _one(house, "004471", 7)


def _places(number: int) -> list[Place]:
    return [
        Place(
            at=STARTED + timedelta(seconds=60 * number + n),
            latitude=51.4 + number + n / 10,
            longitude=-0.1 - number - n / 10,
            **more,
        )
        for n, more in enumerate(KNOWN)
    ]


def _one(house: House, camera: str, number: int, **more: Any) -> None:
    begun = STARTED + timedelta(hours=number, minutes=int(camera[-1]))
    arrival = arrive(
        house,
        film(100 * int(camera) + number),
        device=camera,
        sequence=number,
        officer="4472BT" if camera == "004472" else "4471QK",
        started_at=begun,
        ended_at=begun + timedelta(minutes=number),
        triggered_at=begun + timedelta(seconds=number),
        **more,
    )
    take_in(house, arrival, by=DOCK)


def _afterthoughts(house: House) -> None:
    first, second = models.Recording.objects.order_by("id")[:2]
    for frame in (3, 5, 9):
        label = f"knife {frame}"
        add_marker(house, CAROL, first.reference, frame=frame, at_ms=40 * frame, label=label)
    gone = models.Marker.objects.order_by("id")[1]
    remove_marker(house, CAROL, first.reference, gone.pk)
    said = Said(title="Lost property", officer="4472BT")
    describe_recording(house, OPERATOR, second.reference, said, reason="It says so.")
