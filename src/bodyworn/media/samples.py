"""Where each sample of an MP4 track lies and when it is decoded and shown.

Read here from the sample tables of a moov (ISO/IEC 14496-12, sections 8.6 and 8.7); what lies in
movie fragments is read in `fragments`.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodyworn.core.errors import DamagedError
from bodyworn.media.boxes import Box, damage_named, find, full
from bodyworn.media.movie import Movie, TrackHead, required

MOST_SAMPLES = 6_000_000  # a day at 60 pictures a second
MOST_ALIKE = 1_000_000  # samples of one size, of which a file can claim any number for nothing

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """All samples of one track in decoding order; times in the track's timescale."""

    offset: Numbers  # byte in the file
    size: Numbers  # bytes
    decode: Numbers  # decoding time
    shift: Numbers  # presentation minus decoding time
    duration: Numbers  # until the next decoding time
    key: NDArray[np.bool_]  # decodable on its own
    description: Numbers  # number of its sample entry, from 1

    def __len__(self) -> int:
        return len(self.offset)

    def only(self, wanted: NDArray[np.bool_]) -> "Samples":
        """Those for which `wanted` is true."""
        columns: Any = {name: getattr(self, name)[wanted] for name in self.__dataclass_fields__}
        return Samples(**columns)

    @property
    def end(self) -> int:
        """One past the last byte that any sample needs."""
        return int((self.offset + self.size).max()) if len(self) else 0


def samples_of(movie: Movie, track: TrackHead) -> Samples:
    """The samples that the moov itself lists for a track."""
    with damage_named("sample table"):
        return _from_tables(movie, track)


def joined(pieces: list[Samples]) -> Samples:
    """One table from several, one behind the other."""
    if sum(len(piece) for piece in pieces) > MOST_SAMPLES:
        raise DamagedError("media.bad-box", "This MP4 claims more pictures than a day has.")
    fields = Samples.__dataclass_fields__
    columns: Any = {
        name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in fields
    }
    return Samples(**columns)


def _from_tables(movie: Movie, track: TrackHead) -> Samples:
    data = movie.data
    stbl = required(data, track.box, b"mdia", b"minf", b"stbl")
    size, count = _sizes(data, stbl)
    if size is None and track.handler == b"soun":
        return _uncompressed(data, stbl)
    size = np.full(count, _one_size(data, stbl, count), np.int64) if size is None else size
    duration = _run_lengths(data, find(data, stbl, b"stts"), count)
    offset, description = _offsets(data, stbl, size)
    return Samples(
        offset=offset,
        size=size,
        decode=np.cumsum(duration) - duration,
        shift=_run_lengths(data, find(data, stbl, b"ctts"), count, signed=True),
        duration=duration,
        key=_keys(data, find(data, stbl, b"stss"), count),
        description=description,
    )


def _uncompressed(data: bytes, stbl: Box) -> Samples:
    """PCM has a "sample" for every 1/48,000 of a second: here a whole chunk counts as one."""
    chunks, per, description = _chunk_rows(data, stbl)
    held = per * _one_size(data, stbl, 0)
    zeros = np.zeros(len(chunks), np.int64)
    return Samples(
        offset=chunks,
        size=held,
        decode=np.cumsum(per) - per,
        shift=zeros,
        duration=per,
        key=np.ones(len(chunks), np.bool_),
        description=description,
    )


def _column(data: bytes, box: Box, kind: str, at: int, count: int) -> Numbers:
    """`count` big-endian numbers from a table that must lie inside its box."""
    width = np.dtype(kind).itemsize
    if count > MOST_SAMPLES or at + count * width > box.end:
        raise DamagedError("media.bad-box", "A table of this MP4 is longer than its box.")
    return np.frombuffer(data, kind, count, at).astype(np.int64)


def _sizes(data: bytes, stbl: Box) -> tuple[Numbers | None, int]:
    """The size of each sample and their number; no sizes where all are alike."""
    box = find(data, stbl, b"stsz")
    if box is None:
        return np.zeros(0, np.int64), 0
    _, _, at = full(data, box)
    same, count = struct.unpack_from(">II", data, at)
    return (_column(data, box, ">u4", at + 8, count) if same == 0 else None), count


def _one_size(data: bytes, stbl: Box, count: int) -> int:
    if count > MOST_ALIKE:
        raise DamagedError("media.bad-box", "This MP4 claims more samples than a camera makes.")
    _, _, at = full(data, required(data, stbl, b"stsz"))
    (same,) = struct.unpack_from(">I", data, at)
    return int(same)


def _run_lengths(data: bytes, box: Box | None, count: int, *, signed: bool = False) -> Numbers:
    """stts or ctts: (how many, value) pairs, spread out to one value a sample."""
    if box is None or count == 0:
        return np.zeros(count, np.int64)
    _, _, at = full(data, box)
    (entries,) = struct.unpack_from(">I", data, at)
    pairs = _column(data, box, ">u4", at + 4, entries * 2).reshape(-1, 2)
    # A run is cut to what the track has, so a claim of 2^32 samples costs nothing.
    ends = np.minimum(np.cumsum(pairs[:, 0]), count)
    values = pairs[:, 1].astype(np.uint32).astype(np.int32 if signed else np.uint32)
    spread = np.repeat(values.astype(np.int64), np.diff(ends, prepend=0))
    return np.pad(spread, (0, count - len(spread)))


def _keys(data: bytes, box: Box | None, count: int) -> NDArray[np.bool_]:
    """Without a list every sample is a key."""
    if box is None:
        return np.ones(count, np.bool_)
    _, _, at = full(data, box)
    (entries,) = struct.unpack_from(">I", data, at)
    numbers = _column(data, box, ">u4", at + 4, entries) - 1
    keys = np.zeros(count, np.bool_)
    keys[numbers[(numbers >= 0) & (numbers < count)]] = True
    return keys


def _offsets(data: bytes, stbl: Box, size: Numbers) -> tuple[Numbers, Numbers]:
    """Byte offset and description number of each sample."""
    count = len(size)
    if count == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    chunks, per, kind = _chunk_rows(data, stbl)
    ends = np.minimum(np.cumsum(np.minimum(per, count)), count)
    if len(ends) == 0 or ends[-1] < count:
        raise DamagedError("media.bad-box", "This MP4 has more samples than chunks hold.")
    held = np.diff(ends, prepend=0)
    before = np.cumsum(size) - size
    base = np.repeat(before[np.minimum(ends - held, count - 1)], held)
    return np.repeat(chunks, held) + before - base, np.repeat(kind, held)


def _chunk_rows(data: bytes, stbl: Box) -> tuple[Numbers, Numbers, Numbers]:
    """Offset, number of samples and description number of each chunk (stco or co64, stsc)."""
    chunks = _chunks(data, stbl)
    box = required(data, stbl, b"stsc")
    _, _, at = full(data, box)
    (entries,) = struct.unpack_from(">I", data, at)
    first, per, kind = _column(data, box, ">u4", at + 4, entries * 3).reshape(-1, 3).T
    repeats = np.diff(np.append(first, len(chunks) + 1))
    if len(chunks) and (entries == 0 or first[0] != 1 or repeats.min() < 0):
        raise DamagedError("media.bad-box", "The chunks of this MP4 are out of order.")
    return chunks, np.repeat(per, repeats), np.repeat(kind, repeats)


def _chunks(data: bytes, stbl: Box) -> Numbers:
    box = find(data, stbl, b"co64")
    kind = ">i8" if box else ">u4"
    box = box or required(data, stbl, b"stco")
    _, _, at = full(data, box)
    (count,) = struct.unpack_from(">I", data, at)
    return _column(data, box, kind, at + 4, count)
