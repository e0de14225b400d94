"""Rooms: a living room, and the desk of a custody suite."""

import numpy as np
from PIL import Image, ImageDraw

from bodyworn.devices.simulate import dice
from bodyworn.devices.simulate.heads import shade
from bodyworn.devices.simulate.lettering import lettered
from bodyworn.devices.simulate.looks import Colour
from bodyworn.devices.simulate.space import Box, Lamp, Surface
from bodyworn.devices.simulate.textures import Wall, surface_of, window

SCALE = 200  # pixels a metre of furniture
_PAPERS = ((196, 186, 160), (168, 182, 176), (190, 170, 164), (176, 178, 190))
_SOFAS = ((92, 62, 54), (64, 78, 92), (96, 92, 70), (110, 64, 70))


def home(seed: int) -> Box:
    """A living room in the evening."""
    paper = dice.among(_PAPERS, seed, "paper")
    surfaces = {
        "back": _living_wall(seed, paper),
        "left": _side_wall(seed, paper, has_window=True),
        "right": _side_wall(seed + 1, paper, has_window=False),
        "floor": _boards(seed, (132, 96, 64)),
        "lid": _plain((224, 220, 210)),
    }
    bulb = Lamp(at=(0.3, 2.3, 2.6), colour=(1.0, 0.8, 0.56), strength=2.6)
    standard = Lamp(at=(2.2, 1.5, 4.4), colour=(1.0, 0.7, 0.4), strength=1.5)
    telly = Lamp(at=(-2.0, 0.9, 4.6), colour=(0.4, 0.6, 1.0), strength=0.5)
    return Box(
        left=3.0,
        right=3.0,
        end=5.4,
        lid=2.55,
        surfaces=surfaces,
        sky=None,
        ambient=(0.12, 0.1, 0.085),
        lamps=(bulb, standard, telly),
    )


def custody(seed: int) -> Box:
    """The desk of a custody suite under strip lights."""
    wall = (198, 204, 204)
    surfaces = {
        "back": _custody_wall(seed, wall),
        "left": _striped_wall(wall),
        "right": _striped_wall(wall),
        "floor": _tiles((124, 130, 134)),
        "lid": _strip_lights(),
    }
    lamps = tuple(
        Lamp(at=(x, 2.5, z), colour=(0.92, 1.0, 0.98), strength=1.5)
        for x, z in ((-1.3, 2.0), (1.3, 2.0), (-1.3, 4.2), (1.3, 4.2))
    )
    return Box(
        left=3.2,
        right=3.2,
        end=5.6,
        lid=2.7,
        surfaces=surfaces,
        sky=None,
        ambient=(0.2, 0.215, 0.215),
        lamps=lamps,
    )


def counter() -> Image.Image:
    """The desk, 6.4 metres long, with a screen, papers and a sign."""
    picture = Image.new("RGBA", (round(6.4 * SCALE), round(1.75 * SCALE)), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)

    def box(x: float, y: float, wide: float, high: float, ink: Colour) -> None:
        left, low = (x + 3.2) * SCALE, picture.height - y * SCALE
        draw.rectangle((left, low - high * SCALE, left + wide * SCALE, low), fill=ink)

    box(-3.2, 0.0, 6.4, 1.08, (70, 92, 116))
    for panel in range(8):
        box(-3.2 + panel * 0.8, 0.06, 0.77, 0.94, (80, 104, 130))
    box(-3.2, 1.02, 6.4, 0.08, (206, 204, 196))
    box(-3.2, 0.0, 6.4, 0.1, (34, 38, 44))
    for x in (-2.0, 1.35):  # screens, seen from behind
        box(x, 1.1, 0.16, 0.14, (40, 42, 46))
        box(x - 0.24, 1.2, 0.64, 0.4, (30, 32, 36))
        box(x - 0.2, 1.24, 0.56, 0.32, (42, 44, 48))
    box(0.1, 1.1, 0.34, 0.03, (236, 234, 224))
    sign = lettered("CUSTODY RECEPTION", size=34, ink=(236, 240, 244), bold=True)
    picture.alpha_composite(sign, (round(1.7 * SCALE), round(picture.height - 0.72 * SCALE)))
    return picture


def _living_wall(seed: int, paper: Colour) -> Surface:
    wall = Wall(length=6.0, height=2.6, ground=paper)
    _stripes(wall, paper)
    _sofa(wall, 2.3, dice.among(_SOFAS, seed, "sofa"))
    for place, (x, y, wide, high) in enumerate(((2.5, 1.5, 0.6, 0.45), (3.4, 1.4, 0.4, 0.55))):
        wall.fill(x, y, wide, high, (74, 54, 36))
        hue = dice.among(((120, 150, 160), (170, 140, 90), (110, 130, 90)), seed, "art", place)
        wall.fill(x + 0.04, y + 0.04, wide - 0.08, high - 0.08, hue)
        wall.fill(x + 0.04, y + 0.04, wide - 0.08, high * 0.4, shade(hue, 0.6))
    _television(wall)
    _bookcase(wall, seed)
    wall.fill(5.12, 0.0, 0.04, 1.45, (60, 50, 40))  # standard lamp
    wall.fill(4.96, 1.4, 0.36, 0.34, (236, 206, 150))
    wall.shine(4.96, 1.4, 0.36, 0.34, (255, 206, 130))
    return wall.surface(origin=(-3.0, 0.0))


def _stripes(wall: Wall, paper: Colour) -> None:
    for stripe in range(round(wall.paint.width / 8)):
        wall.fill(stripe * 0.4, 0, 0.2, 2.6, shade(paper, 0.96))
    wall.fill(0, 0, 6.0, 0.12, (228, 224, 214))


def _sofa(wall: Wall, x: float, ink: Colour) -> None:
    wall.fill(x - 0.05, 0.04, 2.1, 0.5, shade(ink, 0.8))
    wall.fill(x, 0.4, 2.0, 0.52, ink)
    for seat in range(2):
        wall.fill(x + 0.16 + seat * 0.86, 0.32, 0.82, 0.18, shade(ink, 1.2))
        wall.fill(x + 0.16 + seat * 0.86, 0.52, 0.82, 0.38, shade(ink, 1.08))
    for arm in (x - 0.1, x + 1.88):
        wall.fill(arm, 0.06, 0.24, 0.62, shade(ink, 0.9))
    wall.fill(x + 0.3, 0.5, 0.36, 0.3, (196, 160, 80))


def _television(wall: Wall) -> None:
    wall.fill(0.35, 0.0, 1.4, 0.5, (88, 66, 48))
    wall.fill(0.45, 0.55, 1.2, 0.72, (16, 16, 18))
    wall.shine(0.5, 0.6, 1.1, 0.62, (70, 104, 150))
    wall.shine(0.5, 0.6, 1.1, 0.24, (50, 96, 60))
    wall.shine(0.9, 0.72, 0.12, 0.26, (160, 120, 100))


def _bookcase(wall: Wall, seed: int) -> None:
    wall.fill(5.4, 0.0, 0.6, 2.0, (96, 70, 46))
    for shelf in range(4):
        wall.fill(5.45, 0.14 + shelf * 0.46, 0.55, 0.38, (58, 42, 30))
        for book in range(7):
            hue = dice.among(
                ((150, 50, 46), (60, 90, 130), (180, 160, 100), (70, 110, 80)), seed, shelf, book
            )
            high = dice.between(0.2, 0.34, seed, "book", shelf, book)
            wall.fill(5.46 + book * 0.075, 0.14 + shelf * 0.46, 0.06, high, hue)


def _side_wall(seed: int, paper: Colour, *, has_window: bool) -> Surface:
    wall = Wall(length=6.0, height=2.6, ground=paper)
    _stripes(wall, paper)
    if has_window:
        window(wall, 3.2, 0.95, is_lit=False, tone=0.5)
        wall.fill(2.9, 0.7, 0.34, 1.85, dice.among(_SOFAS, seed, "curtain"))
        wall.fill(4.26, 0.7, 0.34, 1.85, dice.among(_SOFAS, seed, "curtain"))
    else:
        wall.fill(2.2, 0.0, 0.95, 2.1, (214, 208, 196))
        wall.fill(2.28, 0.05, 0.79, 2.0, (168, 136, 100))
        wall.ring(2.4, 1.0, 0.04, (220, 200, 120))
    return wall.surface(origin=(0.0, 0.0) if has_window else (-6.0, 0.0))


def _custody_wall(seed: int, paint: Colour) -> Surface:
    wall = Wall(length=6.4, height=2.75, ground=paint)
    wall.fill(0, 0, 6.4, 1.0, (96, 120, 140))
    wall.fill(0, 1.0, 6.4, 0.06, (60, 76, 90))
    wall.fill(0.5, 1.25, 1.7, 1.0, (150, 116, 76))  # notices
    for sheet in range(7):
        hue = dice.among(((236, 234, 226), (240, 226, 150), (190, 214, 230)), seed, "sheet", sheet)
        wall.fill(0.6 + (sheet % 4) * 0.4, 1.32 + (sheet // 4) * 0.46, 0.3, 0.4, hue)
        for line in range(4):
            wall.fill(
                0.64 + (sheet % 4) * 0.4,
                1.38 + (sheet // 4) * 0.46 + line * 0.07,
                0.2,
                0.02,
                (90, 90, 96),
            )
    wall.fill(2.7, 1.95, 1.6, 0.4, (24, 44, 96))
    wall.write("YOUR RIGHTS", 2.82, 2.04, 0.2, (240, 240, 240))
    wall.ring(4.75, 2.15, 0.2, (240, 240, 236))
    wall.ring(4.75, 2.15, 0.03, (20, 20, 20))
    wall.fill(4.74, 2.15, 0.02, 0.15, (20, 20, 20))
    wall.fill(4.75, 2.14, 0.1, 0.02, (20, 20, 20))
    wall.fill(5.3, 0.0, 0.95, 2.15, (86, 96, 104))
    wall.fill(5.38, 0.04, 0.79, 2.05, (120, 132, 140))
    wall.fill(5.6, 1.4, 0.35, 0.3, (30, 36, 40))
    wall.write("CELLS", 5.5, 2.22, 0.16, (30, 40, 60))
    return wall.surface(origin=(-3.2, 0.0))


def _striped_wall(paint: Colour) -> Surface:
    wall = Wall(length=6.4, height=2.75, ground=paint)
    wall.fill(0, 0, 6.4, 1.0, (96, 120, 140))
    wall.fill(0, 1.0, 6.4, 0.06, (60, 76, 90))
    for joint in range(8):
        wall.fill(joint * 0.8, 0, 0.02, 2.75, shade(paint, 0.86))
    return wall.surface()


def _boards(seed: int, wood: Colour) -> Surface:
    wall = Wall(length=6.0, height=6.0, ground=wood)
    for board in range(40):
        wall.fill(board * 0.15, 0, 0.145, 6.0, shade(wood, dice.between(0.85, 1.1, seed, board)))
    wall.fill(1.4, 2.2, 3.2, 2.2, (120, 54, 50))  # a rug
    wall.fill(1.55, 2.35, 2.9, 1.9, (150, 84, 66))
    return wall.surface(origin=(-3.0, 0.0))


def _tiles(grey: Colour) -> Surface:
    wall = Wall(length=6.4, height=6.0, ground=grey)
    for line in range(16):
        wall.fill(line * 0.4, 0, 0.015, 6.0, shade(grey, 0.75))
        wall.fill(0, line * 0.4, 6.4, 0.015, shade(grey, 0.75))
    return wall.surface(origin=(-3.2, 0.0))


def _strip_lights() -> Surface:
    wall = Wall(length=6.4, height=6.0, ground=(212, 214, 212))
    for x in (1.6, 4.5):
        for z in (1.4, 3.6):
            wall.shine(x, z, 0.3, 1.3, (255, 255, 252))
    return wall.surface(origin=(-3.2, 0.0))


def _plain(ink: Colour) -> Surface:
    pixels = np.full((8, 8, 3), ink, np.uint8)
    return surface_of(Image.fromarray(pixels), None, scale=1)
