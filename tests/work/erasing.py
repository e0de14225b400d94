"""Footage to be erased, and the days that go by: for the tests of erasure and rotation."""

from dataclasses import replace
from datetime import timedelta

from tests.conftest import NOW
from tests.work.arriving import DOCK, arrive, film

from bodyworn.core.clock import iso
from bodyworn.core.types import Actor
from bodyworn.records.models import Recording
from bodyworn.work.erase import Wish
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in

DAN = Actor(name="dan")
WISH = Wish(
    policy="Retention policy 4.2",
    authority="Supt B. Osei",
    reason="A child was filmed by mistake.",
    by=DAN,
    is_early=True,
)


def later(house: House, days: float) -> House:
    """The same data folder, so many days after NOW."""
    moment = iso(NOW + timedelta(days=days))
    return House.open(replace(house.settings, frozen_at=moment))


def taken_in(house: House, *numbers: int, sidecars: tuple[tuple[str, bytes], ...] = ()) -> None:
    """Films of these numbers, each a recording."""
    for number in numbers:
        arrival = arrive(house, film(number), sequence=number, sidecars=sidecars)
        take_in(house, arrival, by=DOCK)


def recordings() -> list[Recording]:
    """All, in the order in which they came."""
    return list(Recording.objects.order_by("id"))
