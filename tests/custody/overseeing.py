"""Witnesses and what they are asked, for the tests of this shelf: the same in every run."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from tests.custody.making import POLICE, entries, write_plainly

from bodyworn.custody.checkpoint import make
from bodyworn.custody.cosignature import Cosigner
from bodyworn.custody.note import Signer
from bodyworn.custody.tree import EMPTY_ROOT, consistency_proof, leaf_hash, root_of, subtrees_of
from bodyworn.custody.witness import Witness, write_request
from bodyworn.custody.witness_folder import WitnessFolder

SEEN = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)
NAMES = ("complaints", "mayor", "university")
WITNESSES = {
    name: Cosigner(f"{name}.example/witness", sha256(name.encode()).digest()) for name in NAMES
}
COMPLAINTS, MAYOR, UNIVERSITY = WITNESSES.values()
LEAVES = [leaf_hash(entry) for entry in entries(2_000)]
REWRITTEN = [leaf_hash(b"rewritten"), *LEAVES[1:]]  # one event removed from the very beginning


def later(seconds: int) -> datetime:
    """So long after the first look."""
    return SEEN + timedelta(seconds=seconds)


def note_of(hashes: Sequence[bytes], size: int, *, signer: Signer = POLICE) -> str:
    """The checkpoint of the first `size` of these leaves."""
    root = root_of(hashes[:size]) if size else EMPTY_ROOT
    return make(signer.name, size, root, signer=signer).note_text


def request(old: int, new: int, *, hashes: Sequence[bytes] = LEAVES) -> bytes:
    """What an honest client sends who believes that the witness holds `old` entries."""
    proof = consistency_proof(old, new, subtrees_of(hashes)) if 0 < old <= new else ()
    return write_request(old=old, proof=proof, note=note_of(hashes, new))


def folder_of(root: Path, *, cosigner: Cosigner = COMPLAINTS) -> WitnessFolder:
    """A witness's folder that knows the force's log; it does not flush."""
    folder = WitnessFolder(root=root, cosigner=cosigner, write=write_plainly)
    (root / "logs").mkdir(parents=True, exist_ok=True)
    folder.add_log(POLICE.verifier)
    return folder


def witness_in(root: Path) -> Witness:
    """A witness that knows the force's log."""
    return Witness(folder_of(root))


def cosigned(note: str, *cosigners: Cosigner, at: datetime = SEEN) -> str:
    """The note with a line of each."""
    text = note.rpartition("\n\n")[0] + "\n"
    return note + "".join(one.cosign(text, at=at).line for one in cosigners)


def policy_text(quorum: str = "group oversight 2 complaints mayor university") -> bytes:
    """Three witnesses, and what is asked of them."""
    lines = [f"log {POLICE.verifier.text}"]
    lines += [f"witness {name} {one.key.text}" for name, one in WITNESSES.items()]
    lines += [quorum, "quorum oversight"] if quorum.startswith("group") else [quorum]
    return "\n".join(lines).encode() + b"\n"
