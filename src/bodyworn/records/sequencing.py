"""One sequencer at a time, over all processes and machines of one installation.

Two that gave places at once would be refused by the database, but only after they had fought.
PostgreSQL has a lock for this that dies with its connection; SQLite lives on one machine, where
a locked file does the same.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

LOCK = 0x626F6479776F726E  # "bodyworn" as a 64-bit number, PostgreSQL's name for our lock


@contextmanager
def sole_sequencer(lock_file: Path) -> Iterator[bool]:
    """True inside the block if nobody else is at it, False if somebody is; never waits."""
    by_database = connection.vendor == "postgresql"
    with _advisory_lock() if by_database else _file_lock(lock_file) as ours:
        yield ours


@contextmanager
def _advisory_lock() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        ours = bool(cursor.fetchone()[0])
        try:
            yield ours
        finally:
            if ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@contextmanager
def _file_lock(path: Path) -> Iterator[bool]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _try_lock(handle)
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
