"""What goes out with a recording, whatever it goes out in: its events, opened, and their proofs.

`custody.json` tells each event with the salts that open its leaf; a `.tlog-proof` file shows its
place in the signed log. Exports and packs write the same; where the files lie is theirs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bodyworn.core.clock import iso
from bodyworn.core.errors import DamagedError
from bodyworn.custody.checkpoint import Checkpoint, parse
from bodyworn.custody.proof import EntryProof, write_proof
from bodyworn.records.models import CustodyEvent, Recording
from bodyworn.work.house import House

LONGEST_NAME = 200  # bytes in UTF-8; file systems end at 255
_NOT_IN_NAMES = frozenset('<>:"/\\|?*%')  # what some file system, or a list of digests, refuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """The signed trees that proofs lead to."""

    newest: Checkpoint
    witnessed: Checkpoint | None = None  # the newest that enough witnesses cosigned

    @property
    def best(self) -> Checkpoint:
        """The one worth most to a stranger."""
        return self.witnessed or self.newest

    def over(self, index: int) -> Checkpoint:
        """The best that covers an entry: what came after the witnesses has the log's word alone."""
        covers = self.witnessed is not None and index < self.witnessed.size
        return self.best if covers else self.newest


def heads_of(house: House) -> Heads:
    """The newest checkpoint, and the witnessed one if it fits. Raises DamagedError log.empty."""
    newest = house.log.checkpoint()
    if newest is None:
        raise DamagedError("log.empty", "The log has no checkpoint, so nothing can be proved.")
    try:
        note = house.layout.log_witnessed.read_bytes()
    except FileNotFoundError:
        return Heads(newest=newest)
    witnessed = parse(note, house.signer.verifier)
    return Heads(newest=newest, witnessed=witnessed if witnessed.size <= newest.size else None)


def published_events(recording: Recording, heads: Heads) -> list[CustodyEvent]:
    """Its events under the newest checkpoint, in the log's order."""
    return list(recording.events.filter(leaf_index__lt=heads.newest.size).order_by("leaf_index"))


def proof_name(row: CustodyEvent) -> str:
    """Seen from `custody.json`."""
    return f"proofs/{row.leaf_index:09}.tlog-proof"


def proof_of(house: House, row: CustodyEvent, heads: Heads) -> str:
    """The text of the event's proof file."""
    assert row.leaf_index is not None  # noqa: S101  (only events of `published_events` come here)
    head = heads.over(row.leaf_index)
    hashes = house.log.prove_inclusion(row.leaf_index, head.size)
    return write_proof(EntryProof(row.leaf_index, hashes, head.note_text))


def custody_json(
    recording: Recording, events: Sequence[CustodyEvent], facts: dict[str, Any]
) -> str:
    """All events with the salts that open their leaves; `facts` say how they came to be here."""
    told = {
        "v": 1,
        "reference": recording.reference,
        "pseudonym_salt": bytes(recording.pseudonym_salt).hex(),
        **facts,
        "events": [_told(row) for row in events],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def safe_name(name: str, *, otherwise: str) -> str:
    """A name from a camera as a file name on any disk: it cannot leave its folder.

    >>> safe_name("../a|b.mp4", otherwise="film")
    '_a_b.mp4'
    """
    kept = "".join("_" if c in _NOT_IN_NAMES or not c.isprintable() else c for c in name)
    kept = kept.strip(" .").lstrip("-~").encode()[-LONGEST_NAME:].decode(errors="ignore")
    return kept.strip(" .") or otherwise


def _told(row: CustodyEvent) -> dict[str, Any]:
    """Everything that the leaf commits to, so that a stranger can compute the commitments."""
    return {
        "index": row.leaf_index,
        "proof": proof_name(row),
        "leaf": bytes(row.leaf).decode(),
        "leaf_hash": row.leaf_hash,
        "type": row.type,
        "operation": row.operation or None,
        "at": iso(row.at),
        "subject": row.subject,
        "actor": row.actor,
        "purpose": row.purpose or None,
        "detail": row.detail,
        "salts": row.salts,
    }
