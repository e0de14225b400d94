"""`bodyworn list`: what there is, newest first."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli.face import Face, operator, plain, utc

if TYPE_CHECKING:
    from bodyworn.records.queries import Listed


def list_recordings(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(help="Words that title, place, officer or camera hold.")
    ] = None,
    officer: Annotated[str, typer.Option(metavar="NUMBER", help="Collar number.")] = "",
    borough: Annotated[str, typer.Option(metavar="NAME", help="Where it was recorded.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Rows at most.")] = 50,
    before: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="Go on where the last answer ended.")
    ] = None,
) -> None:
    """List recordings, newest first.

    Example: bodyworn list coldharbour --officer 4471QK
    """
    face = Face.of(ctx)
    face.house()
    from bodyworn.records.queries import Filters, recordings, split_words

    filters = Filters(words=split_words(" ".join(words or [])), officer=officer, borough=borough)
    page = recordings(operator(), filters, before=before, limit=limit)
    facts = {"recordings": [as_facts(row) for row in page.rows], "older": page.older}
    more = [f"More: --before {page.older}"] if page.older else []
    face.answer(facts, *(line(row) for row in page.rows), *more)


def as_facts(row: "Listed") -> dict[str, Any]:
    """A row as JSON, without the database's own number."""
    facts = plain(asdict(row))
    facts.pop("id")
    return facts


def line(row: "Listed") -> str:
    """A row as words."""
    what = row.title or "(no title)"
    seconds = row.duration_ms / 1000
    return (
        f"{row.reference:24} {utc(row.started_at)}  {seconds:7.1f} s  {row.officer or '-':8} "
        f"{row.condition:10} {what}"
    )
