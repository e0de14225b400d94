"""A second database beside Django's own, for the time of a block.

A move reads one database and writes another, and Django knows its databases before anything runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.postgresql.psycopg_any import IsolationLevel
from django.db.utils import load_backend

TARGET = "target"
STILL = "still"


@contextmanager
def target(database: dict[str, Any], *, afresh: bool = False) -> Iterator[str]:
    """The name of another database, its tables brought up to date.

    `afresh` where nothing may be in it yet: what was left of making its tables, when somebody
    killed that, goes. Django notes a change of tables after it has made it, not with it.
    """
    if afresh:
        _remove_file(database)
    with _added(TARGET, database):
        with _all_or_nothing():
            call_command("migrate", database=TARGET, verbosity=0, interactive=False)
        yield TARGET


@contextmanager
def still(using: str = DEFAULT_DB_ALIAS) -> Iterator[str]:
    """The same database as it is at one moment, whatever is written meanwhile.

    Writers are not held up: SQLite's WAL and PostgreSQL both keep the old rows for a reader.
    """
    known = connections[using].settings_dict
    options = dict(known["OPTIONS"])
    if connections[using].vendor == "sqlite":
        # IMMEDIATE, as everywhere else here, would lock every writer out.
        options["transaction_mode"] = "DEFERRED"
    else:
        options["isolation_level"] = IsolationLevel.REPEATABLE_READ
    kept = {name: known[name] for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")}
    with _added(STILL, {**kept, "OPTIONS": options}), transaction.atomic(using=STILL):
        with connections[STILL].cursor() as cursor:
            # The moment is that of the first question, not of BEGIN.
            cursor.execute("SELECT count(*) FROM django_migrations")
        yield STILL


def empty(using: str) -> None:
    """Take every row out of a database that a move has begun to fill."""
    call_command("flush", database=using, verbosity=0, interactive=False)


def _remove_file(database: dict[str, Any]) -> None:
    if database["ENGINE"].endswith("sqlite3"):
        for end in ("", "-wal", "-shm"):
            Path(f"{database['NAME']}{end}").unlink(missing_ok=True)


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    """SQLite's tables cannot be changed inside a transaction of ours; its file is made anew."""
    if connections[TARGET].vendor == "sqlite":
        yield
        return
    with transaction.atomic(using=TARGET):
        yield


@contextmanager
def _added(name: str, database: dict[str, Any]) -> Iterator[None]:
    """A connection of this thread alone: Django's list of databases stays as it is."""
    connection = load_backend(database["ENGINE"]).DatabaseWrapper(_BARE | database, name)
    connections[name] = connection
    try:
        yield
    finally:
        connection.close()
        del connections[name]


_BARE: dict[str, Any] = {
    "ATOMIC_REQUESTS": False,
    "AUTOCOMMIT": True,
    "CONN_HEALTH_CHECKS": False,
    "CONN_MAX_AGE": 0,
    "HOST": "",
    "OPTIONS": {},
    "PASSWORD": "",
    "PORT": "",
    "TEST": {},
    "TIME_ZONE": None,
    "USER": "",
}
