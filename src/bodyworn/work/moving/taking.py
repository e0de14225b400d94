"""Taking a snapshot of an installation that goes on working meanwhile."""

import time
from collections.abc import Iterator
from pathlib import Path

from django.db import connection
from django.db.models import Model

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.errors import BusyError
from bodyworn.core.tasks import Progress, silent
from bodyworn.custody.checkpoint import peek
from bodyworn.custody.published import CHECKPOINT
from bodyworn.custody.tree import EMPTY_ROOT
from bodyworn.records import beside, rows
from bodyworn.records.models import Checkpoint, Copy
from bodyworn.store import disk, inbox
from bodyworn.store.layout import Layout
from bodyworn.work.house import House
from bodyworn.work.log import integrate
from bodyworn.work.moving.portable import portable_files, portable_settings
from bodyworn.work.moving.snapshot import Head, Snapshot, write_parts, write_wanted
from bodyworn.work.moving.trees import Tally, rows_item, write_record

SECONDS_FOR_THE_LOG = 10.0
PAUSE = 0.05
TILES = "tile"  # C2SP tlog-tiles: the folder of tiles and entries
NOT_TAKEN = frozenset({CHECKPOINT, "lock", "journal"})  # names in the log's folder


def take(house: House, snapshot: Snapshot, *, progress: Progress = silent) -> Head:
    """Take everything but stored files and tiles. What an interrupted try left is removed.

    1. Waiting events get their place, so that the snapshot ends at a signed root.
    2. Notes of arrivals, what lies beside the log, settings.
    3. The newest checkpoint of which step 2 may speak is in the database.
    4. Rows, as they are at one moment.
    5. The list of stored files that notes and rows name.

    Raises BusyError backup.log-busy, SetupError disk.full, DamagedError.
    """
    snapshot.remove()
    disk.make_folder(snapshot.folder)
    integrate(house)  # 1
    waiting = inbox.arrivals(house.layout)
    arrivals = sorted({digest.hex for one in waiting for digest in one.digests})
    items = {"parts": write_parts(snapshot, _parts(house))}  # 2
    _wait_for_checkpoint(house)  # 3
    at = parse_iso(iso(house.now()))
    with beside.still() as still:  # 4
        for table in rows.tables():
            items[f"table:{rows.name_of(table)}"] = _take_table(snapshot, table, still, progress)
        note = _newest_checkpoint(still)
        write_wanted(snapshot, iter(arrivals), _digests(still))  # 5
        form = tuple(rows.form(using=still))
    items |= {"log": log_item(note), "form": " ".join(form)}
    head = Head(
        at=at,
        origin=house.settings.log_origin,
        engine=connection.vendor,
        form=form,
        checkpoint=note,
        items=items,
    )
    head.write(snapshot)
    return head


def log_item(note: str | None) -> str:
    """Size and root of the tree that a checkpoint signs, as they stand in a statement."""
    checkpoint = peek(note) if note else None
    return f"{checkpoint.size} {checkpoint.root.hex()}" if checkpoint else f"0 {EMPTY_ROOT.hex()}"


def _parts(house: House) -> Iterator[tuple[str, bytes]]:
    yield from _inbox(house.layout)
    yield from _beside_the_log(house.layout.log)
    yield from portable_files(house.settings)
    yield "bodyworn.toml", portable_settings(house.settings)


def _inbox(layout: Layout) -> Iterator[tuple[str, bytes]]:
    """A note that goes while we read became a row, which is read later."""
    for path in (*sorted(layout.inbox.glob("*.json")), *sorted(layout.aside.glob("*.json"))):
        try:
            yield f"inbox/{path.relative_to(layout.inbox)}", path.read_bytes()
        except FileNotFoundError:
            continue


def _beside_the_log(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Cosigned checkpoints, time-stamps: whatever is served with the tiles and is none."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        is_ours = inside.parts[0] not in {TILES, *NOT_TAKEN} and not path.name.startswith(".")
        if is_ours and path.is_file():
            yield f"log/{inside}", path.read_bytes()


def _wait_for_checkpoint(house: House) -> None:
    """The file is written before the row: what was read may be a moment ahead of the database."""
    size, end = house.log.size, time.monotonic() + SECONDS_FOR_THE_LOG
    while size and not Checkpoint.objects.filter(size__gte=size).exists():
        if time.monotonic() > end:
            raise BusyError(
                "backup.log-busy",
                "The newest checkpoint of the log is not in the database yet.",
                retry_after=10,
                hint="Try again; if it stays so, `bodyworn check` says what is wrong.",
            )
        time.sleep(PAUSE)


def _take_table(snapshot: Snapshot, table: type[Model], still: str, progress: Progress) -> str:
    name, tally = rows.name_of(table), Tally()
    total = rows.count(table, using=still)
    path, hashes = snapshot.rows(name), snapshot.hashes(name)
    disk.make_folder(path.parent)
    with disk.full_disk_explained(), path.open("wb") as out, hashes.open("wb") as record:
        for number, line in rows.lines(table, using=still):
            out.write(line)
            write_record(record, number, tally.add(line))
            progress(tally.count, max(total, tally.count), f"rows of {name}")
    for written in (path, hashes):
        disk.flush_file(written)
    disk.flush_folder(path.parent)
    return rows_item(tally)


def _newest_checkpoint(still: str) -> str | None:
    newest = Checkpoint.objects.using(still).order_by("-size")
    return newest.values_list("note", flat=True).first()


def _digests(still: str) -> Iterator[str]:
    found = Copy.objects.using(still).order_by("sha256").values_list("sha256", flat=True)
    return iter(found.distinct().iterator(1_000))
