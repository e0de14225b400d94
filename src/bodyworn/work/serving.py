"""Whether a data folder is being served: one lock, three ports.

A lock is the kernel's (flock), so it cannot outlive its holder, however that ended.
"""

import fcntl
import socket
from pathlib import Path
from typing import IO

from bodyworn.core.errors import BusyError
from bodyworn.settings import Settings
from bodyworn.store.layout import Layout


def hold(path: Path) -> IO[str] | None:
    """Hold a lock until the file is closed; None if somebody else holds it."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def is_held(path: Path) -> bool:
    """Whether somebody holds that lock now."""
    if not path.exists():
        return False
    file = hold(path)
    if file is not None:
        file.close()
    return file is None


def hold_folder(layout: Layout) -> IO[str]:
    """Hold the one right to serve this folder. Raises BusyError serve.already."""
    file = hold(layout.serve_lock)
    if file is None:
        raise BusyError(
            "serve.already",
            "This data folder is being served already.",
            hint="End the other `bodyworn serve` first, or give another folder by --data.",
        )
    return file


def is_served(layout: Layout) -> bool:
    """Whether somebody serves this folder now."""
    return is_held(layout.serve_lock)


def ports(settings: Settings) -> tuple[int, int, int]:
    """Of pages, upload door and reading door."""
    return settings.pages_port, settings.upload_port, settings.reading_port


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens there.

    Asked by binding without SO_REUSEPORT: servers with it would share the port in silence.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
