"""Proof files (C2SP tlog-proof, `.tlog-proof`): one entry's place in the log, for offline use.

A proof file holds all that a stranger needs besides the entry itself and the log's public
key. `custody.verify.verify_entry_proof` judges one; here it is only written and read.
"""

from dataclasses import dataclass

from bodyworn.core.errors import DamagedError
from bodyworn.custody.checkpoint import DECIMAL
from bodyworn.custody.note import from_base64, to_base64
from bodyworn.custody.tree import HASH_SIZE

HEADER = "c2sp.org/tlog-proof@v1"
LONGEST_PATH = 63  # hashes; the tree of the largest size that a checkpoint can name


@dataclass(frozen=True, slots=True)
class EntryProof:
    """An inclusion proof with the checkpoint that it leads to; not verified."""

    index: int  # of the entry, from 0
    hashes: tuple[bytes, ...]  # leaf's sibling first
    checkpoint: str  # the signed note
    extra: bytes = b""  # opaque and not covered by any signature


def write_proof(proof: EntryProof) -> str:
    """The proof as the text of a `.tlog-proof` file."""
    extra = [f"extra {to_base64(proof.extra)}"] if proof.extra else []
    hashes = [to_base64(one) for one in proof.hashes]
    lines = [HEADER, *extra, f"index {proof.index}", *hashes]
    return "\n".join(lines) + "\n\n" + proof.checkpoint


def read_proof(text: str) -> EntryProof:
    """Read a `.tlog-proof` file strictly. Raises DamagedError (`proof.malformed`)."""
    head, blank, checkpoint = text.partition("\n\n")
    header, *lines = head.split("\n")
    if header != HEADER or not blank:
        raise DamagedError("proof.malformed", f"A proof file begins with {HEADER}.")
    extra = _value("extra", lines.pop(0)) if lines and lines[0].startswith("extra ") else None
    index = _value("index", lines.pop(0)) if lines else ""
    if not DECIMAL.fullmatch(index):
        raise DamagedError("proof.malformed", "The proof names no index.")
    if len(lines) > LONGEST_PATH:
        raise DamagedError("proof.malformed", "The proof is longer than any tree is high.")
    hashes = tuple(_hash(line) for line in lines)
    return EntryProof(int(index), hashes, checkpoint, _bytes(extra) if extra is not None else b"")


def _value(name: str, line: str) -> str:
    found, _, value = line.partition(" ")
    if found != name or not value:
        raise DamagedError("proof.malformed", f"The proof has no line `{name}` where it should.")
    return value


def _bytes(text: str) -> bytes:
    try:
        return from_base64(text)
    except DamagedError as error:
        raise DamagedError("proof.malformed", error.message) from None


def _hash(line: str) -> bytes:
    raw = _bytes(line)
    if len(raw) != HASH_SIZE:
        raise DamagedError("proof.malformed", f"A hash of a proof has {HASH_SIZE} bytes.")
    return raw
