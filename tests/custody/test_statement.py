"""Statements: one text each, signed, and honest about what differs."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.custody.checkpoint import make
from bodyworn.custody.note import Signer, sign_note
from bodyworn.custody.statement import (
    Difference,
    Kind,
    Statement,
    read_statement,
    verify_statement,
    write_statement,
)
from bodyworn.custody.tree import EMPTY_ROOT

ALICE = Signer.generate("police.example/log")
MALLORY = Signer.generate("police.example/log")
SAME = Statement(
    kind=Kind.BACKUP,
    at=datetime(2026, 4, 14, 9, 0, tzinfo=UTC),
    source="sqlite",
    target="backup",
    items={"files": "2 77 ab", "table:records_copy": "2 cd"},
)
DIFFERENT = Statement(
    kind=Kind.MOVE,
    at=SAME.at,
    source="sqlite",
    target="postgresql",
    items=SAME.items,
    differences=(Difference("file abcd", "is missing"), Difference("log", "is shorter")),
)

plain = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
names = st.from_regex(r"[a-z][a-z0-9:_-]{0,20}", fullmatch=True)
statements = st.builds(
    Statement,
    kind=st.sampled_from(Kind),
    at=st.just(SAME.at),
    source=plain,
    target=plain,
    items=st.dictionaries(names, plain, max_size=5),
    differences=st.lists(
        st.builds(Difference, plain.filter(lambda t: " | " not in f"{t} |"), plain), max_size=3
    ).map(tuple),
)


@given(statement=statements)
def test_what_was_written_is_read(statement: Statement) -> None:
    assert read_statement(write_statement(statement, ALICE), ALICE.verifier) == statement


def test_a_statement_that_both_sides_hold_the_same_verifies() -> None:
    verdict = verify_statement(write_statement(SAME, ALICE), ALICE.verifier)
    assert verdict.ok
    assert verdict.proved


def test_a_statement_of_differences_is_genuine_and_does_not_verify() -> None:
    verdict = verify_statement(write_statement(DIFFERENT, ALICE), ALICE.verifier)
    assert [step.ok for step in verdict.steps] == [True, False]
    assert "file abcd: is missing" in verdict.steps[1].sentence
    assert verdict.proved == ()


def test_another_key_states_nothing() -> None:
    assert not verify_statement(write_statement(SAME, MALLORY), ALICE.verifier).ok


def test_a_changed_statement_is_refused() -> None:
    note = write_statement(DIFFERENT, ALICE).replace("result different", "result same")
    with pytest.raises(DamagedError) as damaged:
        read_statement(note, ALICE.verifier)
    assert damaged.value.code == "note.bad-signature"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind backup", "kind gift"),
        ("at 2026", "on 2026"),
        ("result same", "result different"),
        ("item files", "item Files"),
        ("source sqlite\n", ""),
        ("source sqlite\n", "source sqlite\nsource other\n"),
        ("/statement", "/receipt"),
        ("item table", "differs table"),
    ],
)
def test_a_signed_text_of_another_form_is_no_statement(old: str, new: str) -> None:
    text = write_statement(SAME, ALICE).rpartition("\n\n")[0] + "\n"
    assert old in text
    with pytest.raises(DamagedError) as damaged:
        read_statement(sign_note(text.replace(old, new), ALICE), ALICE.verifier)
    assert damaged.value.code == "statement.malformed"


def test_a_checkpoint_is_no_statement() -> None:
    note = make(ALICE.name, 0, EMPTY_ROOT, signer=ALICE).note_text
    with pytest.raises(DamagedError) as damaged:
        read_statement(note, ALICE.verifier)
    assert damaged.value.code == "statement.malformed"


@pytest.mark.parametrize("word", ["", "a\nb", "a\x1bb"])
def test_what_fits_on_no_line_is_not_signed(word: str) -> None:
    odd = Statement(kind=Kind.MOVE, at=SAME.at, source=word, target="x", items={})
    with pytest.raises(RefusedError) as refused:
        write_statement(odd, ALICE)
    assert refused.value.code == "statement.unwritable"
