"""Head and master, one behind the other, are an ordinary MP4 that shows what the master shows."""

import io
import struct
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.corpus import GOOD, Sample, recipe_named
from tests.media.decoding import numbers_in, pictures_in, sound_in

from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import Condition
from bodyworn.media.boxes import top_boxes
from bodyworn.media.fragments import all_samples
from bodyworn.media.index import index_head
from bodyworn.media.movie import read_movie
from bodyworn.media.probe import probe
from bodyworn.media.timing import seeks_exactly

PIECES = [recipe.name for recipe in GOOD if recipe.fragmented]
# FFmpeg itself reads these fragments later than the standard says (negative composition offsets).
READ_LATE_BY_FFMPEG = ("pieces-cmaf.mp4",)


def virtual(sample: Sample) -> bytes:
    head = index_head(sample.path)
    assert head is not None
    return head + sample.path.read_bytes()


@pytest.mark.parametrize("name", PIECES)
def test_pictures_and_times_are_those_of_the_master(corpus: dict[str, Sample], name: str) -> None:
    own, ours = pictures_in(corpus[name].path), pictures_in(virtual(corpus[name]))
    assert [picture for _, picture in own] == [picture for _, picture in ours]
    shift = own[0][0] - ours[0][0]
    assert [at - shift for at, _ in own] == [at for at, _ in ours]
    assert (shift != 0) == (name in READ_LATE_BY_FFMPEG)


def test_negative_offsets_are_read_as_the_standard_says(corpus: dict[str, Sample]) -> None:
    times = [at for at, _ in pictures_in(virtual(corpus["pieces-cmaf.mp4"]))]
    meant = [Fraction(at, 1000) for at in recipe_named("pieces-cmaf.mp4").times_ms]
    assert all(abs(a - b) < Fraction(1, 999) for a, b in zip(times, meant, strict=True))


@pytest.mark.parametrize("name", PIECES)
def test_sound_is_that_of_the_master(corpus: dict[str, Sample], name: str) -> None:
    assert sound_in(virtual(corpus[name])) == sound_in(corpus[name].path)


@pytest.mark.parametrize("name", PIECES)
def test_the_virtual_file_is_no_longer_fragmented(corpus: dict[str, Sample], name: str) -> None:
    whole = virtual(corpus[name])
    found = probe(io.BytesIO(whole), name=name)
    assert found.condition is Condition.PLAYABLE
    assert not found.is_fragmented
    assert found.plays_in_browsers
    kinds = [box.kind for box in top_boxes(io.BytesIO(whole), len(whole))]
    assert kinds == [b"ftyp", b"moov", b"mdat"]


@pytest.mark.parametrize("name", PIECES)
def test_every_sample_points_into_the_master(corpus: dict[str, Sample], name: str) -> None:
    sample = corpus[name]
    head = index_head(sample.path) or b""
    master = sample.path.read_bytes()
    ours, own = io.BytesIO(head + master), io.BytesIO(master)
    ours_movie = read_movie(ours, len(head) + len(master))
    own_movie = read_movie(own, len(master))
    assert ours_movie is not None
    assert own_movie is not None
    found, there = all_samples(ours, ours_movie), all_samples(own, own_movie)
    for number, samples in there.items():
        assert (found[number].offset == samples.offset + len(head)).all()
        assert (found[number].size == samples.size).all()


@pytest.mark.parametrize("name", PIECES)
def test_a_browser_finds_every_picture(corpus: dict[str, Sample], name: str) -> None:
    whole = virtual(corpus[name])
    stream = io.BytesIO(whole)
    movie = read_movie(stream, len(whole))
    assert movie is not None
    tables = all_samples(stream, movie)
    assert all(seeks_exactly(tables[t.number]) for t in movie.tracks if t.handler == b"vide")


def test_an_index_is_small(corpus: dict[str, Sample]) -> None:
    assert len(index_head(corpus["pieces.mp4"].path) or b"") < 2500


@pytest.mark.parametrize("name", ["plain.mp4", "plain.mkv", "mpeg4.avi", "plain.ts"])
def test_other_files_need_none(corpus: dict[str, Sample], name: str) -> None:
    try:
        assert index_head(corpus[name].path) is None
    except DamagedError:
        assert not name.endswith(".mp4")


@settings(max_examples=40, deadline=None)
@given(share=st.floats(0.35, 1))
def test_of_a_cut_master_everything_that_is_there_is_shown(
    corpus: dict[str, Sample], share: float
) -> None:
    data = corpus["pieces.mp4"].path.read_bytes()
    data = data[: int(len(data) * share)]
    head = index_head(io.BytesIO(data))
    assert head is not None
    numbers = numbers_in(head + data)
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 1


def test_a_fragment_without_its_time_follows_the_one_before(corpus: dict[str, Sample]) -> None:
    data = corpus["pieces.mp4"].path.read_bytes().replace(b"tfdt", b"free")
    head = index_head(io.BytesIO(data))
    assert head is not None
    assert numbers_in(head + data) == list(range(20))


def test_fragments_without_a_picture_are_refused(corpus: dict[str, Sample]) -> None:
    data = corpus["pieces.mp4"].path.read_bytes().replace(b"trun", b"free")
    with pytest.raises(DamagedError, match="no picture"):
        index_head(io.BytesIO(data))


def test_a_master_beyond_four_gibibytes_is_pointed_into() -> None:
    """The sizes are 64 bits wide: the one box that holds the master says so."""
    head = struct.pack(">I4sQ", 1, b"mdat", 16 + (5 << 30))
    (box,) = top_boxes(io.BytesIO(head), 16 + (5 << 30))
    assert box.end == 16 + (5 << 30)
