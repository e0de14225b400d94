"""A shift of the simulated force, filmed and docked by processes of their own.

Each process takes a camera, films its recordings one after the other, and puts the camera into a
dock after each: the dock copies, asks the API, sends to the upload door, checks the receipt
and wipes. Nothing of it knows that it is a demonstration. No Django here: these are cameras and
docks, and they may as well stand in another building.
"""

import multiprocessing
import os
import queue
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from bodyworn.core.clock import frozen_clock, system_clock
from bodyworn.core.errors import BodywornError, SetupError
from bodyworn.custody.note import load_verifier
from bodyworn.custody.receipt import read_receipt
from bodyworn.devices.dock import Dock, Docked, Server
from bodyworn.devices.simulate import CameraUnit, Recording, VirtualCamera, World, film

PROCESSES = 2
EVERY = 15  # frames between two words about progress
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a filming process needs to know; plain values, so that it can be pickled."""

    seed: int  # of the world
    now: datetime  # of the world, UTC
    is_frozen: bool  # whether docks' clocks stand still at `now`
    api: str  # base address of the pages
    tokens: Mapping[str, str] = field(repr=False)  # by dock's name
    log_key: Path  # file of the public key that receipts must be signed with
    folder: Path  # cameras and spools


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a filming process says."""

    frames: int = 0  # pictures filmed since the last word
    reference: str = ""  # of a recording for which the dock got a receipt
    problem: dict[str, Any] | None = None  # an error as `as_dict` writes it


class Shift:
    """Filming in the background; use it with `with`, and read `news` until all is docked."""

    def __init__(self, world: World, assignment: Assignment) -> None:
        """Nothing runs yet."""
        self._world = world
        self._assignment = assignment
        self._news: Any = _SPAWN.Queue()
        self._cameras: Any = _SPAWN.Queue()
        self._processes: list[BaseProcess] = []

    @classmethod
    def of(
        cls,
        world: World,
        *,
        is_frozen: bool,
        api: str,
        tokens: Mapping[str, str],
        log_key: Path,
    ) -> "Shift":
        """A shift with a temporary folder for its cameras."""
        assignment = Assignment(
            seed=world.seed,
            now=world.now,
            is_frozen=is_frozen,
            api=api,
            tokens=dict(tokens),
            log_key=log_key,
            folder=Path(tempfile.mkdtemp(prefix="bodyworn-shift-")),
        )
        return cls(world, assignment)

    @property
    def frames(self) -> int:
        """How many pictures there are to film."""
        return sum(recording.frames for recording in self._world.recordings)

    def news(self) -> Iterator[News]:
        """Everything that is said, until the last recording is docked or nobody is left.

        Raises SetupError demo.filming-ended if a process ends before its time.
        """
        docked: set[str] = set()
        while len(docked) < len(self._world.recordings):
            try:
                word: News = self._news.get(timeout=1)
            except queue.Empty:
                if self._has_ended():
                    return
                continue
            docked |= {word.reference} - {""}
            yield word

    def _has_ended(self) -> bool:
        """Whether nobody is left to say anything; those with problems have told them."""
        if any(process.is_alive() for process in self._processes) or not self._news.empty():
            return False
        if any(process.exitcode for process in self._processes):
            raise SetupError(
                "demo.filming-ended",
                "The filming ended before all was filmed.",
                hint="Run it again with --fresh; if that does not help, look at its words above.",
            )
        return True

    def __enter__(self) -> Self:
        for camera in self._world.cameras:
            self._cameras.put(camera.device.serial)
        for number in range(PROCESSES):
            self._cameras.put(None)
            process = _SPAWN.Process(
                target=work,
                args=(self._assignment, self._cameras, self._news, os.getpid()),
                name=f"bodyworn-filming-{number}",
            )
            process.start()
            self._processes.append(process)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            if error is not None:
                process.terminate()
            process.join()
        shutil.rmtree(self._assignment.folder, ignore_errors=True)


def work(assignment: Assignment, cameras: Any, news: Any, parent: int) -> None:
    """A filming process: cameras until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    _leave_with(parent)
    world = World.of(assignment.seed, now=assignment.now)
    with httpx.Client(timeout=30) as http:
        while (serial := cameras.get()) is not None:
            unit = world.camera(serial)
            for recording in recordings_of(world, unit):
                _film(recording, assignment, news)
                _dock(unit, assignment, http, news)


def recordings_of(world: World, unit: CameraUnit) -> list[Recording]:
    """One camera's recordings in the order of its count."""
    own = [one for one in world.recordings if one.device == unit.device]
    return sorted(own, key=lambda recording: recording.sequence)


def _film(recording: Recording, assignment: Assignment, news: Any) -> None:
    said = 0

    def progress(done: int, of: int, _: str) -> None:
        nonlocal said
        if done - said >= EVERY or done == of:
            news.put(News(frames=done - said))
            said = done

    film(recording, assignment.folder / recording.device.serial, progress=progress)


def _dock(unit: CameraUnit, assignment: Assignment, http: httpx.Client, news: Any) -> None:
    """Each camera has a bay of its own: a spool, so that two docks never wait for each other."""
    clock = frozen_clock(assignment.now) if assignment.is_frozen else system_clock
    camera = VirtualCamera.of(unit, folder=assignment.folder, clock=clock)
    dock = Dock(
        unit.dock,
        http=http,
        server=Server(url=assignment.api, token=assignment.tokens[unit.dock]),
        spool=assignment.folder / f"bay-{unit.device.serial}",
        check_note=partial(read_receipt, verifier=load_verifier(assignment.log_key)),
        clock=clock,
    )
    try:
        for docked in dock.empty(camera):
            news.put(_as_news(docked))
    except BodywornError as error:
        news.put(News(problem=error.as_dict()))


def _as_news(docked: Docked) -> News:
    if docked.receipt:
        return News(reference=docked.receipt.reference)
    return News(problem=docked.problem.as_dict() if docked.problem else {"message": "no receipt"})


def _leave_with(parent: int) -> None:
    """End when the demonstration was killed; nobody would take what is filmed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
