"""The keeper as a process: Django, the house, and a signal that ends it."""

import signal
import threading

from bodyworn.settings import Settings
from bodyworn.web.configure import configure


def main(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    configure(settings)
    # The verbs import tables, which exist only once Django is configured.
    from bodyworn.work.house import House  # noqa: PLC0415
    from bodyworn.work.keeper import Keeper  # noqa: PLC0415

    Keeper(House.open(settings)).run(stop)
