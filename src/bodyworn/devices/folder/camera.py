"""Footage in a person's folder: found, described, never touched.

Beside a video lie its sidecars: `<stem>.json` (our manifest), `<stem>_…gpstrail.json` (Axis
location trail) and whatever else has the same stem and is known to belong to footage. A manifest
that cannot be read is handed on as a sidecar and the file name speaks instead: footage is never
left out because of the paper beside it.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from bodyworn.core.errors import BodywornError, DamagedError, MissingError, RefusedError
from bodyworn.core.manifest import manifest_from_dict
from bodyworn.core.types import Device, Manifest, Receipt
from bodyworn.devices.camera import Held
from bodyworn.devices.folder.profiles import facts_in
from bodyworn.devices.gpstrail import SUFFIX

VIDEO = re.compile(
    r"\.(3gp|asf|avi|flv|h264|insv|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|ts|webm|wmv)$", re.I
)
BESIDE = (".json", ".key", ".gpx", ".nmea", ".srt", ".vtt", ".txt")
LARGEST_SIDECAR = 1024 * 1024  # bytes; what is larger is no sidecar but a file of its own kind


class FolderCamera:
    """A folder with everything below it, or one file of any ending."""

    may_be_wiped = False

    def __init__(
        self, path: Path, *, zone: tzinfo = UTC, said: Mapping[str, str] | None = None
    ) -> None:
        """`zone` is of file names that hold local time; `said` are fields of the manifest that a
        person knows of everything here. Raises MissingError: folder.not-there."""
        if not path.exists():
            raise MissingError(
                "folder.not-there",
                f"There is no file or folder {path}.",
                hint="Look at how its path is written.",
            )
        self._path = path
        self._zone = zone
        self._said: Mapping[str, Any] = said or {}
        self.device = Device(serial=path.name or "folder", make="folder", model="folder")

    def clock(self) -> datetime | None:
        """A folder has none."""
        return None

    def held(self) -> list[Held]:
        """All videos below, oldest first; those without a known time first, by path."""
        found = [self._held(path) for path in self._videos()]
        early = datetime.min.replace(tzinfo=UTC)
        return sorted(found, key=lambda held: (held.manifest.started_at or early, held.path))

    def left_out(self) -> list[Path]:
        """Files below that `held` passes over: no name of a video, and none beside one."""
        known = {name for path in self._videos() for name in _names_beside(path)}
        return [path for path in self._files() if path not in known and not VIDEO.search(path.name)]

    def wipe(self, held: Held, receipt: Receipt) -> None:
        """Always refuses: this is somebody's folder, not a camera."""
        raise RefusedError(
            "camera.never-wiped",
            f"{held.path} is not on a camera; it is left where it is.",
            hint="Delete it yourself if you no longer need it.",
            reference=receipt.reference,
        )

    def _videos(self) -> Iterator[Path]:
        if not self._path.is_dir():
            yield self._path
            return
        for path in self._files():
            if VIDEO.search(path.name):
                yield path

    def _files(self) -> Iterator[Path]:
        for folder, inner, names in os.walk(self._path):
            # `._x.mp4` are a Mac's notes about x.mp4, not footage.
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            for name in sorted(names):
                path = Path(folder, name)
                if name[0] != "." and path.is_file():
                    yield path

    def _held(self, path: Path) -> Held:
        sidecars = tuple(_sidecars(path))
        return Held(
            manifest=replace(self._manifest(path, dict(sidecars)), **self._said),
            size=path.stat().st_size,
            path=path,
            sidecars=sidecars,
        )

    def _manifest(self, path: Path, sidecars: dict[str, bytes]) -> Manifest:
        written = sidecars.get(f"{path.stem}.json") or sidecars.get(f"{path.name}.json")
        if written is not None:
            try:
                return manifest_from_dict({"filename": path.name, **_object(written)})
            except BodywornError:
                pass  # the broken paper travels as a sidecar; the name speaks
        root = self._path if self._path.is_dir() else path.parent
        facts = facts_in(path.relative_to(root.parent).as_posix(), zone=self._zone)
        return Manifest(filename=path.name, **facts)


def _sidecars(video: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(video.parent.iterdir()):
        if _belongs(path, video) and path.is_file() and path.stat().st_size <= LARGEST_SIDECAR:
            yield path.name, path.read_bytes()


def _names_beside(video: Path) -> Iterator[Path]:
    return (path for path in video.parent.iterdir() if _belongs(path, video))


def _belongs(path: Path, video: Path) -> bool:
    if path.name.startswith(f"{video.stem}_") and path.name.endswith(SUFFIX):
        return True
    names = (video.stem + ending for ending in BESIDE)
    return path.name in {*names, f"{video.name}.json", f"{video.name}.key"}


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DamagedError("folder.no-manifest", "This sidecar is no manifest.")
    return found
