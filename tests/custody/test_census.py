"""The census: opened by its leaf, provable line by line, and stubborn about what is gone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, DamagedError
from bodyworn.core.terms import EventType
from bodyworn.core.types import CustodyEvent
from bodyworn.custody import census
from bodyworn.custody.census import Census, Entry, Head
from bodyworn.custody.census_audit import compare, first_known
from bodyworn.custody.event import SealedEvent, pseudonym_of, seal_event

AT = datetime(2026, 4, 12, tzinfo=UTC)
DAYS = [date(2026, 4, day) for day in (12, 13, 14)]


def salt_of(number: int) -> bytes:
    return sha256(b"salt %d" % number).digest()[:16]


def film_of(number: int) -> Sha256:
    return Sha256.of(b"film %d" % number)


def entry(number: int) -> Entry:
    return census.entry_of(f"BWV-{number:04}", film_of(number), salt=salt_of(number))


def sealed(type_: EventType, *, number: int | None = None, **detail: object) -> SealedEvent:
    event = CustodyEvent(
        type=type_, operation=None, at=AT, actor="system:test", subject="s", detail=detail
    )
    name = None
    if number is not None:
        name = pseudonym_of(f"BWV-{number:04}", salt=salt_of(number))
    return seal_event(event, pseudonym=name)


def taken(day: date, numbers: Sequence[int], previous: Census | None = None) -> Census:
    entries = census.listed(entry(number) for number in numbers)
    root = census.root_over(entries)
    before = (previous.head.day, previous.head.root) if previous else None
    detail = census.detail_of(day, count=len(entries), root=root, previous=before)
    event = sealed(EventType.CENSUS, **detail)
    head = Head(
        day=day,
        count=len(entries),
        root=root,
        previous=before,
        leaf=event.leaf,
        salt=event.salts["detail"],
    )
    return Census(head=head, entries=entries)


def written(folder: Path, one: Census) -> Path:
    path = folder / str(one.head.day)
    path.write_text(one.head.text + "".join(entry.line for entry in one.entries))
    return path


def code_of(path: Path) -> str:
    with pytest.raises(BodywornError) as caught:
        census.read(path)
    return caught.value.code


OUTCOMES = {
    "census.malformed",
    "census.other-leaf",
    "census.other-root",
    "event.not-a-leaf",
    "event.salt-size",
    "another leaf",
}


def outcome_of(path: Path, genuine: Census) -> str:
    try:
        found = census.read(path)
    except BodywornError as error:
        return error.code
    return "another leaf" if found.head.leaf != genuine.head.leaf else "believed"


@pytest.mark.parametrize("numbers", [[], [1], [1, 2, 3], range(100)])
def test_a_census_is_read_as_it_was_written(tmp_path: Path, numbers: Sequence[int]) -> None:
    one = taken(DAYS[0], numbers)
    assert census.read(written(tmp_path, one)) == one
    two = taken(DAYS[1], numbers, previous=one)
    assert census.read(written(tmp_path, two)) == two


@given(st.permutations(range(12)))
def test_the_root_is_that_of_the_set(order: list[int]) -> None:
    assert taken(DAYS[0], order).head.root == taken(DAYS[0], range(12)).head.root


def test_the_list_names_no_film_and_no_reference(tmp_path: Path) -> None:
    text = written(tmp_path, taken(DAYS[0], range(5))).read_text()
    for number in range(5):
        assert film_of(number).hex not in text
        assert f"BWV-{number:04}" not in text
        assert sha256(film_of(number).hex.encode()).hexdigest() not in text


def test_every_changed_character_is_noticed(tmp_path: Path) -> None:
    """What the leaf says beside the census, such as its time, shows where the log is asked."""
    genuine = taken(DAYS[1], range(3), previous=taken(DAYS[0], range(2)))
    text = written(tmp_path, genuine).read_text()
    path = tmp_path / "changed"
    for at, character in enumerate(text):
        changed = "0" if character != "0" else "1"
        path.write_text(text[:at] + changed + text[at + 1 :])
        assert outcome_of(path, genuine) in OUTCOMES, text[:at]


def test_a_line_that_is_dropped_doubled_or_moved_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path, taken(DAYS[0], range(6)))
    head, _, tail = path.read_text().partition("\n\n")
    lines = tail.splitlines(keepends=True)
    for spoilt in (lines[1:], lines[:-1], [*lines, lines[-1]], lines[::-1], [lines[0], *lines]):
        path.write_text(head + "\n\n" + "".join(spoilt))
        assert code_of(path) == "census.malformed"
    path.write_text(head + "\n\n" + "".join(lines[:-1]) + entry(99).line)
    assert code_of(path) in {"census.malformed", "census.other-root"}


@pytest.mark.parametrize("text", ["", "\n", "bodyworn-census/1\n", "bodyworn-census/2\n\n", "é"])
def test_what_is_no_census_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "2026-04-12"
    assert code_of(path) == "census.missing"
    path.write_text(text)
    assert code_of(path) == "census.malformed"


def test_an_event_of_another_kind_is_no_census() -> None:
    one = taken(DAYS[0], range(3))
    detail = census.detail_of(DAYS[0], count=3, root=one.head.root, previous=None)
    other = sealed(EventType.VIEW, **detail)
    head = replace(one.head, leaf=other.leaf, salt=other.salts["detail"])
    with pytest.raises(DamagedError) as caught:
        census.check_head(head)
    assert caught.value.code == "census.other-leaf"


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9])
def test_whoever_stood_in_it_can_prove_it(count: int) -> None:
    one = taken(DAYS[0], range(count))
    for number in range(count):
        proof = census.membership(
            one, reference=f"BWV-{number:04}", sha256=film_of(number), salt=salt_of(number)
        )
        again = census.membership_from_dict(census.membership_as_dict(proof))
        assert again == proof
        census.check_membership(again)
        for spoilt in (
            replace(proof, reference="BWV-9999"),
            replace(proof, sha256=film_of(99)),
            replace(proof, salt=salt_of(99)),
            replace(proof, head=taken(DAYS[0], range(count + 1)).head),
        ):
            with pytest.raises(DamagedError):
                census.check_membership(spoilt)


def test_who_does_not_stand_in_it_cannot() -> None:
    with pytest.raises(BodywornError) as caught:
        census.membership(
            taken(DAYS[0], range(3)), reference="BWV-0001", sha256=film_of(2), salt=salt_of(1)
        )
    assert caught.value.code == "census.not-listed"


@pytest.mark.parametrize("spoilt", [{}, {"census": 1}, {"census": "", "index": "x"}])
def test_what_is_no_proof_is_refused(spoilt: dict[str, object]) -> None:
    with pytest.raises(DamagedError) as caught:
        census.membership_from_dict(spoilt)
    assert caught.value.code == "census.malformed"


def test_what_is_gone_needs_an_erasure() -> None:
    old = taken(DAYS[0], range(6))
    new = taken(DAYS[1], [0, 1, 2, 8, 9], previous=old)
    arrivals = [sealed(EventType.INGESTION, number=number).leaf for number in range(6)]
    log = [*arrivals, old.head.leaf, sealed(EventType.ERASURE, number=4).leaf, new.head.leaf]
    found = compare(old, new, log)
    assert (found.stayed, found.came, found.ok) == (3, 2, False)
    assert found.erased == (entry(4).id,)
    assert set(found.vanished) == {entry(3).id, entry(5).id}
    known = first_known(log, found.vanished)
    assert {one.index for one in known.values()} == {3, 5}
    log += [sealed(EventType.ERASURE, number=number).leaf for number in (3, 5)]
    assert compare(old, new, log).ok


def test_an_erasure_must_name_the_very_recording() -> None:
    old, new = taken(DAYS[0], range(2)), taken(DAYS[1], [0])
    others = [sealed(EventType.ERASURE, number=7), sealed(EventType.VIEW, number=1)]
    nameless = sealed(EventType.ERASURE, evidence=entry(1).id.hex())
    log = [old.head.leaf, new.head.leaf, *(one.leaf for one in (*others, nameless))]
    assert compare(old, new, log).vanished == (entry(1).id,)


def test_an_exchanged_film_is_named() -> None:
    old, new = taken(DAYS[0], range(3)), taken(DAYS[1], range(3))
    other = census.entry_of("BWV-0001", film_of(9), salt=salt_of(1))
    entries = census.listed([entry(0), other, entry(2)])
    exchanged = Census(head=new.head, entries=entries)
    found = compare(old, exchanged, [old.head.leaf, new.head.leaf])
    assert (found.changed, found.vanished, found.ok) == ((entry(1).id,), (), False)


def test_a_census_that_the_log_does_not_hold_is_worth_nothing() -> None:
    old, new = taken(DAYS[0], range(3)), taken(DAYS[1], range(3))
    for log in ([], [old.head.leaf], [new.head.leaf]):
        with pytest.raises(DamagedError) as caught:
            compare(old, new, log)
        assert caught.value.code == "census.not-logged"


def test_only_a_younger_census_can_be_compared() -> None:
    old = taken(DAYS[0], range(3))
    with pytest.raises(DamagedError) as caught:
        compare(old, old, [old.head.leaf])
    assert caught.value.code == "census.order"


@given(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_every_name_is_accounted_for(old: set[int], new: set[int], erased: set[int]) -> None:
    first, second = taken(DAYS[0], sorted(old)), taken(DAYS[1], sorted(new))
    log = [sealed(EventType.ERASURE, number=number).leaf for number in erased]
    found = compare(first, second, [*log, first.head.leaf, second.head.leaf])
    assert set(found.vanished) == {entry(n).id for n in old - new - erased}
    assert set(found.erased) == {entry(n).id for n in (old - new) & erased}
    assert (found.stayed, found.came) == (len(old & new), len(new - old))
    assert found.ok is not bool(old - new - erased)
