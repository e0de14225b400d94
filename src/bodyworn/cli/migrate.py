"""`bodyworn migrate`: the installation into another folder or another database."""

from pathlib import Path
from typing import Annotated

import typer

from bodyworn.cli.backup import answer
from bodyworn.cli.face import Face, operator


def migrate(
    ctx: typer.Context,
    to_data: Annotated[Path, typer.Option(metavar="DIR", help="The new data folder; empty.")],
    to_database: Annotated[
        str, typer.Option(metavar="URL", help="An empty PostgreSQL database; else SQLite.")
    ] = "",
) -> None:
    """Move the installation, count everything again, and close the old one.

    End `bodyworn serve` first. The same line goes on after an interruption. Nothing of the old
    place is removed. It ends with 5 if anything differs.

    Example: bodyworn --data evidence migrate --to-data /mnt/new
    """
    from bodyworn.work.moving.ending import take_up_end

    face = Face.of(ctx)
    if take_up_end(face.settings().layout, to_data):
        face.answer({"data": str(to_data)}, f"The move to {to_data} is finished.")
        return
    house = face.house()
    from bodyworn.work.moving.migrate import migrate as moved

    with face.progress() as progress:
        ended = moved(house, to=to_data, by=operator(), database=to_database, progress=progress)
    answer(
        face,
        ended.statement,
        ended.path,
        f"Moved to {to_data}. The old folder is closed and complete; keep it for a while.",
        keyless=ended.keyless,
    )
