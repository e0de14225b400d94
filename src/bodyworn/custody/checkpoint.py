"""Checkpoints (C2SP tlog-checkpoint v1.0.0): what a log has signed about its whole tree.

Origin, size and root hash, one a line, in a signed note. A checkpoint carries no time; the
log's promise is about order and completeness, not about clocks.
"""

import re
from dataclasses import dataclass

from bodyworn.core.errors import DamagedError
from bodyworn.custody.note import (
    Note,
    NoteSigner,
    Signer,
    Verifier,
    from_base64,
    open_note,
    sign_note,
    split_note,
    to_base64,
)
from bodyworn.custody.tree import HASH_SIZE

DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
LARGEST = 2**63 - 1  # what every implementation can count


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a tree as signed by its log."""

    origin: str  # name of the log, `police.example/log`
    size: int  # entries in the tree
    root: bytes  # 32 bytes, RFC 6962
    extensions: tuple[str, ...]  # opaque lines, none from us
    note_text: str  # the whole signed note, as served


def make(
    origin: str, size: int, root: bytes, *, signer: Signer, second: NoteSigner | None = None
) -> Checkpoint:
    """Sign a new checkpoint, also with a second key of another kind where the log has one.

    The caller vouches that it extends every earlier one of this log: two that disagree,
    once signed, are proof of a forked history for ever.
    """
    body = f"{origin}\n{size}\n{to_base64(root)}\n"
    read_body(body)
    signers = (signer, second) if second else (signer,)
    return Checkpoint(origin, size, root, (), sign_note(body, *signers))


def parse(
    note: bytes | str,
    verifier: Verifier,
    *,
    origin: str | None = None,
    second: Verifier | None = None,
) -> Checkpoint:
    """Read a checkpoint that this key has signed; `origin` is the key's name if not given.

    Whoever knows a second key of the log wants both: were one enough, a forger would need only the
    weaker. Raises DamagedError: the errors of `open_note`, `checkpoint.malformed`,
    `checkpoint.other-log` for a genuine checkpoint of another log, and `checkpoint.second-missing`.
    """
    wanted_keys = [verifier, second] if second else [verifier]
    opened = open_note(note, wanted_keys)
    _check_all_signed(opened, wanted_keys)
    found, size, root, extensions = read_body(opened.text)
    wanted = origin or verifier.name
    if found != wanted:
        raise DamagedError("checkpoint.other-log", f"This is a checkpoint of {found}.")
    return Checkpoint(found, size, root, extensions, _as_text(note))


def peek(note: bytes | str) -> Checkpoint:
    """Read a checkpoint without believing it: no signature is checked. Raises DamagedError."""
    text, _ = split_note(note)
    return Checkpoint(*read_body(text), _as_text(note))


def _check_all_signed(opened: Note, wanted: list[Verifier]) -> None:
    missing = [key for key in wanted if key not in opened.signed_by]
    if missing:
        raise DamagedError(
            "checkpoint.second-missing",
            f"One of two keys of {missing[0].name} has not signed this checkpoint.",
            hint="A key that was made just now signs the next checkpoint, and none before.",
        )


def _as_text(note: bytes | str) -> str:
    return note.decode() if isinstance(note, bytes) else note


def read_body(text: str) -> tuple[str, int, bytes, tuple[str, ...]]:
    """Origin, size, root and extension lines of a checkpoint's text. Raises DamagedError."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        raise DamagedError("checkpoint.malformed", "A checkpoint has three lines, none empty.")
    origin, size, root, *extensions = lines
    if not DECIMAL.fullmatch(size) or int(size) > LARGEST:
        raise DamagedError("checkpoint.malformed", "The tree size is not a plain number.")
    raw = from_base64(root)
    if len(raw) != HASH_SIZE:
        raise DamagedError("checkpoint.malformed", "The root hash has not 32 bytes.")
    return origin, int(size), raw, tuple(extensions)
