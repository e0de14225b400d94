"""The public log names nobody: not who, not what, not where."""

import json

from tests.people import ADMINISTRATOR
from tests.work.arriving import DOCK, alices_team, arrive

from bodyworn.core.terms import Role
from bodyworn.records.models import CustodyEvent
from bodyworn.work import people
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.log import integrate

PERSONAL = (
    "4471QK",
    "A. Khan",
    "frances",
    "004471",
    "BWV-26",
    "Brixton",
    "Lambeth",
    "BX-07",
    "0007.mp4",
    "Coldharbour",
    "bob",
)


def test_no_word_about_a_person_or_a_place_is_in_the_public_log(house: House) -> None:
    alices_team()
    people.add_dock(house, name="BX-07", place="Brixton", by=ADMINISTRATOR)
    people.add_user(
        house,
        name="bob",
        password="correct horse battery",
        display="PS B. Okafor",
        role=Role.SUPERVISOR,
        unit="Lambeth B",
        by=ADMINISTRATOR,
    )
    take_in(house, arrive(house), by=DOCK)
    integrate(house)
    public = b"".join(p.read_bytes() for p in house.layout.log.rglob("*") if p.is_file())
    for word in PERSONAL:
        assert word.encode() not in public, f"{word} leaked into the public log"


def test_the_log_does_not_hold_what_would_open_its_commitments(house: House) -> None:
    take_in(house, arrive(house), by=DOCK)
    integrate(house)
    public = b"".join(p.read_bytes() for p in house.layout.log.rglob("*") if p.is_file())
    for row in CustodyEvent.objects.all():
        for salt in row.salts.values():
            assert salt.encode() not in public
            assert bytes.fromhex(salt) not in public
        assert json.loads(bytes(row.leaf))["actor"] != row.actor
