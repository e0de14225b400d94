"""`bodyworn gaps`: what cameras' own numbers say about recordings that never came."""

from typing import Annotated

import typer

from bodyworn.cli.face import Face, operator
from bodyworn.core.clock import iso

MOST = 500  # findings in one answer


def gaps(
    ctx: typer.Context,
    explain: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="The finding that --reason explains.")
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is as it is.")] = "",
) -> None:
    """List gaps, repeats and resets in cameras' numbers, or explain one.

    A late recording closes a gap by itself. What is explained stays on record.

    Example: bodyworn gaps --explain 12 --reason "Test recordings of the supplier"
    """
    face = Face.of(ctx)
    if reason and explain is None:
        raise typer.BadParameter("--reason goes with --explain: say which finding it explains.")
    house = face.house()
    from bodyworn.work import completeness

    if explain is not None:
        completeness.explain(house, operator(), explain, reason=reason)
    rows = completeness.open_findings(MOST)
    facts = [
        {
            "number": row.pk,
            "camera": row.device.serial,
            "kind": row.kind,
            "first": row.first,
            "last": row.last,
            "since": iso(row.since),
        }
        for row in rows
    ]
    lines = [f"{row.pk:6}  {completeness.told(row)} Since {iso(row.since)}." for row in rows]
    face.answer({"findings": facts}, *(lines or ["No camera has skipped a number."]))
