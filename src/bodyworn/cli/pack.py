"""`bodyworn pack`: a recording with everything that a court, or anybody, needs to check it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli.face import Face, operator
from bodyworn.core.terms import CopyKind, Purpose

if TYPE_CHECKING:
    from bodyworn.work.pack import Packed, Planned


def pack(
    ctx: typer.Context,
    references: Annotated[
        list[str], typer.Argument(metavar="REFERENCE...", help="Such as BWV-26-0412-7F3A.")
    ],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="What does not exist yet.")],
    as_zip: Annotated[
        bool, typer.Option("--zip", help="One file, FOLDER.zip, without compression.")
    ] = False,
    recipient: Annotated[
        str, typer.Option(metavar="TEXT", help="Who is to have it; goes on record.")
    ] = "",
    purpose: Annotated[Purpose | None, typer.Option(help="What for; goes on record.")] = None,
    copy: Annotated[
        CopyKind, typer.Option(metavar="KIND", help="master, clip or redacted: the newest of it.")
    ] = CopyKind.MASTER,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be in it, and make nothing.")
    ] = False,
) -> None:
    """Make a disclosure pack: film, custody, proofs, signatures, checkers.

    A BagIt 1.0 bag that anybody can check without this program. It is an event of the custody of
    each recording in it.

    Example: bodyworn pack BWV-26-0412-7F3A --to out --recipient CPS --purpose check
    """
    face = Face.of(ctx)
    if not dry_run and (purpose is None or not recipient.strip()):
        raise typer.BadParameter(
            "Say by --recipient who is to have it, and by --purpose what for: both go on record."
        )
    house = face.house()
    from bodyworn.work import pack as packs

    wish = packs.Wish(kind=copy, purpose=purpose, recipient=recipient, zipped=as_zip)
    if dry_run:
        plan = packs.planned(house, operator(), references, to, wish=wish)
        face.answer(_planned_facts(plan), *_planned_lines(plan))
        return
    with face.progress() as progress:
        made = packs.pack(house, operator(), references, to, wish=wish, progress=progress)
    face.answer(_facts(made), *_lines(made))


def _facts(made: "Packed") -> dict[str, Any]:
    films = [{"reference": reference, **asdict(film)} for reference, film in made.films]
    return {**asdict(made), "films": films}


def _lines(made: "Packed") -> list[str]:
    return [
        f"{made.path}: {len(made.files)} files, {made.size / 1e6:.1f} MB.",
        *made.left_out,
        "It is on record. Check it there:",
        "  sha256sum -c SHA256SUMS" if not made.path.endswith(".zip") else "  unzip, then",
        "  python3 data/verify.py .",
    ]


def _planned_facts(plan: "Planned") -> dict[str, Any]:
    return {
        "path": str(plan.path),
        "room": plan.room,
        "films": [
            {
                "reference": item.recording.reference,
                "name": item.path,
                "kind": item.copy.kind,
                "size": item.copy.size,
            }
            for item in plan.items
        ],
    }


def _planned_lines(plan: "Planned") -> list[str]:
    films = [
        f"  {item.recording.reference}  {item.copy.kind}  {item.copy.size:,} bytes  {item.path}"
        for item in plan.items
    ]
    return [
        f"{plan.path} would hold:",
        *films,
        f"It takes {plan.room / 1e6:,.1f} MB while it is made. Nothing was done or put on record.",
    ]
