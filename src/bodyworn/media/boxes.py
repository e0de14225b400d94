"""Boxes of ISO base media files (ISO/IEC 14496-12, section 4.2): where each begins and ends.

Everything here is bounded: no box count, depth or size that a file claims is believed before it
was compared with the bytes that are there. Nonsense is a DamagedError and nothing else.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from bodyworn.core.errors import DamagedError

MOST_BOXES = 400_000  # a day in fragments of half a second has 346,000
MOST_CHILDREN = 10_000
LARGEST_HEAD = 256 << 20  # bytes of one moov or moof that are read into memory
FULL = 4  # bytes of version and flags that begin a full box


@dataclass(frozen=True, slots=True)
class Box:
    """One box: `start` of its header, `body` and `end`, as offsets; `end` may lie past the data."""

    kind: bytes
    start: int
    body: int
    end: int


@contextmanager
def damage_named(what: str) -> Iterator[None]:
    """Turn what parsing nonsense raises (short reads, impossible counts) into DamagedError."""
    try:
        yield
    except (struct.error, ValueError, LookupError, ArithmeticError, MemoryError) as error:
        raise DamagedError(
            "media.bad-box",
            f"The {what} of this MP4 is not as it must be.",
            detail=str(error)[:200],
        ) from None


def top_boxes(stream: BinaryIO, size: int) -> list[Box]:
    """The boxes of a file in order. The last may claim more bytes than there are."""
    found: list[Box] = []
    at = 0
    while at < size and len(found) < MOST_BOXES:
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return [*found, Box(b"cut ", at, at + len(head), at + 8)]
        box = _box(head, at=0, base=at, limit=size)
        found.append(box)
        at = box.end
    return found


def children(data: bytes, parent: Box) -> Iterator[Box]:
    """The boxes inside a box, with offsets into `data`. Raises DamagedError past its end."""
    at, seen = parent.body, 0
    while at + 8 <= parent.end:
        seen += 1
        if seen > MOST_CHILDREN:
            raise DamagedError("media.bad-box", "A box of this MP4 holds too many others.")
        if data[at : at + 4] == b"\0\0\0\0" and parent.kind == b"udta":
            return  # QuickTime ends a udta with four zero bytes
        box = _box(data, at=at, base=0, limit=parent.end)
        if box.end > parent.end:
            raise DamagedError("media.bad-box", "A box of this MP4 is longer than what holds it.")
        yield box
        at = box.end


def find(data: bytes, parent: Box, *path: bytes) -> Box | None:
    """The first box down a path of kinds, or None."""
    box: Box | None = parent
    for kind in path:
        if box is None:
            return None
        box = next((child for child in children(data, box) if child.kind == kind), None)
    return box


def read_box(stream: BinaryIO, box: Box) -> tuple[bytes, Box]:
    """The bytes of a whole box and the same box counted from their start."""
    size = box.end - box.start
    if size > LARGEST_HEAD:
        raise DamagedError("media.bad-box", "A box of this MP4 claims an impossible size.")
    stream.seek(box.start)
    data = stream.read(size)
    if len(data) < size:
        raise DamagedError("media.cut-box", "The file ends inside its index.")
    return data, Box(box.kind, 0, box.body - box.start, size)


def full(data: bytes, box: Box) -> tuple[int, int, int]:
    """Version, flags and where the fields of a full box begin."""
    with damage_named("box " + box.kind.decode("latin-1")):
        (word,) = struct.unpack_from(">I", data, box.body)
    return word >> 24, word & 0xFFFFFF, box.body + FULL


def wrap(kind: bytes, *parts: bytes) -> bytes:
    """A box around its parts."""
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def wrap_full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A full box around its parts."""
    return wrap(kind, struct.pack(">I", version << 24 | flags), *parts)


def _box(data: bytes, *, at: int, base: int, limit: int) -> Box:
    """One header. `base` is what to add to offsets; size 0 means "to the end" (`limit`)."""
    size, kind = struct.unpack_from(">I4s", data, at)
    header = 8
    if size == 1:
        if len(data) < at + 16:
            raise DamagedError("media.bad-box", "The file ends inside a box header.")
        (size,) = struct.unpack_from(">Q", data, at + 8)
        header = 16
    start = base + at
    end = limit if size == 0 else start + size
    if end < start + header or not _is_kind(kind):
        raise DamagedError("media.bad-box", "These bytes are no boxes of an MP4.")
    return Box(kind, start, start + header, end)


def _is_kind(kind: bytes) -> bool:
    """Four printable characters; QuickTime's own begin with a copyright sign."""
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)
