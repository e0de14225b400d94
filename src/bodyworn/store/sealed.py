"""The sealed blob, version 1: its header, its chunks, and how sizes are reckoned.

    bytes 0 … 4095      header: a magic line, one canonical JSON object, zeros
    from byte 4096 on   chunks of 65,536 bytes: nonce (12) ‖ ciphertext (65,508) ‖ tag (16)
    at the end          the last chunk: the same with 0 to 65,507 bytes, never a full one

The header is `{"bucket","chunk","cipher","commitment","generation","id","wrapped"}`: the bucket
under which the data key was wrapped when the blob was born, the wrapped key (RFC 3394), and an id
of 16 random bytes. HKDF-SHA-512 (RFC 5869) makes of the data key, with the id as salt and the rest
of the header as info, the AES-256-GCM key and the commitment. So a header of which a byte was
changed opens with no key, and no second key opens the same blob to other bytes. The shape (derived
key, commitment, chunks of their own) is that of C2SP's chunked encryption; the bytes are ours.

Each chunk is authenticated with the id, its index (8 bytes, big-endian) and its kind: one that is
moved, repeated, left out or taken from another blob does not open. The last one is always short
and of another kind, so a blob that was cut, also at a chunk's border, is refused. Nonces are
random: a chunk that was rolled back or lost in a crash is sealed again at the same index, and a
counter would then give two texts one nonce. With 2^32 chunks (256 TiB) under one key the chance
that two nonces meet stays below 2^-32, the bound of NIST SP 800-38D section 8.3.

Which key opens what is for `store.keyring`; files are for others.
"""

import json
import secrets
import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Any, NoReturn, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bodyworn.core.canonical import canonical
from bodyworn.core.errors import BodywornError, DamagedError
from bodyworn.store.keyring import KEY_SIZE, WRAPPED_SIZE, Bucket

MAGIC = b"bodyworn.seal/1\n"
CIPHER = "AES-256-GCM"
HEADER = 4096  # bytes; a disk's block, so that chunks begin at one
CHUNK = 65_536  # bytes on the disk
NONCE, TAG = 12, 16  # bytes
PLAIN = CHUNK - NONCE - TAG  # bytes of plain text in a full chunk
EMPTY = NONCE + TAG  # bytes of a chunk without plain text
ID_SIZE = 16  # bytes
_AAD = struct.Struct(f">{ID_SIZE}sQB")


class Kind(IntEnum):
    """What a chunk says of itself; authenticated, not stored."""

    FULL = 0  # as long as can be, and others follow
    LAST = 1  # the end of a blob
    TAIL = 2  # the end of an unfinished upload so far; never part of a blob


class DataKey:
    """The secret of one blob. Made by the store at its birth and by the key service, only.

    It shows itself to nobody: not in a log, a traceback or a pickle. Whoever must hand it on to
    another process says so by name (`secret`).
    """

    __slots__ = ("_known", "_secret")

    def __init__(self, secret: bytes) -> None:
        """32 bytes. Raises DamagedError key.wrong-size."""
        if len(secret) != KEY_SIZE:
            raise DamagedError("key.wrong-size", f"A data key has {KEY_SIZE} bytes.")
        self._secret = bytes(secret)
        self._known: tuple[bytes, Seal] | None = None

    def secret(self) -> bytes:
        """The 32 bytes themselves: to be wrapped, or for the wire of the key service."""
        return self._secret

    def opens(self, header: bytes) -> "Seal":
        """The seal of the blob with this header, remembered. Raises DamagedError seal.*"""
        if self._known is None or self._known[0] != header:
            self._known = (header, Seal.opened(Header.parse(header), self))
        return self._known[1]

    def __repr__(self) -> str:
        return "DataKey(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataKey) and bytes_eq(self._secret, other._secret)

    __hash__ = None  # type: ignore[assignment]  # a hash would tell of the secret

    def __reduce__(self) -> NoReturn:
        raise TypeError("a data key is not to be pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands before the chunks. No secret is in it."""

    id: bytes  # 16 random bytes
    bucket: Bucket  # under which the key was wrapped at birth
    wrapped: bytes  # 40 bytes, RFC 3394
    commitment: bytes  # 32 bytes; which key this blob belongs to

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read 4,096 bytes. Raises DamagedError seal.header."""
        text, _, _ = data.removeprefix(MAGIC).partition(b"\0")
        try:
            told = json.loads(text)
            found = cls(
                id=bytes.fromhex(told["id"]),
                bucket=Bucket(told["bucket"], told["generation"]),
                wrapped=bytes.fromhex(told["wrapped"]),
                commitment=bytes.fromhex(told["commitment"]),
            )
            # One header, one sequence of bytes: what says the same in another way is refused.
            is_exact = found.to_bytes() == data
        except (ValueError, TypeError, KeyError, BodywornError):
            raise _no_header() from None
        if not is_exact:
            raise _no_header()
        return found

    def to_bytes(self) -> bytes:
        """The 4,096 bytes."""
        told = {**_facts(self.id, self.bucket, self.wrapped), "commitment": self.commitment.hex()}
        return (MAGIC + canonical(told)).ljust(HEADER, b"\0")


class Seal:
    """Seals and opens the chunks of one blob. Safe between threads."""

    __slots__ = ("_gcm", "_id", "header")

    def __init__(self, header: Header, gcm: AESGCM) -> None:
        """For `born` and `opened`."""
        self.header = header
        self._id = header.id
        self._gcm = gcm

    @classmethod
    def born(cls, key: DataKey, *, bucket: Bucket, wrapped: bytes) -> Self:
        """The seal of a blob that begins now."""
        blob = secrets.token_bytes(ID_SIZE)
        gcm, commitment = _derived(key, blob, bucket, wrapped)
        return cls(
            Header(id=blob, bucket=bucket, wrapped=wrapped, commitment=commitment), AESGCM(gcm)
        )

    @classmethod
    def opened(cls, header: Header, key: DataKey) -> Self:
        """The seal of a blob that is there. Raises DamagedError seal.other-key."""
        gcm, commitment = _derived(key, header.id, header.bucket, header.wrapped)
        if not bytes_eq(commitment, header.commitment):
            raise DamagedError("seal.other-key", "This key is not the one that these bytes name.")
        return cls(header, AESGCM(gcm))

    def seal_into(
        self, plain: memoryview, sealed: memoryview, *, first: int, kind: Kind = Kind.FULL
    ) -> None:
        """Seal chunks from index `first` on; every one is of the same kind.

        `sealed` is exactly `sealed_length(len(plain))` long.
        """
        nonces = secrets.token_bytes(NONCE * -(-len(sealed) // CHUNK))
        encrypt, aad = self._gcm.encrypt_into, partial(_AAD.pack, self._id)
        for number, at in enumerate(range(0, len(sealed), CHUNK)):
            chunk = sealed[at : at + CHUNK]
            nonce = nonces[number * NONCE : number * NONCE + NONCE]
            chunk[:NONCE] = nonce
            text = plain[number * PLAIN : number * PLAIN + PLAIN]
            encrypt(nonce, text, aad(first + number, kind), chunk[NONCE:])

    def open_into(
        self, sealed: memoryview, plain: memoryview, *, first: int, kind: Kind = Kind.FULL
    ) -> None:
        """Open chunks; the reverse of `seal_into`. Raises DamagedError seal.broken.

        What `plain` holds after a failure MUST NOT be used.
        """
        decrypt, aad = self._gcm.decrypt_into, partial(_AAD.pack, self._id)
        number = 0
        try:
            for number, at in enumerate(range(0, len(sealed), CHUNK)):
                chunk = sealed[at : at + CHUNK]
                text = plain[number * PLAIN : number * PLAIN + PLAIN]
                decrypt(chunk[:NONCE], chunk[NONCE:], aad(first + number, kind), text)
        except (InvalidTag, ValueError):
            raise DamagedError(
                "seal.broken",
                f"Chunk {first + number} of a sealed blob is not what was sealed.",
                chunk=first + number,
            ) from None

    def __repr__(self) -> str:
        return f"Seal({self._id.hex()})"


def sealed_size(plain: int) -> int:
    """How long the file is that seals so many bytes."""
    full, rest = divmod(plain, PLAIN)
    return HEADER + full * CHUNK + EMPTY + rest


def plain_size(sealed: int) -> int:
    """How many bytes a sealed file of this length holds. Raises DamagedError seal.cut."""
    full, rest = divmod(sealed - HEADER, CHUNK)
    if full < 0 or rest < EMPTY:
        raise DamagedError("seal.cut", "A sealed blob does not end where one can end.")
    return full * PLAIN + rest - EMPTY


def sealed_length(plain: int) -> int:
    """How long so many plain bytes are as chunks: whole ones, or a single short one."""
    full, rest = divmod(plain, PLAIN)
    return full * CHUNK + (EMPTY + rest if rest or not full else 0)


def place(index: int) -> int:
    """Where in the file a chunk begins."""
    return HEADER + index * CHUNK


def _facts(blob: bytes, bucket: Bucket, wrapped: bytes) -> dict[str, Any]:
    return {
        "bucket": bucket.name,
        "chunk": CHUNK,
        "cipher": CIPHER,
        "generation": bucket.generation,
        "id": blob.hex(),
        "wrapped": wrapped.hex(),
    }


def _derived(key: DataKey, blob: bytes, bucket: Bucket, wrapped: bytes) -> tuple[bytes, bytes]:
    """The GCM key and the commitment; the whole header takes part, so none of it can change."""
    if len(blob) != ID_SIZE or len(wrapped) != WRAPPED_SIZE:
        raise _no_header()
    info = MAGIC + canonical(_facts(blob, bucket, wrapped))
    made = HKDF(SHA512(), 64, salt=blob, info=info).derive(key.secret())
    return made[:32], made[32:]


def _no_header() -> DamagedError:
    return DamagedError("seal.header", "These bytes do not begin as a sealed blob does.")
