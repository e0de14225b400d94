"""`bodyworn restore`: an installation from a backup and its keys."""

from pathlib import Path
from typing import Annotated

import typer

from bodyworn.cli.backup import answer
from bodyworn.cli.face import Face


def restore(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder of backups.")],
    to: Annotated[Path, typer.Option(metavar="DIR", help="The new data folder; empty.")],
    keys: Annotated[Path, typer.Option(metavar="DIR", help="Where `backup-keys` put the keys.")],
    snapshot: Annotated[
        str | None, typer.Option(metavar="NAME", help="One of its snapshots; else the newest.")
    ] = None,
    database: Annotated[
        str, typer.Option(metavar="URL", help="An empty PostgreSQL database; else SQLite.")
    ] = "",
) -> None:
    """Restore a backup into an empty folder, and count everything again.

    The same line goes on after an interruption. It ends with 5 if anything differs. A restored
    folder that was only a drill must never be served.

    Example: bodyworn restore /mnt/backup --to evidence --keys /mnt/safe
    """
    from bodyworn.settings import Settings
    from bodyworn.web.configure import configure_anyway

    face = Face.of(ctx)
    configure_anyway(Settings(data=to.absolute()))
    from bodyworn.work.moving.restore import restore as restored

    with face.progress() as progress:
        ended = restored(
            folder, to=to, keys=keys, database=database, snapshot=snapshot, progress=progress
        )
    answer(
        face,
        ended.statement,
        ended.path,
        f"Restored to {to}. `bodyworn --data {to} verify` compares everything once more.",
        keyless=ended.keyless,
    )
