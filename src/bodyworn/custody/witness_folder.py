"""What a witness keeps: one key, and of each log its public keys and its largest tree.

DIR/
  witness.key                  the witness's key, Ed25519 or ML-DSA-44, 0600: a secret
  witness.vkey                 its public half, for policies
  .lock                        held by the one process that signs
  logs/<SHA-256 of the origin>/
    log.vkey                   public keys of that log, one a line
    checkpoint                 the largest tree, with the log's and the witness's signatures
    contradictions/<size>-<root>
                               second trees of a size: proof that the log keeps two histories

The checkpoint is the whole state, and the file is what outsiders may read. An old copy of this
folder is a witness that has forgotten: never restore one without telling those who rely on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from bodyworn.core.errors import BusyError, DamagedError, MissingError, RefusedError, SetupError
from bodyworn.custody.checkpoint import Checkpoint, peek
from bodyworn.custody.cosignature import Cosigner, CosignerKey, cosignature_in, cosigned_at
from bodyworn.custody.files import Write, one_writer, write_durably
from bodyworn.custody.mldsa import read_cosigner
from bodyworn.custody.note import Note, Signature, Verifier, write_key

MOST_CONTRADICTIONS = 100  # kept of one log; one is enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The largest tree of a log that this witness has signed."""

    size: int  # entries
    root: bytes  # 32 bytes
    at: datetime  # when it was signed last, UTC, by the witness's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessFolder:
    """A witness's folder, and the only one who knows its paths."""

    root: Path
    cosigner: Cosigner
    write: Write = write_durably  # makes files durable; tests hand in one that breaks

    @classmethod
    def create(cls, root: Path, *, name: str, kind: type[Cosigner] = Cosigner) -> "WitnessFolder":
        """Make folder and key. Raises RefusedError `witness.exists`, DamagedError `note.key-name`.

        A new key over an old one would be a new witness, and those who rely on the old one would
        not know; so a folder that has a key is left alone.
        """
        made = kind.generate(name)
        if (root / "witness.key").exists():
            raise RefusedError(
                "witness.exists",
                f"There is a witness in {root} already; its key is not overwritten.",
                hint="Choose another folder.",
            )
        (root / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        write_key(root / "witness.key", made.text, mode=0o600)
        write_key(root / "witness.vkey", made.key.text, mode=0o644)
        return cls(root=root, cosigner=made)

    @classmethod
    def open(cls, root: Path) -> "WitnessFolder":
        """Open what `create` made. Raises SetupError `witness.missing`, `witness.key-garbled`."""
        try:
            return cls(
                root=root,
                cosigner=read_cosigner((root / "witness.key").read_text("utf-8", "replace")),
            )
        except FileNotFoundError:
            raise SetupError(
                "witness.missing",
                f"There is no witness in {root}.",
                hint="Make one by `bodyworn witness init DIR --name NAME`.",
            ) from None
        except DamagedError as error:
            raise SetupError(
                "witness.key-garbled",
                f"The key of the witness in {root} cannot be read: {error.message}",
                hint="Restore witness.key from your backup; a new key would be a new witness.",
            ) from None

    @property
    def key(self) -> CosignerKey:
        """The witness's public key."""
        return self.cosigner.key

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one process that signs. Raises BusyError `witness.already`."""
        try:
            with one_writer(self.root):
                yield
        except BusyError:
            raise BusyError(
                "witness.already",
                f"The witness in {self.root} is at work in another process.",
                hint="End the other `bodyworn witness serve` first.",
            ) from None

    def add_log(self, key: Verifier) -> bool:
        """Know this log, or a further key of one that is known; False if nothing is new."""
        path = self._of(key.name) / "log.vkey"
        with one_writer(self.root / "logs"):
            known = _keys_in(path)
            if key in known:
                return False
            lines = "".join(f"{one.text}\n" for one in (*known, key))
            self.write([(path, lines.encode())])
        return True

    def keys_of(self, origin: str) -> tuple[Verifier, ...]:
        """The keys of a log. Raises MissingError `witness.unknown-log`, DamagedError."""
        try:
            keys = _keys_in(self._of(origin) / "log.vkey")
        except DamagedError as error:
            raise _damaged(f"The keys of {origin} cannot be read: {error.message}") from None
        if not keys:
            raise MissingError(
                "witness.unknown-log",
                f"This witness does not know the log {origin}.",
                hint="Its keeper adds a log by `bodyworn witness add-log`.",
            )
        return keys

    def checkpoint(self, digest: str) -> str:
        """The note that is held, by the origin's SHA-256 in hexadecimal. Raises MissingError."""
        try:
            return (self.root / "logs" / digest / "checkpoint").read_text("utf-8", "replace")
        except FileNotFoundError:
            raise MissingError(
                "witness.nothing-held",
                "This witness has signed no checkpoint of such a log.",
                hint="Ask by the SHA-256 of the log's origin, in lower case hexadecimal.",
            ) from None

    def held(self, origin: str) -> Held | None:
        """The largest tree of this log; None before the first. Raises DamagedError.

        Believed only if our own signature stands under it: a state that somebody else wrote, or
        the disk, would make the witness say what it never saw.
        """
        path = self._of(origin) / "checkpoint"
        if not path.exists():
            return None
        try:
            note = path.read_bytes()
            signature = cosignature_in(note, self.key)
            checkpoint = peek(note)
        except DamagedError:
            signature = None
        if signature is None or checkpoint.origin != origin:
            raise _damaged(f"What this witness holds of {origin} is not what it signed.")
        return Held(size=checkpoint.size, root=checkpoint.root, at=cosigned_at(signature))

    def hold(self, origin: str, note: Note, signature: Signature) -> None:
        """Replace the tree that is held, durably."""
        known = {(key.name, key.key_id) for key in note.signed_by}
        lines = [one.line for one in note.signatures if (one.name, one.key_id) in known]
        text = "".join([note.text, "\n", *lines, signature.line])
        self.write([(self._of(origin) / "checkpoint", text.encode())])

    def keep_contradiction(self, checkpoint: Checkpoint) -> None:
        """Keep a second tree of a size that was signed: evidence that nobody can explain away."""
        folder = self._of(checkpoint.origin) / "contradictions"
        path = folder / f"{checkpoint.size}-{checkpoint.root.hex()}"
        kept = list(folder.glob("*")) if folder.is_dir() else []
        if path not in kept and len(kept) < MOST_CONTRADICTIONS:
            self.write([(path, checkpoint.note_text.encode())])

    def _of(self, origin: str) -> Path:
        return self.root / "logs" / digest_of(origin)


def digest_of(origin: str) -> str:
    """The name of a log in addresses and paths: SHA-256 of its origin, C2SP tlog-witness."""
    return sha256(origin.encode()).hexdigest()


def _damaged(sentence: str) -> DamagedError:
    """Not 422, the class's own: whoever asks would take it for a verdict on the log."""
    return DamagedError(
        "witness.state-damaged",
        sentence,
        hint="Nothing is signed for this log until the witness's folder is as it was.",
        status=500,
    )


def _keys_in(path: Path) -> tuple[Verifier, ...]:
    try:
        return tuple(
            Verifier.parse(line) for line in path.read_text("utf-8", "replace").splitlines()
        )
    except FileNotFoundError:
        return ()
