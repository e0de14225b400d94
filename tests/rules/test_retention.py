"""From when the days of a first decision count."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bodyworn.rules.retention import counted_from, days_left, first_decision

NOW = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)
ages = st.timedeltas(min_value=timedelta(days=-2), max_value=timedelta(days=9000))


def test_footage_of_yesterday_counts_from_its_end() -> None:
    end = NOW - timedelta(days=1)
    assert counted_from(ended_at=end, received_at=NOW, days=31) == end


def test_footage_of_last_year_counts_from_its_arrival() -> None:
    end = NOW - timedelta(days=365)
    assert counted_from(ended_at=end, received_at=NOW, days=31) == NOW


@given(ages, st.integers(min_value=1, max_value=400))
def test_nothing_is_due_on_the_day_it_arrives(age: timedelta, days: int) -> None:
    start = counted_from(ended_at=NOW - age, received_at=NOW, days=days)
    decision = first_decision(ended_at=start, now=NOW, days=days)
    assert decision.keep_until is not None
    assert decision.keep_until >= NOW
    assert days_left(decision, NOW) is not None
