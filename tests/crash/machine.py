"""A whole machine in one process that can be killed: door, API, inbox, sequencer.

`python -m tests.crash.machine DATA UPLOAD_PORT PAGES_PORT` is the mother of machines. It imports
everything once and then, for each line that it reads, forks a machine and prints its process id;
so a machine is up in a few hundredths of a second and 200 of them can be killed in a minute.
"""

import os
import sys
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from bodyworn.settings import Settings
from bodyworn.web.door.upload import UploadConfig, UploadDoor
from bodyworn.web.ticket import load_key
from bodyworn.web.wsgi import application

if TYPE_CHECKING:
    from collections.abc import Callable

    from bodyworn.work.house import House

EAGERLY = 0.02  # seconds between two rounds of a duty


class Quiet(WSGIRequestHandler):
    """Says nothing of the requests it serves."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Threaded(ThreadingMixIn, WSGIServer):
    """A thread a request; dies with its machine."""

    daemon_threads = True
    allow_reuse_address = True


def live(settings: Settings) -> None:
    """Be a machine until somebody kills it."""
    app = application(settings)
    pages = make_server(
        settings.host, settings.pages_port, app, server_class=Threaded, handler_class=Quiet
    )
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    UploadDoor(
        UploadConfig(
            data=settings.data,
            ticket_key=load_key(settings.layout.ticket_key),
            host=settings.host,
            port=settings.upload_port,
        )
    ).start()
    _keep(settings)


def _keep(settings: Settings) -> None:
    """Sequencer, keys and jobs of the keeper, and what it does besides, eagerly."""
    # Tables can be imported once Django is configured, and that needs the data folder.
    from bodyworn.work.house import House  # noqa: PLC0415
    from bodyworn.work.keeper import Duty, Keeper  # noqa: PLC0415

    duties = tuple(Duty(name=name, every=EAGERLY, work=work) for name, work in _verbs().items())
    Keeper(House.open(settings), duties).run(threading.Event())


def _verbs() -> "dict[str, Callable[[House], object]]":
    """What is done again and again, so that there are many moments of each to be killed in."""
    from bodyworn.work import ingest  # noqa: PLC0415  (as above)

    return {"inbox": ingest.sweep}


def main() -> None:
    """Fork a machine for each line; the mother herself opens no database."""
    data, upload_port, pages_port = sys.argv[1:]
    settings = Settings(
        data=Path(data), upload_port=int(upload_port), pages_port=int(pages_port), job_workers=1
    )
    application(settings)
    import bodyworn.work.keeper  # noqa: F401, PLC0415  (the children start with it in memory)

    for _ in sys.stdin:
        machine = os.fork()
        if machine == 0:
            live(settings)
            os._exit(0)
        print(machine, flush=True)
        os.waitpid(machine, 0)


if __name__ == "__main__":
    main()
