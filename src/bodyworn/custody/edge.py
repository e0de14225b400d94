"""The right edge of a growing tree: all that an append has to remember.

A tree of n leaves is held as its unfinished tiles, at most 255 hashes a level and at most
eight levels, whatever n is. Opening a log, appending to it, and computing its root touch the
edge and nothing else. Each unfinished tile also keeps its peaks, the roots of its complete
subtrees, so that one more leaf costs a handful of hashes and not the tile's 255 again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from bodyworn.custody.tree import EMPTY_ROOT, node_hash, root_of

WIDTH = 256  # hashes in a full tile, C2SP tlog-tiles


@dataclass(frozen=True, slots=True)
class FullTile:
    """A tile that has just been completed and never changes again."""

    level: int  # tile level, 0 holds leaf hashes
    index: int  # place within its level
    hashes: bytes  # 256 times 32 bytes


@dataclass(slots=True)
class RightEdge:
    """The unfinished tiles of a tree, lowest level first, and the tree's size in leaves."""

    size: int = 0
    rows: list[list[bytes]] = field(default_factory=list)
    peaks: list[list[bytes]] = field(default_factory=list, init=False)  # of each row, left first

    def __post_init__(self) -> None:
        self.peaks = [_grown([], 0, row) for row in self.rows]

    def copy(self) -> Self:
        """An edge that can be extended without touching this one."""
        twin = type(self)(self.size)
        twin.rows = [list(row) for row in self.rows]
        twin.peaks = [list(peaks) for peaks in self.peaks]
        return twin

    def extend(self, leaf_hashes: Sequence[bytes]) -> list[FullTile]:
        """Append leaf hashes; answers the tiles that this completes, children first."""
        tiles: list[FullTile] = []
        rising, level = list(leaf_hashes), 0
        while rising:
            first = self.size >> 8 * (level + 1)
            full = self._take(level, rising)
            tiles += [FullTile(level, first + n, b"".join(one)) for n, one in enumerate(full)]
            rising, level = [root_of(one) for one in full], level + 1
        self.size += len(leaf_hashes)
        return tiles

    def root(self) -> bytes:
        """The root of the whole tree (RFC 6962, 2.1)."""
        root: bytes | None = None
        for peaks in self.peaks:
            # What is unfinished below is the last, narrower child of this level.
            for peak in reversed(peaks):
                root = peak if root is None else node_hash(peak, root)
        return EMPTY_ROOT if root is None else root

    def _take(self, level: int, rising: list[bytes]) -> list[list[bytes]]:
        """Put hashes into an unfinished tile; answers the tiles that are full then."""
        if level == len(self.rows):
            self.rows.append([])
            self.peaks.append([])
        before = self.rows[level]
        row = before + rising
        if len(row) < WIDTH:
            _grown(self.peaks[level], len(before), rising)
            self.rows[level] = row
            return []
        full = [row[at : at + WIDTH] for at in range(0, len(row) - WIDTH + 1, WIDTH)]
        self.rows[level] = row[len(full) * WIDTH :]
        self.peaks[level] = _grown([], 0, self.rows[level])
        return full


def _grown(peaks: list[bytes], width: int, fresh: Iterable[bytes]) -> list[bytes]:
    """Add hashes to a row of `width`; where two complete subtrees are alike, they become one."""
    for place, one in enumerate(fresh, width):
        risen, alike = one, place
        while alike & 1:
            risen, alike = node_hash(peaks.pop(), risen), alike >> 1
        peaks.append(risen)
    return peaks
