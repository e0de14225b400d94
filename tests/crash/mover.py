"""A process that backs up, restores and moves in children, and kills each when its time is over.

`python -m tests.crash.mover DATA` reads orders, one JSON object a line, and answers one word each:
`done`, `failed` or `killed`. Everything is imported once, so that a child lives for its work and
not for its imports.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connections

from bodyworn.core.types import Actor
from bodyworn.settings import Settings
from bodyworn.web.configure import configure

OPERATOR = Actor(name="system:command-line:frances")
Order = dict[str, Any]
Verb = Callable[[Settings, Order], object]


def verbs() -> dict[str, Verb]:
    """What a child can be told to do."""
    # Tables can be imported once Django is configured, and that needs the data folder.
    from bodyworn.work.house import House  # noqa: PLC0415
    from bodyworn.work.moving import backup, ending, migrate, restore  # noqa: PLC0415

    def move(settings: Settings, order: Order) -> None:
        if not ending.take_up_end(settings.layout, Path(order["to"])):
            migrate.migrate(House.open(settings), to=Path(order["to"]), by=OPERATOR)

    return {
        "backup": lambda settings, order: backup.backup(
            House.open(settings), Path(order["folder"]), by=OPERATOR
        ),
        "restore": lambda _, order: restore.restore(
            Path(order["folder"]), to=Path(order["to"]), keys=Path(order["keys"])
        ),
        "move": move,
    }


def lived(child: int, life: float) -> str:
    """What became of a child that had so many seconds."""
    end = time.monotonic() + life
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return "done" if status == 0 else "failed"
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return "done" if status == 0 else "failed"


def main() -> None:
    """Take orders until standard input ends."""
    settings = Settings.load(Path(sys.argv[1]))
    configure(settings)
    known = verbs()
    for line in sys.stdin:
        order = json.loads(line)
        connections.close_all()
        child = os.fork()
        if child == 0:
            known[order["verb"]](settings, order)
            os._exit(0)
        print(lived(child, order["life"]), flush=True)


if __name__ == "__main__":
    main()
