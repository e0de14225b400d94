"""Completeness of capture: late, missing, repeated and begun again, each with its leaf."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.people import ADMINISTRATOR, BOB, CAROL, DAN, MALLORY
from tests.work.arriving import STARTED

from bodyworn.core.errors import BodywornError, DamagedError
from bodyworn.core.terms import EventType, Oddity
from bodyworn.core.types import Actor
from bodyworn.records import queries
from bodyworn.records.models import (
    CustodyEvent,
    Device,
    Officer,
    Recording,
    SequenceFinding,
    Unit,
)
from bodyworn.rules.sequence import Finding, findings
from bodyworn.work import completeness
from bodyworn.work.house import House
from bodyworn.work.log import integrate

DOCK = Actor(name="system:dock:BX-07")
Made = tuple[int, int]  # (number, minute in which the camera made it)
SOME = [(5, 5), (6, 6), (7, 7), (9, 9), (9, 10), (1, 20), (2, 21), (4, 23)]


@pytest.fixture
def camera(house: House) -> Device:
    return Device.objects.create(serial="004471", make="simulated", model="S1")


def arrive(camera: Device, made: Made, *, now: datetime = STARTED) -> Recording:
    """A recording's row, and the judgement in the same transaction."""
    number, minute = made
    count = Recording.objects.count()
    with transaction.atomic():
        started = STARTED + timedelta(minutes=minute)
        recording = Recording.objects.create(
            reference=f"BWV-{count:04}",
            upload=f"{count:032}",
            filename="a.mp4",
            device=camera,
            sequence=number,
            started_at=started,
            started_at_source="camera",
            ended_at=started,
            duration_ms=0,
            received_at=now,
            recorded_at=now,
            borough="Lambeth",
            condition="playable",
            pseudonym_salt=bytes(16),
        )
        completeness.judge(recording, by=DOCK, now=now)
    return recording


def arrived(camera: Device, *made: Made) -> None:
    for one in made:
        arrive(camera, one)


def standing(camera: Device) -> Counter[Finding]:
    rows = SequenceFinding.objects.filter(device=camera, closed_at=None)
    return Counter(completeness._as_noun(row) for row in rows)


def missing(first: int, last: int) -> Finding:
    return Finding(kind=Oddity.GAP, first=first, last=last)


def story() -> list[tuple[str, int, int]]:
    """The events on the camera's count, as (type, first, last)."""
    rows = CustodyEvent.objects.filter(type__startswith="sequence:").order_by("id")
    return [(row.type, row.detail["first"], row.detail["last"]) for row in rows]


def expected(made: Iterable[Made]) -> Counter[Finding]:
    ordered = sorted(made, key=lambda one: (one[1], one[0]))
    return Counter(findings(number for number, _ in ordered))


def code_of(house: House, number: int, reason: str) -> str:
    with pytest.raises(BodywornError) as caught:
        completeness.explain(house, BOB, number, reason=reason)
    return caught.value.code


def test_a_gap_is_a_finding_and_a_leaf(camera: Device) -> None:
    arrived(camera, (5, 5), (8, 8))
    assert standing(camera) == Counter([missing(6, 7)])
    (event,) = CustodyEvent.objects.filter(type=EventType.SEQUENCE_GAP)
    assert event.subject == "device:004471"
    assert event.detail["device"] == "004471"
    assert (event.detail["first"], event.detail["last"]) == (6, 7)
    assert event.actor == DOCK.name
    assert event.leaf


def test_docking_out_of_order_leaves_no_false_gap_and_both_leaves(camera: Device) -> None:
    arrived(camera, (4, 4), (7, 7), (5, 5), (6, 6))
    assert standing(camera) == Counter()
    assert story() == [
        ("sequence:gap", 5, 6),
        ("sequence:closed", 5, 6),
        ("sequence:gap", 6, 6),
        ("sequence:closed", 6, 6),
    ]


def test_numbers_before_the_first_that_we_know_are_not_missing(camera: Device) -> None:
    arrived(camera, (7, 7))
    assert story() == []
    arrived(camera, (5, 5))
    assert standing(camera) == Counter([missing(6, 6)])
    arrived(camera, (6, 6))
    assert standing(camera) == Counter()


def test_what_is_left_of_a_gap_is_as_old_as_the_gap(camera: Device) -> None:
    later = STARTED + timedelta(days=3)
    arrived(camera, (1, 1), (9, 9))
    arrive(camera, (4, 4), now=later)
    rows = SequenceFinding.objects.filter(closed_at=None).order_by("first")
    assert [(row.first, row.last, row.since) for row in rows] == [(2, 3, STARTED), (5, 8, STARTED)]
    assert [row.shown_by.sequence for row in rows if row.shown_by] == [4, 9]


def test_one_number_for_two_recordings_names_both(camera: Device) -> None:
    arrived(camera, (5, 5), (5, 6))
    (event,) = CustodyEvent.objects.filter(type=EventType.SEQUENCE_REPEAT)
    assert event.detail["recordings"] == ["BWV-0000", "BWV-0001"]
    assert event.recording
    assert event.recording.reference == "BWV-0001"


def test_a_count_that_begins_again_is_no_loss(camera: Device) -> None:
    arrived(camera, (100, 0), (101, 1), (1, 2), (2, 3), (1, 4))
    resets = Finding(kind=Oddity.RESET, first=1, last=1)
    assert standing(camera) == Counter({resets: 2})
    assert story() == [("sequence:reset", 1, 1)] * 2


def test_cameras_do_not_fill_each_others_gaps(camera: Device) -> None:
    other = Device.objects.create(serial="004472", make="simulated", model="S1")
    arrived(camera, (1, 1), (3, 3))
    arrived(other, (2, 2))
    assert standing(camera) == Counter([missing(2, 2)])
    assert standing(other) == Counter()


def test_the_last_number_is_that_of_the_youngest_recording(camera: Device) -> None:
    for made, last in [((5, 5), 5), ((9, 9), 9), ((7, 7), 9), ((1, 20), 1)]:
        arrive(camera, made)
        camera.refresh_from_db()
        assert camera.last_sequence == last


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.one_of(
        st.permutations(SOME),
        st.lists(st.tuples(st.integers(1, 8), st.integers(0, 40)), max_size=8),
    )
)
def test_whatever_the_order_of_arrival_the_same_findings_stand(
    camera: Device, made: Sequence[Made]
) -> None:
    """And every one that ever stood has its leaf, for opening and for closing."""
    with transaction.atomic():
        arrived(camera, *made)
        assert standing(camera) == expected(made)
        completeness.check_count(camera)
        opened = sum(type_ != "sequence:closed" for type_, _, _ in story())
        closed = sum(type_ == "sequence:closed" for type_, _, _ in story())
        assert SequenceFinding.objects.count() == opened
        assert SequenceFinding.objects.exclude(closed_at=None).count() == closed
        transaction.set_rollback(True)


def test_a_recording_without_camera_or_number_is_judged_by_nobody(camera: Device) -> None:
    arrive(camera, (5, 5))
    stranger = Recording.objects.get()
    stranger.sequence = None
    completeness.judge(stranger, by=DOCK, now=STARTED)
    stranger.sequence, stranger.device = 9, None
    completeness.judge(stranger, by=DOCK, now=STARTED)
    assert story() == []


def test_a_person_explains_a_gap_and_it_waits_for_nobody(house: House, camera: Device) -> None:
    arrived(camera, (1, 1), (4, 4))
    (row,) = completeness.open_findings(5)
    assert completeness.told(row) == "Camera 004471: recordings 2 to 3 are missing."
    completeness.explain(house, BOB, row.pk, reason=" Test recordings of the supplier. ")
    assert completeness.open_findings(5) == []
    (event,) = CustodyEvent.objects.filter(type=EventType.SEQUENCE_EXPLAINED)
    assert (event.actor, event.subject) == ("bob", "device:004471")
    assert event.detail["reason"] == "Test recordings of the supplier."
    assert code_of(house, row.pk, "Again.") == "completeness.explained-already"
    completeness.check_count(camera)


def test_what_contradicts_an_explanation_opens_the_rest_again(house: House, camera: Device) -> None:
    """It was said that 2 and 3 never were; then 3 came. So what of 2?"""
    arrived(camera, (1, 1), (4, 4))
    completeness.explain(house, BOB, completeness.open_findings(1)[0].pk, reason="Never were.")
    arrived(camera, (3, 3))
    (row,) = completeness.open_findings(5)
    assert (row.first, row.last) == (2, 2)
    (closed,) = CustodyEvent.objects.filter(type=EventType.SEQUENCE_CLOSED)
    assert closed.detail["was_explained"] is True


@pytest.mark.parametrize("reason", ["", "  ", "x" * 401, "two\nlines", "\x1b[2J"])
def test_an_explanation_is_one_line(house: House, camera: Device, reason: str) -> None:
    arrived(camera, (1, 1), (3, 3))
    number = completeness.open_findings(1)[0].pk
    assert code_of(house, number, reason) == "completeness.no-reason"
    assert code_of(house, number + 1, "Because.") == "completeness.no-finding"


def test_a_finding_without_its_event_is_noticed(camera: Device) -> None:
    arrived(camera, (1, 1), (4, 4))
    completeness.check_count(camera)
    SequenceFinding.objects.update(first=3)
    with pytest.raises(DamagedError) as caught:
        completeness.check_count(camera)
    assert caught.value.code == "books.sequence"


def test_a_gap_that_somebody_took_off_the_list_is_noticed(camera: Device) -> None:
    arrived(camera, (1, 1), (4, 4))
    SequenceFinding.objects.update(closed_at=STARTED)
    with pytest.raises(DamagedError, match="not those of its recordings"):
        completeness.check_count(camera)


def test_a_recording_that_was_taken_away_with_its_finding_is_noticed(camera: Device) -> None:
    arrived(camera, (1, 1), (2, 2), (3, 3))
    Recording.objects.filter(sequence=2).delete()
    with pytest.raises(DamagedError):
        completeness.check_count(camera)


def test_who_is_told_of_a_gap(house: House, camera: Device) -> None:
    """Those who may see what shows it; and who keeps cameras, without a word about footage."""
    unit = Unit.objects.create(name="Lambeth B", borough="Lambeth")
    officer = Officer.objects.create(number="4471QK", name="A. Khan", rank="PC", unit=unit)
    arrived(camera, (1, 1), (4, 4))
    Recording.objects.update(unit=unit, officer=officer)
    for actor in (BOB, CAROL):
        (one,) = queries.odd_counts(actor, limit=5)
        assert (one.camera, one.finding, one.since) == ("004471", missing(2, 3), STARTED)
        assert (one.reference, one.officer) == ("BWV-0001", "4471QK")
    (one,) = queries.odd_counts(ADMINISTRATOR, limit=5)
    assert (one.finding, one.reference, one.officer) == (missing(2, 3), "", None)
    assert queries.odd_counts(DAN, limit=5) == queries.odd_counts(MALLORY, limit=5) == ()


@pytest.mark.django_db(transaction=True)
def test_gaps_are_in_the_signed_tree(house: House, camera: Device) -> None:
    arrived(camera, (1, 1), (4, 4), (2, 2), (3, 3))
    checkpoint = integrate(house)
    assert checkpoint
    assert checkpoint.size == len(story()) == 4
