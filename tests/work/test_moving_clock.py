"""Where the clock goes on, as everywhere but in tests: a row and its event still tell one time."""

import itertools
from datetime import timedelta

import pytest
from tests.conftest import NOW
from tests.work.everything import furnish

from bodyworn.work.house import House
from bodyworn.work.verify import verify_store


@pytest.mark.django_db(transaction=True)
def test_what_is_done_while_the_clock_goes_on_agrees_with_its_events(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = itertools.count()
    monkeypatch.setattr(House, "now", lambda _: NOW + timedelta(milliseconds=next(ticks)))
    furnish(house)
    verdict = verify_store(house)
    assert verdict.ok, verdict.wrong
