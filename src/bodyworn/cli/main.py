"""The command line: which verbs there are, and the one edge where errors become words.

A verb is a file beside this one with one small function: it parses, calls one verb of `work`,
and says the answer. Nothing heavy is imported until a verb runs, so that help is quick.
"""

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from bodyworn.cli import (
    backup,
    census,
    check,
    demo,
    describe,
    dock,
    erase,
    export,
    gaps,
    ingest,
    init,
    keys,
    listing,
    migrate,
    pack,
    patrol,
    restore,
    serve,
    show,
    user,
    verify,
    version,
    witness,
)
from bodyworn.cli.face import Face
from bodyworn.core.errors import BodywornError

WORDS_WITH_VALUE = ("--data",)
WORDS = ("--json",)


class Verbs(TyperGroup):
    """Verbs in the order that they are used in; `--data` and `--json` may stand anywhere."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the general options first, wherever they were written."""
        return super().parse_args(ctx, general_first(args))


def general_first(args: list[str]) -> list[str]:
    """The same words with `--data DIR` and `--json` in front; nothing after `--` is touched.

    >>> general_first(["show", "7F3A", "--json", "--data", "here"])
    ['--json', '--data', 'here', 'show', '7F3A']
    """
    words, after = (
        (args[: args.index("--")], args[args.index("--") :]) if "--" in args else (args, [])
    )
    general: list[str] = []
    rest: list[str] = []
    waiting = iter(words)
    for word in waiting:
        if word in WORDS or word.startswith(tuple(f"{one}=" for one in WORDS_WITH_VALUE)):
            general.append(word)
        elif word in WORDS_WITH_VALUE:
            general += [word, *([value] if (value := next(waiting, None)) is not None else [])]
        else:
            rest.append(word)
    return [*general, *rest, *after]


app = typer.Typer(
    name="bodyworn",
    cls=Verbs,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def general(
    ctx: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The data folder; else BODYWORN_DATA, else bodyworn-data."
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Answer with one JSON object on standard output.")
    ] = False,
) -> None:
    """Body worn video, from the camera to the public figure.

    --data and --json may stand anywhere in the line.

    It ends with 0: done, 1: a check failed, 2: wrong use, 3: refused, 4: missing, 5: damaged, 6:
    busy, 7: wrong settings, keys or disk.

    Example: bodyworn demo
    """
    ctx.obj = Face(data=data, json=json)


app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("serve")(serve.serve)
app.command("ingest")(ingest.ingest)
app.command("list")(listing.list_recordings)
app.command("show")(show.show)
app.command("describe")(describe.describe)
app.command("verify")(verify.verify)
app.command("patrol")(patrol.patrol)
app.command("second-copy")(patrol.second_copy)
app.command("backup")(backup.backup)
app.command("backup-keys")(backup.backup_keys)
app.command("restore")(restore.restore)
app.command("migrate")(migrate.migrate)
app.command("export")(export.export)
app.command("pack")(pack.pack)
app.command("erase")(erase.erase)
app.command("check")(check.check)
app.command("gaps")(gaps.gaps)
app.add_typer(user.app, name="user")
app.add_typer(dock.app, name="dock")
app.add_typer(census.app, name="census")
app.add_typer(witness.app, name="witness")
app.add_typer(keys.app, name="keys")
app.command("version")(version.version)


class WrongUseError(BodywornError):
    """The words of the command line do not fit the program."""

    exit_code = 2
    default_hint = "`bodyworn --help` and `bodyworn VERB --help` show what fits."


# Typer exports only one of its kind; the class above it stands for all.
WRONG_USE = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])
"""What Typer raises for every kind of wrong use."""


def run() -> None:
    """The program's entry: errors become a sentence, a hint and an exit code."""
    face = Face.of_words(sys.argv)
    try:
        # Left to itself Typer tells wrong use on stderr and in prose only.
        sys.exit(app(prog_name="bodyworn", standalone_mode=not face.json))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        sys.exit(face.fail(in_words(error)))


def in_words(error: Exception) -> BodywornError:
    """Ours as it is; the system's and the database's with a hint; the rest with its trace."""
    if isinstance(error, BodywornError):
        return error
    if isinstance(error, WRONG_USE):
        return WrongUseError("cli.wrong-use", error.format_message())
    from bodyworn.work.trouble import UNFORESEEN, explained

    known = explained(error)
    if known.code == UNFORESEEN:
        traceback.print_exception(error)
    return known
