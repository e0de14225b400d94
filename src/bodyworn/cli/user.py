"""`bodyworn user`: who may sign in."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bodyworn.cli.face import Face, operator
from bodyworn.core.errors import MissingError, RefusedError
from bodyworn.core.terms import Role

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def user() -> None:
    """Make accounts for those who sign in.

    Example: bodyworn user add dan --display "Dan" --role administrator
    """


@app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name to sign in with, such as a collar number.")],
    display: Annotated[str, typer.Option(metavar="TEXT", help="How people call them.")],
    role: Annotated[Role, typer.Option(help="What they may do.")],
    unit: Annotated[str, typer.Option(metavar="NAME", help="Their unit; made if missing.")] = "",
    borough: Annotated[
        str, typer.Option(metavar="NAME", help="The unit's borough; without a unit theirs.")
    ] = "",
    officer: Annotated[
        str, typer.Option(metavar="NUMBER", help="Their collar number, if they wear a camera.")
    ] = "",
    rank: Annotated[str, typer.Option(metavar="TEXT", help="Their rank.")] = "PC",
    password_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file with the password; - is standard input."),
    ] = None,
) -> None:
    """Make an account; asks for a password unless a file has it.

    Example: bodyworn user add 4471QK --display "PC A. Khan" --role officer --officer 4471QK
    --unit "Lambeth B" --borough Lambeth
    """
    face = Face.of(ctx)
    house = face.house()
    from django.db import transaction

    from bodyworn.work import people

    unit = unit or borough  # who works for a whole borough is in a unit of its name
    refuse_blind(role, unit=unit, officer=officer)
    password = read_password(password_file)
    with transaction.atomic():
        if unit and borough:
            people.add_unit(name=unit, borough=borough)
        if officer and unit and not is_known(officer):
            people.add_officer(number=officer, name=display, rank=rank, unit=unit)
        people.add_user(
            house,
            name=name,
            password=password,
            display=display,
            role=role,
            by=operator(),
            unit=unit or None,
            officer=officer or None,
        )
    face.answer(
        {"name": name, "role": role, "unit": unit, "officer": officer},
        f"{display} signs in as {name} ({role}).",
    )


def refuse_blind(role: Role, *, unit: str, officer: str) -> None:
    """An account whose role shows it nothing helps nobody, and cannot be mended afterwards.

    Raises RefusedError user.no-officer, user.no-unit.
    """
    if role is Role.OFFICER and not officer:
        raise RefusedError(
            "user.no-officer",
            "An officer sees what their own camera recorded, and no collar number is given.",
            hint="Say --officer NUMBER.",
        )
    is_new_officer = bool(officer) and not is_known(officer)
    if not unit and (is_new_officer or role in {Role.INVESTIGATOR, Role.SUPERVISOR}):
        raise RefusedError(
            "user.no-unit",
            f"Without a unit {article(role)} {role} would see no footage.",
            hint="Say --unit NAME, and --borough NAME where the unit is new.",
        )


def article(word: str) -> str:
    """`a` or `an`.

    >>> article("investigator")
    'an'
    """
    return "an" if word[0] in "aeiou" else "a"


def is_known(number: str) -> bool:
    """Whether there is an officer with this collar number."""
    from bodyworn.records.models import Officer

    return Officer.objects.filter(number=number).exists()


def read_password(path: Path | None) -> str:
    """From a file's first line, or by asking twice. Raises MissingError user.no-password."""
    if path is None and not sys.stdin.isatty():
        raise MissingError(
            "user.no-password",
            "There is nobody to ask for a password.",
            hint="Give it in a file, or on standard input with --password-file -.",
        )
    if path is None:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    text = sys.stdin.readline() if str(path) == "-" else path.read_text()
    return text.splitlines()[0] if text else ""
