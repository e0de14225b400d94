"""What may be erased, and in which order the reasons against it are given."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.rules.erasure import Standing, may_erase

NOW = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)


def standing(
    keep_until: datetime | None = NOW,
    *,
    exhibits: int = 0,
    disclosures: int = 0,
    complaints: int = 0,
    is_worked_on: bool = False,
) -> Standing:
    return Standing(
        keep_until=keep_until,
        exhibits=exhibits,
        disclosures=disclosures,
        complaints=complaints,
        is_worked_on=is_worked_on,
    )


counts = st.integers(min_value=0, max_value=2)
standings = st.builds(
    Standing,
    keep_until=st.none() | st.just(NOW) | st.just(NOW + timedelta(days=1)),
    exhibits=counts,
    disclosures=counts,
    complaints=counts,
    is_worked_on=st.booleans(),
)


@pytest.mark.parametrize(
    ("given_one", "is_early", "rule"),
    [
        (standing(), False, "erasure.due"),
        (standing(NOW + timedelta(seconds=1)), False, "erasure.not-due"),
        (standing(NOW + timedelta(seconds=1)), True, "erasure.early"),
        (standing(None), True, "erasure.held"),
        (standing(None, exhibits=1), True, "erasure.held"),
        (standing(exhibits=1), True, "erasure.produced"),
        (standing(disclosures=1), True, "erasure.produced"),
        (standing(complaints=1), True, "erasure.complaint"),
        (standing(is_worked_on=True), True, "erasure.worked-on"),
    ],
)
def test_the_first_reason_is_the_one_that_is_given(
    given_one: Standing, is_early: bool, rule: str
) -> None:
    assert may_erase(given_one, now=NOW, is_early=is_early).rule == rule


@given(standings, st.booleans())
def test_only_what_nothing_stands_on_may_go(one: Standing, is_early: bool) -> None:
    decision = may_erase(one, now=NOW, is_early=is_early)
    free = one.keep_until is not None and not (
        one.exhibits or one.disclosures or one.complaints or one.is_worked_on
    )
    is_over = one.keep_until is not None and one.keep_until <= NOW
    assert decision.allowed == (free and (is_over or is_early))
    assert decision.reason.endswith(".")


@given(standings)
def test_authority_never_takes_away_what_time_allows(one: Standing) -> None:
    if may_erase(one, now=NOW, is_early=False).allowed:
        assert may_erase(one, now=NOW, is_early=True).allowed
