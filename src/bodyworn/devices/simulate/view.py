"""Where the wearer's camera is at each moment: walking in, then standing, never quite still."""

import math
from dataclasses import dataclass

from bodyworn.devices.simulate import dice
from bodyworn.devices.simulate.nouns import Recording
from bodyworn.devices.simulate.space import EYE, Lens

WALK_IN = 5.5  # seconds until the wearer stands
_WALK_M = 1.9  # metres walked in the picture
_DEPTH = 12.0  # metres; the place grows as if it were a wall that far away


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One moment's camera."""

    second: float  # from the first frame
    back: float  # metres still to walk
    across: float  # pixels that the picture is shaken to the right
    down: float  # pixels that it is shaken down
    lens: Lens  # of the whole canvas
    width: int  # pixels of the picture
    height: int  # pixels of the picture

    @property
    def zoom(self) -> float:
        """How large the empty place appears; 1 once the wearer stands."""
        return _DEPTH / (_DEPTH + self.back)

    @property
    def corner(self) -> tuple[float, float]:
        """Column and row of the canvas at the picture's upper left corner."""
        left = self.lens.width / 2 - (self.width / 2 + self.across) / self.zoom
        top = self.lens.horizon - (self._horizon + self.down) / self.zoom
        return left, top

    @property
    def _horizon(self) -> float:
        return self.lens.horizon - (self.lens.height - self.height) / 2

    def scale(self, z: float) -> float:
        """Pixels a metre at a distance from where the wearer will stand."""
        return self.lens.focal / (z + self.back)

    def spot(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Column and row of a point in the picture."""
        scale = self.scale(z)
        column = self.width / 2 + self.across + scale * x
        return column, self._horizon + self.down + scale * (EYE - y)


def view_at(recording: Recording, lens: Lens, number: int) -> View:
    """The camera at a frame."""
    second = number / recording.rate
    share = min(1.0, second / WALK_IN)
    walking = 1.0 - share
    slow, step = _sway(recording.view, second), second * math.tau * 1.9
    return View(
        second=second,
        back=_WALK_M * (1 - (3 * share**2 - 2 * share**3)),
        across=slow[0] + 4 * walking * math.sin(step / 2),
        down=slow[1] + 5 * walking * abs(math.sin(step)),
        lens=lens,
        width=recording.width,
        height=recording.height,
    )


def _sway(seed: int, second: float) -> tuple[float, float]:
    """Breathing and shifting from foot to foot, in pixels."""
    first, other = dice.between(0, 6, seed, "sway"), dice.between(0, 6, seed, "nod")
    across = 5 * math.sin(second * 0.7 + first) + 2.5 * math.sin(second * 1.9 + other)
    return across, 2.5 * math.sin(second * 1.3 + other) + 1.5 * math.sin(second * 0.45 + first)
