"""`bodyworn serve`: pages, two doors and the keeper, until told to end."""

import signal
import threading
from typing import TYPE_CHECKING

import typer

from bodyworn.cli.face import Face

if TYPE_CHECKING:
    from bodyworn.settings import Settings


def serve(ctx: typer.Context) -> None:
    """Serve the data folder until Ctrl-C or SIGTERM.

    Logs are JSON lines on standard error.

    Example: bodyworn --data evidence serve
    """
    from bodyworn.web.serve.logs import log_json
    from bodyworn.web.serve.prepare import prepare
    from bodyworn.web.serve.supervise import Servers

    face = Face.of(ctx)
    settings = face.settings()
    log_json("serve")
    stop = stop_signal()
    prepare(settings)
    with Servers(settings, stop=stop) as servers:
        say_addresses(face, settings)
        servers.watch()


def say_addresses(face: Face, settings: "Settings") -> None:
    """Where the three servers are."""
    face.answer(
        {"pages": settings.pages, "upload": settings.upload, "reading": settings.reading},
        f"Pages         {settings.pages}",
        f"Upload door   {settings.upload}",
        f"Reading door  {settings.reading}",
    )


def stop_signal() -> threading.Event:
    """Set by SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
