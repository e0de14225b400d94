"""What of the settings goes along, and what stays: secrets, places and the address of a database.

Keys are never in a snapshot. Whoever finds a backup then has ciphertext and pseudonyms, and what
was erased by destroying a key cannot come back with a restore.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from bodyworn.settings import Settings

STAYS = frozenset({"data", "database"})
FILES = ("witness_policy", "timestamp_certificates", "tls_certificate")  # no secrets in these


def portable_settings(settings: Settings) -> bytes:
    """The settings that were chosen, by file or environment, as a TOML file."""
    chosen = {
        field.name: getattr(settings, field.name)
        for field in fields(settings)
        if field.name not in STAYS and getattr(settings, field.name) != field.default
    }
    # Whatever the defaults become: without its own name a log cannot be opened.
    return as_toml(chosen | {"log_origin": settings.log_origin})


def portable_files(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """The files inside the data folder that settings name, with their place in it."""
    for name in FILES:
        value = getattr(settings, name, "")
        path = settings.data / value
        if value and not Path(value).is_absolute() and path.is_file():
            yield f"data/{value}", path.read_bytes()


def with_database(toml: bytes, database: str) -> bytes:
    """The same settings for another database; empty for SQLite."""
    chosen = tomllib.loads(toml.decode())
    return as_toml(chosen | ({"database": database} if database else {}))


def as_toml(chosen: dict[str, Any]) -> bytes:
    """Flat settings as TOML; JSON's way to write text and numbers is also TOML's."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in sorted(chosen.items())]
    return "\n".join(["# docs/reference/settings.md explains each setting.", *lines, ""]).encode()


def without_database(toml: bytes) -> bytes:
    """What `with_database` was given."""
    chosen = tomllib.loads(toml.decode())
    return as_toml({name: value for name, value in chosen.items() if name != "database"})
