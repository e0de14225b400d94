"""The log's one writer: gives committed entries their place and signs the tree.

    entries -> journal, flushed -> tiles and bundles -> checkpoint -> all of it flushed, later
               durable             (any order, unflushed)  visible

An append is one write and one flush of the journal (`custody.journal`), entries and signed
checkpoint together. Only then do files change, tiles first and the checkpoint last, so nobody
sees a signature over what a power cut could take away. The files themselves are flushed when the
journal's segment is full. Whoever opens the log makes good from the journal what a crash has
left undone or half done; the same entries make the same files.

The caller commits the order of entries before handing them in, because a signature cannot be
taken back. Between a power cut and the next opening the files may be torn; readers see that,
since every file must lead to a signed root.
"""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bodyworn.core.errors import BusyError, DamagedError, SetupError
from bodyworn.custody.checkpoint import Checkpoint, make, parse
from bodyworn.custody.edge import WIDTH, RightEdge
from bodyworn.custody.files import Disk, one_writer
from bodyworn.custody.growth import Head, grow
from bodyworn.custody.journal import Journal, Record
from bodyworn.custody.note import NoteSigner, Signer
from bodyworn.custody.published import PublishedLog
from bodyworn.custody.replay import replay
from bodyworn.custody.shelf import Shelf
from bodyworn.custody.tiles import (
    EntryReader,
    TileReader,
    bundle_path,
    encode_entries,
    entry_disagrees,
    read_bundle,
    read_edge,
)
from bodyworn.custody.tree import leaf_hash

MOST = 8_192  # entries of one record in the journal
FEW = 64  # of such as together have more than
PORTION = 4 << 20  # bytes


class Log(PublishedLog):
    """The log in a folder, with the key that may extend it.

    Opening reads the right edge and the journal, whatever the size, and finishes what a crash
    has interrupted. Raises SetupError when the key is not this log's, DamagedError when the
    newest tiles do not lead to the signed root.
    """

    def __init__(
        self,
        folder: Path,
        *,
        origin: str,
        signer: Signer,
        second: NoteSigner | None = None,
        disk: Disk | None = None,
    ) -> None:
        """`second` signs beside `signer`; `disk` writes and flushes, tests give one that breaks."""
        if signer.name != origin:
            raise SetupError(
                "log.key-of-another-log",
                f"The signing key is that of {signer.name}, the log is {origin}.",
                hint="Put the log's own key in place, or set the origin that it was made for.",
            )
        super().__init__(folder, signer.verifier)
        self.origin = origin
        self._signer, self._second = signer, second
        self._journal = Journal(folder, disk or Disk())
        self._shelf = Shelf(folder, disk or Disk())
        self._known_head: Head | None = None  # None: to be read again
        self._is_doubtful = False  # a write has failed: nobody knows what is on the disk
        self._is_flushed = True  # whether the journal is on the disk as far as it was written
        if folder.is_dir():
            self._finish_what_was_begun()

    def integrate(self, entries: Sequence[bytes], *, from_index: int, now: datetime) -> Checkpoint:
        """Append entries, the first of which is entry `from_index` of the log, and publish them.

        Entries that are in the tree already are compared and skipped, so a caller that does
        not know how far it came may give everything again. `now` becomes the time of the
        checkpoint's file (`published_at`, Last-Modified). One writer at a time, BusyError
        otherwise. Raises DamagedError: `log.fork` where the tree holds another entry,
        `log.gap` where entries are missing before the first one; RefusedError above 65,535
        bytes; SetupError disk.full.

        1. See what the newest checkpoint covers.
        2. Skip what it covers, after comparing every byte.
        3. Hash the rest and sign the new tree.
        4. Write entries and checkpoint into the journal, and flush it.
        5. Write the files that change, and the checkpoint after them.
        """
        with one_writer(self.folder):
            head = self._append(entries, from_index=from_index, now=now)  # 1 to 4
            return self._show(head)  # 5

    def append(
        self, entries: Sequence[bytes], *, from_index: int, now: datetime, durable: bool = True
    ) -> Checkpoint:
        """Steps 1 to 4 of `integrate`: durable and signed, and shown to nobody yet.

        For many small appends in a row; `publish` shows them all. So does whoever opens the log.
        Where somebody else keeps the entries and their order durably, `durable=False` leaves the
        flush to `publish`: a power cut then takes them from here, and they are given once more.
        """
        with one_writer(self.folder):
            head = self._append(entries, from_index=from_index, now=now, durable=durable)
            return head.signed

    def publish(self) -> Checkpoint | None:
        """Show what was appended; None for a log not yet begun."""
        with one_writer(self.folder):
            head = self._head_now()
            return self._show(head) if head.checkpoint else None

    @property
    def signed_size(self) -> int:
        """Entries that this writer knows to be signed, shown or not."""
        return self._known_head.size if self._known_head else self.size

    def settle(self) -> None:
        """Publish, and flush every file: then the journal is needed no more, nor read at opening.

        For the end of a day's work. Takes as long as the disk takes for some hundred files.
        """
        with one_writer(self.folder):
            head = self._head_now()
            if head.checkpoint and not self._shelf.is_settled_at(head.size):
                self._turn_over(head, at_once=True)

    def _append(
        self, entries: Sequence[bytes], *, from_index: int, now: datetime, durable: bool = True
    ) -> Head:
        head = self._head_now()
        fresh = self._skip_known(head, entries, from_index=from_index)
        if fresh or not head.checkpoint:
            for portion in list(_portions(fresh)):
                stamp = round(now.timestamp() * 1e6)
                head = self._take(head, *portion, stamp=stamp, durable=durable)
        if durable:
            self._flush_journal()  # of what was given before, and may be given again
        return head

    def _take(
        self,
        head: Head,
        fresh: Sequence[bytes],
        encoded: Sequence[bytes],
        *,
        stamp: int,
        durable: bool,
    ) -> Head:
        """One record of the journal: all of it is durable, or none of it happened."""
        grown = grow(head, fresh, encoded)
        checkpoint = make(
            self.origin,
            grown.edge.size,
            grown.edge.root(),
            signer=self._signer,
            second=self._second,
        )
        entries, note = b"".join(encoded), checkpoint.note_text.encode()
        with self._doubting():
            if not self._journal.has_room(len(entries)):
                self._turn_over(head)
            flushed = self._shelf.has_flushed()
            record = Record(note=note, entries=entries, stamp=stamp, base_is_flushed=flushed)
            self._journal.append(record, with_flush=durable)
            self._is_flushed = durable  # which takes with it what was not flushed before
        self._shelf.take(grown.finished)
        self._known_head = Head(checkpoint, grown.edge, grown.tail, stamp)
        return self._known_head

    def _sign(self, edge: RightEdge) -> Checkpoint:
        return make(self.origin, edge.size, edge.root(), signer=self._signer, second=self._second)

    def _show(self, head: Head) -> Checkpoint:
        """Make files of what the journal holds."""
        with self._doubting():
            if self.checkpoint() != head.checkpoint:
                self._flush_journal()
                self._shelf.show(head)
                self._seen = head.checkpoint
        return head.signed

    def _flush_journal(self) -> None:
        if not self._is_flushed:
            with self._doubting():
                self._journal.flush()
            self._is_flushed = True

    def _turn_over(self, head: Head, *, at_once: bool = False) -> None:
        """Begin the journal's other segment.

        1. Show everything: what is flushed must exist.
        2. The files of the turn before must be on the disk, for its segment is needed now.
        3. Flush the files of this turn, beside the writer or at once.
        4. Begin, from here.
        """
        with self._doubting():
            if head.checkpoint:
                self._show(head)  # 1
            self._shelf.wait_for_flush()  # 2
            self._shelf.flush(head)  # 3
            if at_once:
                self._shelf.wait_for_flush()
            self._begin(head, at_once=at_once)  # 4

    def _begin(self, head: Head, *, at_once: bool) -> None:
        flushed = self._shelf.has_flushed()
        base = Record(note=head.note, entries=b"", stamp=head.stamp, base_is_flushed=flushed)
        self._journal.begin(base, with_flush=at_once)

    @contextmanager
    def _doubting(self) -> Iterator[None]:
        """After a failed write nobody knows what is on the disk, until the next call finds out."""
        try:
            yield
        except BaseException:
            self._known_head, self._is_doubtful = None, True
            raise

    def _head_now(self) -> Head:
        """The head, read again if another process has extended the log or a write has failed."""
        head = self._known_head
        if head is None or self._journal.has_moved():
            head = self._known_head = self._recovered()
        return head

    def _finish_what_was_begun(self) -> None:
        try:
            with one_writer(self.folder):
                self._head_now()
        except BusyError:
            return  # whoever is writing has done it
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
            return  # nothing can be finished on a read-only disk; what was shown can be read

    def _recovered(self) -> Head:
        """The head by the journal, with all files as they must be; by the files if there is none.

        1. Read journal and checkpoint. A checkpoint beyond the journal is believed: the log was
           brought here without it.
        2. Repeat the journal's appends, from a base that is on the disk. Flush it: its last writer
           may have ended between writing and flushing.
        3. Write every file that is not as it must be.
        4. After a failed write, write them all, flush, and begin a new turn: what the kernel
           shows of a file need not be what is on the disk.
        """
        segments = self._journal.segments()  # 1
        published = self._published(is_alone=not segments)
        if not segments or (published and published.size > segments[-1].size):
            return self._head_without_journal(published)
        base = self._head_of(self._parsed(segments[0].base))
        found = replay(segments, base, verifier=self.verifier)  # 2
        self._is_flushed = found.head.size == base.size
        self._flush_journal()
        self._shelf.begin(base.size)
        self._shelf.make_good(found.files, all_anew=self._is_doubtful)  # 3
        if found.head.checkpoint not in (None, published):
            self._shelf.show_checkpoint(found.head)
        if self._is_doubtful or len(segments) > 1:
            self._turn_over(found.head, at_once=True)  # 4
        self._is_doubtful = False
        return found.head

    def _head_without_journal(self, published: Checkpoint | None) -> Head:
        self._journal.close()
        head = self._head_of(published)
        self._shelf.begin(head.size)
        self._is_doubtful = False
        return head

    def _published(self, *, is_alone: bool) -> Checkpoint | None:
        """What the checkpoint's file says. A torn one is believed absent if a journal vouches."""
        try:
            return self.checkpoint()
        except DamagedError:
            if is_alone:
                raise
            return None

    def _parsed(self, note: bytes) -> Checkpoint | None:
        return parse(note, self.verifier) if note else None

    def _head_of(self, checkpoint: Checkpoint | None) -> Head:
        if checkpoint is None or checkpoint.size == 0:
            return Head(checkpoint)
        edge = read_edge(self.folder, size=checkpoint.size, root=checkpoint.root)
        return Head(checkpoint, edge, self._read_tail(edge))

    def _read_tail(self, edge: RightEdge) -> list[bytes]:
        number, width = divmod(edge.size, WIDTH)
        if not width:
            return []
        entries = read_bundle(self.folder, number, width=width)
        for at, entry in enumerate(entries):
            if leaf_hash(entry) != edge.rows[0][at]:
                raise entry_disagrees(number * WIDTH + at, bundle_path(number, width=width))
        return encode_entries(entries)

    def _skip_known(
        self, head: Head, entries: Sequence[bytes], *, from_index: int
    ) -> Sequence[bytes]:
        if not 0 <= from_index <= head.size:
            raise DamagedError(
                "log.gap",
                f"The log ends at entry {head.size}; entry {from_index} cannot follow.",
                hint="Give the entries again from where the log ends.",
                size=head.size,
            )
        known = entries[: head.size - from_index]
        if known:
            self._show(head)  # comparing reads the files
            tiles = TileReader(self.folder, size=head.size, root=head.signed.root)
            _compare(known, EntryReader(tiles), from_index=from_index)
        return entries[len(known) :]


def _portions(entries: Sequence[bytes]) -> Iterator[tuple[Sequence[bytes], list[bytes]]]:
    """Plain and encoded, in records of bearable size; one, even if only a signature is wanted."""
    for at in range(0, max(1, len(entries)), MOST):
        some = entries[at : at + MOST]
        encoded = encode_entries(some)
        step = len(some) if sum(map(len, some)) <= PORTION else FEW
        for first in range(0, max(1, len(some)), max(1, step)):
            yield some[first : first + step], encoded[first : first + step]


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
