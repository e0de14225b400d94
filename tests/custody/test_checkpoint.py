"""Checkpoints: three lines, strictly read, and never believed without their signature."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.custody.making import MALLORY, ORIGIN, POLICE

from bodyworn.core.errors import DamagedError
from bodyworn.custody.checkpoint import Checkpoint, make, parse, peek
from bodyworn.custody.note import sign_note, to_base64
from bodyworn.custody.tree import EMPTY_ROOT

ROOT = to_base64(EMPTY_ROOT)


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_made(size: int, root: bytes) -> None:
    made = make(ORIGIN, size, root, signer=POLICE)
    assert parse(made.note_text.encode(), POLICE.verifier) == made
    assert peek(made.note_text) == made


def test_a_checkpoint_looks_as_the_specification_says() -> None:
    lines = make(ORIGIN, 0, EMPTY_ROOT, signer=POLICE).note_text.split("\n")
    assert lines[:4] == [ORIGIN, "0", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", ""]
    assert lines[4].startswith(f"— {ORIGIN} ")


def test_extension_lines_are_kept() -> None:
    note = sign_note(f"{ORIGIN}\n0\n{ROOT}\nan extension\nanother\n", POLICE)
    assert parse(note, POLICE.verifier).extensions == ("an extension", "another")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"{ORIGIN}\n0\n", id="two lines"),
        pytest.param(f"\n0\n{ROOT}\n", id="no origin"),
        pytest.param(f"{ORIGIN}\n\n{ROOT}\n", id="no size"),
        pytest.param(f"{ORIGIN}\n00\n{ROOT}\n", id="a leading zero"),
        pytest.param(f"{ORIGIN}\n+1\n{ROOT}\n", id="a sign"),
        pytest.param(f"{ORIGIN}\n-1\n{ROOT}\n", id="a negative size"),
        pytest.param(f"{ORIGIN}\n1_0\n{ROOT}\n", id="an underscore"),
        pytest.param(f"{ORIGIN}\n١\n{ROOT}\n", id="digits of another script"),
        pytest.param(f"{ORIGIN}\n 1\n{ROOT}\n", id="a space"),
        pytest.param(f"{ORIGIN}\n9223372036854775808\n{ROOT}\n", id="2 to the 63rd"),
        pytest.param(f"{ORIGIN}\n{'9' * 40}\n{ROOT}\n", id="a size without end"),
        pytest.param(f"{ORIGIN}\n0\n{to_base64(bytes(31))}\n", id="a short root"),
        pytest.param(f"{ORIGIN}\n0\n{to_base64(bytes(33))}\n", id="a long root"),
        pytest.param(f"{ORIGIN}\n0\n{ROOT[:-1]}\n", id="a root without padding"),
        pytest.param(f"{ORIGIN}\n0\n{ROOT}\n\n", id="an empty extension"),
        pytest.param(f"{ORIGIN}\n0\n{ROOT}\n\nlater\n", id="an empty line inside"),
    ],
)
def test_a_malformed_checkpoint_is_refused_though_signed(body: str) -> None:
    with pytest.raises(DamagedError):
        parse(sign_note(body, POLICE), POLICE.verifier)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    note = sign_note(f"other.example/log\n0\n{ROOT}\n", POLICE)
    with pytest.raises(DamagedError) as caught:
        parse(note, POLICE.verifier)
    assert caught.value.code == "checkpoint.other-log"
    assert parse(note, POLICE.verifier, origin="other.example/log").size == 0


def test_a_checkpoint_signed_by_mallory_is_refused_though_it_can_be_looked_at() -> None:
    note = make(ORIGIN, 7, bytes(32), signer=MALLORY).note_text
    with pytest.raises(DamagedError):
        parse(note, POLICE.verifier)
    assert peek(note) == Checkpoint(ORIGIN, 7, bytes(32), (), note)


@pytest.mark.parametrize(("origin", "size"), [("", 0), ("a\nb", 0), (ORIGIN, -1), (ORIGIN, 2**63)])
def test_no_checkpoint_is_signed_that_could_not_be_read(origin: str, size: int) -> None:
    with pytest.raises(DamagedError):
        make(origin, size, bytes(32), signer=POLICE)
