"""ML-DSA-44 lines: the bytes of C2SP tlog-cosignature, of logs and of witnesses."""

import base64
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.making import NOW, ORIGIN, POLICE, NoFlush, entries
from tests.custody.overseeing import LEAVES, SEEN, folder_of, later, note_of, request

from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.custody.checkpoint import make, parse
from bodyworn.custody.cosignature import Cosigner, CosignerKey, cosignature_in, cosigned_at
from bodyworn.custody.log import Log
from bodyworn.custody.mldsa import MldsaKey, MldsaSigner, read_cosigner, read_cosigner_key
from bodyworn.custody.note import PrivateKey, Signature, Signer, Verifier, open_note, split_note
from bodyworn.custody.policy import read_policy
from bodyworn.custody.tree import root_of
from bodyworn.custody.verify import verify_log
from bodyworn.custody.witness import Witness
from bodyworn.custody.witness_folder import WitnessFolder

SECOND = MldsaSigner(ORIGIN, sha256(b"the force, once more").digest())
UNIVERSITY = MldsaSigner("university.example/witness", sha256(b"university").digest())
ROOT = root_of(LEAVES[:300])
NOTE = make(ORIGIN, 300, ROOT, signer=POLICE, second=SECOND).note_text
TEXT = NOTE.rpartition("\n\n")[0] + "\n"


def stated(name: bytes, seconds: int) -> bytes:
    """The signed message, written out by hand."""
    return (
        b"subtree/v1\n\x00"
        + bytes([len(name)])
        + name
        + seconds.to_bytes(8, "big")
        + bytes([18])
        + b"police.example/log"
        + bytes(8)
        + (300).to_bytes(8, "big")
        + ROOT
    )


def test_a_logs_second_line_is_what_the_specification_spells_out() -> None:
    public = MLDSA44PrivateKey.from_seed_bytes(SECOND.secret).public_key()
    line = split_note(NOTE)[1][1]
    assert line.name == ORIGIN
    key_id = sha256(b"police.example/log\n\x06" + public.public_bytes_raw()).digest()[:4]
    assert (line.key_id, line.raw[:8], len(line.raw)) == (key_id, bytes(8), 8 + 2420)
    public.verify(line.raw[8:], stated(b"police.example/log", 0))
    encoded = base64.b64encode(b"\x06" + public.public_bytes_raw()).decode()
    assert SECOND.key.text == f"police.example/log+{key_id.hex()}+{encoded}"


def test_a_witnesss_line_is_what_the_specification_spells_out() -> None:
    line = UNIVERSITY.cosign(TEXT, at=SEEN)
    public = MLDSA44PrivateKey.from_seed_bytes(UNIVERSITY.secret).public_key()
    assert line.raw[:8] == (1_776_157_200).to_bytes(8, "big")
    public.verify(line.raw[8:], stated(b"university.example/witness", 1_776_157_200))
    found = cosignature_in(NOTE + line.line, UNIVERSITY.key)
    assert found == line
    assert cosigned_at(line) == SEEN


def test_who_knows_ed25519_only_reads_on_as_before() -> None:
    assert parse(NOTE, POLICE.verifier).size == 300
    assert open_note(NOTE, [POLICE.verifier]).signed_by == (POLICE.verifier,)


def test_who_knows_both_keys_wants_both() -> None:
    assert parse(NOTE, POLICE.verifier, second=SECOND.key).root == ROOT
    alone = make(ORIGIN, 300, ROOT, signer=POLICE).note_text
    with pytest.raises(DamagedError) as caught:
        parse(alone, POLICE.verifier, second=SECOND.key)
    assert caught.value.code == "checkpoint.second-missing"
    other = make(ORIGIN, 300, ROOT, signer=POLICE, second=UNIVERSITY).note_text
    with pytest.raises(DamagedError):
        parse(other, POLICE.verifier, second=SECOND.key)


def test_the_second_alone_is_a_signature_too() -> None:
    """For the day that nobody believes the first any more."""
    assert parse(NOTE, SECOND.key).size == 300


def test_a_forger_of_the_first_key_fails_at_the_second() -> None:
    """Mallory has broken Ed25519: she signs as the police, and moves the old second line over."""
    forged = make(ORIGIN, 300, root_of(LEAVES[1:301]), signer=POLICE).note_text
    old = split_note(NOTE)[1][1].line
    assert parse(forged + old, POLICE.verifier).size == 300
    with pytest.raises(DamagedError) as caught:
        parse(forged + old, POLICE.verifier, second=SECOND.key)
    assert caught.value.code == "note.bad-signature"


@settings(max_examples=40)
@given(at=st.integers(0, 4 + 8 + 2420 - 1), bit=st.integers(0, 7))
def test_one_changed_bit_anywhere_is_noticed(at: int, bit: int) -> None:
    genuine = split_note(NOTE)[1][1]
    raw = bytearray(genuine.key_id + genuine.raw)
    raw[at] ^= 1 << bit
    changed = Signature(genuine.name, bytes(raw[:4]), bytes(raw[4:]))
    with pytest.raises(DamagedError):
        parse(make(ORIGIN, 300, ROOT, signer=POLICE).note_text + changed.line, SECOND.key)


@pytest.mark.parametrize("cut", [0, 7, 8, 72, 2427])
def test_a_line_of_another_length_is_no_signature(cut: int) -> None:
    raw = split_note(NOTE)[1][1].raw
    assert not SECOND.key.signed(TEXT.encode(), raw[:cut])
    assert not SECOND.key.signed(TEXT.encode(), raw + b"\0")


def test_a_line_under_what_is_no_checkpoint_is_none() -> None:
    raw = split_note(NOTE)[1][1].raw
    assert not SECOND.key.signed(b"police.example/log/receipt\nsize 1\n", raw)


def test_a_line_without_time_is_no_witnesss_word() -> None:
    line = Signature(UNIVERSITY.name, UNIVERSITY.key.key_id, UNIVERSITY.sign(TEXT.encode()))
    assert cosignature_in(NOTE + line.line, UNIVERSITY.key) is None
    newer = UNIVERSITY.cosign(TEXT, at=later(5))
    assert cosignature_in(NOTE + line.line + newer.line, UNIVERSITY.key) == newer


KINDS: list[type[PrivateKey]] = [Signer, Cosigner, MldsaSigner]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_is_read_as_it_was_written(kind: type[PrivateKey]) -> None:
    key = kind.generate("oversight.example/w")
    assert kind.parse(key.text + "\n") == key
    assert type(key.public).parse(key.public.text) == key.public
    assert repr(key) == f"{kind.__name__}('oversight.example/w')"
    assert kind.generate(key.name).secret != key.secret
    for other in set(KINDS) - {kind}:
        with pytest.raises(DamagedError):
            other.parse(key.text)
    with pytest.raises(DamagedError):
        kind.parse(key.text.replace(key.public.key_id.hex(), "00000000"))
    with pytest.raises(DamagedError):
        kind.generate("two words")


def test_a_witnesss_key_is_read_whatever_its_kind() -> None:
    for one in (UNIVERSITY, Cosigner("mayor.example/witness", b"m" * 32)):
        assert read_cosigner(one.text) == one
        assert read_cosigner_key(one.key.text) == one.key
    with pytest.raises(DamagedError):
        read_cosigner_key("no key")
    with pytest.raises(DamagedError):
        read_cosigner_key(POLICE.verifier.text)


def test_a_log_signs_with_both_and_verifies_with_both(tmp_path: Path) -> None:
    log = Log(tmp_path, origin=ORIGIN, signer=POLICE, second=SECOND, disk=NoFlush())
    log.integrate(entries(300), from_index=0, now=NOW)
    assert verify_log(tmp_path, POLICE.verifier, second=SECOND.key).ok
    assert verify_log(tmp_path, POLICE.verifier).ok
    assert not verify_log(tmp_path, POLICE.verifier, second=UNIVERSITY.key).ok


def test_a_log_may_get_its_second_key_later(tmp_path: Path) -> None:
    first = Log(tmp_path, origin=ORIGIN, signer=POLICE, disk=NoFlush())
    kept = first.integrate(entries(5), from_index=0, now=NOW).note_text
    both = Log(tmp_path, origin=ORIGIN, signer=POLICE, second=SECOND, disk=NoFlush())
    assert not verify_log(tmp_path, POLICE.verifier, second=SECOND.key).ok
    both.integrate(entries(1, first=5), from_index=5, now=NOW)
    assert verify_log(tmp_path, POLICE.verifier, second=SECOND.key, older=kept).ok


def test_a_witness_with_such_a_key_signs_the_whole_tree(tmp_path: Path) -> None:
    made = WitnessFolder.create(tmp_path, name=UNIVERSITY.name, kind=MldsaSigner)
    folder = WitnessFolder.open(tmp_path)
    assert folder.key == made.key
    assert isinstance(folder.key, MldsaKey)
    folder.add_log(POLICE.verifier)
    line = Witness(folder).add_checkpoint(request(0, 300), now=SEEN)
    note = note_of(LEAVES, 300) + line
    policy = read_policy(f"witness university {folder.key.text}\nquorum university\n".encode())
    standing = policy.judge(note, log=POLICE.verifier)
    assert (standing.is_met, standing.newest) == (True, SEEN)
    Witness(folder).add_checkpoint(request(300, 500), now=later(1))


def test_a_policy_may_list_a_logs_second_key() -> None:
    policy = read_policy(f"log {SECOND.key.text}\nquorum none\n".encode())
    assert policy.judge(NOTE).checkpoint.size == 300


def test_ed25519_witnesses_see_both_lines_and_sign(tmp_path: Path) -> None:
    witness = Witness(folder_of(tmp_path))
    body = request(0, 300)
    both = body.replace(note_of(LEAVES, 300).encode(), NOTE.encode())
    assert both != body
    assert witness.add_checkpoint(both, now=SEEN)


def test_a_machine_without_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(_: bytes) -> None:
        raise UnsupportedAlgorithm("not here")

    monkeypatch.setattr(MLDSA44PrivateKey, "from_seed_bytes", no)
    with pytest.raises(SetupError) as caught:
        _ = MldsaSigner.generate("police.example/log").key
    assert caught.value.code == "note.no-mldsa"
    monkeypatch.setattr(MLDSA44PublicKey, "from_public_bytes", no)
    with pytest.raises(SetupError):
        MldsaKey(ORIGIN, b"p" * 1312).signed(TEXT.encode(), split_note(NOTE)[1][1].raw)


def test_a_name_that_does_not_fit_the_form_is_refused() -> None:
    long = MldsaSigner("w" * 256, b"s" * 32)
    with pytest.raises(DamagedError):
        long.cosign(TEXT, at=SEEN)


def test_the_public_halves_are_of_one_family() -> None:
    """What a policy holds is a CosignerKey, what opens a note a Verifier."""
    assert issubclass(MldsaKey, CosignerKey)
    assert issubclass(CosignerKey, Verifier)
