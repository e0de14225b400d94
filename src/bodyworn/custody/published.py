"""A log as anybody may read it: from its folder and its public key, without trust.

Nothing is kept open and nothing remembered that the next checkpoint could make untrue, so a
reader may stand beside the writer, in another process, on a copied folder.
"""

from datetime import UTC, datetime
from pathlib import Path

from bodyworn.core.errors import MissingError
from bodyworn.custody.checkpoint import Checkpoint, parse
from bodyworn.custody.note import Verifier
from bodyworn.custody.proof import EntryProof
from bodyworn.custody.tiles import EntryReader, TileReader
from bodyworn.custody.tree import consistency_proof, inclusion_proof

CHECKPOINT = "checkpoint"  # its name in the log's folder, C2SP tlog-tiles
WITNESSED = "checkpoint.witnessed"  # the newest that enough witnesses cosigned; ours, not C2SP's


class PublishedLog:
    """Checkpoint, entries and proofs of the log in a folder.

    Every answer is checked up to the signed root; whatever does not lead there is a
    DamagedError that names the file.
    """

    def __init__(self, folder: Path, verifier: Verifier) -> None:
        self.folder = folder
        self.verifier = verifier
        self._seen: Checkpoint | None = None
        self._last: tuple[Checkpoint, TileReader] | None = None

    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint, its signature verified; None for a log not yet begun."""
        try:
            note = (self.folder / CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None
        seen = self._seen
        if seen is None or seen.note_text.encode() != note:
            seen = self._seen = parse(note, self.verifier)
        return seen

    @property
    def size(self) -> int:
        """Entries under the newest checkpoint."""
        checkpoint = self.checkpoint()
        return checkpoint.size if checkpoint else 0

    @property
    def published_at(self) -> datetime | None:
        """When the newest checkpoint was written by the writer's clock, UTC; not signed."""
        try:
            stamp = (self.folder / CHECKPOINT).stat().st_mtime
        except FileNotFoundError:
            return None
        return datetime.fromtimestamp(stamp, UTC)

    def entry(self, index: int) -> bytes:
        """The bytes of one entry. Raises MissingError beyond the newest checkpoint."""
        return EntryReader(self._tiles()).entry(index)

    def prove_inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """The audit path of entry `index` in the tree of `size` entries, or the newest."""
        tiles = self._tiles()
        chosen = tiles.size if size is None else size
        _check_size(chosen, tiles.size)
        return inclusion_proof(index, chosen, tiles.subtree)

    def prove_consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """That the tree of `old` entries is a prefix of that of `new`, 0 < old <= new."""
        tiles = self._tiles()
        _check_size(new, tiles.size)
        return consistency_proof(old, new, tiles.subtree)

    def proof(self, index: int, *, extra: bytes = b"") -> EntryProof:
        """Inclusion proof and checkpoint in one, for a `.tlog-proof` file."""
        checkpoint, tiles = self._reading()
        hashes = inclusion_proof(index, checkpoint.size, tiles.subtree)
        return EntryProof(index, hashes, checkpoint.note_text, extra)

    def _head(self) -> Checkpoint:
        checkpoint = self.checkpoint()
        if checkpoint is None:
            raise MissingError(
                "log.no-checkpoint",
                f"There is no log in {self.folder}.",
                hint="Give the folder that holds the file `checkpoint`.",
            )
        return checkpoint

    def _tiles(self) -> TileReader:
        return self._reading()[1]

    def _reading(self) -> tuple[Checkpoint, TileReader]:
        """The newest checkpoint and a reader under it, kept for as long as that one stands."""
        head, last = self._head(), self._last
        if last and last[0] is head:
            return last
        tiles = TileReader(self.folder, size=head.size, root=head.root)
        self._last = (head, tiles)
        return self._last


def _check_size(size: int, newest: int) -> None:
    if not 0 <= size <= newest:
        raise MissingError(
            "log.no-such-size", f"The log has {newest} entries, not {size} of them.", size=size
        )
