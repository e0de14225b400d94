"""Streets and rooms as boxes, looked into: where each pixel lies, what is there, how it is lit.

The camera stands at the origin, 1.4 m above the ground; x runs right, y up from the ground, z
ahead, all in metres. A street is a box without a lid. Surfaces carry flat textures, lamps light
them by distance and angle, and people placed inside are lit by the same lamps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
EYE = 1.4  # metres, height of the camera
GAMMA = 2.2

Light3 = tuple[float, float, float]
Point3 = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """Pixels from metres."""

    width: int  # pixels of the canvas
    height: int  # pixels of the canvas
    focal: float  # pixels
    horizon: float  # row of the camera's own height

    def spot(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Column and row of a point."""
        return self.width / 2 + self.focal * x / z, self.horizon + self.focal * (EYE - y) / z


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """A light."""

    at: Point3
    colour: Light3  # linear, 1 is white at full
    strength: float  # how bright at one metre
    is_torch: bool = False  # only a cone straight ahead of the camera


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One wall, floor or lid."""

    paint: Floats  # rows from the top down, by columns, by red, green, blue, alpha; 0 to 1
    glow: Floats | None  # the same size, three colours: what shines of its own
    scale: float  # pixels a metre
    origin: tuple[float, float] = (0.0, 0.0)  # metres of its left lower corner
    wet: float = 0.0  # how far it mirrors lamps, 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A street or a room."""

    left: float  # metres to the left wall
    right: float  # metres to the right wall
    end: float  # metres to the back wall
    lid: float | None  # height of the ceiling; None under the sky
    surfaces: dict[str, Surface]  # floor, left, right, back, lid
    sky: Floats | None  # one colour a row of the canvas, linear; None in rooms
    ambient: Light3  # linear light from everywhere
    lamps: tuple[Lamp, ...] = ()
    haze: Light3 = field(default=(0.0, 0.0, 0.0))  # colour of the distance
    haze_per_m: float = 0.0  # share of it that each metre adds


_NORMALS: dict[str, Point3] = {
    "floor": (0, 1, 0),
    "lid": (0, -1, 0),
    "left": (1, 0, 0),
    "right": (-1, 0, 0),
    "back": (0, 0, -1),
}


def look_into(boxes: Sequence[Box], lens: Lens) -> list[Floats]:
    """The empty box as canvases of linear light, rows by columns by three.

    One canvas for each of `boxes`, which are the same box under different lamps.
    """
    box = boxes[0]
    across, down = _rays(lens)
    reach = _reach(box, across, down)
    nearest = np.minimum.reduce(list(reach.values()))
    canvases = [np.zeros((lens.height, lens.width, 3), np.float32) for _ in boxes]
    for canvas in canvases:
        if box.sky is not None:
            canvas[:] = box.sky[:, None, :]
    for name, distance in reach.items():
        seen = (distance == nearest) & np.isfinite(distance)
        if name in box.surfaces and seen.any():
            rays = across[seen], down[seen], nearest[seen]
            _paint(canvases, seen, boxes, name, rays)
    return canvases


def light_at(box: Box, at: Point3, *, facing: Point3 = (0, 0, -1)) -> Light3:
    """The light that falls on something that stands in the box."""
    point = np.array([at], np.float32).T
    total = _light(box, point, facing, across=at[0] / at[2], down=(EYE - at[1]) / at[2])
    red, green, blue = total[0]
    return float(red), float(green), float(blue)


def as_pixels(canvas: Floats) -> NDArray[np.uint8]:
    """Linear light as eight-bit pixels; what is too bright fades to white and does not clip."""
    soft = np.where(canvas < 0.8, canvas, 1 - 0.2 * np.exp(-(canvas - 0.8) / 0.2))
    return (255 * np.clip(soft, 0, 1) ** (1 / GAMMA)).astype(np.uint8)


def linear(picture: NDArray[np.uint8]) -> Floats:
    """Eight-bit pixels as linear light."""
    table = ((np.arange(256) / 255) ** GAMMA).astype(np.float32)
    return table[picture]


def _rays(lens: Lens) -> tuple[Floats, Floats]:
    rows, columns = np.mgrid[0 : lens.height, 0 : lens.width].astype(np.float32)
    return (columns - lens.width / 2) / lens.focal, (rows - lens.horizon) / lens.focal


def _reach(box: Box, across: Floats, down: Floats) -> dict[str, Floats]:
    """Metres ahead at which each pixel's ray meets each plane."""
    far = np.float32(np.inf)
    with np.errstate(divide="ignore"):
        reach = {
            "left": np.where(across < 0, -box.left / across, far),
            "right": np.where(across > 0, box.right / across, far),
            "floor": np.where(down > 0, EYE / down, far),
            "back": np.full_like(across, box.end),
        }
        if box.lid is not None:
            reach["lid"] = np.where(down < 0, (EYE - box.lid) / down, far)
    return {name: distance.astype(np.float32) for name, distance in reach.items()}


def _paint(
    canvases: list[Floats],
    seen: NDArray[np.bool_],
    boxes: Sequence[Box],
    name: str,
    rays: tuple[Floats, Floats, Floats],
) -> None:
    across, down, z = rays
    point = np.stack([across * z, EYE - down * z, z])
    surface = boxes[0].surfaces[name]
    colour, glow = _texture(surface, *_flat(name, point), distance=z)
    alpha, fade = colour[:, 3:], np.exp(-boxes[0].haze_per_m * z)[:, None]
    for canvas, box in zip(canvases, boxes, strict=True):
        lit = colour[:, :3] * _light(box, point, _NORMALS[name], across=across, down=down) + glow
        if surface.wet:
            lit += surface.wet * _mirrored(box, point)
        lit = lit * fade + np.array(box.haze, np.float32) * (1 - fade)
        canvas[seen] = lit * alpha + canvas[seen] * (1 - alpha)


def _flat(name: str, point: Floats) -> tuple[Floats, Floats]:
    """Metres along a surface, and up it."""
    x, y, z = point
    match name:
        case "floor" | "lid":
            return x, z
        case "back":
            return x, y
        case "right":  # so that its letters read from left to right
            return -z, y
        case _:
            return z, y


def _texture(
    surface: Surface, along: Floats, up: Floats, *, distance: Floats
) -> tuple[Floats, Floats]:
    """Colour and glow there; coarser pictures farther away, so that nothing flickers."""
    colour = np.zeros((along.size, 4), np.float32)
    glow = np.zeros((along.size, 3), np.float32)
    coarse = np.clip(np.log2(np.maximum(distance * surface.scale / 500, 1)), 0, 3).astype(int)
    paint, shine = surface.paint, surface.glow
    for level in range(4):
        here = coarse == level
        if here.any():
            scale = surface.scale / 2**level
            columns = (along[here] - surface.origin[0]) * scale
            rows = paint.shape[0] - 1 - (up[here] - surface.origin[1]) * scale
            colour[here] = _between(paint, rows, columns)
            if shine is not None:
                glow[here] = _between(shine, rows, columns)
        paint = _halved(paint)
        shine = _halved(shine) if shine is not None else None
    return colour, glow


def _between(picture: Floats, rows: Floats, columns: Floats) -> Floats:
    """Bilinear samples; nothing (alpha 0) above the upper edge, the last pixel elsewhere."""
    high, wide = picture.shape[:2]
    above = rows < 0
    rows, columns = np.clip(rows, 0, high - 1.001), np.clip(columns, 0, wide - 1.001)
    top, left = rows.astype(int), columns.astype(int)
    down, right = (rows - top)[:, None], (columns - left)[:, None]
    upper = picture[top, left] * (1 - right) + picture[top, left + 1] * right
    lower = picture[top + 1, left] * (1 - right) + picture[top + 1, left + 1] * right
    found: Floats = upper * (1 - down) + lower * down
    found[above] = 0
    return found


def _halved(picture: Floats) -> Floats:
    high, wide = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    if high < 4 or wide < 4:
        return picture
    # Rows are counted from the ground, so an odd row is dropped at the top.
    cut = picture[picture.shape[0] - high :, :wide]
    quarters = cut[0::2, 0::2] + cut[1::2, 0::2] + cut[0::2, 1::2] + cut[1::2, 1::2]
    halved: Floats = quarters * np.float32(0.25)
    return halved


def _light(
    box: Box, point: Floats, normal: Point3, *, across: Floats | float, down: Floats | float
) -> Floats:
    """Light on points (3 by n) of one facing, n by 3."""
    total = np.tile(np.array(box.ambient, np.float32), (point.shape[1], 1))
    for lamp in box.lamps:
        towards = np.array(lamp.at, np.float32)[:, None] - point
        square = (towards**2).sum(axis=0)
        slope = np.maximum(np.array(normal, np.float32) @ towards, 0) / np.sqrt(square)
        bright: Floats = lamp.strength * (0.25 + 0.75 * slope) / (square + 1.0)
        if lamp.is_torch:
            cone = np.exp(-(np.square(across) + np.square(down)) / 0.14)
            bright *= (0.22 + cone).astype(np.float32)
        total += bright[:, None] * np.array(lamp.colour, np.float32)
    return total


def _mirrored(box: Box, point: Floats) -> Floats:
    """What a wet ground shows of the lamps: bright streaks towards the camera."""
    total = np.zeros((point.shape[1], 3), np.float32)
    to_eye = np.array([0, EYE, 0], np.float32)[:, None] - point
    to_eye /= np.sqrt((to_eye**2).sum(axis=0))
    for lamp in box.lamps:
        towards = np.array(lamp.at, np.float32)[:, None] - point
        square = (towards**2).sum(axis=0)
        half = towards / np.sqrt(square) + to_eye
        # Ripples lengthen a reflection towards the eye, so the sideways part counts most.
        tilt = (half[0] / half[1]) ** 2 * 60 + (half[2] / half[1]) ** 2 * 5
        bright = lamp.strength * np.exp(-tilt) / (square + 4)
        total += bright[:, None] * np.array(lamp.colour, np.float32)
    return total
