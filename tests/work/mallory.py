"""What Mallory does with the database's own shell, where no model and no rule stands in the way."""

from typing import Any

from django.db import connection


def by_force(sql: str, *values: Any) -> int:
    """Change rows behind everybody's back; how many. Foreign keys do not stop her."""
    off, on = _KEYS[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(off)
        cursor.execute(sql, values)
        changed: int = cursor.rowcount
        cursor.execute(on)
    return changed


_KEYS = {
    "sqlite": ("PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON"),
    "postgresql": (
        "SET session_replication_role = replica",
        "SET session_replication_role = DEFAULT",
    ),
}
