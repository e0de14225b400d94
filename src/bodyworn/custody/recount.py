"""The verifier's one pass over the files: entries to leaf hashes to tiles to roots.

It goes on after a tile that disagrees, so that all damage is seen at once; it stops at a
bundle that cannot be read, since what follows has no place without it.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from bodyworn.core.errors import DamagedError
from bodyworn.core.tasks import Progress
from bodyworn.custody.edge import WIDTH, RightEdge
from bodyworn.custody.tiles import bundle_path, read_bundle, read_tile, tile_path, width_at
from bodyworn.custody.tree import EMPTY_ROOT, HASH_SIZE, leaf_hash


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not what the entries make it."""

    file: str  # relative to the log's folder
    sentence: str  # for a person
    entry: int | None = None  # the entry concerned, where one can be named


@dataclass(slots=True)
class Recount:
    """What the pass found."""

    edge: RightEdge = field(default_factory=RightEdge)  # over all entries that could be read
    roots_at: dict[int, bytes] = field(default_factory=dict)  # of the first so many entries
    bundle_fault: Fault | None = None  # the bundle at which the pass stopped
    tile_fault: Fault | None = None  # the first tile that disagrees
    tiles_wrong: int = 0
    tiles_right: int = 0


def recount(folder: Path, *, size: int, marks: Collection[int], progress: Progress) -> Recount:
    """Read every entry and every tile of a tree of `size` entries.

    `marks` are the older sizes whose roots are wanted; one above `size` has none.
    Files that this tree does not need (partial tiles of smaller trees, what an interrupted
    append left behind) are not looked at.
    """
    found = Recount(roots_at={0: EMPTY_ROOT})
    for number in range(-(-size // WIDTH)):
        width = width_at(size, 0, number)
        try:
            entries = read_bundle(folder, number, width=width)
        except DamagedError as error:
            found.bundle_fault = Fault(bundle_path(number, width=width), error.message)
            return found
        hashes = [leaf_hash(entry) for entry in entries]
        for mark in marks:
            _take_mark(found, hashes, mark)
        for tile in found.edge.extend(hashes):
            _check_tile(found, folder, tile.level, tile.index, tile.hashes)
        progress(found.edge.size, size, "entries")
    for level, row in enumerate(found.edge.rows):
        if row:
            _check_tile(found, folder, level, size >> 8 * (level + 1), b"".join(row))
    return found


def _take_mark(found: Recount, hashes: list[bytes], mark: int) -> None:
    """Keep the root of the first `mark` entries when the pass comes by."""
    if not found.edge.size < mark <= found.edge.size + len(hashes):
        return
    prefix = found.edge.copy()
    prefix.extend(hashes[: mark - found.edge.size])
    found.roots_at[mark] = prefix.root()


def _check_tile(found: Recount, folder: Path, level: int, index: int, expected: bytes) -> None:
    fault = _tile_fault(folder, level, index, expected)
    if fault is None:
        found.tiles_right += 1
        return
    found.tiles_wrong += 1
    found.tile_fault = found.tile_fault or fault


def _tile_fault(folder: Path, level: int, index: int, expected: bytes) -> Fault | None:
    width = len(expected) // HASH_SIZE
    name = tile_path(level, index, width=width)
    try:
        actual = read_tile(folder, level, index, width=width)
    except DamagedError as error:
        return Fault(name, error.message)
    if actual == expected:
        return None
    at = next(at for at in range(width) if _hash(actual, at) != _hash(expected, at))
    first, last = ((index * WIDTH + place) << 8 * level for place in (at, at + 1))
    if level == 0:
        bundle = bundle_path(index, width=width)
        return Fault(name, f"Entry {first} in {bundle} and its hash in {name} disagree.", first)
    return Fault(name, f"{name} holds another hash for entries {first} to {last - 1}.")


def _hash(tile: bytes, at: int) -> bytes:
    return tile[at * HASH_SIZE : (at + 1) * HASH_SIZE]
