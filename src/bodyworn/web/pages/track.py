"""A map without tiles: the track in metres, drawn into a box, with a bar to measure by.

Positions are projected onto a plane that touches the earth at the track's middle (equirectangular;
over a few kilometres the error stays far below that of the receiver).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import cos, floor, log10, radians
from typing import Any

from bodyworn.core.types import Place

WIDTH, HEIGHT, MARGIN = 400, 216, 30  # of the box, in its own units
METRES_A_DEGREE = 111_320.0
LARGEST_SCALE = 8.0  # units a metre: a track of one spot shows 50 metres around it
LONGEST_BAR = 110  # units
MOST_POINTS = 240  # of hours of walking no more is visible in 400 units


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """What a template needs to draw, and what a script needs to follow."""

    points: str  # of the polyline, in the box's units
    bar_metres: int
    bar_length: float  # units
    grid: tuple[tuple[float, ...], tuple[float, ...]]  # x of upright lines, y of level ones
    accuracy: str  # `GPS, ±4 to 7 m`
    first: tuple[float, float, float]  # x, y and radius of the first fix
    has_speed: bool  # the receiver told speeds
    position: str  # `51.46215, −0.11448` of the first fix
    facts: dict[str, Any]  # for the script: rows of [ms, x, y, radius, speed], and the projection


def map_of(track: Sequence[Place], started_at: datetime) -> Map | None:
    """The map of a track; None where there is no position."""
    if not track:
        return None
    places = _thinned(track)
    middle = _middle([p.latitude for p in places]), _middle([p.longitude for p in places])
    metres = [_project(p, middle) for p in places]
    scale = _scale(metres)
    box = [_round(WIDTH / 2 + x * scale, HEIGHT / 2 - y * scale) for x, y in metres]
    bar = _bar(scale)
    return Map(
        points=" ".join(f"{x:g},{y:g}" for x, y in box),
        bar_metres=bar,
        bar_length=round(bar * scale, 1),
        grid=_grid(bar * scale),
        accuracy=_accuracy(track),
        first=(*box[0], _radius(places[0], scale)),
        has_speed=any(p.speed_mps is not None for p in track),
        position=_position(places[0]),
        facts={
            "rows": [
                [_ms(p.at, started_at), *xy, _radius(p, scale), _milli(p.speed_mps)]
                for p, xy in zip(places, box, strict=True)
            ],
            "middle": list(middle),
            "units": scale * METRES_A_DEGREE,  # a degree of latitude
            "narrowing": cos(radians(middle[0])),
            "box": [WIDTH, HEIGHT],
        },
    )


def _thinned(track: Sequence[Place]) -> list[Place]:
    """Evenly chosen, the last one always among them."""
    step = -(-len(track) // MOST_POINTS)
    kept = list(track[::step])
    return kept if kept[-1] is track[-1] else [*kept, track[-1]]


def _middle(values: list[float]) -> float:
    return (min(values) + max(values)) / 2


def _project(place: Place, middle: tuple[float, float]) -> tuple[float, float]:
    """Metres east and north of the middle."""
    east = (place.longitude - middle[1]) * METRES_A_DEGREE * cos(radians(middle[0]))
    return east, (place.latitude - middle[0]) * METRES_A_DEGREE


def _scale(metres: list[tuple[float, float]]) -> float:
    """Units a metre, so that the whole track fits into the box."""
    wide = max(abs(x) for x, _ in metres) * 2 or 1e-9
    high = max(abs(y) for _, y in metres) * 2 or 1e-9
    fits = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)
    return min(fits, LARGEST_SCALE)


def _bar(scale: float) -> int:
    """A length of 1, 2 or 5 times a power of ten that fits under the map."""
    longest = max(LONGEST_BAR / scale, 1)
    power = 10 ** floor(log10(longest))
    return int(max(n * power for n in (1, 2, 5) if n * power <= longest))


def _grid(step: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Lines as far apart as the bar is long, one of each through the middle."""

    def lines(length: int) -> tuple[float, ...]:
        first = (length / 2) % step
        return tuple(round(first + n * step, 1) for n in range(int((length - first) / step) + 1))

    return lines(WIDTH), lines(HEIGHT)


def _accuracy(track: Sequence[Place]) -> str:
    radii = [p.accuracy_m for p in track if p.accuracy_m is not None]
    if not radii:
        return "GPS, accuracy not stated"
    least, most = round(min(radii)), round(max(radii))
    return f"GPS, ±{least} m" if least == most else f"GPS, ±{least} to {most} m"


def _position(place: Place) -> str:
    return f"{place.latitude:.5f}, {place.longitude:.5f}".replace("-", "−")


def _radius(place: Place, scale: float) -> float:
    return round((place.accuracy_m or 0) * scale, 1)


def _milli(speed: float | None) -> int | None:
    return None if speed is None else round(speed * 1000)


def _ms(at: datetime, started_at: datetime) -> int:
    return round((at - started_at).total_seconds() * 1000)


def _round(x: float, y: float) -> tuple[float, float]:
    return round(x, 1), round(y, 1)
