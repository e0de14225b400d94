"""ML-DSA-44 keys (FIPS 204) in notes: C2SP tlog-cosignature, signature type 0x06.

The same kind of line serves two: a log's second signature beside its Ed25519 one, for the day that
a large quantum computer can forge the first, and a witness's cosignature. What is signed is not the
note's text but the tree that it names: signer, time, origin, first and last entry, root. So a log's
line, which says nothing about time, has the time 0, and a witness's never has.

Extension lines of a checkpoint are not signed by this kind; we write none.
"""

from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.custody.checkpoint import read_body
from bodyworn.custody.cosignature import (
    LATEST,
    SIGNATURE_SIZES,
    TIME_SIZE,
    Cosigner,
    CosignerKey,
)
from bodyworn.custody.note import MLDSA, Verifier, kind_of

LABEL = b"subtree/v1\n\0"
LONGEST_NAME = 255  # bytes


@dataclass(frozen=True, slots=True)
class MldsaKey(CosignerKey):
    """The public ML-DSA-44 key of a log or a witness."""

    kind: ClassVar[bytes] = MLDSA
    size: ClassVar[int] = 1312

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made this line under a checkpoint's text."""
        if len(signature) != TIME_SIZE + SIGNATURE_SIZES[1]:
            return False
        seconds = int.from_bytes(signature[:TIME_SIZE], "big")
        if seconds > LATEST:
            return False
        try:
            stated = _message(message, name=self.name, seconds=seconds)
            key = MLDSA44PublicKey.from_public_bytes(self.public)
            key.verify(signature[TIME_SIZE:], stated)
        except UnsupportedAlgorithm:
            raise _unsupported() from None
        except (InvalidSignature, ValueError, DamagedError):
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class MldsaSigner(Cosigner):
    """A private ML-DSA-44 key. Under the name of a log it signs beside the log's first key.

    Raises SetupError note.no-mldsa where this machine's cryptography cannot do it.
    """

    kind: ClassVar[bytes] = MLDSA

    @property
    def key(self) -> MldsaKey:
        """The public half."""
        return MldsaKey(self.name, _private(self.secret).public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """A log's line: the time is 0, since a checkpoint says nothing about when."""
        return self.sign_at(message, 0)

    def sign_at(self, message: bytes, seconds: int) -> bytes:
        """Time and signature, as they stand in a note."""
        stated = _message(message, name=self.name, seconds=seconds)
        return seconds.to_bytes(TIME_SIZE, "big") + _private(self.secret).sign(stated)


def read_cosigner_key(text: str) -> CosignerKey:
    """The public key of a witness, of either kind. Raises DamagedError."""
    return MldsaKey.parse(text) if kind_of(text) == MLDSA else CosignerKey.parse(text)


def read_cosigner(text: str) -> Cosigner:
    """The private key of a witness, of either kind. Raises DamagedError."""
    return MldsaSigner.parse(text) if kind_of(text) == MLDSA else Cosigner.parse(text)


def read_log_key(text: str) -> Verifier:
    """The public key of a log, of either kind. Raises DamagedError."""
    return MldsaKey.parse(text) if kind_of(text) == MLDSA else Verifier.parse(text)


def _message(text: bytes, *, name: str, seconds: int) -> bytes:
    """The `cosigned_message` of a whole tree. Raises DamagedError for what is no checkpoint."""
    origin, size, root, _ = read_body(text.decode())
    return b"".join(
        (
            LABEL,
            _opaque(name),
            seconds.to_bytes(8, "big"),
            _opaque(origin),
            (0).to_bytes(8, "big"),
            size.to_bytes(8, "big"),
            root,
        )
    )


def _opaque(name: str) -> bytes:
    raw = name.encode()
    if not 0 < len(raw) <= LONGEST_NAME:
        raise DamagedError("note.key-name", f"Such a key's name has 1 to {LONGEST_NAME} bytes.")
    return bytes([len(raw)]) + raw


def _private(seed: bytes) -> MLDSA44PrivateKey:
    try:
        return MLDSA44PrivateKey.from_seed_bytes(seed)
    except UnsupportedAlgorithm:
        raise _unsupported() from None


def _unsupported() -> SetupError:
    return SetupError(
        "note.no-mldsa",
        "The cryptography of this machine cannot do ML-DSA-44.",
        hint="Install the wheel of `cryptography`, which brings it, or use Ed25519 keys alone.",
    )
