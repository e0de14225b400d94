"""One recording's pictures: the empty place, the people in it, the wearer's walk, the clock."""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bodyworn.devices.simulate import bodies, dice, heads, vehicles
from bodyworn.devices.simulate.backdrops import Furniture, backdrop
from bodyworn.devices.simulate.bodies import Pose, Stance
from bodyworn.devices.simulate.heads import Face
from bodyworn.devices.simulate.lettering import ClockOverlay
from bodyworn.devices.simulate.nouns import Recording
from bodyworn.devices.simulate.play import Actor, Parked, is_there, play_of
from bodyworn.devices.simulate.space import Light3, light_at
from bodyworn.devices.simulate.sprites import Sprite, Sprites, shadow
from bodyworn.devices.simulate.view import View, view_at

Pixels = NDArray[np.uint8]
Thing = tuple[float, Callable[[Pixels], None]]  # metres ahead, and how to draw it
_HEAD = 1.12  # heads are a little larger than life: faces should be known again at 480 lines
_NEAREST = 1.1  # metres; whatever is nearer has passed the camera


class Scene:
    """Makes the frames of one recording, in any order."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._backdrop = backdrop(
            recording.scene, recording.incident, width=recording.width, height=recording.height
        )
        self._canvas = tuple(Image.fromarray(pixels) for pixels in self._backdrop.pixels)
        self._play = play_of(recording)
        self._sprites = Sprites()
        self._lights: dict[tuple[int, int, int, int], Light3] = {}
        self._clock = ClockOverlay(
            started_at=recording.started_at,
            rate=recording.rate,
            serial=recording.device.serial,
            width=recording.width,
        )

    def frame(self, number: int) -> Pixels:
        """Rows by columns by red, green, blue."""
        view = view_at(self._recording, self._backdrop.lens, number)
        lamp = self._lamp(number)
        picture = self._place(view, lamp)
        for _, draw in sorted(self._things(view, lamp), key=lambda thing: -thing[0]):
            draw(picture)
        self._clock.draw(picture, number)
        return picture

    def _lamp(self, number: int) -> int:
        """Which of the place's lights is on: a blue lamp flashes twice, then rests."""
        return (0, 1, 0, 1, 0, 0, 0)[number % 7] if len(self._canvas) > 1 else 0

    def _place(self, view: View, lamp: int) -> Pixels:
        left, top = view.corner
        if view.zoom == 1.0:
            row, column = round(top), round(left)
            whole = self._backdrop.pixels[lamp]
            cut = whole[row : row + view.height, column : column + view.width]
            return np.array(cut)
        box = (left, top, left + view.width / view.zoom, top + view.height / view.zoom)
        size, soft = (view.width, view.height), Image.Resampling.BILINEAR
        return np.array(self._canvas[lamp].resize(size, soft, box=box))

    def _things(self, view: View, lamp: int) -> Iterator[Thing]:
        for piece in self._backdrop.furniture:
            yield piece.z, partial(self._draw_piece, view=view, lamp=lamp, piece=piece)
        for parked in self._play.cars:
            z = parked.place(view.second)[1]
            if z + view.back > _NEAREST and is_there(parked.marks, view.second):
                yield z, partial(self._draw_car, view=view, lamp=lamp, parked=parked)
        for actor in self._play.actors:
            z = actor.place(view.second)[1]
            if z + view.back > _NEAREST and is_there(actor.marks, view.second):
                yield z, partial(self._draw_actor, view=view, lamp=lamp, actor=actor)

    def _draw_piece(self, picture: Pixels, *, view: View, lamp: int, piece: Furniture) -> None:
        sprite = self._sprites.of(
            piece,
            piece.draw,
            scale=view.scale(piece.z) / piece.scale,
            light=self._light(piece.x, 1.0, piece.z, lamp),
        )
        self._stand(picture, sprite, view.spot(piece.x, 0.0, piece.z))

    def _draw_car(self, picture: Pixels, *, view: View, lamp: int, parked: Parked) -> None:
        x, z = parked.place(view.second)
        draw = vehicles.rear if parked.shows_rear else vehicles.front
        scale = view.scale(z) / vehicles.SCALE
        sprite = self._sprites.of(
            (parked.car, parked.shows_rear),
            partial(draw, parked.car),
            scale=scale,
            light=self._light(x, 0.9, z, lamp),
        )
        self._shade(picture, view, (x, z), wide=2.3)
        self._stand(picture, sprite, view.spot(x, 0.0, z))
        if parked.car.is_lit:
            self._glare(picture, view, parked, (x, z))

    def _draw_actor(self, picture: Pixels, *, view: View, lamp: int, actor: Actor) -> None:
        x, z = actor.place(view.second)
        pose, faces = self._pose(actor, view.second), self._face(actor, view.second)
        light = self._light(x, 1.4, z, lamp)
        self._shade(picture, view, (x, z), wide=0.8)
        scale = view.scale(z)
        body = self._sprites.of(
            (actor.name, pose, actor.speed(view.second)[0] < 0),
            partial(_body, actor, pose, to_left=actor.speed(view.second)[0] < 0),
            scale=scale / bodies.SCALE,
            light=light,
        )
        self._stand(picture, body, view.spot(x, 0.0, z))
        head = self._sprites.of(
            (actor.name, faces),
            partial(heads.head, actor.look, faces),
            scale=scale * _HEAD / heads.SCALE,
            light=light,
        )
        nod = 0.006 * math.sin(view.second * 5) if self._speaks(actor, view.second) else 0.0
        self._hang(picture, head, view.spot(x, bodies.face_height(actor.look) + nod, z))

    def _shade(
        self, picture: Pixels, view: View, place: tuple[float, float], *, wide: float
    ) -> None:
        patch = self._sprites.of(
            "shadow", shadow, scale=view.scale(place[1]) * wide / 84, light=(1.0, 1.0, 1.0)
        )
        self._hang(picture, patch, view.spot(place[0], 0.0, place[1]))

    def _glare(
        self, picture: Pixels, view: View, parked: Parked, place: tuple[float, float]
    ) -> None:
        """Lamps shine beyond their glass."""
        x, z = place
        ink = (255, 70, 50) if parked.shows_rear else (255, 244, 214)
        size = 0.5 if parked.shows_rear else 1.0
        glow = self._sprites.of(
            ("glare", ink),
            partial(vehicles.glare, ink),
            scale=view.scale(z) * size / 64,
            light=(1.0, 1.0, 1.0),
        )
        for side in (-0.7, 0.7):
            self._hang(picture, glow, view.spot(x + side, 0.76, z))

    def _stand(self, picture: Pixels, sprite: Sprite, foot: tuple[float, float]) -> None:
        """Put its lower edge there."""
        high, wide = sprite.ink.shape[:2]
        sprite.stamp(picture, left=round(foot[0] - wide / 2), top=round(foot[1] - high))

    def _hang(self, picture: Pixels, sprite: Sprite, middle: tuple[float, float]) -> None:
        """Put its middle there."""
        high, wide = sprite.ink.shape[:2]
        sprite.stamp(picture, left=round(middle[0] - wide / 2), top=round(middle[1] - high / 2))

    def _light(self, x: float, y: float, z: float, lamp: int) -> Light3:
        """Light a quarter of a metre around is the same light."""
        spot = (round(x * 4), round(y * 4), round(max(z, 1.0) * 4), lamp)
        if spot not in self._lights:
            at = (spot[0] / 4, spot[1] / 4, spot[2] / 4)
            self._lights[spot] = light_at(self._backdrop.boxes[lamp], at)
        return self._lights[spot]

    def _speaks(self, actor: Actor, second: float) -> bool:
        return self._play.speaker(second) == actor.name

    def _pose(self, actor: Actor, second: float) -> Pose:
        across, ahead = actor.speed(second)
        if abs(across) > 0.4:
            return Pose(stance=Stance.STRIDE, phase=int(second * 8) % 8)
        if abs(ahead) > 0.4:
            return Pose(stance=Stance.WALK, phase=int(second * 8) % 8)
        if self._speaks(actor, second):
            beat = int(second * 1.1)
            stances = (Stance.EXPLAIN, Stance.OPEN, Stance.STAND)
            stance = dice.among(stances, self._recording.incident, actor.name, beat)
            phase = int(second * 3) % 2 if stance is not Stance.STAND else 0
            return Pose(stance=stance, phase=phase)
        return Pose()

    def _face(self, actor: Actor, second: float) -> Face:
        seed = self._recording.incident
        mouth = dice.among((0, 1, 2, 1), seed, actor.name, int(second * 8))
        blinks = (second + dice.between(0, 4, seed, actor.name)) % 3.7 < 0.14
        return Face(
            turn=self._turn(actor, second),
            mouth=mouth if self._speaks(actor, second) else 0,
            blinks=blinks,
        )

    def _turn(self, actor: Actor, second: float) -> float:
        across, _ = actor.speed(second)
        if abs(across) > 0.4:
            return math.copysign(1.0, across)
        x, _ = actor.place(second)
        if actor.partner_x is None:
            return -0.5 if x > 0 else 0.5
        look = dice.unit(self._recording.incident, actor.name, "looks", int(second / 1.7))
        if look < 0.35:
            return math.copysign(1.0, actor.partner_x - x)
        return 0.5 if look < 0.5 else 0.0


def _body(actor: Actor, pose: Pose, *, to_left: bool) -> Image.Image:
    picture = bodies.body(actor.look, pose)
    if to_left and pose.stance is Stance.STRIDE:
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture
