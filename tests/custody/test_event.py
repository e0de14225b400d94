"""Leaves: the same event is the same bytes, a person is never in them, nothing else opens them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.custody.making import A_LOOK, NOW

from bodyworn.core.errors import DamagedError, MissingError
from bodyworn.core.terms import EventType, Operation, Purpose
from bodyworn.core.types import CustodyEvent
from bodyworn.custody.event import commitment, open_event, pseudonym_of, read_leaf, seal_event
from bodyworn.custody.tree import leaf_hash

SALT = bytes(range(16))


def counted() -> Callable[[], bytes]:
    """Salts 1, 2, 3, … for what has to be the same in every run."""
    numbers = count(1)
    return lambda: next(numbers).to_bytes(16, "big")


SEALED = seal_event(
    A_LOOK,
    new_id=lambda: bytes.fromhex("00112233445566778899aabbccddeeff"),
    salt=counted(),
    pseudonym=pseudonym_of(A_LOOK.subject, salt=SALT),
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
events = st.builds(
    CustodyEvent,
    type=st.sampled_from(EventType),
    operation=st.none() | st.sampled_from(Operation),
    at=st.integers(0, 10**10).map(lambda ms: NOW + timedelta(milliseconds=ms)),
    actor=texts,
    subject=texts,
    detail=st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), values),
    purpose=st.none() | st.sampled_from(Purpose),
)


def test_the_leaf_is_byte_for_byte_what_it_was_in_the_first_version() -> None:
    """Whoever changes this changes every leaf ever logged: begin a version 2 instead."""
    assert SEALED.leaf == (
        b'{"actor":"47e49cc7fe396dbb8fccf063128916c7b9c28ef7fd1f37afa3806670bb51787e",'
        b'"detail":"1d6a99c0e0b6ca0cf4bf1dd3a8b5cfa5641909a6a7f77e3d640e031f6068466c",'
        b'"evidence":"dea98df029ff9ab33f3feb47a3f69317b224e23dc7de8599002d4e58c1b364c4",'
        b'"id":"00112233445566778899aabbccddeeff","operation":"consultation",'
        b'"subject":"6b5174944aad398012561ac9ca4d6e86c83436f2f2d2a77badc208b6150e96dd",'
        b'"time":"2026-04-12T22:41:07.200Z","type":"view","v":1}'
    )
    assert (
        SEALED.leaf_hash.hex() == "b7dbd4c32878e3ec9ee5fdbe8319831356aff36e56e45a5460350a66e8a301bb"
    )


def test_commitments_can_be_recomputed_with_nothing_but_a_hash_function() -> None:
    leaf = json.loads(SEALED.leaf)
    detail = '{"from_ms":0,"note":"own notes, naïve","to_ms":61000}'
    committed = {
        "subject": '"BWV-26-0412-7F3A"',
        "actor": '"alice"',
        "detail": f'{{"detail":{detail},"purpose":"own-statement"}}',
    }
    for name, text in committed.items():
        salted = SEALED.salts[name] + text.encode()
        assert leaf[name] == hashlib.sha256(salted).hexdigest()
    assert leaf["evidence"] == hashlib.sha256(SALT + b"BWV-26-0412-7F3A").hexdigest()


@given(events)
def test_an_event_opens_its_own_leaf(event: CustodyEvent) -> None:
    sealed = seal_event(event)
    open_event(sealed.leaf, sealed.salts, event)
    assert sealed.leaf_hash == leaf_hash(sealed.leaf)
    assert read_leaf(sealed.leaf).id == sealed.id.hex()
    assert len(sealed.leaf) < 1_000


def test_nothing_of_a_person_is_in_the_leaf() -> None:
    for word in (b"alice", b"7F3A", b"naive", "naïve".encode(), b"own-statement", b"61000"):
        assert word not in SEALED.leaf
    for salt in SEALED.salts.values():
        assert salt not in SEALED.leaf
        assert salt.hex().encode() not in SEALED.leaf


def test_two_seals_of_one_event_have_nothing_secret_in_common() -> None:
    one, other = (json.loads(seal_event(A_LOOK).leaf) for _ in range(2))
    same = {name for name in one if one[name] == other[name]}
    assert same == {"v", "type", "operation", "time", "evidence"}


def test_events_of_one_recording_can_be_counted_by_whoever_holds_its_pseudonym() -> None:
    name = pseudonym_of("BWV-26-0412-7F3A", salt=SALT)
    leaves = [seal_event(A_LOOK, pseudonym=name).leaf for _ in range(3)]
    leaves += [seal_event(A_LOOK, pseudonym=pseudonym_of("BWV-26-0412-7F3B", salt=SALT)).leaf]
    leaves += [seal_event(A_LOOK).leaf]
    assert sum(read_leaf(leaf).evidence == name.hex() for leaf in leaves) == 3


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("type", {"type": EventType.EXPORT}),
    ("operation", {"operation": Operation.DISCLOSURE}),
    ("operation", {"operation": None}),
    ("time", {"at": NOW + timedelta(milliseconds=1)}),
    ("subject", {"subject": "BWV-26-0412-7F3B"}),
    ("actor", {"actor": "mallory"}),
    ("detail", {"detail": {}}),
    ("detail", {"detail": {**A_LOOK.detail, "to_ms": 61_001}}),
    ("detail", {"purpose": None}),
    ("detail", {"purpose": Purpose.COMPLAINT}),
]


@pytest.mark.parametrize(("field", "change"), CHANGES, ids=str)
def test_the_field_that_disagrees_is_named(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(DamagedError) as caught:
        open_event(SEALED.leaf, SEALED.salts, replace(A_LOOK, **change))
    assert caught.value.code == f"event.{field}-disagrees"


def test_a_purpose_in_the_detail_is_not_the_purpose() -> None:
    spoken = replace(A_LOOK, purpose=None, detail={"purpose": "complaint"})
    meant = replace(A_LOOK, purpose=Purpose.COMPLAINT, detail={})
    sealed = seal_event(spoken)
    with pytest.raises(DamagedError):
        open_event(sealed.leaf, sealed.salts, meant)


@pytest.mark.parametrize("name", ["subject", "actor", "detail"])
def test_another_salt_opens_nothing(name: str) -> None:
    with pytest.raises(DamagedError) as caught:
        open_event(SEALED.leaf, {**SEALED.salts, name: bytes(16)}, A_LOOK)
    assert caught.value.code == f"event.{name}-disagrees"


def test_an_erased_salt_is_told_apart_from_a_lie() -> None:
    left = {"subject": SEALED.salts["subject"]}
    with pytest.raises(MissingError) as caught:
        open_event(SEALED.leaf, left, replace(A_LOOK, actor="?", detail={}))
    assert caught.value.code == "event.salt-erased"
    assert caught.value.facts == {"fields": ["actor", "detail"]}
    with pytest.raises(DamagedError):
        open_event(SEALED.leaf, left, replace(A_LOOK, subject="BWV-26-0412-7F3B"))


LEAF = json.loads(SEALED.leaf)


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"[" * 60_000,
        b'{"v":NaN}',
        SEALED.leaf + b"\n",
        SEALED.leaf.replace(b",", b", "),
        json.dumps(LEAF).encode(),
        *(
            json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()
            for changed in (
                {**LEAF, "v": 2},
                {**LEAF, "v": True},
                {**LEAF, "type": 5},
                {**LEAF, "time": None},
                {**LEAF, "actor": ["alice"]},
                {**LEAF, "name": "Alice"},
                {name: LEAF[name] for name in LEAF if name != "actor"},
            )
        ),
    ],
    ids=lambda leaf: str(leaf[:20]),
)
def test_other_bytes_are_no_leaf(leaf: bytes) -> None:
    with pytest.raises(DamagedError) as caught:
        read_leaf(leaf)
    assert caught.value.code == "event.not-a-leaf"


@pytest.mark.parametrize("detail", [{"speed": 1.5}, {"naïve": 1}, {"n": 2**53 + 1}, {"b": b""}])
def test_a_detail_without_a_canonical_form_is_refused(detail: dict[str, Any]) -> None:
    with pytest.raises(DamagedError):
        seal_event(replace(A_LOOK, detail=detail))


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_salt_has_sixteen_bytes(size: int) -> None:
    with pytest.raises(DamagedError):
        commitment("x", salt=bytes(size))
