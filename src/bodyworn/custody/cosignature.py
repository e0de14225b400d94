"""Cosignatures (C2SP tlog-cosignature v1): a witness's signed and timed line under a checkpoint.

A cosignature says: at this time, this was the largest tree that I had seen of this log, and it
continues every earlier one that I saw. Ed25519 only (type 0x04); the ML-DSA-44 form (type 0x06)
is not read, and its lines are passed over as those of an unknown key. What a witness checks
before it signs is `custody.witness`'s; which witnesses are enough is `custody.policy`'s.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bodyworn.core.errors import DamagedError
from bodyworn.custody.note import (
    COSIGNATURE,
    PrivateKey,
    Signature,
    Verifier,
    ed25519_public,
    is_ed25519,
    split_note,
)

TIME_SIZE = 8  # bytes, big-endian seconds since 1970
SIGNATURE_SIZES = (64, 2420)  # bytes of Ed25519 and of ML-DSA-44
LATEST = 253_402_300_799  # the last second that a calendar of four-digit years can name


@dataclass(frozen=True, slots=True)
class CosignerKey(Verifier):
    """The public key of a witness. `signed` takes time and signature, as they stand in a note."""

    kind: ClassVar[bytes] = COSIGNATURE

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made this cosignature of a checkpoint's text."""
        seconds = seconds_of(signature)
        if not 0 < seconds <= LATEST:
            return False
        return is_ed25519(signature[TIME_SIZE:], _message(message, seconds), public=self.public)


@dataclass(frozen=True, slots=True, repr=False)
class Cosigner(PrivateKey):
    """The private key of a witness: Ed25519, one line a look."""

    kind: ClassVar[bytes] = COSIGNATURE

    @property
    def key(self) -> CosignerKey:
        """The public half."""
        return CosignerKey(self.name, ed25519_public(self.secret))

    @property
    def public(self) -> Verifier:
        """The same."""
        return self.key

    def cosign(self, text: str, *, at: datetime) -> Signature:
        """Sign a checkpoint's text, whose last character is its newline, as seen at this time."""
        raw = self.sign_at(text.encode(), int(at.timestamp()))
        return Signature(self.name, self.public.key_id, raw)

    def sign_at(self, message: bytes, seconds: int) -> bytes:
        """Time and signature, as they stand in a note."""
        key = Ed25519PrivateKey.from_private_bytes(self.secret)
        return seconds.to_bytes(TIME_SIZE, "big") + key.sign(_message(message, seconds))


def cosigned_at(signature: Signature) -> datetime:
    """When a cosignature was made by its witness's clock, UTC to the second; not verified.

    Raises DamagedError for a line that is no cosignature.
    """
    seconds = seconds_of(signature.raw)
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
    # A time of 0, which ML-DSA lines may have, is no word about when: no witness's cosignature.
    timed = [one for one in ours if seconds_of(one.raw)]
    return max(timed, key=cosigned_at, default=None)


def seconds_of(raw: bytes) -> int:
    """The time of a cosignature; 0 where it states none, or is too short or too long to be one."""
    is_one = len(raw) - TIME_SIZE in SIGNATURE_SIZES
    return int.from_bytes(raw[:TIME_SIZE], "big") if is_one else 0


def _message(text: bytes, seconds: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % seconds + text
