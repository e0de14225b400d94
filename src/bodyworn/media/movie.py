"""What an MP4's `moov` says about the movie and its tracks (ISO/IEC 14496-12, section 8).

Sample tables are read in `samples`; positions in `places`.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from bodyworn.core.errors import DamagedError
from bodyworn.media.boxes import Box, children, damage_named, find, full, read_box, top_boxes

MOST_TRACKS = 64
MOST_EDITS = 10_000


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of an edit list."""

    duration: int  # in the movie's timescale; 0 means "the rest"
    media_time: int  # in the track's timescale; -1 shows nothing for the duration


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackHead:
    """One track's description, without its samples."""

    number: int  # track_ID
    box: Box  # the whole trak, offsets into the moov's bytes
    timescale: int  # ticks a second
    handler: bytes  # `vide`, `soun`, `meta`
    coding: bytes  # FourCC of the first sample entry, `avc1`, `gpmd`
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Movie:
    """A moov: its bytes, its tracks and where it stands in the file."""

    data: bytes  # the moov box
    box: Box  # the same, offsets into data
    top: tuple[Box, ...]  # every box of the file
    size: int  # bytes of the file
    timescale: int  # of the movie
    tracks: tuple[TrackHead, ...]

    @property
    def is_fragmented(self) -> bool:
        """Whether samples lie in moof boxes."""
        return any(box.kind == b"moof" for box in self.top)

    @property
    def is_cut(self) -> bool:
        """Whether the last box claims more bytes than the file has."""
        return self.top[-1].end > self.size


def read_movie(stream: BinaryIO, size: int) -> Movie | None:
    """The movie of an MP4 or MOV; None where there is no moov. Raises DamagedError on nonsense."""
    top = top_boxes(stream, size)
    box = next((box for box in top if box.kind == b"moov"), None)
    if box is None:
        return None
    data, inside = read_box(stream, box)
    with damage_named("movie header"):
        return Movie(
            data=data,
            box=inside,
            top=tuple(top),
            size=size,
            timescale=_timescale(data, required(data, inside, b"mvhd")),
            tracks=_tracks(data, inside),
        )


def required(data: bytes, parent: Box, *path: bytes) -> Box:
    """The first box down a path. Raises DamagedError where it is missing."""
    box = find(data, parent, *path)
    if box is None:
        name = path[-1].decode("latin-1")
        raise DamagedError("media.bad-box", f"This MP4 lacks its {name} box.")
    return box


def _tracks(data: bytes, moov: Box) -> tuple[TrackHead, ...]:
    traks = [box for box in children(data, moov) if box.kind == b"trak"]
    if len(traks) > MOST_TRACKS:
        raise DamagedError("media.bad-box", "This MP4 claims more tracks than a camera has.")
    return tuple(_track(data, trak) for trak in traks)


def _track(data: bytes, trak: Box) -> TrackHead:
    version, _, at = full(data, required(data, trak, b"tkhd"))
    (number,) = struct.unpack_from(">I", data, at + (16 if version else 8))
    handler = required(data, trak, b"mdia", b"hdlr").body
    entries = required(data, trak, b"mdia", b"minf", b"stbl", b"stsd").body
    return TrackHead(
        number=number,
        box=trak,
        timescale=_timescale(data, required(data, trak, b"mdia", b"mdhd")),
        handler=data[handler + 8 : handler + 12],
        coding=data[entries + 12 : entries + 16],
        edits=_edits(data, trak),
    )


def _timescale(data: bytes, box: Box) -> int:
    """Of an mvhd or mdhd: both keep it behind their two dates."""
    version, _, at = full(data, box)
    (timescale,) = struct.unpack_from(">I", data, at + (16 if version else 8))
    if timescale == 0:
        raise DamagedError("media.bad-box", "This MP4 has a clock that stands still.")
    return int(timescale)


def _edits(data: bytes, trak: Box) -> tuple[Edit, ...]:
    box = find(data, trak, b"edts", b"elst")
    if box is None:
        return ()
    version, _, at = full(data, box)
    (count,) = struct.unpack_from(">I", data, at)
    form, step = (">qq4x", 20) if version else (">Ii4x", 12)
    if count > MOST_EDITS or at + 4 + count * step > box.end:
        raise DamagedError("media.bad-box", "This MP4 has an edit list longer than its box.")
    entries = (struct.unpack_from(form, data, at + 4 + n * step) for n in range(count))
    return tuple(Edit(duration, media_time) for duration, media_time in entries)
