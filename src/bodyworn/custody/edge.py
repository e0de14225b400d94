"""The right edge of a growing tree: all that an append has to remember.

A tree of n leaves is held as its unfinished tiles, at most 255 hashes a level and at most
eight levels, whatever n is. Opening a log, appending to it, and computing its root touch the
edge and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from bodyworn.custody.tree import EMPTY_ROOT, root_of

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

    def copy(self) -> Self:
        """An edge that can be extended without touching this one."""
        return type(self)(self.size, [list(row) for row in self.rows])

    def extend(self, leaf_hashes: Sequence[bytes]) -> list[FullTile]:
        """Append leaf hashes; answers the tiles that this completes, children first."""
        tiles: list[FullTile] = []
        rising, level = list(leaf_hashes), 0
        while rising:
            row = self._row(level) + rising
            first = self.size >> 8 * (level + 1)
            full = [row[at : at + WIDTH] for at in range(0, len(row) - WIDTH + 1, WIDTH)]
            tiles += [FullTile(level, first + n, b"".join(one)) for n, one in enumerate(full)]
            self.rows[level] = row[len(full) * WIDTH :]
            rising, level = [root_of(one) for one in full], level + 1
        self.size += len(leaf_hashes)
        return tiles

    def _row(self, level: int) -> list[bytes]:
        if level == len(self.rows):
            self.rows.append([])
        return self.rows[level]

    def root(self) -> bytes:
        """The root of the whole tree (RFC 6962, 2.1)."""
        root: list[bytes] = []
        for row in self.rows:
            if row or root:
                # What is unfinished below is the last, narrower child of this level.
                root = [root_of(row + root)]
        return root[0] if root else EMPTY_ROOT
