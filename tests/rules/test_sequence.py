"""Gaps, repeats and resets in a camera's own count."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bodyworn.core.terms import Oddity
from bodyworn.rules.sequence import Finding, changed, findings

runs = st.tuples(st.integers(1, 10_000), st.integers(1, 40)).map(
    lambda run: list(range(run[0], run[0] + run[1]))
)
long_runs = runs.filter(lambda run: len(run) > 2)
any_numbers = st.lists(st.integers(0, 30))


@given(runs)
def test_a_count_without_holes_has_no_findings(run: list[int]) -> None:
    assert findings(run) == []


@given(long_runs, st.data())
def test_every_missing_number_is_named_once(run: list[int], data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.sampled_from(run[1:-1])))
    found = findings([number for number in run if number not in lost])
    named = [number for each in found for number in range(each.first, each.last + 1)]
    assert sorted(lost) == named
    assert {each.kind for each in found} <= {Oddity.GAP}


@given(long_runs, st.data())
def test_a_late_number_closes_its_gap(run: list[int], data: st.DataObject) -> None:
    late = data.draw(st.sampled_from(run[1:-1]))
    assert findings([number for number in run if number != late] + [late]) == []


@given(runs, st.data())
def test_a_number_that_comes_twice_is_a_repeat(run: list[int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(run) - 1))
    found = findings([*run[: place + 1], *run[place:]])
    assert [(each.kind, each.first) for each in found] == [(Oddity.REPEAT, run[place])]


@given(st.integers(2, 500), st.integers(1, 40))
def test_a_count_that_begins_again_is_a_reset_not_a_loss(length: int, after: int) -> None:
    found = findings([*range(1, length + 1), *range(1, after + 1)])
    assert [(each.kind, each.first) for each in found] == [(Oddity.RESET, 1)]


@given(any_numbers)
def test_any_numbers_can_be_judged_and_every_finding_is_a_sentence(numbers: list[int]) -> None:
    assert all(str(each).endswith(".") and each.count >= 1 for each in findings(numbers))


@given(any_numbers)
def test_a_finding_names_the_recording_that_shows_it(numbers: list[int]) -> None:
    """Behind a gap, the one that came twice, or the first of the new count."""
    for each in findings(numbers):
        shown = each.last + 1 if each.kind is Oddity.GAP else each.first
        assert numbers[each.at] == shown


@given(any_numbers, any_numbers)
def test_what_opens_and_closes_leads_from_one_to_the_other(old: list[int], new: list[int]) -> None:
    before, after = findings(old), findings(new)
    change = changed(before, after)
    assert Counter(before) - Counter(change.closed) + Counter(change.opened) == Counter(after)
    assert not Counter(change.opened) & Counter(change.closed)


def test_what_stands_is_neither_opened_nor_closed_again() -> None:
    twice = findings([1, 2, 1, 2, 1, 2])
    assert [str(each) for each in twice] == ["The count began again at 1."] * 2
    assert changed(twice, twice).opened == changed(twice, twice).closed == ()
    assert len(changed(twice[:1], twice).opened) == 1


def test_only_gaps_overlap() -> None:
    gap = Finding(kind=Oddity.GAP, first=5, last=6)
    assert gap.overlaps(Finding(kind=Oddity.GAP, first=6, last=9))
    assert not gap.overlaps(Finding(kind=Oddity.GAP, first=7, last=9))
    assert not gap.overlaps(Finding(kind=Oddity.REPEAT, first=5, last=5))
