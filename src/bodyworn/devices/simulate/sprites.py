"""Cut-out figures, scaled and lit once and kept, stamped into pictures many times."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from bodyworn.devices.simulate.space import GAMMA, Light3

Pixels = NDArray[np.uint8]
_KEPT = 256  # sprites; a film needs a few dozen at a time
_STEPS = 14  # steps of brightness, so that a slow walk does not draw a new sprite each frame


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
        """The drawing called `name`, made `scale` times as large and lit so."""
        bright = tuple(round(_STEPS * part ** (1 / GAMMA)) for part in light)
        master = self._masters.get(name) or self._masters.setdefault(name, draw())
        size = (max(1, round(master.width * scale)), max(1, round(master.height * scale)))
        key = (name, size, bright)
        if key not in self._ready:
            self._ready[key] = _sprite(master.resize(size, Image.Resampling.BILINEAR), bright)
            if len(self._ready) > _KEPT:
                self._ready.popitem(last=False)
        self._ready.move_to_end(key)
        return self._ready[key]


def shadow() -> Image.Image:
    """A soft dark patch on the ground."""
    picture = Image.new("RGBA", (120, 40), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((18, 8, 102, 32), fill=(0, 0, 0, 150))
    return picture.filter(ImageFilter.GaussianBlur(5))


def _sprite(picture: Image.Image, bright: tuple[int, ...]) -> Sprite:
    pixels = np.asarray(picture, np.uint16)
    alpha = pixels[:, :, 3:]
    lit = np.minimum(pixels[:, :, :3] * (np.array(bright, np.float32) / _STEPS), 255)
    ink = (lit * alpha).astype(np.uint16)
    rest = np.repeat(255 - alpha, 3, axis=2)
    return Sprite(ink=ink, rest=rest)
