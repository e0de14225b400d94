"""The picture strip and the sound strip of the timeline."""

import io
import json
from typing import Any

import av
import numpy as np
import pytest
from tests.media.corpus import GOOD, Sample, number_in

from bodyworn.core.canonical import canonical
from bodyworn.core.errors import DamagedError
from bodyworn.media.frames import frame_times
from bodyworn.media.made import Made
from bodyworn.media.sound import sound_strip
from bodyworn.media.strip import picture_strip


def cells(made: Made) -> list[np.ndarray]:
    with av.open(io.BytesIO(made.data), "r") as container:
        (frame,) = container.decode(video=0)
        sprite = np.asarray(frame.to_ndarray(format="gray"))
    return np.split(sprite, made.recipe["cells"], axis=1)


def strip_of(sample: Sample, *, bars: int = 800) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sound_strip(sample.path, bars=bars).data)
    return found


@pytest.mark.parametrize("name", [r.name for r in GOOD if r.name != "turned.mp4"])
def test_each_cell_shows_the_frame_of_its_time(corpus: dict[str, Sample], name: str) -> None:
    sample = corpus[name]
    made, times = picture_strip(sample.path), frame_times(sample.path)
    assert made.media_type == "image/jpeg"
    numbers = [number_in(cell) for cell in cells(made)]
    assert numbers == [times.frame_at((at + 1) / 1000) for at in made.recipe["times_ms"]]
    assert set(numbers) <= set(times.keyframes) or sample.fragmented
    assert numbers[0] == 0


def test_a_turned_camera_gives_upright_cells(corpus: dict[str, Sample]) -> None:
    made = picture_strip(corpus["turned.mp4"].path)
    plain = picture_strip(corpus["plain.mp4"].path)
    assert (made.recipe["cell_width"], made.recipe["cell_height"]) == (40, 54)
    assert (plain.recipe["cell_width"], plain.recipe["cell_height"]) == (72, 54)
    # Bars run from left to right; turned clockwise they run from the top, on the right half.
    turned = cells(made)[1][:, 20:].mean(axis=1)
    straight = cells(plain)[1][:27].mean(axis=0)
    assert np.abs(np.interp(np.linspace(0, 71, 54), range(72), straight) - turned).mean() < 25


def test_the_number_of_cells_is_bounded_and_they_are_spread(corpus: dict[str, Sample]) -> None:
    made = picture_strip(corpus["pictures.avi"].path, most=5)
    assert made.recipe["cells"] <= 5
    steps = np.diff(made.recipe["times_ms"])
    assert len(steps) >= 3
    assert steps.max() - steps.min() < 100


def test_height_is_a_wish(corpus: dict[str, Sample]) -> None:
    recipe = picture_strip(corpus["plain.mp4"].path, height=90).recipe
    assert (recipe["cell_width"], recipe["cell_height"]) == (120, 90)


def test_recipes_have_a_canonical_form(corpus: dict[str, Sample]) -> None:
    sample = corpus["plain.mp4"]
    for made in (picture_strip(sample.path), sound_strip(sample.path)):
        assert canonical(made.recipe)
        assert made.recipe["version"] == 1


def test_the_same_file_gives_the_same_bytes(corpus: dict[str, Sample]) -> None:
    sample = corpus["b-frames.mp4"]
    assert picture_strip(sample.path) == picture_strip(sample.path)
    assert sound_strip(sample.path) == sound_strip(sample.path)


def test_no_picture_is_said_so(bad_files: dict[str, Sample]) -> None:
    for name in ("sound.m4a", "hollow.mp4", "words.mp4"):
        with pytest.raises(DamagedError):
            picture_strip(bad_files[name].path)


def test_a_cut_file_has_a_strip_of_what_is_there(bad_files: dict[str, Sample]) -> None:
    assert picture_strip(bad_files["half.mp4"].path).recipe["cells"] >= 2


@pytest.mark.parametrize("name", [recipe.name for recipe in GOOD if recipe.sound])
def test_a_tone_at_half_of_full_scale_is_half_a_bar(corpus: dict[str, Sample], name: str) -> None:
    found = strip_of(corpus[name])
    bars = np.array(found["bars"])
    assert found["has_sound"]
    assert len(bars) == 800
    assert abs(int(np.median(bars[bars > 0])) - 128) < 12
    assert found["bar_ms_milli"] == found["duration_ms"] * 1000 // 800


def test_no_sound_is_no_bars(corpus: dict[str, Sample]) -> None:
    found = strip_of(corpus["silent.mp4"])
    assert (found["has_sound"], found["bars"]) == (False, [])
    assert found["duration_ms"] == 1333


def test_silence_at_the_start_is_measured(corpus: dict[str, Sample]) -> None:
    found = strip_of(corpus["quiet-start.mp4"], bars=100)
    assert abs(found["silent_ms_at_start"] - 800) < 30
    first = 800 * 1000 // found["bar_ms_milli"]
    assert max(found["bars"][: first - 2]) == 0
    assert min(found["bars"][first + 1 : -2]) > 100
    assert strip_of(corpus["plain.mp4"])["silent_ms_at_start"] < 10


def test_sound_that_begins_late_counts_as_silence_before(corpus: dict[str, Sample]) -> None:
    found = strip_of(corpus["sound-later.mp4"], bars=50)
    assert abs(found["silent_ms_at_start"] - 690) < 30
    assert found["bars"][0] == 0
    assert found["bars"][30] > 100


def test_fewer_bars_than_samples_and_more_bars_than_peaks(corpus: dict[str, Sample]) -> None:
    for bars in (1, 7, 5000):
        found = strip_of(corpus["plain.mp4"], bars=bars)
        assert len(found["bars"]) == bars
        assert max(found["bars"]) <= 255


def test_sound_alone_has_its_strip(bad_files: dict[str, Sample]) -> None:
    assert json.loads(sound_strip(bad_files["sound.m4a"].path).data)["has_sound"]
