"""The arithmetic of byte ranges against slices of real bytes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import RefusedError
from bodyworn.web.door.ranges import (
    SMALL,
    Part,
    Span,
    asked_span,
    cut,
    etag_of,
    is_expected,
    is_held,
    is_same,
    path_of,
    size_of,
)

ETAG = "ab" * 32
BLOBS = st.lists(st.binary(max_size=40), min_size=1, max_size=5)


def parts_of(blobs: list[bytes]) -> tuple[Part, ...]:
    return tuple((Sha256.of(blob), len(blob)) for blob in blobs)


@given(BLOBS, st.data())
def test_the_pieces_of_a_span_are_the_slice_of_the_concatenation(
    blobs: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(blobs)
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    by_digest = {Sha256.of(blob): blob for blob in blobs}
    pieces = cut(parts_of(blobs), Span(start, stop))
    read = b"".join(by_digest[p.digest][p.offset : p.offset + p.length] for p in pieces)
    assert read == whole[start:stop]
    assert all(piece.length > 0 for piece in pieces)


@given(st.binary(min_size=1, max_size=100), st.integers(0, 120), st.integers(0, 120))
def test_first_and_last_are_the_inclusive_slice_cut_at_the_end(
    whole: bytes, first: int, more: int
) -> None:
    header = f"bytes={first}-{first + more}"
    if first >= len(whole):
        with pytest.raises(RefusedError, match="outside"):
            asked_span(header, len(whole))
    else:
        span = asked_span(header, len(whole))
        assert span is not None
        assert whole[span.start : span.stop] == whole[first : first + more + 1]
        assert span.length == len(whole[first : first + more + 1])


@given(st.binary(min_size=1, max_size=100), st.integers(1, 120))
def test_a_suffix_is_the_last_bytes_or_all_of_them(whole: bytes, length: int) -> None:
    span = asked_span(f"bytes=-{length}", len(whole))
    assert span is not None
    assert whole[span.start : span.stop] == whole[-length:]


@given(st.text(max_size=30), st.integers(0, 2 * SMALL))
def test_any_header_is_a_span_inside_the_file_or_the_whole_or_refused(
    header: str, size: int
) -> None:
    for text in (header, f"bytes={header}"):
        span = span_or_refusal(text, size)
        assert span in (None, 416) or 0 <= span.start < span.stop <= size


def span_or_refusal(header: str, size: int) -> Any:
    try:
        return asked_span(header, size)
    except RefusedError as error:
        return error.http_status


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, None),
        ("bytes=0-", Span(0, 100)),
        ("bytes=99-", Span(99, 100)),
        ("bytes=0-0", Span(0, 1)),
        ("BYTES=5-9", Span(5, 10)),
        ("bytes= 5-9 ", Span(5, 10)),
        ("bytes=90-9999999999999999999", Span(90, 100)),
        ("bytes=-1", Span(99, 100)),
        ("bytes=-9999999999999999999", Span(0, 100)),
        ("seconds=5-9", None),
        ("", None),
        # Not well-formed, or several: ignored, because the file is small.
        ("bytes=9-5", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=5", None),
        ("bytes=0-1,5-6", None),
        ("bytes=٣-٤", None),
        ("bytes=" + "9" * 100_000 + "-", None),
    ],
)
def test_a_header_of_a_small_file_means(header: str | None, span: Span | None) -> None:
    assert asked_span(header, 100) == span


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_that_lies_outside_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(RefusedError) as caught:
        asked_span(header, 100)
    assert (caught.value.code, caught.value.http_status) == ("range.unsatisfiable", 416)
    assert caught.value.facts == {"size": 100}


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=9-5", "bytes=a-b", "bytes=5"])
def test_what_is_not_one_range_never_fetches_a_whole_large_file(header: str) -> None:
    assert asked_span(header, SMALL) is None
    with pytest.raises(RefusedError) as caught:
        asked_span(header, SMALL + 1)
    assert (caught.value.code, caught.value.http_status) == ("range.not-one", 416)


def test_an_empty_file_has_no_first_byte_but_may_be_asked_for_its_last_ones() -> None:
    assert asked_span("bytes=-5", 0) is None
    with pytest.raises(RefusedError):
        asked_span("bytes=0-", 0)


def test_one_part_is_named_by_its_own_digest_and_several_by_all_of_theirs() -> None:
    index, master = parts_of([b"index", b"master"])
    assert etag_of([master]) == master[0]
    assert etag_of([index, master]) == Sha256.of(index[0].raw + master[0].raw)
    assert etag_of([index, master]) != etag_of([master, index])
    assert path_of([master]) == f"/bytes/{master[0].hex}"
    assert size_of([index, master]) == 11


@pytest.mark.parametrize(
    ("header", "expected", "held", "same"),
    [
        (None, True, False, True),
        (f'"{ETAG}"', True, True, True),
        (f' "{ETAG}" ', True, True, True),
        (f'W/"{ETAG}"', False, True, False),
        (f'"x", "{ETAG}"', True, True, False),
        (f'W/"x","y", W/"{ETAG}"', False, True, False),
        ('"other"', False, False, False),
        (ETAG, False, False, False),
        ("*", True, True, False),
        ("", False, False, False),
        ("Sun, 12 Apr 2026 22:41:07 GMT", False, False, False),
    ],
)
def test_preconditions_compare_strongly_but_for_if_none_match(
    header: str | None, expected: bool, held: bool, same: bool
) -> None:
    assert is_expected(header, ETAG) is expected
    assert is_held(header, ETAG) is held
    assert is_same(header, ETAG) is same
