"""The sound lane of the timeline: loudness bars, and how long the start is silent.

Cameras keep pictures from before the trigger but, by policy, no sound; the silent beginning is
that buffer, and unless it is named people report it as a fault.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import numpy as np
from av import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from bodyworn.media.frames import origin
from bodyworn.media.made import Made
from bodyworn.media.opening import FAILURES, Source, only, sound_of
from bodyworn.media.served import opened_as_served

SILENCE = 1e-4  # of full scale: -80 dB
STEP = 100  # peaks a second that are kept until the length is known
BATCH = 64  # frames that are measured at once; one by one NumPy's own cost would rule
LONGEST_S = 48 * 3600  # a damaged time stamp must not ask for years of bars

SCALES = {  # (value of silence, distance of full scale) by NumPy's kind and size of a sample
    "u1": (128, 128),
    "i2": (0, 1 << 15),
    "i4": (0, 1 << 31),
    "f4": (0, 1),
    "f8": (0, 1),
}

Peaks = NDArray[np.float32]


@dataclass(slots=True)
class _Loudness:
    """Peaks by time since the movie's zero, and when something was heard first."""

    peaks: Peaks
    end_s: float = 0.0
    heard_s: float | None = None


def sound_strip(source: Source, *, bars: int = 800) -> Made:
    """Bars from 0 (silence) to 255 (full scale) over the whole recording, as JSON.

    `{"has_sound", "bars", "silent_ms_at_start", "duration_ms", "bar_ms_milli"}`; the last one is
    the length of one bar in thousandths of a millisecond. A recording without sound has no bars.
    Raises DamagedError where the file cannot be opened.
    """
    with opened_as_served(source) as container:
        stream = sound_of(container)
        duration_s = max(container.duration or 0, 0) / 1_000_000
        found = _loudness(container, stream) if stream else None
    if found is not None:
        duration_s = max(duration_s, found.end_s)
    # A header may claim any length; each claimed second would cost room for its bars.
    duration_s = min(duration_s, LONGEST_S)
    content = {"has_sound": found is not None, **_measured(found, duration_s, bars)}
    return Made(
        data=json.dumps(content, separators=(",", ":")).encode(),
        media_type="application/json",
        recipe={"tool": "bodyworn.media.sound", "version": 1, "bars": bars},
    )


def _measured(found: _Loudness | None, duration_s: float, bars: int) -> dict[str, int | list[int]]:
    duration_ms = round(duration_s * 1000)
    silent_s = 0.0 if found is None else found.heard_s if found.heard_s is not None else duration_s
    return {
        "bars": [] if found is None else _bars(found.peaks, duration_s, bars),
        "silent_ms_at_start": round(silent_s * 1000),
        "duration_ms": duration_ms,
        "bar_ms_milli": duration_ms * 1000 // bars,
    }


def _bars(peaks: Peaks, duration_s: float, bars: int) -> list[int]:
    """The loudest peak within each of `bars` equal parts, rounded up so that sound shows."""
    edges = np.linspace(0, duration_s * STEP, bars + 1)
    first = edges[:-1].astype(np.int64)
    last = np.maximum(np.ceil(edges[1:]).astype(np.int64), first + 1)
    room = np.pad(peaks, (0, max(int(last[-1]) - len(peaks), 0)))
    loudest = [float(room[a:b].max()) for a, b in zip(first, last, strict=True)]
    audible = (min(value, 1.0) if value > SILENCE else 0.0 for value in loudest)
    return [int(np.ceil(value * 255)) for value in audible]


def _loudness(container: InputContainer, stream: AudioStream) -> _Loudness:
    """Decode all sound once, measuring as it goes."""
    found = _Loudness(np.zeros(STEP * 60, np.float32))
    zero = float(origin(container))
    frames = _frames(container, stream)
    while batch := list(islice(frames, BATCH)):
        _add(found, batch, zero)
    return found


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    only(container, stream)
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except FAILURES:
                continue  # one broken packet is a click, not the end
    except FAILURES:
        return


def _add(found: _Loudness, batch: list[AudioFrame], zero: float) -> None:
    """Measure frames that follow each other without a gap together."""
    start, run = 0, list[NDArray[np.float32]]()
    for number, frame in enumerate(batch):
        run.append(_levels(frame))
        following = batch[number + 1] if number + 1 < len(batch) else None
        if following is None or not _adjoins(frame, following):
            _add_run(found, np.concatenate(run), _time(batch[start], found) - zero, frame)
            start, run = number + 1, []


def _time(frame: AudioFrame, found: _Loudness) -> float:
    """Seconds; a frame without a time follows what came before it."""
    if frame.pts is None or frame.time_base is None:
        return found.end_s
    return float(frame.pts * frame.time_base)


def _adjoins(frame: AudioFrame, following: AudioFrame) -> bool:
    if frame.pts is None or following.pts is None or frame.sample_rate != following.sample_rate:
        return frame.sample_rate == following.sample_rate
    gap = (following.pts - frame.pts) * (frame.time_base or Fraction(0))
    return abs(gap - Fraction(frame.samples, frame.sample_rate)) < Fraction(1, STEP)


def _levels(frame: AudioFrame) -> NDArray[np.float32]:
    """How far each sample is from silence, 0 to 1, the loudest channel."""
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    middle, scale = SCALES[values.dtype.kind + str(values.dtype.itemsize)]
    levels: NDArray[np.float32] = np.abs(values.astype(np.float32) - middle).max(axis=0) / scale
    return levels


def _add_run(found: _Loudness, levels: NDArray[np.float32], at: float, frame: AudioFrame) -> None:
    """Put one stretch of samples where it belongs in time; what lies before zero is priming."""
    rate = frame.sample_rate
    if at < 0:
        levels, at = levels[round(-at * rate) :], 0.0
    if len(levels) == 0 or at > LONGEST_S:
        return
    if found.heard_s is None and (loud := np.flatnonzero(levels > SILENCE)).size:
        found.heard_s = at + float(loud[0]) / rate
    slots = ((np.arange(len(levels)) / rate + at) * STEP).astype(np.int64)
    edges = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
    _make_room(found, int(slots[-1]) + 1)
    np.maximum.at(found.peaks, slots[edges], np.maximum.reduceat(levels, edges))
    found.end_s = max(found.end_s, at + len(levels) / rate)


def _make_room(found: _Loudness, slots: int) -> None:
    if slots > len(found.peaks):
        found.peaks = np.pad(found.peaks, (0, max(slots, 2 * len(found.peaks)) - len(found.peaks)))
