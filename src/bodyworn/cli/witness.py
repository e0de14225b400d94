"""`bodyworn witness`: one small machine outside the force that keeps the log honest."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodyworn.cli.face import Face
from bodyworn.cli.serve import stop_signal

if TYPE_CHECKING:
    from bodyworn.custody.witness_folder import WitnessFolder
    from bodyworn.web.witness import WitnessServer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The witness's own folder.")]


@app.callback()
def witness() -> None:
    """Be a witness: remember a force's log, and sign only what continues it.

    It needs no data folder, no database, and no trust in the force.

    Example: bodyworn witness init oversight --name oversight.example/witness
    """


@app.command("init")
def init(
    ctx: typer.Context,
    folder: Folder,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Such as oversight.example/witness; never changes.")
    ],
    ml_dsa: Annotated[
        bool, typer.Option("--ml-dsa", help="An ML-DSA-44 key, which outlasts Ed25519.")
    ] = False,
) -> None:
    """Make the witness's key; its public half goes into policies.

    Example: bodyworn witness init oversight --name oversight.example/witness
    """
    from bodyworn.custody.cosignature import Cosigner
    from bodyworn.custody.mldsa import MldsaSigner
    from bodyworn.custody.witness_folder import WitnessFolder

    kind = MldsaSigner if ml_dsa else Cosigner
    made = WitnessFolder.create(folder, name=name, kind=kind)
    Face.of(ctx).answer(
        {"folder": str(folder), "name": name, "vkey": made.key.text},
        f"The witness in {folder} has this public key. Give it to the force:",
        made.key.text,
        f"Back up {folder / 'witness.key'} now: a new key would be a new witness.",
    )


@app.command("add-log")
def add_log(
    ctx: typer.Context,
    folder: Folder,
    vkey: Annotated[str, typer.Argument(help="The log's public key, as text or a file.")],
) -> None:
    """Know a log by its public key; the server need not be started again.

    Example: bodyworn witness add-log oversight log.vkey
    """
    from bodyworn.custody.note import Verifier, load_verifier
    from bodyworn.custody.witness_folder import WitnessFolder

    key = load_verifier(Path(vkey)) if Path(vkey).is_file() else Verifier.parse(vkey)
    is_new = WitnessFolder.open(folder).add_log(key)
    told = "is known now" if is_new else "was known already"
    Face.of(ctx).answer({"log": key.name, "new": is_new}, f"The log {key.name} {told}.")


@app.command("serve")
def serve(
    ctx: typer.Context,
    folder: Folder,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8410,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on.")
    ] = "127.0.0.1",
) -> None:
    """Answer `add-checkpoint` (C2SP tlog-witness) until Ctrl-C or SIGTERM.

    Logs are JSON lines on standard error.

    Example: bodyworn witness serve oversight --host 0.0.0.0 --port 8410
    """
    from bodyworn.custody.witness_folder import WitnessFolder
    from bodyworn.web.serve.logs import log_json

    opened = WitnessFolder.open(folder)
    log_json("witness")
    stop = stop_signal()
    with opened.alone(), listening(opened, host=host, port=port) as server:
        address = f"http://{f'[{host}]' if ':' in host else host}:{server.port}"
        Face.of(ctx).answer(
            {"address": address, "vkey": opened.key.text},
            f"Witness  {address}",
            f"Key      {opened.key.text}",
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stop.wait()
        server.shutdown()


def listening(folder: "WitnessFolder", *, host: str, port: int) -> "WitnessServer":
    """The server, bound. Raises SetupError `witness.port`."""
    from bodyworn.core.errors import SetupError
    from bodyworn.web.witness import WitnessServer

    try:
        return WitnessServer(folder, host=host, port=port)
    except OSError as error:
        raise SetupError(
            "witness.port",
            f"It cannot listen on {host}:{port}: {error.strerror}.",
            hint="Choose another --port or --host.",
        ) from None
