"""The sequencer: one order, committed before it is signed, the same after every crash."""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import connection, connections, transaction
from tests.conftest import NOW
from tests.work.events import look, looks

from bodyworn.core.errors import BusyError, DamagedError, MissingError, RefusedError
from bodyworn.core.terms import Durability
from bodyworn.custody.files import Disk, File
from bodyworn.custody.journal import NAMES
from bodyworn.custody.log import Log
from bodyworn.custody.verify import verify_log
from bodyworn.records import ledger, models
from bodyworn.records.sequencing import sole_sequencer
from bodyworn.work.house import House
from bodyworn.work.log import (
    Sequencer,
    durability_of,
    index_in_tree,
    integrate,
    integrate_one,
    standing_of,
)
from bodyworn.work.waiting import Submitted


class PowerCutError(Exception):
    """Raised instead of the n-th write."""


def with_writes_until(house: House, last: int) -> House:
    """The same house, whose log fails at the write after `last` of them, once it is open."""
    count, is_open = itertools.count(1), threading.Event()

    class Failing(Disk):
        def put(self, descriptor: int, data: bytes, *, at: int, with_flush: bool) -> None:
            if is_open.is_set() and next(count) > last:
                raise PowerCutError
            super().put(descriptor, data, at=at, with_flush=with_flush)

        def write(self, files: Sequence[File]) -> None:
            if is_open.is_set() and next(count) > last:
                raise PowerCutError
            super().write(files)

    broken = House.open(house.settings)
    broken.__dict__["log"] = Log(
        house.layout.log, origin=house.signer.name, signer=house.signer, disk=Failing()
    )
    is_open.set()
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
@pytest.mark.parametrize("last", [0, 1, 2])
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


A_DAY = 86_400  # seconds between ticks: what happens, happens because somebody asked


@pytest.fixture
def sequencer(house: House) -> Iterator[Sequencer]:
    """One at work that would not do anything by itself today."""
    one = Sequencer(House.open(house.settings.with_(checkpoint_seconds=A_DAY)))
    one.start()
    yield one
    one.stop()


@pytest.mark.django_db(transaction=True)
def test_a_caller_gets_its_event_integrated_without_waiting_for_the_timer(
    house: House, sequencer: Sequencer
) -> None:
    looks(3)
    (row,) = looks(1, start=3)
    assert index_in_tree(house, row.uid) is None
    assert sequencer.wait_until_integrated(row.uid, seconds=30) == 3
    assert index_in_tree(house, row.uid) == 3
    assert house.log.entry(3) == bytes(row.leaf)
    assert sequencer.wait_until_integrated(row.uid, seconds=0) == 3, "known already"


@pytest.mark.django_db(transaction=True)
def test_many_callers_each_get_the_place_of_their_own_event(
    house: House, sequencer: Sequencer
) -> None:
    places: dict[str, int] = {}

    def one(start: int) -> None:
        for number in range(10):
            (row,) = looks(1, start=start + number)
            places[row.uid] = sequencer.wait_until_integrated(row.uid, seconds=30)
        connections.close_all()

    at_once(one, [100, 200, 300, 400])
    told = models.CustodyEvent.objects.values_list("uid", "leaf_index")
    assert places == dict(told)
    assert house.log.size == 40


@pytest.mark.django_db(transaction=True)
def test_a_nudge_is_enough(house: House, sequencer: Sequencer) -> None:
    (row,) = looks(1)
    sequencer.nudge()
    sequencer.stop()
    assert index_in_tree(house, row.uid) == 0


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_place_inside_a_transaction(house: House, sequencer: Sequencer) -> None:
    (row,) = looks(1)
    for ask in (sequencer.wait_until_integrated, partial(integrate_one, house)):
        with pytest.raises(RefusedError) as refused, transaction.atomic():
            ask(row.uid, seconds=30)
        assert refused.value.code == "log.in-transaction"


@pytest.mark.django_db(transaction=True)
def test_an_event_that_was_never_committed_has_no_place(house: House, sequencer: Sequencer) -> None:
    with pytest.raises(MissingError) as missing:
        sequencer.wait_until_integrated("0" * 32, seconds=30)
    assert missing.value.code == "log.no-event"


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_is_told_that_the_log_cannot_be_extended(house: House) -> None:
    (row,) = looks(1)
    sequencer = Sequencer(with_writes_until(house, 0))
    sequencer.start()
    with pytest.raises(BusyError) as busy:
        sequencer.wait_until_integrated(row.uid, seconds=30)
    sequencer.stop()
    assert busy.value.code == "log.not-extended"
    assert "PowerCutError" in busy.value.message


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_a_sequencer_that_has_ended_is_told_so(house: House) -> None:
    (row,) = looks(1)
    sequencer = Sequencer(house)
    with pytest.raises(BusyError) as busy:
        sequencer.wait_until_integrated(row.uid, seconds=30)
    assert busy.value.code == "log.sequencer-stopped"
    sequencer.start()
    sequencer.stop()
    (late,) = looks(1, start=1)
    with pytest.raises(BusyError) as busy:
        sequencer.wait_until_integrated(late.uid, seconds=30)
    assert busy.value.code == "log.sequencer-stopped"


@pytest.mark.django_db(transaction=True)
def test_waiting_has_an_end_while_another_process_holds_the_log(
    house: House, sequencer: Sequencer
) -> None:
    (row,) = looks(1)
    with log_held_elsewhere(house):
        for ask in (sequencer.wait_until_integrated, partial(integrate_one, house)):
            with pytest.raises(BusyError) as busy:
                ask(row.uid, seconds=0.05)
            assert busy.value.code == "log.no-place-yet"
    assert integrate_one(house, row.uid, seconds=30) == 0


@pytest.mark.django_db(transaction=True)
def test_without_a_sequencer_a_process_integrates_by_itself(house: House) -> None:
    (row,) = looks(1)
    assert integrate_one(house, row.uid, seconds=30) == 0
    assert integrate_one(house, row.uid, seconds=0) == 0


@pytest.mark.django_db(transaction=True)
def test_submitted_events_are_durable_and_in_the_tree(house: House, sequencer: Sequencer) -> None:
    taken: list[Submitted] = []

    def callers(start: int) -> None:
        taken.extend(sequencer.submit(look(start + number)) for number in range(20))
        connections.close_all()

    at_once(callers, [100, 200, 300, 400, 500, 600])
    rows = models.CustodyEvent.objects.values_list("uid", "leaf_hash", "leaf_index")
    assert sorted((one.uid, one.leaf_hash, one.index) for one in taken) == sorted(rows)
    assert {one.index for one in taken} == set(range(120))
    again = House.open(house.settings)
    assert [again.log.entry(n) for n in range(120)] == list(ledger.from_index(0, 200))


@pytest.mark.django_db(transaction=True)
def test_after_the_end_the_log_needs_its_journal_no_more(
    house: House, sequencer: Sequencer
) -> None:
    for number in range(300):
        sequencer.submit(look(number))
    sequencer.stop()
    for name in NAMES:
        (house.layout.log / name).unlink(missing_ok=True)
    assert House.open(house.settings).log.size == 300
    assert verify_log(house.layout.log, house.signer.verifier).ok


@pytest.mark.django_db(transaction=True)
def test_events_of_both_ways_make_one_order(house: House, sequencer: Sequencer) -> None:
    """Some write with their change, some submit; one of them has not even been seen yet."""

    def write(start: int) -> None:
        for number in range(start, start + 10):
            (row,) = looks(1, start=number)
            if number % 3:
                sequencer.wait_until_integrated(row.uid, seconds=30)
        connections.close_all()

    def submit(start: int) -> None:
        for number in range(start, start + 10):
            sequencer.submit(look(number))
        connections.close_all()

    writers = [threading.Thread(target=write, args=(100 * n,)) for n in range(3)]
    writers += [threading.Thread(target=submit, args=(100 * n,)) for n in range(4, 7)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    sequencer.stop()
    assert sequencer.trouble is None
    assert house.log.size == 60
    assert [house.log.entry(n) for n in range(60)] == list(ledger.from_index(0, 100))
    assert verify_log(house.layout.log, house.signer.verifier).ok
    assert models.Checkpoint.objects.order_by("-size").first().size == 60  # type: ignore[union-attr]


@pytest.mark.django_db(transaction=True)
def test_a_submitted_event_opens_like_any_other(house: House, sequencer: Sequencer) -> None:
    taken = sequencer.submit(look(7))
    row = models.CustodyEvent.objects.get(uid=taken.uid)
    assert ledger.as_noun(row) == look(7)
    assert durability_of(row) is Durability.INTEGRATED
    assert sequencer.wait_until_integrated(taken.uid, seconds=30) == 0
    assert durability_of(row) is Durability.PUBLISHED


@pytest.mark.django_db(transaction=True)
def test_nothing_is_submitted_inside_a_transaction(house: House, sequencer: Sequencer) -> None:
    with pytest.raises(RefusedError) as refused, transaction.atomic():
        sequencer.submit(look(1))
    assert refused.value.code == "log.in-transaction"
    assert models.CustodyEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_nothing_is_submitted_to_a_sequencer_that_is_not_at_work(house: House) -> None:
    sequencer = Sequencer(house)
    for attempt in range(2):
        with pytest.raises(BusyError) as busy:
            sequencer.submit(look(1))
        assert busy.value.code == "log.sequencer-stopped"
        if attempt == 0:
            sequencer.start()
            sequencer.stop()
    assert models.CustodyEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_whoever_submits_is_told_that_the_log_cannot_be_extended(house: House) -> None:
    sequencer = Sequencer(with_writes_until(house, 0))
    sequencer.start()
    with pytest.raises(BusyError) as busy:
        sequencer.submit(look(1), seconds=30)
    sequencer.stop()
    assert busy.value.code == "log.not-extended"
    assert integrate(House.open(house.settings)) is not None, "what was committed is made good"


@pytest.mark.django_db(transaction=True)
def test_whoever_submits_is_told_that_the_database_refuses(
    house: House, sequencer: Sequencer
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE records_custodyevent RENAME TO gone")
    try:
        with pytest.raises(BusyError) as busy:
            sequencer.submit(look(1), seconds=30)
        assert busy.value.code == "log.not-extended"
        assert "database" in busy.value.message
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE gone RENAME TO records_custodyevent")
    assert sequencer.submit(look(2), seconds=30).index == 0, "and it goes on afterwards"


@pytest.mark.django_db(transaction=True)
def test_submitting_has_an_end_while_another_process_holds_the_log(
    house: House, sequencer: Sequencer
) -> None:
    with log_held_elsewhere(house), pytest.raises(BusyError) as busy:
        sequencer.submit(look(1), seconds=0.05)
    assert busy.value.code == "log.no-answer-yet"
    assert sequencer.submit(look(2), seconds=30).index == 1, "the first one was taken after all"


@contextmanager
def log_held_elsewhere(house: House) -> Iterator[None]:
    """Another connection, as of another process, holds the right to extend the log."""
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        while not held.is_set():
            with sole_sequencer(house.layout.log_lock) as ours:
                if ours:
                    held.set()
                    over.wait()
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    try:
        yield
    finally:
        over.set()
        holder.join()


def at_once(work: Callable[[int], None], starts: Sequence[int]) -> None:
    """The same in threads, one for each start."""
    threads = [threading.Thread(target=work, args=(start,)) for start in starts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
