"""Cosignatures (C2SP tlog-cosignature v1): a witness's signed and timed line under a checkpoint.

A cosignature says: at this time, this was the largest tree that I had seen of this log, and it
continues every earlier one that I saw. Ed25519 only (type 0x04); the ML-DSA-44 form (type 0x06)
is not read, and its lines are passed over as those of an unknown key. What a witness checks
before it signs is `custody.witness`'s; which witnesses are enough is `custody.policy`'s.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bodyworn.core.errors import DamagedError
from bodyworn.custody.note import (
    COSIGNATURE,
    Signature,
    Verifier,
    check_name,
    is_ed25519,
    private_parts,
    split_note,
    to_base64,
)

TIME_SIZE = 8  # bytes, big-endian seconds since 1970
LATEST = 253_402_300_799  # the last second that a calendar of four-digit years can name


@dataclass(frozen=True, slots=True)
class CosignerKey(Verifier):
    """The public key of a witness. `signed` takes time and signature, as they stand in a note."""

    kind: ClassVar[bytes] = COSIGNATURE

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made this cosignature of a checkpoint's text."""
        seconds = _seconds(signature)
        if not 0 < seconds <= LATEST:
            return False
        return is_ed25519(signature[TIME_SIZE:], _message(message, seconds), public=self.public)


@dataclass(frozen=True, slots=True, repr=False)
class Cosigner:
    """The private key of a witness; `repr` never shows it."""

    name: str  # of the key: `oversight.example/witness`
    secret: bytes  # 32 bytes, the seed of RFC 8032

    def __post_init__(self) -> None:
        check_name(self.name)

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new key from the operating system's randomness. Raises DamagedError on a bad name."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `PRIVATE+KEY+name+hash+base64`. Raises DamagedError."""
        name, key_id, secret = private_parts(text.strip(), kind=COSIGNATURE)
        cosigner = cls(name, secret)
        if cosigner.key.key_id.hex() != key_id:
            raise DamagedError("note.key-garbled", "The key's hash and the key disagree.")
        return cosigner

    @property
    def key(self) -> CosignerKey:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.secret).public_key()
        return CosignerKey(self.name, public.public_bytes_raw())

    @property
    def text(self) -> str:
        """The key as `PRIVATE+KEY+name+hash+base64`: a secret."""
        encoded = to_base64(COSIGNATURE + self.secret)
        return f"PRIVATE+KEY+{self.name}+{self.key.key_id.hex()}+{encoded}"

    def cosign(self, text: str, *, at: datetime) -> Signature:
        """Sign a checkpoint's text, whose last character is its newline, as seen at this time."""
        seconds = int(at.timestamp())
        key = Ed25519PrivateKey.from_private_bytes(self.secret)
        raw = key.sign(_message(text.encode(), seconds))
        return Signature(self.name, self.key.key_id, seconds.to_bytes(TIME_SIZE, "big") + raw)

    def __repr__(self) -> str:
        return f"Cosigner({self.name!r})"


def cosigned_at(signature: Signature) -> datetime:
    """When a cosignature was made by its witness's clock, UTC to the second; not verified.

    Raises DamagedError for a line that is no cosignature.
    """
    seconds = _seconds(signature.raw)
    if not 0 < seconds <= LATEST:
        raise DamagedError("cosignature.malformed", "That is no cosignature with a time.")
    return datetime.fromtimestamp(seconds, UTC)


def cosignature_in(note: bytes | str, key: CosignerKey) -> Signature | None:
    """The newest cosignature of this key; None where it made none.

    Raises DamagedError: `note.malformed`, or `note.bad-signature` where a line claims to be of
    this key and is not.
    """
    text, signatures = split_note(note)
    ours = [one for one in signatures if (one.name, one.key_id) == (key.name, key.key_id)]
    if not all(key.signed(text.encode(), one.raw) for one in ours):
        raise DamagedError("note.bad-signature", f"{key.name} did not sign this text.")
    return max(ours, key=cosigned_at, default=None)


def _seconds(raw: bytes) -> int:
    """The time of a cosignature, and 0 for what is too short or too long to be one."""
    return int.from_bytes(raw[:TIME_SIZE], "big") if len(raw) == TIME_SIZE + 64 else 0


def _message(text: bytes, seconds: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % seconds + text
