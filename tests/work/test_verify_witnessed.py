"""`verify` of the store judges what the witnesses signed, where there is a policy."""

import pytest
from tests.custody.overseeing import COMPLAINTS, MAYOR, WITNESSES, cosigned
from tests.work.events import looks

from bodyworn.custody.checkpoint import make
from bodyworn.settings import Settings
from bodyworn.work.house import House
from bodyworn.work.log import integrate
from bodyworn.work.verify import verify_store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def settings_of_house(settings_of_house: Settings) -> Settings:
    """With a policy."""
    return settings_of_house.with_(witness_policy="witness-policy.txt")


@pytest.fixture
def watched(house: House) -> House:
    """A log with a policy, and nobody who has signed yet."""
    lines = [f"witness {name} {one.key.text}" for name, one in WITNESSES.items()]
    quorum = "group oversight 2 complaints mayor university\nquorum oversight\n"
    assert house.settings.policy
    house.settings.policy.write_text("\n".join([*lines, quorum]))
    looks(20)
    integrate(house)
    return house


def sentence(house: House) -> tuple[bool, str]:
    step = verify_store(house).steps[0]
    return step.ok, step.sentence


def test_witnesses_that_are_away_are_no_damage(watched: House) -> None:
    ok, told = sentence(watched)
    assert ok
    assert "witnesses" not in told


def test_what_the_witnesses_signed_is_judged(watched: House) -> None:
    head = watched.log.checkpoint()
    assert head
    signed = cosigned(head.note_text, COMPLAINTS, MAYOR)
    watched.layout.log_witnessed.write_text(signed)
    looks(3, start=20)
    integrate(watched)
    ok, told = sentence(watched)
    assert ok, told
    assert "2 of 3 witnesses (complaints, mayor) cosigned the first 20 entries" in told


def test_too_few_signatures_are_said(watched: House) -> None:
    head = watched.log.checkpoint()
    assert head
    watched.layout.log_witnessed.write_text(cosigned(head.note_text, MAYOR))
    ok, told = sentence(watched)
    assert not ok
    assert "asks for more" in told


def test_another_history_that_was_witnessed_is_found(watched: House) -> None:
    other = make(watched.signer.name, 10, bytes(32), signer=watched.signer).note_text
    watched.layout.log_witnessed.write_text(cosigned(other, COMPLAINTS, MAYOR))
    ok, told = sentence(watched)
    assert not ok
    assert "not the first 10 of this log" in told
