"""A day's key goes once nothing needs it, and not a moment before."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.work.arriving import DOCK, arrive, film
from tests.work.opened import plain

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import MissingError
from bodyworn.records.models import DataKey
from bodyworn.store.keyring import Bucket
from bodyworn.work.arrival_keys import NAMELESS, destroy_spent
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in

pytestmark = pytest.mark.django_db
TODAY = Bucket("arrival-2026-04-14")


def days_later(house: House, days: int) -> House:
    return House.open(house.settings.with_(frozen_at=f"2026-04-{14 + days}T09:00:00Z"))


def made_old(path: Path) -> None:
    """As if it had lain here for longer than bytes without a name are waited for."""
    then = time.time() - NAMELESS.total_seconds() - 60
    os.utime(path, (then, then))


def test_a_day_of_which_everything_is_recorded_loses_its_key(house: House) -> None:
    arrival = arrive(house)
    take_in(house, arrival, by=DOCK)
    assert destroy_spent(house) == [], "today"
    assert destroy_spent(days_later(house, 2)) == [], "uploads and clocks may be late"
    assert destroy_spent(days_later(house, 3)) == [TODAY]
    assert destroy_spent(days_later(house, 3)) == []
    slot = house.vault.slot(arrival.sha256)
    with pytest.raises(MissingError, match="was destroyed"):
        house.keyring.unwrap(slot.bucket, slot.wrapped)
    assert plain(house, arrival.sha256) == film(), "the recording's own bucket opens it"


def an_arrival_in_the_inbox(house: House) -> None:
    arrival = arrive(house)
    made_old(house.layout.blob(arrival.sha256))


def a_note_that_a_person_has_to_mend(house: House) -> None:
    arrival = arrive(house)
    made_old(house.layout.blob(arrival.sha256))
    house.layout.aside.mkdir()
    house.layout.arrival(arrival.upload).rename(house.layout.aside / "0.json")


def bytes_that_came_just_now(house: House) -> None:
    house.vault.keep_bytes(b"nameless, and young")


def an_unfinished_upload(house: House) -> None:
    begun = house.uploads.create(
        length=10,
        sender=DOCK.name,
        manifest={"filename": "0007.mp4"},
        largest=100,
        expires_at=house.now() + timedelta(days=30),
    )
    with house.uploads.append(begun.id, offset=0) as writer:
        writer.write(b"12345")


def a_file_on_its_way_to_a_name(house: House) -> None:
    digest = house.vault.keep_bytes(b"on its way").digest
    house.layout.blob(digest).rename(house.layout.incoming / "one.part")


def a_spare_that_is_not_settled(house: House) -> None:
    digest = house.vault.keep_bytes(b"twice").digest
    house.layout.blob(digest).rename(house.layout.spare(digest))


@pytest.mark.parametrize(
    "needy",
    [
        an_arrival_in_the_inbox,
        a_note_that_a_person_has_to_mend,
        bytes_that_came_just_now,
        an_unfinished_upload,
        a_file_on_its_way_to_a_name,
        a_spare_that_is_not_settled,
    ],
    ids=lambda needy: needy.__name__,
)
def test_a_day_that_something_still_needs_keeps_its_key(
    house: House, needy: Callable[[House], None]
) -> None:
    take_in(house, arrive(house, film(1)), by=DOCK)
    needy(house)
    assert destroy_spent(days_later(house, 3)) == []
    assert TODAY in house.keyring.buckets()


def test_bytes_that_nobody_names_are_waited_for_a_week(house: House) -> None:
    digest = house.vault.keep_bytes(b"a crash left this").digest
    made_old(house.layout.blob(digest))
    assert destroy_spent(days_later(house, 9)) == [TODAY]


def test_the_buckets_of_recordings_are_left_alone(house: House) -> None:
    take_in(house, arrive(house), by=DOCK)
    late = days_later(house, 10)
    destroy_spent(late)
    row = DataKey.objects.order_by("id")[0]
    assert late.keyring.buckets() == [Bucket(row.bucket, row.generation)]
    assert plain(late, Sha256.parse(row.sha256)) == film()
