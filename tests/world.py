"""A small piece of the simulated force: one short real film, made once a run, and its camera.

The film is four seconds of a living room, two of them silent buffer, at a third of the usual
size, so that it is filmed in half a second. Whole worlds are `devices.simulate`'s own.
"""

import atexit
import json
import shutil
import struct
import tempfile
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

from bodyworn.core.clock import Clock, system_clock
from bodyworn.core.manifest import manifest_to_dict
from bodyworn.devices.simulate import Recording, SceneKind, VirtualCamera, World, film

SEED = 7
SECONDS, BUFFER_SECONDS = 4, 2


def short_recording(*, is_fragmented: bool = False) -> Recording:
    """The journeys' recording 7F3A, cut down."""
    whole = World.of(SEED).recording("7F3A")
    return replace(
        whole,
        triggered_at=whole.started_at + timedelta(seconds=BUFFER_SECONDS),
        ended_at=whole.started_at + timedelta(seconds=SECONDS),
        is_fragmented=is_fragmented,
        scene=SceneKind.HOME,  # the quickest to light
        width=320,
        height=180,
    )


@cache
def short_film(*, is_fragmented: bool = False) -> Path:
    """Its clip, with manifest and trail beside it; read it, do not write it."""
    folder = Path(tempfile.mkdtemp(prefix="bw-film-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return film(short_recording(is_fragmented=is_fragmented), folder)


def loaded_camera(
    folder: Path, *, count: int = 1, first: int = 314, clock: Clock = system_clock
) -> VirtualCamera:
    """A camera that holds `count` recordings, numbered from `first`, no two alike."""
    recording = short_recording()
    camera = VirtualCamera(
        folder,
        device=recording.device,
        clock_offset=timedelta(milliseconds=recording.clock_offset_ms),
        clock=clock,
    )
    for place in range(count):
        _put(camera, recording, sequence=first + place)
    return camera


def _put(camera: VirtualCamera, recording: Recording, *, sequence: int) -> None:
    """The short film again under a number of its own; a `free` box makes its bytes its own."""
    numbered = replace(recording, sequence=sequence, camera_reference=f"{sequence:04X}")
    box = struct.pack(">I4sI", 12, b"free", sequence)
    (camera.folder / f"{numbered.stem}.mp4").write_bytes(short_film().read_bytes() + box)
    trail = next(short_film().parent.glob("*_gpstrail.json")).read_bytes()
    (camera.folder / f"{numbered.stem}_gpstrail.json").write_bytes(trail)
    manifest = json.dumps(manifest_to_dict(numbered.as_manifest()))
    (camera.folder / f"{numbered.stem}.json").write_text(manifest)
