"""Group commit: many events in one transaction, as good as those written one by one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from tests.records.test_ledger import NOW, event, write

from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import Condition, EventType
from bodyworn.custody.event import open_event, read_leaf
from bodyworn.records import ledger, together
from bodyworn.records.models import CustodyEvent, Recording


def recording() -> Recording:
    return Recording.objects.create(
        reference="BWV-26-0414-0001",
        upload="u" * 8,
        started_at=NOW,
        ended_at=NOW,
        duration_ms=0,
        received_at=NOW,
        recorded_at=NOW,
        condition=Condition.PLAYABLE,
        pseudonym_salt=bytes(range(16)),
    )


def ready(count: int, *, start: int = 0) -> list[together.Ready]:
    return [together.ready(event(number)) for number in range(start, start + count)]


def test_every_column_of_the_table_is_filled() -> None:
    """A column that is added later must be added here as well, or it would be empty, as that of an
    erasure has to be: no event is born forgotten."""
    fields = {field.column for field in CustodyEvent._meta.concrete_fields}
    assert set(together.columns()) == fields - {"id", "erasure_id"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, 2, 3, 127, 128, 129, 300])
def test_places_are_given_with_the_rows_in_their_order(count: int) -> None:
    events = ready(count)
    assert together.record_together(events) == range(count)
    rows = CustodyEvent.objects.order_by("leaf_index")
    assert [row.uid for row in rows] == [one.uid for one in events]
    assert [row.uid for row in rows.order_by("id")] == [one.uid for one in events]
    assert list(ledger.from_index(0, count)) == [one.leaf for one in events]
    assert ledger.waiting(10) == 0


@pytest.mark.django_db(transaction=True)
def test_the_row_is_the_one_that_the_ledger_would_have_written() -> None:
    footage = recording()
    noun = event(detail={"note": "naïve", "from_ms": 0, "spans": [[1, 2]]})
    with transaction.atomic():
        alone = ledger.record(noun, recording=footage)
    one = together.ready(noun, recording=footage)
    together.record_together([one])
    alone, row = CustodyEvent.objects.order_by("id")
    salts = {name: bytes.fromhex(salt) for name, salt in row.salts.items()}
    open_event(bytes(row.leaf), salts, ledger.as_noun(row))
    assert ledger.as_noun(row) == ledger.as_noun(alone) == noun
    assert (row.recording_id, row.leaf_hash) == (footage.pk, one.leaf_hash)
    assert read_leaf(bytes(row.leaf)).evidence == read_leaf(bytes(alone.leaf)).evidence
    assert CustodyEvent.objects.filter(at=noun.at).count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 4, 14, 9, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 4, 14, 9, 0, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 10, 25, 0, 59, 59, 999_000, tzinfo=UTC),
    ],
)
def test_a_time_comes_back_as_it_was(moment: datetime) -> None:
    together.record_together([together.ready(event(at=moment))])
    assert CustodyEvent.objects.get().at == moment


@pytest.mark.django_db(transaction=True)
def test_events_without_words_of_purpose_or_operation_are_taken() -> None:
    together.record_together([together.ready(event(operation=None, purpose=None, detail={}))])
    row = CustodyEvent.objects.get()
    assert (row.operation, row.purpose, row.detail, row.recording) == ("", "", {}, None)


@pytest.mark.django_db(transaction=True)
def test_who_waited_before_gets_a_place_before() -> None:
    waited = write(3)
    assert together.record_together(ready(2, start=10)) == range(3, 5)
    in_order = CustodyEvent.objects.order_by("leaf_index").values_list("uid", flat=True)
    assert list(in_order)[:3] == [row.uid for row in waited]


@pytest.mark.django_db(transaction=True)
def test_one_that_the_database_refuses_takes_all_others_with_it() -> None:
    events = ready(3)
    together.record_together(events[:1])
    with pytest.raises(IntegrityError):
        together.record_together(events)
    assert CustodyEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_database_judges_words_here_as_well() -> None:
    """Whatever goes round the model still meets the table's own rules."""
    (one,) = ready(1)
    wrong = ("nothing known" if value == EventType.VIEW.value else value for value in one.values)
    with pytest.raises(IntegrityError):
        together.record_together([together.Ready(one.uid, one.leaf, one.leaf_hash, tuple(wrong))])
    assert CustodyEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_nothing_is_recorded_together() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        together.record_together(ready(1))
    assert connection.in_atomic_block is False
    assert CustodyEvent.objects.count() == 0


@pytest.mark.django_db
def test_a_detail_without_a_canonical_form_is_refused_at_once() -> None:
    with pytest.raises(DamagedError):
        together.ready(event(detail={"ratio": 0.5}))
