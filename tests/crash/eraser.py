"""A machine in one process that takes films in, signs, erases, and kills itself at a given step.

`python -m tests.crash.eraser DATA DIARY` is the mother: she imports everything once and then, for
each number that she reads, forks a machine that dies at its so-manieth step, and prints how many
have died; where the number is 0 nobody dies, and what was left half done is finished. A step is
what may leave something half done: a statement of the database, an opened, flushed, renamed, linked
or removed file. A machine notes each deed in its diary before and after; what stands there it has
promised.

Films come in on one day and are erased four days later, when the key of their day may go: so every
step of an erasure, to its certificate, is there to be killed at.
"""

import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bodyworn.core.types import Actor, Arrival, Manifest
from bodyworn.settings import Settings
from bodyworn.web.configure import configure

CAME = "2026-04-14T09:00:00Z"
LATER = timedelta(days=4)
KEPT = 3  # recordings that stay beside the one that goes
FILES = {"open", "os.rename", "os.remove", "os.link", "os.truncate"}  # audit events
DOCK = Actor(name="system:dock:BX-07")


class Fuse:
    """Counts steps, and kills the process at one of them."""

    def __init__(self, step: int) -> None:
        """Not lit yet."""
        self._left = step

    def light(self) -> None:
        """From here on every step counts."""
        from django.db import connection  # noqa: PLC0415  (Django is configured by now)

        sys.addaudithook(lambda event, _: self._burn() if event in FILES else None)
        for name in ("fsync", "fdatasync"):
            setattr(os, name, self._counted(getattr(os, name)))
        connection.execute_wrappers.append(self._statement)

    def _burn(self) -> None:
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _counted(self, call: Callable[[int], None]) -> Callable[[int], None]:
        def counted(handle: int) -> None:
            self._burn()
            call(handle)

        return counted

    def _statement(self, execute: Callable[..., Any], *given: Any) -> Any:
        self._burn()
        return execute(*given)


def live(settings: Settings, diary: Path, step: int) -> None:
    """Finish what others left; then take one in, sign, erase the oldest, again and again."""
    # Tables can be imported once Django is configured.
    from bodyworn.records.models import Recording  # noqa: PLC0415
    from bodyworn.work import erase, ingest, log  # noqa: PLC0415
    from bodyworn.work.house import House  # noqa: PLC0415

    _let_a_month_go_by(settings)
    Fuse(step).light()
    later = (settings.now() + LATER).isoformat()
    came, after = House.open(settings), House.open(replace(settings, frozen_at=later))
    wish = erase.Wish(policy="p", authority="a", reason="r", by=DOCK, is_early=True)
    chance = random.Random(step * 2**32 + os.getpid())
    handle = os.open(diary, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    ingest.sweep(came)
    erase.carry_on(after)
    while True:
        arrival = _arrived(came, chance.randrange(10**9))
        receipt = ingest.take_in(came, arrival, by=DOCK)
        os.write(handle, f"recorded {receipt.reference} {receipt.sha256}\n".encode())
        log.integrate(came)
        names = Recording.objects.order_by("id").values_list("reference", flat=True)
        for reference in list(names)[:-KEPT]:
            os.write(handle, f"erasing {reference}\n".encode())
            erase.erase(after, [reference], wish)
            os.write(handle, f"erased {reference}\n".encode())


def settle(settings: Settings) -> None:
    """What waits gets its row, and what was ordered is finished."""
    from bodyworn.work import erase, ingest  # noqa: PLC0415
    from bodyworn.work.house import House  # noqa: PLC0415

    ingest.sweep(House.open(settings))
    _let_a_month_go_by(settings)
    erase.carry_on(House.open(replace(settings, frozen_at=(settings.now() + LATER).isoformat())))


def _let_a_month_go_by(settings: Settings) -> None:
    """What the last machine left is old by now: litter may be swept, and keeps no key alive."""
    from bodyworn.store.seal import Vault  # noqa: PLC0415

    month_ago = time.time() - 30 * 24 * 3600
    for path in settings.layout.blobs.rglob("*"):
        os.utime(path, (month_ago, month_ago))
    Vault(settings.layout).sweep()


def _arrived(house: Any, number: int) -> Arrival:
    from tests.crash.camera import film  # noqa: PLC0415

    from bodyworn.store.inbox import write_arrival  # noqa: PLC0415

    data = film(number).data
    kept, beside = house.vault.keep_bytes(data), house.vault.keep_bytes(b"the same for all")
    arrival = Arrival(
        upload=hashlib.sha256(data).hexdigest()[:32],
        sha256=kept.digest,
        size=kept.size,
        received_at=house.now(),
        manifest=Manifest(filename=f"{number}.mp4"),
        sender=DOCK.name,
        sidecars=(("shared.key", beside.digest, beside.size),),
    )
    write_arrival(house.layout.arrival(arrival.upload), arrival)
    return arrival


def main() -> None:
    """Fork a machine for each number; the mother herself opens no database."""
    data, diary = map(Path, sys.argv[1:])
    settings = Settings(data=data, frozen_at=CAME)
    configure(settings)
    from tests.crash.camera import film  # noqa: PLC0415

    import bodyworn.work.erase  # noqa: F401, PLC0415  (the children start with it in memory)

    film(0)  # its template is made once
    for died, line in enumerate(sys.stdin, start=1):
        machine = os.fork()
        if machine == 0:
            live(settings, diary, int(line)) if int(line) else settle(settings)
            os._exit(0)
        _, status = os.waitpid(machine, 0)
        was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print(died if was_killed else f"ended:{os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
