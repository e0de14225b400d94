"""The offline verifier: everything recomputed from the files, nothing believed but a key.

It needs the log's folder (or a copy) and the log's public key, and no part of the running
system. It streams: memory does not grow with the log. A verdict says what its steps prove
and, just as plainly, what they do not.
"""

from dataclasses import dataclass
from pathlib import Path

from bodyworn.core.clock import iso
from bodyworn.core.errors import DamagedError
from bodyworn.core.tasks import Progress, silent
from bodyworn.custody.checkpoint import Checkpoint, parse
from bodyworn.custody.note import Verifier
from bodyworn.custody.policy import NONE, Policy, Standing
from bodyworn.custody.proof import read_proof
from bodyworn.custody.published import CHECKPOINT, WITNESSED
from bodyworn.custody.recount import Recount, recount
from bodyworn.custody.tree import leaf_hash, verify_inclusion

NOT_PROVED = (
    "That a camera told the truth: the log shows what happened to bytes after they arrived.",
    "That everything was logged: only that what was logged is still there, unchanged, in order.",
    "That the clock was right: times are those of the system, and only their order is fixed.",
    "That a stated purpose was the true one.",
    "That nobody was shown another log: compare a checkpoint with somebody who keeps them.",
)
NOT_PROVED_WITNESSED = (
    *NOT_PROVED[:-1],
    "That the witnesses are honest and apart from the force, or what became of the entries that "
    "came after their signatures.",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step and how it went."""

    number: int  # as in the documentation
    sentence: str  # what was found, for a person
    ok: bool  # whether the step held


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a verification found. A step after a broken one may be missing."""

    steps: tuple[Step, ...]  # in order
    proved: tuple[str, ...] = ()  # sentences, as far as the steps carry
    not_proved: tuple[str, ...] = NOT_PROVED  # sentences, always
    failed_entry: int | None = None  # first entry that disagrees, if one can be named
    failed_file: str | None = None  # first file that disagrees, relative to the log's folder

    @property
    def ok(self) -> bool:
        """Whether every step held."""
        return all(step.ok for step in self.steps)

    def require(self) -> None:
        """Raises DamagedError (`log.not-verified`) with the first broken step's sentence."""
        for step in self.steps:
            if not step.ok:
                raise DamagedError(
                    "log.not-verified",
                    step.sentence,
                    step=step.number,
                    entry=self.failed_entry,
                    file=self.failed_file,
                )


def verify_log(
    folder: Path,
    verifier: Verifier,
    *,
    second: Verifier | None = None,
    older: str | bytes | None = None,
    policy: Policy | None = None,
    progress: Progress = silent,
) -> Verdict:
    """Recompute a whole log from its files.

    1. The checkpoint is signed by this key; and by the log's `second` one, if that is given.
    2. Every entry bundle is there and whole; each entry gives its leaf hash.
    3. Every tile is what these leaf hashes make it.
    4. The root over these leaf hashes is the signed one.
    5. With `older`, a checkpoint that somebody kept: it is signed by the same key, and the
       first entries of this log still give its root.
    6. With `policy`: enough witnesses cosigned a checkpoint of this log, the one beside it or
       its own, and the first entries of this log still give its root.

    `progress` counts entries. Raises DamagedError when `older` itself is not a checkpoint of
    this log, since that says nothing about the log.
    """
    try:
        checkpoint = _signed_checkpoint(folder, verifier, second)
    except DamagedError as error:
        return _stopped(error.message, file=CHECKPOINT)
    kept = parse(older, verifier) if older else None
    witnessed = _witnessed(folder, verifier, policy) if policy else None
    heads = [kept, witnessed.checkpoint if isinstance(witnessed, Standing) else None]
    marks = {head.size for head in heads if head}
    found = recount(folder, size=checkpoint.size, marks=marks, progress=progress)
    steps = [_signed(checkpoint), _bundles(found)]
    if found.bundle_fault is None:
        steps += [_tiles(found), _root(found, checkpoint)]
        steps += [_prefix(found, kept)] if kept else []
        steps += [_quorum(found, witnessed)] if witnessed else []
    fault = found.bundle_fault or found.tile_fault
    return Verdict(
        steps=tuple(steps),
        proved=_proved(steps, checkpoint, policy),
        not_proved=_not_proved(steps, policy),
        failed_entry=fault.entry if fault else None,
        failed_file=fault.file if fault else None,
    )


def verify_entry_proof(proof_text: str, leaf: bytes, verifier: Verifier) -> Verdict:
    """Judge a `.tlog-proof` file for one entry.

    1. The file is well formed, and its checkpoint is signed by this key.
    2. The entry's hash, with the hashes of the proof, gives the signed root.
    """
    try:
        proof = read_proof(proof_text)
        checkpoint = parse(proof.checkpoint, verifier)
    except DamagedError as error:
        return _stopped(error.message)
    signed = _signed(checkpoint)
    try:
        verify_inclusion(
            leaf_hash(leaf),
            proof.hashes,
            index=proof.index,
            size=checkpoint.size,
            root=checkpoint.root,
        )
    except DamagedError as error:
        broken = Step(2, f"The entry is not number {proof.index}: {error.message}", ok=False)
        return Verdict(steps=(signed, broken), failed_entry=proof.index)
    sentence = f"The entry is number {proof.index} of {checkpoint.size} in the signed tree."
    return Verdict(
        steps=(signed, Step(2, sentence, ok=True)),
        proved=(
            f"{verifier.name} logged exactly these bytes as entry {proof.index}, and cannot "
            f"remove them without contradicting its signature on {checkpoint.size} entries.",
        ),
    )


def _stopped(sentence: str, *, file: str | None = None) -> Verdict:
    return Verdict(steps=(Step(1, sentence, ok=False),), failed_file=file)


def _signed_checkpoint(folder: Path, verifier: Verifier, second: Verifier | None) -> Checkpoint:
    try:
        note = (folder / CHECKPOINT).read_bytes()
    except FileNotFoundError:
        raise DamagedError("log.file-missing", f"There is no checkpoint in {folder}.") from None
    return parse(note, verifier, second=second)


def _signed(checkpoint: Checkpoint) -> Step:
    sentence = f"{checkpoint.origin} signed a tree of {checkpoint.size} entries."
    return Step(1, sentence, ok=True)


def _bundles(found: Recount) -> Step:
    if found.bundle_fault:
        return Step(2, found.bundle_fault.sentence, ok=False)
    return Step(2, f"All {found.edge.size} entries are there and were hashed.", ok=True)


def _tiles(found: Recount) -> Step:
    if found.tile_fault:
        total = found.tiles_wrong + found.tiles_right
        sentence = f"{found.tile_fault.sentence} {found.tiles_wrong} of {total} tiles disagree."
        return Step(3, sentence, ok=False)
    return Step(3, f"All {found.tiles_right} tiles are what the entries make them.", ok=True)


def _root(found: Recount, checkpoint: Checkpoint) -> Step:
    root = found.edge.root()
    if root != checkpoint.root:
        sentence = f"The entries give the root {root.hex()}, signed was {checkpoint.root.hex()}."
        return Step(4, sentence, ok=False)
    aside = " So the entries are genuine and the tiles are not." if found.tile_fault else ""
    return Step(4, f"The entries give the signed root {root.hex()}.{aside}", ok=True)


def _witnessed(folder: Path, verifier: Verifier, policy: Policy) -> Standing | DamagedError:
    """How the checkpoint with the most cosignatures stands; the log's own where there is none."""
    path = folder / WITNESSED
    try:
        note = (path if path.exists() else folder / CHECKPOINT).read_bytes()
        return policy.judge(note, log=verifier)
    except DamagedError as error:
        return error


def _quorum(found: Recount, witnessed: Standing | DamagedError) -> Step:
    if isinstance(witnessed, DamagedError):
        return Step(6, witnessed.message, ok=False)
    size, root = witnessed.checkpoint.size, witnessed.checkpoint.root
    names = ", ".join(witnessed.names) or "nobody"
    of = f"{len(witnessed.names)} of {witnessed.witnesses} witnesses ({names})"
    if found.roots_at.get(size) != root:
        sentence = f"{of} cosigned {size} entries that are not the first {size} of this log."
        return Step(6, sentence, ok=False)
    if not witnessed.is_met:
        return Step(6, f"{of} cosigned {size} entries; the policy asks for more.", ok=False)
    at = f", the last at {iso(witnessed.newest)}" if witnessed.newest else ""
    return Step(6, f"{of} cosigned the first {size} entries{at}; that is a quorum.", ok=True)


def _prefix(found: Recount, kept: Checkpoint) -> Step:
    root = found.roots_at.get(kept.size)
    if root is None:
        sentence = f"The checkpoint that was kept has {kept.size} entries, more than this log."
    elif root != kept.root:
        sentence = f"The first {kept.size} entries are not those of the checkpoint that was kept."
    else:
        sentence = f"The checkpoint that was kept, of {kept.size} entries, is a prefix."
    return Step(5, sentence, ok=root == kept.root)


def _proved(steps: list[Step], checkpoint: Checkpoint, policy: Policy | None) -> tuple[str, ...]:
    held = {step.number for step in steps if step.ok and _says_something(step, policy)}
    claims = {
        4: f"All {checkpoint.size} entries are those that {checkpoint.origin} signed: "
        "none changed, none missing, in this order.",
        3: "Every tile is genuine, and so is every proof that is read from them.",
        5: "Nothing that the kept checkpoint covers was changed or removed since.",
        6: "The witnesses that the policy asks for were shown this same history, and would have "
        "refused one that contradicts what they had seen before.",
    }
    return tuple(claims[number] for number in claims if {number, 4} <= held)


def _not_proved(steps: list[Step], policy: Policy | None) -> tuple[str, ...]:
    witnessed = any(s.number == 6 and s.ok and _says_something(s, policy) for s in steps)
    return NOT_PROVED_WITNESSED if witnessed else NOT_PROVED


def _says_something(step: Step, policy: Policy | None) -> bool:
    """A quorum of nobody is met, and proves nothing."""
    return step.number != 6 or (policy is not None and policy.quorum != NONE)
