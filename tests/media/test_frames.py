"""Frame times equal what decoding shows, stay small, and find every frame."""

import io
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media.corpus import GOOD, Sample
from tests.media.decoding import pictures_in

from bodyworn.core.errors import DamagedError
from bodyworn.media.frames import FrameTimes, frame_times
from bodyworn.media.index import index_head

KEEPS_ITS_ZERO = (".mp4", ".mov", ".mkv", ".webm")


def seconds(times: FrameTimes) -> list[Fraction]:
    return [Fraction(at, times.timescale) for at in times.times]


@pytest.mark.parametrize("name", [recipe.name for recipe in GOOD])
def test_times_are_those_of_the_decoded_frames(corpus: dict[str, Sample], name: str) -> None:
    sample = corpus[name]
    times = frame_times(sample.path)
    whole = (index_head(sample.path) or b"" if sample.fragmented else b"") + (
        sample.path.read_bytes()
    )
    shown = [at for at, _ in pictures_in(whole)]
    assert times.count == sample.frames
    if name.endswith(KEEPS_ITS_ZERO):
        assert seconds(times) == shown
    else:
        assert {at - own for at, own in zip(shown, seconds(times), strict=True)} == {
            shown[0] - seconds(times)[0]
        }
        assert 0 <= seconds(times)[0] < Fraction(1, 5)


def test_times_are_those_that_were_recorded(corpus: dict[str, Sample]) -> None:
    for recipe in GOOD:
        if recipe.name.startswith(("uneven", "b-frames", "video-later", "starts-at", "open")):
            times = seconds(frame_times(corpus[recipe.name].path))
            meant = [Fraction(at, 1000) for at in recipe.times_ms]
            assert all(abs(a - b) < Fraction(1, 999) for a, b in zip(times, meant, strict=True))


def test_keyframes_are_numbered_in_the_order_of_showing(corpus: dict[str, Sample]) -> None:
    assert frame_times(corpus["b-frames.mp4"].path).keyframes == (0, 8, 16)
    assert frame_times(corpus["pictures.avi"].path).keyframes == tuple(range(20))


def test_the_middle_of_a_frame_is_inside_it(corpus: dict[str, Sample]) -> None:
    times = frame_times(corpus["uneven.mp4"].path)
    for number in range(times.count):
        assert times.start_of(number) < times.middle_of(number)
        assert times.frame_at(times.middle_of(number)) == number
        assert times.frame_at(times.start_of(number)) == number


def test_a_time_outside_gives_the_nearest_frame(corpus: dict[str, Sample]) -> None:
    times = frame_times(corpus["starts-at-2s.mp4"].path)
    assert times.frame_at(0) == 0
    assert times.frame_at(99) == times.count - 1
    with pytest.raises(IndexError):
        times.middle_of(times.count)


def test_no_video_track_is_said_so(bad_files: dict[str, Sample]) -> None:
    with pytest.raises(DamagedError, match="no video track"):
        frame_times(bad_files["sound.m4a"].path)
    with pytest.raises(DamagedError):
        frame_times(io.BytesIO(b"not a video"))


def test_a_cut_file_gives_the_frames_that_are_there(bad_files: dict[str, Sample]) -> None:
    assert 10 <= frame_times(bad_files["half.mp4"].path).count < 20


def of_an_hour(times: list[int], *, timescale: int, group: int) -> FrameTimes:
    return FrameTimes(
        timescale=timescale,
        times=tuple(times),
        end=times[-1] + times[1] - times[0],
        keyframes=tuple(range(0, len(times), group)),
    )


@pytest.mark.parametrize(
    "times",
    [
        of_an_hour([n * 512 for n in range(108_000)], timescale=15_360, group=30),
        of_an_hour([round(n * 1000 / 30) for n in range(108_000)], timescale=1000, group=15),
        of_an_hour([n * 1001 // 30 for n in range(108_000)], timescale=1000, group=60),
    ],
    ids=["exact", "in milliseconds", "29.97 in milliseconds"],
)
def test_an_hour_stays_small(times: FrameTimes) -> None:
    data = times.to_json()
    assert len(data) < 20_000
    assert FrameTimes.from_json(data) == times


@given(
    start=st.integers(-5000, 1 << 40),
    deltas=st.lists(st.integers(0, 4000), min_size=1, max_size=300),
    keys=st.sets(st.integers(0, 299), max_size=20),
)
def test_json_holds_any_times(start: int, deltas: list[int], keys: set[int]) -> None:
    edges = list(accumulate(deltas, initial=start))
    times = FrameTimes(
        timescale=90_000,
        times=tuple(edges[:-1]),
        end=edges[-1],
        keyframes=tuple(sorted(key for key in keys if key < len(deltas))),
    )
    assert FrameTimes.from_json(times.to_json()) == times


@given(
    pattern=st.lists(st.integers(1, 50), min_size=1, max_size=40),
    times=st.integers(1, 60),
    rest=st.integers(0, 39),
)
def test_json_holds_any_pattern(pattern: list[int], times: int, rest: int) -> None:
    edges = list(accumulate(pattern * times + pattern[:rest] + [7], initial=0))
    found = FrameTimes(timescale=1000, times=tuple(edges[:-1]), end=edges[-1], keyframes=(0,))
    assert FrameTimes.from_json(found.to_json()) == found
