"""Rows as lines: the same from every engine, and back again."""

import json
from datetime import UTC, date, datetime

import pytest
from django.db import connection, models, transaction
from tests.records.test_tables import recording

from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import EventType
from bodyworn.core.types import CustodyEvent
from bodyworn.records import beside, ledger, rows
from bodyworn.records.models import Census, Device, Fix, Officer, Unit

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "default"


def test_every_table_is_loaded_after_those_that_it_points_at() -> None:
    order = rows.tables()
    for place, table in enumerate(order):
        pointed = {field.related_model for field in table._meta.concrete_fields}
        assert pointed - {None} <= set(order[: place + 1]), table


def test_every_row_has_a_number_that_backups_can_go_by() -> None:
    odd = [t for t in rows.tables() if not isinstance(t._meta.pk, models.AutoField)]
    assert odd == []


def census_of(day: date) -> Census:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    subject = f"census:{day}"
    event = CustodyEvent(
        type=EventType.CENSUS, operation=None, at=at, actor="system:keeper", subject=subject
    )
    with transaction.atomic():
        entered = ledger.record(event)
        return Census.objects.create(day=day, count=1, root="ab" * 32, event=entered)


KINDS = (
    *(models.AutoField, models.BigIntegerField, models.BooleanField, models.CharField),
    *(models.FloatField, models.IntegerField, models.JSONField, models.TextField),
    *(models.BinaryField, models.DateField, models.DateTimeField),
)
"""What `rows` turns into JSON and back; a new kind of column wants a line there, and one here."""


def test_every_kind_of_column_is_one_that_lines_can_hold() -> None:
    fields = [field for table in rows.tables() for field in table._meta.concrete_fields]
    odd = [field for field in fields if not isinstance(field, (*KINDS, models.ForeignKey))]
    assert odd == []


def test_rows_come_back_as_they_were_to_the_last_digit() -> None:
    one = recording(probe={"rate": 0.1, "big": 2**60, "none": None, "text": "é \u2028"})
    at = datetime(2026, 4, 12, 22, 41, 7, 123_456, tzinfo=UTC)
    Fix.objects.create(recording=one, at=at, latitude=51.46130000000001, longitude=-1e-17)
    census_of(date(2026, 4, 12))
    before = {t: list(rows.lines(t, using=HERE)) for t in rows.tables()}
    beside.empty(HERE)
    for table, lines in before.items():
        assert sum(rows.load(table, (line for _, line in lines), using=HERE)) == len(lines)
    assert {t: list(rows.lines(t, using=HERE)) for t in rows.tables()} == before
    assert Fix.objects.get().at == at
    assert Census.objects.get().day == date(2026, 4, 12)


def test_a_new_row_after_a_load_gets_a_number_that_is_free() -> None:
    line = json.dumps(
        {
            "id": 41,
            "serial": "004471",
            "make": "s",
            "model": "S1",
            "holder_id": None,
            "last_docked_at": None,
            "last_sequence": None,
        }
    )
    assert list(rows.load(Device, [line.encode()], using=HERE)) == [1]
    rows.continue_numbers(using=HERE)
    assert Device.objects.create(serial="004472", make="s", model="S1").pk == 42


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[1]", b"null", b'{"id":1,"name":"A","borough":"B","more":1}', b"\xff"]
)
def test_a_line_that_is_no_row_is_refused(line: bytes) -> None:
    with pytest.raises(DamagedError) as damaged:
        list(rows.load(Unit, [line], using=HERE))
    assert damaged.value.code == "rows.unreadable"


def test_what_is_written_meanwhile_is_not_in_a_still_picture() -> None:
    unit = Unit.objects.create(name="Lambeth B", borough="Lambeth")
    with beside.still() as still:
        Officer.objects.create(number="4471QK", name="A. Khan", rank="PC", unit=unit)
        Unit.objects.filter(pk=unit.pk).update(borough="Camden")
        assert rows.count(Officer, using=still) == 0
        ((_, line),) = rows.lines(Unit, using=still)
    assert json.loads(line)["borough"] == "Lambeth"
    assert Officer.objects.count() == 1, "and nobody was held up"
    assert connection.alias == HERE
