"""`bodyworn init`: a new data folder."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bodyworn.cli.face import Face


def init(
    ctx: typer.Context,
    force_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the force, shown on every page.")
    ] = None,
    log_origin: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the custody log; it never changes.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="A PostgreSQL database; else SQLite.")
    ] = None,
    second_signature: Annotated[
        bool, typer.Option("--second-signature", help="Sign the log with ML-DSA-44 as well.")
    ] = False,
) -> None:
    """Make a data folder: keys, settings, tables. What exists stays as it is.

    Example: bodyworn --data evidence init --force-name "Test Police"
    """
    face = Face.of(ctx)
    chosen = {"force_name": force_name, "log_origin": log_origin, "database": database}
    given = {name: value for name, value in chosen.items() if value is not None}
    layout = _made(face, given, second_signature=second_signature)
    face.answer(
        {"data": str(layout), "settings": str(layout / "bodyworn.toml")},
        f"The data folder {layout} is ready.",
        "Back up its `keys` folder now, and not together with the rest.",
        f"Next: bodyworn --data {layout} user add …, then bodyworn --data {layout} serve",
    )


def _made(face: Face, chosen: dict[str, str], *, second_signature: bool) -> Path:
    """1. folders and keys 2. the settings file 3. tables of the database that it names.

    Raises SetupError, data.records-lost where a log lies beside an empty database.
    """
    from bodyworn.settings import Settings
    from bodyworn.store import disk
    from bodyworn.web.configure import configure
    from bodyworn.work import house

    settings = Settings.load(face.data).with_(**chosen)
    house.create(settings, second_signature=second_signature)
    path = settings.layout.settings
    if chosen and not path.exists():
        disk.write_once(path, as_toml(chosen).encode())
    configure(settings)
    house.upgrade()
    house.refuse_lost_records(settings)
    return settings.data


def as_toml(chosen: dict[str, str]) -> str:
    """Settings as TOML; JSON's way to write text is also TOML's.

    >>> print(as_toml({"force_name": "Test Police"}).splitlines()[-1])
    force_name = "Test Police"
    """
    lines = [f"{name} = {json.dumps(value)}" for name, value in chosen.items()]
    return "\n".join(["# docs/reference/settings.md explains each setting.", *lines, ""])
