"""What people say later: on record with what was said before, and no hiding place for Mallory."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.people import ADMINISTRATOR, ALICE, BOB, CAROL, DAN, MALLORY
from tests.work.arriving import DOCK, STARTED, alices_team, arrive, film
from tests.work.mallory import by_force

from bodyworn.core.errors import BodywornError, MissingError, RefusedError
from bodyworn.core.terms import EventType, Operation
from bodyworn.core.types import Actor
from bodyworn.records import queries
from bodyworn.records.models import CustodyEvent, Recording, SequenceFinding
from bodyworn.records.queries_of_one import footage_of
from bodyworn.rules.access import AT_THE_MACHINE, Action, may
from bodyworn.work.description import Correction, Said, describe_recording
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.log import integrate
from bodyworn.work.verify import verify_recording, verify_store

pytestmark = pytest.mark.django_db(transaction=True)

OPERATOR = Actor(name=f"{AT_THE_MACHINE}root")
WHY = "The card came in an envelope with her name."


@pytest.fixture
def nobodys(house: House) -> Recording:
    """Footage that came without a word about whose it is."""
    alices_team()
    nothing = {"officer": None, "borough": None, "device": None, "sequence": None}
    take_in(house, arrive(house, **nothing), by=DOCK)
    return Recording.objects.get()


@pytest.fixture
def alices(house: House) -> Recording:
    """Alice's own, as it should be."""
    alices_team()
    take_in(house, arrive(house), by=DOCK)
    return Recording.objects.get()


def describe(
    house: House, row: Recording, by: Actor = OPERATOR, *, dry_run: bool = False, **said: Any
) -> Correction:
    return describe_recording(
        house,
        by,
        row.reference,
        Said(**said),
        reason=WHY,
        dry_run=dry_run,
    )


def codes(house: House) -> set[str]:
    return {wrong["code"] for wrong in verify_store(house).wrong}


def test_nobodys_footage_becomes_alices_with_her_unit_and_its_borough(
    house: House, nobodys: Recording
) -> None:
    found = describe(house, nobodys, officer="4471QK")
    row = Recording.objects.select_related("officer", "unit").get()
    assert (str(row.officer), str(row.unit), row.borough) == ("PC 4471QK", "Lambeth B", "Lambeth")
    assert found.new == {"officer": "4471QK", "unit": "Lambeth B", "borough": "Lambeth"}
    assert found.old == {"officer": None, "unit": None, "borough": None}
    assert found.is_seen
    for actor in (ALICE, BOB, CAROL):
        assert may(actor, Action.VIEW, footage_of(row)).allowed


def test_the_event_keeps_what_was_said_before_and_why(house: House, alices: Recording) -> None:
    found = describe(house, alices, BOB, title="Arrest, Coldharbour Lane", category="Arrest")
    event = CustodyEvent.objects.get(type=EventType.METADATA_MODIFICATION)
    assert (event.uid, event.actor, event.operation) == (found.event, "bob", Operation.ALTERATION)
    assert event.subject == alices.reference
    assert event.detail == {
        "reason": WHY,
        "old": {"title": "Stop and search, Coldharbour Lane", "category": ""},
        "new": {"title": "Arrest, Coldharbour Lane", "category": "Arrest"},
    }


def test_another_beginning_moves_trigger_and_end_and_leaves_the_length(
    house: House, alices: Recording
) -> None:
    begun = STARTED - timedelta(hours=1, milliseconds=7)
    describe(house, alices, started_at=begun)
    row = Recording.objects.get()
    assert (row.started_at, row.started_at_source) == (begun, "person")
    assert row.ended_at - row.started_at == alices.ended_at - alices.started_at
    assert row.reference == alices.reference
    assert verify_store(house).ok


def test_a_dry_run_says_the_same_and_changes_nothing(house: House, nobodys: Recording) -> None:
    tried = describe(house, nobodys, borough="Lambeth", dry_run=True)
    assert tried.event == ""
    assert Recording.objects.get().borough == ""
    assert not CustodyEvent.objects.filter(type=EventType.METADATA_MODIFICATION).exists()
    assert describe(house, nobodys, borough="Lambeth").new == tried.new


def test_corrections_of_corrections_hold_before_and_after_publishing(
    house: House, alices: Recording
) -> None:
    describe(house, alices, title="One", started_at=STARTED - timedelta(days=1))
    describe(house, alices, officer="", borough="Lambeth", title="Two")
    integrate(house)
    describe(house, alices, officer="4471QK", title="")
    describe(house, alices, started_at=STARTED)
    verdict = verify_store(house)
    assert verdict.ok, verdict
    assert verify_recording(house, alices.reference).ok


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE records_recording SET title = 'Lost property'", "books.altered"),
        ("UPDATE records_recording SET borough = 'Camden'", "books.altered"),
        ("UPDATE records_recording SET officer_id = NULL", "books.altered"),
        ("UPDATE records_recording SET started_at = '2026-04-01 00:00:00+00:00'", "books.altered"),
        ("UPDATE records_recording SET started_at_source = 'camera'", "books.altered"),
        ("UPDATE records_recording SET locality = 'Camden Town'", "books.fact"),
        ("UPDATE records_recording SET category = 'Training'", "books.fact"),
        ("UPDATE records_recording SET sequence = 99", "books.capture"),
        ("UPDATE records_recording SET clock_offset_ms = 9", "books.claim"),
        (
            "UPDATE records_custodyevent SET salts = '{}' WHERE type = 'metadata modification'",
            "books.salt-gone books.forgotten",
        ),
    ],
)
def test_a_described_recording_that_mallory_changes_is_found(
    house: House, nobodys: Recording, sql: str, code: str
) -> None:
    describe(house, nobodys, officer="4471QK", title="Stop", started_at=STARTED - timedelta(days=1))
    assert verify_store(house).ok
    assert by_force(sql)
    assert codes(house) == set(code.split())


def test_a_correction_does_not_wash_what_mallory_had_changed_before(
    house: House, alices: Recording
) -> None:
    describe(house, alices, title="One")
    by_force("UPDATE records_recording SET title = 'Mallory was here'")
    describe(house, alices, title="Two")
    assert codes(house) == {"books.altered"}


def test_nor_one_before_the_first_correction(house: House, alices: Recording) -> None:
    by_force("UPDATE records_recording SET borough = 'Camden'")
    describe(house, alices, borough="Lambeth")
    assert codes(house) == {"books.place"}


def test_a_correction_that_was_deleted_is_found(house: House, nobodys: Recording) -> None:
    describe(house, nobodys, borough="Lambeth")
    by_force("DELETE FROM records_custodyevent WHERE type = 'metadata modification'")
    assert codes(house) == {"books.place"}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, "describe.nothing-new"),
        ({"title": "Stop and search, Coldharbour Lane"}, "describe.nothing-new"),
        ({"officer": "4471QK"}, "describe.nothing-new"),
        ({"officer": "9999XX"}, "describe.no-officer"),
        ({"borough": "Lambet"}, "describe.no-borough"),
        ({"title": "x" * 201}, "describe.too-long"),
        ({"category": "x" * 201}, "describe.too-long"),
        ({"started_at": STARTED.replace(year=1999)}, "describe.no-such-time"),
        ({"started_at": STARTED.replace(year=2027)}, "describe.no-such-time"),
        ({"officer": "", "borough": ""}, "describe.nobodys"),
    ],
)
def test_what_is_wrong_is_refused_in_a_sentence_and_changes_nothing(
    house: House, alices: Recording, said: dict[str, Any], code: str
) -> None:
    with pytest.raises((RefusedError, MissingError)) as refused:
        describe(house, alices, **said)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")
    assert not CustodyEvent.objects.filter(type=EventType.METADATA_MODIFICATION).exists()
    assert verify_store(house).ok


def test_no_reason_is_no_correction(house: House, alices: Recording) -> None:
    with pytest.raises(RefusedError) as refused:
        describe_recording(house, OPERATOR, alices.reference, Said(title="One"), reason=" \n")
    assert refused.value.code == "describe.no-reason"


@pytest.mark.parametrize("actor", [ALICE, CAROL], ids=lambda actor: actor.name)
def test_who_may_watch_may_not_therefore_correct(
    house: House, alices: Recording, actor: Actor
) -> None:
    with pytest.raises(RefusedError) as refused:
        describe(house, alices, actor, title="Nothing to see")
    assert refused.value.code == "access.refused"
    assert CustodyEvent.objects.get(type=EventType.ACCESS_REFUSED).detail["action"] == "describe"


@pytest.mark.parametrize("actor", [DAN, MALLORY, ADMINISTRATOR], ids=lambda actor: actor.name)
def test_for_everybody_else_it_is_not_there(house: House, alices: Recording, actor: Actor) -> None:
    with pytest.raises(MissingError):
        describe(house, alices, actor, title="Nothing to see")


def test_an_administrator_finds_nobodys_footage_and_says_whose_it_is_once(
    house: House, nobodys: Recording
) -> None:
    (listed,) = queries.newest(ADMINISTRATOR, limit=5)
    assert listed.reference == nobodys.reference
    assert not may(ADMINISTRATOR, Action.VIEW, footage_of(nobodys)).allowed
    describe(house, nobodys, ADMINISTRATOR, borough="Lambeth")
    assert queries.newest(ADMINISTRATOR, limit=5) == ()
    with pytest.raises(MissingError):
        describe(house, nobodys, ADMINISTRATOR, borough="")


def test_an_officer_who_changed_units_since_takes_no_old_footage_along(
    house: House, alices: Recording
) -> None:
    by_force("INSERT INTO records_unit (name, borough) VALUES ('Camden A', 'Camden')")
    by_force(
        "UPDATE records_officer SET unit_id = (SELECT id FROM records_unit WHERE name = 'Camden A')"
    )
    found = describe(house, alices, officer="4471QK", title="Only the title")
    assert found.new == {"title": "Only the title"}


SOMETHING = st.one_of(st.none(), st.text(max_size=220))


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.lists(
        st.builds(
            Said,
            officer=st.sampled_from([None, "4471QK", "", "9999XX"]),
            borough=st.sampled_from([None, "Lambeth", "", "Camden"]),
            title=SOMETHING,
            category=SOMETHING,
            started_at=st.none()
            | st.timedeltas(timedelta(days=-400), timedelta(days=3)).map(STARTED.__add__),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_people_say_the_books_agree(
    house: House, alices: Recording, sayings: list[Said]
) -> None:
    for said in sayings:
        try:
            found = describe_recording(house, OPERATOR, alices.reference, said, reason=WHY)
        except BodywornError:
            continue
        assert found.old.keys() == found.new.keys() != set()
    assert verify_recording(house, alices.reference).ok


def test_another_beginning_has_the_cameras_numbers_counted_again(house: House) -> None:
    """They count in the order in which the recordings began; the finding comes with its event."""
    alices_team()
    for number in (1, 2):
        begun = STARTED + timedelta(hours=number - 4)
        when = {"started_at": begun, "ended_at": begun + timedelta(minutes=1)}
        take_in(house, arrive(house, film(number), sequence=number, **when), by=DOCK)
    assert not SequenceFinding.objects.exists()
    second = Recording.objects.get(sequence=2)
    describe(house, second, started_at=STARTED - timedelta(hours=5))
    assert SequenceFinding.objects.filter(closed_at=None).exists()
    assert verify_store(house).ok
    describe(house, second, started_at=STARTED)
    assert not SequenceFinding.objects.filter(closed_at=None).exists()
    assert verify_store(house).ok
