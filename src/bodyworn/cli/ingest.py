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

KEPT_ALREADY = "Kept already: what is said about it now changes nothing; `bodyworn describe` does."
MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one file."""

    path: Path
    receipt: "Receipt | None"  # None where there is a problem
    problem: BodywornError | None = None
    remark: str = ""  # what a person should know about it
    is_seen: bool = True  # whether a rule lets anybody open it


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
    left_out = passed_over(paths)
    newest = newest_before()
    with face.progress() as progress:
        taken = list(taken_in(house, found, progress, keep_anyway=keep_anyway))
    taken = published(house, taken, newest=newest)
    facts = {**as_facts(house, taken), "left_out": [str(path) for path in left_out]}
    face.answer(facts, *(line(one) for one in taken), *warnings(taken, left_out))
    if problems := [one.problem for one in taken if one.problem]:
        raise typer.Exit(problems[0].exit_code)


def held_in(paths: list[Path], zone: str, said: dict[str, str]) -> Iterator["Held"]:
    """Everything below the paths, with what the person said about all of it."""
    from bodyworn.devices.folder import FolderCamera

    for path in paths:
        yield from FolderCamera(path, zone=zone_named(zone), said=said).held()


def passed_over(paths: list[Path]) -> list[Path]:
    """Files in the folders whose names are not those of footage: nothing is left out unsaid."""
    from bodyworn.devices.folder import FolderCamera

    return [one for path in paths if path.is_dir() for one in FolderCamera(path).left_out()]


def newest_before() -> int:
    """The last recording before this run; what has no later number was kept already."""
    from bodyworn.records.models import Recording

    return Recording.objects.order_by("-id").values_list("id", flat=True).first() or 0


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
    """One file's trouble does not keep the others; a full disk ends it, and what is in stays."""
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
            yield Taken(path=held.path, receipt=None, problem=known)
            if isinstance(known, SetupError):
                return


def published(house: "House", taken: list[Taken], *, newest: int) -> list[Taken]:
    """The same with receipts of now: the log is extended here, unless a keeper does it."""
    from bodyworn.core.errors import SetupError
    from bodyworn.work.log import integrate

    # On a full disk the log waits: what is recorded is told all the same.
    if not any(isinstance(one.problem, SetupError) for one in taken):
        integrate(house)
    return [described(house, one, newest=newest) if one.receipt else one for one in taken]


def described(house: "House", taken: Taken, *, newest: int) -> Taken:
    """One file with its receipt of now, and what a person should know about it."""
    from bodyworn.core.terms import Condition
    from bodyworn.records.queries_of_one import recording
    from bodyworn.work.receipts import receipt_of

    assert taken.receipt  # noqa: S101  (asked for where there is one)
    row = recording(taken.receipt.reference)
    is_whole = row.condition == Condition.PLAYABLE
    remarks = (
        "" if is_whole else f"{row.condition}: {row.condition_reason}",
        KEPT_ALREADY if row.pk <= newest else "",
    )
    return replace(
        taken,
        receipt=receipt_of(house, row),
        remark=" ".join(filter(None, remarks)),
        is_seen=bool(row.borough or row.officer),
    )


def as_facts(house: "House", taken: list[Taken]) -> dict[str, Any]:
    """Receipts and problems as JSON."""
    from bodyworn.work.receipts import receipt_as_dict

    return {
        "receipts": [
            {
                "file": str(one.path),
                **receipt_as_dict(house, one.receipt),
                "remark": one.remark,
                "is_seen": one.is_seen,
            }
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
        remark = f"  ({shown(taken.remark)})" if taken.remark else ""
        return f"{taken.receipt.reference:24} {taken.receipt.durability:10} {path}{remark}"
    assert taken.problem  # noqa: S101  (one of the two is always there)
    problem = taken.problem
    told = f"{problem.message} ({problem.code}) {problem.hint}"
    return f"{'-':24} not taken  {path}: {shown(told)}"


def warnings(taken: list[Taken], left_out: list[Path]) -> list[str]:
    """What would surprise somebody later."""
    told = []
    if left_out:
        names = ", ".join(shown(path.name) for path in left_out[:MOST_NAMED])
        more = ", …" if len(left_out) > MOST_NAMED else ""
        told.append(
            f"Left out, for their names are not those of video: {len(left_out)} ({names}{more}). "
            "Name a file by itself to have it looked at."
        )
    if unseen := sum(not one.is_seen for one in taken):
        told.append(
            f"No account can open {unseen} of them: they have neither a borough nor an officer who "
            "is known here. Say --borough or --officer when a file is first taken in, or "
            "`bodyworn describe` afterwards."
        )
    return told
