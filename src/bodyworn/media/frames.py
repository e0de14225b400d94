"""When each frame is shown, so that a player can seek to one exactly and name it.

Read by demuxing through FFmpeg, which is what Chromium does; nothing is decoded. Times are those
of `video.currentTime`: Chromium shows the container's own presentation times, a late first frame
included (measured: an MP4 whose first picture has 2.000 s plays it at 2.000). MPEG transport
streams and AVI, which no browser plays, count from their earliest track; their proxy does too.

A player seeks to `middle_of(n)`: the edges of a frame's time are where rounding decides.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Self

import numpy as np
from av import Packet
from av.container import InputContainer
from av.video.stream import VideoStream

from bodyworn.core.errors import DamagedError
from bodyworn.media.opening import FAILURES, Source, only, pictures_of
from bodyworn.media.samples import Numbers
from bodyworn.media.served import opened_as_served

OWN_ZERO = ("mov", "matroska")  # browsers play these by their own zero of time
LONGEST_PATTERN = 256  # frames; 29.97 a second in milliseconds repeats after 30
PLAIN_RUNS = 64  # so many stretches are written one by one before a pattern is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTimes:
    """The frames of one recording in the order they are shown; frame numbers count from 0."""

    timescale: int  # ticks a second
    times: tuple[int, ...]  # ticks at which each frame appears, never falling
    end: int  # ticks at which the last frame goes
    keyframes: tuple[int, ...]  # numbers of the frames that decode on their own

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self.times)

    @property
    def durations(self) -> tuple[int, ...]:
        """Ticks for which each frame is shown."""
        return tuple(b - a for a, b in pairwise((*self.times, self.end)))

    def start_of(self, number: int) -> float:
        """Seconds at which a frame appears. Raises IndexError where there is no such frame."""
        return self.times[self._checked(number)] / self.timescale

    def middle_of(self, number: int) -> float:
        """Seconds half-way through a frame: where to seek to see it."""
        number = self._checked(number)
        after = self.end if number + 1 == self.count else self.times[number + 1]
        return (self.times[number] + after) / 2 / self.timescale

    def frame_at(self, seconds: float) -> int:
        """The number of the frame that is shown at this time; the nearest one outside."""
        tick = seconds * self.timescale
        return max(bisect_right(self.times, tick + 1e-6) - 1, 0)

    def _checked(self, number: int) -> int:
        if not 0 <= number < self.count:
            raise IndexError(f"there is no frame {number} among {self.count}")
        return number

    def to_json(self) -> bytes:
        """Compact JSON: `timescale`, `start`, `count`, `runs`, `keyframes`.

        `runs` holds [delta, how many times] pairs; a delta is the ticks for which a frame is
        shown, or a list of such deltas that repeats ([[33, 33, 34], 36000]). `keyframes` are
        [step, how many times] pairs: each step leads from one key to the next, the first one
        from frame 0.
        """
        steps = np.array([b - a for a, b in pairwise((0, *self.keyframes))], np.int64)
        content = {
            "timescale": self.timescale,
            "start": self.times[0],
            "count": self.count,
            "runs": _runs(np.array(self.durations, np.int64)),
            "keyframes": _plain_runs(steps),
        }
        return json.dumps(content, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read what `to_json` wrote."""
        content = json.loads(data)
        edges = np.cumsum([content["start"], *_spread(content["runs"])]).tolist()
        keys = np.cumsum(list(_spread(content["keyframes"]))).tolist()
        return cls(
            timescale=content["timescale"],
            times=tuple(edges[:-1]),
            end=edges[-1],
            keyframes=tuple(keys),
        )


def frame_times(source: Source) -> FrameTimes:
    """The frames of the first video track. Raises DamagedError where there is none to show."""
    with opened_as_served(source) as container:
        stream = pictures_of(container)
        if stream is None:
            raise DamagedError("media.no-pictures", "There is no video track in this file.")
        return times_in(container, stream)


def times_in(container: InputContainer, stream: VideoStream) -> FrameTimes:
    """The same from an open container, which is read to its end."""
    shown = sorted(_shown(container, stream), key=lambda packet: packet[0])
    if not shown:
        raise DamagedError("media.no-pictures", "There is not one picture in this file.")
    base = stream.time_base or Fraction(1, 1)
    zero = round(origin(container) / base)
    times = tuple((at - zero) * base.numerator for at, _, _ in shown)
    return FrameTimes(
        timescale=base.denominator,
        times=times,
        end=times[-1] + max(_last_duration(shown), 1) * base.numerator,
        keyframes=tuple(n for n, (_, _, is_key) in enumerate(shown) if is_key),
    )


def origin(container: InputContainer) -> Fraction:
    """The container's time, in seconds, that a browser calls zero."""
    if container.start_time is None or container.format.name.startswith(OWN_ZERO):
        return Fraction(0)
    return Fraction(container.start_time, 1_000_000)


def _shown(container: InputContainer, stream: VideoStream) -> Iterator[tuple[int, int, bool]]:
    """(time, duration, key) of each packet that is shown, in decoding order."""
    only(container, stream)
    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard:
                yield time_of(packet), packet.duration or 0, packet.is_keyframe
    except FAILURES:
        return  # a cut file ends in the middle of a packet; what came before it counts


def time_of(packet: "Packet[VideoStream]") -> int:
    """When a packet is shown, in ticks of its stream. Raises DamagedError where nothing says."""
    at = packet.pts if packet.pts is not None else packet.dts
    if at is None:
        raise DamagedError("media.no-times", "The pictures of this file carry no times.")
    return at


def _last_duration(shown: list[tuple[int, int, bool]]) -> int:
    """What the file says of the last frame, or how long the one before it was shown."""
    stated = shown[-1][1]
    if stated or len(shown) < 2:
        return stated
    return shown[-1][0] - shown[-2][0]


def _plain_runs(values: Numbers) -> list[list[Any]]:
    if len(values) == 0:
        return []
    first = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    lengths = np.diff(np.append(first, len(values)))
    return [[int(v), int(n)] for v, n in zip(values[first], lengths, strict=True)]


def _runs(values: Numbers) -> list[list[Any]]:
    """Stretches of equal values, or one repeated pattern where a coarse clock rounds them."""
    plain = _plain_runs(values)
    body = values[:-1]  # the last frame's own duration is the writer's guess
    if len(plain) <= PLAIN_RUNS:
        return plain
    for length in range(2, min(LONGEST_PATTERN, len(body) // 2) + 1):
        if (body[length:] == body[:-length]).all():
            times, rest = divmod(len(body), length)
            pattern = body[:length].tolist()
            return [[pattern, times], *_plain_runs(np.append(body[len(body) - rest :], values[-1]))]
    return plain


def _spread(runs: Iterable[list[Any]]) -> Iterator[int]:
    for value, times in runs:
        pattern = value if isinstance(value, list) else [value]
        for _ in range(times):
            yield from pattern
