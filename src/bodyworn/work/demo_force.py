"""The demonstration's force as rows: units, officers, accounts and docks; and how far it is.

Everybody and everything is invented by `devices.simulate`. They are made by the same verbs that an
administrator uses, with their events.
"""

from dataclasses import dataclass

from django.db import transaction

from bodyworn.core.terms import CopyKind
from bodyworn.core.types import Actor
from bodyworn.devices.simulate import Person, World
from bodyworn.records.models import CustodyEvent, Job, JobState, Recording
from bodyworn.work import people
from bodyworn.work.house import House

ACTOR = Actor(name="system:demo")
PLAYER = {CopyKind.FRAMES, CopyKind.INDEX, CopyKind.PROXY}  # copies without which it cannot play


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Somebody that one can be."""

    name: str  # to sign in with
    display: str  # `DC A. Patel`
    post: str  # `investigator`
    unit: str  # `Lambeth CID`, or empty


@transaction.atomic
def populate(house: House, world: World, *, password: str) -> dict[str, str]:
    """Units, officers, accounts and docks of the world; the docks' tokens by name."""
    for unit in world.units:
        people.add_unit(name=unit.name, borough=unit.borough)
    for officer in world.officers:
        people.add_officer(
            number=officer.number, name=officer.name, rank=officer.rank, unit=officer.unit
        )
    for person in world.people:
        _add_account(house, person, password)
    docks = [
        people.add_dock(house, name=dock.name, place=dock.place, by=ACTOR) for dock in world.docks
    ]
    return {made.dock.name: made.token for made in docks}


def sign_ins(world: World) -> list[SignIn]:
    """Everybody with an account."""
    return [
        SignIn(name=p.account, display=p.display, post=p.post, unit=p.unit or "")
        for p in world.people
        if p.role
    ]


def can_be_watched(reference: str) -> bool:
    """Whether everything that the player needs of this recording is made."""
    recording = Recording.objects.filter(reference=reference).first()
    waiting = {JobState.QUEUED, JobState.RUNNING}
    return recording is not None and not (
        Job.objects.filter(recording=recording, state__in=waiting, kind__in=PLAYER).exists()
    )


def still_to_do() -> int:
    """Jobs and events that wait; 0 when the folder has come to rest."""
    waiting = {JobState.QUEUED, JobState.RUNNING}
    jobs = Job.objects.filter(state__in=waiting).count()
    return jobs + CustodyEvent.objects.filter(leaf_index__isnull=True).count()


def _add_account(house: House, person: Person, password: str) -> None:
    """People whose part of the house does not exist yet have no account."""
    if person.role is None:
        return
    people.add_user(
        house,
        name=person.account,
        password=password,
        display=person.display,
        role=person.role,
        by=ACTOR,
        unit=person.unit,
        officer=person.officer.number if person.officer else None,
    )
