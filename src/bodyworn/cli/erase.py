"""`bodyworn erase`: destroy recordings for good, with a certificate."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli.face import Face, operator, plain, utc
from bodyworn.core.errors import RefusedError

if TYPE_CHECKING:
    from bodyworn.records.models import Erasure
    from bodyworn.work.erase import Weighed
    from bodyworn.work.house import House

BACKUP = "A backup from before opens nothing of what stayed in these buckets: make a new one now."


def erase(
    ctx: typer.Context,
    references: Annotated[
        list[str] | None, typer.Argument(help="Such as BWV-26-0412-7F3A.")
    ] = None,
    policy: Annotated[str, typer.Option(metavar="TEXT", help="By which policy.")] = "",
    authority: Annotated[str, typer.Option(metavar="TEXT", help="Who has authorised it.")] = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    early: Annotated[
        bool, typer.Option("--early", help="Also before its time of retention is over.")
    ] = False,
    expired: Annotated[
        bool, typer.Option("--expired", help="Everything whose last day is over, by its rule.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be destroyed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy recordings and every copy made of them, for good.

    The keys are destroyed, so that copies and backups of the sealed files open no more. A tombstone
    stays in the log, and a signed certificate says what was destroyed. What has just come in waits
    for the key of its day.

    Example: bodyworn erase BWV-26-0412-7F3A --policy "MoPI 6.2" --authority "Supt B. Osei"
    --reason "Filmed by mistake" --early
    """
    if bool(references) == expired:
        raise typer.BadParameter("Name recordings, or say --expired.")
    face = Face.of(ctx)
    house = face.house()
    named = list(references or [])
    if dry_run:
        _tell_weighed(face, _weighed(house, named, is_early=early))
        return
    from bodyworn.work.erase import Wish

    wish = None
    if named:
        wish = Wish(
            policy=policy, authority=authority, reason=reason, by=operator(), is_early=early
        )
    _confirm(face, _weighed(house, named, is_early=early), yes=yes)
    if wish is None:
        _erase_expired(face, house)
    else:
        _erase_named(face, house, named, wish)


def as_facts(house: "House", erasure: "Erasure") -> dict[str, Any]:
    """One erasure as JSON."""
    from bodyworn.work.erase import waits_for

    return plain(
        {
            "reference": erasure.reference,
            "state": erasure.state,
            "policy": erasure.policy,
            "authority": erasure.authority,
            "reason": erasure.reason,
            "ordered_at": erasure.ordered_at,
            "done_at": erasure.done_at,
            "files": erasure.files,
            "handed_out": erasure.handed_out,
            "waits_for": [str(bucket) for bucket in waits_for(house, erasure)],
            "certificate": erasure.certificate,
        }
    )


def words(house: "House", erasure: "Erasure") -> list[str]:
    """What became of it, in a few lines."""
    from bodyworn.work.erase import waits_for

    if erasure.certificate:
        return [f"{erasure.reference} was erased on {utc(erasure.done_at or erasure.ordered_at)}."]
    waiting = ", ".join(str(bucket) for bucket in waits_for(house, erasure)) or "the next round"
    return [
        f"{erasure.reference} is out of every list, and its keys are gone but for {waiting}.",
        "That key goes two days after its day is over; the certificate is written then.",
    ]


def _weighed(house: "House", references: list[str], *, is_early: bool) -> "list[Weighed]":
    from bodyworn.work import erase as verbs

    if references:
        return verbs.weigh_all(house, references, is_early=is_early)
    return verbs.weigh_due(house)


def _tell_weighed(face: Face, weighed: "list[Weighed]") -> None:
    facts = [
        {
            "reference": one.reference,
            "decision": asdict(one.decision),
            "files": len(one.files),
            "bytes": sum(size for _, _, size in one.files),
            "shared": list(one.shared),
            "buckets": [str(bucket) for bucket in one.buckets],
        }
        for one in weighed
    ]
    face.answer({"would_erase": facts}, *(_line(one) for one in weighed), _total(weighed))


def _line(one: "Weighed") -> str:
    verdict = "goes " if one.decision.allowed else "stays"
    size = sum(size for _, _, size in one.files)
    return (
        f"{verdict} {one.reference:24} {len(one.files):3} files {size:>15,} bytes  "
        f"{one.decision.reason}"
    )


def _total(weighed: "list[Weighed]") -> str:
    going = [one for one in weighed if one.decision.allowed]
    keys = {bucket for one in going for bucket in one.buckets}
    return f"{len(going)} of {len(weighed)} would be erased, {len(keys)} keys destroyed."


def _confirm(face: Face, weighed: "list[Weighed]", *, yes: bool) -> None:
    if yes:
        return
    if face.json or not sys.stdin.isatty():
        raise RefusedError(
            "erase.not-confirmed",
            "Nothing was erased: it cannot be brought back, so somebody has to say yes.",
            hint="See with --dry-run what would be destroyed, then say --yes.",
        )
    face.say(*(_line(one) for one in weighed), _total(weighed))
    typer.confirm("Destroy them for good?", abort=True)


def _erase_named(face: Face, house: "House", named: list[str], wish: Any) -> None:
    from bodyworn.work import erase as verbs

    done = verbs.erase(house, named, wish)
    told = [line for one in done for line in words(house, one)]
    papers = [line for one in done if one.certificate for line in ("", one.certificate)]
    face.answer({"erasures": [as_facts(house, one) for one in done]}, *told, BACKUP, *papers)


def _erase_expired(face: Face, house: "House") -> None:
    from bodyworn.work import erase as verbs

    with face.progress() as progress:
        found = verbs.expired(house, by=operator(), progress=progress)
    kept = [{"reference": one.reference, **asdict(one.decision)} for one in found.kept]
    face.answer(
        {"ordered": found.ordered, "kept": kept},
        f"{found.ordered} recordings were erased.",
        *(f"stays {one.reference:24} {one.decision.reason}" for one in found.kept),
    )
