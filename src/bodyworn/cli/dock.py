"""`bodyworn dock`: docks that may bring footage, and a dock of our own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli.face import Face, operator, shown

if TYPE_CHECKING:
    from bodyworn.devices.dock import Docked

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def dock() -> None:
    """Add or retire a dock; empty a folder through one.

    Example: bodyworn dock add BX-07 --place Brixton
    """


@app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Such as BX-07.")],
    place: Annotated[str, typer.Option(metavar="TEXT", help="Where it stands.")],
) -> None:
    """Add a dock; its token is shown once.

    Example: bodyworn dock add BX-07 --place Brixton
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.work import people

    made = people.add_dock(house, name=name, place=place, by=operator())
    face.answer(
        {"name": name, "place": place, "token": made.token},
        f"Dock {name} has this token. It is not shown again:",
        made.token,
    )


@app.command("retire")
def retire(ctx: typer.Context, name: Annotated[str, typer.Argument(help="Such as BX-07.")]) -> None:
    """Let a dock's token open nothing any more.

    What it brought stays.

    Example: bodyworn dock retire BX-07
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.work import people

    people.retire_dock(house, name=name, by=operator())
    face.answer({"name": name, "active": False}, f"Dock {name} may bring nothing any more.")


@app.command("empty")
def empty(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Footage as it lies on a card or a disk.")],
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="The dock's name.")],
    token_file: Annotated[Path, typer.Option(metavar="FILE", help="A file with its token.")],
    borough: Annotated[
        str, typer.Option(metavar="NAME", help="Where all of it was recorded.")
    ] = "",
    officer: Annotated[
        str, typer.Option(metavar="NUMBER", help="Collar number of whoever wore the camera.")
    ] = "",
    server: Annotated[
        str, typer.Option(metavar="URL", help="Address of the pages.")
    ] = "http://127.0.0.1:8400",
    spool: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where copies wait; else beside the token.")
    ] = None,
    log_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The log's public key; else the data folder's own."),
    ] = None,
    insecure_plain_http: Annotated[
        bool,
        typer.Option("--insecure-plain-http", help="Let all on the way read token and footage."),
    ] = False,
) -> None:
    """Send a folder to a server as a dock does: resumable, until there is a receipt.

    A receipt counts only if the log's key has signed it. Another machine is spoken to by https.

    Example: bodyworn dock empty /media/card --as BX-07 --token-file bx-07.token
    """
    from functools import partial

    import httpx

    from bodyworn.custody.note import load_verifier
    from bodyworn.custody.receipt import read_receipt
    from bodyworn.devices.dock import Dock, Server
    from bodyworn.devices.folder import FolderCamera

    face = Face.of(ctx)
    told = {"borough": borough, "officer": officer}
    said = {name: value for name, value in told.items() if value}
    verifier = load_verifier(log_key or own_log_key(face))
    with httpx.Client(timeout=60) as http, face.progress() as progress:
        agent = Dock(
            name,
            http=http,
            server=Server(
                url=server,
                token=token_file.read_text().strip(),
                insecure_plain_http=insecure_plain_http,
            ),
            spool=spool or token_file.with_suffix(".spool"),
            check_note=partial(read_receipt, verifier=verifier),
        )
        docked = agent.empty(FolderCamera(folder, said=said), progress=progress)
    face.answer({"docked": [as_facts(one) for one in docked]}, *(line(one) for one in docked))
    if problems := [one.problem for one in docked if one.problem]:
        raise typer.Exit(problems[0].exit_code)


def own_log_key(face: Face) -> Path:
    """The data folder's own public key. Raises RefusedError dock.no-log-key."""
    from bodyworn.core.errors import RefusedError

    own = face.settings().layout.log_vkey
    if not own.is_file():
        raise RefusedError(
            "dock.no-log-key",
            "Without the log's public key no receipt can be believed.",
            hint="Ask the keeper of the log for its `log.vkey` and name the file with --log-key.",
        )
    return own


def as_facts(docked: "Docked") -> dict[str, Any]:
    """What became of one file, as JSON."""
    return {
        "file": docked.filename,
        "reference": docked.receipt.reference if docked.receipt else None,
        "durability": docked.receipt.durability if docked.receipt else None,
        "note": docked.note,
        "problem": docked.problem.as_dict() if docked.problem else None,
    }


def line(docked: "Docked") -> str:
    """The same as words, and as one line whatever the file is called."""
    name = shown(docked.filename)
    if docked.receipt:
        return f"{docked.receipt.reference:24} {docked.receipt.durability:10} {name}"
    words = docked.problem.explain() if docked.problem else ""
    return f"{'-':24} not sent   {name}: {words}"
