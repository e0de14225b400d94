"""Signed notes (C2SP signed-note v1.0.0) and their keys.

A note is text that ends in a newline, an empty line, and one line a signature. Its text means
nothing until a key that the reader knows has signed it; `open_note` is therefore the only way
to the text. `custody.checkpoint` and `custody.receipt` say what stands in the text; keys here are
Ed25519, those of witnesses are `custody.cosignature`'s, ML-DSA-44 is `custody.mldsa`'s.
"""

import base64
import os
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bodyworn.core.errors import DamagedError, RefusedError, SetupError

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")  # but for the newline
_HALF = re.compile(r"[\ud800-\udfff]")

ED25519 = b"\x01"  # signature type identifier
COSIGNATURE = b"\x04"  # of a witness: Ed25519 over text and time (C2SP tlog-cosignature)
MLDSA = b"\x06"  # ML-DSA-44 over tree and time (C2SP tlog-cosignature)
KINDS = {
    ED25519: "an Ed25519 key",
    COSIGNATURE: "an Ed25519 key of a witness",
    MLDSA: "an ML-DSA-44 key",
}
KEY_SIZE = 32  # bytes, of every seed and of Ed25519's public keys
PRIVATE = "PRIVATE+KEY+"  # how the text of every private key begins
MOST_SIGNATURES = 100  # the specification asks for at least 16
DASH = "—"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key that somebody has decided to trust, and the name it signs under."""

    name: str  # of the key, for a log its origin: `police.example/log`
    public: bytes  # 32 bytes, RFC 8032
    kind: ClassVar[bytes] = ED25519  # signature type that this key makes
    size: ClassVar[int] = KEY_SIZE  # bytes of the public key

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+hash+base64`. Raises DamagedError."""
        name, key_id, key = key_parts(text.strip(), kind=cls.kind, size=cls.size)
        verifier = cls(name, key)
        if verifier.key_id.hex() != key_id:
            raise _garbled("The key's hash and the key disagree.")
        return verifier

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key of this name signed."""
        return sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The key as `name+hash+base64`, to be handed out."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(self.kind + self.public)}"

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made this signature."""
        return is_ed25519(signature, message, public=self.public)


class NoteSigner(Protocol):
    """Who can put a line under a note. A witness's Ed25519 key cannot: it signs a time, too."""

    @property
    def name(self) -> str:
        """Of the key, for a log its origin."""

    @property
    def public(self) -> Verifier:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """What stands behind the key id in this key's line under the message."""


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey(ABC):
    """A private key of signed notes, whatever its kind; `repr` never shows it.

    Every kind here has a seed of 32 bytes, and any 32 bytes are one. A kind names itself, makes its
    public half, and signs.
    """

    name: str  # of the key, for a log its origin
    secret: bytes  # 32 bytes, the seed
    kind: ClassVar[bytes] = b""  # signature type that this key makes

    def __post_init__(self) -> None:
        check_name(self.name)

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new key from the operating system's randomness. Raises DamagedError on a bad name."""
        return cls(name, secrets.token_bytes(KEY_SIZE))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `PRIVATE+KEY+name+hash+base64`. Raises DamagedError."""
        name, key_id, secret = private_parts(text.strip(), kind=cls.kind)
        key = cls(name, secret)
        if key.public.key_id.hex() != key_id:
            raise DamagedError("note.key-garbled", "The key's hash and the key disagree.")
        return key

    @property
    @abstractmethod
    def public(self) -> Verifier:
        """The public half."""

    @property
    def text(self) -> str:
        """The key as `PRIVATE+KEY+name+hash+base64`: a secret."""
        encoded = to_base64(self.kind + self.secret)
        return f"{PRIVATE}{self.name}+{self.public.key_id.hex()}+{encoded}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Signer(PrivateKey):
    """The Ed25519 key of a log."""

    kind: ClassVar[bytes] = ED25519

    @property
    def public(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, ed25519_public(self.secret))

    @property
    def verifier(self) -> Verifier:
        """The same, as those call it who are given it."""
        return self.public

    def sign(self, message: bytes) -> bytes:
        """64 bytes of signature."""
        return _unfolded(self.secret).sign(message)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line."""

    name: str  # of the key
    key_id: bytes  # four bytes
    raw: bytes  # what the key made of the text

    @property
    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"{DASH} {self.name} {to_base64(self.key_id + self.raw)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that at least one known key has signed."""

    text: str  # with its final newline
    signatures: tuple[Signature, ...]  # all of them, the unknown too
    signed_by: tuple[Verifier, ...]  # the known keys among them


def sign_note(text: str, *signers: NoteSigner) -> str:
    """The text with a signature line of each signer.

    Raises DamagedError for text that a note cannot hold: without a final newline, or with
    control characters.
    """
    _check_text(text)
    if not text.endswith("\n"):
        raise DamagedError("note.malformed", "The text of a note ends with a newline.")
    lines = [_signature_line(signer, text.encode()) for signer in signers]
    return text + "\n" + "".join(lines)


def open_note(note: bytes | str, verifiers: Sequence[Verifier]) -> Note:
    """The note's text, if one of these keys has signed it.

    Signatures of unknown keys are ignored, as the specification demands; one bad signature
    of a known key spoils the note. Raises DamagedError: `note.malformed`,
    `note.bad-signature`, `note.not-signed`.
    """
    text, signatures = split_note(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signed_by = []
    for signature in signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        if not verifier.signed(text.encode(), signature.raw):
            raise DamagedError("note.bad-signature", f"{verifier.name} did not sign this text.")
        signed_by.append(verifier)
    if not signed_by:
        raise DamagedError(
            "note.not-signed",
            "No key that is trusted here has signed this text.",
            hint="Make sure that you were given the right public key.",
        )
    return Note(text, tuple(signatures), tuple(dict.fromkeys(signed_by)))


def split_note(note: bytes | str) -> tuple[str, list[Signature]]:
    """Text and signatures of a note, not verified. Raises DamagedError."""
    whole = _decode(note)
    _check_text(whole)
    head, blank, tail = whole.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or lines.pop() != "" or not lines:
        raise DamagedError("note.malformed", "The note has no block of signatures.")
    if len(lines) > MOST_SIGNATURES:
        raise DamagedError("note.malformed", f"The note has over {MOST_SIGNATURES} signatures.")
    return head + "\n", [_read_signature(line) for line in lines]


def from_base64(text: str) -> bytes:
    """Strict standard base64: no stray character, no second way to write the same bytes.

    Raises DamagedError.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise DamagedError("note.malformed", "That is not base64.") from None
    if to_base64(raw) != text:
        raise DamagedError("note.malformed", "That is not canonical base64.")
    return raw


def load_signer(path: Path) -> Signer:
    """The log's private key from its file. Raises SetupError."""
    try:
        return Signer.parse(_read_key(path))
    except DamagedError as error:
        raise SetupError(
            "log.key-garbled",
            f"{path} does not hold a signing key: {error.message}",
            hint="Restore the file from your backup of the keys; a new key would be a new log.",
        ) from error


def load_verifier(path: Path) -> Verifier:
    """A public key from its file. Raises SetupError."""
    try:
        return Verifier.parse(_read_key(path))
    except DamagedError as error:
        raise SetupError(
            "log.key-garbled",
            f"{path} does not hold a public key: {error.message}",
            hint="Name the `.vkey` file, or ask the keeper of the log for it again.",
        ) from error


def save_signer(path: Path, signer: Signer) -> None:
    """Write a new private key, readable by its owner alone.

    Raises RefusedError where a file is already: who loses a log's key loses the log.
    """
    write_key(path, signer.text, mode=0o600)


def save_verifier(path: Path, verifier: Verifier) -> None:
    """Write a public key. Raises RefusedError where a file is already."""
    write_key(path, verifier.text, mode=0o644)


def _read_key(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SetupError(
            "log.key-missing",
            f"There is no key at {path}.",
            hint="Run `bodyworn init` for a new log, or restore the file from your backup.",
        ) from None
    except UnicodeDecodeError:
        raise DamagedError("note.key-garbled", "That is not text.") from None


def write_key(path: Path, text: str, *, mode: int) -> None:
    """Write a key durably. Raises RefusedError where a file is already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        raise RefusedError(
            "log.key-exists",
            f"There is a key at {path} already; it is not overwritten.",
            hint="Move the old key away first, if you really mean to begin a new log.",
        ) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(descriptor)


def to_base64(raw: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(raw).decode()


def _decode(note: bytes | str) -> str:
    try:
        return note.decode() if isinstance(note, bytes) else note
    except UnicodeDecodeError:
        raise DamagedError("note.malformed", "The note is not UTF-8.") from None


def _check_text(text: str) -> None:
    if _CONTROL.search(text):
        raise DamagedError("note.malformed", "A note holds no control characters.")
    if _HALF.search(text):
        raise DamagedError("note.malformed", "A note holds no half characters.")


def check_name(name: str) -> None:
    """Raises DamagedError `note.key-name` for a name that no key of a note can have."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        told = "A key's name has no spaces and no plus signs."
        hint = "Names are like oversight.example/witness."
        raise DamagedError("note.key-name", told, hint=hint)


def _signature_line(signer: NoteSigner, message: bytes) -> str:
    return Signature(signer.name, signer.public.key_id, signer.sign(message)).line


def _read_signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != DASH:
        raise DamagedError("note.malformed", "A signature line is dash, name and base64.")
    _, name, encoded = parts
    check_name(name)
    raw = from_base64(encoded)
    if len(raw) <= 4:
        raise DamagedError("note.malformed", "A signature line holds no signature.")
    return Signature(name, raw[:4], raw[4:])


def kind_of(text: str) -> bytes:
    """The signature type of a key's text, public or private; empty where it names none.

    Raises DamagedError.
    """
    parts = text.strip().removeprefix(PRIVATE).split("+", 2)
    return from_base64(parts[2])[:1] if len(parts) == 3 else b""


def key_parts(text: str, *, kind: bytes, size: int = KEY_SIZE) -> tuple[str, str, bytes]:
    """Name, hexadecimal key id and the key's bytes of `name+hash+base64`.

    Raises DamagedError, also for a key of another kind: one that signs logs is no witness's.
    """
    if text.startswith(PRIVATE):
        told = "That is a private key, which nobody may have but its owner."
        hint = "Give the public one, of the file beside it that ends in .vkey."
        raise DamagedError("note.key-private", told, hint=hint)
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise _garbled("That is not a key of a signed note.")
    name, key_id, encoded = parts
    check_name(name)
    raw = from_base64(encoded)
    if raw[:1] != kind or len(raw) != 1 + size:
        raise _garbled(f"That is not {KINDS[kind]}.")
    return name, key_id, raw[1:]


def _garbled(sentence: str) -> DamagedError:
    hint = "A key is one line, NAME+HASH+BASE64; ask its keeper for the .vkey file again."
    return DamagedError("note.key-garbled", sentence, hint=hint)


def private_parts(text: str, *, kind: bytes) -> tuple[str, str, bytes]:
    """The same of `PRIVATE+KEY+name+hash+base64`. Raises DamagedError."""
    if not text.startswith(PRIVATE):
        raise _garbled("That is not a private key of a signed note.")
    return key_parts(text.removeprefix(PRIVATE), kind=kind)


@lru_cache(maxsize=16)
def _unfolded(seed: bytes) -> Ed25519PrivateKey:
    """Making the key of its seed takes longer than signing with it."""
    return Ed25519PrivateKey.from_private_bytes(seed)


@lru_cache(maxsize=16)
def ed25519_public(seed: bytes) -> bytes:
    """The 32 bytes of the public key (RFC 8032)."""
    return _unfolded(seed).public_key().public_bytes_raw()


def is_ed25519(signature: bytes, message: bytes, *, public: bytes) -> bool:
    """Whether this is the key's signature of this message (RFC 8032)."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
