"""`bodyworn ingest`: files and folders become recordings."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from bodyworn.cli.face import Face, operator, shown
from bodyworn.core.errors import BodywornError, MissingError

if TYPE_CHECKING:
    from bodyworn.core.tasks import Progress
    from bodyworn.core.types import Receipt
    from bodyworn.devices.camera import Held
    from bodyworn.work.house import House


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one file."""

    path: Path
    receipt: "Receipt | None"  # None where there is a problem
    problem: BodywornError | None = None


def ingest(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders with all below them.")],
    officer: Annotated[str, typer.Option(metavar="NUMBER", help="Wearer's collar number.")] = "",
    borough: Annotated[str, typer.Option(metavar="NAME", help="Where it was recorded.")] = "",
    locality: Annotated[str, typer.Option(metavar="NAME", help="The same, closer.")] = "",
    title: Annotated[str, typer.Option(metavar="TEXT", help="A title people can say.")] = "",
    category: Annotated[str, typer.Option(metavar="NAME", help="What kind of event it is.")] = "",
    zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Time zone of file names with local times.")
    ] = "UTC",
    keep_anyway: Annotated[
        bool, typer.Option("--keep-anyway", help="Keep also what is no video that we know.")
    ] = False,
) -> None:
    """Take in files or folders; damaged video is kept and labelled.

    Files are only read.

    Example: bodyworn ingest clips --borough Lambeth
    """
    face = Face.of(ctx)
    house = face.house()
    said = {"officer": officer, "borough": borough, "locality": locality}
    said |= {"title": title, "category": category}
    found = list(held_in(paths, zone, {name: value for name, value in said.items() if value}))
    with face.progress() as progress:
        taken = list(taken_in(house, found, progress, keep_anyway=keep_anyway))
    taken = published(house, taken)
    face.answer(as_facts(house, taken), *(line(one) for one in taken))
    if problems := [one.problem for one in taken if one.problem]:
        raise typer.Exit(problems[0].exit_code)


def held_in(paths: list[Path], zone: str, said: dict[str, Any]) -> Iterator["Held"]:
    """Everything below the paths, with what the person said about all of it."""
    from bodyworn.devices.folder import FolderCamera

    for path in paths:
        for held in FolderCamera(path, zone=zone_named(zone)).held():
            yield replace(held, manifest=replace(held.manifest, **said))


def zone_named(name: str) -> ZoneInfo:
    """A time zone. Raises MissingError ingest.no-zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise MissingError(
            "ingest.no-zone", f"There is no time zone {name}.", hint="Europe/London is one."
        ) from None


def taken_in(
    house: "House", found: list["Held"], progress: "Progress", *, keep_anyway: bool
) -> Iterator[Taken]:
    """One file's trouble does not keep the others; a full disk ends it all."""
    from bodyworn.core.errors import SetupError
    from bodyworn.work.ingest import take_in_file
    from bodyworn.work.trouble import explained

    for number, held in enumerate(found, start=1):
        what = f"{number} of {len(found)}: {held.path.name}"

        def reading(done: int, of: int, _: str, what: str = what) -> None:
            progress(done, of, what)

        try:
            receipt = take_in_file(
                house, held, by=operator(), keep_anyway=keep_anyway, progress=reading
            )
            yield Taken(path=held.path, receipt=receipt)
        except Exception as error:
            known = explained(error)
            if isinstance(known, SetupError):
                raise known from error
            yield Taken(path=held.path, receipt=None, problem=known)


def published(house: "House", taken: list[Taken]) -> list[Taken]:
    """The same with receipts of now: the log is extended here, unless a keeper does it."""
    from bodyworn.records.queries_of_one import recording
    from bodyworn.work.log import integrate
    from bodyworn.work.receipts import receipt_of

    integrate(house)
    return [
        replace(one, receipt=receipt_of(house, recording(one.receipt.reference)))
        if one.receipt
        else one
        for one in taken
    ]


def as_facts(house: "House", taken: list[Taken]) -> dict[str, Any]:
    """Receipts and problems as JSON."""
    from bodyworn.work.receipts import receipt_as_dict

    return {
        "receipts": [
            {"file": str(one.path), **receipt_as_dict(house, one.receipt)}
            for one in taken
            if one.receipt
        ],
        "problems": [
            {"file": str(one.path), **one.problem.as_dict()} for one in taken if one.problem
        ],
    }


def line(taken: Taken) -> str:
    """One file as words, and as one line whatever it is called."""
    path = shown(str(taken.path))
    if taken.receipt:
        return f"{taken.receipt.reference:24} {taken.receipt.durability:10} {path}"
    assert taken.problem  # noqa: S101  (one of the two is always there)
    return f"{'-':24} not taken  {path}: {taken.problem.explain()}"
