"""People with accounts and recordings as docked, for the tests of the pages."""

from collections.abc import Callable
from dataclasses import replace

from django.db import transaction
from django.test import Client
from tests.conftest import NOW
from tests.work import arriving

from bodyworn.core.terms import EventType
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.records import ledger
from bodyworn.records.models import Officer, Recording, Unit, User
from bodyworn.work import ingest, jobs
from bodyworn.work.books_house import place_of_account
from bodyworn.work.house import House

PASSWORD = "correct horse battery staple"
As = Callable[[Actor], Client]


def account_of(actor: Actor) -> User:
    """An account with the rights of this actor."""
    assert actor.unit
    unit, _ = Unit.objects.get_or_create(name=actor.unit, defaults={"borough": actor.borough or ""})
    officer = None
    if actor.officer:
        officer = Officer.objects.create(
            number=actor.officer, name=actor.display[3:], rank="PC", unit=unit
        )
    (role,) = actor.roles
    with transaction.atomic():
        user = User.objects.create_user(
            actor.name,
            PASSWORD,
            display=actor.display,
            role=role,
            unit=unit,
            officer=officer,
            created_at=NOW,
        )
        ledger.record(_added(user))
    return user


def _added(user: User) -> CustodyEvent:
    """As an administrator would have done it."""
    return CustodyEvent(
        type=EventType.ACCOUNT_ADDED,
        operation=None,
        at=NOW,
        actor="admin",
        subject=f"account:{user.name}",
        detail=place_of_account(user),
    )


def kept(house: House, data: bytes | None = None, **changes: object) -> Recording:
    """One more recording, taken in as if docked; `changes` go into its manifest."""
    arrival = arriving.arrive(house, data, **changes)
    manifest = replace(arrival.manifest, sha256=arrival.sha256)
    receipt = ingest.take_in(house, replace(arrival, manifest=manifest), by=arriving.DOCK)
    jobs.run_waiting(house)
    return Recording.objects.get(reference=receipt.reference)
