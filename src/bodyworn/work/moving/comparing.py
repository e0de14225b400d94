"""What a place holds, counted anew and compared with a snapshot, down to the row and the file.

A backup is counted without a database and without trust: whoever has the log's public key can do
it, anywhere. A filled installation is counted from its own rows, files and log.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, DamagedError
from bodyworn.core.tasks import Progress, silent
from bodyworn.custody.note import Verifier
from bodyworn.custody.statement import Difference, Statement, read_statement
from bodyworn.custody.verify import verify_log
from bodyworn.work.moving.backups import Backups
from bodyworn.work.moving.files import recount
from bodyworn.work.moving.snapshot import Head, Snapshot, read_parts
from bodyworn.work.moving.trees import (
    Tally,
    bytes_item,
    compare_rows,
    hashed,
    read_listed,
    read_records,
    rows_item,
    tally_listed,
    tally_records,
)

TABLE = "table:"
LATER = frozenset({"files", "known"})  # items that are counted after the head was written
PlaceOf = Callable[[str], Path]


def verify_backup(
    folder: Path,
    verifier: Verifier,
    *,
    snapshot: str | None = None,
    progress: Progress = silent,
) -> tuple[Statement, list[Difference]]:
    """The signed statement of a backup's snapshot, the newest if not named, and what is not so.

    Reads everything. Raises DamagedError where the statement itself is not signed by this key,
    MissingError backup.none.
    """
    backups = Backups(folder)
    chosen = backups.snapshot(snapshot)
    statement = signed_statement(chosen, verifier)
    found = check_snapshot(chosen, statement, progress=progress)
    if not found:
        total = int(statement.items["files"].split()[0])
        listed = read_listed(chosen.files)
        found += recount(listed, target=backups.layout, total=total, progress=progress)
        found += check_log(backups.log, Head.read(chosen).checkpoint, verifier, progress=progress)
    return statement, found


def signed_statement(snapshot: Snapshot, verifier: Verifier) -> Statement:
    """The snapshot's statement, if this key signed it. Raises DamagedError."""
    try:
        return read_statement(snapshot.statement.read_bytes(), verifier)
    except FileNotFoundError:
        raise DamagedError(
            "backup.no-statement",
            f"The snapshot {snapshot.folder.name} has no statement.",
            hint="It was not finished, or somebody took it away. Choose another snapshot.",
        ) from None


def check_snapshot(
    snapshot: Snapshot, statement: Statement, *, progress: Progress = silent
) -> list[Difference]:
    """Whether rows, parts and lists are those that were signed; the stored files are not read."""
    items = statement.items
    found = check_head(Head.read(snapshot), statement)
    for name in items:
        if name.startswith(TABLE):
            found += _check_table(snapshot, name, items[name])
            progress(0, 0, f"rows of {name.removeprefix(TABLE)}")
    found += _check_parts(snapshot, items["parts"])
    return found + _check_list(snapshot, items["files"])


def check_head(head: Head, statement: Statement) -> list[Difference]:
    """Whether the head says what was signed."""
    signed = {name: value for name, value in statement.items.items() if name not in LATER}
    names = sorted({*signed, *head.items})
    told = [name for name in names if signed.get(name) != head.items.get(name)]
    if head.at != statement.at:
        told.append("at")
    return [Difference(name, "is not what was signed") for name in told]


def check_log(
    folder: Path, checkpoint: str | None, verifier: Verifier, *, progress: Progress = silent
) -> list[Difference]:
    """Whether a copied log leads from its entries to the checkpoint of the snapshot."""
    if checkpoint is None:
        return []
    try:
        verify_log(folder, verifier, older=checkpoint, progress=progress).require()
    except BodywornError as error:
        return [Difference("log", error.message)]
    return []


def check_parts_at(snapshot: Snapshot, place_of: PlaceOf) -> list[Difference]:
    """Whether every part lies where it belongs."""
    found = []
    for name, digest, _ in read_parts(snapshot):
        try:
            if Sha256.of(place_of(name).read_bytes()).hex != digest:
                found.append(Difference(f"part {name}", "is not the same"))
        except OSError:
            found.append(Difference(f"part {name}", "is missing"))
    return found


def _check_table(snapshot: Snapshot, item: str, signed: str) -> list[Difference]:
    """The hashes must give the signed root; then they name the row that is not the same."""
    name = item.removeprefix(TABLE)
    try:
        if rows_item(tally_records(snapshot.hashes(name))) != signed:
            return [Difference(item, "has other hashes than were signed")]
        with snapshot.rows(name).open("rb") as lines:
            expected = read_records(snapshot.hashes(name))
            return compare_rows(item, expected, hashed(_numbered(lines)))
    except OSError:
        return [Difference(item, "is missing")]
    except (DamagedError, ValueError, KeyError, TypeError):
        return [Difference(item, "cannot be read")]


def _numbered(lines: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    return ((int(json.loads(line)["id"]), line) for line in lines)


def _check_parts(snapshot: Snapshot, signed: str) -> list[Difference]:
    tally = Tally()
    for name, digest, size in read_parts(snapshot):
        tally.add(f"{digest} {size} {name}\n".encode(), size=size)
    if bytes_item(tally) != signed:
        return [Difference("parts", "are not those that were signed")]
    return check_parts_at(snapshot, lambda name: snapshot.parts / name)


def _check_list(snapshot: Snapshot, signed: str) -> list[Difference]:
    try:
        is_signed = bytes_item(tally_listed(snapshot.files)) == signed
    except (OSError, DamagedError):
        is_signed = False
    return [] if is_signed else [Difference("files", "are not listed as they were signed")]
