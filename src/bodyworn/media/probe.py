"""The verdict on a file that arrived, with what the file says of itself. No picture is decoded.

`probe` never raises on bad bytes: whatever arrived is kept, so whatever arrived gets a verdict.
Time and memory are bounded however large or hostile the file is.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO

from av.container import InputContainer
from av.video.stream import VideoStream

from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import Condition
from bodyworn.core.types import Place, Probe, Track
from bodyworn.media import facts
from bodyworn.media.ends import cut_avi, cut_matroska, cut_movie, cut_transport_stream
from bodyworn.media.fragments import all_samples
from bodyworn.media.movie import Movie, read_movie
from bodyworn.media.opening import (
    EBML,
    FAILURES,
    Source,
    is_mp4,
    opened,
    pictures_of,
    size_of,
    sound_of,
    stream_of,
)
from bodyworn.media.places import place_in_text, places_in_gpmf
from bodyworn.media.samples import Samples
from bodyworn.media.timing import seeks_exactly

# What one of our readers may raise on bytes that nobody has thought of. Each is a fault of ours,
# and none may keep a recording from being recorded.
STUMBLES = (ArithmeticError, LookupError, MemoryError, TypeError, ValueError)
BUDGET = 64 << 20  # bytes that FFmpeg may read before it must have understood the file

ENDINGS = {
    "mp4": (".mp4", ".m4v", ".m4a", ".mov", ".3gp", ".mpt", ".insv", ".qt"),
    "matroska": (".mkv", ".webm", ".mka"),
    "avi": (".avi",),
    "mpegts": (".ts", ".mts", ".m2ts"),
}
CUTS = {"matroska": cut_matroska, "avi": cut_avi, "mpegts": cut_transport_stream}

EMPTY = "The file is empty: nothing was recorded, or nothing arrived."
FOREIGN = "These bytes are no video that any of our readers knows."
NO_INDEX = (
    "The file ends before its index (moov); a camera that lost power leaves such files. "
    "Its maker may have a tool that rebuilds it."
)
STUMBLED = "Our readers failed on these bytes; they are kept as they arrived."
BEGINNING_ONLY = "The beginning looks like video, but nothing in it can be read."
HOLLOW = "There is a video track, but not one picture in it."
SOUND_ONLY = "There is sound, but no pictures."
NO_TRACK = "The container opens, but there is neither a picture nor sound in it."
GOOD = "The file opens, and its pictures and sound are complete."
WRONG_ENDING = "Its name ends in {ending}, but the bytes are {container}; that does not matter."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What the boxes of the file say, before FFmpeg looks at it."""

    stream: BinaryIO
    size: int
    movie: Movie | None = None  # of an MP4
    tables: Mapping[int, Samples] = field(default_factory=dict)  # by track number
    fault: str | None = None  # what is wrong with the boxes, as a sentence


def probe(source: Source, *, name: str) -> Probe:
    """The verdict on one file. `name` is what the sender called it; nothing depends on it."""
    with stream_of(source) as stream:
        size = size_of(stream)
        if size == 0:
            return Probe(condition=Condition.NOT_VIDEO, reason=EMPTY)
        try:
            found = _judged(_boxes(stream, size))
        except STUMBLES:
            _log.exception("A file of %d bytes made the probe stumble", size)
            return Probe(condition=Condition.UNREADABLE, reason=STUMBLED)
    note = _ending_note(found.container, name)
    return replace(found, reason=f"{found.reason} {note}") if note else found


def _boxes(stream: BinaryIO, size: int) -> _File:
    """The structure of an MP4; nothing for other containers."""
    if not is_mp4(stream):
        return _File(stream=stream, size=size)
    try:
        movie = read_movie(stream, size)
        tables = all_samples(stream, movie) if movie else {}
    except DamagedError as error:
        return _File(stream=stream, size=size, fault=error.message)
    return _File(stream=stream, size=size, movie=movie, tables=tables)


def _judged(file: _File) -> Probe:
    """By what FFmpeg and the boxes say; if FFmpeg can say nothing, by the first bytes."""
    try:
        with opened(file.stream, budget=BUDGET) as container:
            return _described(container, file)
    except DamagedError:
        return _unopened(file)


def _unopened(file: _File) -> Probe:
    """No reader could open it: does it at least begin like video?"""
    if is_mp4(file.stream):
        return Probe(condition=Condition.UNREADABLE, reason=NO_INDEX, container="mp4")
    file.stream.seek(0)
    head = file.stream.read(4)
    for mark, container in ((EBML, "matroska"), (b"RIFF", "avi")):
        if head.startswith(mark):
            return Probe(condition=Condition.UNREADABLE, reason=BEGINNING_ONLY, container=container)
    return Probe(condition=Condition.NOT_VIDEO, reason=FOREIGN)


def _described(container: InputContainer, file: _File) -> Probe:
    """Everything at once. Facts come before the verdict, because the verdict reads packets."""
    family = facts.family_of(container)
    at = facts.started_at(container)
    plays = facts.plays_in_browsers(container, file.stream) and _can_be_sought(file)
    described = Probe(
        condition=Condition.UNREADABLE,
        reason=NO_TRACK,
        container=family,
        duration_ms=facts.duration_ms(container),
        started_at=at,
        tracks=_tracks(container, file),
        is_fragmented=file.movie is not None and file.movie.is_fragmented,
        pre_event_ms=facts.pre_event_ms(container),
        places=_places(container, file, at),
        maker=facts.maker_of(container),
        extra=facts.texts_of(container),
    )
    condition, reason = _verdict(container, file, family)
    watchable = condition in (Condition.PLAYABLE, Condition.DAMAGED)
    return replace(
        described, condition=condition, reason=reason, plays_in_browsers=plays and watchable
    )


def _verdict(container: InputContainer, file: _File, family: str) -> tuple[Condition, str]:
    pictures = pictures_of(container)
    if pictures is None:
        return Condition.NOT_VIDEO, SOUND_ONLY if sound_of(container) else NO_TRACK
    fault = file.fault or _cut(file, family)
    if not _has_picture(container, pictures):
        return Condition.UNREADABLE, f"{HOLLOW} {fault or ''}".strip()
    return (Condition.DAMAGED, fault) if fault else (Condition.PLAYABLE, GOOD)


def _cut(file: _File, family: str) -> str | None:
    if file.movie is not None:
        return cut_movie(file.movie, file.tables)
    return CUTS[family](file.stream, file.size) if family in CUTS else None


def _has_picture(container: InputContainer, pictures: VideoStream) -> bool:
    """Whether one packet of the track can be read. Reading is what proves it; counts may lie."""
    try:
        return any(packet.size for packet in container.demux(pictures))
    except FAILURES:
        return False


def _can_be_sought(file: _File) -> bool:
    """Whether a browser finds each picture. A fragmented file gets an index that sees to it."""
    if file.movie is None or file.movie.is_fragmented:
        return True
    tables = [file.tables[head.number] for head in file.movie.tracks if head.handler == b"vide"]
    return not tables or seeks_exactly(tables[0])


def _tracks(container: InputContainer, file: _File) -> tuple[Track, ...]:
    """In file order. FFmpeg does not count the samples of fragments; the tables do."""
    tracks = tuple(facts.track_of(stream) for stream in container.streams)
    if file.movie is None or len(tracks) != len(file.movie.tracks):
        return tracks
    counts = (len(file.tables[head.number]) for head in file.movie.tracks)
    return tuple(
        replace(t, frames=t.frames or n or None) for t, n in zip(tracks, counts, strict=True)
    )


def _places(container: InputContainer, file: _File, at: datetime | None) -> tuple[Place, ...]:
    """The fixes of a position track, or else the one position in the metadata."""
    try:
        found = places_in_gpmf(file.stream, file.movie, file.tables) if file.movie else ()
    except DamagedError:
        found = ()  # a broken position track is no reason to doubt the pictures
    place = place_in_text(container.metadata, at)
    return found or ((place,) if place else ())


def _ending_note(container: str | None, name: str) -> str | None:
    """A name's ending may be wrong; nothing follows from it, but a person should know."""
    ending = PurePath(name).suffix.lower()
    known = [each for endings in ENDINGS.values() for each in endings]
    if container not in ENDINGS or ending not in known or ending in ENDINGS[container]:
        return None
    return WRONG_ENDING.format(ending=ending, container=container)
