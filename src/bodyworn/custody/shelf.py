"""The log's files as everybody sees them, and how far they are on the disk.

Files appear unflushed. A flush takes many at once and runs beside the writer, since nobody waits
for it: until it is through, the journal can make them again (`custody.journal`).
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from bodyworn.custody.files import Disk, explained
from bodyworn.custody.growth import Head, NamedFile, finished_between, partial_files
from bodyworn.custody.published import CHECKPOINT


class Shelf:
    """The files in a log's folder. Its user holds the folder's lock."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        """Nothing is written, and nothing known of what is there."""
        self._folder, self._disk = folder, disk
        self._waiting: list[NamedFile] = []  # full tiles and bundles that nobody sees yet
        self._partials: frozenset[str] = frozenset()  # of the checkpoint that is shown
        self._base = 0  # the size up to which files are flushed, or being flushed
        self._flusher = ThreadPoolExecutor(1, thread_name_prefix="log-flush")
        self._flushing: Future[None] | None = None
        self._finished: list[str] = []  # full files whose partial ones go after the flush

    def begin(self, size: int) -> None:
        """Files up to this size are on the disk; of later ones nothing is known."""
        if self._flushing:
            self._flushing.exception()  # two flushes at once would be one too many
        self._waiting, self._partials, self._flushing, self._finished = [], frozenset(), None, []
        self._base = size

    def take(self, files: Iterable[NamedFile]) -> None:
        """Keep full tiles and bundles until the next `show`."""
        self._waiting += files

    def show(self, head: Head) -> None:
        """Write what belongs to this checkpoint, and the checkpoint after it."""
        partials = dict(partial_files(head.edge, head.tail))
        fresh = [one for one in partials.items() if one[0] not in self._partials]
        self._write([*self._waiting, *fresh])
        self.show_checkpoint(head)
        self._waiting, self._partials = [], frozenset(partials)

    def show_checkpoint(self, head: Head) -> None:
        """Replace the checkpoint; its time becomes the head's."""
        path = self._folder / CHECKPOINT
        self._disk.write([(path, head.note)])
        os.utime(path, (head.stamp / 1e6, head.stamp / 1e6))

    def make_good(self, files: Mapping[str, bytes], *, all_anew: bool = False) -> None:
        """Write those that are not as they must be; with `all_anew` the others too."""
        self._write([one for one in files.items() if all_anew or not self._holds(*one)])

    def flush(self, head: Head) -> None:
        """Begin to flush what has come since the last time; all of it is shown already."""
        paths = self._files_since_base(head) if head.size > self._base else []
        self._finished = list(finished_between(self._base, head.size))
        self._flushing = self._flusher.submit(self._disk.flush, paths)
        self._base = head.size

    def has_flushed(self) -> bool:
        """Whether the last flush is through; does not wait. Raises what the flush has met."""
        if self._flushing and self._flushing.done():
            self.wait_for_flush()
        return self._flushing is None

    def wait_for_flush(self) -> None:
        """Return when the last flush is through. Raises SetupError disk.full, OSError."""
        flushing, self._flushing = self._flushing, None
        if flushing:
            with explained():
                flushing.result()
            self._drop_partials()

    def is_settled_at(self, size: int) -> bool:
        """Whether all files of a tree of this size are on the disk."""
        return self._base == size and self.has_flushed()

    def _drop_partials(self) -> None:
        """tlog-tiles: a partial tile may go once the full one is there, and no sooner."""
        for name in self._finished:
            shutil.rmtree(self._folder / f"{name}.p", ignore_errors=True)
        self._finished = []

    def _files_since_base(self, head: Head) -> list[Path]:
        """Files that may not be on the disk yet, and the folders that list them."""
        names = [*finished_between(self._base, head.size), CHECKPOINT]
        paths = [self._folder / name for name in names]
        for name, _ in partial_files(head.edge, head.tail):
            paths += (self._folder / name).parent.iterdir()
        folders = {folder for path in paths for folder in path.parents}
        return [*paths, *(one for one in folders if one.is_relative_to(self._folder))]

    def _write(self, files: Iterable[NamedFile]) -> None:
        if named := [(self._folder / name, data) for name, data in files]:
            self._disk.write(named)

    def _holds(self, name: str, data: bytes) -> bool:
        try:
            return (self._folder / name).read_bytes() == data
        except FileNotFoundError:
            return False
