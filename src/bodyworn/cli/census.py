"""`bodyworn census`: what was held on a day, and whether it is held still."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli.face import Face
from bodyworn.core.errors import DamagedError, RefusedError

if TYPE_CHECKING:
    from bodyworn.custody.census_audit import Known
    from bodyworn.custody.note import Verifier

MOST = 400  # days in one answer
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

LogKey = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The log's public key; else the folder's own.")
]


@app.callback()
def census() -> None:
    """See what was held on a day, prove it, and find what has vanished since.

    The keeper makes one a day: a list that names nobody, under a leaf of the log.

    Example: bodyworn census show
    """


@app.command("take")
def take(ctx: typer.Context) -> None:
    """Make today's census now; if there is one already, it stays.

    Example: bodyworn census take
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.work import census

    census.take(house)
    newest = next(iter(census.rows(1)), None)
    if newest is None:
        face.answer({"day": None, "count": 0}, "Nothing is held yet, so there is no census.")
        return
    face.answer(
        {"day": str(newest.day), "count": newest.count, "root": newest.root},
        f"The census of {newest.day} has {newest.count} recordings.",
    )


@app.command("show")
def show(ctx: typer.Context) -> None:
    """List the censuses that were made, newest first.

    Example: bodyworn census show
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.work import census

    found = [
        {
            "day": str(row.day),
            "count": row.count,
            "root": row.root,
            "file": str(house.layout.census_of(row.day)),
            "is_there": census.file_is_there(house, row),
        }
        for row in census.rows(MOST)
    ]
    lines = [
        f"{one['day']}  {one['count']:9,} recordings  {str(one['root'])[:12]}…"
        f"{'' if one['is_there'] else '  its list is MISSING'}"
        for one in found
    ]
    face.answer({"censuses": found}, *(lines or ["No census was made yet."]))


@app.command("prove")
def prove(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(help="Such as BWV-26-0412-7F3A.")],
    file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
) -> None:
    """Write the proof that a recording stood in the newest census.

    Whoever has it, and the log's public key, checks it by `bodyworn census check`.

    Example: bodyworn census prove BWV-26-0412-7F3A 7f3a.census.json
    """
    face = Face.of(ctx)
    if file.exists():
        raise RefusedError(
            "census.file-exists",
            f"There is something at {file} already; it is not overwritten.",
            hint="Name a file that does not exist yet.",
        )
    house = face.house()
    from bodyworn.store import disk
    from bodyworn.work import census

    facts = census.prove(house, reference)
    disk.write_once(file.absolute(), (json.dumps(facts, indent=1) + "\n").encode())
    waits = "" if facts["log_proof"] else " The census's leaf still waits for its place in the log."
    face.answer({"file": str(file)}, f"The proof is in {file}.{waits}")


@app.command("check")
def check(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `bodyworn census prove` wrote.")],
    log_key: LogKey = None,
) -> None:
    """Check such a proof. It needs no data folder if the log's key is named.

    Example: bodyworn census check 7f3a.census.json --log-key log.vkey
    """
    from bodyworn.custody import census
    from bodyworn.custody.verify import verify_entry_proof

    face = Face.of(ctx)
    value = _proof_in(file)
    member = census.membership_from_dict(value)
    census.check_membership(member)
    logged = verify_entry_proof(str(value.get("log_proof")), member.head.leaf, _key(face, log_key))
    logged.require()
    face.answer(
        {"ok": True, "reference": member.reference, "day": str(member.head.day)},
        f"{member.reference} was held on {member.head.day}, with this master:",
        member.sha256.hex,
    )


@app.command("compare")
def compare(
    ctx: typer.Context,
    old: Annotated[Path, typer.Argument(help="An older census: a file, or a day in the log.")],
    new: Annotated[Path, typer.Argument(help="A younger one.")],
    log: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A copy of the log; else the folder's own.")
    ] = None,
    log_key: LogKey = None,
) -> None:
    """Find what stood in the older census and is gone without an erasure in the log.

    Ends with 5 if anything is. It needs no data folder if log and key are named.

    Example: bodyworn census compare 2026-04-12 2026-05-12 --log copy --log-key log.vkey
    """
    from bodyworn.custody.census_audit import compare_files

    face = Face.of(ctx)
    folder = log or face.settings().layout.log
    lists = [one if one.exists() else _published(folder, one) for one in (old, new)]
    found, known = compare_files(*lists, log=folder, key=_key(face, log_key))
    names = {kind: [one.hex() for one in getattr(found, kind)] for kind in KINDS}
    told = [_line(kind, one, known) for kind in ("vanished", "changed") for one in names[kind]]
    counts = f"{found.stayed} stayed, {found.came} came, {len(found.erased)} were erased"
    summary = f"{counts}, {len(found.vanished)} vanished, {len(found.changed)} were exchanged."
    facts = {"ok": found.ok, "stayed": found.stayed, "came": found.came, **names}
    face.answer(facts, *told, summary)
    if not found.ok:
        raise typer.Exit(DamagedError.exit_code)


def _published(log: Path, day: Path) -> Path:
    """A day's name stands for the list that lies in the log; anything else for itself."""
    there = log / "census" / day
    return there if there.is_file() else day


KINDS = ("erased", "vanished", "changed")
WORDS = {
    "vanished": "is gone, and the log holds no erasure of it",
    "changed": "has another master than it had",
}


def _line(kind: str, name: str, known: "dict[bytes, Known]") -> str:
    """The pseudonym is all that an outsider knows it by, with the log's first word about it."""
    first = known.get(bytes.fromhex(name))
    where = f" Entry {first.index} of the log, {first.time}." if first else ""
    return f"{name}: {WORDS[kind]}.{where}"


def _key(face: Face, path: Path | None) -> "Verifier":
    from bodyworn.custody.note import load_verifier

    return load_verifier(path or face.settings().layout.log_vkey)


def _proof_in(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_bytes())
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise DamagedError(
            "census.malformed",
            "That is no proof of a census.",
            hint="Give a file that `bodyworn census prove` wrote.",
        )
    return value
