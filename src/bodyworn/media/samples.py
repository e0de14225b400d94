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

MOST_SAMPLES = 20_000_000  # a day at 200 pictures a second

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
    size = _sizes(data, stbl)
    count = len(size)
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


def _column(data: bytes, box: Box, kind: str, at: int, count: int) -> Numbers:
    """`count` big-endian numbers from a table that must lie inside its box."""
    width = np.dtype(kind).itemsize
    if count > MOST_SAMPLES or at + count * width > box.end:
        raise DamagedError("media.bad-box", "A table of this MP4 is longer than its box.")
    return np.frombuffer(data, kind, count, at).astype(np.int64)


def _sizes(data: bytes, stbl: Box) -> Numbers:
    box = find(data, stbl, b"stsz")
    if box is None:
        return np.zeros(0, np.int64)
    _, _, at = full(data, box)
    same, count = struct.unpack_from(">II", data, at)
    if same == 0:
        return _column(data, box, ">u4", at + 8, count)
    if count > MOST_SAMPLES:
        raise DamagedError("media.bad-box", "This MP4 claims more samples than a day has.")
    return np.full(count, same, np.int64)


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
    """Byte offsets and description numbers from chunks (stco or co64) and stsc."""
    count = len(size)
    if count == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    chunks = _chunks(data, stbl)
    box = required(data, stbl, b"stsc")
    _, _, at = full(data, box)
    (entries,) = struct.unpack_from(">I", data, at)
    first, per, kind = _column(data, box, ">u4", at + 4, entries * 3).reshape(-1, 3).T
    repeats = np.diff(np.append(first, len(chunks) + 1))
    if first[0] != 1 or repeats.min() < 0:
        raise DamagedError("media.bad-box", "The chunks of this MP4 are out of order.")
    in_chunk = np.minimum(np.repeat(per, repeats), count)
    ends = np.minimum(np.cumsum(in_chunk), count)
    if ends[-1] < count:
        raise DamagedError("media.bad-box", "This MP4 has more samples than chunks hold.")
    held = np.diff(ends, prepend=0)
    before = np.cumsum(size) - size
    base = np.repeat(before[np.minimum(ends - held, count - 1)], held)
    return np.repeat(chunks, held) + before - base, np.repeat(np.repeat(kind, repeats), held)


def _chunks(data: bytes, stbl: Box) -> Numbers:
    box = find(data, stbl, b"co64")
    kind = ">i8" if box else ">u4"
    box = box or required(data, stbl, b"stco")
    _, _, at = full(data, box)
    (count,) = struct.unpack_from(">I", data, at)
    return _column(data, box, kind, at + 4, count)
