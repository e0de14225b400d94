"""`bodyworn describe`: what is said about a recording, corrected and on record."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli.face import Face, operator
from bodyworn.core.clock import parse_iso
from bodyworn.core.errors import RefusedError

if TYPE_CHECKING:
    from bodyworn.work.description import Correction


def describe(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(help="Such as BWV-26-0412-7F3A.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="How you know; stays on record.")],
    officer: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Wearer's collar number.")
    ] = None,
    borough: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where it was recorded.")
    ] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="A title for it.")] = None,
    category: Annotated[
        str | None, typer.Option(metavar="WORD", help="What kind of event it is.")
    ] = None,
    started_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it began, such as 2026-04-12T22:41:07Z."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Correct whose, where, what or when a recording is.

    An empty text takes away what was said. The old values stay on record.

    Example: bodyworn describe BWV-26-0412-7F3A --borough Lambeth --reason "Card of PC Khan"
    """
    face = Face.of(ctx)
    begun = moment(started_at) if started_at is not None else None
    house = face.house()
    from bodyworn.work.description import Said, describe_recording

    said = Said(officer=officer, borough=borough, title=title, category=category, started_at=begun)
    found = describe_recording(house, operator(), reference, said, reason=reason, dry_run=dry_run)
    face.answer(as_facts(found, dry_run=dry_run), *lines(found, dry_run=dry_run))


def moment(text: str) -> datetime:
    """A time with its zone. Raises RefusedError describe.bad-time."""
    try:
        return parse_iso(text)
    except (ValueError, OverflowError):
        raise RefusedError(
            "describe.bad-time",
            f"{text} is no time with a time zone.",
            hint="2026-04-12T22:41:07Z is one, and 2026-04-12T23:41:07+01:00 the same.",
        ) from None


def as_facts(found: "Correction", *, dry_run: bool) -> dict[str, Any]:
    """The correction as JSON."""
    return {
        "reference": found.reference,
        "old": found.old,
        "new": found.new,
        "event": found.event or None,
        "is_seen": found.is_seen,
        "dry_run": dry_run,
    }


def lines(found: "Correction", *, dry_run: bool) -> list[str]:
    """What changed, line by line, and what that means."""
    told = [f"{found.reference}"]
    for name, value in found.new.items():
        told.append(f"  {name:18} {found.old[name] or '-'} -> {value or '-'}")
    told.append("Nothing was changed: this was a dry run." if dry_run else "This is on record.")
    if not found.is_seen:
        told.append("No account can open it: it has neither a borough nor an officer.")
    return told
