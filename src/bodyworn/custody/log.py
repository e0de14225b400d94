"""The log's one writer: gives committed entries their place and signs the tree.

Files come first, the checkpoint last; what no checkpoint covers does not exist yet. So a
crash at any point costs nothing: the same entries are given again and make the same tree.
The caller commits the order of entries before handing them in, because a signature cannot be
taken back.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.custody.checkpoint import Checkpoint, make
from bodyworn.custody.edge import WIDTH, FullTile, RightEdge
from bodyworn.custody.files import Write, one_writer, write_durably
from bodyworn.custody.note import PrivateKey, Signer
from bodyworn.custody.published import CHECKPOINT, PublishedLog
from bodyworn.custody.tiles import (
    EntryReader,
    TileReader,
    bundle_path,
    encode_entry,
    entry_disagrees,
    read_bundle,
    tile_path,
    width_at,
)
from bodyworn.custody.tree import leaf_hash


@dataclass(frozen=True, slots=True)
class _Head:
    """What an append starts from; replaced, never changed."""

    checkpoint: Checkpoint | None
    edge: RightEdge  # leads to the checkpoint's root
    tail: list[bytes]  # encoded entries of the unfinished bundle


class Log(PublishedLog):
    """The log in a folder, with the key that may extend it.

    Opening reads the right edge only, whatever the size. Raises SetupError when the key is
    not this log's, DamagedError when the newest tiles do not lead to the signed root.
    """

    def __init__(
        self,
        folder: Path,
        *,
        origin: str,
        signer: Signer,
        second: PrivateKey | None = None,
        write: Write = write_durably,
    ) -> None:
        """`second` signs beside `signer`. Tests hand in a `write` that breaks."""
        if signer.name != origin:
            raise SetupError(
                "log.key-of-another-log",
                f"The signing key is that of {signer.name}, the log is {origin}.",
                hint="Put the log's own key in place, or set the origin that it was made for.",
            )
        super().__init__(folder, signer.verifier)
        self.origin = origin
        self._signer, self._second, self._write = signer, second, write
        self._known_head = self._read_head()

    def integrate(self, entries: Sequence[bytes], *, from_index: int, now: datetime) -> Checkpoint:
        """Append entries, the first of which is entry `from_index` of the log.

        Entries that are in the tree already are compared and skipped, so a caller that does
        not know how far it came may give everything again. `now` becomes the time of the
        checkpoint's file (`published_at`, Last-Modified). One writer at a time, BusyError
        otherwise. Raises DamagedError: `log.fork` where the tree holds another entry,
        `log.gap` where entries are missing before the first one; RefusedError above 65,535
        bytes.

        1. See what the newest checkpoint covers.
        2. Skip what it covers, after comparing every byte.
        3. Hash the rest and find the files that change.
        4. Write them, durably.
        5. Sign the new tree and replace the checkpoint.
        6. Delete the partial tiles that full ones have replaced.
        """
        with one_writer(self.folder):
            head = self._head_now()  # 1
            fresh = self._skip_known(head, entries, from_index=from_index)  # 2
            if head.checkpoint and not fresh:
                return head.checkpoint
            grown = _grow(head, fresh)  # 3
            self._write([(self.folder / name, data) for name, data in grown.files])  # 4
            checkpoint = self._publish(grown.edge, now=now)  # 5
            self._known_head = _Head(checkpoint, grown.edge, grown.tail)
            self._drop_partials([*_last_full(head.edge), *grown.finished])  # 6
            return checkpoint

    def _head_now(self) -> _Head:
        """The head, read again if another process has extended the log since."""
        if self._known_head.checkpoint != self.checkpoint():
            self._known_head = self._read_head()
        return self._known_head

    def _read_head(self) -> _Head:
        checkpoint = self.checkpoint()
        if checkpoint is None or checkpoint.size == 0:
            return _Head(checkpoint, RightEdge(), [])
        edge = TileReader(self.folder, size=checkpoint.size, root=checkpoint.root).edge
        return _Head(checkpoint, edge, self._read_tail(edge))

    def _read_tail(self, edge: RightEdge) -> list[bytes]:
        number, width = divmod(edge.size, WIDTH)
        if not width:
            return []
        entries = read_bundle(self.folder, number, width=width)
        for at, entry in enumerate(entries):
            if leaf_hash(entry) != edge.rows[0][at]:
                raise entry_disagrees(number * WIDTH + at, bundle_path(number, width=width))
        return [encode_entry(entry) for entry in entries]

    def _skip_known(
        self, head: _Head, entries: Sequence[bytes], *, from_index: int
    ) -> Sequence[bytes]:
        size = head.edge.size
        if not 0 <= from_index <= size:
            raise DamagedError(
                "log.gap",
                f"The log ends at entry {size}; entry {from_index} cannot follow.",
                hint="Give the entries again from where the log ends.",
                size=size,
            )
        known = entries[: size - from_index]
        if known and head.checkpoint:
            tiles = TileReader(self.folder, size=size, root=head.checkpoint.root)
            _compare(known, EntryReader(tiles), from_index=from_index)
        return entries[len(known) :]

    def _publish(self, edge: RightEdge, *, now: datetime) -> Checkpoint:
        checkpoint = make(
            self.origin, edge.size, edge.root(), signer=self._signer, second=self._second
        )
        path = self.folder / CHECKPOINT
        self._write([(path, checkpoint.note_text.encode())])
        os.utime(path, (now.timestamp(), now.timestamp()))
        self._seen = checkpoint
        return checkpoint

    def _drop_partials(self, finished: Sequence[str]) -> None:
        """tlog-tiles: a partial tile may go once the full one is there, and no sooner."""
        for name in finished:
            shutil.rmtree(self.folder / f"{name}.p", ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Growth:
    edge: RightEdge
    tail: list[bytes]
    files: list[tuple[str, bytes]]  # names relative to the log's folder
    finished: list[str]  # names of tiles and bundles that are full now


def _grow(head: _Head, fresh: Sequence[bytes]) -> _Growth:
    """What the tree and its files become with these entries."""
    edge = head.edge.copy()
    tiles = edge.extend([leaf_hash(entry) for entry in fresh])
    encoded = head.tail + [encode_entry(entry) for entry in fresh]
    full = len(encoded) // WIDTH * WIDTH
    bundles = _full_bundles(encoded[:full], first=head.edge.size // WIDTH)
    finished = bundles + [_file_of(tile) for tile in tiles]
    partial = _partial_files(edge, encoded[full:], old_size=head.edge.size)
    return _Growth(edge, encoded[full:], finished + partial, [name for name, _ in finished])


def _last_full(edge: RightEdge) -> list[str]:
    """The full files just left of the edge: a crash may have kept their partials alive."""
    reach = [edge.size >> 8 * (level + 1) for level in range(len(edge.rows))]
    bundles = [bundle_path(full - 1) for full in reach[:1] if full]
    return bundles + [tile_path(level, full - 1) for level, full in enumerate(reach) if full]


def _full_bundles(encoded: list[bytes], *, first: int) -> list[tuple[str, bytes]]:
    starts = range(0, len(encoded), WIDTH)
    return [
        (bundle_path(first + number), b"".join(encoded[at : at + WIDTH]))
        for number, at in enumerate(starts)
    ]


def _file_of(tile: FullTile) -> tuple[str, bytes]:
    return tile_path(tile.level, tile.index), tile.hashes


def _partial_files(edge: RightEdge, tail: list[bytes], *, old_size: int) -> list[tuple[str, bytes]]:
    """The unfinished bundle and the unfinished tiles that are not as they were."""
    files = []
    if tail:
        files.append((bundle_path(edge.size // WIDTH, width=len(tail)), b"".join(tail)))
    for level, row in enumerate(edge.rows):
        reach = edge.size >> 8 * level
        if row and reach != old_size >> 8 * level:
            width = width_at(edge.size, level, reach // WIDTH)
            files.append((tile_path(level, reach // WIDTH, width=width), b"".join(row)))
    return files


def _compare(known: Sequence[bytes], entries: EntryReader, *, from_index: int) -> None:
    bundle: list[bytes] = []
    for index, entry in enumerate(known, from_index):
        if index % WIDTH == 0 or not bundle:
            bundle = entries.bundle(index // WIDTH)
        if bundle[index % WIDTH] != entry:
            raise DamagedError(
                "log.fork",
                f"Entry {index} is in the signed log with other bytes.",
                hint="The database and the log tell two stories; stop and compare backups.",
                entry=index,
            )
