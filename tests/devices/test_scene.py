"""What can be seen: clocks, faces, plates and places."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bodyworn.devices.simulate import SceneKind, World, looks, vehicles
from bodyworn.devices.simulate.bodies import Pose, Stance, body
from bodyworn.devices.simulate.heads import MIDDLE, Face, head
from bodyworn.devices.simulate.lettering import BAND, ClockOverlay
from bodyworn.devices.simulate.play import play_of
from bodyworn.devices.simulate.scene import Scene
from bodyworn.devices.simulate.space import Lens
from bodyworn.devices.simulate.sprites import Sprites
from bodyworn.devices.simulate.view import WALK_IN, view_at

RECORDING = World.of(7).recording("7F3A")
SMALL = replace(RECORDING, width=320, height=180)


def test_the_clock_of_frame_453_reads_22_41_37_20() -> None:
    overlay = ClockOverlay(
        started_at=RECORDING.started_at, rate=15, serial="004471", width=RECORDING.width
    )
    assert overlay.text(453) == "2026-04-12 22:41:37.20"
    assert overlay.text(337) == "2026-04-12 22:41:29.46"
    assert overlay.text(0) == "2026-04-12 22:41:07.00"


def test_frames_differ_in_the_clock_and_are_the_same_when_asked_again() -> None:
    scene = Scene(SMALL)
    first, other = scene.frame(100), scene.frame(101)
    assert not np.array_equal(first[:BAND], other[:BAND])
    assert np.array_equal(first, Scene(SMALL).frame(100))


@pytest.mark.parametrize("kind", SceneKind)
def test_every_place_has_light_contrast_and_people(kind: SceneKind) -> None:
    recording = replace(SMALL, scene=kind)
    picture = Scene(recording).frame(120)
    assert picture.shape == (180, 320, 3)
    assert 20 < picture[BAND:].mean() < 200
    assert picture[BAND:].std() > 15
    assert len(play_of(recording).actors) >= 2


def test_a_blue_lamp_flashes_at_a_vehicle_stop() -> None:
    scene = Scene(replace(SMALL, scene=SceneKind.VEHICLE_STOP))
    blue = [int(scene.frame(140 + number)[BAND:, :, 2].mean()) for number in range(7)]
    assert max(blue) > min(blue) + 8


def test_the_wearer_walks_in_and_then_stands_but_is_never_quite_still() -> None:
    lens = Lens(width=1068, height=600, focal=580, horizon=273)
    views = [view_at(RECORDING, lens, number) for number in range(RECORDING.frames)]
    assert views[0].back > 1.5
    standing = [view for view in views if view.second > WALK_IN]
    assert {view.zoom for view in standing} == {1.0}
    assert len({round(view.across, 2) for view in standing}) > 50
    for view in views:
        left, top = view.corner
        assert 0 <= left <= lens.width - RECORDING.width / view.zoom
        assert 0 <= top <= lens.height - RECORDING.height / view.zoom


@pytest.mark.parametrize("seed", range(12))
def test_faces_have_skin_eyes_and_a_mouth_that_opens(seed: int) -> None:
    look = looks.member_of_public(seed, "first")
    shut, talking = head(look, Face()), head(look, Face(mouth=2))
    cheek = shut.getpixel((MIDDLE[0] - 40, MIDDLE[1] + 30))
    assert isinstance(cheek, tuple)
    assert cheek[3] == 255
    assert cheek[0] > cheek[2], "skin is warmer than blue"
    box = (MIDDLE[0] - 30, MIDDLE[1] + 60, MIDDLE[0] + 30, MIDDLE[1] + 100)
    difference = np.asarray(shut.crop(box), int) - np.asarray(talking.crop(box), int)
    assert np.abs(difference).max() > 60
    assert np.asarray(head(look, Face(blinks=True))).tobytes() != np.asarray(shut).tobytes()


def test_people_differ_from_one_another() -> None:
    faces = {
        np.asarray(head(looks.member_of_public(s, "first"), Face())).tobytes() for s in range(20)
    }
    assert len(faces) == 20


@pytest.mark.parametrize("stance", Stance)
def test_every_stance_stands_on_the_ground(stance: Stance) -> None:
    figure = body(looks.officer(3, "second"), Pose(stance=stance, phase=2))
    alpha = np.asarray(figure)[:, :, 3]
    assert alpha[-40:].any()
    assert not alpha[:, 0].any()


def test_a_plate_is_dark_on_yellow_and_as_wide_as_the_standard_says() -> None:
    sign = vehicles.plate("LX26 BWV", yellow=True)
    assert sign.width / sign.height == pytest.approx(520 / 111, rel=0.03)
    pixels = np.asarray(sign.convert("L"), int)
    assert (pixels < 60).mean() > 0.1
    assert (pixels > 150).mean() > 0.4
    behind = vehicles.rear(vehicles.parked_car(5, "LX26 BWV"))
    assert behind.getchannel("A").getbbox() is not None


def test_a_sprite_may_hang_over_every_edge_of_the_picture() -> None:
    sprites = Sprites()
    white = Image.new("RGBA", (8, 8), (255, 255, 255, 255))
    square = sprites.of("square", white.copy, scale=1.0, light=(1, 1, 1))
    for left, top, lit in ((-4, -4, 16), (8, 8, 16), (-9, 0, 0), (0, 12, 0), (2, 2, 64)):
        picture = np.zeros((12, 12, 3), np.uint8)
        square.stamp(picture, left=left, top=top)
        assert (picture[:, :, 0] == 255).sum() == lit
