"""Bodies: standing, speaking with their hands, walking. Heads are put on by whoever places them.

Drawn at 320 pixels a metre from a stick figure of joints, given a rounded shade, and scaled down
when placed. Lengths are metres; x runs to the right, y up from the ground.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bodyworn.devices.simulate.heads import shade
from bodyworn.devices.simulate.lettering import lettered
from bodyworn.devices.simulate.looks import Colour, Dress, Look

SCALE = 320  # pixels a metre
_WIDE, _TALL = 1.1, 1.9  # metres of canvas
HEAD_M = 0.115  # from the middle of the face down to the chin

Point = tuple[float, float]


class Stance(StrEnum):
    """What the arms and legs do."""

    EXPLAIN = "explain"  # one hand up
    OPEN = "open"  # both hands to the front
    STAND = "stand"
    STRIDE = "stride"  # walking sideways through the picture
    WALK = "walk"  # walking towards the camera


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A stance at one moment."""

    stance: Stance = Stance.STAND
    phase: int = 0  # of eight, for those who walk


def body(look: Look, pose: Pose) -> Image.Image:
    """The body in full light on nothing; its feet stand in the middle of the lower edge."""
    picture = Image.new("RGBA", (round(_WIDE * SCALE), round(_TALL * SCALE)), (*look.cloth, 0))
    draw = ImageDraw.Draw(picture)
    figure = _Figure(look, pose)
    _legs(draw, figure)
    _arm(draw, figure, side=-1)
    if pose.stance is not Stance.STRIDE:
        _arm(draw, figure, side=1)
    _neck(draw, figure)
    _torso(draw, figure)
    _clothes(picture, draw, figure)
    if pose.stance is Stance.STRIDE:
        _arm(draw, figure, side=1)
    elif pose.stance in {Stance.EXPLAIN, Stance.OPEN}:
        _forearms(draw, figure)
    return _rounded(picture)


def face_height(look: Look) -> float:
    """How high the middle of the face is above the ground, metres."""
    return look.height_m - HEAD_M


class _Figure:
    """Where the joints are."""

    def __init__(self, look: Look, pose: Pose) -> None:
        self.look, self.pose = look, pose
        self.swing = math.sin(pose.phase / 8 * math.tau)
        self.lift = abs(math.cos(pose.phase / 8 * math.tau))
        self.sideways = pose.stance is Stance.STRIDE
        self.walks = pose.stance in {Stance.STRIDE, Stance.WALK}
        rise = 0.015 * self.lift if self.walks else 0.0
        self.shoulder = look.height_m - 0.31 + rise
        self.hip = look.height_m * 0.5 + rise
        self.half_shoulder = 0.13 if self.sideways else 0.2 + (0.015 if look.is_low_voiced else 0)
        self.half_hip = 0.1 if self.sideways else 0.15


def _xy(x: float, y: float) -> Point:
    return (x + _WIDE / 2) * SCALE, (_TALL - y) * SCALE


def _both_sides(half: list[Point]) -> list[Point]:
    """Pixels of an outline whose right half is given from the top down."""
    return [_xy(x, y) for x, y in half] + [_xy(-x, y) for x, y in reversed(half)]


def _limb(
    draw: ImageDraw.ImageDraw, points: list[Point], *, widths: list[float], ink: Colour
) -> None:
    """A limb through joints, as thick at each as `widths` says, metres."""
    for (x0, y0), (x1, y1), near, far in zip(points, points[1:], widths, widths[1:], strict=False):
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        across, down = (y1 - y0) / length / 2, -(x1 - x0) / length / 2
        draw.polygon(
            [
                _xy(x0 + across * near, y0 + down * near),
                _xy(x1 + across * far, y1 + down * far),
                _xy(x1 - across * far, y1 - down * far),
                _xy(x0 - across * near, y0 - down * near),
            ],
            fill=ink,
        )
    for (x, y), width in zip(points, widths, strict=True):
        _disc(draw, x, y, width / 2, ink)


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, ink: Colour) -> None:
    left, top = _xy(x - radius, y + radius)
    draw.ellipse((left, top, left + 2 * radius * SCALE, top + 2 * radius * SCALE), fill=ink)


def _legs(draw: ImageDraw.ImageDraw, figure: _Figure) -> None:
    for side in (-1, 1):
        swing = figure.swing * side if figure.walks else 0.0
        ink = shade(figure.look.trousers, 0.78 if side < 0 else 1.0)
        if figure.sideways:
            knee = (0.2 * swing + 0.03, figure.hip * 0.54)
            foot = (0.34 * swing - 0.05, 0.06 + 0.09 * max(0.0, -swing))
            toe = (foot[0] + 0.13, foot[1] - 0.02)
        else:
            lift = 0.07 * max(0.0, swing)
            knee = (side * 0.105, figure.hip * 0.53 + lift)
            foot = (side * 0.115, 0.05 + lift)
            toe = (side * 0.135, 0.02 + lift)
        hip = (side * figure.half_hip * (0.2 if figure.sideways else 0.55), figure.hip)
        _limb(draw, [hip, knee, foot], widths=[0.19, 0.145, 0.11], ink=ink)
        _limb(draw, [foot, toe], widths=[0.1, 0.08], ink=(22, 20, 22))


def _arm(draw: ImageDraw.ImageDraw, figure: _Figure, *, side: int) -> None:
    raised = figure.pose.stance is Stance.OPEN or (
        figure.pose.stance is Stance.EXPLAIN and side > 0
    )
    shoulder, elbow, hand = _arm_joints(figure, side)
    ink = shade(figure.look.cloth, 0.82 if side < 0 else 0.9)
    points = [shoulder, elbow] if raised else [shoulder, elbow, hand]
    _limb(draw, points, widths=[0.125, 0.1, 0.085][: len(points)], ink=ink)
    if not raised:
        _disc(draw, hand[0], hand[1] - 0.035, 0.045, figure.look.skin)


def _forearms(draw: ImageDraw.ImageDraw, figure: _Figure) -> None:
    sides = (1,) if figure.pose.stance is Stance.EXPLAIN else (-1, 1)
    for side in sides:
        _, elbow, hand = _arm_joints(figure, side)
        _limb(draw, [elbow, hand], widths=[0.1, 0.08], ink=shade(figure.look.cloth, 1.08))
        _disc(draw, hand[0], hand[1] + 0.02, 0.046, figure.look.skin)
        _limb(
            draw,
            [hand, (hand[0] - side * 0.02, hand[1] + 0.1)],
            widths=[0.07, 0.03],
            ink=figure.look.skin,
        )


def _arm_joints(figure: _Figure, side: int) -> tuple[Point, Point, Point]:
    top = figure.shoulder - 0.04
    if figure.sideways:
        swing = -figure.swing * side
        return (0.0, top), (0.13 * swing, top - 0.29), (0.28 * swing + 0.05, top - 0.52)
    shoulder = (side * figure.half_shoulder, top)
    elbow = (side * (figure.half_shoulder + 0.055), top - 0.29)
    if figure.pose.stance is Stance.EXPLAIN and side > 0:
        return shoulder, elbow, (side * 0.17, top - 0.1 + 0.03 * (figure.pose.phase % 2))
    if figure.pose.stance is Stance.OPEN:
        return shoulder, elbow, (side * 0.16, top - 0.26 + 0.04 * (figure.pose.phase % 2))
    forward = 0.05 * figure.swing * side if figure.walks else 0.0
    return shoulder, elbow, (side * (figure.half_shoulder + 0.045), top - 0.55 + forward)


def _neck(draw: ImageDraw.ImageDraw, figure: _Figure) -> None:
    base = figure.shoulder
    _limb(
        draw,
        [(0.0, base + 0.14), (0.0, base - 0.03)],
        widths=[0.11, 0.13],
        ink=shade(figure.look.skin, 0.72),
    )


def _torso(draw: ImageDraw.ImageDraw, figure: _Figure) -> None:
    top, hip, half = figure.shoulder, figure.hip, figure.half_shoulder
    is_long = figure.look.dress is Dress.COAT
    hem, flare = (hip - 0.24, 0.08) if is_long else (hip - 0.06, 0.055)
    side_line = [
        (0.06, top + 0.035),
        (half * 0.7, top + 0.01),
        (half + 0.045, top - 0.06),
        (half + 0.02, top - 0.22),
        (figure.half_hip + 0.045, hip + 0.12),
        (figure.half_hip + flare, hem),
    ]
    draw.polygon(_both_sides(side_line), fill=figure.look.cloth)
    for side in (-1, 1):
        _disc(draw, side * (half - 0.015), top - 0.055, 0.062, figure.look.cloth)


def _clothes(picture: Image.Image, draw: ImageDraw.ImageDraw, figure: _Figure) -> None:
    top, hip, look = figure.shoulder, figure.hip, figure.look
    if figure.sideways:
        draw.line([_xy(0.05, top - 0.04), _xy(0.06, hip)], fill=shade(look.cloth, 0.7), width=4)
        if look.dress is Dress.POLICE:
            _vest(picture, draw, figure)
        return
    match look.dress:
        case Dress.POLICE:
            _vest(picture, draw, figure)
        case Dress.HOODIE:
            _hoodie(draw, figure)
        case Dress.SHIRT:
            _collar(draw, figure, ink=shade(look.cloth, 1.2))
        case _:
            _collar(draw, figure, ink=shade(look.cloth, 1.15))
            _zip_and_pockets(draw, figure)


def _zip_and_pockets(draw: ImageDraw.ImageDraw, figure: _Figure) -> None:
    top, hip, cloth = figure.shoulder, figure.hip, figure.look.cloth
    draw.line([_xy(0.0, top - 0.14), _xy(0.0, hip - 0.05)], fill=shade(cloth, 0.55), width=4)
    for side in (-1, 1):
        pocket = [_xy(side * 0.07, hip + 0.16), _xy(side * 0.16, hip + 0.11)]
        draw.line(pocket, fill=shade(cloth, 0.6), width=4)


def _collar(draw: ImageDraw.ImageDraw, figure: _Figure, *, ink: Colour) -> None:
    top = figure.shoulder
    draw.polygon(
        [_xy(-0.06, top + 0.03), _xy(0.06, top + 0.03), _xy(0.0, top - 0.16)],
        fill=figure.look.under,
    )
    for side in (-1, 1):
        lapel = [(side * 0.055, top + 0.055), (side * 0.11, top - 0.03), (side * 0.01, top - 0.17)]
        draw.polygon([_xy(x, y) for x, y in lapel], fill=ink)


def _hoodie(draw: ImageDraw.ImageDraw, figure: _Figure) -> None:
    top, hip, look = figure.shoulder, figure.hip, figure.look
    draw.polygon(
        [_xy(-0.12, top), _xy(0.12, top), _xy(0.07, top - 0.09), _xy(-0.07, top - 0.09)],
        fill=shade(look.cloth, 0.72),
    )
    for side in (-1, 1):
        draw.line(
            [_xy(side * 0.035, top - 0.07), _xy(side * 0.04, top - 0.24)],
            fill=(214, 212, 204),
            width=4,
        )
    pouch = [(-0.13, hip + 0.05), (-0.09, hip + 0.19), (0.09, hip + 0.19), (0.13, hip + 0.05)]
    draw.polygon([_xy(x, y) for x, y in pouch], fill=shade(look.cloth, 0.85))


def _vest(picture: Image.Image, draw: ImageDraw.ImageDraw, figure: _Figure) -> None:
    top, hip, half = figure.shoulder, figure.hip, figure.half_shoulder
    yellow, silver = (206, 222, 44), (206, 208, 204)
    edge = [
        (0.0, top - 0.12),
        (0.075, top + 0.03),
        (half * 0.9, top - 0.01),
        (half + 0.005, top - 0.24),
        (figure.half_hip + 0.045, hip + 0.1),
    ]
    draw.polygon(_both_sides(edge), fill=yellow)
    for low in (0.42, 0.3):
        draw.rectangle(
            (*_xy(-half - 0.002, top - low), *_xy(half + 0.002, top - low - 0.045)), fill=silver
        )
    draw.line([_xy(0, top - 0.12), _xy(0, hip + 0.1)], fill=(120, 130, 30), width=4)
    words = lettered("POLICE", size=34, ink=(30, 40, 110), bold=True)
    if not figure.sideways:
        left, upper = _xy(0.02, top - 0.15)
        picture.alpha_composite(
            words.resize((round(0.145 * SCALE), round(0.038 * SCALE))), (round(left), round(upper))
        )
        draw.rectangle((*_xy(-0.12, top - 0.11), *_xy(-0.05, top - 0.22)), fill=(28, 30, 34))
        _disc(draw, -0.085, top - 0.135, 0.013, (210, 40, 36))  # a camera with its red light


def _rounded(picture: Image.Image) -> Image.Image:
    """Edges fall into shade, as on anything round; light comes from above."""
    alpha = picture.getchannel("A")
    small = alpha.reduce(4).filter(ImageFilter.GaussianBlur(7)).resize(alpha.size)
    depth = np.asarray(small, np.float32) / 255
    fall = np.linspace(1.06, 0.78, picture.height, dtype=np.float32)[:, None]
    light = np.clip((0.5 + 0.56 * depth) * fall * 245, 0, 255).astype(np.uint8)
    grey = Image.merge("RGB", [Image.fromarray(light)] * 3)
    shaded = ImageChops.multiply(picture.convert("RGB"), grey)
    shaded.putalpha(alpha)
    return shaded
