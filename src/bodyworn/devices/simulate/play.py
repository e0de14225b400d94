"""Who is in a scene, where they stand, and who speaks when."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from bodyworn.devices.simulate import dice, looks
from bodyworn.devices.simulate.looks import Look
from bodyworn.devices.simulate.nouns import Recording, SceneKind
from bodyworn.devices.simulate.vehicles import Car, parked_car

Mark = tuple[float, float, float]  # second, metres to the right, metres ahead
WEARER, FIRST, SECOND = "wearer", "first", "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody in the picture."""

    name: str  # speaks under this name
    look: Look
    marks: tuple[Mark, ...]  # where they are when; straight lines between
    partner_x: float | None = None  # where they look now and then

    def place(self, second: float) -> tuple[float, float]:
        """Metres to the right and ahead."""
        return _along(self.marks, second)

    def speed(self, second: float) -> tuple[float, float]:
        """Metres a second to the right and ahead."""
        (x0, z0), (x1, z1) = self.place(second - 0.1), self.place(second + 0.1)
        return (x1 - x0) / 0.2, (z1 - z0) / 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A car and where it stands or drives."""

    car: Car
    marks: tuple[Mark, ...]
    shows_rear: bool = True

    def place(self, second: float) -> tuple[float, float]:
        """Metres to the right and ahead."""
        return _along(self.marks, second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Somebody's turn to speak."""

    speaker: str
    start: float  # seconds from the first frame
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """All of it."""

    actors: tuple[Actor, ...]
    cars: tuple[Parked, ...] = ()
    turns: tuple[Turn, ...] = field(default=())

    def speaker(self, second: float) -> str | None:
        """Who speaks at that moment."""
        for turn in self.turns:
            if turn.start <= second < turn.end:
                return turn.speaker
        return None


def play_of(recording: Recording) -> Play:
    """The play of one recording; cameras at one incident see the same people."""
    incident, length = recording.incident, recording.seconds
    mirror = -1.0 if recording.view % 2 else 1.0
    first, second = _cast(recording)
    match recording.scene:
        case SceneKind.VEHICLE_STOP:
            spots = (1.1 * mirror, 2.8), (-1.75 * mirror, 3.9)
        case SceneKind.CUSTODY_DESK:
            spots = (0.5 * mirror, 2.5), (-0.75 * mirror, 3.7)
        case SceneKind.HOME:
            spots = (0.3 * mirror, 2.5), (-0.95 * mirror, 3.2)
        case _:
            spots = (0.3 * mirror, 2.3), (1.25 * mirror, 3.1)
    actors = [
        _standing(recording, FIRST, first, spots[0], partner=spots[1][0]),
        _standing(recording, SECOND, second, spots[1], partner=spots[0][0]),
    ]
    if recording.scene in _STREETS:
        actors.extend(_passers_by(recording, mirror))
    stand = _stand(recording)
    return Play(
        actors=tuple(replace(actor, marks=_seen_from(stand, actor.marks)) for actor in actors),
        cars=tuple(
            replace(car, marks=_seen_from(stand, car.marks)) for car in _cars(recording, mirror)
        ),
        turns=tuple(_turns(incident ^ recording.view, length)),
    )


_STREETS = frozenset({SceneKind.DAY_STREET, SceneKind.NIGHT_STREET, SceneKind.VEHICLE_STOP})


def _stand(recording: Recording) -> tuple[float, float]:
    """Where this wearer stands: two cameras at one incident do not see the same picture."""
    aside = dice.between(-0.6, 0.6, recording.view, "stands aside")
    further = dice.between(-0.05, 0.5, recording.view, "stands further")
    return (aside, further) if recording.scene in _STREETS else (aside / 2, 0.0)


def _seen_from(stand: tuple[float, float], marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    return tuple((second, x - stand[0], z + stand[1]) for second, x, z in marks)


def _cast(recording: Recording) -> tuple[Look, Look]:
    first = looks.member_of_public(recording.incident, FIRST)
    if recording.scene is SceneKind.HOME:
        second = looks.member_of_public(recording.incident, SECOND)
        return looks.indoors(first), looks.indoors(second)
    return first, looks.officer(recording.incident, SECOND)


def _standing(
    recording: Recording, name: str, look: Look, spot: tuple[float, float], *, partner: float
) -> Actor:
    """Stands there, shifts their weight now and then, and steps aside near the end."""
    x, z = spot
    length = recording.seconds
    marks: list[Mark] = [(0.0, x, z)]
    for step in range(1, int(length / 7)):
        shift = dice.between(-0.09, 0.09, recording.incident, name, "shift", step)
        marks.append((step * 7.0, x + shift, z + shift / 2))
        marks.append((step * 7.0 + 5.5, x + shift, z + shift / 2))
    return Actor(
        name=name,
        look=look,
        marks=tuple(marks),
        partner_x=partner,
    )


def _passers_by(recording: Recording, mirror: float) -> Iterator[Actor]:
    seed, length = recording.incident, recording.seconds
    count = 3 if recording.scene is SceneKind.DAY_STREET else 2
    for place in range(count):
        look = looks.member_of_public(seed, f"passer-by {place}")
        start = dice.between(0.0, length * 0.5, seed, "passes", place)
        side = mirror * (-1) ** place
        far, near = 26.0, 3.2
        if place % 2:
            marks = ((start, side * 9.0, 9.0 + place), (start + 13.0, side * -9.0, 9.0 + place))
        else:
            marks = ((start - 4, side * -5.0, far), (start + 14.0, side * -5.0, near))
        yield Actor(name=f"passer-by {place}", look=look, marks=marks)


def _cars(recording: Recording, mirror: float) -> Iterator[Parked]:
    if recording.scene not in _STREETS:
        return
    car = parked_car(recording.incident, recording.plate)
    stopped = recording.scene is SceneKind.VEHICLE_STOP
    spot = (-0.35 * mirror, 4.6) if stopped else (-1.75 * mirror, 4.6)
    lit = Car(plate=car.plate, paint=car.paint, is_lit=stopped)
    yield Parked(car=lit, marks=((0.0, *spot),))
    for place in range(2):
        yield _driving(recording, place, lane=2.6 * mirror)


def _driving(recording: Recording, place: int, *, lane: float) -> Parked:
    """A car that comes towards the camera and passes."""
    letters = dice.among(("FGT", "HNO", "KRU", "XVE"), recording.incident, place)
    paints = ((60, 64, 70), (140, 20, 30), (200, 200, 196))
    car = Car(
        plate=f"L{'ABDK'[place]}{21 + place} {letters}",
        paint=dice.among(paints, recording.view, place),
        is_lit=True,
    )
    start = dice.between(3.0, max(4.0, recording.seconds - 8), recording.view, "drives", place)
    return Parked(car=car, marks=((start, lane, 50.0), (start + 7.0, lane, -2.0)), shows_rear=False)


def _turns(seed: int, length: float) -> Iterator[Turn]:
    """Wearer and others in turn; the wearer speaks first and most."""
    second, place = 1.2, 0
    while second < length - 1.0:
        speaker = WEARER if place % 2 == 0 else dice.among((FIRST, FIRST, SECOND), seed, place)
        end = min(second + dice.between(1.3, 3.4, seed, "turn", place), length - 0.5)
        yield Turn(speaker=speaker, start=second, end=end)
        second, place = end + dice.between(0.25, 0.9, seed, "pause", place), place + 1


def is_there(marks: tuple[Mark, ...], second: float) -> bool:
    """Whoever comes and goes (first and last mark far apart) is there only in between."""
    (start, x0, z0), (end, x1, z1) = marks[0], marks[-1]
    stays = abs(x1 - x0) + abs(z1 - z0) < 2
    return stays or start <= second < end


def _along(marks: tuple[Mark, ...], second: float) -> tuple[float, float]:
    if second <= marks[0][0]:
        return marks[0][1], marks[0][2]
    for (t0, x0, z0), (t1, x1, z1) in pairwise(marks):
        if t0 <= second < t1:
            share = (second - t0) / (t1 - t0)
            return x0 + (x1 - x0) * share, z0 + (z1 - z0) * share
    return marks[-1][1], marks[-1][2]
