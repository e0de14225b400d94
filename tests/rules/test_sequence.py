"""A camera's count of recordings, judged one number at a time."""

from hypothesis import given
from hypothesis import strategies as st

from bodyworn.rules.sequence import Count, CountFinding, judge_count

numbers = st.integers(min_value=1, max_value=10_000)


def judged(sequence: int, highest: int | None, **facts: bool) -> CountFinding:
    known = {"is_taken": False, "is_younger": True}
    return judge_count(sequence, highest=highest, **{**known, **facts})


def test_the_first_number_is_believed_whatever_it_is() -> None:
    assert judged(4711, None).count is Count.FIRST


def test_a_gap_names_what_is_missing() -> None:
    assert judged(9, 6).missing == (7, 8)
    assert judged(8, 6).missing == (7, 7)


def test_a_lower_number_of_older_footage_is_late() -> None:
    assert judged(5, 6, is_younger=False).count is Count.LATE


def test_a_lower_number_of_younger_footage_is_a_reset() -> None:
    assert judged(1, 6).count is Count.RESET
    assert judged(1, 6, is_taken=True).count is Count.RESET


def test_the_same_number_again_is_a_repeat() -> None:
    assert judged(6, 6, is_taken=True).count is Count.REPEAT
    assert judged(5, 6, is_taken=True, is_younger=False).count is Count.REPEAT


@given(st.permutations(range(1, 13)))
def test_in_whatever_order_they_come_every_number_is_next_late_or_closes_a_gap(
    order: list[int],
) -> None:
    highest, missing = None, set(range(1, 13))
    for number in order:
        younger = highest is not None and number > highest
        finding = judged(number, highest, is_younger=younger)
        assert finding.count in {Count.FIRST, Count.NEXT, Count.GAP, Count.LATE}
        assert (finding.missing is not None) == (finding.count is Count.GAP)
        highest = number if finding.goes_on else highest
        missing.discard(number)
    assert highest == 12
    assert not missing


@given(numbers, numbers)
def test_exactly_the_numbers_between_are_missing(highest: int, ahead: int) -> None:
    finding = judged(highest + ahead + 1, highest)
    assert finding.missing is not None
    first, last = finding.missing
    assert (first, last - first + 1) == (highest + 1, ahead)
