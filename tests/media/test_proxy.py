"""The proxy's frame n is the original's frame n, at the same time, and browsers play it."""

from pathlib import Path

import numpy as np
import pytest
from tests.media.corpus import GOOD, OPEN_GOP, PIECES, UNEVEN, Recipe, Sample, make_corpus
from tests.media.decoding import numbers_in, sound_in

from bodyworn.core.canonical import canonical
from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.core.terms import Condition
from bodyworn.media.frames import frame_times
from bodyworn.media.probe import probe
from bodyworn.media.proxy import make_proxy

NEEDS_ONE = [recipe.name for recipe in GOOD if not recipe.browsers]
ONLY_ITS_CONTAINER = {
    "plain.mkv",
    "uneven.mkv",
    "h264.avi",
    "plain.ts",
    "open-gop.mp4",
    "uneven-b-frames.mp4",
}


@pytest.mark.parametrize("name", NEEDS_ONE)
def test_every_frame_keeps_its_number_and_time(
    corpus: dict[str, Sample], tmp_path: Path, name: str
) -> None:
    target = tmp_path / "proxy.mp4"
    recipe = make_proxy(corpus[name].path, target)
    own, ours = frame_times(corpus[name].path), frame_times(target)
    assert numbers_in(target) == list(range(own.count))
    assert [own.start_of(n) for n in range(own.count)] == pytest.approx(
        [ours.start_of(n) for n in range(ours.count)], abs=1e-6
    )
    assert (recipe["frames"], recipe["frames_lost"]) == (own.count, 0)
    assert (recipe["pictures"] == "copied") == (name in ONLY_ITS_CONTAINER)
    assert canonical(recipe)


@pytest.mark.parametrize("name", NEEDS_ONE)
def test_browsers_play_it(corpus: dict[str, Sample], tmp_path: Path, name: str) -> None:
    target = tmp_path / "proxy.mp4"
    make_proxy(corpus[name].path, target)
    found = probe(target, name="proxy.mp4")
    assert found.condition is Condition.PLAYABLE
    assert found.plays_in_browsers
    assert not found.is_fragmented
    assert any(track.kind == "audio" for track in found.tracks) == corpus[name].sound


@pytest.mark.parametrize("name", ["h265.mkv", "pictures.mov", "mpeg2.ts"])
def test_sound_is_heard_in_it(corpus: dict[str, Sample], tmp_path: Path, name: str) -> None:
    target = tmp_path / "proxy.mp4"
    assert make_proxy(corpus[name].path, target)["sound"] == "encoded"
    loud = np.concatenate([np.frombuffer(data, np.float32) for _, data in sound_in(target)])
    assert 1.3 < len(loud) / 48_000 < 1.7
    assert 0.4 < np.abs(loud[20_000:50_000]).max() < 0.65


def test_what_cannot_be_copied_with_its_times_is_encoded(tmp_path: Path) -> None:
    """A late start before which decoding must begin: FFmpeg's MP4 writer loses it."""
    recipe = Recipe(name="late.mp4", options=OPEN_GOP, times_ms=UNEVEN, muxer={"movflags": PIECES})
    (sample,) = make_corpus(tmp_path, [recipe])
    target = tmp_path / "proxy.mp4"
    assert make_proxy(sample.path, target)["pictures"] == "encoded"
    assert frame_times(target).start_of(0) == frame_times(sample.path).start_of(0) > 0
    assert numbers_in(target) == list(range(len(UNEVEN)))


def test_a_decoded_frames_type_is_not_obeyed(corpus: dict[str, Sample], tmp_path: Path) -> None:
    """Every picture of an MJPEG is a key; x264 made each one a key again until it was reset."""
    target = tmp_path / "proxy.mp4"
    make_proxy(corpus["pictures.avi"].path, target)
    assert len(frame_times(target).keyframes) <= 2


def test_large_pictures_become_720_high(tmp_path: Path) -> None:
    recipe = Recipe(
        name="large.avi",
        video="mjpeg",
        pixels="yuvj420p",
        times_ms=(0, 66),
        size=(1920, 1080),
    )
    (sample,) = make_corpus(tmp_path, [recipe])
    make_proxy(sample.path, tmp_path / "proxy.mp4")
    (pictures,) = probe(tmp_path / "proxy.mp4", name="proxy.mp4").tracks
    assert (pictures.width, pictures.height) == (1280, 720)


def test_a_turned_camera_stays_turned(corpus: dict[str, Sample], tmp_path: Path) -> None:
    (sample,) = make_corpus(tmp_path, [Recipe(name="turned.mp4", video="mpeg4", quarter_turn=True)])
    target = tmp_path / "proxy.mp4"
    make_proxy(sample.path, target)
    (pictures,) = probe(target, name="proxy.mp4").tracks
    assert (pictures.width, pictures.height) == (120, 160)


@pytest.mark.parametrize("name", ["half.mp4", "half.mkv", "half.avi", "half.ts", "half-pieces.mp4"])
def test_of_a_damaged_file_what_can_be_read_is_kept(
    bad_files: dict[str, Sample], tmp_path: Path, name: str
) -> None:
    target = tmp_path / "proxy.mp4"
    recipe = make_proxy(bad_files[name].path, target)
    assert recipe["frames"] == frame_times(target).count >= 10
    assert probe(target, name="proxy.mp4").condition is Condition.PLAYABLE


def test_what_was_lost_is_counted(bad_files: dict[str, Sample], tmp_path: Path) -> None:
    recipe = make_proxy(bad_files["half.mp4"].path, tmp_path / "proxy.mp4")
    assert recipe["frames"] + recipe["frames_lost"] == 20
    assert recipe["frames_lost"] > 0


def test_noise_in_the_pictures_costs_pictures_and_not_the_rest(
    corpus: dict[str, Sample], tmp_path: Path
) -> None:
    data = bytearray(corpus["h265.ts"].path.read_bytes())
    for at in range(188 * 20 + 30, 188 * 24, 3):
        data[at] ^= 0x5A
    source, target = tmp_path / "noise.ts", tmp_path / "proxy.mp4"
    source.write_bytes(data)
    recipe = make_proxy(source, target)
    assert recipe["frames"] >= 5
    assert probe(target, name="proxy.mp4").condition is Condition.PLAYABLE


@pytest.mark.parametrize("name", ["sound.m4a", "hollow.mp4", "words.mp4", "index-lost.mp4"])
def test_nothing_is_left_behind_where_there_is_no_picture(
    bad_files: dict[str, Sample], tmp_path: Path, name: str
) -> None:
    target = tmp_path / "proxy.mp4"
    with pytest.raises(DamagedError):
        make_proxy(bad_files[name].path, target)
    assert not target.exists()


def test_an_absent_encoder_is_named(corpus: dict[str, Sample], tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no_such_encoder"):
        make_proxy(corpus["mpeg4.avi"].path, tmp_path / "p.mp4", encoder="no_such_encoder")


def test_progress_is_told(corpus: dict[str, Sample], tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    make_proxy(
        corpus["mpeg4.avi"].path,
        tmp_path / "proxy.mp4",
        progress=lambda done, of, what: told.append((done, of, what)),
    )
    assert told
    assert all(done <= of for done, of, _ in told)
