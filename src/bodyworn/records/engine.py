"""Which database: SQLite of a safe version in the data folder, or PostgreSQL by URL.

SQLite before 3.51.3 can corrupt a WAL database when two connections write and checkpoint at
once (the WAL-reset bug), and Debian 12 carries 3.40. So the driver is the `pysqlite3` wheel.
"""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pysqlite3

from bodyworn.core.errors import SetupError

OLDEST_SQLITE = (3, 51, 3)
# `secure_delete`: what is erased is overwritten where it stood, and not only let go.
PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;"
    # 32 MiB. Random names in three indexes touch hundreds of pages a commit, and at the usual
    # 4 MiB every second commit would flush the whole database file as well.
    "PRAGMA wal_autocheckpoint=8192; PRAGMA secure_delete=ON"
)


READ_ONLY_PRAGMAS = (
    "PRAGMA query_only=ON; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"
    "PRAGMA temp_store=MEMORY"
)


def database(url: str, sqlite: Path) -> dict[str, Any]:
    """Django's DATABASES["default"] for this URL. Raises SetupError on another scheme."""
    return _postgresql(url) if url else _sqlite(sqlite)


def use_safe_sqlite() -> None:
    """Make Django's `import sqlite3` find the wheel's driver. Call before `django.setup()`."""
    if pysqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise SetupError(
            "database.sqlite-too-old",
            f"SQLite {pysqlite3.sqlite_version} can corrupt a database under two writers.",
            hint="Install the locked packages again: python3 tools/setup.py.",
        )
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2


def _sqlite(path: Path) -> dict[str, Any]:
    use_safe_sqlite()
    if _is_read_only(path):
        return _sqlite_read_only(path)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            # A deferred transaction that turns into a writer can fail at once under WAL;
            # IMMEDIATE waits its turn at BEGIN instead.
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": PRAGMAS,
        },
    }


def _is_read_only(path: Path) -> bool:
    """Whether its disk takes no writing from anybody here; not whether this account may write."""
    return path.exists() and bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)


def _sqlite_read_only(path: Path) -> dict[str, Any]:
    """For a mounted backup or a locked disk: verification, lists, exports.

    Under WAL even a reader wants to write beside the file. `immutable` spares it that, and forgets
    what stands in the WAL alone: so it is said only where the last writer closed the database, and
    left neither WAL nor shared memory. With both there, somebody may write by another mount, and
    SQLite reads them as they are. Raises SetupError database.not-closed.
    """
    wal, memory = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
    has_wal = wal.exists() and wal.stat().st_size > 0
    if has_wal and not memory.exists():
        raise SetupError(
            "database.not-closed",
            f"{wal.name} holds changes that cannot be read here, for the disk is read-only.",
            hint="Copy the data folder to a disk that can be written, and give that with --data.",
        )
    how = "mode=ro" if has_wal else "mode=ro&immutable=1"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": f"{path.absolute().as_uri()}?{how}",  # Django opens every name as a URI
        "OPTIONS": {"timeout": 30, "init_command": READ_ONLY_PRAGMAS},
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise SetupError(
            "database.unknown-scheme",
            f"There is no database for {parts.scheme}: addresses.",
            hint="Give postgresql://user@host/name, or nothing for SQLite.",
        )
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
