"""The format: one header, chunks that open at their place only, and sizes that add up."""

import copy
import json
import logging
import pickle

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyworn.core.errors import DamagedError
from bodyworn.store.keyring import Bucket
from bodyworn.store.sealed import (
    CHUNK,
    EMPTY,
    HEADER,
    MAGIC,
    PLAIN,
    DataKey,
    Header,
    Kind,
    Seal,
    place,
    plain_size,
    sealed_length,
    sealed_size,
)

SECRET = bytes(range(32))
KEY = DataKey(SECRET)
DAY = Bucket("arrival-2026-11-22")
WRAPPED = bytes(range(40))
PLAINS = st.integers(0, 3).flatmap(
    lambda chunks: st.integers(-2, 2).map(lambda more: max(0, chunks * PLAIN + more))
) | st.integers(0, 2**50)


def born() -> Seal:
    return Seal.born(KEY, bucket=DAY, wrapped=WRAPPED)


def sealed(seal: Seal, plain: bytes, first: int = 0, kind: Kind = Kind.FULL) -> bytes:
    made = bytearray(sealed_length(len(plain)))
    seal.seal_into(memoryview(plain), memoryview(made), first=first, kind=kind)
    return bytes(made)


def opened(seal: Seal, data: bytes, first: int = 0, kind: Kind = Kind.FULL) -> bytes:
    plain = bytearray(len(data) // CHUNK * PLAIN + max(0, len(data) % CHUNK - EMPTY))
    seal.open_into(memoryview(data), memoryview(plain), first=first, kind=kind)
    return bytes(plain)


# ---- sizes ----------------------------------------------------------------------------------


@given(PLAINS)
def test_a_files_length_tells_how_much_it_holds(plain: int) -> None:
    assert plain_size(sealed_size(plain)) == plain
    assert sealed_size(plain) > place(plain // PLAIN)


@given(st.integers(0, 2**50))
def test_a_length_that_no_blob_has_is_refused(size: int) -> None:
    if size < HEADER or (size - HEADER) % CHUNK < EMPTY:
        with pytest.raises(DamagedError):
            plain_size(size)
    else:
        assert sealed_size(plain_size(size)) == size


# ---- what an outsider would write from the description ----------------------------------------


def test_a_blob_can_be_opened_from_its_description_alone() -> None:
    text = b"7" * (2 * PLAIN) + b"the end"
    seal = born()
    blob = seal.header.to_bytes() + sealed(seal, text[: 2 * PLAIN])
    blob += sealed(seal, text[2 * PLAIN :], 2, Kind.LAST)

    told = json.loads(blob[len(b"bodyworn.seal/1\n") : 4096].rstrip(b"\0"))
    commitment, salt = told.pop("commitment"), bytes.fromhex(told["id"])
    facts = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    made = HKDF(SHA512(), 64, salt=salt, info=b"bodyworn.seal/1\n" + facts).derive(SECRET)
    assert made[32:].hex() == commitment
    found, gcm = b"", AESGCM(made[:32])
    for index, at in enumerate(range(4096, len(blob), 65536)):
        chunk, is_last = blob[at : at + 65536], at + 65536 > len(blob)
        bound = salt + index.to_bytes(8, "big") + bytes([is_last])
        found += gcm.decrypt(chunk[:12], chunk[12:], bound)
    assert found == text
    assert told == {
        "bucket": "arrival-2026-11-22",
        "chunk": 65536,
        "cipher": "AES-256-GCM",
        "generation": 1,
        "id": salt.hex(),
        "wrapped": WRAPPED.hex(),
    }


# ---- headers --------------------------------------------------------------------------------


def test_a_header_is_read_as_it_was_written() -> None:
    header = born().header
    assert Header.parse(header.to_bytes()) == header
    assert len(header.to_bytes()) == HEADER


def test_a_header_of_which_any_byte_was_changed_does_not_open() -> None:
    good = born().header.to_bytes()
    end = good.rindex(b"}") + 3
    for at in [*range(end), HEADER - 1]:
        changed = bytearray(good)
        changed[at] ^= 1
        with pytest.raises(DamagedError) as refused:
            KEY.opens(bytes(changed))
        assert refused.value.code in ("seal.header", "seal.other-key")


@pytest.mark.parametrize(
    "change",
    [
        {"bucket": "arrival-2026-11-23"},
        {"bucket": 7},
        {"generation": 2},
        {"generation": 1.0},
        {"generation": True},
        {"chunk": 16384},
        {"cipher": "none"},
        {"id": "00" * 16},
        {"id": "00"},
        {"wrapped": "00" * 40},
        {"wrapped": ""},
        {"commitment": "00" * 32},
        {"commitment": None},
        {"more": 1},
    ],
)
def test_a_header_that_says_something_else_does_not_open(change: dict[str, object]) -> None:
    told = json.loads(born().header.to_bytes()[len(MAGIC) :].rstrip(b"\0")) | change
    text = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(DamagedError) as refused:
        KEY.opens((MAGIC + text).ljust(HEADER, b"\0"))
    assert refused.value.code in ("seal.header", "seal.other-key")


@settings(max_examples=200)
@given(st.binary(max_size=200), st.booleans())
def test_noise_is_no_header(noise: bytes, with_magic: bool) -> None:
    data = (MAGIC if with_magic else b"") + noise
    with pytest.raises(DamagedError):
        Header.parse(data)
    with pytest.raises(DamagedError):
        Header.parse(data.ljust(HEADER, b"\0"))


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(DamagedError) as refused:
        DataKey(bytes(32)).opens(born().header.to_bytes())
    assert refused.value.code == "seal.other-key"


def test_two_blobs_of_one_key_are_still_two() -> None:
    one, other = born(), born()
    chunk = sealed(one, b"x" * PLAIN)
    with pytest.raises(DamagedError):
        opened(other, chunk)
    assert KEY.opens(one.header.to_bytes()) is KEY.opens(one.header.to_bytes())
    assert opened(KEY.opens(one.header.to_bytes()), chunk) == b"x" * PLAIN


# ---- chunks ---------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**40), st.integers(0, 3), st.sampled_from(Kind))
def test_what_is_sealed_is_opened_at_its_place_only(first: int, chunks: int, kind: Kind) -> None:
    seal, plain = born(), b"7" * (chunks * PLAIN or 5)
    data = sealed(seal, plain, first, kind)
    assert opened(seal, data, first, kind) == plain
    for place_, other in ((first + 1, kind), (first, Kind((kind + 1) % 3))):
        with pytest.raises(DamagedError) as refused:
            opened(seal, data, place_, other)
        assert refused.value.code == "seal.broken"
        assert refused.value.facts == {"chunk": place_}


def test_no_nonce_is_used_twice_even_for_the_same_bytes_at_the_same_place() -> None:
    seal = born()
    found = [sealed(seal, bytes(4 * PLAIN)) for _ in range(50)]
    nonces = [data[at : at + 12] for data in found for at in range(0, len(data), CHUNK)]
    assert len(set(nonces)) == len(nonces) == 200
    assert not any(bytes(64) in data for data in found)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, EMPTY + 99), st.integers(0, 7))
def test_any_bit_of_a_chunk_counts(at: int, bit: int) -> None:
    seal = born()
    changed = bytearray(sealed(seal, b"7" * 100, 3, Kind.LAST))
    changed[at] ^= 1 << bit
    with pytest.raises(DamagedError):
        opened(seal, bytes(changed), 3, Kind.LAST)


# ---- secrets --------------------------------------------------------------------------------


def test_a_key_shows_itself_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("bodyworn").warning("%s %r %s", KEY, KEY, [KEY, born()])
    told = f"{KEY} {KEY!r} {[KEY]} {born()!r} {caplog.text}"
    assert SECRET.hex() not in told
    assert repr(SECRET) not in told
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            way(KEY)
    with pytest.raises(TypeError):
        hash(KEY)


def test_keys_are_compared_and_have_one_size() -> None:
    assert DataKey(SECRET) == KEY
    assert DataKey(bytes(32)) != KEY
    assert SECRET != KEY
    for size in (0, 16, 31, 33):
        with pytest.raises(DamagedError) as refused:
            DataKey(bytes(size))
        assert refused.value.code == "key.wrong-size"
