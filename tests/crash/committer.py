"""Many callers at a sequencer that can be killed: group commit, and the turns of a small journal.

`python -m tests.crash.committer DATA ACKS` is the mother: for each line that it reads it forks a
machine and prints its process id. What a caller was told is a line of ACKS, `<uid> <index>`. The
line `settle` has one that nobody calls: it finishes what was begun, and ends by itself.
"""

import itertools
import os
import sys
import threading
from pathlib import Path

from bodyworn.core.terms import EventType, Operation
from bodyworn.core.types import CustodyEvent
from bodyworn.custody import journal
from bodyworn.settings import Settings
from bodyworn.web.configure import configure

CALLERS = 24
ROOM = 20_000  # bytes of a journal's segment: many turns a second


def live(settings: Settings, acks: Path) -> None:
    """Be a machine until somebody kills it."""
    # Tables can be imported once Django is configured, and that needs the data folder.
    from bodyworn.work.house import House  # noqa: PLC0415
    from bodyworn.work.log import Sequencer  # noqa: PLC0415

    journal.ROOM = ROOM
    house = House.open(settings)
    sequencer = Sequencer(house)
    sequencer.start()
    # Appended in one write: a line is there, or it is not.
    told = os.open(acks, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def call(caller: int) -> None:
        for number in itertools.count():
            event = CustodyEvent(
                type=EventType.VIEW,
                operation=Operation.CONSULTATION,
                at=house.now(),
                actor=f"caller{caller}",
                subject="BWV-26-0412-7F3A",
                detail={"number": number},
            )
            done = sequencer.submit(event)
            os.write(told, f"{done.uid} {done.index}\n".encode())

    for caller in range(CALLERS):
        threading.Thread(target=call, args=(caller,), daemon=True).start()
    threading.Event().wait()


def settle(settings: Settings) -> None:
    """Bring the log up to what is committed."""
    from bodyworn.work.house import House  # noqa: PLC0415  (as above)
    from bodyworn.work.log import integrate  # noqa: PLC0415

    integrate(House.open(settings))


def main() -> None:
    """Fork a machine for each line; the mother herself opens no database."""
    data, acks = map(Path, sys.argv[1:])
    settings = Settings(data=data)
    configure(settings)
    import bodyworn.work.log  # noqa: F401, PLC0415  (the children start with it in memory)

    for line in sys.stdin:
        machine = os.fork()
        if machine == 0:
            settle(settings) if line.strip() == "settle" else live(settings, acks)
            os._exit(0)
        print(machine, flush=True)
        os.waitpid(machine, 0)


if __name__ == "__main__":
    main()
