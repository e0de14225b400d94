"""What every child process does before its own work: a session, a log, an eye on its parent."""

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bodyworn.settings import Settings
from bodyworn.web.door.reading_server import leave_with
from bodyworn.web.serve.logs import log_json

Work = Callable[[Settings], None]
MOST_MEMORY = 4 << 30  # bytes of data that one part may hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the processes that `bodyworn serve` looks after."""

    name: str  # `pages`
    work: Work  # a module's function: runs until SIGTERM
    is_up: Callable[[Settings], bool]  # whether it does its work now; asked in the parent


def run(part: Part, settings: Settings, log_to: Path | None, parent: int) -> None:
    """The child's whole life.

    1. a session of its own: Ctrl-C at a terminal reaches the parent alone, which then ends its
       children in order;
    2. its log;
    3. it never outlives its parent, even one that was killed;
    4. its share of the memory: FFmpeg takes gigabytes for a film of a few hundred bytes that
       claims enough samples. Refused in time that film is unreadable; else the kernel would kill
       the part that looked at it, or the database beside it;
    5. the work.
    """
    os.setsid()
    if log_to is not None:
        _send_output(log_to)
    log_json(part.name)
    leave_with(parent)
    limit_memory(MOST_MEMORY)
    part.work(settings)


def limit_memory(most: int) -> None:
    """Let this process and its children have at most so many bytes of data each.

    RLIMIT_DATA counts private writable memory (Linux 4.7), so that files that are mapped and
    libraries cost nothing. A lower limit that stands already is left alone.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    lowest = min(limit for limit in (soft, hard, most) if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_DATA, (lowest, hard))


def _send_output(path: Path) -> None:
    """Both outputs into one file, by number: libraries in other languages write there too."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)
