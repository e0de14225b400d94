"""Times for the samples of an index: the presentation times of the master, exactly, and decoding
times that let a browser find every one of them.

Chromium seeks by decoding time and takes a sample's duration for the time that its picture is
shown. With uneven footage or B-frames the times that a camera writes satisfy neither, and a seek
lands on the frame before or on the next key. Decoding times are no evidence and may be chosen:
here each sample lasts as long as its own picture is shown. From that it follows that every key
is decoded a fixed time before it is shown, for all that is decoded before a key is also shown
before it. Keys of which this is not true (open groups of pictures) are not named as keys.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bodyworn.media.movie import Movie, TrackHead
from bodyworn.media.samples import Numbers, Samples

Marks = NDArray[np.bool_]
LARGEST = (1 << 31) - 1  # a duration or shift in a sample table


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times of one track, counted from its first sample, in its timescale."""

    duration: Numbers  # of each sample, in decoding order
    shift: Numbers  # presentation minus decoding time, never negative
    pause: int  # nothing is shown for so long
    shown_from: int  # then this time of the track comes first
    length: int  # of the track
    key: Marks  # where a browser may start


def timing_of(movie: Movie, head: TrackHead, samples: Samples) -> Timing:
    """Times that show each sample when the master does."""
    shown = samples.decode + samples.shift
    start = int(shown.min()) - _hidden_before(movie, head)
    shown = shown - shown.min()
    key = samples.key
    duration = _steps(samples)
    if head.handler == b"vide":
        duration = shown_for(shown, int(samples.duration[-1]))
        key = closed_keys(shown, key)
    shift = shown - (np.cumsum(duration) - duration)
    least = int(shift.min())
    return Timing(
        duration=np.clip(duration, 0, LARGEST),
        shift=np.clip(shift - least, 0, LARGEST),
        pause=max(start, 0),
        shown_from=-least + max(-start, 0),
        length=int(duration.sum()),
        key=key,
    )


def _hidden_before(movie: Movie, head: TrackHead) -> int:
    """The track's time at which the movie's time is zero, by its edit list."""
    pause = 0
    for edit in head.edits:
        if edit.media_time >= 0:
            return edit.media_time - pause
        pause += edit.duration * head.timescale // movie.timescale
    return -pause


def _steps(samples: Samples) -> Numbers:
    """Sound keeps its own times; a gap between fragments lengthens the sample before it."""
    return np.append(np.diff(samples.decode), samples.duration[-1]).clip(0)


def shown_for(shown: Numbers, last: int) -> Numbers:
    """How long each picture is shown, from all presentation times in decoding order.

    `last` is the duration of the one that is shown last.
    """
    order = np.argsort(shown, kind="stable")
    duration = np.empty_like(shown)
    duration[order] = np.append(np.diff(shown[order]), last)
    return duration


def closed_keys(shown: Numbers, key: Marks) -> Marks:
    """The keys from which decoding can start: nothing decoded later is shown before them.

    Chromium starts at nothing else, whatever a file marks as key (measured: after a seek to the
    key of an open group of pictures no frame ever comes).
    """
    if len(shown) == 0:
        return key
    later: Numbers = np.minimum.accumulate(shown[::-1])[::-1]
    closed: Marks = key & (shown == later)
    return closed


def seeks_exactly(samples: Samples) -> bool:
    """Whether Chromium finds every picture of an ordinary MP4 by a seek to its middle.

    FFmpeg looks for the last key whose decoding time, moved by a fixed step, is not behind the
    target; Chromium then drops pictures that by their stated duration have passed. Both must
    come out right for the middle of each picture.
    """
    shown = samples.decode + samples.shift
    if len(shown) == 0 or (closed_keys(shown, samples.key) != samples.key).any():
        return False
    order = np.argsort(shown, kind="stable")
    starts = shown[order]
    middles = starts + np.diff(np.append(starts, starts[-1] + samples.duration[-1])) // 2
    passed = starts[:-1] + samples.duration[order][:-1] <= middles[1:]
    keys = np.flatnonzero(samples.key)
    found_from = samples.decode[keys] + (starts[0] - samples.decode[0])
    place = np.searchsorted(starts, shown[keys])
    not_late = found_from <= middles[place]
    not_early = found_from[1:] > middles[place[1:] - 1]
    return bool(passed.all() and not_late.all() and not_early.all())
