"""Positions inside files: GoPro's track agrees with exiftool, phones' text is read."""

import io
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.core.errors import DamagedError
from bodyworn.core.types import Place
from bodyworn.media.places import fixes_in_block, place_in_text
from bodyworn.media.probe import probe

NOON = datetime(2026, 4, 12, 12, 0, tzinfo=UTC)
# exiftool -ee -n gpmf/karma.mp4: the first, the second and the last of 47 fixes.
BY_EXIFTOOL = {
    0: ("2017-04-17T19:27:57.526+00:00", 33.1253688, -117.3310668),
    1: ("2017-04-17T19:27:57.778+00:00", 33.1253712, -117.3310685),
    46: ("2017-04-17T19:28:09.119+00:00", 33.1260123, -117.3314792),
}


def entry(key: str, letter: str, size: int, *items: bytes) -> bytes:
    """One key-length-value entry, padded to four bytes."""
    body = b"".join(items)
    count = len(body) // size if size else 0
    head = key.encode() + letter.encode() + struct.pack(">BH", size, count)
    return head + body + bytes(-len(body) % 4)


def nest(key: str, *entries: bytes) -> bytes:
    return entry(key, "\0", 1, *entries)


def gps5(rows: list[tuple[int, int, int, int, int]], *, fix: int = 3) -> bytes:
    return nest(
        "DEVC",
        nest(
            "STRM",
            entry("GPSF", "L", 4, struct.pack(">I", fix)),
            entry("GPSU", "U", 16, b"260412120000.000"),
            entry("GPSP", "S", 2, struct.pack(">H", 150)),
            entry("SCAL", "l", 4, struct.pack(">5i", 10_000_000, 10_000_000, 1000, 1000, 100)),
            entry("GPS5", "l", 20, *(struct.pack(">5i", *row) for row in rows)),
        ),
    )


def fixes(block: bytes) -> list[Place]:
    return list(fixes_in_block(block, 1.0))


def test_a_real_track_agrees_with_exiftool(vectors: Path) -> None:
    places = probe(vectors / "gpmf" / "karma.mp4", name="karma.mp4").places
    assert len(places) == 47
    for number, (at, latitude, longitude) in BY_EXIFTOOL.items():
        place = places[number]
        assert (round(place.latitude, 7), round(place.longitude, 7)) == (latitude, longitude)
        assert abs(place.at - datetime.fromisoformat(at)) < timedelta(milliseconds=2)
        assert 0 < (place.speed_mps or 0) < 20


def test_fixes_of_a_second_are_spread_over_it() -> None:
    row = (514613000, -1156000, 31_000, 1500, 160)
    first, second = fixes(gps5([row, row]))
    assert (first.latitude, first.longitude, first.speed_mps) == (51.4613, -0.1156, 1.5)
    assert (first.at, second.at) == (NOON, NOON + timedelta(milliseconds=500))


def test_no_fix_is_no_place() -> None:
    row = (514613000, -1156000, 31_000, 1500, 160)
    assert fixes(gps5([row], fix=0)) == []
    assert fixes(gps5([(0, 0, 0, 0, 0)])) == []
    assert fixes(gps5([(2_000_000_000, 0, 0, 0, 0)])) == []


def test_newer_cameras_date_every_row() -> None:
    days = (NOON.date() - datetime(2000, 1, 1, tzinfo=UTC).date()).days
    row = struct.pack(">7iHH", 514613000, -1156000, 31_000, 1500, 160, days, 43_200_500, 150, 3)
    scales = (10_000_000, 10_000_000, 1000, 1000, 100, 1, 1000, 100, 1)
    block = nest(
        "STRM",
        entry("TYPE", "c", 1, b"lllllllSS"),
        entry("SCAL", "l", 4, struct.pack(">9i", *scales)),
        entry("GPS9", "?", len(row), row),
    )
    (place,) = fixes(block)
    assert place.at == NOON + timedelta(milliseconds=500)
    assert place.latitude == 51.4613


@given(st.binary(max_size=300), st.integers(0, 120))
def test_nonsense_in_a_block_is_damage_or_nothing(noise: bytes, at: int) -> None:
    good = gps5([(514613000, -1156000, 31_000, 1500, 160)])
    try:
        found = fixes(good[:at] + noise)
    except DamagedError:
        return
    assert all(abs(place.latitude) <= 90 for place in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+51.4613-000.1156/", (51.4613, -0.1156)),
        ("+51.4613-000.1156+031.000/", (51.4613, -0.1156)),
        ("-33.86+151.21/", (-33.86, 151.21)),
        ("somewhere in Brixton", None),
        ("+95.00+000.10/", None),
        ("+00.0000+000.0000/", None),
    ],
)
def test_a_phones_position_is_read(text: str, expected: tuple[float, float] | None) -> None:
    place = place_in_text({"location": text}, NOON)
    assert (place and (place.latitude, place.longitude)) == expected


def test_a_position_that_nobody_dated_is_left_out() -> None:
    assert place_in_text({"location": "+51.4613-000.1156/"}, None) is None


def test_a_broken_position_track_does_not_touch_the_verdict(vectors: Path) -> None:
    data = (vectors / "gpmf" / "karma.mp4").read_bytes()
    found = probe(io.BytesIO(data.replace(b"GLPI", b"GPS9")), name="karma.mp4")
    assert found.condition == "playable"
    assert found.places == ()
