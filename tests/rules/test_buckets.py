"""Buckets: what goes together, and who goes later."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from bodyworn.rules.buckets import bucket_of, outlasts

RULES = st.sampled_from(["retention.non-evidential", "retention.hold", "a/rule/with/slashes"])
DAYS = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))
BUCKETS = st.builds(lambda rule, until: bucket_of(rule=rule, keep_until=until), RULES, DAYS)


@given(rule=RULES, until=st.datetimes(timezones=st.just(UTC)))
def test_everything_of_one_rule_and_one_day_goes_together(rule: str, until: datetime) -> None:
    midnight = datetime.combine(until.date(), datetime.min.time(), UTC)
    assert bucket_of(rule=rule, keep_until=until) == bucket_of(rule=rule, keep_until=midnight)


@given(one=BUCKETS, other=BUCKETS, third=BUCKETS)
def test_to_outlast_is_an_order(one: str, other: str, third: str) -> None:
    assert not outlasts(one, one)
    assert not (outlasts(one, other) and outlasts(other, one))
    assert not (outlasts(one, other) and outlasts(other, third)) or outlasts(one, third)


@given(bucket=BUCKETS)
def test_nothing_outlasts_what_is_held(bucket: str) -> None:
    assert not outlasts(bucket, bucket_of(rule="retention.hold", keep_until=None))


def test_the_later_day_outlasts_whatever_the_rule() -> None:
    early = bucket_of(rule="z", keep_until=datetime(2026, 5, 13, 23, 59, tzinfo=UTC))
    late = bucket_of(rule="a", keep_until=datetime(2026, 5, 14, tzinfo=UTC))
    assert outlasts(late, early)
    assert early.endswith(date(2026, 5, 13).isoformat())
