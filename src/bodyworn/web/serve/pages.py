"""The pages' server: Granian, one worker, Django under WSGI.

Under ASGI Django costs several times the CPU, so it runs under WSGI; a second turn lets a
page through while a slow one waits for the disk, and more would only fight over the interpreter.
Threads are more, because each body that is still arriving holds one (`web.bodies`).
The settings travel to the worker as the argument of a function, nothing through the environment.
"""

import os
from functools import partial
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from bodyworn.settings import Settings
from bodyworn.web.bodies import Bodies
from bodyworn.web.django_settings import LARGEST_REQUEST
from bodyworn.web.door.reading_server import leave_with
from bodyworn.web.serve.logs import GRANIAN, log_json
from bodyworn.web.wsgi import Application, application

TURNS = 2
THREADS = 32
LAST_WORDS = 5  # seconds that open answers have when the worker is told to end


def main(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    certificate, key = settings.tls_certificate, settings.tls_key
    server = Granian(
        "bodyworn pages",
        address=settings.host,
        port=settings.pages_port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        http=HTTPModes.auto,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=GRANIAN,
        ssl_cert=Path(certificate) if certificate else None,
        ssl_key=Path(key) if key else None,
        respawn_failed_workers=True,
        workers_kill_timeout=LAST_WORDS,
    )
    server.serve(target_loader=partial(_in_worker, settings), wrap_loader=False)


def _in_worker(settings: Settings) -> Application:
    """Granian's worker outlives a killed main process if nobody looks."""
    leave_with(os.getppid())
    log_json("pages")
    return Bodies(application(settings), at_once=TURNS, largest=LARGEST_REQUEST)
