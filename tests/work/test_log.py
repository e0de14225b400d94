"""The sequencer: one order, committed before it is signed, the same after every crash."""

import itertools
import threading
from collections.abc import Sequence

import pytest
from django.db import connection, connections, transaction
from tests.conftest import NOW
from tests.work.events import looks

from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import Durability
from bodyworn.custody.files import File, write_durably
from bodyworn.custody.log import Log
from bodyworn.records import ledger, models
from bodyworn.records.sequencing import sole_sequencer
from bodyworn.work.house import House
from bodyworn.work.log import Sequencer, durability_of, integrate, standing_of


class PowerCutError(Exception):
    """Raised instead of the n-th write."""


def with_writes_until(house: House, last: int) -> House:
    """The same house, whose log fails at the write after `last` of them."""
    count = itertools.count(1)

    def write(files: Sequence[File]) -> None:
        if next(count) > last:
            raise PowerCutError
        write_durably(files)

    broken = House.open(house.settings)
    broken.__dict__["log"] = Log(
        house.layout.log, origin=house.signer.name, signer=house.signer, write=write
    )
    return broken


def test_nothing_to_do_makes_no_checkpoint(house: House) -> None:
    assert integrate(house) is None
    assert not (house.layout.log / "checkpoint").exists()


def test_waiting_events_are_published_in_their_order(house: House) -> None:
    rows = looks(300)
    checkpoint = integrate(house)
    assert checkpoint is not None
    assert checkpoint.size == 300
    assert [house.log.entry(n) for n in (0, 255, 256, 299)] == [
        bytes(rows[n].leaf) for n in (0, 255, 256, 299)
    ]
    row = models.Checkpoint.objects.get()
    assert (row.size, row.root, row.note) == (300, checkpoint.root.hex(), checkpoint.note_text)
    assert row.signed_at == NOW


def test_integrating_again_changes_nothing(house: House) -> None:
    looks(3)
    first = integrate(house)
    assert integrate(house) == first
    assert models.Checkpoint.objects.count() == 1


def test_every_event_can_be_proved_under_the_checkpoint(house: House) -> None:
    looks(5)
    integrate(house)
    looks(4, start=5)
    integrate(house)
    for index in range(9):
        assert house.log.prove_inclusion(index)
    assert house.log.prove_consistency(5, 9)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("last", [0, 1])
def test_a_crash_at_any_write_leads_to_the_same_tree(house: House, last: int) -> None:
    looks(300)
    integrate(house)
    looks(300, start=300)
    broken = with_writes_until(house, last)
    with pytest.raises(PowerCutError):
        integrate(broken)
    assert ledger.waiting(1000) == 0, "places are committed before anything is written"
    looks(5, start=600)
    after = integrate(House.open(house.settings))
    assert after is not None
    assert after.size == 605
    leaves = list(ledger.from_index(0, 1000))
    assert [house.log.entry(n) for n in range(605)] == leaves


@pytest.mark.django_db(transaction=True)
def test_a_crash_between_checkpoint_file_and_row_is_made_good(house: House) -> None:
    looks(4)
    integrate(house)
    models.Checkpoint.objects.all().delete()
    assert integrate(House.open(house.settings)) is not None
    assert models.Checkpoint.objects.get().size == 4


@pytest.mark.django_db(transaction=True)
def test_a_crash_after_the_places_is_made_good(house: House) -> None:
    looks(4)
    assert ledger.give_places(100) == range(4)
    checkpoint = integrate(house)
    assert checkpoint is not None
    assert checkpoint.size == 4


@pytest.mark.django_db(transaction=True)
def test_integrating_inside_a_transaction_is_refused(house: House) -> None:
    looks(1)
    with transaction.atomic(), pytest.raises(RuntimeError):
        integrate(house)
    assert ledger.waiting(10) == 1


def test_a_database_older_than_the_log_stops_everything(house: House) -> None:
    looks(4)
    integrate(house)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM records_custodyevent WHERE leaf_index >= 2")
    looks(1)
    with pytest.raises(DamagedError) as damaged:
        integrate(house)
    assert damaged.value.code == "log.ahead"
    assert ledger.waiting(10) == 1, "no second event 2 was made"


def test_the_four_words_follow_an_event(house: House) -> None:
    (row,) = looks(1)
    assert standing_of(row) == (Durability.RECORDED, NOW)
    ledger.give_places(10)
    assert standing_of(row) == (Durability.INTEGRATED, None)
    integrate(house)
    assert durability_of(row) is Durability.PUBLISHED
    assert standing_of(row)[1] == NOW


@pytest.mark.django_db(transaction=True)
def test_a_second_sequencer_stands_back(house: House) -> None:
    looks(1)
    seen: list[object] = []

    def other() -> None:
        seen.append(integrate(House.open(house.settings)))
        connections.close_all()

    with sole_sequencer(house.layout.log_lock) as ours:
        assert ours
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert seen == [None]
    assert integrate(house) is not None


@pytest.mark.django_db(transaction=True)
def test_many_writers_and_one_sequencer_make_one_gapless_order(house: House) -> None:
    sequencer = Sequencer(House.open(house.settings.with_(checkpoint_seconds=0)))
    sequencer.start()

    def write(start: int) -> None:
        for number in range(20):
            looks(1, start=start + number)
        connections.close_all()

    writers = [threading.Thread(target=write, args=(100 * n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    sequencer.stop()
    assert sequencer.trouble is None
    assert house.log.size == 60
    assert [house.log.entry(n) for n in range(60)] == list(ledger.from_index(0, 100))


@pytest.mark.django_db(transaction=True)
def test_the_sequencer_survives_trouble_and_names_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    looks(1)
    sequencer = Sequencer(with_writes_until(house, 0))
    sequencer.start()
    sequencer.stop()
    assert sequencer.trouble is not None
    assert "PowerCutError" in sequencer.trouble
    assert "could not be extended" in caplog.text
