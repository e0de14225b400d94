"""What Mallory may do to one row, and which rows and columns nobody vouches for.

Every change is one that the tables let through: another lawful value, a row less, a row more, two
rows that trade a value. Columns that are on neither side, tampered with or listed here, do not
exist: the test goes through the models.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from hypothesis import strategies as st

from bodyworn.records.models import CustodyEvent, DataKey, Device, Officer, Recording, Unit, User

Row: TypeAlias = models.Model
Field: TypeAlias = "models.Field[Any, Any]"  # Django's own cannot be subscripted at run time
Table: TypeAlias = type[models.Model]

NO_VERB = "No verb writes this table yet; the one that will writes its event with it."
LEDGER_OF_JOBS = (
    "What is still to be done: losing it loses no evidence, `bodyworn jobs` orders anew."
)
STAFF = "The force's own list of staff: no event tells of it. What an account may do is compared."
CAMERAS = "What a camera is called: no event tells of it. Its number and its count are compared."

ERASED = (
    "Tried in tests/work/test_erase.py: tombstone, ground, certificate, words and keys. This store "
    "holds no erasure, so not every column of it is tried yet."
)

NOT_VOUCHED: dict[str, dict[str, str]] = {
    "Checkpoint": {"signed_at": "When the database learned of it. No signature covers a time."},
    "CustodyEvent": {"erasure": ERASED},
    "Copy": {"checked_at": "When the patrol came by last; its rounds and its finds are events."},
    "DataKey": {"at": "When it was wrapped: for the rotation of keys, and no fact about evidence."},
    "Device": {"make": CAMERAS, "model": CAMERAS, "holder": CAMERAS, "last_docked_at": CAMERAS},
    "Officer": {"name": STAFF, "rank": STAFF, "unit": STAFF},
    "SequenceFinding": {
        "shown_by": "Which recording a work list leads to. It follows from the numbers, and goes "
        "to another one when that recording is erased."
    },
    "User": {
        "password": "A secret; Django hashes it anew by itself. Every sign-in is an event.",
        "last_login": "Django's own note; every sign-in is an event.",
        "display": "A label: every event names the account.",
        "is_active": "Nobody is switched off by a verb yet, so no event tells of it.",
    },
}
"""Columns of which custody says nothing, and why."""

TABLES_NOT_VOUCHED: dict[str, str] = {
    "ClosedBucket": ERASED,
    "Complaint": NO_VERB,
    "Complaint_recordings": NO_VERB,
    "Disclosure": NO_VERB,
    "Erasure": ERASED,
    "Exhibit": NO_VERB,
    "Job": LEDGER_OF_JOBS,
    "Redaction": NO_VERB,
}

MAY_GO: dict[str, str] = {
    "Checkpoint": "A memory of what stands in the log's folder, with witnesses and on receipts.",
}
"""Rows that may vanish unnoticed."""

MAY_COME: dict[str, str] = {
    "DataKey": "A key more opens nothing that was not there.",
    "Device": CAMERAS,
    "Officer": STAFF,
    "Unit": STAFF,
}
"""Rows that may be added unnoticed."""


def tables() -> list[Table]:
    """Those that custody vouches for; keys are tried out and not compared, so they come apart."""
    found = apps.get_app_config("records").get_models(include_auto_created=True)
    apart = {*TABLES_NOT_VOUCHED, DataKey.__name__}
    return [table for table in found if table.__name__ not in apart]


def columns(table: Table) -> list[Field]:
    """Those that custody vouches for; a row's own number is how the database calls it."""
    listed = NOT_VOUCHED.get(table.__name__, {})
    return [f for f in table._meta.concrete_fields if not f.primary_key and f.name not in listed]


def rows_of(table: Table) -> list[Row]:
    """All that can be judged: what waits for its place can be compared with its own leaf only."""
    rows = table._base_manager.order_by("pk")
    return list(rows.filter(leaf_index__isnull=False) if table is CustodyEvent else rows)


def other_values(field: Field, row: Row, bits: int) -> list[Any]:
    """Lawful values that this one is not; `bits` is chance."""
    old = getattr(row, field.attname)
    candidates = list(_candidates(field, old, bits))
    if field.null:
        candidates.append(None)
    return [value for value in candidates if value != old]


def _candidates(field: Field, old: Any, bits: int) -> Iterator[Any]:
    match field:
        case models.ForeignKey():
            others = field.related_model._base_manager.order_by("pk").values_list("pk", flat=True)
            yield from _turned(list(others), bits)
        case models.CharField() if field.choices:
            yield from _turned([word for word, _ in field.choices], bits)
        case models.CharField() | models.TextField():
            yield _other_text(old or "", bits)
        case models.BooleanField():
            yield not old
        case models.IntegerField():
            yield (old or 0) + 1 + bits % 9
            yield abs((old or 0) - 1)
        case models.FloatField():
            yield (old or 0.0) + 0.001 * (1 + bits % 9)
        case models.DateTimeField():
            moment = old or datetime.fromisoformat("2026-04-14T09:00:00Z")
            yield moment + timedelta(milliseconds=1 + bits)
            yield moment - timedelta(milliseconds=1 + bits)
        case models.DateField():
            assert isinstance(old, date)
            yield old - timedelta(days=1 + bits % 300)
        case models.JSONField():
            yield _other_json(old, bits)
        case models.BinaryField():
            yield _other_bytes(bytes(old), bits)
        case _:
            raise AssertionError(f"No other value is known for {field}.")


def _turned(values: list[Any], bits: int) -> list[Any]:
    at = bits % max(1, len(values))
    return values[at:] + values[:at]


def _other_text(old: str, bits: int) -> str:
    """One letter is another; a digest stays a digest."""
    if not old:
        return "x"
    at = bits % len(old)
    letter = "0" if old[at] != "0" else "1"
    return old[:at] + letter + old[at + 1 :]


def _other_bytes(old: bytes, bits: int) -> bytes:
    at = bits % (8 * len(old))
    changed = bytearray(old)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


def _other_json(old: Any, bits: int) -> Any:
    """A letter more, in any of its values or as one."""
    match old:
        case dict() if old and bits % 3:
            key = sorted(old)[bits % len(old)]
            return old | {key: _other_json(old[key], bits // 7)}
        case dict():
            return old | {f"x{bits % 10}": 1}
        case list():
            return [*old, 1]
        case bool() | None:
            return "x"
        case int():
            return old + 1
        case _:
            return _other_text(str(old), bits)


def write(row: Row, **values: Any) -> int:
    """Change columns of one row by plain SQL, past every model; how many rows."""
    fields = {field.attname: field for field in row._meta.concrete_fields}
    sets = ", ".join(f'"{fields[name].column}" = %s' for name in values)
    given = [fields[name].get_db_prep_save(value, connection) for name, value in values.items()]
    with connection.cursor() as cursor:
        sql = f'UPDATE "{row._meta.db_table}" SET {sets} WHERE "{_key(row)}" = %s'  # noqa: S608 (our names)
        cursor.execute(sql, [*given, row.pk])
        return int(cursor.rowcount)


def remove(row: Row) -> int:
    """Delete one row by plain SQL; how many."""
    with connection.cursor() as cursor:
        sql = f'DELETE FROM "{row._meta.db_table}" WHERE "{_key(row)}" = %s'  # noqa: S608 (our names)
        cursor.execute(sql, [row.pk])
        return int(cursor.rowcount)


def double(row: Row, bits: int) -> None:
    """The same row once more, with other values only where no two may be the same."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    values = [
        other_values(field, row, bits)[0] if field.unique else getattr(row, field.attname)
        for field in fields
    ]
    names = ", ".join(f'"{field.column}"' for field in fields)
    holes = ", ".join("%s" for _ in fields)
    given = [f.get_db_prep_save(v, connection) for f, v in zip(fields, values, strict=True)]
    with connection.cursor() as cursor:
        sql = f'INSERT INTO "{row._meta.db_table}" ({names}) VALUES ({holes})'  # noqa: S608 (our names)
        cursor.execute(sql, given)


def trade(one: Row, other: Row, field: Field, bits: int) -> None:
    """Two rows swap their values of a column; through a third one where it is unique."""
    mine, theirs = getattr(one, field.attname), getattr(other, field.attname)
    if field.unique:
        taken = {getattr(row, field.attname) for row in rows_of(type(one))}
        free = (v for n in range(1000) for v in other_values(field, one, bits + n))
        write(one, **{field.attname: next(v for v in free if v not in taken)})
    write(other, **{field.attname: mine})
    write(one, **{field.attname: theirs})


def is_let_through(change: Any) -> bool:
    """Make a change; False where the database itself refuses it."""
    try:
        with transaction.atomic():
            change()
    except IntegrityError:
        return False
    return True


def names_of(row: Row) -> set[str]:
    """What a finding may call it by; of staff and cameras, whatever it is that bears their name."""
    known = {
        str(getattr(row, name))
        for name in ("reference", "serial", "number", "name", "subject", "day", "size", "sha256")
        if getattr(row, name, None)
    }
    for name in ("recording", "device", "event"):
        held = getattr(row, name, None)
        known |= names_of(held) if isinstance(held, models.Model) else set()
    if isinstance(row, CustodyEvent):
        known.add(f"Event {row.leaf_index}")
    if isinstance(row, Device | Officer | Unit | User):
        known |= set(Recording.objects.values_list("reference", flat=True))
        known |= set(User.objects.values_list("name", flat=True))
    return known


def told(wrong: tuple[dict[str, Any], ...]) -> str:
    """Everything that was said to be wrong."""
    return json.dumps(wrong, ensure_ascii=False, default=str)


def _key(row: Row) -> str:
    key = row._meta.pk
    assert key is not None
    assert key.column is not None
    return key.column


BITS = st.integers(0, 2**24)
