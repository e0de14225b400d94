"""A small force that does not exist: its people, cameras and footage, always the same.

The demonstration's and the tests' world. `World.of` says what there is, `film` makes real
footage of it, `VirtualCamera` holds that footage until a dock has a receipt.
"""

from bodyworn.devices.simulate.camera import VirtualCamera
from bodyworn.devices.simulate.film import film
from bodyworn.devices.simulate.nouns import (
    CameraUnit,
    DockStation,
    Person,
    Recording,
    SceneKind,
    Stop,
    Unit,
)
from bodyworn.devices.simulate.world import FROZEN_NOW, World

__all__ = [
    "FROZEN_NOW",
    "CameraUnit",
    "DockStation",
    "Person",
    "Recording",
    "SceneKind",
    "Stop",
    "Unit",
    "VirtualCamera",
    "World",
    "film",
]
