"""The arithmetic of the stand-alone verifier, against the library that the force's program uses."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.overseeing import LEAVES, note_of

from bodyworn.custody.note import Signer, Verifier, is_ed25519
from bodyworn.custody.outside import verify
from bodyworn.custody.outside.verify import Head, Key, P, is_consistent, is_signed, point_from
from bodyworn.custody.tree import consistency_proof, inclusion_proof, root_of, subtrees_of

# RFC 8032, section 7.1: secret, public, message, signature; public and signature are computed by
# the library from the secret, which is itself tested against the same vectors.
RFC_8032 = {
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60": (
        "",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ),
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb": (
        "72",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    ),
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7": (
        "af82",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ),
}


def encoded(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


# Keys and points that only a careless reader has an opinion of its own about: of small order, and
# written in a way in which no honest program writes them.
ODD = [
    encoded(y, sign)
    for y in (0, 1, 2, 3, P - 1, P, P + 1, P + 2, P + 18, 2**255 - 1)
    for sign in (0, 1)
] + [
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
]


@pytest.mark.parametrize("secret", RFC_8032)
def test_the_vectors_of_the_standard_hold(secret: str) -> None:
    message, public = (bytes.fromhex(text) for text in RFC_8032[secret])
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.public_key().public_bytes_raw() == public
    signature = key.sign(message)
    assert is_signed(public, message, signature)
    assert not is_signed(public, message + b"!", signature)


@settings(max_examples=40, deadline=None)
@given(
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=80),
    st.integers(0, 63),
    st.integers(0, 255),
)
def test_it_agrees_with_the_library_on_good_and_spoilt_signatures(
    secret: bytes, message: bytes, at: int, by: int
) -> None:
    signer = Signer("log", secret)
    public, signature = signer.verifier.public, signer.sign(message)
    spoilt = signature[:at] + bytes([signature[at] ^ by]) + signature[at + 1 :]
    assert is_signed(public, message, spoilt) == is_ed25519(spoilt, message, public=public)
    assert is_signed(public, message, spoilt) == (by == 0)


def test_it_agrees_with_the_library_on_odd_keys_and_points() -> None:
    for public in ODD:
        for r in ODD[:8]:
            signature, message = r + bytes(32), sha256(public + r).digest()
            expected = is_ed25519(signature, message, public=public)
            assert is_signed(public, message, signature) == expected, (public.hex(), r.hex())


def test_a_signature_cannot_be_written_in_two_ways() -> None:
    signer = Signer("log", bytes(32))
    signature = signer.sign(b"text")
    s = int.from_bytes(signature[32:], "little")
    other = signature[:32] + (s + verify.ORDER).to_bytes(32, "little")
    assert is_signed(signer.verifier.public, b"text", signature)
    assert not is_signed(signer.verifier.public, b"text", other)
    assert not is_signed(signer.verifier.public, b"text", signature + b"\0")
    assert not is_signed(signer.verifier.public[:-1], b"text", signature)


@given(st.binary(min_size=32, max_size=32))
def test_a_point_is_on_the_curve_or_none(raw: bytes) -> None:
    point = point_from(raw)
    if point is not None:
        x, y, _, _ = point
        assert (y * y - x * x - 1 - verify.CURVE_D * x * x * y * y) % P == 0


def test_a_key_is_read_and_written_as_the_force_does() -> None:
    text = Signer("police.example/log", bytes(32)).verifier.text
    key = verify.read_key(text + "\n")
    assert key.text == text
    assert key == Key("police.example/log", Verifier.parse(text).public)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_proofs_lead_where_the_forces_own_lead(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    subtree = subtrees_of(LEAVES)
    hashes = inclusion_proof(index, size, subtree)
    root = root_of(LEAVES[:size])
    assert verify.root_of(LEAVES[:size]) == root
    assert verify.root_by_inclusion(LEAVES[index], index, size, hashes) == root
    old, new = Head("", index + 1, root_of(LEAVES[: index + 1])), Head("", size, root)
    proof = consistency_proof(index + 1, size, subtree)
    assert is_consistent(proof, old, new)
    assert not is_consistent(proof, Head("", index + 1, bytes(32)), new)
    assert not is_consistent([*proof, bytes(32)], old, new)


def test_a_checkpoint_is_read_as_the_force_reads_it() -> None:
    key = verify.read_key(Signer("police.example/log", sha256(b"the force").digest()).verifier.text)
    head = verify.read_checkpoint(note_of(LEAVES, 7), key)
    assert (head.size, head.root) == (7, root_of(LEAVES[:7]))


@settings(max_examples=12, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 2419), st.data())
def test_mldsa_agrees_with_the_library(
    seed: bytes, message: bytes, at: int, data: st.DataObject
) -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert verify.is_signed_mldsa(public, message, signature)
    assert not verify.is_signed_mldsa(public, message + b"!", signature)
    spoilt = signature[:at] + bytes([signature[at] ^ data.draw(st.integers(1, 255))])
    assert not verify.is_signed_mldsa(public, message, spoilt + signature[at + 1 :])
    other = public[: at % 1312] + bytes([public[at % 1312] ^ 1]) + public[at % 1312 + 1 :]
    assert not verify.is_signed_mldsa(other, message, signature)


def test_mldsa_hints_are_written_in_one_way() -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    public = private.public_key().public_bytes_raw()
    for number in range(4):
        signature = private.sign(b"%d" % number)
        hints = bytearray(signature[2336:])
        hints[0], hints[1] = hints[1], hints[0]
        assert not verify.is_signed_mldsa(public, b"%d" % number, signature[:2336] + bytes(hints))
        hints = bytearray(signature[2336:])
        hints[79] = 1  # behind the last hint there are zeros
        assert not verify.is_signed_mldsa(public, b"%d" % number, signature[:2336] + bytes(hints))
    assert not verify.is_signed_mldsa(public, b"", bytes(2420))
    assert not verify.is_signed_mldsa(public, b"", b"\xff" * 2420)
