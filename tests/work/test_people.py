"""Accounts and docks: no two alike, no weak password, no secret that can be read back."""

import pytest
from tests.people import ADMINISTRATOR

from bodyworn.core.errors import MissingError, RefusedError
from bodyworn.core.terms import EventType, Role
from bodyworn.records.models import CustodyEvent, Dock, User
from bodyworn.work import people
from bodyworn.work.house import House

PASSWORD = "correct horse battery staple"


def add_user(house: House, name: str = "bob", **changes: object) -> User:
    facts: dict[str, object] = {
        "name": name,
        "password": PASSWORD,
        "display": "PS B. Okafor",
        "role": Role.SUPERVISOR,
        "by": ADMINISTRATOR,
    }
    return people.add_user(house, **{**facts, **changes})  # type: ignore[arg-type]


def test_an_account_has_its_place_and_its_event(house: House) -> None:
    people.add_unit(name="Lambeth B", borough="Lambeth")
    people.add_officer(number="4471QK", name="A. Khan", rank="PC", unit="Lambeth B")
    user = add_user(house, "4471QK", role=Role.OFFICER, unit="Lambeth B", officer="4471QK")
    actor = user.as_actor()
    assert (actor.officer, actor.unit, actor.borough) == ("4471QK", "Lambeth B", "Lambeth")
    assert user.check_password(PASSWORD)
    event = CustodyEvent.objects.get(type=EventType.ACCOUNT_ADDED)
    assert (event.actor, event.subject) == ("frances", "account:4471QK")


def test_no_two_accounts_have_one_name(house: House) -> None:
    add_user(house)
    with pytest.raises(RefusedError) as refused:
        add_user(house)
    assert refused.value.code == "people.name-taken"
    assert CustodyEvent.objects.count() == 1, "no change, no event"


@pytest.mark.parametrize(
    "name",
    ["", "system:dock:BX-07", "a:b", " bob", "bob\n", "-bob", "b" * 61, "böb", "bob smith"],
)
def test_a_name_that_could_pass_for_something_else_is_refused(house: House, name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        add_user(house, name)
    assert refused.value.code == "people.bad-name"
    with pytest.raises(RefusedError):
        people.add_dock(house, name=name, place="Brixton", by=ADMINISTRATOR)


def test_a_short_password_is_refused(house: House) -> None:
    with pytest.raises(RefusedError) as refused:
        add_user(house, password="short")
    assert refused.value.code == "people.weak-password"


@pytest.mark.parametrize(
    ("change", "code"),
    [({"unit": "Nowhere"}, "people.no-unit"), ({"officer": "0000"}, "people.no-officer")],
)
def test_what_an_account_points_at_must_be_there(
    house: House, change: dict[str, str], code: str
) -> None:
    with pytest.raises(MissingError) as missing:
        add_user(house, **change)
    assert missing.value.code == code


def test_a_unit_may_be_added_again_but_not_moved(house: House) -> None:
    first = people.add_unit(name="Lambeth B", borough="Lambeth")
    assert people.add_unit(name="Lambeth B", borough="Lambeth") == first
    with pytest.raises(RefusedError):
        people.add_unit(name="Lambeth B", borough="Camden")


def test_a_collar_number_has_one_wearer(house: House) -> None:
    people.add_unit(name="Lambeth B", borough="Lambeth")
    people.add_officer(number="4471QK", name="A. Khan", rank="PC", unit="Lambeth B")
    with pytest.raises(RefusedError):
        people.add_officer(number="4471QK", name="B. Khan", rank="PC", unit="Lambeth B")
    with pytest.raises(MissingError):
        people.add_officer(number="4472QK", name="B. Khan", rank="PC", unit="Nowhere")


def test_a_dock_is_known_by_its_token_and_by_no_other(house: House) -> None:
    one = people.add_dock(house, name="BX-07", place="Brixton", by=ADMINISTRATOR)
    two = people.add_dock(house, name="BX-08", place="Brixton", by=ADMINISTRATOR)
    assert people.dock_by_token(one.token) == one.dock
    assert people.dock_by_token(two.token) == two.dock
    assert people.dock_by_token(one.token + "x") is None
    assert people.dock_by_token("") is None
    assert people.dock_by_token("\udcff") is None
    assert people.as_actor(one.dock).name == "system:dock:BX-07"
    assert one.token not in repr(one)


def test_a_retired_dock_opens_nothing_and_stays_on_record(house: House) -> None:
    made = people.add_dock(house, name="BX-07", place="Brixton", by=ADMINISTRATOR)
    people.retire_dock(house, name="BX-07", by=ADMINISTRATOR)
    assert people.dock_by_token(made.token) is None
    assert Dock.objects.count() == 1
    with pytest.raises(MissingError):
        people.retire_dock(house, name="BX-07", by=ADMINISTRATOR)
    assert CustodyEvent.objects.filter(type=EventType.DOCK_RETIRED).count() == 1
