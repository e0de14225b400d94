"""A camera that holds what was filmed into its folder, and forgets it only against a receipt.

FOLDER/<stem>.mp4               the clip
FOLDER/<stem>.json              its manifest; a clip without one does not count
FOLDER/<stem>_…gpstrail.json    its location trail
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from bodyworn.core.clock import Clock, system_clock
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import MissingError
from bodyworn.core.manifest import manifest_from_dict
from bodyworn.core.types import Device, Receipt
from bodyworn.devices.camera import Held, check_receipt
from bodyworn.devices.gpstrail import SUFFIX
from bodyworn.devices.simulate.film import film
from bodyworn.devices.simulate.nouns import CameraUnit, Recording


class VirtualCamera:
    """One camera of the simulated force. Satisfies `devices.camera.Camera`."""

    may_be_wiped = True

    def __init__(
        self,
        folder: Path,
        *,
        device: Device,
        clock_offset: timedelta = timedelta(0),
        clock: Clock = system_clock,
    ) -> None:
        """`clock_offset` is how far the camera's clock is ahead of the true `clock`."""
        self.folder = folder
        self.device = device
        self._offset = clock_offset
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True)

    @classmethod
    def of(cls, unit: CameraUnit, *, folder: Path, clock: Clock = system_clock) -> "VirtualCamera":
        """A camera of the world; each has a folder of its own below `folder`."""
        return cls(
            folder / unit.device.serial,
            device=unit.device,
            clock_offset=timedelta(milliseconds=unit.clock_offset_ms),
            clock=clock,
        )

    def record(self, recordings: Iterable[Recording]) -> None:
        """Film a shift onto this camera, one after the other."""
        for recording in recordings:
            film(recording, self.folder)

    def clock(self) -> datetime:
        """The camera's own time, UTC: wrong by its offset."""
        return self._clock() + self._offset

    def held(self) -> list[Held]:
        """What it holds, in the order of its own count."""
        found = [self._held(path) for path in self._manifests()]
        return sorted(found, key=lambda held: held.manifest.sequence or 0)

    def wipe(self, held: Held, receipt: Receipt) -> None:
        """Forget one recording and its sidecars.

        Raises RefusedError: camera.no-receipt, MissingError: camera.not-held.
        """
        if not held.path.exists():
            raise MissingError(
                "camera.not-held",
                f"{held.manifest.filename} is not on camera {self.device.serial}.",
            )
        with held.path.open("rb") as file:
            digest = Sha256(hashlib.file_digest(file, "sha256").digest())
        check_receipt(held, receipt, digest=digest)
        # The manifest last: until then a loss of power leaves a recording that is still listed,
        # or one whose clip is gone, which is not.
        held.path.unlink()
        for name, _ in held.sidecars:
            (self.folder / name).unlink(missing_ok=True)
        held.path.with_suffix(".json").unlink()

    def _manifests(self) -> list[Path]:
        papers = (path for path in self.folder.glob("*.json") if not path.name.endswith(SUFFIX))
        return [path for path in papers if path.with_suffix(".mp4").exists()]

    def _held(self, paper: Path) -> Held:
        clip = paper.with_suffix(".mp4")
        beside = sorted(self.folder.glob(f"{paper.stem}_*"))
        trails = [path for path in beside if path.name.endswith(SUFFIX)]
        return Held(
            manifest=manifest_from_dict(json.loads(paper.read_bytes())),
            size=clip.stat().st_size,
            path=clip,
            sidecars=tuple((path.name, path.read_bytes()) for path in trails),
        )
