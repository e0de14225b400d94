"""The location trail that Axis cameras write beside a recording, `…_gpstrail.json`.

Source: Axis body worn Content Destination API, GNSS track recording: an object
`{"CoordinateEntries": [{"LocationWKT": "POINT(lon lat)", "SecondsFromStart": 64.0,
"Timestamp": "…Z"}]}`, seconds counted from the recording's first frame. `AccuracyM` and
`SpeedMps` are our own additions, which other readers skip. Only the trail is read here; where
the file lies is for each camera.
"""

import json
import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.errors import DamagedError
from bodyworn.core.types import Place

SUFFIX = "_gpstrail.json"
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_POINT = re.compile(rf"\s*POINT\s*\(\s*({_NUMBER})\s+({_NUMBER})(?:\s+{_NUMBER})*\s*\)\s*", re.I)


def trail_as_bytes(places: Iterable[Place], *, started_at: datetime) -> bytes:
    """The trail as a file; positions to a centimetre (seven decimals of a degree)."""
    entries = [_entry(place, started_at) for place in places]
    return json.dumps({"CoordinateEntries": entries}, indent=1).encode()


def places_in(data: bytes) -> list[Place]:
    """The positions of a trail in their order of time.

    Raises DamagedError: gpstrail.not-a-trail, gpstrail.wrong-entry.
    """
    try:
        entries = json.loads(data)["CoordinateEntries"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DamagedError("gpstrail.not-a-trail", "This is not a location trail.") from None
    if not isinstance(entries, list):
        raise DamagedError("gpstrail.not-a-trail", "This is not a location trail.")
    return sorted((_place(each) for each in entries), key=lambda place: place.at)


def _entry(place: Place, started_at: datetime) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "LocationWKT": f"POINT({place.longitude:.7f} {place.latitude:.7f})",
        "SecondsFromStart": (place.at - started_at).total_seconds(),
        "Timestamp": iso(place.at),
    }
    if place.accuracy_m is not None:
        entry["AccuracyM"] = round(place.accuracy_m, 2)
    if place.speed_mps is not None:
        entry["SpeedMps"] = round(place.speed_mps, 2)
    return entry


def _place(entry: Any) -> Place:
    try:
        point = _POINT.fullmatch(entry["LocationWKT"])
        at = parse_iso(entry["Timestamp"])
        accuracy, speed = _positive(entry.get("AccuracyM")), _positive(entry.get("SpeedMps"))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        # OverflowError: the year 1 east of Greenwich, or a whole number beyond every float.
        raise _wrong() from None
    if point is None:
        raise _wrong()
    longitude, latitude = float(point[1]), float(point[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise _wrong()
    return Place(
        at=at, latitude=latitude, longitude=longitude, accuracy_m=accuracy, speed_mps=speed
    )


def _positive(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not (math.isfinite(value) and value >= 0):
        raise ValueError
    return float(value)


def _wrong() -> DamagedError:
    return DamagedError("gpstrail.wrong-entry", "A position of this location trail is unreadable.")
