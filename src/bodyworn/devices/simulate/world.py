"""A small force, whole and always the same for one seed.

`World.of(7, now=14 April 2026 09:00 UTC)` is the world that the demonstration, its tutorial and
the browser tests name. Other seeds draw other faces, clothes, cars, voices, names and small
numbers; the events of the script stay. Nothing here touches a disk: `simulate.film` makes the
footage, `work` makes the rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from bodyworn.core.errors import MissingError
from bodyworn.core.terms import Role
from bodyworn.core.types import Device, Officer
from bodyworn.devices.simulate import dice, script
from bodyworn.devices.simulate.nouns import (
    CameraUnit,
    DockStation,
    Person,
    Recording,
    Stop,
    Unit,
)

FROZEN_NOW = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)
BUFFER = timedelta(seconds=30)
MAKE = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The force and its last days."""

    seed: int  # what everything was drawn from
    now: datetime  # UTC, the moment that it is made for
    boroughs: tuple[str, ...]
    units: tuple[Unit, ...]
    people: tuple[Person, ...]  # wearers first
    docks: tuple[DockStation, ...]
    cameras: tuple[CameraUnit, ...]
    recordings: tuple[Recording, ...]  # oldest first
    stops: tuple[Stop, ...]  # oldest first

    @classmethod
    def of(cls, seed: int, *, now: datetime = FROZEN_NOW) -> Self:
        """The world of this seed at this moment; all its days count back from `now`'s."""
        cameras = tuple(_cameras(seed))
        recordings = tuple(_recordings(seed, cameras=cameras, today=now.astimezone(UTC).date()))
        return cls(
            seed=seed,
            now=now.astimezone(UTC),
            boroughs=tuple(dict.fromkeys(unit.borough for unit in script.UNITS)),
            units=script.UNITS,
            people=(*_wearers(seed), *_staff()),
            docks=script.DOCKS,
            cameras=cameras,
            recordings=recordings,
            stops=tuple(_stops(recordings, today=now.astimezone(UTC).date())),
        )

    @property
    def officers(self) -> tuple[Officer, ...]:
        """All wearers."""
        return tuple(person.officer for person in self.people if person.officer)

    def camera(self, serial: str) -> CameraUnit:
        """The camera with this serial. Raises MissingError."""
        for camera in self.cameras:
            if camera.device.serial == serial:
                return camera
        raise MissingError("simulate.no-camera", f"The simulated force has no camera {serial}.")

    def recording(self, camera_reference: str) -> Recording:
        """The recording with this short id. Raises MissingError."""
        for recording in self.recordings:
            if recording.camera_reference == camera_reference:
                return recording
        raise MissingError("simulate.no-recording", f"Nobody recorded {camera_reference} here.")

    def recorded_by(self, serial: str) -> tuple[Recording, ...]:
        """What one camera holds, oldest first."""
        return tuple(each for each in self.recordings if each.device.serial == serial)


def _wearers(seed: int) -> Iterator[Person]:
    names = iter(dice.shuffled(script.SURNAMES, seed, "surname"))
    for number, rank, fixed, unit in script.OFFICERS:
        name = fixed or f"{dice.among('BCDEHJLMNRST', seed, 'initial', number)}. {next(names)}"
        officer = Officer(number=number, name=name, rank=rank, unit=unit)
        yield Person(
            account=number,
            display=f"{rank} {name}",
            post="response officer",
            unit=unit,
            role=Role.OFFICER,
            officer=officer,
        )


def _staff() -> Iterator[Person]:
    for account, display, post, unit, role in script.STAFF:
        yield Person(account=account, display=display, post=post, unit=unit, role=role)


def _cameras(seed: int) -> Iterator[CameraUnit]:
    for serial, model, holder, dock, _ in script.CAMERAS:
        yield CameraUnit(
            device=Device(serial=serial, make=MAKE, model=model),
            holder=holder,
            dock=dock,
            clock_offset_ms=round(dice.between(-480, 480, seed, "clock", serial)),
            is_fragmented=model == script.FRAGMENTED,
        )


def _recordings(seed: int, *, cameras: tuple[CameraUnit, ...], today: date) -> Iterator[Recording]:
    counts = {serial: before for serial, *_, before in script.CAMERAS}
    by_serial = {camera.device.serial: camera for camera in cameras}
    short_ids = _short_ids(seed)
    for line in sorted(script.RECORDINGS, key=lambda line: (line.day, line.clock)):
        counts[line.camera] += 1
        yield _recording(
            seed,
            line,
            camera=by_serial[line.camera],
            sequence=counts[line.camera],
            short_id=short_ids[line.title],
            today=today,
        )


def _recording(
    seed: int, line: script.Line, *, camera: CameraUnit, sequence: int, short_id: str, today: date
) -> Recording:
    started_at = moment(today, line.day, line.clock)
    return Recording(
        device=camera.device,
        officer=camera.holder,
        sequence=sequence,
        camera_reference=short_id,
        started_at=started_at,
        triggered_at=started_at + BUFFER,
        ended_at=started_at + timedelta(seconds=line.seconds),
        scene=line.scene,
        incident=dice.number(seed, "incident", line.incident),
        view=dice.number(seed, "view", line.camera, line.day, line.clock),
        plate=line.plate or registration(seed, line.incident),
        title=line.title,
        locality=line.locality,
        borough=line.locality.rpartition(", ")[2],
        latitude=line.at[0],
        longitude=line.at[1],
        heading=line.heading,
        category=line.category,
        clock_offset_ms=camera.clock_offset_ms,
        is_fragmented=camera.is_fragmented,
    )


def _stops(recordings: tuple[Recording, ...], *, today: date) -> Iterator[Stop]:
    references = {each.title: each.camera_reference for each in recordings}
    lines = sorted(script.STOPS, key=lambda line: (line[1], line[2]))
    for reference, day, clock, officer, what, street, borough, title in lines:
        yield Stop(
            reference=reference,
            at=moment(today, day, clock),
            officer=officer,
            what=what,
            street=street,
            borough=borough,
            recording=references[title] if title else None,
        )


def moment(today: date, day: int, clock: str) -> datetime:
    """A clock time so many days from today, UTC."""
    return datetime.combine(today, time.fromisoformat(clock), UTC) + timedelta(days=day)


def _short_ids(seed: int) -> dict[str, str]:
    """Four hexadecimal digits for each title; no two alike."""
    given = {line.title: line.reference for line in script.RECORDINGS if line.reference}
    for line in script.RECORDINGS:
        drawn = dice.number(seed, "reference", line.title) % 0x10000
        while line.title not in given:
            text = f"{drawn:04X}"
            if text not in given.values():
                given[line.title] = text
            drawn = (drawn + 1) % 0x10000
    return given


def registration(seed: int, name: str) -> str:
    """A number plate of the current style (two letters, age, three letters), invented.

    No I, Q or Z, as on real plates, so that nothing is mistaken for a figure.
    """
    letters = "ABCDEFGHJKLMNOPRSTUVWXY"
    drawn = [dice.among(letters, seed, "plate", name, place) for place in range(3)]
    age = dice.among(("19", "20", "21", "22", "23", "24", "70", "71", "73", "74"), seed, name)
    return f"L{dice.among('ABCDEFGJKLMNPRSTX', seed, 'area', name)}{age} {''.join(drawn)}"
