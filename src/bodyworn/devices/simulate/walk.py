"""Where the wearer was: a location fix each second, a few metres wrong as real ones are."""

import math
from collections.abc import Iterator
from datetime import timedelta

from bodyworn.core.types import Place
from bodyworn.devices.simulate import dice
from bodyworn.devices.simulate.nouns import Recording
from bodyworn.devices.simulate.view import WALK_IN

_METRES_A_DEGREE = 111_320.0  # of latitude
_PACE = 1.35  # metres a second


def places_of(recording: Recording) -> list[Place]:
    """The track of a recording, first fix at its first frame."""
    return list(_places(recording))


def _places(recording: Recording) -> Iterator[Place]:
    heading = math.radians(recording.heading)
    east_scale = _METRES_A_DEGREE * math.cos(math.radians(recording.latitude))
    for second in range(int(recording.seconds) + 1):
        walked = _walked(second)
        north = walked * math.cos(heading) + _error(recording, "north", second)
        east = walked * math.sin(heading) + _error(recording, "east", second)
        yield Place(
            at=recording.started_at + timedelta(seconds=second),
            latitude=round(recording.latitude + north / _METRES_A_DEGREE, 7),
            longitude=round(recording.longitude + east / east_scale, 7),
            accuracy_m=round(dice.between(4.0, 7.0, recording.view, "accuracy", second // 6), 1),
            speed_mps=round(abs(_walked(second + 1) - walked), 2),
        )


def _walked(second: float) -> float:
    """Metres: up to the people first, then a few steps to and fro."""
    first = _PACE * min(second, WALK_IN)
    later = max(0.0, second - WALK_IN)
    return first + 1.6 * (1 - math.cos(later / 5)) + 0.25 * later


def _error(recording: Recording, way: str, second: int) -> float:
    """Receivers drift slowly; metres."""
    before, share = divmod(second, 5)
    low = dice.between(-1.6, 1.6, recording.view, way, before)
    high = dice.between(-1.6, 1.6, recording.view, way, before + 1)
    return low + (high - low) * share / 5
