"""Signed notes: what is accepted, and every way in which a note can be wrong."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.custody.making import MALLORY, ORIGIN, POLICE

from bodyworn.core.errors import DamagedError, RefusedError, SetupError
from bodyworn.custody.note import (
    Signer,
    Verifier,
    load_signer,
    load_verifier,
    open_note,
    save_signer,
    save_verifier,
    sign_note,
    split_note,
)

TEXT = "Alice looked at\n\nher own recording.\n"
NOTE = sign_note(TEXT, POLICE)
WITNESS = Signer.generate("witness.example/university")

# The key pair in the documentation of golang.org/x/mod/sumdb/note, another implementation.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def code_of(note: str | bytes, *verifiers: Verifier) -> str:
    with pytest.raises(DamagedError) as caught:
        open_note(note, verifiers or [POLICE.verifier])
    return caught.value.code


def test_keys_are_those_of_another_implementation() -> None:
    signer = Signer.parse(GO_SECRET)
    assert signer.text == GO_SECRET
    assert signer.verifier == Verifier.parse(GO_PUBLIC)
    assert signer.verifier.text == GO_PUBLIC


@given(st.integers(0, len(GO_PUBLIC) - 1))
def test_a_public_key_with_one_other_character_is_refused(at: int) -> None:
    changed = GO_PUBLIC[:at] + chr(ord(GO_PUBLIC[at]) + 1) + GO_PUBLIC[at + 1 :]
    with pytest.raises(DamagedError):
        Verifier.parse(changed)


@given(st.integers(0, len(GO_SECRET) - 1), st.integers(0, len(GO_SECRET)))
def test_a_part_of_a_private_key_is_refused(start: int, end: int) -> None:
    part = GO_SECRET[start:end]
    if part != GO_SECRET:
        with pytest.raises(DamagedError):
            Signer.parse(part)


@given(st.integers(0, len(GO_SECRET) - 1))
def test_a_private_key_with_one_other_character_is_refused(at: int) -> None:
    changed = GO_SECRET[:at] + chr(ord(GO_SECRET[at]) + 1) + GO_SECRET[at + 1 :]
    with pytest.raises(DamagedError):
        Signer.parse(changed)


def test_a_key_of_another_kind_is_refused() -> None:
    name, _, _ = GO_PUBLIC.split("+", 2)
    for key in (b"\x02" + bytes(32), b"\x01" + bytes(31), b"\x01" + bytes(33), b""):
        with pytest.raises(DamagedError):
            Verifier.parse(f"{name}+00000000+{base64.b64encode(key).decode()}")


def test_what_was_signed_can_be_opened() -> None:
    note = open_note(NOTE, [POLICE.verifier])
    assert note.text == TEXT
    assert note.signed_by == (POLICE.verifier,)
    assert open_note(NOTE.encode(), [POLICE.verifier]) == note


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_text_without_control_characters_comes_back(text: str) -> None:
    note = sign_note(text + "\n", POLICE)
    assert open_note(note.encode(), [POLICE.verifier]).text == text + "\n"


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_a_note_with_one_other_byte_is_refused(at: int, difference: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[at] ^= difference
    with pytest.raises(DamagedError):
        open_note(bytes(raw), [POLICE.verifier])


@given(st.integers(0, len(NOTE.encode()) - 1))
def test_a_note_that_ends_early_is_refused(end: int) -> None:
    with pytest.raises(DamagedError):
        open_note(NOTE.encode()[:end], [POLICE.verifier])


def test_signatures_of_unknown_keys_are_ignored() -> None:
    note = sign_note(TEXT, WITNESS, POLICE)
    assert open_note(note, [POLICE.verifier]).signed_by == (POLICE.verifier,)
    assert len(open_note(note, [POLICE.verifier]).signatures) == 2


def test_a_signature_of_another_key_with_the_same_name_is_unknown() -> None:
    assert code_of(sign_note(TEXT, MALLORY)) == "note.not-signed"


def test_one_bad_signature_of_a_known_key_spoils_the_note() -> None:
    key_id = WITNESS.verifier.key_id
    forged = base64.b64encode(key_id + bytes(64)).decode()
    note = f"{NOTE}— {WITNESS.name} {forged}\n"
    assert open_note(note, [POLICE.verifier]).text == TEXT
    assert code_of(note, POLICE.verifier, WITNESS.verifier) == "note.bad-signature"


def test_a_signature_of_the_wrong_length_is_bad() -> None:
    forged = base64.b64encode(POLICE.verifier.key_id + b"short").decode()
    assert code_of(f"{TEXT}\n— {ORIGIN} {forged}\n") == "note.bad-signature"


def test_no_key_opens_nothing() -> None:
    with pytest.raises(DamagedError):
        open_note(NOTE, [])


SIGNATURE = NOTE.removeprefix(TEXT + "\n")


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("", id="nothing"),
        pytest.param(TEXT, id="text alone"),
        pytest.param(TEXT + "\n", id="no signature line"),
        pytest.param(SIGNATURE, id="no text"),
        pytest.param(NOTE[:-1], id="no final newline"),
        pytest.param(NOTE + "\n", id="an empty line at the end"),
        pytest.param(NOTE + "more\n", id="a line after the signatures"),
        pytest.param(TEXT + SIGNATURE, id="no empty line between"),
        pytest.param(NOTE.replace("Alice", "Alice\t"), id="a tabulator"),
        pytest.param(NOTE.replace("\n", "\r\n"), id="carriage returns"),
        pytest.param(NOTE.replace("Alice", "Al\x00ce"), id="a zero byte"),
        pytest.param(NOTE.replace("— ", "- "), id="a hyphen for the dash"),
        pytest.param(NOTE.replace("— ", "—  "), id="two spaces"),
        pytest.param(NOTE.replace("— ", " — "), id="a space before the dash"),
        pytest.param(f"{TEXT}\n— {ORIGIN} !!!!\n", id="not base64"),
        pytest.param(f"{TEXT}\n— {ORIGIN} AAAA\n", id="too short for a key id"),
        pytest.param(f"{TEXT}\n— {ORIGIN} AAAAAA==\n", id="a key id alone"),
        pytest.param(f"{TEXT}\n— {ORIGIN} AAAAAAB=\n", id="base64 with stray bits"),
        pytest.param(f"{TEXT}\n— {ORIGIN} AAAAAAAA \n", id="a space at the end"),
        pytest.param(f"{TEXT}\n— {ORIGIN}\n", id="no signature in the line"),
        pytest.param(TEXT + "\n" + SIGNATURE * 101, id="too many signatures"),
        pytest.param("Alice \udcff\n\n" + SIGNATURE, id="half a character"),
    ],
)
def test_a_malformed_note_is_refused(note: str) -> None:
    assert code_of(note) == "note.malformed"


@pytest.mark.parametrize("name", ["a+b", "a\u00a0b", "a\u2003b"])
def test_a_signature_under_an_impossible_name_is_refused(name: str) -> None:
    assert code_of(f"{TEXT}\n— {name} AAAAAAAA\n") == "note.key-name"


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    assert code_of(b"\xff" + NOTE.encode()) == "note.malformed"


@pytest.mark.parametrize("text", ["no newline", "", "a\ttab\n", "a \x00 zero\n"])
def test_text_that_a_note_cannot_hold_is_not_signed(text: str) -> None:
    with pytest.raises(DamagedError):
        sign_note(text, POLICE)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\t", "new\nline", "wide\u3000"])
def test_a_key_has_no_impossible_name(name: str) -> None:
    with pytest.raises(DamagedError):
        Signer.generate(name)


def test_two_generated_keys_differ() -> None:
    assert Signer.generate(ORIGIN).secret != Signer.generate(ORIGIN).secret


def test_a_private_key_never_shows_itself() -> None:
    assert POLICE.secret.hex() not in repr(POLICE)
    assert POLICE.text.rsplit("+", 1)[1] not in repr([POLICE]) + str(POLICE)


def test_keys_live_in_files(tmp_path: Path) -> None:
    save_signer(tmp_path / "log.key", POLICE)
    save_verifier(tmp_path / "log.vkey", POLICE.verifier)
    assert load_signer(tmp_path / "log.key") == POLICE
    assert load_verifier(tmp_path / "log.vkey") == POLICE.verifier
    assert (tmp_path / "log.key").stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    save_signer(tmp_path / "log.key", POLICE)
    with pytest.raises(RefusedError) as caught:
        save_signer(tmp_path / "log.key", MALLORY)
    assert caught.value.code == "log.key-exists"
    assert load_signer(tmp_path / "log.key") == POLICE


def test_a_missing_key_says_what_to_do(tmp_path: Path) -> None:
    for load in (load_signer, load_verifier):
        with pytest.raises(SetupError) as caught:
            load(tmp_path / "log.key")
        assert caught.value.code == "log.key-missing"
        assert "backup" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\xff\xfe", NOTE.encode(), b"a+b+c"])
def test_a_garbled_key_is_a_matter_of_setup(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    for load in (load_signer, load_verifier):
        with pytest.raises(SetupError) as caught:
            load(tmp_path / "key")
        assert caught.value.code == "log.key-garbled"


def test_the_public_key_is_not_taken_for_the_private_one(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(POLICE.verifier.text)
    with pytest.raises(SetupError):
        load_signer(tmp_path / "key")


def test_the_text_is_divided_at_the_last_empty_line() -> None:
    text, signatures = split_note(NOTE)
    assert text == TEXT
    assert [signature.name for signature in signatures] == [ORIGIN]
