"""The rule and the query are one law in two forms: what a list shows is what the rule allows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from bodyworn.core.terms import Condition, Role
from bodyworn.core.types import Actor
from bodyworn.records import models
from bodyworn.records.queries import visible_to
from bodyworn.records.queries_of_one import footage_of
from bodyworn.rules.access import AT_THE_MACHINE, Action, may

NOW = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)
BOROUGHS = ("Lambeth", "Camden", "")
OFFICERS = ("4471QK", "5120EK", None)
UNITS = ("Lambeth B", "Camden A", None)


@pytest.fixture
def footage(db: None) -> list[models.Recording]:
    """A recording for every borough, officer and unit that there may be."""
    units = {
        name: models.Unit.objects.create(name=name, borough=name.split()[0])
        for name in UNITS
        if name
    }
    wearers = {
        number: models.Officer.objects.create(
            number=number, name="N. N.", rank="PC", unit=units["Lambeth B"]
        )
        for number in OFFICERS
        if number
    }
    return [
        recording(count, borough, wearers.get(officer or ""), units.get(unit or ""))
        for count, (borough, officer, unit) in enumerate(product(BOROUGHS, OFFICERS, UNITS))
    ]


def recording(
    number: int, borough: str, officer: models.Officer | None, unit: models.Unit | None
) -> models.Recording:
    return models.Recording.objects.create(
        reference=f"BWV-26-0412-{number:04}",
        upload=f"{number:032x}",
        filename="film.mp4",
        borough=borough,
        officer=officer,
        unit=unit,
        started_at=NOW,
        started_at_source="camera",
        ended_at=NOW + timedelta(seconds=1),
        duration_ms=1000,
        received_at=NOW,
        recorded_at=NOW,
        condition=Condition.PLAYABLE,
        condition_reason="It opens and plays.",
        pseudonym_salt=bytes(16),
    )


def actors() -> Iterator[Actor]:
    """Every kind of account, with and without a unit, a borough and a camera; and the machine."""
    roles = [frozenset[Role](), *(frozenset({role}) for role in Role), frozenset(Role)]
    for role, officer, unit, borough in product(
        roles, (*OFFICERS, ""), (*UNITS, ""), (*BOROUGHS, None)
    ):
        yield Actor(name="somebody", roles=role, officer=officer, unit=unit, borough=borough)
    yield Actor(name=f"{AT_THE_MACHINE}root")


def test_a_list_shows_exactly_what_the_rule_allows(footage: list[models.Recording]) -> None:
    rows = models.Recording.objects.select_related("officer", "unit")
    for actor in actors():
        shown = {row.reference for row in rows.filter(visible_to(actor))}
        allowed = {r.reference for r in footage if may(actor, Action.LIST, footage_of(r)).allowed}
        assert shown == allowed, actor


def test_whoever_may_see_may_know_of_it(footage: list[models.Recording]) -> None:
    """No action may be allowed on a recording that its actor cannot find in a list."""
    actions = [one for one in Action if one is not Action.ADMINISTER]
    for actor in actors():
        for row in footage:
            allowed = {one for one in actions if may(actor, one, footage_of(row)).allowed}
            assert not allowed or Action.LIST in allowed, (actor, allowed)
