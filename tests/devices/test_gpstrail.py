"""The Axis location trail."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.core.errors import DamagedError
from bodyworn.core.types import Place
from bodyworn.devices.gpstrail import places_in, trail_as_bytes

START = datetime(2026, 4, 12, 22, 41, 7, tzinfo=UTC)
AXIS = b"""{"CoordinateEntries": [
  {"LocationWKT": "POINT(13.1923 55.7131)", "SecondsFromStart": 64.0,
   "Timestamp": "2026-04-12T22:42:11.000Z"},
  {"LocationWKT": "POINT (-0.11448 51.46215)", "SecondsFromStart": 2.0,
   "Timestamp": "2026-04-12T22:41:09Z"}]}"""

coordinates = st.builds(
    lambda at, longitude, latitude: Place(
        at=START + timedelta(seconds=at),
        longitude=longitude / 1e7,
        latitude=latitude / 1e7,
        accuracy_m=4.5,
        speed_mps=1.25,
    ),
    st.integers(0, 3600),
    st.integers(-1_800_000_000, 1_800_000_000),
    st.integers(-900_000_000, 900_000_000),
)


def test_an_axis_trail_is_read_longitude_first_and_in_order_of_time() -> None:
    first, second = places_in(AXIS)
    assert (first.latitude, first.longitude) == (51.46215, -0.11448)
    assert first.at == START + timedelta(seconds=2)
    assert second.latitude == 55.7131
    assert second.accuracy_m is None


def test_seconds_count_from_the_first_frame() -> None:
    place = Place(at=START + timedelta(seconds=64), latitude=51.0, longitude=0.0)
    entry = json.loads(trail_as_bytes([place], started_at=START))["CoordinateEntries"][0]
    assert entry == {
        "LocationWKT": "POINT(0.0000000 51.0000000)",
        "SecondsFromStart": 64.0,
        "Timestamp": "2026-04-12T22:42:11.000Z",
    }


@given(st.lists(coordinates, unique_by=lambda place: place.at))
def test_what_is_written_is_read_again(places: list[Place]) -> None:
    places.sort(key=lambda place: place.at)
    assert places_in(trail_as_bytes(places, started_at=START)) == places


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"CoordinateEntries": 3}',
        b'{"CoordinateEntries": [3]}',
        b'{"CoordinateEntries": [{"LocationWKT": "POINT(1 2)"}]}',
        AXIS.replace(b"POINT", b"LINE"),
        AXIS.replace(b"55.7131", b"155.7131"),
        AXIS.replace(b"09Z", b"09"),
        b"[" * 100_000,
        AXIS.replace(b"2026-04-12T22:41:09Z", b"0001-01-01T00:00:00+23:59"),
        AXIS.replace(b'"SecondsFromStart": 2.0', b'"SpeedMps": 1' + b"0" * 400),
    ],
)
def test_a_trail_that_cannot_be_read_is_named(data: bytes) -> None:
    with pytest.raises(DamagedError) as error:
        places_in(data)
    assert error.value.code.startswith("gpstrail.")


@given(st.binary())
def test_no_bytes_make_the_reader_fall(data: bytes) -> None:
    with pytest.raises(DamagedError):
        places_in(data)
