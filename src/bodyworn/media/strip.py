"""A strip of small pictures for the timeline, from keyframes alone.

One JPEG holds a row of equal cells; the recipe says when each was shown. Decoding only keys is
what makes it cheap; a picture every second or two is what a timeline has room for.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av import Packet, VideoFrame
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

from bodyworn.core.errors import DamagedError
from bodyworn.media.frames import origin, time_of
from bodyworn.media.made import Made
from bodyworn.media.opening import FAILURES, Source, only, pictures_of
from bodyworn.media.served import opened_as_served

QUALITY = 7  # of 2 (best) to 31; 54 pixels of height hide the rest
FAR_S = 4  # seconds between cells from which a seek is cheaper than reading on
WIDEST = 65_000  # pixels; a JPEG's side is at most 65,535

Cell = NDArray[np.uint8]


def picture_strip(source: Source, *, height: int = 54, most: int = 120) -> Made:
    """A row of at most `most` cells of this height in pixels. Raises DamagedError without one.

    Recipe: `cells`, `cell_width`, `cell_height` in pixels and `times_ms`, one for each cell, as
    the player counts.
    """
    with opened_as_served(source) as container:
        stream = pictures_of(container)
        if stream is None:
            raise DamagedError("media.no-pictures", "There is no video track in this file.")
        cells = list(_cells(container, stream, height, most))
    if not cells:
        raise DamagedError("media.no-pictures", "No keyframe of this file can be decoded.")
    width = cells[0][1].shape[1]
    kept = [(at, cell) for at, cell in cells if cell.shape[1] == width][: WIDEST // width]
    return Made(
        data=_jpeg(np.hstack([cell for _, cell in kept])),
        media_type="image/jpeg",
        recipe=_recipe(width, height, [at for at, _ in kept]),
    )


def _recipe(width: int, height: int, times_ms: list[int]) -> dict[str, Any]:
    return {
        "tool": "bodyworn.media.strip",
        "version": 1,
        "cells": len(times_ms),
        "cell_width": width,
        "cell_height": height,
        "times_ms": times_ms,
    }


def _cells(
    container: InputContainer, stream: VideoStream, height: int, most: int
) -> Iterator[tuple[int, Cell]]:
    """(milliseconds, RGB) of each chosen keyframe."""
    zero = origin(container)
    base = stream.time_base or Fraction(1, 1)
    for packet in _spread_keys(container, stream, most):
        frame = _decoded(stream.codec_context, packet)
        if frame is not None:
            yield round((time_of(packet) * base - zero) * 1000), _small(frame, height)


def _spread_keys(
    container: InputContainer, stream: VideoStream, most: int
) -> "Iterator[Packet[VideoStream]]":
    """At most `most` key packets, evenly apart in time.

    Everything is read but for long footage, where a seek skips most of what lies between. The
    demuxer's own "keys only" would be simpler, but then FFmpeg's MP4 reader gives wrong times.
    """
    only(container, stream)
    apart_s = Fraction(container.duration or 0, 1_000_000) / most
    apart = apart_s / (stream.time_base or 1)
    due, taken = None, 0
    try:
        for packet in container.demux(stream):
            if not packet.size or not packet.is_keyframe or taken == most:
                continue
            at = time_of(packet)
            if due is None or at >= due:
                due = (at if due is None else max(due, at - apart)) + apart
                taken += 1
                yield packet
                if apart_s > FAR_S:
                    container.seek(int(due), stream=stream)
    except FAILURES:
        return  # what lies behind the damage cannot be reached


def _decoded(codec: VideoCodecContext, packet: "Packet[VideoStream]") -> VideoFrame | None:
    """One key by itself: the decoder is emptied at once, since nothing follows that it needs."""
    if not codec.is_open:
        codec.thread_type = ThreadType.SLICE  # frame threads would only wait for more frames
        codec.options = {"skip_loop_filter": "all"}  # blocks are not seen at this size
    try:
        frames = codec.decode(packet) or codec.decode(None)
        codec.flush_buffers()
    except FAILURES:
        return None
    return frames[0] if frames else None


def _small(frame: VideoFrame, height: int) -> Cell:
    """A cell of this height, upright, with an even width."""
    sideways = frame.rotation % 180 != 0
    wide, tall = (frame.height, frame.width) if sideways else (frame.width, frame.height)
    width = max(round(wide * height / tall / 2) * 2, 2)
    size = {"width": height, "height": width} if sideways else {"width": width, "height": height}
    small = frame.reformat(**size, format="rgb24", interpolation="AREA")
    return np.ascontiguousarray(np.rot90(small.to_ndarray(), frame.rotation // 90))


def _jpeg(image: Cell) -> bytes:
    """Encoded by FFmpeg's MJPEG encoder at a fixed quality."""
    frame = VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuvj420p")
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt = frame.width, frame.height, "yuvj420p"
    codec.time_base = Fraction(1, 1)
    codec.options = {"qmin": str(QUALITY), "qmax": str(QUALITY), "threads": "1"}
    frame.pts = 0
    packets = [*codec.encode(frame), *codec.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
