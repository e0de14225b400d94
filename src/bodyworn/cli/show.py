"""`bodyworn show`: one recording, its files, and who did what with it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli import erase
from bodyworn.cli.face import Face, plain, utc

if TYPE_CHECKING:
    from bodyworn.records.models import Erasure, Recording
    from bodyworn.records.queries_of_one import CopyRow, Custody

FACTS = (
    "reference", "title", "locality", "borough", "category", "filename", "sequence", "dock",
    "started_at", "started_at_source", "triggered_at", "ended_at", "duration_ms", "received_at",
    "recorded_at", "condition", "condition_reason", "container", "video", "audio",
)  # fmt: skip


def show(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(help="Such as BWV-26-0412-7F3A.")],
    certificate: Annotated[
        bool, typer.Option("--certificate", help="The certificate of its erasure, and only that.")
    ] = False,
) -> None:
    """Show one recording: facts, files with their digests, custody in sentences.

    Looking at facts opens no footage. Of a recording that was erased it shows what is left: who had
    it erased, by which policy and why.

    Example: bodyworn show BWV-26-0412-7F3A
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.records import queries_of_one as queries
    from bodyworn.work import erase as verbs

    if certificate:
        face.answer(*_paper(verbs.certificate_of(reference)))
        return
    gone = verbs.find_erasure(reference)
    if gone is not None:
        face.answer(
            {"erased": erase.as_facts(house, gone)}, *erase.words(house, gone), *ground(gone)
        )
        return
    row = queries.recording(reference)
    copies, custody = queries.copies_of(row.pk), queries.custody_of(row.pk)
    face.answer(
        as_facts(row, copies, custody), *head(row), "", *files(copies), "", *sentences(custody)
    )


def _paper(note: str) -> tuple[dict[str, Any], str]:
    return {"certificate": note}, note.removesuffix("\n")


def ground(erasure: "Erasure") -> list[str]:
    """On what ground it was erased."""
    return [
        f"  policy     {erasure.policy}",
        f"  authority  {erasure.authority}",
        f"  reason     {erasure.reason}",
        f"  asked by   {erasure.asked_by}, {utc(erasure.ordered_at)}",
    ]


def as_facts(row: "Recording", copies: "tuple[CopyRow, ...]", custody: "Custody") -> dict[str, Any]:
    """Everything as JSON."""
    return {
        **plain({name: getattr(row, name) for name in FACTS}),
        "officer": row.officer.number if row.officer else None,
        "unit": row.unit.name if row.unit else None,
        "camera": row.device.serial if row.device else None,
        "copies": [plain(asdict(copy)) for copy in copies],
        "custody": [plain(asdict(event)) for event in custody.events],
    }


def head(row: "Recording") -> list[str]:
    """What and when, in a few lines."""
    span = f"{utc(row.started_at)} to {utc(row.ended_at)}, {row.duration_ms / 1000:.1f} s"
    if row.started_at_source == "arrival":
        span += "; the file names no time, this is reckoned from its arrival"
    wearer = f"{row.officer.rank} {row.officer.number} {row.officer.name}" if row.officer else "-"
    return [
        f"{row.reference}  {row.title or '(no title)'}",
        f"  recorded   {span}",
        f"  by         {wearer}, camera {row.device.serial if row.device else '-'}",
        f"  place      {place(row)}",
        f"  file       {row.filename}: {row.container or '?'} {row.video} {row.audio}".rstrip(),
        f"  condition  {row.condition}: {row.condition_reason}",
    ]


def place(row: "Recording") -> str:
    """Where it was, each name once: a locality may name its borough itself."""
    known = [one for one in (row.locality, row.borough) if one]
    return known[0] if known and known[0].endswith(known[-1]) else ", ".join(known) or "-"


def files(copies: "tuple[CopyRow, ...]") -> list[str]:
    """Every file with its whole digest: that is what one compares."""
    return [f"  {c.kind:9} {c.size:>13,} bytes  {c.sha256}  {c.name}".rstrip() for c in copies]


def sentences(custody: "Custody") -> list[str]:
    """The custody, newest first."""
    from bodyworn.work.narrate import sentence

    told = [sentence(event, custody.names, custody.checkpoint) for event in custody.events]
    return [f"  {utc(one.when)}  {one.hash6}  {one.title}. {one.detail}".rstrip() for one in told]
