"""The log's journal: what makes an append durable, in one write and one flush.

Tiles, bundles and the checkpoint are many small files, and flushing each of them is what an
append would cost. So an append first goes here, whole: its entries and the checkpoint signed over
them. Only the journal is flushed; the files follow unflushed and can be made again from it.

Two files take turns. Each begins with a base, a checkpoint, followed by the appends after it.
When one is full, the files that came of it are flushed while the other is being written, and only
then is it used again. A file is written from its start each time, over what it held before, which
spares the file system its own journal. Every record begins on a page of its own, so no page that
holds something acknowledged is written again: a write that the power cuts spoils only itself.

A record that is torn, or left over from an earlier turn, is known by its checksum and by the
number of its turn, and ends the reading. What a record means is `custody.log`'s to know.
"""

import os
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bodyworn.custody.checkpoint import peek
from bodyworn.custody.files import Disk, explained, flush

PAGE = 4_096  # bytes; no power cut tears what lies on another page
ROOM = 8 << 20  # bytes of a segment, unless a single append is larger
STEP = 128 << 10  # bytes by which a segment grows: overwriting costs a third less than growing
NAMES = (".journal.0", ".journal.1")

_MAGIC = b"bwlog\x001\n"
_FRAME = struct.Struct(">8s16sQ32s")  # magic, turn, length of the body, SHA-256 of turn and body
_BODY = struct.Struct(">?qI")  # whether the base is flushed, microseconds, length of the note


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One append; as the first of a segment, the base that the others follow."""

    note: bytes  # the signed checkpoint over everything up to here; empty: no log yet
    entries: bytes  # those that are new under it, as a bundle has them
    stamp: int  # microseconds since 1970, the time of the checkpoint's file
    base_is_flushed: bool = False  # whether all files up to the segment's base are on the disk


@dataclass(frozen=True, slots=True)
class Segment:
    """What one of the two files holds."""

    turn: int  # see `_next`
    records: list[Record]  # the base first
    end: int  # where the next record goes, bytes

    @property
    def base(self) -> bytes:
        """The checkpoint that it starts from; empty for a log not yet begun."""
        return self.records[0].note

    @property
    def size(self) -> int:
        """Entries up to its end."""
        note = self.records[-1].note
        return peek(note).size if note else 0

    @property
    def stands_alone(self) -> bool:
        """Whether the files up to its base are known to be on the disk."""
        return any(record.base_is_flushed for record in self.records)


class Journal:
    """The two segments in a log's folder. Its user holds the folder's lock."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        """Nothing is opened yet."""
        self._paths, self._disk = [f"{folder}/{name}" for name in NAMES], disk
        self._turn, self._at = 0, ROOM

    def segments(self) -> list[Segment]:
        """The segments that count, oldest first; from here on `append` follows the last one.

        The older one is left out where all that came of it is on the disk already.
        """
        found = [segment for path in self._paths if (segment := _read(path))]
        found.sort(key=lambda segment: segment.turn)
        self._turn, self._at = (found[-1].turn, found[-1].end) if found else (0, ROOM)
        if len(found) == 2 and (found[1].stands_alone or _count(found[1]) != _count(found[0]) + 1):
            del found[0]
        return found

    def has_moved(self) -> bool:
        """Whether another process has written here since we last looked."""
        after = _turn_at(self._path(self._turn), at=self._at) if self._turn else 0
        return (
            after == self._turn != 0 or _turn_at(self._path(_next(self._turn)), at=0) > self._turn
        )

    def has_room(self, size: int) -> bool:
        """Whether a record of about so many bytes still fits; False before the first `begin`."""
        return self._at + size < ROOM

    def begin(self, base: Record, *, with_flush: bool = False) -> None:
        """Turn to the other segment. What it held MUST be in files that are flushed.

        The next `append` flushes the base as well, if it is not done here.
        """
        self._turn, self._at = _next(self._turn), 0
        self._put(base, with_flush=with_flush)

    def append(self, record: Record, *, with_flush: bool = True) -> None:
        """Durable once this has returned, or with the next flush. Raises SetupError disk.full.

        After any error the record may be there or not: `begin` a new turn before the next one.
        """
        self._put(record, with_flush=with_flush)

    def flush(self) -> None:
        """Make durable what this or any other process has written here."""
        descriptor = _opened(self._path(self._turn))
        try:
            self._disk.put(descriptor, b"", at=self._at, with_flush=True)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Let nothing follow what is there: the next record wants `begin` first."""
        self._at = max(self._at, ROOM)

    def _put(self, record: Record, *, with_flush: bool) -> None:
        framed = _framed(record, turn=self._turn)
        descriptor = _opened(self._path(self._turn))
        try:
            with explained():
                _grow(descriptor, self._at + len(framed))
                self._disk.put(descriptor, framed, at=self._at, with_flush=with_flush)
        finally:
            os.close(descriptor)
        self._at += len(framed)

    def _path(self, turn: int) -> str:
        return self._paths[(turn >> 64) % 2]


def _next(turn: int) -> int:
    """A count and 64 random bits: what a lost segment left behind is no record of the new one."""
    return ((turn >> 64) + 1 << 64) | secrets.randbits(64)


def _count(segment: Segment) -> int:
    return segment.turn >> 64


def _turn_at(path: str, *, at: int) -> int:
    """The turn of the record that begins at this place; 0 where none does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        start = os.pread(descriptor, _FRAME.size, at)
    finally:
        os.close(descriptor)
    if len(start) < _FRAME.size or not start.startswith(_MAGIC):
        return 0
    return int.from_bytes(_FRAME.unpack(start)[1], "big")


def _opened(path: str) -> int:
    how = os.O_RDWR | os.O_CLOEXEC
    try:
        return os.open(path, how)
    except FileNotFoundError:
        descriptor = os.open(path, how | os.O_CREAT, 0o600)
        flush(Path(path).parent)
        return descriptor


def _grow(descriptor: int, needed: int) -> None:
    """Write zeros ahead, so that flushing a record has no new length to note down."""
    size = os.fstat(descriptor).st_size
    if size < needed:
        os.pwrite(descriptor, bytes(-(-needed // STEP) * STEP - size), size)


def _framed(record: Record, *, turn: int) -> bytes:
    head = _BODY.pack(record.base_is_flushed, record.stamp, len(record.note))
    body = b"".join((head, record.note, record.entries))
    named = turn.to_bytes(16, "big")
    frame = _FRAME.pack(_MAGIC, named, len(body), _checksum(named, body))
    return b"".join((frame, body, bytes(-(len(frame) + len(body)) % PAGE)))


def _checksum(turn: bytes, body: bytes) -> bytes:
    hashed = sha256(turn)
    hashed.update(body)
    return hashed.digest()


def _read(path: str) -> Segment | None:
    """The records of one file, up to the first that is torn or of another turn."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return None
    found = list(_records(data))
    if not found:
        return None
    return Segment(found[0][0], [record for _, record, _ in found], found[-1][2])


def _records(data: bytes) -> Iterator[tuple[int, Record, int]]:
    """Turn, record and where it ends."""
    at, current = 0, b""
    while at + _FRAME.size <= len(data):
        magic, turn, length, checksum = _FRAME.unpack_from(data, at)
        body = data[at + _FRAME.size : at + _FRAME.size + length]
        if magic != _MAGIC or turn != (current or turn) or _checksum(turn, body) != checksum:
            return
        at += -(-(_FRAME.size + length) // PAGE) * PAGE
        yield int.from_bytes(turn, "big"), _record(body), at
        current = turn


def _record(body: bytes) -> Record:
    is_flushed, stamp, length = _BODY.unpack_from(body)
    end = _BODY.size + length
    return Record(
        note=body[_BODY.size : end], entries=body[end:], stamp=stamp, base_is_flushed=is_flushed
    )
