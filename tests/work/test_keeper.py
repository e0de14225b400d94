"""The keeper does its duties on its own, goes on after a failure, and is one."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.work.arriving import alices_team, arrive

from bodyworn.core.errors import BusyError
from bodyworn.records.models import CustodyEvent, Recording
from bodyworn.work import serving
from bodyworn.work.house import House
from bodyworn.work.keeper import DUTIES, Duty, Keeper

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def keeping(house: House, *duties: Duty) -> Iterator[None]:
    """A keeper at work."""
    stop = threading.Event()
    thread = threading.Thread(target=Keeper(house, duties or DUTIES).run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: serving.is_held(house.layout.keeper_lock))
        yield
    finally:
        stop.set()
        thread.join()


def wait_until(is_true: Callable[[], bool], seconds: float = 30) -> None:
    """Poll; a machine that is busy may take long."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_what_nobody_asks_about_becomes_a_recording_with_all_its_events_published(
    house: House,
) -> None:
    alices_team()
    arrive(house)
    with keeping(house):
        wait_until(lambda: Recording.objects.count() == 1)
    waiting = CustodyEvent.objects.filter(leaf_index__isnull=True)
    assert not waiting.exists(), "the sequencer ends last and takes every event"
    checkpoint = house.log.checkpoint()
    assert checkpoint is not None
    assert checkpoint.size == CustodyEvent.objects.count()


def test_a_duty_that_fails_is_said_once_and_tried_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    def fail_twice(_: House) -> None:
        tries.append(1)
        if len(tries) <= 2:
            raise RuntimeError("the disk is away")

    caplog.set_level(logging.ERROR)
    with keeping(house, Duty(name="odd", every=0.01, work=fail_twice)):
        wait_until(lambda: len(tries) > 3)
    assert caplog.text.count("The duty “odd” failed") == 1


def test_a_second_keeper_is_refused(house: House) -> None:
    with keeping(house), pytest.raises(BusyError) as refused:
        Keeper(house).run(threading.Event())
    assert refused.value.code == "keeper.already"
