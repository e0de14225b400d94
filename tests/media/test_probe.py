"""Whatever arrives gets a verdict and a sentence; nothing makes the probe fall over."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.corpus import GOOD, Sample

from bodyworn.core.terms import Condition
from bodyworn.core.types import Probe
from bodyworn.media.boxes import top_boxes
from bodyworn.media.probe import probe

FAMILIES = {"mov": "mp4", "mkv": "matroska", "webm": "matroska", "ts": "mpegts"}
BEGINNINGS = [b"", b"\0\0\0\x18ftypmp42", b"RIFF", b"\x1aE\xdf\xa3"]
LEAST_CUT = 40  # bytes; less than that is no beginning of anything


def probed(data: bytes, *, name: str = "clip.mp4") -> Probe:
    return probe(io.BytesIO(data), name=name)


def test_the_corpus_has_more_than_thirty_files() -> None:
    assert len({recipe.name for recipe in GOOD}) > 30


@pytest.mark.parametrize("name", [recipe.name for recipe in GOOD])
def test_every_good_file_is_playable_and_described(corpus: dict[str, Sample], name: str) -> None:
    sample = corpus[name]
    found = probe(sample.path, name=name)
    ending = name.rpartition(".")[2]
    assert found.condition is Condition.PLAYABLE, found.reason
    assert found.container == FAMILIES.get(ending, ending)
    assert found.is_fragmented == sample.fragmented
    assert found.plays_in_browsers == sample.browsers
    assert any(track.kind == "audio" for track in found.tracks) == sample.sound
    assert 1200 <= (found.duration_ms or 0) <= 2300


def test_a_picture_track_is_described(corpus: dict[str, Sample]) -> None:
    found = probe(corpus["plain.mp4"].path, name="plain.mp4")
    pictures, sound = found.tracks
    assert (pictures.codec, pictures.width, pictures.height) == ("h264", 160, 120)
    assert (pictures.frames, pictures.profile) == (20, "Constrained Baseline")
    assert (sound.codec, sound.rate_milli, sound.channels) == ("aac", 48_000_000, 1)


def test_fragments_are_counted_too(corpus: dict[str, Sample]) -> None:
    found = probe(corpus["pieces-absolute.mp4"].path, name="x.mp4")
    assert [track.frames for track in found.tracks] == [20, 72]


@pytest.mark.parametrize(
    "name",
    [
        "empty.mp4", "one-byte.mp4", "words.mp4", "zip.mp4", "playlist.mp4", "list.mp4",
        "noise.mp4", "sparse.mp4", "index-lost.mp4", "hollow.mp4", "half.mp4", "half-pieces.mp4",
        "half.mkv", "half.avi", "half.ts", "really-mp4.avi", "sound.m4a",
    ],
)  # fmt: skip
def test_every_bad_file_gets_its_verdict_and_a_sentence(
    bad_files: dict[str, Sample], name: str
) -> None:
    found = probe(bad_files[name].path, name=name)
    assert found.condition is bad_files[name].condition
    assert found.reason.endswith((".", "tool that rebuilds it."))
    assert len(found.reason) > 20


def test_a_lost_index_is_explained(bad_files: dict[str, Sample]) -> None:
    found = probe(bad_files["index-lost.mp4"].path, name="x.mp4")
    assert "lost power" in found.reason


def test_a_wrong_ending_is_noticed_and_does_not_matter(bad_files: dict[str, Sample]) -> None:
    found = probe(bad_files["really-mp4.avi"].path, name="really-mp4.avi")
    assert found.condition is Condition.PLAYABLE
    assert "ends in .avi, but the bytes are mp4" in found.reason


def test_a_playlist_is_not_followed(tmp_path: Path, corpus: dict[str, Sample]) -> None:
    target = corpus["plain.ts"].path
    lists = {
        "a.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{target}\n#EXT-X-ENDLIST\n",
        "a.ffconcat": f"ffconcat version 1.0\nfile '{target}'\n",
    }
    for name, text in lists.items():
        path = tmp_path / name
        path.write_text(text)
        assert probe(path, name=name).condition is Condition.NOT_VIDEO


def test_clock_and_place_are_read(corpus: dict[str, Sample]) -> None:
    found = probe(corpus["told.mp4"].path, name="told.mp4")
    assert found.started_at == datetime(2026, 4, 12, 22, 41, 7, tzinfo=UTC)
    (place,) = found.places
    assert (place.latitude, place.longitude) == (51.4613, -0.1156)
    assert place.at == found.started_at
    assert found.extra["comment"] == "front entrance"


def test_sound_that_begins_late_tells_the_pre_event_span(corpus: dict[str, Sample]) -> None:
    found = probe(corpus["sound-later.mp4"].path, name="x.mp4")
    assert abs((found.pre_event_ms or 0) - 700) < 30
    assert probe(corpus["plain.mp4"].path, name="x.mp4").pre_event_ms is None


def test_a_stream_stays_open(corpus: dict[str, Sample]) -> None:
    with corpus["plain.mp4"].path.open("rb") as stream:
        probe(stream, name="plain.mp4")
        assert not stream.closed


CUT = ["plain.mp4", "index-last.mp4", "b-frames.mp4", "pictures.mov", "plain.mkv", "mpeg4.avi"]


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(CUT), share=st.floats(0, 1, exclude_max=True))
def test_a_cut_file_is_never_called_playable(
    corpus: dict[str, Sample], name: str, share: float
) -> None:
    data = corpus[name].path.read_bytes()
    found = probed(data[: int(len(data) * share)])
    assert found.condition is not Condition.PLAYABLE


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_cut_fragmented_file_is_playable_only_up_to_a_whole_fragment(
    corpus: dict[str, Sample], share: float
) -> None:
    data = corpus["pieces.mp4"].path.read_bytes()
    end = int(len(data) * share)
    found = probed(data[:end])
    whole = {box.end for box in top_boxes(io.BytesIO(data), len(data)) if box.kind == b"mdat"}
    assert found.condition is not Condition.PLAYABLE or end in whole


@settings(max_examples=40, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_transport_stream_cut_inside_a_packet_is_damaged(
    corpus: dict[str, Sample], share: float
) -> None:
    data = corpus["plain.ts"].path.read_bytes()
    end = int(len(data) * share)
    if end % 188 and end > LEAST_CUT:
        assert probed(data[:end]).condition is not Condition.PLAYABLE


@settings(max_examples=80, deadline=None)
@given(
    name=st.sampled_from(["b-frames.mp4", "pieces.mp4", "plain.mkv", "mpeg4.avi", "mpeg2.ts"]),
    seed=st.integers(0, 1 << 30),
    count=st.integers(1, 40),
)
def test_flipped_bytes_never_make_the_probe_fall_over(
    corpus: dict[str, Sample], name: str, seed: int, count: int
) -> None:
    data = bytearray(corpus[name].path.read_bytes())
    for n in range(count):
        at = (seed * 2654435761 + n * n * 40503) % min(len(data), 4000)
        data[at] ^= (seed >> n % 24 & 0xFF) or 1
    assert probed(bytes(data)).reason


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\0\0\0\x18ftypmp42", b"RIFF", b"\x1aE\xdf\xa3"]),
)
def test_noise_is_not_playable(noise: bytes, beginning: bytes) -> None:
    assert probed(beginning + noise).condition in (Condition.NOT_VIDEO, Condition.UNREADABLE)


def test_a_large_hole_is_not_read_through(bad_files: dict[str, Sample]) -> None:
    class Counting(io.FileIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size) or b""
            Counting.taken += len(data)
            return data

    with Counting(bad_files["sparse.mp4"].path) as stream:
        found = probe(stream, name="sparse.mp4")
    assert found.condition is Condition.NOT_VIDEO
    assert Counting.taken < 16 << 20


@pytest.mark.parametrize("name", ["axis/test_h264.mp4", "onvif/test_signed_h264.mp4"])
def test_real_cameras_files_are_playable(vectors: Path, name: str) -> None:
    found = probe(vectors / name, name=name)
    assert found.condition is Condition.PLAYABLE
    assert found.plays_in_browsers
