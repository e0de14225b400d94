"""Checkpoints (C2SP tlog-checkpoint v1.0.0): what a log has signed about its whole tree.

Origin, size and root hash, one a line, in a signed note. A checkpoint carries no time; the
log's promise is about order and completeness, not about clocks.
"""

import re
from dataclasses import dataclass

from bodyworn.core.errors import DamagedError
from bodyworn.custody.note import (
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


def make(origin: str, size: int, root: bytes, *, signer: Signer) -> Checkpoint:
    """Sign a new checkpoint.

    The caller vouches that it extends every earlier one of this log: two that disagree,
    once signed, are proof of a forked history for ever.
    """
    body = f"{origin}\n{size}\n{to_base64(root)}\n"
    _read_body(body)
    return Checkpoint(origin, size, root, (), sign_note(body, signer))


def parse(note: bytes | str, verifier: Verifier, *, origin: str | None = None) -> Checkpoint:
    """Read a checkpoint that this key has signed; `origin` is the key's name if not given.

    Raises DamagedError: the errors of `open_note`, `checkpoint.malformed`, and
    `checkpoint.other-log` for a genuine checkpoint of another log.
    """
    opened = open_note(note, [verifier])
    found, size, root, extensions = _read_body(opened.text)
    wanted = origin or verifier.name
    if found != wanted:
        raise DamagedError("checkpoint.other-log", f"This is a checkpoint of {found}.")
    return Checkpoint(found, size, root, extensions, _as_text(note))


def peek(note: bytes | str) -> Checkpoint:
    """Read a checkpoint without believing it: no signature is checked. Raises DamagedError."""
    text, _ = split_note(note)
    return Checkpoint(*_read_body(text), _as_text(note))


def _as_text(note: bytes | str) -> str:
    return note.decode() if isinstance(note, bytes) else note


def _read_body(text: str) -> tuple[str, int, bytes, tuple[str, ...]]:
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
