"""Events of many callers in one transaction, with their places: group commit.

For events that are the whole fact: a look, a sign-in, a refusal. What changes a row as well MUST
use `ledger.record` in the transaction of that change, for no event may be without its change.
Rows, order and rules are the ledger's own; only the way into the table is another, because one
statement for many rows is what makes thousands a second possible.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection, transaction

from bodyworn.core.types import CustodyEvent as Event
from bodyworn.records import ledger
from bodyworn.records.models import CustodyEvent, Recording

WIDEST = 128  # rows of one statement on SQLite; what remains goes in halves
_TYPES = {  # column: its type in PostgreSQL, for arrays of it
    "uid": "text",
    "type": "text",
    "operation": "text",
    "at": "timestamptz",
    "actor": "text",
    "subject": "text",
    "purpose": "text",
    "detail": "jsonb",
    "recording_id": "bigint",
    "salts": "jsonb",
    "leaf": "bytea",
    "leaf_hash": "text",
    "leaf_index": "bigint",
}

_GIVEN_AS_TEXT = {"jsonb": "text", "timestamptz": "text"}
_NEXT_AND_WAITING = """
SELECT COALESCE(MAX(leaf_index), -1) + 1,
       EXISTS (SELECT 1 FROM records_custodyevent WHERE leaf_index IS NULL)
  FROM records_custodyevent
"""


@dataclass(frozen=True, slots=True)
class Ready:
    """An event that is ready for its row; nothing is written yet."""

    uid: str  # random, hexadecimal
    leaf: bytes  # the exact bytes of the log's entry
    leaf_hash: str  # hexadecimal
    values: tuple[Any, ...]  # of the columns before `leaf_index`, as JSON text, texts and bytes


def ready(event: Event, *, recording: Recording | None = None) -> Ready:
    """Make the leaf and all the values of the row. Raises DamagedError as `ledger.record` does."""
    made = ledger.seal(event, recording)
    uid, leaf_hash = made.id.hex(), made.leaf_hash.hex()
    values = (
        uid,
        event.type.value,
        event.operation.value if event.operation else "",
        _moment(event.at),
        event.actor,
        event.subject,
        event.purpose.value if event.purpose else "",
        json.dumps(event.detail),
        recording.pk if recording else None,
        json.dumps({name: salt.hex() for name, salt in made.salts.items()}),
        made.leaf,
        leaf_hash,
    )
    return Ready(uid, made.leaf, leaf_hash, values)


def record_together(events: Sequence[Ready]) -> range:
    """Commit these events with their places, after all that waited for one; answers the places.

    Once this has returned they are durable, and their order is decided. Only the one sequencer
    may call it (`records.sequencing`). MUST NOT be called inside a transaction.
    """
    with transaction.atomic(durable=True):
        first = _place_waiting()
        rows = [(*one.values, place) for place, one in enumerate(events, first)]
        _insert_arrays(rows) if connection.vendor == "postgresql" else _insert_wide(rows)
        return range(first, first + len(rows))


def columns() -> tuple[str, ...]:
    """Of the table, in the order of `Ready.values`, and the place."""
    return tuple(_TYPES)


def _place_waiting() -> int:
    """Places for those who came before; answers the next one that is free."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_AND_WAITING)
        first, is_waiting = cursor.fetchone()
    while is_waiting and (given := ledger.place_waiting(first, limit=10_000)):
        first += given
    return int(first)


def _insert_arrays(rows: Sequence[tuple[Any, ...]]) -> None:
    """PostgreSQL: an array a column, one statement for all."""
    with connection.cursor() as cursor:
        cursor.execute(_arrays_statement(), [list(column) for column in zip(*rows, strict=True)])


def _insert_wide(rows: Sequence[tuple[Any, ...]]) -> None:
    """SQLite: many rows a statement, of a few widths only, so that each is compiled once.

    By the driver itself: every step of a statement lets go of the interpreter's lock and has to
    queue for it again, behind all callers, and Django's wrapper would rewrite the text each time.
    """
    connection.ensure_connection()
    driver, at, width = connection.connection, 0, WIDEST
    while at < len(rows):
        while width > len(rows) - at:
            width //= 2
        flat = [value for row in rows[at : at + width] for value in row]
        with connection.wrap_database_errors:
            driver.execute(_wide_statement(width), flat)
        at += width


def _moment(at: datetime) -> str:
    """As the database's own text; SQLite keeps what Django writes, a time of UTC without a zone."""
    utc = at.astimezone(UTC)
    return str(utc if connection.vendor == "postgresql" else utc.replace(tzinfo=None))


@cache
def _wide_statement(width: int) -> str:
    row = f"({', '.join('?' * len(_TYPES))})"
    return f"{_into()} VALUES {', '.join([row] * width)}"


@cache
def _arrays_statement() -> str:
    arrays = ", ".join(f"%s::{'text' if kind == 'jsonb' else kind}[]" for kind in _TYPES.values())
    values = ", ".join(
        f"{name}::jsonb" if kind == "jsonb" else name for name, kind in _TYPES.items()
    )
    return (
        f"{_into()} SELECT {values} FROM unnest({arrays}) "  # noqa: S608  (names of our own columns)
        f"WITH ORDINALITY AS given({', '.join(_TYPES)}, nth) ORDER BY nth"
    )


def _into() -> str:
    return f"INSERT INTO {CustodyEvent._meta.db_table} ({', '.join(_TYPES)})"
