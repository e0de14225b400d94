"""All rows as lines of JSON, one file a table, the same from every engine and for every engine.

A line is one row: names of columns and their values, in one form only, so that two databases hold
the same if their lines are the same. Tables come in the order in which they can be filled: what is
pointed at first. Rows come by their number, so a load that was interrupted goes on after the
highest one that is there. Sessions are left out, and whatever Django makes by itself.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import DataError, IntegrityError, connections, models, transaction
from django.db.migrations.recorder import MigrationRecorder

from bodyworn.core.errors import DamagedError

APP = "records"
BATCH = 500  # rows of one transaction, and in memory at once
Row = dict[str, Any]


def tables() -> list[type[models.Model]]:
    """Every table of ours, links between tables included, each after those that it points at."""
    waiting = list(apps.get_app_config(APP).get_models(include_auto_created=True))
    ordered: list[type[models.Model]] = []
    while waiting:
        ready = [table for table in waiting if _points_at(table) <= {*ordered, table}]
        ordered += ready
        waiting = [table for table in waiting if table not in ready]
    return ordered


def name_of(table: type[models.Model]) -> str:
    """The table's name in the database, `records_copy`."""
    return table._meta.db_table


def lines(table: type[models.Model], *, using: str) -> Iterator[tuple[int, bytes]]:
    """(number of the row, its line with the newline), by number; a few hundred in memory."""
    fields = table._meta.concrete_fields
    names = [field.attname for field in fields]
    rows = table._base_manager.using(using).order_by("pk").values_list("pk", *names)
    for number, *values in rows.iterator(BATCH):
        row = {f.attname: _out(f, v) for f, v in zip(fields, values, strict=True)}
        yield number, _encoded(row)


def count(table: type[models.Model], *, using: str) -> int:
    """How many rows there are."""
    return table._base_manager.using(using).count()


def highest(table: type[models.Model], *, using: str) -> int:
    """The highest number of a row; 0 where there is none."""
    found = table._base_manager.using(using).aggregate(highest=models.Max("pk"))["highest"]
    return int(found or 0)


def load(table: type[models.Model], given: Iterable[bytes], *, using: str) -> Iterator[int]:
    """Insert rows as they stand in their lines, and yield how many, a transaction at a time.

    Lines come by number. Raises DamagedError rows.unreadable, rows.refused.
    """
    waiting = (table(**_read(table, line)) for line in given)
    # The ledger's own manager refuses this, rightly: here are rows that it wrote itself.
    rows: models.QuerySet[models.Model] = models.QuerySet(model=table, using=using)
    while batch := list(islice(waiting, BATCH)):
        try:
            with transaction.atomic(using=using):
                rows.bulk_create(batch)
        except (DataError, IntegrityError, ValueError) as error:
            raise _refused(table, batch, error) from error
        yield len(batch)


def continue_numbers(*, using: str) -> None:
    """Have the next new row of every table get a number that is free; PostgreSQL must be told."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables()):
            cursor.execute(statement)


def form(*, using: str) -> Sequence[str]:
    """The changes of the tables that this database has had: rows fit where these are the same."""
    applied = MigrationRecorder(connections[using]).applied_migrations()
    return sorted(name for app, name in applied if app == APP)


def _points_at(table: type[models.Model]) -> set[type[models.Model]]:
    fields = table._meta.concrete_fields
    return {field.related_model for field in fields if isinstance(field, models.ForeignKey)}


def _out(field: "models.Field[Any, Any]", value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case bytes() | memoryview() if isinstance(field, models.BinaryField):
            return bytes(value).hex()
    return value


def _encoded(row: Row) -> bytes:
    text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{text}\n".encode()


def _read(table: type[models.Model], line: bytes) -> Row:
    try:
        row = json.loads(line)
        fields = {field.attname: field for field in table._meta.concrete_fields}
        if row.keys() != fields.keys():
            raise ValueError("other columns")
        return {name: _in(fields[name], value) for name, value in row.items()}
    except (ValueError, TypeError, AttributeError):
        raise DamagedError(
            "rows.unreadable",
            f"A line of {name_of(table)} is no row of this version's table.",
            hint="Install the version that wrote it, restore with that, and upgrade then.",
        ) from None


def _refused(
    table: type[models.Model], batch: Sequence[models.Model], error: Exception
) -> DamagedError:
    """Engines differ: PostgreSQL takes no text with a zero byte, and keeps to its widths."""
    return DamagedError(
        "rows.refused",
        f"The database refuses a row of {name_of(table)}, one of {batch[0].pk} to {batch[-1].pk}: "
        f"{str(error).strip().splitlines()[0]}.",
        hint="Nothing is lost: the source is as it was. Ask for help with the row that it names.",
    )


def _in(field: "models.Field[Any, Any]", value: Any) -> Any:
    match field:
        case models.DateTimeField() if value is not None:
            return datetime.fromisoformat(value)
        case models.DateField() if value is not None:
            return date.fromisoformat(value)
        case models.BinaryField() if value is not None:
            return bytes.fromhex(value)
    return value
