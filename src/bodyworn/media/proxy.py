"""A copy that every browser plays, made only where the original does not.

Frame n of the proxy is frame n of the original and is shown at the same time, so the original's
frame times serve both. Where only the container or the order of decoding is in the way, the
coded pictures are copied as they are; else they are encoded as H.264.
"""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av import VideoFrame
from av.container import InputContainer, OutputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from bodyworn.core.errors import DamagedError
from bodyworn.core.tasks import Progress, silent
from bodyworn.media.facts import codec_of, is_plain_h264
from bodyworn.media.frames import frame_times, origin, time_of
from bodyworn.media.lanes import (
    CopiedPictures,
    CopiedSound,
    EncodedPictures,
    EncodedSound,
    Lane,
    Order,
)
from bodyworn.media.opening import FAILURES, Source, only, pictures_of, sound_of
from bodyworn.media.served import opened_as_served
from bodyworn.media.timing import closed_keys, shown_for

COPIED_SOUND = ("aac", "mp3")
NO_PICTURE = "Not one picture of this file can be read."
CLOSE_S = 1e-5  # seconds; the writer's clock is finer
PROGRESS_EVERY = 64  # packets
LEAST_CLOCK = 10_000  # FFmpeg doubles a coarser track clock until it is as fine as this


def make_proxy(
    source: Source, target: Path, *, encoder: str = "libx264", progress: Progress = silent
) -> dict[str, Any]:
    """Write an MP4 to `target`; the recipe says how, and what of a damaged original was lost.

    `frames` were written, `frames_lost` could not be read. Raises DamagedError where there is
    not one picture, SetupError where the encoder is not at hand.
    """
    order, first = _looked_through(source)
    if order:
        recipe = _written(source, target, order, first, encoder, progress)
        if _times_are_kept(order, target):
            return recipe
    return _written(source, target, None, first, encoder, progress)


def _written(
    source: Source,
    target: Path,
    order: Order | None,
    first: VideoFrame,
    encoder: str,
    progress: Progress,
) -> dict[str, Any]:
    """Copied by an order, or encoded without one. Leaves no file where nothing can be read."""
    with opened_as_served(source, thorough=True) as container:
        pictures = _pictures(container)
        with _output(target, pictures) as out:
            lanes = _lanes(container, out, order, first, encoder)
            ended_early = _run(container, lanes, progress)
        expected = _expected(pictures, lanes[0])
    if lanes[0].written == 0:
        with suppress(PermissionError):  # a file without a name is gone when it is closed
            target.unlink()
        raise DamagedError("media.no-pictures", NO_PICTURE)
    return _recipe(lanes, encoder, expected=expected, ended_early=ended_early)


def _times_are_kept(order: Order, target: Path) -> bool:
    """Read back, because FFmpeg's MP4 writer loses a late start before which it has to decode."""
    found = frame_times(target)
    meant = np.sort(order.shown) * float(order.base)
    return found.count == len(meant) and bool(
        np.allclose(np.array(found.times) / found.timescale, meant, rtol=0, atol=CLOSE_S)
    )


def _pictures(container: InputContainer) -> VideoStream:
    pictures = pictures_of(container)
    if pictures is None:
        raise DamagedError("media.no-pictures", "There is no video track in this file.")
    return pictures


# ── the first look: may the pictures be copied? ────────────────────────────────────────────────


def _looked_through(source: Source) -> tuple[Order | None, VideoFrame]:
    """Times for copying, or None where the pictures must be encoded; and the first picture."""
    with opened_as_served(source, thorough=True) as container:
        pictures = _pictures(container)
        order = _order(container, pictures) if is_plain_h264(pictures) else None
    with opened_as_served(source, thorough=True) as container:
        return order, _first_picture(container)


def _first_picture(container: InputContainer) -> VideoFrame:
    """Tells the size and which side is up. Raises DamagedError where none can be decoded."""
    pictures = _pictures(container)
    only(container, pictures)
    with suppress(*FAILURES):
        for packet in container.demux(pictures):
            with suppress(*FAILURES):
                for frame in packet.decode():
                    return frame
    raise DamagedError("media.no-pictures", NO_PICTURE)


def _order(container: InputContainer, pictures: VideoStream) -> Order | None:
    """Decoding times chosen as for an index (see `timing`). None where packets are in doubt."""
    try:
        rows = _packet_rows(container, pictures)
    except (*FAILURES, DamagedError):
        return None
    if not rows or any(in_doubt for *_, in_doubt in rows):
        return None
    base = pictures.time_base or Fraction(1)
    shown = np.array([at for at, *_ in rows], np.int64) - round(origin(container) / base)
    duration = shown_for(shown, max(rows[-1][1], 1))
    key = closed_keys(shown, np.array([is_key for _, _, is_key, _ in rows]))
    if duration.min() <= 0 or not key[0]:
        return None
    decode = shown.min() + np.cumsum(duration) - duration
    decode += (shown - decode).min()
    return Order(base=base, shown=shown, decode=decode, duration=duration, key=key)


def _packet_rows(
    container: InputContainer, pictures: VideoStream
) -> list[tuple[int, int, bool, bool]]:
    """(time, duration, key, in doubt) of each packet; the packets themselves are let go."""
    only(container, pictures)
    return [
        (
            time_of(packet),
            packet.duration or 0,
            packet.is_keyframe,
            packet.is_corrupt or packet.is_discard,
        )
        for packet in container.demux(pictures)
        if packet.size
    ]


# ── writing ────────────────────────────────────────────────────────────────────────────────────


def _output(target: Path, pictures: VideoStream) -> OutputContainer:
    """An MP4 whose own clock is that of its pictures, so that a late first one stays exact."""
    clock = (pictures.time_base or Fraction(1, 1000)).denominator
    while clock < LEAST_CLOCK:
        clock *= 2
    options = {
        "movflags": "+faststart",
        "fflags": "+bitexact",
        "movie_timescale": str(clock),
    }
    return av.open(str(target), "w", format="mp4", options=options)


def _lanes(
    container: InputContainer,
    out: OutputContainer,
    order: Order | None,
    first: VideoFrame,
    encoder: str,
) -> list[Lane]:
    """Pictures first, then sound if there is any."""
    pictures, sound, zero = _pictures(container), sound_of(container), origin(container)
    lanes: list[Lane] = []
    if order:
        lanes.append(CopiedPictures(out, pictures, order))
    else:
        lanes.append(EncodedPictures(out, pictures, zero=zero, encoder=encoder, first=first))
    if sound is not None and codec_of(sound) in COPIED_SOUND:
        lanes.append(CopiedSound(out, sound, zero))
    elif sound is not None and sound.codec_context is not None:
        lanes.append(EncodedSound(out, sound, zero))
    return lanes


def _run(container: InputContainer, lanes: list[Lane], progress: Progress) -> bool:
    """Whether the original ended before its end."""
    by_index = {lane.stream.index: lane for lane in lanes}
    for stream in container.streams:
        stream.discard = Discard.default if stream.index in by_index else Discard.all
    ended_early = False
    try:
        for number, packet in enumerate(container.demux([lane.stream for lane in lanes])):
            by_index[packet.stream_index].take(packet)
            if number % PROGRESS_EVERY == 0:
                progress(lanes[0].written, max(lanes[0].stream.frames, lanes[0].seen), "proxy")
    except FAILURES:
        ended_early = True
    for lane in lanes:
        lane.finish()
    return ended_early


def _expected(pictures: VideoStream, lane: Lane) -> int:
    """MP4 knows how many pictures it should have; elsewhere the packets that came are counted."""
    is_mp4 = pictures.container.format.name.startswith("mov")
    return max(pictures.frames, lane.seen) if is_mp4 else lane.seen


def _recipe(lanes: list[Lane], encoder: str, *, expected: int, ended_early: bool) -> dict[str, Any]:
    pictures, sound = lanes[0], lanes[1] if len(lanes) > 1 else None
    is_copied = isinstance(pictures, CopiedPictures)
    return {
        "tool": "bodyworn.media.proxy",
        "version": 1,
        "pictures": "copied" if is_copied else "encoded",
        "sound": "none" if sound is None else _way(sound),
        "encoder": "none" if is_copied else encoder,
        "frames": pictures.written,
        "frames_lost": max(expected - pictures.written, 0),
        "sound_lost": 0 if sound is None else sound.lost,
        "ended_early": ended_early,
    }


def _way(lane: Lane) -> str:
    return "copied" if isinstance(lane, CopiedSound) else "encoded"
