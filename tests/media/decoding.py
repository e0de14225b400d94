"""What FFmpeg shows of a file when it decodes all of it: the judge for what we only read."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from tests.media.corpus import number_in

Shown = list[tuple[Fraction, bytes]]


def pictures_in(data: bytes | Path) -> Shown:
    """(seconds, grey picture) of every frame."""
    with av.open(_readable(data), "r") as container:
        return [
            (frame.pts * frame.time_base, frame.to_ndarray(format="gray").tobytes())
            for frame in container.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]


def numbers_in(data: bytes | Path) -> list[int]:
    """The numbers that the frames bear, in the order they are shown."""
    with av.open(_readable(data), "r") as container:
        frames = container.decode(video=0)
        return [number_in(np.asarray(frame.to_ndarray(format="rgb24"))) for frame in frames]


def sound_in(data: bytes | Path) -> Shown:
    """(seconds, samples) of every block of sound, if there is any."""
    with av.open(_readable(data), "r") as container:
        if not container.streams.audio:
            return []
        return [
            (frame.pts * frame.time_base, frame.to_ndarray().tobytes())
            for frame in container.decode(audio=0)
            if frame.pts is not None and frame.time_base is not None
        ]


def _readable(data: bytes | Path) -> io.BytesIO | str:
    return io.BytesIO(data) if isinstance(data, bytes) else str(data)
