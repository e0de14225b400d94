"""`bodyworn backup`: everything elsewhere. `bodyworn backup-keys`: the keys elsewhere again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli.face import Face, operator, utc
from bodyworn.core.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bodyworn.custody.statement import Difference, Statement

MOST_SHOWN = 50

Folder = Annotated[Path, typer.Argument(help="A folder of another disk, for this alone.")]


def backup(
    ctx: typer.Context,
    folder: Folder,
    keep: Annotated[int, typer.Option(min=1, help="Snapshots of log and rows to be kept.")] = 7,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Read the newest backup again, and add none.")
    ] = False,
) -> None:
    """Back up footage, log and rows; only what is new. Keys are not in it.

    It may run while the installation works, and may be interrupted. It ends with 5 if the signed
    statement names a difference.

    Example: bodyworn backup /mnt/backup
    """
    face = Face.of(ctx)
    if dry_run:
        _plan(face, folder)
    elif check:
        _check(face, folder)
    else:
        _backup(face, folder, keep)


def backup_keys(ctx: typer.Context, folder: Folder) -> None:
    """Copy the keys to a place of their own, away from every backup.

    Example: bodyworn backup-keys /mnt/safe
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.work.moving.keys import backup_keys as copied

    done = copied(house, folder, by=operator())
    face.answer(
        {"folder": str(folder), "files": done.files, "gone_here": list(done.gone_here)},
        f"{done.files} key files are in {folder}. Keep them away from every backup.",
        *(
            f"Only there: {name}. If it was destroyed here, destroy it there."
            for name in done.gone_here
        ),
    )


def answer(
    face: Face, statement: "Statement", path: Path, *lines: str, keyless: "Sequence[str]" = ()
) -> None:
    """A signed statement as the answer of a verb; ends with 5 where something differs, or where
    `keyless` names buckets whose key is not at the new place."""
    verdict = "the same on both sides" if statement.is_same else "DIFFERENT"
    face.answer(
        {**as_facts(statement, path), "keyless": list(keyless)},
        *lines,
        f"Statement {path}, signed: {verdict}",
        *told(statement.differences),
        *(_closed_for_good(keyless) if keyless else ()),
    )
    if keyless or not statement.is_same:
        raise typer.Exit(DamagedError.exit_code)


def _closed_for_good(keyless: "Sequence[str]") -> list[str]:
    return [
        f"The keys of {len(keyless)} buckets are NOT here: what lies in them cannot be opened.",
        f"  the first is {keyless[0]}; `bodyworn check` looks again",
        "  copy them into keys/buckets from a younger copy of the keys, or connect the key token",
    ]


def as_facts(statement: "Statement", path: Path) -> dict[str, Any]:
    """A statement as JSON."""
    return {
        "statement": str(path),
        "kind": statement.kind.value,
        "at": utc(statement.at),
        "same": statement.is_same,
        "items": dict(statement.items),
        "differences": [{"item": d.item, "sentence": d.sentence} for d in statement.differences],
    }


def told(differences: "Sequence[Difference]") -> list[str]:
    """The first differences in words, and how many more there are."""
    shown = [f"  {one.item}: {one.sentence}" for one in differences[:MOST_SHOWN]]
    more = len(differences) - len(shown)
    return [*shown, f"  and {more} more; --json has them all"] if more > 0 else shown


def _plan(face: Face, folder: Path) -> None:
    face.house()
    from dataclasses import asdict

    from bodyworn.work.moving.backup import planned

    plan = planned(folder)
    face.answer(
        asdict(plan),
        f"{plan.files:,} files, {plan.size:,} bytes would be copied; {plan.files_there:,} are "
        f"there. {plan.rows:,} rows would be written anew.",
    )


def _check(face: Face, folder: Path) -> None:
    house = face.house()
    from bodyworn.work.moving.comparing import verify_backup

    with face.progress() as progress:
        statement, wrong = verify_backup(folder, house.signer.verifier, progress=progress)
    facts = [{"item": one.item, "sentence": one.sentence} for one in wrong]
    face.answer(
        {"at": utc(statement.at), "ok": not wrong, "differences": facts},
        f"The backup of {utc(statement.at)} is "
        f"{'NOT what was signed:' if wrong else 'what was signed, every byte of it.'}",
        *told(wrong),
    )
    if wrong:
        raise typer.Exit(DamagedError.exit_code)


def _backup(face: Face, folder: Path, keep: int) -> None:
    house = face.house()
    from bodyworn.work.moving.backup import backup as backed_up

    with face.progress() as progress:
        made = backed_up(house, folder, by=operator(), keep=keep, progress=progress)
    files, size, _ = made.statement.items["files"].split()
    path = made.snapshot / "statement"
    answer(face, made.statement, path, f"{int(files):,} files, {int(size):,} bytes are backed up.")
