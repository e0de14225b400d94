"""A small force with real footage in a data folder of its own, made in a process of its own.

`python -m tests.browser.stage FOLDER` fills the folder: the people of the simulated force, two of
its films (one progressive, one in fragments), shorter clips for its lists, and clips whose frames
carry their number as bars. Everything goes the way that real footage goes: ingest, jobs, log.
"""

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.media.corpus import B_FRAMES, PIECES, Recipe, make_corpus

from bodyworn.core.types import Actor, Manifest
from bodyworn.devices.camera import Held
from bodyworn.devices.simulate import World, film
from bodyworn.settings import Settings

NOW = "2026-04-14T09:00:00Z"
PASSWORD = "correct horse battery staple"
DOCK = Actor(name="system:dock:BX-07")
FILMS = ("7F3A", "7A76")
SHORT = ("26EB", "7809", "E983", "814D")
COUNT = 240  # frames of a clip with bars, which hold numbers below 256

STEADY = tuple(n * 1000 // 15 for n in range(COUNT))


def uneven(seed: int = 5) -> tuple[int, ...]:
    """Times in milliseconds as a camera in trouble has them: 15 to 300 ms apart, never even."""
    dice, at = random.Random(seed), 0
    times = []
    for _ in range(COUNT):
        times.append(at)
        at += dice.choice((15, 16, 33, 34, 40, 67, 120, 300))
    return tuple(times)


CLIPS = (
    Recipe(name="steady.mp4", times_ms=STEADY, options=B_FRAMES, sound="aac"),
    Recipe(name="uneven.mp4", times_ms=uneven(), sound="aac"),
    Recipe(name="pieces.mp4", times_ms=uneven(6), options=B_FRAMES, muxer={"movflags": PIECES}),
)
"""References follow from the camera's short id: BAA1, BAA2, BAA3."""


def settings_of(folder: Path, ports: tuple[int, int, int] = (8400, 8401, 8402)) -> Settings:
    """The stage's settings; ports of pages, upload and reading."""
    pages, upload, reading = ports
    return Settings(
        data=folder, frozen_at=NOW, pages_port=pages, upload_port=upload, reading_port=reading
    )


def _films(world: World, folder: Path) -> Iterator[Held]:
    for short in FILMS:
        recording = world.recording(short)
        clip = film(recording, folder)
        trails = sorted(folder.glob(f"{clip.stem}_*"))
        sidecars = tuple((path.name, path.read_bytes()) for path in trails)
        yield _held(clip, recording.as_manifest(), sidecars)


def _short_clips(world: World, folder: Path) -> Iterator[Held]:
    """Footage of a second for recordings that are only listed."""
    recipes = [
        Recipe(name=f"{short}.mp4", times_ms=STEADY[: 10 + n]) for n, short in enumerate(SHORT)
    ]
    for short, sample in zip(SHORT, make_corpus(folder, recipes), strict=True):
        yield _held(sample.path, world.recording(short).as_manifest())


def _clips_with_bars(folder: Path) -> Iterator[Held]:
    started = datetime(2026, 4, 13, 10, 0, 0, tzinfo=UTC)
    for number, sample in enumerate(make_corpus(folder, CLIPS), start=1):
        began = started + timedelta(minutes=number)
        yield _held(
            sample.path,
            Manifest(
                filename=sample.name,
                device="004475",
                officer="1187QK",
                # 176 is missing: a supervisor's home says so.
                sequence=(175, 177, 178)[number - 1],
                camera_reference=f"BAA{number}",
                started_at=began,
                title=f"Bars, {sample.path.stem}",
                locality="Test bench, Lambeth",
                borough="Lambeth",
            ),
        )


def _broken(folder: Path, clip: Path) -> Held:
    """The first half of a clip: its index, which comes last, is lost."""
    path = folder / "broken.mp4"
    path.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    manifest = Manifest(
        filename=path.name,
        device="004475",
        officer="1187QK",
        sequence=179,
        camera_reference="BAD1",
        started_at=datetime(2026, 4, 13, 11, 0, 0, tzinfo=UTC),
        title="Fell into the canal",
        locality="Brixton, Lambeth",
        borough="Lambeth",
    )
    return _held(path, manifest)


def _nobodys(folder: Path) -> Held:
    """A second of footage without a word about whose it is."""
    recipe = Recipe(name="nobodys.mp4", times_ms=STEADY[:18])
    (sample,) = make_corpus(folder, [recipe])
    started_at = datetime(2026, 4, 13, 12, 0, 0, tzinfo=UTC)
    said = Manifest(filename=sample.name, camera_reference="BAD2", started_at=started_at)
    return _held(sample.path, said)


def _held(path: Path, manifest: Manifest, sidecars: tuple[tuple[str, bytes], ...] = ()) -> Held:
    manifest = replace(manifest, filename=path.name, dock="BX-07")
    return Held(manifest=manifest, size=path.stat().st_size, path=path, sidecars=sidecars)


def make(folder: Path) -> None:
    """Fill the folder."""
    settings = settings_of(folder / "data")
    _configure(settings)
    from bodyworn.work import ingest, jobs, log  # noqa: PLC0415  (tables need Django set up)
    from bodyworn.work.demo_force import populate  # noqa: PLC0415
    from bodyworn.work.house import House  # noqa: PLC0415

    house, world = House.open(settings), World.of(7)
    populate(house, world, password=PASSWORD)
    films = folder / "films"
    held = [*_films(world, films), *_short_clips(world, films), *_clips_with_bars(films)]
    for one in [*held, _broken(films, held[-3].path), _nobodys(films)]:
        receipt = ingest.take_in_file(house, one, by=DOCK, keep_anyway=True)
        print(json.dumps({"name": one.path.name, "reference": receipt.reference}))
    jobs.run_waiting(house)
    log.integrate(house)


def _configure(settings: Settings) -> None:
    from bodyworn.web.configure import configure  # noqa: PLC0415
    from bodyworn.web.serve.prepare import prepare  # noqa: PLC0415
    from bodyworn.work.house import create  # noqa: PLC0415

    create(settings)
    configure(settings)
    prepare(settings)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
