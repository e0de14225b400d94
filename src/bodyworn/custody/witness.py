"""A witness (C2SP tlog-witness): remembers the largest tree of each log, and signs what extends it.

Bytes in, a cosignature or a refusal out; HTTP is for `web.witness`. A witness needs no trust in
the log and keeps next to nothing: one checkpoint a log. Its whole worth is that it never goes
back, so that checkpoint is on disk before the cosignature leaves the house. Whoever asks again
after a crash in between is told the new size (409) and gets a cosignature of the same tree.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bodyworn.core.errors import BusyError, DamagedError, RefusedError
from bodyworn.custody.checkpoint import DECIMAL, Checkpoint, peek
from bodyworn.custody.cosignature import cosigned_at
from bodyworn.custody.note import Note, Verifier, from_base64, open_note, to_base64
from bodyworn.custody.tree import EMPTY_ROOT, HASH_SIZE, verify_consistency
from bodyworn.custody.witness_folder import Held, WitnessFolder

LONGEST_PROOF = 63  # lines, by the specification
LARGEST_REQUEST = 1 << 16  # bytes; a proof has some 3 KiB, a hundred signatures some 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks a witness to sign; nothing in it is checked but its form."""

    old: int  # size of the tree that the witness is believed to hold
    proof: tuple[bytes, ...]  # consistency, RFC 6962, 2.1.2
    checkpoint: Checkpoint


class Witness:
    """The witness in a folder. Threads may share it; one process at a time (`witness_folder`)."""

    def __init__(self, folder: WitnessFolder) -> None:
        """Nothing is read yet: the folder is the state, and there is no other."""
        self._folder = folder
        self._one_at_a_time = threading.Lock()

    def add_checkpoint(self, body: bytes, *, now: datetime) -> str:
        """The witness's signature line for the checkpoint in this request.

        1. The request is well formed. DamagedError `witness.malformed` (400)
        2. The log is one of ours. MissingError `witness.unknown-log` (404)
        3. A key of that log signed the checkpoint. RefusedError `witness.not-signed` (403)
        4. From the tree that we hold, no other. RefusedError `witness.other-size` (409, `size`)
        5. The new tree continues it. DamagedError `witness.not-continued` (422)
        6. It is on disk. Only then is there an answer.

        From 4 on one request at a time: two that are both consistent with an older tree would
        otherwise end with the smaller one on disk. A second tree of the size that we hold is
        proof that the log keeps two histories, and is kept, whatever else is wrong with the
        request.
        """
        request = read_request(body)  # 1
        keys = self._folder.keys_of(request.checkpoint.origin)  # 2
        note = _signed(request.checkpoint, keys)  # 3
        with self._one_at_a_time:
            held = self._folder.held(request.checkpoint.origin)
            self._keep_contradiction(request.checkpoint, held)
            _check_start(request, held)  # 4
            _check_growth(request, held)  # 5
            return self._cosigned(note, request.checkpoint, held, now)  # 6

    def _cosigned(
        self, note: Note, checkpoint: Checkpoint, held: Held | None, now: datetime
    ) -> str:
        signature = self._folder.cosigner.cosign(note.text, at=now)
        # The line says: nothing larger was seen by this time. A clock that went back would make
        # it contradict the line before.
        if held and cosigned_at(signature) < held.at:
            raise BusyError(
                "witness.clock-behind",
                f"This witness's clock is behind its own last cosignature, {held.at.isoformat()}.",
                hint="Its keeper sets the clock, best by NTP.",
                retry_after=60,
            )
        self._folder.hold(checkpoint.origin, note, signature)
        return signature.line

    def _keep_contradiction(self, checkpoint: Checkpoint, held: Held | None) -> None:
        if held and checkpoint.size == held.size and checkpoint.root != held.root:
            self._folder.keep_contradiction(checkpoint)


def read_request(body: bytes) -> Request:
    """Read the body of `add-checkpoint` strictly. Raises DamagedError `witness.malformed`."""
    try:
        head, blank, note = body.decode().partition("\n\n")
        first, *lines = head.split("\n")
        word, _, size = first.partition(" ")
        if not blank or word != "old" or not DECIMAL.fullmatch(size):
            raise _malformed("A request begins with `old`, a size, and a proof, then a blank line.")
        if len(lines) > LONGEST_PROOF:
            raise _malformed(f"A proof has at most {LONGEST_PROOF} lines.")
        proof = tuple(_hash(line) for line in lines)
        return Request(old=int(size), proof=proof, checkpoint=peek(note))
    except UnicodeDecodeError:
        raise _malformed("A request is UTF-8.") from None
    except DamagedError as error:
        raise _malformed(error.message) from None


def write_request(*, old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The body of `add-checkpoint`, for whoever asks a witness.

    >>> write_request(old=0, proof=(), note="a note")
    b'old 0\\n\\na note'
    """
    return "\n".join([f"old {old}", *map(to_base64, proof), "", note]).encode()


def _hash(line: str) -> bytes:
    raw = from_base64(line)
    if len(raw) != HASH_SIZE:
        raise _malformed(f"A hash of a proof has {HASH_SIZE} bytes.")
    return raw


def _signed(checkpoint: Checkpoint, keys: Sequence[Verifier]) -> Note:
    try:
        return open_note(checkpoint.note_text, keys)
    except DamagedError as error:
        raise RefusedError(
            "witness.not-signed",
            f"No key that this witness knows of {checkpoint.origin} signed that: {error.message}",
            hint="Give the witness's keeper the log's public key.",
        ) from None


def _check_start(request: Request, held: Held | None) -> None:
    size = held.size if held else 0
    if request.old > request.checkpoint.size:
        raise _malformed("The old size is larger than that of the checkpoint.")
    if request.old != size:
        raise RefusedError(
            "witness.other-size",
            f"This witness holds a tree of {size} entries.",
            hint="Prove that the new tree continues that one.",
            status=409,
            size=size,
        )


def _check_growth(request: Request, held: Held | None) -> None:
    """What `verify_consistency` rightly refuses is special here: nothing leads to everything."""
    new = request.checkpoint
    if new.size == 0 and new.root != EMPTY_ROOT:
        raise _not_continued("An empty tree has another root than this.")
    if held is None or held.size == 0:
        if request.proof:
            raise _not_continued("From an empty tree no proof leads to anything.")
        return
    if new.size == held.size and new.root != held.root:
        raise _not_continued(
            f"The log signed two different trees of {new.size} entries. Both are kept here."
        )
    try:
        verify_consistency(
            request.proof, old=held.size, old_root=held.root, new=new.size, new_root=new.root
        )
    except DamagedError as error:
        raise _not_continued(f"The proof does not hold: {error.message}") from None


def _malformed(sentence: str) -> DamagedError:
    return DamagedError(
        "witness.malformed",
        sentence,
        hint="The form is that of https://c2sp.org/tlog-witness.",
        status=400,
    )


def _not_continued(sentence: str) -> DamagedError:
    return DamagedError(
        "witness.not-continued",
        sentence,
        hint="If the log's folder is not an old copy, its history was changed: keep everything.",
    )
