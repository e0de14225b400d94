"""Films are real: other people's readers open them, and they are what the world says."""

import hashlib
import json
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.world import BUFFER_SECONDS, SECONDS, short_film, short_recording

from bodyworn.core.manifest import manifest_from_dict
from bodyworn.devices.gpstrail import places_in
from bodyworn.devices.simulate import World, film, voice
from bodyworn.devices.simulate.lettering import BAND
from bodyworn.devices.simulate.play import play_of

both_kinds = pytest.mark.parametrize(
    "is_fragmented", [False, True], ids=["progressive", "fragmented"]
)


def boxes(data: bytes) -> list[str]:
    """Names of the boxes at the top of an MP4."""
    names, at = [], 0
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode("latin-1"))
        at += int.from_bytes(data[at : at + 4])
    return names


def decoded_sound(path: Path) -> NDArray[np.float32]:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(frames)


@both_kinds
def test_a_film_is_h264_and_aac_with_constant_frame_times(is_fragmented: bool) -> None:
    with av.open(str(short_film(is_fragmented=is_fragmented))) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.has_b_frames) == ("h264", False)
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("aac", 16000, "mono")
        assert float(container.duration or 0) / 1e6 == pytest.approx(SECONDS, abs=0.1)
        assert container.metadata["creation_time"] == "2026-04-12T22:41:07.000000Z"
        assert container.metadata["title"] == "SYNTHETIC FOOTAGE"
        packets = [packet for packet in container.demux(video) if packet.pts is not None]
        base = video.time_base
        assert base is not None
        times = [(packet.pts or 0) * base * 15 for packet in packets]
        assert times == list(range(SECONDS * 15))
        keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
        assert keys == [0, 15, 30, 45]


def test_one_make_writes_the_index_first_and_the_other_writes_fragments() -> None:
    progressive = boxes(short_film().read_bytes())
    assert progressive.index("moov") < progressive.index("mdat")
    assert "moof" not in progressive
    assert boxes(short_film(is_fragmented=True).read_bytes()).count("moof") == SECONDS


@both_kinds
def test_the_buffer_is_exactly_silent_and_then_there_is_sound(is_fragmented: bool) -> None:
    sound = decoded_sound(short_film(is_fragmented=is_fragmented))
    button = BUFFER_SECONDS * voice.RATE
    assert not sound[:button].any()
    assert sound[button : button + voice.RATE // 2].any()
    assert float(np.abs(sound[button:]).max()) > 0.02


def test_thirty_seconds_of_every_recording_of_the_world_are_silent_and_people_speak_after() -> None:
    for recording in World.of(7).recordings:
        sound = voice.sound_of(recording, play_of(recording))
        assert sound.size == recording.seconds * voice.RATE
        assert not sound[: 30 * voice.RATE].any()
        assert float(np.abs(sound).max()) > 0.08, recording.title


def test_speech_has_pauses_pitch_and_formants() -> None:
    recording = World.of(7).recording("7F3A")
    play = play_of(recording)
    speakers = {turn.speaker for turn in play.turns if turn.end > 31}
    assert len(speakers) >= 2
    sound = voice.sound_of(recording, play)[31 * voice.RATE :]
    spectrum = np.abs(np.fft.rfft(sound))
    hertz = np.fft.rfftfreq(sound.size, 1 / voice.RATE)
    low = spectrum[(hertz > 80) & (hertz < 1000)].mean()
    assert low > 4 * spectrum[(hertz > 5000) & (hertz < 7000)].mean()
    seconds = sound[: sound.size // 1600 * 1600].reshape(-1, 1600)
    loudness = np.sqrt((seconds**2).mean(axis=1))
    assert loudness.max() > 5 * loudness.min()


def test_a_film_shows_its_clock_and_that_it_is_synthetic() -> None:
    with av.open(str(short_film())) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="gray")
    band = picture[: BAND - 2]
    assert band.min() < 40
    assert band.max() > 190
    assert float((band > 150).mean()) > 0.05


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path) -> None:
    again = film(short_recording(), tmp_path)
    first = hashlib.sha256(short_film().read_bytes()).hexdigest()
    assert hashlib.sha256(again.read_bytes()).hexdigest() == first


def test_a_clip_has_its_manifest_and_its_trail_beside_it() -> None:
    clip, recording = short_film(), short_recording()
    assert clip.name == "20260412_224107_7F3A.mp4"
    manifest = manifest_from_dict(json.loads(clip.with_suffix(".json").read_bytes()))
    assert manifest == recording.as_manifest()
    trail = clip.with_name("20260412_224107_7F3A_004471_gpstrail.json")
    assert len(places_in(trail.read_bytes())) == SECONDS + 1
    assert len(list(clip.parent.iterdir())) == 3


def test_progress_counts_frames(tmp_path: Path) -> None:
    told: list[int] = []
    film(short_recording(), tmp_path, progress=lambda done, *_: told.append(done))
    assert told == list(range(1, SECONDS * 15 + 1))
