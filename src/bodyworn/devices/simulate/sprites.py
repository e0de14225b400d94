"""Cut-out figures, scaled and lit once and kept, stamped into pictures many times."""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from bodyworn.devices.simulate.space import GAMMA, Light3

Pixels = NDArray[np.uint8]
_KEPT = 256  # sprites; a film needs a few dozen at a time
# Brightness and size go in steps too small to see, so that a figure that hardly moves is drawn
# once and not anew in each frame.
_STEPS = 16  # of brightness
_SIZE_STEP = 0.008  # of the logarithm of the size


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
    """The sprites of one film."""

    def __init__(self) -> None:
        self._masters: dict[Hashable, Image.Image] = {}
        self._ready: OrderedDict[Hashable, Sprite] = OrderedDict()

    def of(
        self, name: Hashable, draw: Callable[[], Image.Image], *, scale: float, light: Light3
    ) -> Sprite:
        """The drawing called `name`, made about `scale` times as large and lit so."""
        bright = tuple(round(_STEPS * part ** (1 / GAMMA)) for part in light)
        size = round(math.log(scale) / _SIZE_STEP)
        key = (name, size, bright)
        if key not in self._ready:
            self._ready[key] = self._made(name, draw, math.exp(size * _SIZE_STEP), bright)
            if len(self._ready) > _KEPT:
                self._ready.popitem(last=False)
        self._ready.move_to_end(key)
        return self._ready[key]

    def _made(
        self,
        name: Hashable,
        draw: Callable[[], Image.Image],
        scale: float,
        bright: tuple[int, ...],
    ) -> Sprite:
        if name not in self._masters:
            self._masters[name] = draw().convert("RGBa")
        master = self._masters[name]
        size = (max(1, round(master.width * scale)), max(1, round(master.height * scale)))
        return _sprite(master.resize(size, Image.Resampling.BILINEAR), bright)


def shadow() -> Image.Image:
    """A soft dark patch on the ground."""
    picture = Image.new("RGBA", (120, 40), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((18, 8, 102, 32), fill=(0, 0, 0, 150))
    return picture.filter(ImageFilter.GaussianBlur(5))


def _sprite(picture: Image.Image, bright: tuple[int, ...]) -> Sprite:
    pixels = np.asarray(picture)  # colour is multiplied by alpha already
    factor = np.array(bright, np.uint32) * (255 * 64 // _STEPS)
    lit = (pixels[:, :, :3] * factor) >> 6
    rest = np.repeat(255 - pixels[:, :, 3:].astype(np.uint16), 3, axis=2)
    return Sprite(ink=np.minimum(lit, 255 * (255 - rest)).astype(np.uint16), rest=rest)
