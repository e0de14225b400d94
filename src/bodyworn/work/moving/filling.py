"""Filling an empty data folder and an empty database from a snapshot; for restore and move.

Until everything was counted again and is the same, the folder holds `moving/`, and nothing opens
it. Every step may be repeated: what is there already is skipped, and counted at the end.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BusyError, DamagedError, RefusedError, SetupError
from bodyworn.core.tasks import Progress, silent
from bodyworn.custody.checkpoint import peek
from bodyworn.custody.log_copy import copy_log
from bodyworn.custody.note import Verifier
from bodyworn.custody.published import CHECKPOINT
from bodyworn.custody.statement import Difference
from bodyworn.records import beside, rows
from bodyworn.store import disk, opaque
from bodyworn.store.layout import Layout
from bodyworn.work import serving
from bodyworn.work.house import SERVED
from bodyworn.work.moving.comparing import TABLE, check_log
from bodyworn.work.moving.files import recount
from bodyworn.work.moving.portable import with_database, without_database
from bodyworn.work.moving.snapshot import Head, Snapshot, read_parts
from bodyworn.work.moving.trees import (
    compare_rows,
    hashed,
    read_listed,
    read_records,
    tally_listed,
)

SETTINGS = "bodyworn.toml"


def begin(target: Layout, *, of: str, database: str) -> bool:
    """Mark an empty folder as being filled `of` something; False where filling goes on.

    Raises SetupError move.not-empty, RefusedError move.of-something-else.
    """
    facts = {"of": of, "database": sha256(database.encode()).hexdigest()}
    # Until the database was found empty nothing was put here: a mistyped address may be mended.
    is_new = not is_ours(target)
    if not _begun(target).exists():
        _require_empty(target)
        disk.make_folder(target.moving)
        # An empty folder of a person's own is often open to all, and SQLite's file in it would be.
        target.root.chmod(disk.FOLDER_MODE)
    elif not is_new and json.loads(_begun(target).read_bytes()) != facts:
        raise RefusedError(
            "move.of-something-else",
            f"{target.root} was begun from something else, or for another database.",
            hint="Give the command that began it, or choose an empty folder.",
        )
    if is_new:
        disk.write_atomically(_begun(target), json.dumps(facts).encode())
    return is_new


def _require_empty(target: Layout) -> None:
    if target.root.is_dir() and any(path != target.moving for path in target.root.iterdir()):
        raise SetupError(
            "move.not-empty",
            f"{target.root} is not empty.",
            hint="Choose an empty folder, or one that does not exist yet.",
        )


@contextmanager
def alone(target: Layout) -> Iterator[None]:
    """One fills a folder at a time. Raises BusyError move.already."""
    lock = serving.hold(target.moving / "lock")
    if lock is None:
        raise BusyError("move.already", "This folder is being filled already.")
    with lock:
        opaque.sweep(target.incoming)
        yield


def refuse_used(using: str, target: Layout) -> None:
    """A database that holds rows is somebody's, unless this move has put them there.

    Raises SetupError move.database-used.
    """
    if is_ours(target):
        return
    used = [rows.name_of(table) for table in rows.tables() if rows.highest(table, using=using)]
    if used:
        raise SetupError(
            "move.database-used",
            f"The database is not empty: there are rows in {used[0]}.",
            hint="Give an empty database.",
        )
    disk.write_atomically(_ours(target), b"")


def is_ours(target: Layout) -> bool:
    """Whether the database was found empty, so that what is in it now was put there by us."""
    return _ours(target).exists()


def _ours(target: Layout) -> Path:
    return target.moving / "database-is-ours"


def refuse_other_form(head: Head, using: str) -> None:
    """Raises RefusedError move.other-form: rows fit only the tables that they came from."""
    if head.form != tuple(rows.form(using=using)):
        raise RefusedError(
            "move.other-form",
            "The snapshot is of another version of this program.",
            hint="Install the version that made it, restore with that, and upgrade then.",
        )


def require_keys(keys: Path, target: Layout) -> None:
    """Raises SetupError move.keys-missing: without these nothing can be continued."""
    needed = (target.log_key, target.log_vkey, target.ticket_key, target.pages_key)
    missing = [path.name for path in needed if not (keys / path.name).is_file()]
    if missing:
        raise SetupError(
            "move.keys-missing",
            f"Missing in {keys}: {', '.join(missing)}.",
            hint="Name the folder that `bodyworn backup-keys` made.",
        )


def copy_keys(source: Path, target: Path) -> int:
    """Copy key files, each replaced as a whole; how many. Folders are 0700, files as they were."""
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    for path in files:
        place = target / path.relative_to(source)
        disk.make_folder(place.parent)
        disk.write_atomically(place, path.read_bytes(), mode=path.stat().st_mode & 0o777)
    return len(files)


def lay_parts(snapshot: Snapshot, target: Layout, *, database: str) -> None:
    """Put small files where they belong."""
    for name, _, _ in read_parts(snapshot):
        data = (snapshot.parts / name).read_bytes()
        place = place_of(name, target)
        disk.make_folder(place.parent)
        disk.write_atomically(place, with_database(data, database) if name == SETTINGS else data)


def lay_log(source: Path, head: Head, target: Layout, *, progress: Progress = silent) -> None:
    """Copy the log up to the snapshot's checkpoint, which goes last. Raises DamagedError."""
    disk.make_folder(target.log)
    target.log.chmod(SERVED)
    if head.checkpoint:
        copy_log(source, target.log, size=peek(head.checkpoint).size, progress=progress)
        disk.write_atomically(target.log / CHECKPOINT, head.checkpoint.encode(), mode=0o644)


def lay_rows(snapshot: Snapshot, using: str, *, progress: Progress = silent) -> None:
    """Load every table after its highest row, so that an interrupted load goes on."""
    for table in rows.tables():
        name = rows.name_of(table)
        there = rows.highest(table, using=using)
        done = 0
        for count in rows.load(table, _lines_after(snapshot, name, there), using=using):
            done += count
            progress(done, 0, f"rows of {name}")
    rows.continue_numbers(using=using)


def counted_again(
    snapshot: Snapshot,
    head: Head,
    target: Layout,
    using: str,
    verifier: Verifier,
    *,
    progress: Progress = silent,
) -> list[Difference]:
    """What the filled installation holds otherwise than the snapshot says; all of it is read."""
    found: list[Difference] = []
    for table in rows.tables():
        name = rows.name_of(table)
        expected = read_records(snapshot.hashes(name))
        held = hashed(rows.lines(table, using=using))
        found += compare_rows(f"{TABLE}{name}", expected, held)
        progress(0, 0, f"rows of {name} counted again")
    found += _parts_differ(snapshot, target)
    total = tally_listed(snapshot.files).count
    found += recount(read_listed(snapshot.files), target=target, total=total, progress=progress)
    return found + check_log(target.log, head.checkpoint, verifier, progress=progress)


def place_of(part: str, target: Layout) -> Path:
    """Where a part of a snapshot belongs. Raises DamagedError move.part-unknown."""
    room, _, rest = part.partition("/")
    rooms = {"inbox": target.inbox, "log": target.log, "data": target.root}
    if part == SETTINGS:
        return target.settings
    if room not in rooms or ".." in Path(rest).parts or not rest:
        raise DamagedError(
            "move.part-unknown",
            f"The snapshot holds {part}, which belongs nowhere here.",
            hint="A later version made it: install that one.",
        )
    return rooms[room] / rest


def _begun(target: Layout) -> Path:
    return target.moving / "begun.json"


def _lines_after(snapshot: Snapshot, name: str, there: int) -> Iterator[bytes]:
    with snapshot.rows(name).open("rb") as lines:
        for (number, _), line in zip(read_records(snapshot.hashes(name)), lines, strict=True):
            if number > there:
                yield line


def _parts_differ(snapshot: Snapshot, target: Layout) -> list[Difference]:
    found = []
    for name, digest, _ in read_parts(snapshot):
        try:
            data = place_of(name, target).read_bytes()
        except OSError:
            found.append(Difference(f"part {name}", "is missing"))
            continue
        if Sha256.of(without_database(data) if name == SETTINGS else data).hex != digest:
            found.append(Difference(f"part {name}", "is not the same"))
    return found


def clear(target: Layout, using: str) -> None:
    """Take out what an earlier snapshot has put in; stored files are the same for both."""
    beside.empty(using)
    for folder in (target.inbox, target.log):
        shutil.rmtree(folder, ignore_errors=True)
