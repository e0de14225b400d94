"""Accounts, wearers, units and docks: made by an administrator, each with its event.

What an account may do is for `rules.access`. A password is stored as Django hashes it, a dock's
token as its SHA-256: it has 256 random bits, so nothing slower is needed, and nobody can read it
back. Signing in and out is `web.pages`'s.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from bodyworn.core.errors import MissingError, RefusedError
from bodyworn.core.terms import EventType, Role
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.records import ledger
from bodyworn.records.models import Dock, Officer, Unit, User
from bodyworn.work.books_house import place_of_account
from bodyworn.work.house import House

DOCK = "system:dock:"  # what the name of a dock's actor begins with
TOKEN_SIZE = 32  # bytes of randomness
# No colon: `system:dock:BX-07` is a part of the system, and nobody may sign in under such a name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,59}")


@dataclass(frozen=True, slots=True)
class NewDock:
    """A dock and its token, which nobody can read a second time."""

    dock: Dock
    token: str = field(repr=False)


def add_unit(*, name: str, borough: str) -> Unit:
    """A unit; adding it again is no error. Raises RefusedError people.name-taken, .bad-name."""
    unit, _ = Unit.objects.get_or_create(
        name=_text(name, 80), defaults={"borough": _text(borough, 60)}
    )
    if unit.borough != borough.strip():
        raise RefusedError("people.name-taken", f"The unit {unit.name} belongs to {unit.borough}.")
    return unit


def add_officer(*, number: str, name: str, rank: str, unit: str) -> Officer:
    """A wearer. Raises RefusedError people.name-taken, MissingError people.no-unit."""
    with _new(f"the number {number}"):
        return Officer.objects.create(
            number=_text(number, 20), name=_text(name, 120), rank=_text(rank, 20), unit=_unit(unit)
        )


def add_user(
    house: House,
    *,
    name: str,
    password: str,
    display: str,
    role: Role,
    by: Actor,
    unit: str | None = None,
    officer: str | None = None,
) -> User:
    """An account. Raises RefusedError people.weak-password, .name-taken, .bad-name,
    MissingError people.no-unit, .no-officer."""
    _check_name(name)
    _check_password(password)
    now = house.now()  # once: the row is compared with its event
    facts = {
        "display": _text(display, 120),
        "role": role.value,
        "unit": _unit(unit) if unit else None,
        "officer": _officer(officer) if officer else None,
        "created_at": now,
    }
    with _new(f"the name {name}"):
        user = User.objects.create_user(name, password, **facts)
        detail = place_of_account(user)
        _record(EventType.ACCOUNT_ADDED, f"account:{name}", by=by, now=now, detail=detail)
        return user


def add_dock(house: House, *, name: str, place: str, by: Actor) -> NewDock:
    """A dock and its new token. Raises RefusedError people.name-taken, people.bad-name."""
    _check_name(name)
    token, now = secrets.token_urlsafe(TOKEN_SIZE), house.now()
    with _new(f"the name {name}"):
        dock = Dock.objects.create(
            name=name,
            place=_text(place, 120),
            token_sha256=_hashed(token),
            created_at=now,
        )
        detail = {"place": dock.place, "token_sha256": dock.token_sha256}
        _record(EventType.DOCK_ADDED, f"dock:{name}", by=by, now=now, detail=detail)
        return NewDock(dock, token)


def retire_dock(house: House, *, name: str, by: Actor) -> None:
    """Its token opens nothing any more; what it brought stays. Raises MissingError."""
    with transaction.atomic():
        if not Dock.objects.filter(name=name, is_active=True).update(is_active=False):
            raise MissingError("people.no-dock", f"There is no active dock {name}.")
        _record(EventType.DOCK_RETIRED, f"dock:{name}", by=by, now=house.now(), detail={})


def dock_by_token(token: str) -> Dock | None:
    """The active dock with this token. Compared by hash, so that timing tells nothing."""
    return Dock.objects.filter(token_sha256=_hashed(token), is_active=True).first()


def as_actor(dock: Dock) -> Actor:
    """A dock as the noun that events name."""
    return Actor(name=DOCK + dock.name, display=f"Dock {dock.name}")


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _record(
    type_: EventType, subject: str, *, by: Actor, now: datetime, detail: dict[str, Any]
) -> None:
    event = CustodyEvent(
        type=type_, operation=None, at=now, actor=by.name, subject=subject, detail=detail
    )
    ledger.record(event)


@contextmanager
def _new(what: str) -> Iterator[None]:
    """A transaction in which the database's "that exists already" becomes a sentence."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise RefusedError(
            "people.name-taken",
            f"Somebody has {what} already.",
            hint="Choose another one.",
            status=409,
        ) from error


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise RefusedError(
            "people.bad-name",
            "A name has 1 to 60 letters, digits and . _ @ -, and begins with a letter or digit.",
            hint="A collar number is a good name.",
        )


def _check_password(password: str) -> None:
    try:
        validate_password(password)
    except ValidationError as error:
        raise RefusedError(
            "people.weak-password",
            " ".join(error.messages),
            hint="Take four random words; length is what counts.",
        ) from None


def _text(value: str, longest: int) -> str:
    text = value.strip()
    if not text or len(text) > longest or not text.isprintable():
        raise RefusedError(
            "people.bad-name", f"That must be printable text of 1 to {longest} characters."
        )
    return text


def _unit(name: str) -> Unit:
    try:
        return Unit.objects.get(name=name)
    except Unit.DoesNotExist:
        raise MissingError(
            "people.no-unit", f"There is no unit {name}.", hint="Add the unit first."
        ) from None


def _officer(number: str) -> Officer:
    try:
        return Officer.objects.get(number=number)
    except Officer.DoesNotExist:
        raise MissingError(
            "people.no-officer", f"There is no officer {number}.", hint="Add the officer first."
        ) from None
