"""Flat pictures for the walls and floors of streets, drawn from the seed."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bodyworn.devices.simulate import dice
from bodyworn.devices.simulate.heads import shade
from bodyworn.devices.simulate.lettering import lettered
from bodyworn.devices.simulate.looks import Colour
from bodyworn.devices.simulate.space import Floats, Surface, linear

WALL = 40  # pixels a metre of walls
GROUND = 36  # pixels a metre of grounds
_FLOOR = 2.9  # metres from one floor to the next
_BRICKS = ((132, 84, 66), (150, 112, 82), (116, 76, 66), (168, 150, 122), (120, 102, 88))
_SHOPS = ("NISA", "HAIR", "CAFE", "PHONES", "BOOKS", "PIZZA", "TAILOR", "FRUIT & VEG", "CHEMIST")
_FRONTS = ((28, 66, 60), (120, 30, 34), (34, 44, 84), (150, 110, 30), (60, 30, 70), (40, 40, 44))
_GOODS = ((190, 80, 60), (90, 140, 90), (210, 180, 90), (80, 100, 150))

Edges = tuple[float, float, float, float]


class Wall:
    """A wall in metres: x along it, y up from the ground; what it is painted, and what shines."""

    def __init__(self, *, length: float, height: float, ground: Colour | None = None) -> None:
        size = (round(length * WALL), round(height * WALL))
        paper = (*ground, 255) if ground else (90, 80, 74, 0)
        self.paint = Image.new("RGBA", size, paper)
        self.glow = Image.new("RGB", size, (0, 0, 0))
        self._draw, self._shine = ImageDraw.Draw(self.paint), ImageDraw.Draw(self.glow)

    def edges(self, x: float, y: float, wide: float, high: float) -> Edges:
        """Pixels of a rectangle whose lower left corner is at x, y."""
        left, top = x * WALL, self.paint.height - (y + high) * WALL
        return left, top, left + max(0.0, wide * WALL - 1), top + max(0.0, high * WALL - 1)

    def fill(self, x: float, y: float, wide: float, high: float, ink: Colour) -> None:
        """Paint a rectangle."""
        self._draw.rectangle(self.edges(x, y, wide, high), fill=ink)

    def shine(self, x: float, y: float, wide: float, high: float, ink: Colour) -> None:
        """Let a rectangle shine."""
        self._shine.rectangle(self.edges(x, y, wide, high), fill=ink)

    def slant(self, x: float, y: float, wide: float, high: float, ink: Colour) -> None:
        """A reflection across a pane."""
        left, top, right, bottom = self.edges(x, y, wide, high)
        middle, quarter = left + (right - left) * 0.64, left + (right - left) * 0.27
        corners = [(left, top), (middle, top), (quarter, bottom), (left, bottom)]
        self._draw.polygon(corners, fill=ink)

    def ring(self, x: float, y: float, radius: float, ink: Colour) -> None:
        """A disc around x, y."""
        self._draw.ellipse(self.edges(x - radius, y - radius, 2 * radius, 2 * radius), fill=ink)

    def write(
        self, words: str, x: float, y: float, high: float, ink: Colour, *, shines: bool = False
    ) -> None:
        """Letters `high` metres tall; what does not fit on the wall is left away."""
        left, top, _, bottom = (round(edge) for edge in self.edges(x, y, 0.1, high))
        sign = lettered(words, size=40, ink=ink, bold=True)
        tall = max(2, bottom - top)
        sign = sign.resize((max(2, round(sign.width * tall / sign.height)), tall))
        if left >= 0 and top >= 0 and left + sign.width <= self.paint.width:
            self.paint.alpha_composite(sign, (left, top))
            if shines:
                self.glow.paste(Image.new("RGB", sign.size, ink), (left, top), sign)

    def surface(self, *, origin: tuple[float, float] = (0.0, 0.0)) -> Surface:
        """The wall as a surface of a box."""
        return surface_of(self.paint, self.glow, scale=WALL, origin=origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class _House:
    """One house of a row."""

    begin: float  # metres along the row
    wide: float  # metres
    top: float  # metres
    seed: int  # its own
    at_night: bool


def facade(seed: int, side: str, *, length: float, at_night: bool) -> Surface:
    """A row of houses `length` metres long, shops below, windows above."""
    wall = Wall(length=length, height=13.0)
    begin, place = 0.0, 0
    while begin < length:
        own = dice.number(seed, side, place)
        house = _House(
            begin=begin,
            wide=dice.between(5.5, 9.0, own, "wide"),
            top=dice.between(8.0, 12.5, own, "high"),
            seed=own,
            at_night=at_night,
        )
        _draw_house(wall, house)
        begin, place = begin + house.wide, place + 1
    return wall.surface(origin=(-length, 0.0) if side == "right" else (0.0, 0.0))


def _draw_house(wall: Wall, house: _House) -> None:
    brick, begin, wide = dice.among(_BRICKS, house.seed, "brick"), house.begin, house.wide
    wall.fill(begin, 0, wide, house.top, brick)
    for row in range(round(house.top * 5)):
        wall.fill(begin, row / 5, wide, 0.03, shade(brick, 0.86))
    wall.fill(begin, house.top - 0.35, wide, 0.35, shade(brick, 1.22))
    wall.fill(begin, 0, 0.06, house.top, shade(brick, 0.6))
    columns = max(2, round(wide / 2.2))
    for floor in range(1, int((house.top - 1.2) / _FLOOR)):
        for column in range(columns):
            x = begin + (column + 0.5) * wide / columns - 0.55
            draw = dice.unit(house.seed, "lit", floor, column)
            lit = house.at_night and draw < 0.38
            window(wall, x, floor * _FLOOR + 0.9, is_lit=lit, tone=draw * 2.6 % 1)
    _shop(wall, house)


def window(wall: Wall, x: float, y: float, *, is_lit: bool, tone: float) -> None:
    """A sash window, 1.1 by 1.5 metres; `tone` (0 to 1) is how yellow its light is."""
    wall.fill(x - 0.1, y - 0.12, 1.3, 1.75, (196, 190, 178))
    wall.fill(x, y, 1.1, 1.5, (34, 40, 48))
    if is_lit:
        warm = (255, round(180 + 50 * tone), round(90 + 90 * tone))
        wall.shine(x, y, 1.1, 1.5, shade(warm, 0.62 + 0.3 * tone))
        wall.fill(x, y, 0.28, 1.5, (120, 60, 50))
        for curtain in (x, x + 0.84):
            wall.shine(curtain, y, 0.26, 1.5, shade(warm, 0.36))
    else:
        wall.slant(x, y, 1.1, 1.5, (66, 78, 92))
    for bar in ((x, y + 0.72, 1.1, 0.06), (x + 0.52, y, 0.06, 1.5)):
        wall.fill(*bar, (206, 202, 192))
        wall.shine(*bar, (30, 24, 18) if is_lit else (0, 0, 0))


def _shop(wall: Wall, house: _House) -> None:
    begin, wide, seed = house.begin, house.wide, house.seed
    tone = dice.among(_FRONTS, seed, "front")
    is_open = dice.unit(seed, "open") < (0.4 if house.at_night else 0.8)
    wall.fill(begin + 0.1, 0, wide - 0.2, 3.4, shade(tone, 0.8))
    wall.fill(begin + 0.1, 2.65, wide - 0.2, 0.75, tone)
    wall.fill(begin + 0.4, 0.45, wide - 1.8, 2.1, (40, 46, 52))
    wall.fill(begin + wide - 1.2, 0.05, 0.9, 2.4, shade(tone, 0.5))
    if not is_open:
        for row in range(14):  # a shutter
            wall.fill(begin + 0.4, 0.45 + row * 0.15, wide - 1.8, 0.11, (108, 110, 112))
    elif house.at_night:
        wall.shine(begin + 0.4, 0.45, wide - 1.8, 2.1, (214, 182, 128))
        wall.shine(begin + 0.4, 0.45, wide - 1.8, 0.5, (130, 96, 58))
        wall.shine(begin + wide - 1.1, 0.9, 0.7, 1.4, (170, 140, 96))
    if is_open:
        _goods(wall, house)
    name = dice.among(_SHOPS, seed, "sign")
    ink = (244, 240, 226)
    wall.write(name, begin + 0.5, 2.78, 0.5, ink, shines=is_open and house.at_night)


def _goods(wall: Wall, house: _House) -> None:
    step = (house.wide - 2.4) / 6
    for place in range(6):
        hue = dice.among(_GOODS, house.seed, "goods", place)
        high = dice.between(0.5, 1.3, house.seed, "heap", place)
        wall.fill(house.begin + 0.6 + place * step, 0.5, step * 0.7, high, hue)
        if house.at_night:
            wall.shine(house.begin + 0.6 + place * step, 0.5, step * 0.7, high, shade(hue, 0.6))


def carriageway(
    seed: int, *, half: float, length: float, wet: float, has_shadow: bool = False
) -> Surface:
    """Asphalt with kerbs, pavements, a broken middle line and double yellow lines.

    `half` is half the width between the houses, metres; `wet` from 0 to 1.
    """
    picture = Image.new("RGB", (round(2 * half * GROUND), round(length * GROUND)), (74, 74, 76))
    for side in (-1, 1):
        _pavement(picture, half=half, length=length, side=side)
    for dash in range(round(length / 6)):
        _lay(picture, half, (-0.06, dash * 6 + 1.2, 0.13, 3.4), (214, 212, 204))
    if has_shadow:
        picture = _in_shadow(picture)
    return surface_of(_speckled(picture, seed), None, scale=GROUND, origin=(-half, 0.0), wet=wet)


def _pavement(picture: Image.Image, *, half: float, length: float, side: int) -> None:
    edge = -half if side < 0 else half - 2.4
    _lay(picture, half, (edge, 0, 2.4, length), (132, 128, 122))
    for slab in range(round(length / 0.75)):
        _lay(picture, half, (edge, slab * 0.75, 2.4, 0.03), (98, 95, 90))
    _lay(picture, half, (edge + 1.2, 0, 0.03, length), (100, 97, 92))
    _lay(picture, half, (edge + 2.25 if side < 0 else edge, 0, 0.15, length), (164, 160, 152))
    for line in (0.22, 0.42):
        x = edge + 2.4 + line if side < 0 else edge - line - 0.1
        _lay(picture, half, (x, 0, 0.1, length), (176, 146, 40))


def _lay(picture: Image.Image, half: float, box: Edges, ink: Colour) -> None:
    """A rectangle on the ground: x and z of its near left corner, width and length, metres."""
    x, z, wide, long = box
    left, near = (x + half) * GROUND, picture.height - z * GROUND
    edges = (left, near - long * GROUND, left + wide * GROUND - 1, near - 1)
    ImageDraw.Draw(picture).rectangle(edges, fill=ink)


def _in_shadow(picture: Image.Image) -> Image.Image:
    """The houses on the right shade their pavement at noon."""
    wide, high = picture.size
    edge = [(wide * (0.62 + 0.05 * (row % 2)), high * row / 9) for row in range(10)]
    dark = Image.new("L", picture.size, 255)
    ImageDraw.Draw(dark).polygon([*edge, (wide, high), (wide, 0)], fill=118)
    return ImageChops.multiply(picture, Image.merge("RGB", [dark] * 3))


def skyline(seed: int, *, half: float, at_night: bool) -> Surface:
    """The end of a street: a railway bridge on arches, and a train."""
    wall = Wall(length=2 * half, height=9.0)
    wall.fill(0, 0, 2 * half, 7.2, (84, 66, 58))
    for arch in (0.18, 0.5, 0.82):
        x = arch * 2 * half
        wall.fill(x - 2.0, 0, 4.0, 3.6, (34, 32, 34))
        wall.ring(x, 3.6, 2.0, (34, 32, 34))
        if at_night:
            wall.shine(x - 0.3, 4.1, 0.6, 0.3, (120, 90, 50))
    wall.fill(0, 7.0, 2 * half, 0.9, (66, 72, 70))
    for pane in range(9 if at_night else 0):
        x = 2 * half * dice.unit(seed, "train", pane)
        wall.shine(x, 7.4, 0.75, 0.3, (120, 104, 70))
    return wall.surface(origin=(-half, 0.0))


def _speckled(picture: Image.Image, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed % 2**32).normal(0, 7, (picture.height, picture.width, 1))
    rough = np.asarray(picture, np.float32) + noise.astype(np.float32)
    return Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))


def surface_of(
    paint: Image.Image,
    glow: Image.Image | None,
    *,
    scale: float,
    origin: tuple[float, float] = (0.0, 0.0),
    wet: float = 0.0,
) -> Surface:
    """Pictures as a surface; nothing shines where `glow` is None or black."""
    pixels = np.asarray(paint.convert("RGBA"))
    alpha = pixels[:, :, 3:].astype(np.float32) / 255
    colours: Floats = np.concatenate([linear(pixels[:, :, :3]), alpha], axis=2)
    shine = None
    if glow is not None and glow.getbbox() is not None:
        shine = linear(np.asarray(glow.filter(ImageFilter.GaussianBlur(1.2))))
    return Surface(paint=colours, glow=shine, scale=scale, origin=origin, wet=wet)
