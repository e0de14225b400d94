"""Cosignatures: the bytes that C2SP tlog-cosignature asks for, and nothing that only looks so."""

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.making import POLICE
from tests.custody.overseeing import COMPLAINTS, LEAVES, MAYOR, SEEN, cosigned, later, note_of

from bodyworn.core.errors import DamagedError
from bodyworn.custody.checkpoint import parse
from bodyworn.custody.cosignature import Cosigner, CosignerKey, cosignature_in, cosigned_at
from bodyworn.custody.note import Signature, Signer, Verifier, open_note, split_note

NOTE = note_of(LEAVES, 300)
TEXT = NOTE.rpartition("\n\n")[0] + "\n"


def test_a_cosignature_is_what_the_specification_spells_out() -> None:
    """Written out here by hand, without our own functions."""
    secret = Ed25519PrivateKey.from_private_bytes(COMPLAINTS.secret)
    public = secret.public_key().public_bytes_raw()
    name = b"complaints.example/witness"
    key_id = sha256(name + b"\n\x04" + public).digest()[:4]
    signature = secret.sign(b"cosignature/v1\ntime 1776157200\n" + TEXT.encode())
    raw = key_id + (1_776_157_200).to_bytes(8, "big") + signature
    line = f"— complaints.example/witness {base64.b64encode(raw).decode()}\n"
    assert COMPLAINTS.cosign(TEXT, at=SEEN).line == line
    encoded = base64.b64encode(bytes([4]) + public).decode()
    assert COMPLAINTS.key.text == f"complaints.example/witness+{key_id.hex()}+{encoded}"


def test_a_cosigned_checkpoint_is_still_the_logs_checkpoint() -> None:
    note = cosigned(NOTE, COMPLAINTS, MAYOR)
    assert parse(note, POLICE.verifier).size == 300
    opened = open_note(note, [POLICE.verifier, COMPLAINTS.key])
    assert opened.signed_by == (POLICE.verifier, COMPLAINTS.key)


def test_the_newest_of_a_witnesss_lines_counts() -> None:
    note = cosigned(cosigned(NOTE, COMPLAINTS, at=later(60)), COMPLAINTS, MAYOR)
    found = cosignature_in(note, COMPLAINTS.key)
    assert found is not None
    assert cosigned_at(found) == later(60)
    assert cosignature_in(NOTE, COMPLAINTS.key) is None


@settings(deadline=None)
@given(at=st.integers(0, 75), bit=st.integers(0, 7))
def test_one_changed_bit_anywhere_is_noticed(at: int, bit: int) -> None:
    genuine = COMPLAINTS.cosign(TEXT, at=SEEN)
    raw = bytearray(genuine.key_id + genuine.raw)
    raw[at] ^= 1 << bit
    changed = Signature(genuine.name, bytes(raw[:4]), bytes(raw[4:]))
    if changed.key_id != genuine.key_id:
        assert cosignature_in(NOTE + changed.line, COMPLAINTS.key) is None
        return
    with pytest.raises(DamagedError) as caught:
        cosignature_in(NOTE + changed.line, COMPLAINTS.key)
    assert caught.value.code == "note.bad-signature"


def test_a_cosignature_of_another_tree_is_refused() -> None:
    other = COMPLAINTS.cosign(TEXT.replace("300", "299"), at=SEEN)
    with pytest.raises(DamagedError):
        cosignature_in(NOTE + other.line, COMPLAINTS.key)


@pytest.mark.parametrize("seconds", [0, 253_402_300_800, 2**63, 2**64 - 1])
def test_a_time_that_no_calendar_has_is_no_time_even_if_it_is_signed(seconds: int) -> None:
    secret = Ed25519PrivateKey.from_private_bytes(COMPLAINTS.secret)
    signature = secret.sign(b"cosignature/v1\ntime %d\n" % seconds + TEXT.encode())
    raw = seconds.to_bytes(8, "big") + signature
    line = Signature(COMPLAINTS.name, COMPLAINTS.key.key_id, raw)
    with pytest.raises(DamagedError):
        cosignature_in(NOTE + line.line, COMPLAINTS.key)
    with pytest.raises(DamagedError) as caught:
        cosigned_at(line)
    assert caught.value.code == "cosignature.malformed"


def test_a_key_of_a_log_is_no_key_of_a_witness_and_the_other_way_round() -> None:
    with pytest.raises(DamagedError):
        CosignerKey.parse(POLICE.verifier.text)
    with pytest.raises(DamagedError):
        Verifier.parse(COMPLAINTS.key.text)
    with pytest.raises(DamagedError):
        Cosigner.parse(POLICE.text)
    with pytest.raises(DamagedError):
        Signer.parse(COMPLAINTS.text)


def test_the_same_secret_under_both_kinds_signs_different_things() -> None:
    """A log's signature must never pass for a witness's, even under one careless key."""
    careless = Signer(COMPLAINTS.name, COMPLAINTS.secret)
    line = Signature(careless.name, COMPLAINTS.key.key_id, bytes(8) + careless.sign(TEXT.encode()))
    with pytest.raises(DamagedError):
        cosignature_in(NOTE + line.line, COMPLAINTS.key)


def test_keys_survive_being_written() -> None:
    fresh = Cosigner.generate("oversight.example/w")
    assert Cosigner.parse(fresh.text + "\n") == fresh
    assert CosignerKey.parse(fresh.key.text) == fresh.key
    assert fresh.text not in repr(fresh)
    with pytest.raises(DamagedError):
        Cosigner.parse(fresh.text.replace(fresh.key.key_id.hex(), "00000000"))
    with pytest.raises(DamagedError):
        Cosigner.generate("two words")


def test_a_signature_line_is_written_as_it_was_read() -> None:
    _, signatures = split_note(cosigned(NOTE, COMPLAINTS))
    assert "".join(one.line for one in signatures) == cosigned(NOTE, COMPLAINTS).split("\n\n")[1]
