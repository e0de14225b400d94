"""`bodyworn demo`: a whole force on one machine, from the first frame to the page."""

import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodyworn.cli.face import Face

if TYPE_CHECKING:
    from bodyworn.core.tasks import Progress
    from bodyworn.devices.simulate import World
    from bodyworn.settings import Settings
    from bodyworn.work.demo import Marker
    from bodyworn.work.filming import Shift

FOLDER = Path("demo-data")
FROZEN = "2026-04-14T09:00:00Z"
LOOPBACK = "127.0.0.1"
PATIENCE = 600.0  # seconds for what is left to do once all is filmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the steps below share."""

    face: Face
    settings: "Settings"
    world: "World"
    marker: "Marker"
    began: float  # seconds of the monotonic clock
    stop: threading.Event  # somebody wants it to end


def demo(
    ctx: typer.Context,
    seed: Annotated[int, typer.Option(min=0, help="Which force; 7 is the tutorial's.")] = 7,
    frozen: Annotated[
        bool, typer.Option("--frozen", help=f"The clock stands still at {FROZEN}.")
    ] = False,
    frozen_at: Annotated[
        str, typer.Option(metavar="TIME", help="The clock stands still there (RFC 3339).")
    ] = "",
    password: Annotated[
        str, typer.Option(metavar="TEXT", help="Everybody's password, 12 characters or more.")
    ] = "",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Throw an earlier demonstration away first.")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Go on serving once all is there.")
    ] = True,
) -> None:
    """Build a simulated force, film its shift, dock and upload it, and serve it.

    On 127.0.0.1 only, in the folder demo-data.

    Example: bodyworn demo --seed 7 --frozen
    """
    from bodyworn.cli.serve import stop_signal
    from bodyworn.web.serve.prepare import prepare
    from bodyworn.web.serve.supervise import Servers

    moment = FROZEN if frozen else frozen_at
    stage = set_up(
        Face.of(ctx), seed=seed, moment=moment, password=password, fresh=fresh, stop=stop_signal()
    )
    prepare(stage.settings)
    log_to = stage.settings.layout.serve_log
    with Servers(stage.settings, stop=stage.stop, log_to=log_to) as servers:
        seconds = fill(stage) if not stage.marker.is_complete else None
        say_end(stage, seconds, is_served=serve)
        if serve:
            servers.watch()


def set_up(
    face: Face, *, seed: int, moment: str, password: str, fresh: bool, stop: threading.Event
) -> Stage:
    """The folder of an earlier demonstration if it came to its end, else a new one.

    Raises RefusedError demo.not-a-demonstration, demo.other-seed; SetupError demo.not-a-time.
    """
    from bodyworn.core.clock import parse_iso
    from bodyworn.devices.simulate import World
    from bodyworn.settings import Settings
    from bodyworn.work import demo as demos

    folder = folder_of(Settings.load(face.data))
    layout = Settings.load(folder).layout
    demos.refuse_other(layout, seed=seed, fresh=fresh)
    marker = demos.read_marker(layout)
    if marker is None or fresh or not marker.is_complete:
        demos.clear(layout)
        marker = demos.begin(folder, seed=seed, moment=moment, password=password)
    return Stage(
        face=face,
        settings=Settings.load(folder).with_(host=LOOPBACK),
        world=World.of(marker.seed, now=parse_iso(marker.now)),
        marker=marker,
        began=time.monotonic(),
        stop=stop,
    )


def folder_of(settings: "Settings") -> Path:
    """The folder that was named by option or environment; else one of the demonstration's own."""
    from bodyworn.settings import DEFAULT_DATA

    return FOLDER if settings.data == DEFAULT_DATA.absolute() else settings.data


def fill(stage: Stage) -> dict[str, float]:
    """People, then footage; how many seconds until the first could be watched, and all.

    1. rows for people and docks
    2. film, dock and upload, in processes of its own
    3. wait for strips and sounds, and for the log
    4. note that it is complete
    """
    from bodyworn.work import demo as demos
    from bodyworn.work.demo_force import populate
    from bodyworn.work.filming import Shift
    from bodyworn.work.house import House

    house = House.open(stage.settings)
    tokens = populate(house, stage.world, password=stage.marker.password)
    shift = Shift.of(
        stage.world,
        is_frozen=bool(stage.settings.frozen_at),
        api=stage.settings.pages,
        tokens=tokens,
        log_key=house.layout.log_vkey,
    )
    with stage.face.progress() as progress, shift:
        first = watch_filming(stage, shift, progress)
        wait_for_rest(stage, progress)
    demos.write_marker(house.layout, replace(stage.marker, is_complete=True))
    return {"first": first, "all": round(time.monotonic() - stage.began, 1)}


def watch_filming(stage: Stage, shift: "Shift", progress: "Progress") -> float:
    """Until all is docked; the seconds until the first recording could be watched."""
    from bodyworn.work.demo_force import can_be_watched

    done, first, docked = 0, 0.0, ""
    progress(0, shift.frames, "Filming")
    for news in shift.news():
        give_up_if_asked(stage)
        done += news.frames
        docked = docked or news.reference
        progress(done, shift.frames, "Filming the rest" if first else "Filming")
        if news.problem:
            typer.echo(f"{news.problem['message']} It is tried again.", err=True)
        if docked and not first and can_be_watched(docked):
            first = round(time.monotonic() - stage.began, 1)
            say_first(stage, docked, first)
    return first


def wait_for_rest(stage: Stage, progress: "Progress") -> None:
    """Until jobs and log have come to rest, or patience has."""
    from bodyworn.work.demo_force import still_to_do

    most, end = 1, time.monotonic() + PATIENCE
    while (left := still_to_do()) and time.monotonic() < end:
        give_up_if_asked(stage)
        most = max(most, left)
        progress(most - left, most, "Making strips and sounds")
        stage.stop.wait(0.25)


def give_up_if_asked(stage: Stage) -> None:
    """Ctrl-C while it is being built: the next run starts afresh."""
    if stage.stop.is_set():
        raise KeyboardInterrupt


def say_first(stage: Stage, reference: str, seconds: float) -> None:
    """Where to look while the rest is being made."""
    page = f"{stage.settings.pages}/recordings/{reference}"
    stage.face.say(f"After {seconds:.0f} s the first recording can be watched: {page}")
    stage.face.say(*people_lines(stage))


def say_end(stage: Stage, seconds: dict[str, float] | None, *, is_served: bool) -> None:
    """What there is, and how to go on."""
    from bodyworn.work.demo_force import sign_ins

    folder = stage.settings.data
    facts = {
        "pages": stage.settings.pages,
        "data": str(folder),
        "seed": stage.marker.seed,
        "password": stage.marker.password,
        "sign_ins": [asdict(one) for one in sign_ins(stage.world)],
        "recordings": len(stage.world.recordings),
        "seconds": seconds,
    }
    lines = [] if seconds and seconds["first"] else people_lines(stage)
    kept = f"{len(stage.world.recordings)} recordings are in {folder}"
    served = [
        f"{kept}, served at {stage.settings.pages}",
        f"In another terminal: bodyworn --data {folder} verify. Ctrl-C ends it.",
    ]
    left = [f"{kept}. Serve them: bodyworn --data {folder} serve"]
    stage.face.answer(facts, *lines, *(served if is_served else left))


def people_lines(stage: Stage) -> list[str]:
    """The address and a table of those that one can be."""
    from bodyworn.work.demo_force import sign_ins

    rows = [
        f"  {one.name:8}  {one.display:16}  {one.post}{f', {one.unit}' if one.unit else ''}"
        for one in sign_ins(stage.world)
    ]
    head = f"Sign in at {stage.settings.pages}, everybody with the password"
    return [f"{head} {stage.marker.password}", *rows, ""]
