"""Nonsense in boxes is DamagedError: never another exception, never a hang, never much memory."""

import io
import struct
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.corpus import Sample

from bodyworn.core.errors import DamagedError
from bodyworn.media.boxes import children, find, read_box, top_boxes, wrap, wrap_full
from bodyworn.media.fragments import all_samples
from bodyworn.media.index import index_head
from bodyworn.media.movie import read_movie

KINDS = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf", b"mdat", b"udta", b"trun"]


def read_all(data: bytes) -> None:
    """Everything that is read from boxes; raises DamagedError or nothing."""
    stream = io.BytesIO(data)
    movie = read_movie(stream, len(data))
    if movie is not None:
        all_samples(stream, movie)
    index_head(stream)


def survives(data: bytes) -> bool:
    """Anything but DamagedError fails the test."""
    with suppress(DamagedError):
        read_all(data)
    return True


def test_boxes_are_found_where_they_are() -> None:
    data = wrap(b"moov", wrap(b"trak", wrap(b"mdia")), wrap(b"udta")) + wrap(b"mdat", bytes(9))
    moov, mdat = top_boxes(io.BytesIO(data), len(data))
    assert (moov.kind, moov.end, mdat.end) == (b"moov", mdat.start, len(data))
    inside, box = read_box(io.BytesIO(data), moov)
    assert [child.kind for child in children(inside, box)] == [b"trak", b"udta"]
    assert find(inside, box, b"trak", b"mdia") is not None
    assert find(inside, box, b"trak", b"mdia", b"minf") is None


def test_a_box_may_reach_to_the_end_or_beyond_four_gibibytes() -> None:
    to_the_end = struct.pack(">I4s", 0, b"mdat") + bytes(50)
    assert top_boxes(io.BytesIO(to_the_end), 58)[0].end == 58
    wide = struct.pack(">I4sQ", 1, b"mdat", 7 << 32)
    assert top_boxes(io.BytesIO(wide), 16)[0].end == 7 << 32


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">I4s", 4, b"moov"),
        struct.pack(">I4sQ", 1, b"moov", 3),
        struct.pack(">I4s", 16, b"\0\0\0\0") + bytes(8),
        wrap(b"moov", struct.pack(">I4s", 99, b"trak")),
        wrap(b"moov"),
        wrap(b"moov", wrap_full(b"mvhd", bytes(96))),
        wrap(b"moov", wrap(b"free") * 20_000),
    ],
    ids=["size 4", "wide size 3", "no kind", "child too long", "empty", "clock 0", "crowded"],
)
def test_nonsense_is_named(data: bytes) -> None:
    with pytest.raises(DamagedError):
        read_all(data)


nested = st.recursive(
    st.binary(max_size=60),
    lambda inner: st.builds(
        lambda kind, parts: wrap(kind, *parts), st.sampled_from(KINDS), st.lists(inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(nested, max_size=5))
def test_any_nest_of_boxes_is_survived(parts: list[bytes]) -> None:
    assert survives(b"".join(parts))


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(["b-frames.mp4", "pieces.mp4", "pieces-delayed.mp4", "sound-later.mp4"]),
    where=st.floats(0, 1, exclude_max=True),
    value=st.binary(min_size=1, max_size=8),
)
def test_any_change_in_an_index_is_survived(
    corpus: dict[str, Sample], name: str, where: float, value: bytes
) -> None:
    data = bytearray(corpus[name].path.read_bytes())
    boxes = top_boxes(io.BytesIO(data), len(data))
    heads = [box for box in boxes if box.kind in (b"moov", b"moof")]
    box = heads[int(where * 1000) % len(heads)]
    at = box.start + int((box.end - box.start) * where)
    data[at : at + len(value)] = value
    assert survives(bytes(data))


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1))
def test_any_cut_is_survived(corpus: dict[str, Sample], share: float) -> None:
    data = corpus["pieces-delayed.mp4"].path.read_bytes()
    assert survives(data[: int(len(data) * share)])


def test_a_claim_of_four_thousand_million_samples_costs_nothing(
    corpus: dict[str, Sample],
) -> None:
    data = bytearray(corpus["b-frames.mp4"].path.read_bytes())
    for kind, skip in ((b"stts", 8), (b"ctts", 8), (b"stsz", 12), (b"stsc", 8)):
        at = data.index(kind) + 4 + skip
        data[at : at + 4] = b"\xff\xff\xff\xff"
        tracemalloc.start()
        assert survives(bytes(data))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
        tracemalloc.stop()
