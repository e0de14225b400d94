"""Which database: SQLite of a safe version in the data folder, or PostgreSQL by URL.

SQLite before 3.51.3 can corrupt a WAL database when two connections write and checkpoint at
once (the WAL-reset bug), and Debian 12 carries 3.40. So the driver is the `pysqlite3` wheel.
"""

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
    "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON"
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
