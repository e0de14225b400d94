"""Cars seen from behind and from the front, with plates that can be read."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bodyworn.devices.simulate import dice
from bodyworn.devices.simulate.heads import shade
from bodyworn.devices.simulate.lettering import lettered
from bodyworn.devices.simulate.looks import Colour

SCALE = 260  # pixels a metre
_FINE = 2  # drawn larger by this and reduced
_WIDE, _TALL = 2.0, 1.7  # metres of canvas
PAINTS = ((122, 24, 32), (34, 52, 92), (168, 172, 176), (40, 42, 46), (58, 92, 70), (206, 204, 198))

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """One car to the eye."""

    plate: str  # registration
    paint: Colour
    is_lit: bool = False  # lamps on


def parked_car(seed: int, plate: str) -> Car:
    """The car of an incident."""
    return Car(plate=plate, paint=dice.among(PAINTS, seed, "paint"))


def rear(car: Car) -> Image.Image:
    """The car from behind; its wheels stand on the lower edge."""
    picture, draw = _canvas()
    _shell(draw, car)
    _rear_lamps(draw, car)
    _seams(draw, car)
    return _finished(picture, car, yellow=True)


def front(car: Car) -> Image.Image:
    """The car from the front."""
    picture, draw = _canvas()
    _shell(draw, car)
    _grille(draw, car)
    return _finished(picture, car, yellow=False)


def glare(ink: Colour) -> Image.Image:
    """A lamp's shine, 64 pixels across."""
    rows, columns = np.mgrid[-32:32, -32:32].astype(np.float32)
    fade = np.exp(-(rows**2 + columns**2) / 130) * 200
    picture = Image.new("RGB", (64, 64), ink)
    picture.putalpha(Image.fromarray(fade.astype(np.uint8)))
    return picture


def plate(text: str, *, yellow: bool) -> Image.Image:
    """A number plate, 520 by 111 mm: yellow behind, white in front (BS AU 145)."""
    width, height = round(0.52 * SCALE * 2), round(0.111 * SCALE * 2)
    ground = (240, 196, 36) if yellow else (236, 236, 228)
    picture = Image.new("RGB", (width, height), (20, 20, 20))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((2, 2, width - 3, height - 3), 6, fill=ground)
    draw.rectangle((4, 4, 26, height - 5), fill=(24, 52, 140))
    words = lettered(text, size=52, ink=(12, 12, 12), bold=True)
    words = words.resize((width - 48, height - 16), Image.Resampling.LANCZOS)
    picture.paste(words, (34, 8), words)
    return picture


def _canvas() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    size = (round(_WIDE * SCALE * _FINE), round(_TALL * SCALE * _FINE))
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    return picture, ImageDraw.Draw(picture)


def _xy(x: float, y: float) -> Point:
    return (x + _WIDE / 2) * SCALE * _FINE, (_TALL - y) * SCALE * _FINE


def _box(x: float, y: float, across: float, down: float) -> tuple[float, float, float, float]:
    return *_xy(x - across, y + down), *_xy(x + across, y - down)


def _mirrored(half: list[Point]) -> list[Point]:
    return [_xy(x, y) for x, y in half] + [_xy(-x, y) for x, y in reversed(half)]


def _shell(draw: ImageDraw.ImageDraw, car: Car) -> None:
    for side in (-1, 1):
        draw.rounded_rectangle(_box(side * 0.68, 0.2, 0.12, 0.2), 30, fill=(14, 14, 16))
    draw.rectangle(_box(0, 0.28, 0.72, 0.1), fill=(12, 12, 14))
    lower = [
        (0.0, 0.98),
        (0.74, 0.98),
        (0.84, 0.9),
        (0.88, 0.68),
        (0.87, 0.36),
        (0.8, 0.24),
        (0.0, 0.24),
    ]
    roof = [(0.0, 1.48), (0.46, 1.46), (0.58, 1.4), (0.76, 0.96), (0.0, 0.96)]
    for side in (-1, 1):
        draw.ellipse(_box(side * 0.83, 1.0, 0.09, 0.055), fill=shade(car.paint, 0.7))
    draw.polygon(_mirrored(roof), fill=shade(car.paint, 0.92))
    draw.polygon(_mirrored(lower), fill=car.paint)
    glass = [(0.0, 1.4), (0.44, 1.39), (0.52, 1.35), (0.66, 1.0), (0.0, 1.0)]
    draw.polygon(_mirrored(glass), fill=(26, 32, 40))
    draw.polygon(
        [_xy(-0.5, 1.3), _xy(-0.18, 1.39), _xy(-0.36, 1.0), _xy(-0.62, 1.0)], fill=(46, 56, 68)
    )
    for x in (-0.3, 0.3):  # head rests
        draw.rounded_rectangle(_box(x, 1.08, 0.1, 0.1), 20, fill=(16, 18, 22))
    draw.polygon(
        _mirrored([(0.0, 0.97), (0.74, 0.97), (0.8, 0.93), (0.0, 0.93)]),
        fill=shade(car.paint, 1.35),
    )


def _rear_lamps(draw: ImageDraw.ImageDraw, car: Car) -> None:
    red = (250, 60, 44) if car.is_lit else (150, 22, 24)
    for side in (-1, 1):
        lamp = [(0.58, 0.9), (0.82, 0.88), (0.86, 0.7), (0.66, 0.68)]
        draw.polygon([_xy(side * x, y) for x, y in lamp], fill=red)
        draw.rounded_rectangle(_box(side * 0.72, 0.73, 0.09, 0.025), 8, fill=(226, 210, 190))
        draw.rounded_rectangle(_box(side * 0.74, 0.83, 0.05, 0.02), 8, fill=shade(red, 1.5))
    draw.rounded_rectangle(_box(0, 0.36, 0.8, 0.1), 26, fill=shade(car.paint, 0.72))
    draw.rounded_rectangle(_box(0, 0.28, 0.6, 0.04), 12, fill=(24, 24, 26))
    draw.ellipse(_box(0.48, 0.22, 0.045, 0.03), fill=(70, 72, 76))


def _seams(draw: ImageDraw.ImageDraw, car: Car) -> None:
    dark = shade(car.paint, 0.5)
    draw.line(
        [_xy(-0.62, 0.94), _xy(-0.6, 0.48), _xy(0.6, 0.48), _xy(0.62, 0.94)], fill=dark, width=4
    )
    draw.ellipse(_box(0, 0.86, 0.05, 0.05), fill=(176, 180, 184))
    draw.line([_xy(-0.06, 1.03), _xy(0.34, 1.1)], fill=(8, 8, 8), width=5)  # wiper


def _grille(draw: ImageDraw.ImageDraw, car: Car) -> None:
    white = (255, 250, 226) if car.is_lit else (198, 206, 212)
    draw.polygon(
        _mirrored([(0.0, 0.72), (0.42, 0.74), (0.38, 0.58), (0.0, 0.56)]), fill=(18, 18, 20)
    )
    for side in (-1, 1):
        lamp = [(0.48, 0.72), (0.82, 0.8), (0.86, 0.66), (0.54, 0.6)]
        draw.polygon([_xy(side * x, y) for x, y in lamp], fill=white)
    draw.rounded_rectangle(_box(0, 0.34, 0.7, 0.07), 20, fill=(26, 26, 28))
    draw.line([_xy(-0.78, 0.84), _xy(0.78, 0.84)], fill=shade(car.paint, 0.6), width=4)


def _finished(picture: Image.Image, car: Car, *, yellow: bool) -> Image.Image:
    alpha = picture.getchannel("A")
    picture = ImageChops.multiply(picture.convert("RGB"), _modelling(picture.size))
    sign = plate(car.plate, yellow=yellow)
    left, top = _xy(-0.26, 0.62 if yellow else 0.44)
    picture.paste(sign, (round(left), round(top)))
    picture.putalpha(alpha.filter(ImageFilter.GaussianBlur(1)))
    return picture.reduce(_FINE)


def _modelling(size: tuple[int, int]) -> Image.Image:
    """Metal is brightest at its shoulder, darker below and towards the sides."""
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    x = (columns / size[0] - 0.5) * 2
    y = _TALL * (1 - rows / size[1])
    light = 0.8 + 0.24 * np.exp(-(((y - 0.94) / 0.16) ** 2)) - 0.3 * x**2 - 0.22 * (y < 0.5)
    grey = Image.fromarray(np.clip(light * 245, 0, 255).astype(np.uint8))
    return Image.merge("RGB", [grey] * 3)
