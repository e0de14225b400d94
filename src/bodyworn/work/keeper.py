"""The keeper: everything that happens in a data folder without anybody asking.

    keys       are given out against events                    at once
    inbox      finished uploads get their rows                 every second
    sequencer  events get their place, checkpoints are signed  as often as the settings say
    jobs       workers make strips, sounds, proxies            at once
    lost jobs  of dead workers are carried again               every ten seconds
    witnesses  are shown the newest checkpoint                 every five seconds
    arrivals   days of which all is recorded lose their key    every hour
    erasures   that were ordered are seen through              every five seconds
    census     of everything that is held                      once a day
    time       an authority stamps a checkpoint                as often as the settings say
    patrol     reads every stored file again and mends it      all the time, within `patrol_days`
    second     copy gets what is new                           every ten seconds

Each duty has a thread, so that a large proxy delays no receipt. A duty that fails is logged and
tried again; nothing here holds anything in memory that is not on the disk as well. Unfinished
uploads are the upload door's own to recover and to expire.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connections

from bodyworn.core.errors import BusyError
from bodyworn.work import (
    arrival_keys,
    census,
    erase_ending,
    ingest,
    jobs,
    patrol,
    second,
    serving,
    timestamps,
    witnessing,
)
from bodyworn.work.house import House
from bodyworn.work.key_server import KeyServer
from bodyworn.work.keys import IntoLog, KeyService
from bodyworn.work.log import Sequencer

LAST_DUTIES = 5.0  # seconds for what duties are at when the keeper ends
LONGEST_REST = 30.0  # seconds between tries of a duty that keeps on failing
_log = logging.getLogger("bodyworn.keeper")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Something to do again and again."""

    name: str  # `inbox`
    every: float  # seconds
    work: Callable[[House], Any]


DUTIES = (
    Duty(name="inbox", every=1.0, work=ingest.sweep),
    Duty(name="lost jobs", every=10.0, work=jobs.sweep),
    Duty(name="witnesses", every=5.0, work=witnessing.ask_witnesses),
    Duty(name="arrivals", every=3600.0, work=arrival_keys.destroy_spent),
    Duty(name="erasures", every=5.0, work=erase_ending.finish),
    Duty(name="census", every=60.0, work=census.take),
    Duty(name="time-stamps", every=5.0, work=timestamps.ask_authority),
    Duty(name="patrol", every=60.0, work=patrol.walk),
    Duty(name="second copy", every=10.0, work=second.keep_in_step),
)


class Keeper:
    """All duties of one data folder. One keeper at a time."""

    def __init__(self, house: House, duties: tuple[Duty, ...] = DUTIES) -> None:
        """Nothing runs yet."""
        self._house = house
        self._duties = duties

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. Raises BusyError keeper.already.

        1. the lock says: at work
        2. sequencer and key service start, then workers and duties, which need both
        3. at the end jobs and duties stop first and the sequencer last, so that every event
           that they wrote is under a checkpoint.
        """
        lock = serving.hold(self._house.layout.keeper_lock)
        if lock is None:
            raise BusyError("keeper.already", "This data folder has a keeper already.")
        with lock:
            self._work(stop)

    def _work(self, stop: threading.Event) -> None:
        sequencer = Sequencer(self._house)
        workers = jobs.carrier(self._house).workers(self._house.settings.job_workers)
        threads = [self._thread(duty, stop) for duty in self._duties]
        service = KeyService(self._house, into_log=_nudged(sequencer))
        keys = KeyServer(service, self._house.layout.key_socket)
        sequencer.start()
        keys.start()
        workers.start()
        for thread in threads:
            thread.start()
        _log.info("The keeper is at work.")
        stop.wait()
        workers.stop()
        # A patrol may be reading a large file; it is on the disk how far it came.
        end = time.monotonic() + LAST_DUTIES
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        keys.stop()
        sequencer.stop()

    def _thread(self, duty: Duty, stop: threading.Event) -> threading.Thread:
        arguments = (self._house, duty, stop)
        return threading.Thread(target=_repeat, args=arguments, name=duty.name, daemon=True)


def _nudged(sequencer: Sequencer) -> IntoLog:
    """Whoever waits for a key has its event integrated at once."""
    return lambda _, event, seconds: sequencer.wait_until_integrated(event, seconds=seconds)


def _repeat(house: House, duty: Duty, stop: threading.Event) -> None:
    """The thread is an edge: no error may end it, and none is logged twice in a row."""
    rest, trouble = duty.every, ""
    while not stop.is_set():
        try:
            duty.work(house)
            rest, trouble = duty.every, ""
        except Exception as error:
            rest = min(max(2 * rest, 1.0), max(LONGEST_REST, duty.every))
            if repr(error) != trouble:
                _log.exception("The duty “%s” failed; it is tried again.", duty.name)
            trouble = repr(error)
        finally:
            # SQLite's connections are cheap, and PostgreSQL may have restarted meanwhile.
            connections.close_all()
        stop.wait(rest)
