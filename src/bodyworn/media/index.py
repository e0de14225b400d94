"""An index for camera-fragmented MP4, so that a browser need not read all of it before it starts.

`index_head` makes the beginning of a file whose end is the master itself: `ftyp`, a `moov` with
complete sample tables, and the header of one `mdat` whose body is every byte of the master.
Head and master, one behind the other, are an ordinary MP4 (ISO/IEC 14496-12); the sample tables
point into the master, and not a byte of it is written twice. Serving both as one is the door's
part.
"""

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bodyworn.core.errors import DamagedError
from bodyworn.media.boxes import Box, children, damage_named, wrap, wrap_full
from bodyworn.media.fragments import all_samples
from bodyworn.media.movie import Movie, TrackHead, read_movie, required
from bodyworn.media.opening import Source, size_of, stream_of
from bodyworn.media.samples import Numbers, Samples
from bodyworn.media.timing import Timing, timing_of

BRANDS = b"isom\0\0\2\0isomiso2mp41"
MDAT_HEADER = 16  # bytes, with a 64-bit size
FINEST = 1 << 31  # ticks a second that a movie clock may have
IDENTITY_EDIT = 1 << 16  # media_rate 1.0


def index_head(source: Source) -> bytes | None:
    """The head for a fragmented MP4; None where the file needs none.

    Raises DamagedError where the fragments are beyond reading.
    """
    with stream_of(source) as stream:
        size = size_of(stream)
        movie = read_movie(stream, size)
        if movie is None or not movie.is_fragmented:
            return None
        samples = {
            number: _present(found, size) for number, found in all_samples(stream, movie).items()
        }
    with damage_named("index"):
        return _head(movie, samples)


def _present(samples: Samples, size: int) -> Samples:
    """Without those that the end of the file cuts off."""
    here = samples.offset + samples.size <= size
    return samples if here.all() else samples.only(here)


def _head(movie: Movie, samples: dict[int, Samples]) -> bytes:
    tracks = [
        _Track(head, found, timing_of(movie, head, found))
        for head in movie.tracks
        if len(found := samples[head.number])
    ]
    if not tracks:
        raise DamagedError("media.no-samples", "This MP4 has fragments, but no picture in them.")
    ftyp = wrap(b"ftyp", BRANDS)
    mdat = struct.pack(">I4sQ", 1, b"mdat", MDAT_HEADER + movie.size)
    # The length of the moov does not depend on the offsets in it, so a first one tells it.
    before = len(ftyp) + len(_moov(movie, tracks, moved_by=0)) + len(mdat)
    return ftyp + _moov(movie, tracks, moved_by=before) + mdat


@dataclass(frozen=True, slots=True)
class _Track:
    """What the head needs of one track."""

    head: TrackHead
    samples: Samples
    timing: Timing


def _moov(movie: Movie, tracks: list[_Track], *, moved_by: int) -> bytes:
    clock = _common_clock(tracks)
    longest = max(_shown(track, clock) for track in tracks)
    parts = [_movie_header(movie, clock, longest)]
    parts += [_trak(movie.data, track, clock, moved_by) for track in tracks]
    parts += [
        movie.data[box.start : box.end]
        for box in children(movie.data, movie.box)
        if box.kind in (b"udta", b"meta")
    ]
    return wrap(b"moov", *parts)


def _common_clock(tracks: list[_Track]) -> int:
    """One that every track's times fit without rounding, if it is not absurdly fine."""
    common = math.lcm(*(track.head.timescale for track in tracks))
    return common if common < FINEST else max(track.head.timescale for track in tracks)


def _in(clock: int, ticks: int, timescale: int) -> int:
    return ticks * clock // timescale


def _shown(track: _Track, clock: int) -> int:
    """How long the track is with the pause before it, in the movie's clock."""
    timing = track.timing
    return _in(clock, timing.pause + timing.length, track.head.timescale)


def _movie_header(movie: Movie, clock: int, duration: int) -> bytes:
    """The movie's own mvhd, in its 64-bit form, with another clock and length."""
    box = required(movie.data, movie.box, b"mvhd")
    created, modified, _, at = _dates(movie.data, box, skip=8)
    fields = struct.pack(">QQIQ", created, modified, clock, duration)
    return wrap_full(b"mvhd", fields, movie.data[at : box.end], version=1)


def _dates(data: bytes, box: Box, *, skip: int) -> tuple[int, int, int, int]:
    """Both dates of a header box, the number behind them, and where its 32/64-bit part ends.

    `skip` is what lies between the dates and the end of the duration in the 32-bit form.
    """
    wide = data[box.body] == 1
    at = box.body + 4
    created, modified, number = struct.unpack_from(">QQI" if wide else ">III", data, at)
    return created, modified, number, at + (16 + skip + 4 if wide else 8 + skip)


def _trak(data: bytes, track: _Track, clock: int, moved_by: int) -> bytes:
    parts = [_track_header(data, track, clock), _edits(track, clock)]
    for box in children(data, track.head.box):
        if box.kind == b"mdia":
            parts.append(_media(data, box, track, moved_by))
        elif box.kind not in (b"tkhd", b"edts"):
            parts.append(data[box.start : box.end])
    return wrap(b"trak", *parts)


def _track_header(data: bytes, track: _Track, clock: int) -> bytes:
    box = required(data, track.head.box, b"tkhd")
    created, modified, number, at = _dates(data, box, skip=12)
    fields = struct.pack(">QQI4xQ", created, modified, number, _shown(track, clock))
    flags = int.from_bytes(data[box.body + 1 : box.body + 4], "big")
    return wrap_full(b"tkhd", fields, data[at : box.end], version=1, flags=flags)


def _edits(track: _Track, clock: int) -> bytes:
    """What the master's edit list says, for times that count from the first sample."""
    timing, timescale = track.timing, track.head.timescale
    entries = []
    if timing.pause:
        entries.append((_in(clock, timing.pause, timescale), -1))
    entries.append((_in(clock, timing.length, timescale), timing.shown_from))
    body = b"".join(struct.pack(">QqI", *entry, IDENTITY_EDIT) for entry in entries)
    return wrap(b"edts", wrap_full(b"elst", struct.pack(">I", len(entries)), body, version=1))


def _media(data: bytes, mdia: Box, track: _Track, moved_by: int) -> bytes:
    parts = []
    for box in children(data, mdia):
        if box.kind == b"mdhd":
            parts.append(_media_header(data, box, track))
        elif box.kind == b"minf":
            parts.append(_media_information(data, box, track, moved_by))
        else:
            parts.append(data[box.start : box.end])
    return wrap(b"mdia", *parts)


def _media_header(data: bytes, box: Box, track: _Track) -> bytes:
    created, modified, timescale, at = _dates(data, box, skip=8)
    fields = struct.pack(">QQIQ", created, modified, timescale, track.timing.length)
    return wrap_full(b"mdhd", fields, data[at : box.end], version=1)


def _media_information(data: bytes, minf: Box, track: _Track, moved_by: int) -> bytes:
    parts = []
    for box in children(data, minf):
        if box.kind == b"stbl":
            parts.append(_table(data, box, track, moved_by))
        else:
            parts.append(data[box.start : box.end])
    return wrap(b"minf", *parts)


def _table(data: bytes, stbl: Box, track: _Track, moved_by: int) -> bytes:
    """The stbl: the master's own sample descriptions, every other box from the samples."""
    stsd = required(data, stbl, b"stsd")
    samples, timing = track.samples, track.timing
    first = _chunk_starts(samples)
    parts = [
        data[stsd.start : stsd.end],
        _pairs(b"stts", timing.duration, kind=">u4"),
        _sizes(samples),
        _samples_to_chunks(samples, first),
        _numbers(b"co64", samples.offset[first] + moved_by, kind=">u8"),
    ]
    if timing.shift.any():
        parts.append(_pairs(b"ctts", timing.shift, kind=">u4"))
    if not timing.key.all():
        parts.append(_numbers(b"stss", np.flatnonzero(timing.key) + 1, kind=">u4"))
    return wrap(b"stbl", *parts)


def _chunk_starts(samples: Samples) -> NDArray[np.intp]:
    """The numbers of samples that do not follow the one before them directly."""
    ends = samples.offset + samples.size
    apart = samples.offset[1:] != ends[:-1]
    other = samples.description[1:] != samples.description[:-1]
    return np.flatnonzero(np.append(True, apart | other))


def _numbers(kind_of_box: bytes, values: Numbers, *, kind: str) -> bytes:
    return wrap_full(kind_of_box, struct.pack(">I", len(values)), values.astype(kind).tobytes())


def _sizes(samples: Samples) -> bytes:
    head = struct.pack(">II", 0, len(samples))
    return wrap_full(b"stsz", head, samples.size.astype(">u4").tobytes())


def _pairs(kind_of_box: bytes, values: Numbers, *, kind: str) -> bytes:
    """Run lengths: (how many, value) for each stretch of equal values."""
    first = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    rows = np.stack([np.diff(np.append(first, len(values))), values[first]], axis=1)
    return wrap_full(kind_of_box, struct.pack(">I", len(rows)), rows.astype(kind).tobytes())


def _samples_to_chunks(samples: Samples, first: NDArray[np.intp]) -> bytes:
    per = np.diff(np.append(first, len(samples)))
    rows = np.stack([np.arange(len(first)) + 1, per, samples.description[first]], axis=1)
    new = np.append(True, (rows[1:, 1:] != rows[:-1, 1:]).any(axis=1))
    kept = rows[new]
    return wrap_full(b"stsc", struct.pack(">I", len(kept)), kept.astype(">u4").tobytes())
