"""Heads with faces that look about, blink and speak.

Drawn large (1,200 pixels a metre, about four times what any picture shows) and scaled down by
whoever places them. The middle of the canvas is the middle of the face.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bodyworn.devices.simulate.looks import Colour, Hair, Look

SCALE = 1200  # pixels a metre
WIDTH, HEIGHT = 340, 420  # pixels
MIDDLE = (170, 210)
CHIN = 138  # pixels below the middle
_HALF = 96  # half the width of a face

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What a face does at one moment."""

    turn: float = 0.0  # -1 to its right (our left) to 1
    mouth: int = 0  # 0 shut, 1 half open, 2 open
    blinks: bool = False


def head(look: Look, face: Face) -> Image.Image:
    """The head, in full light, on nothing."""
    picture = _skull(look, face)
    alpha = picture.getchannel("A")
    # Pillow blends translucent ink into RGB, but into RGBA it writes holes.
    painted = _rounded(picture.convert("RGB"))
    draw = ImageDraw.Draw(painted, "RGBA")
    _features(draw, look, face)
    _beard(draw, look, face)
    painted.putalpha(alpha)
    painted.alpha_composite(_on_top(look, face))
    return painted.filter(ImageFilter.GaussianBlur(0.8))


def shade(colour: Colour, factor: float) -> Colour:
    """A darker (below 1) or lighter (above 1) colour."""
    red, green, blue = (min(255, max(0, round(part * factor))) for part in colour)
    return red, green, blue


def _at(x: float, y: float) -> Point:
    return MIDDLE[0] + x, MIDDLE[1] + y


def _ellipse(x: float, y: float, across: float, down: float) -> tuple[float, float, float, float]:
    left, top = _at(x - across, y - down)
    return left, top, left + 2 * across, top + 2 * down


def _outline(*, grow: float = 0.0, top: float = 0.0, sway: float = 0.0) -> list[Point]:
    """A face's edge: round above, drawn in towards the chin; `top` cuts off what is below it."""
    points = []
    for step in range(72):
        angle = step / 72 * math.tau
        x, y = (_HALF + grow) * math.cos(angle), (CHIN + grow) * math.sin(angle)
        if y > 0:
            x *= 1 - 0.34 * (y / (CHIN + grow)) ** 2.2
        if top == 0.0 or y <= top:
            points.append(_at(x + sway * max(y, 0) / CHIN, y))
    return points


def _skull(look: Look, face: Face) -> Image.Image:
    picture = Image.new("RGBA", (WIDTH, HEIGHT), (*look.hair, 0))
    draw = ImageDraw.Draw(picture)
    _behind(draw, look, face)
    if look.style not in {Hair.HIJAB, Hair.HOOD, Hair.LONG}:
        _ears(draw, look, face)
    draw.polygon(_outline(sway=6 * face.turn), fill=look.skin)
    return picture


def _behind(draw: ImageDraw.ImageDraw, look: Look, face: Face) -> None:
    sway = -6 * face.turn
    if look.style is Hair.LONG:
        box = (*_at(-118 + sway, -130), *_at(118 + sway, 186))
        draw.rounded_rectangle(box, 96, fill=shade(look.hair, 0.8))
    if look.style is Hair.HOOD:
        draw.ellipse(_ellipse(sway, 0, 136, 178), fill=shade(look.cloth, 0.55))
        draw.ellipse(_ellipse(sway, 6, 116, 160), fill=shade(look.cloth, 0.3))
    if look.style is Hair.HIJAB:
        shawl = [_at(-124, 0), _at(-140, 205), _at(140, 205), _at(124, 0)]
        draw.polygon(shawl, fill=shade(look.under, 0.8))
        draw.ellipse(_ellipse(sway, -8, 128, 166), fill=look.under)


def _ears(draw: ImageDraw.ImageDraw, look: Look, face: Face) -> None:
    for side in (-1, 1):
        across, x = 15 + 5 * side * face.turn, side * (_HALF + 2) - 10 * face.turn
        draw.ellipse(_ellipse(x, 8, across, 32), fill=shade(look.skin, 0.86))
        draw.ellipse(_ellipse(x + side, 10, across * 0.5, 18), fill=shade(look.skin, 0.66))


def _rounded(picture: Image.Image) -> Image.Image:
    """Light from above and a little from the left: edges, jaw and eye sockets fall into shade."""
    return ImageChops.multiply(picture, _modelling())


@cache
def _modelling() -> Image.Image:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    x, y = columns - MIDDLE[0], rows - MIDDLE[1]
    light = 1.1 - 0.42 * np.clip(((x + 18) / 128) ** 2 + ((y + 46) / 215) ** 2, 0, 1.4)
    for side in (-40, 40):
        light -= 0.16 * np.exp(-(((x - side) / 34) ** 2) - ((y + 14) / 20) ** 2)
    grey = Image.fromarray(np.clip(light * 232, 0, 255).astype(np.uint8))
    return Image.merge("RGB", [grey] * 3)


def _features(draw: ImageDraw.ImageDraw, look: Look, face: Face) -> None:
    shift = 20 * face.turn
    for side in (-1, 1):
        narrow = 1 - 0.16 * max(0.0, side * face.turn)
        _eye(draw, look, x=side * 40 * narrow + shift, wide=20 * narrow, face=face)
        _brow(draw, look, x=side * 40 * narrow + shift, side=side)
    _nose(draw, look, x=shift * 1.25, turn=face.turn)
    _mouth(draw, look, x=shift * 1.05, openness=face.mouth)


def _eye(draw: ImageDraw.ImageDraw, look: Look, *, x: float, wide: float, face: Face) -> None:
    lid = shade(look.skin, 0.52)
    if face.blinks:
        draw.ellipse(_ellipse(x, -12, wide, 9), fill=(*shade(look.skin, 0.8), 255))
        draw.arc(_ellipse(x, -14, wide, 10), 10, 170, fill=(*lid, 255), width=4)
        return
    draw.ellipse(_ellipse(x, -12, wide, 10), fill=(226, 222, 214, 255))
    gaze = x + 5 * face.turn
    draw.ellipse(_ellipse(gaze, -12, 9.5, 10), fill=(*look.eyes, 255))
    draw.ellipse(_ellipse(gaze, -12, 4.5, 5), fill=(10, 8, 8, 255))
    draw.ellipse(_ellipse(gaze - 3, -16, 2.4, 2.4), fill=(255, 255, 255, 220))
    draw.arc(_ellipse(x, -10, wide + 1, 13), 195, 345, fill=(*shade(look.skin, 0.32), 255), width=5)
    draw.arc(_ellipse(x, -14, wide + 2, 14), 20, 160, fill=(*lid, 120), width=3)


def _brow(draw: ImageDraw.ImageDraw, look: Look, *, x: float, side: int) -> None:
    ink = shade(look.hair, 0.8) if look.style is not Hair.BALD else shade(look.skin, 0.4)
    points = [_at(x - side * 20, -34), _at(x, -42), _at(x + side * 25, -33)]
    draw.line(points, fill=(*ink, 225), width=9, joint="curve")


def _nose(draw: ImageDraw.ImageDraw, look: Look, *, x: float, turn: float) -> None:
    dark = shade(look.skin, 0.66)
    side = 1 if turn >= 0 else -1
    draw.line([_at(x - side * 9, -8), _at(x - side * 15, 34)], fill=(*dark, 110), width=9)
    draw.line(
        [_at(x + side * 2, -6), _at(x + side * 3, 30)], fill=(*shade(look.skin, 1.16), 90), width=9
    )
    draw.ellipse(_ellipse(x, 34, 21, 13), fill=(*shade(look.skin, 0.94), 255))
    for nostril in (-1, 1):
        draw.ellipse(_ellipse(x + nostril * 11, 41, 6, 3.6), fill=(*shade(look.skin, 0.34), 220))
    draw.arc(_ellipse(x, 36, 22, 13), 20, 160, fill=(*dark, 170), width=4)


def _mouth(draw: ImageDraw.ImageDraw, look: Look, *, x: float, openness: int) -> None:
    red, green, blue = shade(look.skin, 0.78)
    lip = (min(255, red + 22), max(0, green - 14), max(0, blue - 6), 255)
    down = (7, 13, 22)[openness]
    draw.ellipse(_ellipse(x, 80, 34 - 4 * openness, down + 4), fill=lip)
    if openness == 0:
        draw.line(
            [_at(x - 33, 80), _at(x, 82), _at(x + 33, 80)],
            fill=(*shade(look.skin, 0.36), 255),
            width=5,
        )
    else:
        draw.ellipse(_ellipse(x, 80, 27 - 3 * openness, down - 3), fill=(52, 18, 20, 255))
        draw.rectangle(
            (*_at(x - 15, 82 - down), *_at(x + 15, 87 - down)), fill=(226, 220, 208, 235)
        )
    draw.arc(_ellipse(x, 86, 24, 20 + down), 40, 140, fill=(*shade(look.skin, 0.6), 120), width=5)


def _beard(draw: ImageDraw.ImageDraw, look: Look, face: Face) -> None:
    if look.beard <= 0:
        return
    shift, strength = 18 * face.turn, round(215 * look.beard)
    edge = [point for point in _outline(grow=2, sway=6 * face.turn) if point[1] > MIDDLE[1] + 22]
    edge.sort(key=lambda point: math.atan2(point[1] - MIDDLE[1], point[0] - MIDDLE[0]))
    inner = [_at(shift + x, y) for x, y in ((-58, 50), (-46, 62), (46, 62), (58, 50))]
    layer = [*edge, *inner]
    draw.polygon(layer, fill=(*look.hair, round(strength * 0.82)))
    draw.line(
        [_at(shift - 34, 60), _at(shift, 56), _at(shift + 34, 60)],
        fill=(*look.hair, strength),
        width=11,
    )
    _mouth(draw, look, x=21 * face.turn, openness=face.mouth)


def _on_top(look: Look, face: Face) -> Image.Image:
    layer = Image.new("RGBA", (WIDTH, HEIGHT), (*look.hair, 0))
    draw, sway = ImageDraw.Draw(layer), -8 * face.turn
    match look.style:
        case Hair.CAP:
            _cap(draw, sway)
        case Hair.BEANIE:
            _cap_of_wool(draw, look, sway * 0.5)
        case Hair.HIJAB | Hair.HOOD:
            _edge_of_cloth(draw, look, sway)
        case Hair.BALD:
            pass
        case _:
            _hair(draw, look, face)
    if look.glasses:
        _glasses(draw, face)
    return layer


def _hair(draw: ImageDraw.ImageDraw, look: Look, face: Face) -> None:
    sway = -3 * face.turn
    fringe = ((92, -20), (66, -72), (18, -88), (-40, -62), (-94, -14))
    if look.style is Hair.CROP:
        fringe = ((86, -56), (52, -80), (4, -86), (-46, -74), (-88, -54))
    crown = sorted(_outline(grow=11, top=-6))
    draw.polygon([*crown, *(_at(x + sway, y) for x, y in fringe)], fill=look.hair)
    shine = _ellipse(sway - 16, -60, 66, 74)
    draw.arc(shine, 215, 300, fill=shade(look.hair, 1.4), width=7)
    if look.style is Hair.LONG:
        for side in (-1, 1):
            x = side * 96 - 6 * face.turn
            lock = [_at(x - 14, -60), _at(x + 14, -60), _at(x + 20, 150), _at(x - 16, 172)]
            draw.polygon(lock, fill=shade(look.hair, 0.94))


def _edge_of_cloth(draw: ImageDraw.ImageDraw, look: Look, sway: float) -> None:
    ink = look.under if look.style is Hair.HIJAB else shade(look.cloth, 0.8)
    draw.arc(_ellipse(sway, -6, 112, 156), 150, 390, fill=ink, width=30)
    draw.arc(_ellipse(sway, -6, 112, 156), 30, 150, fill=shade(ink, 0.86), width=14)


def _cap(draw: ImageDraw.ImageDraw, sway: float) -> None:
    draw.ellipse(_ellipse(sway, -128, 122, 46), fill=(24, 26, 32))
    draw.rectangle((*_at(-103 + sway, -122), *_at(103 + sway, -84)), fill=(18, 18, 22))
    for row in range(2):
        for column in range(13):
            ink = (230, 230, 226) if (row + column) % 2 else (24, 24, 30)
            left, top = _at(-103 + sway + column * 16, -119 + row * 15)
            draw.rectangle((left, top, left + 15, top + 14), fill=ink)
    draw.pieslice(_ellipse(sway * 1.5, -88, 100, 34), 0, 180, fill=(12, 12, 15))
    draw.arc(_ellipse(sway * 1.5, -86, 96, 30), 20, 110, fill=(120, 124, 132), width=4)
    draw.ellipse(_ellipse(sway, -136, 13, 15), fill=(186, 188, 192))


def _cap_of_wool(draw: ImageDraw.ImageDraw, look: Look, sway: float) -> None:
    ink = shade(look.cloth, 0.62)
    draw.pieslice(_ellipse(sway, -62, 108, 96), 180, 360, fill=ink)
    band = (*_at(-108 + sway, -82), *_at(108 + sway, -46))
    draw.rounded_rectangle(band, 14, fill=shade(ink, 1.25))
    for column in range(-6, 7):
        x = column * 16 + sway
        draw.line([_at(x, -80), _at(x, -50)], fill=shade(ink, 0.9), width=3)


def _glasses(draw: ImageDraw.ImageDraw, face: Face) -> None:
    shift = 20 * face.turn
    for side in (-1, 1):
        draw.rounded_rectangle(
            _ellipse(side * 40 + shift, -10, 31, 22), 12, outline=(26, 24, 26), width=5
        )
    draw.line([_at(shift - 10, -14), _at(shift + 10, -14)], fill=(26, 24, 26), width=5)
