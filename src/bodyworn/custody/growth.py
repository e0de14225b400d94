"""What becomes of the log's files when entries are appended: bytes in, names and bytes out.

A full tile or bundle is written once. An unfinished one belongs to the checkpoint of its size,
and goes when the full one is on the disk (C2SP tlog-tiles).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bodyworn.core.errors import MissingError
from bodyworn.custody.checkpoint import Checkpoint
from bodyworn.custody.edge import WIDTH, FullTile, RightEdge
from bodyworn.custody.tiles import bundle_path, tile_path
from bodyworn.custody.tree import leaf_hashes_of

NamedFile = tuple[str, bytes]  # name relative to the log's folder


@dataclass(frozen=True, slots=True)
class Head:
    """What an append starts from; replaced, never changed."""

    checkpoint: Checkpoint | None = None
    edge: RightEdge = field(default_factory=RightEdge)  # leads to the checkpoint's root
    tail: list[bytes] = field(default_factory=list)  # encoded entries of the unfinished bundle
    stamp: int = 0  # microseconds since 1970, the time of the checkpoint's file

    @property
    def size(self) -> int:
        """Entries."""
        return self.edge.size

    @property
    def signed(self) -> Checkpoint:
        """The checkpoint, of a log that has begun."""
        if self.checkpoint is None:
            raise MissingError("log.no-checkpoint", "This log has not been begun.")
        return self.checkpoint

    @property
    def note(self) -> bytes:
        """The signed checkpoint; empty for a log not yet begun."""
        return self.checkpoint.note_text.encode() if self.checkpoint else b""


@dataclass(frozen=True, slots=True)
class Growth:
    """The tree with more entries, not signed yet."""

    edge: RightEdge
    tail: list[bytes]
    finished: list[NamedFile]  # the tiles and bundles that are full now


def grow(head: Head, entries: Sequence[bytes], encoded: Sequence[bytes]) -> Growth:
    """What the tree becomes with these entries; `encoded` has each with its length before it."""
    edge = head.edge.copy()
    tiles = edge.extend(leaf_hashes_of(entries))
    lined_up = [*head.tail, *encoded]
    full = len(lined_up) // WIDTH * WIDTH
    bundles = _full_bundles(lined_up[:full], first=head.size // WIDTH)
    return Growth(edge, lined_up[full:], bundles + [_file_of(tile) for tile in tiles])


def partial_files(edge: RightEdge, tail: Sequence[bytes]) -> Iterator[NamedFile]:
    """The unfinished bundle and the unfinished tiles of a tree of this size."""
    if tail:
        yield bundle_path(edge.size // WIDTH, width=len(tail)), b"".join(tail)
    for level, row in enumerate(edge.rows):
        if row:
            place = edge.size >> 8 * (level + 1)
            yield tile_path(level, place, width=len(row)), b"".join(row)


def finished_between(old: int, new: int) -> Iterator[str]:
    """Names of the tiles and bundles that are full at size `new` and were not at `old`."""
    level = 0
    while places := range(old >> 8 * (level + 1), new >> 8 * (level + 1)):
        for place in places:
            if level == 0:
                yield bundle_path(place)
            yield tile_path(level, place)
        level += 1


def _full_bundles(encoded: list[bytes], *, first: int) -> list[NamedFile]:
    starts = range(0, len(encoded), WIDTH)
    return [
        (bundle_path(first + number), b"".join(encoded[at : at + WIDTH]))
        for number, at in enumerate(starts)
    ]


def _file_of(tile: FullTile) -> NamedFile:
    return tile_path(tile.level, tile.index), tile.hashes
