"""Receipts: one of four words, one text, one signature."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.custody.making import MALLORY, NOW, ORIGIN, POLICE

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.core.terms import Durability
from bodyworn.core.types import Receipt
from bodyworn.custody.checkpoint import parse
from bodyworn.custody.note import sign_note
from bodyworn.custody.receipt import meaning, read_receipt, write_receipt

RECEIPT = Receipt(
    reference="BWV-26-0412-7F3A",
    sha256=Sha256.of(b"footage"),
    size=7,
    device="004471",
    sequence=212,
    durability=Durability.RECORDED,
    at=NOW,
    event="ab" * 32,
)
BODY = write_receipt(RECEIPT, POLICE).partition("\n\n")[0] + "\n"

words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
receipts = st.builds(
    Receipt,
    reference=words,
    sha256=st.binary(min_size=32, max_size=32).map(Sha256),
    size=st.integers(0, 2**40),
    device=st.none() | words,
    sequence=st.none() | st.integers(0, 2**31),
    durability=st.sampled_from(Durability),
    at=st.integers(0, 4_000_000_000_000).map(
        lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    ),
    event=st.binary(min_size=32, max_size=32).map(bytes.hex),
)


@given(receipts)
def test_a_receipt_is_read_as_it_was_written(receipt: Receipt) -> None:
    assert read_receipt(write_receipt(receipt, POLICE), POLICE.verifier) == receipt


def test_a_receipt_can_be_read_by_a_person() -> None:
    assert BODY.splitlines() == [
        "police.example/log/receipt",
        "reference BWV-26-0412-7F3A",
        f"sha256 {RECEIPT.sha256}",
        "size 7",
        "device 004471",
        "sequence 212",
        "durability recorded",
        "at 2026-04-12T22:41:07.200Z",
        f"event {'ab' * 32}",
    ]


@pytest.mark.parametrize("durability", Durability)
def test_each_word_has_one_sentence_of_its_own(durability: Durability) -> None:
    sentence = meaning(durability)
    assert sentence.endswith(".")
    assert [other for other in Durability if meaning(other) == sentence] == [durability]


def test_a_receipt_from_mallory_is_refused() -> None:
    with pytest.raises(DamagedError):
        read_receipt(write_receipt(RECEIPT, MALLORY), POLICE.verifier)


def test_a_receipt_is_no_checkpoint() -> None:
    with pytest.raises(DamagedError):
        parse(write_receipt(RECEIPT, POLICE), POLICE.verifier)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BODY.replace("/receipt", ""), id="no title"),
        pytest.param(BODY.replace(ORIGIN, "other.example/log"), id="another log"),
        pytest.param(BODY.replace("recorded", "certain"), id="a fifth word"),
        pytest.param(BODY.replace("recorded", "Recorded"), id="a capital letter"),
        pytest.param(BODY.replace("size 7", "size 07"), id="a leading zero"),
        pytest.param(BODY.replace("size 7", "size -7"), id="a negative size"),
        pytest.param(BODY.replace("sequence 212", "sequence twelve"), id="no number"),
        pytest.param(BODY.replace("size 7\n", ""), id="a line is missing"),
        pytest.param(BODY.replace("size 7\n", "size 7\nsize 8\n"), id="a line twice"),
        pytest.param(BODY + "note wiped\n", id="a line too many"),
        pytest.param(BODY.replace("size 7", "size  7"), id="two spaces"),
        pytest.param(BODY.replace("size 7", "size"), id="no value"),
        pytest.param(BODY.replace(".200Z", "Z"), id="another form of the time"),
        pytest.param(BODY.replace(".200Z", ".200"), id="no time zone"),
        pytest.param(BODY.replace("ab" * 32, "AB" * 32), id="capital digits"),
        pytest.param(BODY.replace("ab" * 32, "ab" * 31), id="a short hash"),
        pytest.param(BODY.replace("sha256 ", "sha256 00"), id="a long digest"),
        pytest.param(BODY + "\n", id="an empty line"),
        pytest.param(f"{ORIGIN}/receipt\n", id="a title alone"),
    ],
)
def test_a_receipt_in_another_form_is_refused_though_signed(body: str) -> None:
    assert body != BODY
    with pytest.raises(DamagedError):
        read_receipt(sign_note(body, POLICE), POLICE.verifier)


@pytest.mark.parametrize(
    "changed",
    [
        {"reference": ""},
        {"reference": "two\nlines"},
        {"device": ""},
        {"device": "tab\t"},
        {"size": -1},
        {"sequence": -1},
        {"event": "not a hash"},
    ],
    ids=str,
)
def test_a_value_that_fits_on_no_line_is_refused(changed: dict[str, str | int]) -> None:
    given_values = {name: getattr(RECEIPT, name) for name in Receipt.__slots__}
    with pytest.raises(RefusedError) as caught:
        write_receipt(Receipt(**{**given_values, **changed}), POLICE)
    assert caught.value.code == "receipt.unwritable"
