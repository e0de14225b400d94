"""Cut-out figures, scaled and lit once and kept, stamped into pictures many times."""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from bodyworn.devices.simulate.space import GAMMA, Light3

Pixels = NDArray[np.uint8]
Item = TypeVar("Item")
_KEPT = 320  # on a shelf; a film needs some dozens at a time
# Brightness and size go in steps too small to see, so that a figure that hardly moves is drawn
# once and not anew in each frame.
_STEPS = 16  # of brightness
_SIZE_STEP = 0.012  # of the logarithm of the size


@dataclass(frozen=True, slots=True)
class Sprite:
    """A lit cut-out, ready to stamp."""

    ink: NDArray[np.uint16]  # colour times alpha
    rest: NDArray[np.uint16]  # 255 minus alpha, for each colour

    def stamp(self, picture: Pixels, *, left: int, top: int) -> None:
        """Lay it over the picture; what falls outside is cut off."""
        high, wide = self.ink.shape[:2]
        first_row, first_column = max(0, -top), max(0, -left)
        last_row = min(high, picture.shape[0] - top)
        last_column = min(wide, picture.shape[1] - left)
        if last_row <= first_row or last_column <= first_column:
            return
        cut = (slice(first_row, last_row), slice(first_column, last_column))
        under = picture[top + first_row : top + last_row, left + first_column : left + last_column]
        under[:] = ((under * self.rest[cut] + self.ink[cut]) // 255).astype(np.uint8)


class Sprites:
    """The sprites of one film, in three shelves: drawn, scaled, lit."""

    def __init__(self) -> None:
        self._drawn: dict[Hashable, Image.Image] = {}
        self._scaled: _Shelf[Pixels] = _Shelf()
        self._lit: _Shelf[Sprite] = _Shelf()

    def of(
        self, name: Hashable, draw: Callable[[], Image.Image], *, scale: float, light: Light3
    ) -> Sprite:
        """The drawing called `name`, made about `scale` times as large and lit so."""
        bright = tuple(round(_STEPS * part ** (1 / GAMMA)) for part in light)
        step = round(math.log(scale) / _SIZE_STEP)

        def scaled() -> Pixels:
            return self._scale(name, draw, math.exp(step * _SIZE_STEP))

        def lit() -> Sprite:
            return _sprite(self._scaled.get((name, step), scaled), bright)

        return self._lit.get((name, step, bright), lit)

    def _scale(self, name: Hashable, draw: Callable[[], Image.Image], scale: float) -> Pixels:
        if name not in self._drawn:
            # "RGBa" is colour times alpha, which is what scaling and stamping both want.
            self._drawn[name] = draw().convert("RGBa")
        master = self._drawn[name]
        size = (max(1, round(master.width * scale)), max(1, round(master.height * scale)))
        return np.asarray(master.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.5))


class _Shelf(Generic[Item]):
    """Keeps what was made, and lets go of what was used longest ago."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Item] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Item]) -> Item:
        if key not in self._kept:
            self._kept[key] = make()
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def shadow() -> Image.Image:
    """A soft dark patch on the ground."""
    picture = Image.new("RGBA", (120, 40), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((18, 8, 102, 32), fill=(0, 0, 0, 150))
    return picture.filter(ImageFilter.GaussianBlur(5))


def _sprite(pixels: Pixels, bright: tuple[int, ...]) -> Sprite:
    """Pixels whose colour is multiplied by alpha already, in this light."""
    factor = np.array(bright, np.uint32) * (255 * 64 // _STEPS)
    lit = (pixels[:, :, :3] * factor) >> 6
    rest = np.repeat(255 - pixels[:, :, 3:].astype(np.uint16), 3, axis=2)
    return Sprite(ink=np.minimum(lit, 255 * (255 - rest)).astype(np.uint16), rest=rest)
