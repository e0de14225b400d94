"""Flat pictures for the walls and floors of streets and rooms, drawn from the seed."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bodyworn.devices.simulate import dice
from bodyworn.devices.simulate.heads import shade
from bodyworn.devices.simulate.lettering import lettered
from bodyworn.devices.simulate.looks import Colour
from bodyworn.devices.simulate.space import Floats, Surface, linear

WALL = 40  # pixels a metre of walls
GROUND = 36  # pixels a metre of grounds
_BRICKS = ((132, 84, 66), (150, 112, 82), (116, 76, 66), (168, 150, 122), (120, 102, 88))
_SHOPS = ("NISA", "HAIR", "CAFE", "PHONES", "BOOKS", "PIZZA", "TAILOR", "FRUIT & VEG", "CHEMIST")
_FRONTS = ((28, 66, 60), (120, 30, 34), (34, 44, 84), (150, 110, 30), (60, 30, 70), (40, 40, 44))


def facade(seed: int, side: str, *, length: float, at_night: bool) -> Surface:
    """A row of houses `length` metres long, shops below, windows above."""
    high = 13.0
    paint = Image.new("RGBA", (round(length * WALL), round(high * WALL)), (90, 80, 74, 0))
    glow = Image.new("RGB", paint.size, (0, 0, 0))
    begin, house = 0.0, 0
    while begin < length:
        wide = dice.between(5.5, 9.0, seed, side, "wide", house)
        _house(paint, glow, seed, f"{side}/{house}", begin=begin, wide=wide, at_night=at_night)
        begin, house = begin + wide, house + 1
    origin = (-length, 0.0) if side == "right" else (0.0, 0.0)
    return _surface(paint, glow if at_night else None, scale=WALL, origin=origin)


def _house(
    paint: Image.Image,
    glow: Image.Image,
    seed: int,
    name: str,
    *,
    begin: float,
    wide: float,
    at_night: bool,
) -> None:
    top = dice.between(8.0, 12.5, seed, name, "high")
    brick = dice.among(_BRICKS, seed, name, "brick")
    draw, shine = ImageDraw.Draw(paint), ImageDraw.Draw(glow)

    def box(x: float, y: float, w: float, h: float) -> tuple[float, float, float, float]:
        left, upper = (begin + x) * WALL, paint.height - (y + h) * WALL
        return left, upper, left + w * WALL - 1, upper + h * WALL - 1

    draw.rectangle(box(0, 0, wide, top), fill=brick)
    for row in range(round(top * 5)):
        draw.rectangle(box(0, row / 5, wide, 0.03), fill=shade(brick, 0.86))
    draw.rectangle(box(0, top - 0.35, wide, 0.35), fill=shade(brick, 1.22))
    draw.rectangle(box(0, 0, 0.06, top), fill=shade(brick, 0.6))
    columns = max(2, round(wide / 2.2))
    for floor in range(1, int((top - 1.2) / 2.9)):
        for column in range(columns):
            x = (column + 0.5) * wide / columns - 0.55
            lit = at_night and dice.unit(seed, name, floor, column) < 0.38
            _window(draw, shine, box, x=x, y=floor * 2.9 + 0.9, lit=lit, tone=dice.unit(seed, name, column, floor))  # fmt: skip
    _shop(paint, glow, box, seed, name, wide=wide, at_night=at_night)


def _window(  # type: ignore[no-untyped-def]
    draw: ImageDraw.ImageDraw, shine: ImageDraw.ImageDraw, box, *, x: float, y: float, lit: bool, tone: float
) -> None:  # fmt: skip
    draw.rectangle(box(x - 0.1, y - 0.12, 1.3, 1.75), fill=(196, 190, 178))
    draw.rectangle(box(x, y, 1.1, 1.5), fill=(34, 40, 48))
    if lit:
        warm = (255, round(180 + 50 * tone), round(90 + 90 * tone))
        shine.rectangle(box(x, y, 1.1, 1.5), fill=shade(warm, 0.62 + 0.3 * tone))
        draw.rectangle(box(x, y, 0.28, 1.5), fill=(120, 60, 50))
        shine.rectangle(box(x, y, 0.26, 1.5), fill=shade(warm, 0.36))
        shine.rectangle(box(x + 0.84, y, 0.26, 1.5), fill=shade(warm, 0.36))
    else:
        draw.polygon(
            [
                (box(x, y, 1.1, 1.5)[0], box(x, y, 1.1, 1.5)[1]),
                (box(x, y, 0.7, 1)[2], box(x, y, 1.1, 1.5)[1]),
                (box(x, y, 0.3, 1)[2], box(x, y, 1, 1)[3]),
                (box(x, y, 1, 1)[0], box(x, y, 1, 1)[3]),
            ],
            fill=(66, 78, 92),
        )
    for layer in (draw, shine):
        bar = (206, 202, 192) if layer is draw else (30, 24, 18)
        layer.rectangle(box(x, y + 0.72, 1.1, 0.06), fill=bar)
        layer.rectangle(box(x + 0.52, y, 0.06, 1.5), fill=bar)


def _shop(  # type: ignore[no-untyped-def]
    paint: Image.Image, glow: Image.Image, box, seed: int, name: str, *, wide: float, at_night: bool
) -> None:
    draw, shine = ImageDraw.Draw(paint), ImageDraw.Draw(glow)
    tone = dice.among(_FRONTS, seed, name, "front")
    is_open = dice.unit(seed, name, "open") < (0.4 if at_night else 0.8)
    draw.rectangle(box(0.1, 0, wide - 0.2, 3.4), fill=shade(tone, 0.8))
    draw.rectangle(box(0.1, 2.65, wide - 0.2, 0.75), fill=tone)
    draw.rectangle(box(0.4, 0.45, wide - 1.8, 2.1), fill=(40, 46, 52))
    draw.rectangle(box(wide - 1.2, 0.05, 0.9, 2.4), fill=shade(tone, 0.5))
    if is_open and at_night:
        shine.rectangle(box(0.4, 0.45, wide - 1.8, 2.1), fill=(236, 206, 150))
        shine.rectangle(box(0.4, 0.45, wide - 1.8, 0.9), fill=(170, 130, 80))
        shine.rectangle(box(wide - 1.1, 0.9, 0.7, 1.4), fill=(190, 160, 110))
    elif at_night or not is_open:
        for row in range(14):  # a shutter
            draw.rectangle(box(0.4, 0.45 + row * 0.15, wide - 1.8, 0.11), fill=(108, 110, 112))
    else:
        for item in range(6):
            hue = dice.among(((190, 80, 60), (90, 140, 90), (210, 180, 90), (80, 100, 150)), seed, name, item)  # fmt: skip
            draw.rectangle(box(0.6 + item * (wide - 2.4) / 6, 0.5, 0.5, 0.8), fill=hue)
    left, top, right, bottom = (round(edge) for edge in box(0.5, 2.78, wide - 1.0, 0.5))
    sign = lettered(dice.among(_SHOPS, seed, name, "sign"), size=40, ink=(244, 240, 226), bold=True)
    sign = sign.resize((min(right - left, round(sign.width * (bottom - top) / sign.height)), bottom - top))  # fmt: skip
    paint.alpha_composite(sign, (left, top)) if right <= paint.width else None
    if is_open and at_night:
        glow.paste(Image.new("RGB", sign.size, (210, 200, 170)), (left, top), sign)


def carriageway(
    seed: int, *, left: float, right: float, length: float, wet: float, shadow: bool = False
) -> Surface:
    """Asphalt with kerbs, pavements, a broken middle line and double yellow lines."""
    size = (round((left + right) * GROUND), round(length * GROUND))
    picture = Image.new("RGB", size, (74, 74, 76))
    draw = ImageDraw.Draw(picture)

    def box(x: float, z: float, w: float, h: float) -> tuple[float, float, float, float]:
        first, low = (x + left) * GROUND, size[1] - z * GROUND
        return first, low - h * GROUND, first + w * GROUND - 1, low - 1

    for side, edge in ((-1, -left), (1, right - 2.4)):
        draw.rectangle(box(edge, 0, 2.4, length), fill=(132, 128, 122))
        for slab in range(round(length / 0.75)):
            draw.rectangle(box(edge, slab * 0.75, 2.4, 0.03), fill=(98, 95, 90))
        draw.rectangle(box(edge + 1.2, 0, 0.03, length), fill=(100, 97, 92))
        kerb = edge + 2.25 if side < 0 else edge
        draw.rectangle(box(kerb, 0, 0.15, length), fill=(164, 160, 152))
        for line in (0.22, 0.42):
            x = edge + 2.4 + line if side < 0 else edge - line - 0.1
            draw.rectangle(box(x, 0, 0.1, length), fill=(176, 146, 40))
    for dash in range(round(length / 6)):
        draw.rectangle(box(-0.06, dash * 6 + 1.2, 0.13, 3.4), fill=(214, 212, 204))
    draw.ellipse(box(0.9, 5.0, 0.7, 0.7), fill=(52, 52, 54))
    if shadow:  # of the houses on the right, at about noon
        dark = Image.new("L", size, 255)
        edge = [(size[0] * (0.62 + 0.05 * (row % 2)), size[1] * row / 9) for row in range(10)]
        ImageDraw.Draw(dark).polygon([*edge, (size[0], size[1]), (size[0], 0)], fill=118)
        picture = ImageChops.multiply(picture, Image.merge("RGB", [dark] * 3))
    return _surface(_speckled(picture, seed), None, scale=GROUND, origin=(-left, 0.0), wet=wet)


def skyline(seed: int, *, half: float, at_night: bool) -> Surface:
    """The end of a street: a railway bridge, and roofs behind it."""
    size = (round(2 * half * WALL), round(9 * WALL))
    paint, glow = Image.new("RGBA", size, (0, 0, 0, 0)), Image.new("RGB", size, (0, 0, 0))
    draw, shine = ImageDraw.Draw(paint), ImageDraw.Draw(glow)
    draw.rectangle((0, size[1] - 7.2 * WALL, size[0], size[1]), fill=(84, 66, 58))
    for arch in range(3):
        x = (0.18 + arch * 0.32) * size[0]
        box = (x - 2.4 * WALL, size[1] - 5.4 * WALL, x + 2.4 * WALL, size[1] + 3 * WALL)
        draw.rounded_rectangle(box, 90, fill=(34, 32, 34))
        if at_night:
            shine.ellipse((x - 12, size[1] - 4.6 * WALL, x + 12, size[1] - 4 * WALL), fill=(120, 90, 50))  # fmt: skip
    draw.rectangle((0, size[1] - 7.9 * WALL, size[0], size[1] - 7.0 * WALL), fill=(66, 72, 70))
    for train in range(9 if at_night else 0):
        x = size[0] * dice.between(0, 1, seed, "train", train)
        shine.rectangle((x, size[1] - 7.7 * WALL, x + 30, size[1] - 7.4 * WALL), fill=(120, 104, 70))  # fmt: skip
    return _surface(paint, glow, scale=WALL, origin=(-half, 0.0))


def _speckled(picture: Image.Image, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed % 2**32).normal(0, 7, (picture.height, picture.width, 1))
    rough = np.asarray(picture, np.float32) + noise.astype(np.float32)
    return Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))


def _surface(
    paint: Image.Image,
    glow: Image.Image | None,
    *,
    scale: float,
    origin: tuple[float, float] = (0.0, 0.0),
    wet: float = 0.0,
) -> Surface:
    pixels = np.asarray(paint.convert("RGBA"))
    alpha = pixels[:, :, 3:].astype(np.float32) / 255
    colours: Floats = np.concatenate([linear(pixels[:, :, :3]), alpha], axis=2)
    soft = glow.filter(ImageFilter.GaussianBlur(1.2)) if glow is not None else None
    shine = linear(np.asarray(soft)) if soft is not None else None
    return Surface(paint=colours, glow=shine, scale=scale, origin=origin, wet=wet)


def plain(colour: Colour) -> Surface:
    """One colour everywhere."""
    return _surface(Image.new("RGB", (8, 8), colour), None, scale=1)
