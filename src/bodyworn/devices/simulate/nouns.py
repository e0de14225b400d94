"""The nouns of the simulated force: what a script writes down and a camera films."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bodyworn.core.terms import Role
from bodyworn.core.types import Device, Manifest, Officer


class SceneKind(StrEnum):
    """What a recording looks like."""

    CUSTODY_DESK = "custody-desk"
    DAY_STREET = "day-street"
    HOME = "home"
    NIGHT_STREET = "night-street"
    VEHICLE_STOP = "vehicle-stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A team, and the borough it belongs to."""

    name: str  # `Lambeth B`
    borough: str  # `Lambeth`


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the force; who has a role signs in."""

    account: str  # name to sign in with, `patel`
    display: str  # `DC A. Patel`
    post: str  # what they are, in words
    unit: str | None = None  # name of the unit; None outside of any
    role: Role | None = None  # None until the part of the house exists that they work in
    officer: Officer | None = None  # as a wearer


@dataclass(frozen=True, slots=True, kw_only=True)
class DockStation:
    """A rack of docking bays."""

    name: str  # `BX-07`
    place: str  # `Brixton`
    borough: str  # `Lambeth`
    bays: int  # places for cameras


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraUnit:
    """One camera of the force."""

    device: Device  # serial, make and model
    holder: str  # collar number of the wearer
    dock: str  # where it is docked
    clock_offset_ms: int  # how far its clock is ahead of true time, milliseconds
    is_fragmented: bool  # records fragmented MP4 (moof boxes), as streaming makes do


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One line of a stop or call, as the control room's system has it."""

    reference: str  # `01/4412/26`
    at: datetime  # UTC
    officer: str  # collar number
    what: str  # `Stop and search`
    street: str  # `Coldharbour Lane`
    borough: str  # `Lambeth`
    recording: str | None  # camera reference of the footage; None where there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One press of the button: all that is needed to film it, and nothing else."""

    device: Device  # the camera
    officer: str  # collar number of the wearer
    sequence: int  # the camera's own count
    camera_reference: str  # `7F3A`
    started_at: datetime  # UTC, first frame of the pre-event buffer
    triggered_at: datetime  # UTC, when the wearer pressed record
    ended_at: datetime  # UTC, end of the last frame
    scene: SceneKind  # what it looks like
    incident: int  # draws people, clothes and cars; cameras at one incident share it
    view: int  # draws what is this camera's alone: place in the room, sway, noise
    plate: str  # registration of the car that stands nearest
    title: str  # `Stop and search, Coldharbour Lane`
    locality: str  # `Brixton, Lambeth`
    borough: str  # `Lambeth`
    latitude: float  # degrees, WGS 84
    longitude: float  # degrees, WGS 84
    heading: float  # degrees clockwise from north, the way the wearer walks
    category: str | None = None  # chosen on the camera
    clock_offset_ms: int = 0  # camera clock minus true time
    is_fragmented: bool = False  # fragmented MP4
    rate: int = 15  # frames a second
    width: int = 854  # pixels
    height: int = 480  # pixels

    @property
    def seconds(self) -> float:
        """Length."""
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def buffer_seconds(self) -> float:
        """Length of the silent part before the button."""
        return (self.triggered_at - self.started_at).total_seconds()

    @property
    def frames(self) -> int:
        """Number of pictures."""
        return round(self.seconds * self.rate)

    @property
    def stem(self) -> str:
        """File name without its ending: start time (UTC) and short id, as Axis names clips."""
        return f"{self.started_at:%Y%m%d_%H%M%S}_{self.camera_reference}"

    def as_manifest(self) -> Manifest:
        """What the camera says about it."""
        return Manifest(
            filename=f"{self.stem}.mp4",
            device=self.device.serial,
            make=self.device.make,
            model=self.device.model,
            officer=self.officer,
            sequence=self.sequence,
            camera_reference=self.camera_reference,
            started_at=self.started_at,
            triggered_at=self.triggered_at,
            ended_at=self.ended_at,
            title=self.title,
            locality=self.locality,
            borough=self.borough,
            category=self.category,
        )
