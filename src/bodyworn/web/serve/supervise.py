"""The supervisor: starts the parts, waits until each is well, restarts what dies, ends them all.

    with Servers(settings, stop=stop) as servers:     # every part answers
        servers.watch()                               # until `stop` is set

One supervisor a data folder: a lock on a file of it, which the kernel takes back from the dead.
What each part does is for `web.serve.parts`; what must be true of the data folder before it is
served is for `web.serve.prepare`.
"""

import logging
import multiprocessing
import os
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bodyworn.core.errors import SetupError
from bodyworn.settings import Settings
from bodyworn.web.serve.child import Part, run
from bodyworn.web.serve.health import refuse_taken_ports
from bodyworn.web.serve.parts import PARTS
from bodyworn.work import serving

FIRST_ANSWER = 60.0  # seconds a part may take to come up
LAST_WORDS = 10.0  # seconds for what is open when told to end
SHORTEST_REST, LONGEST_REST = 0.5, 30.0  # seconds before a dead part is started again
WELL_FOR = 60.0  # seconds alive after which earlier deaths are forgiven
LOOK_EVERY = 0.25  # seconds

_log = logging.getLogger("bodyworn.serve")


class Child:
    """One part as a process, and its record of dying."""

    def __init__(self, part: Part, settings: Settings, log_to: Path | None) -> None:
        """Nothing runs yet."""
        self.part = part
        self._settings = settings
        self._log_to = log_to
        self._process: BaseProcess | None = None
        self._started_at = 0.0
        self._rest = SHORTEST_REST
        self._start_at = 0.0

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid if self._process else None

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.is_alive()

    def start(self) -> None:
        """Spawned, never forked: the parent has threads, and may have Django in it."""
        self._process = multiprocessing.get_context("spawn").Process(
            target=run,
            args=(self.part, self._settings, self._log_to, os.getpid()),
            name=f"bodyworn-{self.part.name}",
        )
        self._process.start()
        self._started_at = time.monotonic()
        self._start_at = 0.0
        _log.info("%s started as process %s", self.part.name, self.pid)

    def wait_until_up(self, deadline: float, stop: threading.Event) -> None:
        """Raises SetupError serve.part-failed, KeyboardInterrupt if `stop` is set meanwhile."""
        pause = 0.05
        while time.monotonic() < deadline and self.is_alive:
            if self.part.is_up(self._settings):
                return
            # Longer each time: a part that answers with faults would fill the log with them.
            if stop.wait(pause):
                raise KeyboardInterrupt
            pause = min(1.2 * pause, 1.0)
        raise SetupError(
            "serve.part-failed",
            f"The part “{self.part.name}” did not come up.",
            hint="The log above this line says why; `bodyworn check` looks for known causes.",
            part=self.part.name,
        )

    def look_after(self) -> None:
        """Start it again if it died, after a rest that doubles while it keeps on dying."""
        if self.is_alive:
            return
        now = time.monotonic()
        if not self._start_at:
            self._plan_a_start(now)
        elif now >= self._start_at:
            self.start()

    def _plan_a_start(self, now: float) -> None:
        if now - self._started_at > WELL_FOR:
            self._rest = SHORTEST_REST
        self._start_at = now + self._rest
        code = self._process.exitcode if self._process else None
        _log.error("%s ended with %s; starts again in %.1f s", self.part.name, code, self._rest)
        self._rest = min(2 * self._rest, LONGEST_REST)

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        if self._process and self._process.is_alive():
            self._process.terminate()

    def wait_until_ended(self, deadline: float) -> None:
        """Wait, then kill."""
        if self._process is None:
            return
        self._process.join(max(0.0, deadline - time.monotonic()))
        if self._process.is_alive():
            _log.error("%s does not end; killed", self.part.name)
            self._process.kill()
        self._process.join()
        self._process = None


class Servers:
    """All parts of one data folder."""

    def __init__(
        self,
        settings: Settings,
        *,
        stop: threading.Event,
        log_to: Path | None = None,
        parts: tuple[Part, ...] = PARTS,
    ) -> None:
        """`stop` ends them all; `log_to` takes their logs, None leaves them on standard error."""
        self._stop = stop
        self._settings = settings
        self.children = [Child(part, settings, log_to) for part in parts]
        self._lock: IO[str] | None = None

    def start(self) -> None:
        """1. the lock 2. the ports 3. every part 4. until each is well, or none is left running."""
        self._lock = serving.hold_folder(self._settings.layout)
        try:
            refuse_taken_ports(self._settings)
            for child in self.children:
                child.start()
            deadline = time.monotonic() + FIRST_ANSWER
            for child in self.children:
                child.wait_until_up(deadline, self._stop)
        except BaseException:
            self.stop()
            raise

    def watch(self) -> None:
        """Look after the parts until `stop` is set."""
        while not self._stop.wait(LOOK_EVERY):
            for child in self.children:
                child.look_after()

    def stop(self) -> None:
        """End every part, the last started first, and give the lock back."""
        deadline = time.monotonic() + LAST_WORDS
        for child in reversed(self.children):
            child.ask_to_end()
        for child in self.children:
            child.wait_until_ended(deadline)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
