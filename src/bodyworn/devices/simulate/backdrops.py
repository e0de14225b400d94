"""The empty places: what a camera would see if nobody were there."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from bodyworn.devices.simulate import dice, rooms, textures
from bodyworn.devices.simulate.nouns import SceneKind
from bodyworn.devices.simulate.space import (
    Box,
    Floats,
    Lamp,
    Lens,
    Point3,
    as_pixels,
    look_into,
)

Pixels = NDArray[np.uint8]
MARGIN = 1.25  # the canvas is larger than the picture by this: room to walk and to shake
_HALF, _LENGTH = 6.2, 58.0  # metres: half a street's width, and how far it goes
_SODIUM, _WHITE, _BLUE = (1.0, 0.6, 0.24), (0.92, 0.96, 1.0), (0.05, 0.14, 1.0)


@dataclass(frozen=True, slots=True)
class Furniture:
    """Something that stands in the place, seen from the front; its feet on the lower edge."""

    draw: Callable[[], Image.Image]
    x: float  # metres to the right, of its middle
    z: float  # metres ahead
    scale: float  # pixels of the drawing a metre


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """An empty place in one or two lights."""

    lens: Lens
    boxes: tuple[Box, ...]  # one, or two where a blue lamp flashes
    pixels: tuple[Pixels, ...]  # the canvas in each
    furniture: tuple[Furniture, ...] = ()  # what people may stand behind


def backdrop(kind: SceneKind, seed: int, *, width: int, height: int) -> Backdrop:
    """The place of a scene for pictures of this size in pixels."""
    lens = Lens(
        width=round(width * MARGIN / 2) * 2,
        height=round(height * MARGIN / 2) * 2,
        focal=width * 0.68,
        horizon=height * 0.57,
    )
    match kind:
        case SceneKind.DAY_STREET:
            return _day_street(seed, lens)
        case SceneKind.NIGHT_STREET:
            return _night_street(seed, lens)
        case SceneKind.VEHICLE_STOP:
            return _vehicle_stop(seed, lens)
        case SceneKind.HOME:
            return _room(rooms.home(seed), lens)
        case SceneKind.CUSTODY_DESK:
            desk = Furniture(rooms.counter, 0.0, 3.0, rooms.SCALE)
            return replace(_room(rooms.custody(seed), lens), furniture=(desk,))


def _night_street(seed: int, lens: Lens) -> Backdrop:
    posts = _posts(seed)
    lamps = (*_sodium_lamps(posts), _torch(6.0))
    box = _street(seed, lens, lamps=lamps, ambient=(0.03, 0.034, 0.052), at_night=True)
    return _at_night((box,), lens, posts)


def _vehicle_stop(seed: int, lens: Lens) -> Backdrop:
    posts = _posts(seed)
    dark = (*_sodium_lamps(posts), _torch(6.0))
    flash = Lamp(at=(-1.6, 1.9, -2.5), colour=_BLUE, strength=46.0)
    off = _street(seed, lens, lamps=dark, ambient=(0.026, 0.03, 0.05), at_night=True)
    on = replace(off, lamps=(*dark, flash))
    return _at_night((off, on), lens, posts)


def _day_street(seed: int, lens: Lens) -> Backdrop:
    sun = Lamp(at=(46.0, 70.0, -30.0), colour=(1.0, 0.95, 0.84), strength=7600.0)
    box = replace(
        _street(seed, lens, lamps=(sun,), ambient=(0.34, 0.38, 0.46), at_night=False),
        haze=(0.55, 0.62, 0.7),
        haze_per_m=0.006,
    )
    canvas = as_pixels(look_into([box], lens)[0])
    return Backdrop(lens=lens, boxes=(box,), pixels=(_posts_only(canvas, lens, _posts(seed)),))


def _at_night(boxes: tuple[Box, ...], lens: Lens, posts: list[Point3]) -> Backdrop:
    pixels = (_with_posts(as_pixels(canvas), lens, posts) for canvas in look_into(boxes, lens))
    return Backdrop(lens=lens, boxes=boxes, pixels=tuple(pixels))


def _room(box: Box, lens: Lens) -> Backdrop:
    return Backdrop(lens=lens, boxes=(box,), pixels=(as_pixels(look_into([box], lens)[0]),))


def _street(
    seed: int,
    lens: Lens,
    *,
    lamps: tuple[Lamp, ...],
    ambient: tuple[float, float, float],
    at_night: bool,
) -> Box:
    surfaces = {
        "left": textures.facade(seed, "left", length=_LENGTH, at_night=at_night),
        "right": textures.facade(seed, "right", length=_LENGTH, at_night=at_night),
        "floor": textures.carriageway(
            seed,
            half=_HALF,
            length=_LENGTH,
            wet=0.5 if at_night else 0.0,
            has_shadow=not at_night,
        ),
        "back": textures.skyline(seed, half=_HALF + 1, at_night=at_night),
    }
    return Box(
        left=_HALF,
        right=_HALF,
        end=_LENGTH,
        lid=None,
        surfaces=surfaces,
        sky=_sky(seed, lens, at_night=at_night),
        ambient=ambient,
        lamps=lamps,
        haze=(0.03, 0.022, 0.02),
        haze_per_m=0.014,
    )


def _sky(seed: int, lens: Lens, *, at_night: bool) -> Floats:
    rise = np.clip(np.arange(lens.height, dtype=np.float32) / lens.horizon, 0, 1)[:, None]
    top, low = ((0.004, 0.006, 0.015), (0.04, 0.026, 0.024))
    if not at_night:
        top, low = ((0.16, 0.32, 0.62), (0.66, 0.76, 0.86))
    warmth = dice.between(0.9, 1.1, seed, "sky")
    blend = np.array(top, np.float32) * (1 - rise) + np.array(low, np.float32) * rise * warmth
    colours: Floats = blend.astype(np.float32)
    return colours


def _posts(seed: int) -> list[Point3]:
    """Lamp heads, nearest last, so that the near ones are drawn over the far."""
    first = dice.between(6.5, 8.5, seed, "posts")
    heads = [((-1) ** place * (_HALF - 2.0), 6.2, first + 6.5 * place) for place in range(6)]
    return list(reversed(heads))


def _sodium_lamps(posts: list[Point3]) -> tuple[Lamp, ...]:
    return tuple(Lamp(at=at, colour=_SODIUM, strength=9.5) for at in posts)


def _torch(strength: float) -> Lamp:
    return Lamp(at=(0.1, 1.5, -0.3), colour=_WHITE, strength=strength, is_torch=True)


def _with_posts(pixels: Pixels, lens: Lens, posts: list[Point3]) -> Pixels:
    picture = Image.fromarray(_posts_only(pixels, lens, posts))
    for head in posts:
        _add_cone(picture, lens, head)
    bright = np.asarray(picture, np.float32)
    for head in posts:
        bright = _with_halo(bright, lens, head)
    return np.clip(bright, 0, 255).astype(np.uint8)


def _posts_only(pixels: Pixels, lens: Lens, posts: list[Point3]) -> Pixels:
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    for x, y, z in posts:
        root = x + (0.9 if x > 0 else -0.9)
        thick = max(1, round(lens.focal * 0.13 / z))
        steel = (46, 44, 44) if pixels.mean() < 90 else (92, 96, 98)
        draw.line([lens.spot(root, 0, z), lens.spot(root, y + 0.1, z)], fill=steel, width=thick)
        draw.line([lens.spot(root, y + 0.1, z), lens.spot(x, y + 0.1, z)], fill=steel, width=thick)
        column, row = lens.spot(x, y + 0.05, z)
        wide = lens.focal * 0.34 / z
        draw.ellipse((column - wide, row - wide * 0.3, column + wide, row + wide * 0.3), fill=steel)
    return np.asarray(picture)


def _add_cone(picture: Image.Image, lens: Lens, head: Point3) -> None:
    """Mist that the lamp lights on its way to the ground."""
    x, y, z = head
    mask = Image.new("L", picture.size, 0)
    edge = [
        lens.spot(x - 0.1, y, z),
        lens.spot(x + 0.1, y, z),
        lens.spot(x + 2.3, 0, z),
        lens.spot(x - 2.3, 0, z),
    ]
    ImageDraw.Draw(mask).polygon(edge, fill=26)
    small = mask.reduce(4).filter(ImageFilter.GaussianBlur(40 / z + 1)).resize(mask.size)
    picture.paste(Image.new("RGB", picture.size, (255, 190, 110)), (0, 0), small)


def _with_halo(bright: Floats, lens: Lens, head: Point3) -> Floats:
    column, row = lens.spot(*head)
    reach = lens.focal * 1.7 / head[2]
    rows, columns = np.ogrid[0 : lens.height, 0 : lens.width]
    square = ((rows - row) ** 2 + (columns - column) ** 2).astype(np.float32) / reach**2
    glow = 90 * np.exp(-square * 2) + 190 * np.exp(-square * 60)
    added: Floats = bright + glow[:, :, None] * np.array([1.0, 0.78, 0.45], np.float32)
    return added
