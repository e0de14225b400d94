"""Tiles and entry bundles (C2SP tlog-tiles v0.1.0), and how to read them without trust.

The log is kept as it is served: a folder of tiles (256 hashes of one level each), entry
bundles (256 entries each) and a checkpoint. Every tile that is read is authenticated against
its parent, up to the signed root. A reader that believes one tile unchecked can be shown a
forged entry together with a forged tile (CVE-2026-56865 in another reader).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.custody.edge import WIDTH, RightEdge
from bodyworn.custody.tree import HASH_SIZE, leaf_hash, root_of

LARGEST_ENTRY = 65_535  # bytes; the length is written as an unsigned 16-bit number
CACHED_TILES = 1_024  # 8 MiB


def tile_path(level: int, index: int, *, width: int = WIDTH) -> str:
    """Where a tile lies, relative to the log's folder.

    >>> tile_path(0, 1234067)
    'tile/0/x001/x234/067'
    >>> tile_path(1, 0, width=17)
    'tile/1/000.p/17'
    """
    return f"tile/{level}/{_numbered(index, width)}"


def bundle_path(index: int, *, width: int = WIDTH) -> str:
    """Where an entry bundle lies, relative to the log's folder.

    >>> bundle_path(2, width=9)
    'tile/entries/002.p/9'
    """
    return f"tile/entries/{_numbered(index, width)}"


def width_at(size: int, level: int, index: int) -> int:
    """How many hashes this tile holds in a tree of `size` leaves: 0 up to 256."""
    return max(0, min(WIDTH, (size >> 8 * level) - index * WIDTH))


def encode_entry(entry: bytes) -> bytes:
    """Length (16 bits, big-endian) and bytes. Raises RefusedError above 65,535 bytes."""
    if len(entry) > LARGEST_ENTRY:
        raise RefusedError(
            "log.entry-too-large",
            f"An entry of this log has at most {LARGEST_ENTRY} bytes, not {len(entry)}.",
            hint="Log a digest of what is large, and keep the large thing elsewhere.",
        )
    return len(entry).to_bytes(2, "big") + entry


def encode_entries(entries: Sequence[bytes]) -> list[bytes]:
    """The same for many, without a call for each. Raises RefusedError."""
    if max(map(len, entries), default=0) > LARGEST_ENTRY:
        return [encode_entry(entry) for entry in entries]
    return [len(entry).to_bytes(2, "big") + entry for entry in entries]


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """An entry bundle as served."""
    return b"".join(map(encode_entry, entries))


def decode_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises DamagedError when the bytes end too early."""
    entries, at, end = [], 0, len(data)
    while at < end:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > end or at > end:
            raise DamagedError("log.bundle-malformed", "The bundle ends inside an entry.")
        entries.append(data[start:at])
    return entries


def read_tile(folder: Path, level: int, index: int, *, width: int) -> bytes:
    """The bytes of a tile, not authenticated. Raises DamagedError: missing, or wrong length."""
    name = tile_path(level, index, width=width)
    data, whole = _read_either(folder, name, tile_path(level, index))
    if len(data) != (WIDTH if whole else width) * HASH_SIZE:
        raise DamagedError("log.tile-malformed", f"{name} has the wrong length.", file=name)
    return data[: width * HASH_SIZE]


def read_bundle(folder: Path, index: int, *, width: int) -> list[bytes]:
    """The entries of a bundle, not authenticated. Raises DamagedError."""
    name = bundle_path(index, width=width)
    data, whole = _read_either(folder, name, bundle_path(index))
    try:
        entries = decode_bundle(data)
    except DamagedError as error:
        raise DamagedError(error.code, f"{name}: {error.message}", file=name) from None
    if len(entries) != (WIDTH if whole else width):
        raise DamagedError(
            "log.bundle-malformed", f"{name} holds {len(entries)} entries, not {width}.", file=name
        )
    return entries[:width]


class TileReader:
    """Hashes of the tree of one checkpoint, read from tiles that are authenticated.

    The unfinished tiles must lead to the root; every full tile must lead to its hash in the
    tile above. Raises DamagedError (`log.edge-disagrees`, `log.tile-disagrees`).
    """

    def __init__(self, folder: Path, *, size: int, root: bytes) -> None:
        self.folder, self.size = folder, size
        self.edge = read_edge(folder, size=size, root=root)
        self._known: dict[tuple[int, int], bytes] = {}

    def subtree(self, level: int, index: int) -> bytes:
        """The root of a complete subtree, as `custody.tree.Subtree` has it."""
        tile_level, height = divmod(level, 8)
        first = index << height
        tile = self.tile(tile_level, first // WIDTH)
        start = first % WIDTH
        return root_of(_hash_in(tile, at) for at in range(start, start + (1 << height)))

    def leaf(self, index: int) -> bytes:
        """The leaf hash of entry `index`. Raises MissingError beyond the tree."""
        _check_index(index, self.size)
        return _hash_in(self.tile(0, index // WIDTH), index % WIDTH)

    def tile(self, level: int, index: int) -> bytes:
        """The authentic bytes of a tile, as wide as it is in this tree."""
        climb = [(level, index)]
        while (tile := self._trusted(*climb[-1])) is None:
            above, place = climb[-1]
            climb.append((above + 1, place // WIDTH))
        for below, place in reversed(climb[:-1]):
            tile = self._authentic(below, place, expected=_hash_in(tile, place % WIDTH))
        return tile

    def _trusted(self, level: int, index: int) -> bytes | None:
        """A tile that is known to be genuine: seen before, or on the verified right edge."""
        if width_at(self.size, level, index) < WIDTH:
            return b"".join(self.edge.rows[level])
        return self._known.get((level, index))

    def _authentic(self, level: int, index: int, *, expected: bytes) -> bytes:
        tile = read_tile(self.folder, level, index, width=WIDTH)
        if root_of(_hash_in(tile, at) for at in range(WIDTH)) != expected:
            name = tile_path(level, index)
            raise DamagedError(
                "log.tile-disagrees", f"{name} does not belong to the signed tree.", file=name
            )
        if len(self._known) >= CACHED_TILES:
            self._known.clear()
        self._known[level, index] = tile
        return tile


class EntryReader:
    """Entries of the tree of one checkpoint, each checked against its authentic leaf hash."""

    def __init__(self, tiles: TileReader) -> None:
        self._tiles = tiles

    def entry(self, index: int) -> bytes:
        """The bytes of one entry. Raises MissingError, DamagedError (`log.entry-disagrees`)."""
        _check_index(index, self._tiles.size)
        return self.bundle(index // WIDTH)[index % WIDTH]

    def bundle(self, number: int) -> list[bytes]:
        """All entries of bundle `number`, 256 but for the last one."""
        width = width_at(self._tiles.size, 0, number)
        entries = read_bundle(self._tiles.folder, number, width=width)
        tile = self._tiles.tile(0, number)
        for at, entry in enumerate(entries):
            if leaf_hash(entry) != _hash_in(tile, at):
                raise entry_disagrees(number * WIDTH + at, bundle_path(number, width=width))
        return entries


def read_edge(folder: Path, *, size: int, root: bytes) -> RightEdge:
    """The right edge of a tree, which must lead to this root. Raises DamagedError."""
    rows: list[list[bytes]] = []
    while size >> 8 * (level := len(rows)):
        row: list[bytes] = []
        index, width = divmod(size >> 8 * level, WIDTH)
        if width:
            tile = read_tile(folder, level, index, width=width)
            row = [_hash_in(tile, at) for at in range(width)]
        rows.append(row)
    edge = RightEdge(size, rows)
    if edge.root() != root:
        raise DamagedError(
            "log.edge-disagrees", f"The last tiles do not lead to the root of {size} entries."
        )
    return edge


def entry_disagrees(index: int, file: str) -> DamagedError:
    """Entry `index`, read from `file`, is not the one in the tree."""
    return DamagedError(
        "log.entry-disagrees",
        f"Entry {index} in {file} is not the one that was logged.",
        entry=index,
        file=file,
    )


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise MissingError(
            "log.no-entry", f"The log has {size} entries and none numbered {index}.", index=index
        )


def _hash_in(tile: bytes, at: int) -> bytes:
    return tile[at * HASH_SIZE : (at + 1) * HASH_SIZE]


def _numbered(index: int, width: int) -> str:
    elements = [f"{index % 1000:03d}"]
    while index := index // 1000:
        elements.append(f"x{index % 1000:03d}")
    partial = f".p/{width}" if width < WIDTH else ""
    return "/".join(reversed(elements)) + partial


def _read_either(folder: Path, wanted: str, full: str) -> tuple[bytes, bool]:
    """The file, or the full one that may have replaced it; and whether it is the full one."""
    for name in dict.fromkeys((wanted, full)):
        try:
            return (folder / name).read_bytes(), name == full
        except FileNotFoundError:
            continue
    raise DamagedError("log.file-missing", f"{wanted} is missing.", file=wanted)
