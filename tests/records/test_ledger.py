"""The ledger: events are written with their change, read by all, changed by nobody."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.core.terms import EventType, Operation, Purpose
from bodyworn.core.types import CustodyEvent as Event
from bodyworn.custody.event import open_event, read_leaf
from bodyworn.records import ledger
from bodyworn.records.models import CustodyEvent, Unit

NOW = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)


def event(number: int = 0, **changes: Any) -> Event:
    facts: dict[str, Any] = {
        "type": EventType.VIEW,
        "operation": Operation.CONSULTATION,
        "at": NOW + timedelta(seconds=number),
        "actor": "alice",
        "subject": "BWV-26-0412-7F3A",
        "detail": {"number": number},
        "purpose": Purpose.INVESTIGATION,
    }
    return Event(**{**facts, **changes})


def write(count: int) -> list[CustodyEvent]:
    with transaction.atomic():
        return [ledger.record(event(number)) for number in range(count)]


@pytest.mark.django_db(transaction=True)
def test_the_ledger_refuses_to_write_outside_of_a_transaction() -> None:
    with pytest.raises(RefusedError) as refused:
        ledger.record(event())
    assert refused.value.code == "ledger.no-transaction"
    assert CustodyEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_event_goes_with_the_transaction_that_failed() -> None:
    def change_that_fails() -> None:
        with transaction.atomic():
            ledger.record(event())
            Unit.objects.create(name="Lambeth B", borough="Lambeth")
            Unit.objects.create(name="Lambeth B", borough="Lambeth")

    with pytest.raises(IntegrityError):
        change_that_fails()
    assert CustodyEvent.objects.count() == 0


@pytest.mark.django_db
def test_the_row_opens_its_own_leaf() -> None:
    (written,) = write(1)
    row = CustodyEvent.objects.get(pk=written.pk)
    salts = {name: bytes.fromhex(salt) for name, salt in row.salts.items()}
    open_event(bytes(row.leaf), salts, ledger.as_noun(row))
    assert ledger.as_noun(row) == event()
    assert read_leaf(bytes(row.leaf)).id == row.uid


@pytest.mark.django_db
def test_a_leaf_names_nobody() -> None:
    (row,) = write(1)
    for word in (b"alice", b"BWV-26", b"investigation"):
        assert word not in bytes(row.leaf)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.save(),
        lambda row: row.delete(),
        lambda _: CustodyEvent.objects.update(actor="mallory"),
        lambda row: CustodyEvent.objects.filter(pk=row.pk).delete(),
        lambda row: CustodyEvent.objects.bulk_update([row], ["actor"]),
        lambda _: CustodyEvent.objects.bulk_create([CustodyEvent(uid="0" * 32)]),
        lambda _: CustodyEvent.objects.create(uid="0" * 32),
        lambda _: CustodyEvent.objects.get_or_create(uid="0" * 32),
        lambda row: CustodyEvent.objects.update_or_create(uid=row.uid, defaults={"actor": "m"}),
        lambda row: row.save(by_the_ledger=True),
    ],
)
def test_nobody_changes_an_event_through_the_model(change: Callable[[CustodyEvent], Any]) -> None:
    (row,) = write(1)
    with pytest.raises(RefusedError) as refused, transaction.atomic():
        change(row)
    assert refused.value.code == "ledger.read-only"
    assert CustodyEvent.objects.get().actor == "alice"


@pytest.mark.django_db
def test_places_are_given_in_order_and_once() -> None:
    rows = write(5)
    assert ledger.waiting(100) == 5
    assert ledger.give_places(3) == range(3)
    assert ledger.give_places(3) == range(3, 5)
    assert ledger.give_places(3) == range(5, 5)
    assert ledger.waiting(100) == 0
    in_order = CustodyEvent.objects.order_by("leaf_index").values_list("uid", flat=True)
    assert list(in_order) == [row.uid for row in rows]


@pytest.mark.django_db
def test_leaves_come_back_from_any_place_on() -> None:
    rows = write(4)
    ledger.give_places(10)
    leaves = [bytes(row.leaf) for row in rows]
    assert list(ledger.from_index(0, 10)) == leaves
    assert list(ledger.from_index(2, 1)) == leaves[2:3]
    assert list(ledger.from_index(4, 10)) == []


@pytest.mark.django_db
def test_a_missing_row_is_a_hole_and_not_skipped() -> None:
    write(3)
    ledger.give_places(10)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM records_custodyevent WHERE leaf_index = 1")
    with pytest.raises(DamagedError) as damaged:
        list(ledger.from_index(0, 10))
    assert damaged.value.code == "ledger.hole"


@pytest.mark.django_db
def test_a_detail_without_a_canonical_form_is_refused_before_anything_is_written() -> None:
    with pytest.raises(DamagedError), transaction.atomic():
        ledger.record(event(detail={"ratio": 0.5}))
    assert CustodyEvent.objects.count() == 0
