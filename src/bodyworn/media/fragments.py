"""The samples of a camera-fragmented MP4 (ISO/IEC 14496-12, section 8.8).

A camera that may lose power at any moment writes a short moov first and then, for each second or
so, a `moof` that lists the samples of the `mdat` behind it. Reading all of them gives the same
table that an ordinary MP4 has in its moov.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from bodyworn.core.errors import DamagedError
from bodyworn.media.boxes import Box, children, damage_named, find, full, read_box
from bodyworn.media.movie import Movie, required
from bodyworn.media.samples import MOST_ALIKE, MOST_SAMPLES, Numbers, Samples, joined, samples_of

NOT_A_KEY = 0x10000  # sample_is_non_sync_sample
DURATION, SIZE, FLAGS, SHIFT = 0x100, 0x200, 0x400, 0x800  # columns that a trun may have
COLUMNS = (DURATION, SIZE, FLAGS, SHIFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Defaults:
    """What a sample has when its run does not say (trex, then tfhd)."""

    description: int
    duration: int
    size: int
    flags: int


def all_samples(stream: BinaryIO, movie: Movie) -> dict[int, Samples]:
    """The samples of every track, by track number, whether listed in the moov or in moofs.

    A moof that the end of the file cuts is passed over. Raises DamagedError on nonsense.
    """
    parts = {number: [piece] for number, piece in _listed(movie)}
    with damage_named("movie fragment"):
        if movie.is_fragmented:
            _add_fragments(stream, movie, parts)
    return {number: joined(pieces) for number, pieces in parts.items()}


def _listed(movie: Movie) -> Iterator[tuple[int, Samples]]:
    """(track, samples) of each track's own tables; a table of alike samples costs a file nothing,
    so it is the sum over all tracks that must be sane."""
    count = 0
    for track in movie.tracks:
        piece = samples_of(movie, track)
        count += len(piece)
        if count > MOST_SAMPLES:
            raise DamagedError("media.bad-box", "This MP4 claims more than a day's samples.")
        yield track.number, piece


def _add_fragments(stream: BinaryIO, movie: Movie, parts: dict[int, list[Samples]]) -> None:
    defaults = _movie_defaults(movie)
    clock = {number: int(pieces[0].duration.sum()) for number, pieces in parts.items()}
    count = 0
    for box in movie.top:
        if box.kind != b"moof" or box.end > movie.size:
            continue
        data, moof = read_box(stream, box)
        for number, piece in _of_fragment(data, moof, box.start, defaults, clock):
            parts[number].append(piece)
            count += len(piece)
            if count > MOST_SAMPLES:
                raise DamagedError("media.bad-box", "This MP4 claims more than a day's samples.")


def _of_fragment(
    data: bytes, moof: Box, start: int, movie: dict[int, _Defaults], clock: dict[int, int]
) -> Iterator[tuple[int, Samples]]:
    """(track, samples) of each run of one moof; `clock` holds each track's running time."""
    data_end = start
    for traf in (box for box in children(data, moof) if box.kind == b"traf"):
        number, defaults, base = _track_head(data, traf, movie, start, data_end)
        if number not in clock:
            continue
        clock[number] = _decode_time(data, traf, clock[number])
        data_end = base
        for trun in (box for box in children(data, traf) if box.kind == b"trun"):
            piece, data_end = _run(data, trun, defaults, base, data_end)
            yield number, replace(piece, decode=piece.decode + clock[number])
            clock[number] += int(piece.duration.sum())


def _movie_defaults(movie: Movie) -> dict[int, _Defaults]:
    """From each trex of the moov's mvex."""
    mvex = find(movie.data, movie.box, b"mvex")
    found: dict[int, _Defaults] = {}
    for box in children(movie.data, mvex) if mvex else ():
        if box.kind == b"trex":
            _, _, at = full(movie.data, box)
            number, description, duration, size, flags = struct.unpack_from(">5I", movie.data, at)
            found[number] = _Defaults(
                description=description, duration=duration, size=size, flags=flags
            )
    return found


def _track_head(
    data: bytes, traf: Box, movie: dict[int, _Defaults], start: int, data_end: int
) -> tuple[int, _Defaults, int]:
    """Track number, defaults, and the offset from which data offsets count (tfhd, 8.8.7)."""
    _, flags, at = full(data, required(data, traf, b"tfhd"))
    (number,) = struct.unpack_from(">I", data, at)
    at += 4
    # By the standard a traf that states nothing counts from where the one before it ended.
    base = start if flags & 0x20000 else data_end
    if flags & 0x1:
        (base,) = struct.unpack_from(">Q", data, at)
        at += 8
    defaults = movie.get(number) or _Defaults(description=1, duration=0, size=0, flags=0)
    for bit, name in ((0x2, "description"), (0x8, "duration"), (0x10, "size"), (0x20, "flags")):
        if flags & bit:
            (value,) = struct.unpack_from(">I", data, at)
            defaults = replace(defaults, **{name: value})
            at += 4
    return number, defaults, base


def _decode_time(data: bytes, traf: Box, running: int) -> int:
    """What tfdt states, or the time at which the fragment before ended."""
    box = find(data, traf, b"tfdt")
    if box is None:
        return running
    version, _, at = full(data, box)
    (stated,) = struct.unpack_from(">Q" if version else ">I", data, at)
    if stated >= 1 << 62:
        raise DamagedError("media.bad-box", "A fragment of this MP4 claims an impossible time.")
    return int(stated)


def _run(
    data: bytes, trun: Box, defaults: _Defaults, base: int, data_end: int
) -> tuple[Samples, int]:
    """The samples of one trun (8.8.8) with times from zero, and where their data ends."""
    _, flags, at = full(data, trun)
    (count,) = struct.unpack_from(">I", data, at)
    at += 4
    if flags & 0x1:
        (offset,) = struct.unpack_from(">i", data, at)
        data_end = base + offset
        at += 4
    first_flags = None
    if flags & 0x4:
        (first_flags,) = struct.unpack_from(">I", data, at)
        at += 4
    table = _columns(data, trun, at, count, flags)
    duration = table.get(DURATION, np.full(count, defaults.duration, np.int64))
    size = table.get(SIZE, np.full(count, defaults.size, np.int64))
    marks = table.get(FLAGS, np.full(count, defaults.flags, np.int64))
    if first_flags is not None and count:
        marks[0] = first_flags
    # Read as signed whatever the version says: writers of version 0 with B-frames exist.
    shift = table.get(SHIFT, np.zeros(count, np.int64)).astype(np.uint32).astype(np.int32)
    ends = data_end + np.cumsum(size)
    samples = Samples(
        offset=ends - size,
        size=size,
        decode=np.cumsum(duration) - duration,
        shift=shift.astype(np.int64),
        duration=duration,
        key=(marks & NOT_A_KEY) == 0,
        description=np.full(count, defaults.description, np.int64),
    )
    return samples, int(ends[-1]) if count else data_end


def _columns(data: bytes, trun: Box, at: int, count: int, flags: int) -> dict[int, Numbers]:
    """The columns that a run states, each as one number a sample."""
    present = [bit for bit in COLUMNS if flags & bit]
    most = MOST_SAMPLES if present else MOST_ALIKE
    if count > most or at + count * len(present) * 4 > trun.end:
        raise DamagedError("media.bad-box", "A run of this MP4 is longer than its box.")
    rows = np.frombuffer(data, ">u4", count * len(present), at).reshape(count, len(present))
    return {bit: rows[:, n].astype(np.int64) for n, bit in enumerate(present)}
