"""Lists walk by cursor and miss nothing; searches and visits are counted right."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import NOW
from tests.people import ALICE, CAROL, MALLORY

from bodyworn.core.errors import MissingError, RefusedError
from bodyworn.core.terms import Condition, EventType
from bodyworn.core.types import CustodyEvent
from bodyworn.records import ledger, queries, queries_of_one
from bodyworn.records.models import Recording, RetentionDecision
from bodyworn.records.queries import Filters, Page

pytestmark = pytest.mark.django_db
EVERYTHING = Filters()


def made(number: int, *, minutes: int = 0, **facts: object) -> Recording:
    """A recording in Lambeth, so many minutes before now."""
    began = NOW - timedelta(minutes=minutes)
    values: dict[str, object] = {
        "reference": f"BWV-{number:04}",
        "upload": f"{number:032x}",
        "filename": "a.mp4",
        "borough": "Lambeth",
        "started_at": began,
        "started_at_source": "camera",
        "ended_at": began,
        "duration_ms": 0,
        "received_at": NOW,
        "recorded_at": NOW,
        "condition": Condition.PLAYABLE,
        "condition_reason": "It plays.",
        "pseudonym_salt": bytes(16),
    }
    return Recording.objects.create(**{**values, **facts})


def walked(*, limit: int) -> list[str]:
    """The whole list by following `older`."""
    page = queries.recordings(CAROL, EVERYTHING, limit=limit)
    seen = references(page)
    while page.older:
        page = queries.recordings(CAROL, EVERYTHING, before=page.older, limit=limit)
        seen += references(page)
    while page.newer:
        page = queries.recordings(CAROL, EVERYTHING, after=page.newer, limit=limit)
    assert references(page) == seen[: len(references(page))]
    return seen


def references(page: Page) -> list[str]:
    return [row.reference for row in page.rows]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    minutes=st.lists(st.integers(0, 5), max_size=12),
    limit=st.integers(1, 5),
)
def test_a_walk_meets_every_recording_once_there_and_back(minutes: list[int], limit: int) -> None:
    with transaction.atomic():
        for number, ago in enumerate(minutes):
            made(number, minutes=ago)
        expected = Recording.objects.order_by("-started_at", "-id")
        assert walked(limit=limit) == list(expected.values_list("reference", flat=True))
        transaction.set_rollback(True)


def test_a_list_shows_nothing_to_somebody_without_a_role() -> None:
    made(1)
    assert queries.recordings(MALLORY, EVERYTHING).rows == ()


@pytest.mark.parametrize("cursor", ["x", "1", "1-", "-", "9" * 30 + "-1", "1-" + "9" * 5000])
def test_a_cursor_from_nowhere_is_refused(cursor: str) -> None:
    with pytest.raises(RefusedError) as refused:
        queries.recordings(CAROL, EVERYTHING, before=cursor)
    assert refused.value.code == "records.bad-cursor"


def test_the_newest_decision_says_how_long_a_row_is_kept() -> None:
    row = made(1)
    for days in (31, 90):
        RetentionDecision.objects.create(
            recording=row,
            keep_until=NOW + timedelta(days=days),
            rule="r",
            reason="why",
            decided_at=NOW,
            decided_by="test",
        )
    (listed,) = queries.recordings(CAROL, EVERYTHING).rows
    assert listed.keep_until == NOW + timedelta(days=90)


def test_a_percent_sign_in_a_search_is_a_percent_sign() -> None:
    made(1, title="100% sure")
    made(2, title="100 yards")
    found = queries.recordings(CAROL, Filters(words=queries.split_words("100%")))
    assert references(found) == ["BWV-0001"]


def test_what_is_damaged_or_was_set_aside_needs_attention() -> None:
    made(1)
    made(2, condition=Condition.DAMAGED)
    happened(EventType.QUARANTINE, made(3))
    found = queries.needing_attention(CAROL, limit=9)
    assert {row.reference for row in found} == {"BWV-0002", "BWV-0003"}


def test_the_last_visit_is_the_sign_in_before_this_one() -> None:
    assert queries.last_visit(ALICE.name) is None
    happened(EventType.SIGN_IN, at_minutes=-50)
    assert queries.last_visit(ALICE.name) is None
    happened(EventType.SIGN_IN, at_minutes=0)
    assert queries.last_visit(ALICE.name) == NOW - timedelta(minutes=50)


def test_a_reference_that_nobody_gave_is_missing() -> None:
    with pytest.raises(MissingError, match="no recording with this reference"):
        queries_of_one.recording("BWV-0000")


def test_a_search_takes_eight_words_of_sixty_characters() -> None:
    words = queries.split_words(" ".join(["x" * 99] * 20))
    assert words == ("x" * 60,) * 8


def happened(type_: EventType, recording: Recording | None = None, *, at_minutes: int = 0) -> None:
    """An event by Alice."""
    event = CustodyEvent(
        type=type_,
        operation=None,
        at=NOW + timedelta(minutes=at_minutes),
        actor=ALICE.name,
        subject=recording.reference if recording else f"account:{ALICE.name}",
    )
    with transaction.atomic():
        ledger.record(event, recording=recording)
