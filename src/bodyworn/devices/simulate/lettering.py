"""Letters: one typeface, the one inside Pillow, so that every machine draws the same pictures."""

from datetime import datetime, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
BAND = 20  # pixels, height of the overlay
_ADVANCE = 10  # pixels from one letter of the overlay to the next
_BLACK, _WHITE = 0, 236


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The typeface at a height in pixels."""
    return ImageFont.load_default(size)


def lettered(text: str, *, size: int, ink: tuple[int, int, int], bold: bool = False) -> Image.Image:
    """Words on nothing, cut to their own size."""
    stroke = max(1, size // 18) if bold else 0
    left, top, right, bottom = font(size).getbbox(text, stroke_width=stroke)
    picture = Image.new("RGBA", (round(right - left) + 2, round(bottom - top) + 2), (*ink, 0))
    ImageDraw.Draw(picture).text(
        (1 - left, 1 - top), text, font=font(size), fill=(*ink, 255), stroke_width=stroke
    )
    return picture


class ClockOverlay:
    """The black band across the top: date, time to a hundredth, camera, and what this is.

    Letters stand at equal distances, so that the figures do not dance while the clock runs.
    """

    def __init__(self, *, started_at: datetime, rate: int, serial: str, width: int) -> None:
        self._started_at, self._rate, self._width = started_at, rate, width
        self._words = f"UTC  CAM {serial}  SYNTHETIC FOOTAGE"

    def draw(self, picture: Pixels, frame: int) -> None:
        """Write the band of this frame into the picture."""
        band = np.full((BAND, self._width), _BLACK, np.uint8)
        for place, letter in enumerate(f"{self.text(frame)} {self._words}"):
            left = 8 + place * _ADVANCE
            if letter != " " and left + _ADVANCE <= self._width:
                band[:, left : left + _ADVANCE] = _glyph(letter)
        picture[:BAND] = band[:, :, None]

    def text(self, frame: int) -> str:
        """The time of a frame as the band shows it; hundredths are cut off, not rounded."""
        hundredths = frame * 100 // self._rate
        moment = self._started_at + timedelta(milliseconds=hundredths * 10)
        return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 10_000:02d}"


@cache
def _glyph(letter: str) -> Pixels:
    cell = Image.new("L", (_ADVANCE, BAND), _BLACK)
    middle = (_ADVANCE / 2, BAND / 2 + 5)
    ImageDraw.Draw(cell).text(
        middle, letter, font=font(15), fill=_WHITE, anchor="ms", stroke_width=0.3
    )
    return np.asarray(cell)
