"""The daily census: a leaf over everything that is held, and its list beside the log.

    rows -> list on disk -> row and leaf in one transaction -> the list gets its head and its name

A crash after any arrow loses nothing: a list without a leaf is made anew, a leaf without its list
finds it where it was put. Nobody can say today what was held on a day that is gone, so a day on
which nothing ran has no census; the next one names the one before. What stands in a list, and what
it proves, is `custody.census`'s.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, DamagedError, MissingError
from bodyworn.core.terms import CopyKind, EventType
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.custody import census
from bodyworn.custody.census import Entry, Head
from bodyworn.custody.census_audit import erased_in
from bodyworn.custody.event import pseudonym_of
from bodyworn.custody.proof import EntryProof, write_proof
from bodyworn.records import ledger, models, queries_of_one
from bodyworn.records.models import Census, Copy
from bodyworn.store import disk
from bodyworn.work.house import House

TAKER = Actor(name="system:census")
PUBLIC = 0o644  # as the rest of the log
MARGIN = timedelta(minutes=10)  # within which an arrival may have missed the list
CHUNK = 2000  # rows at once
_log = logging.getLogger("bodyworn.census")


def take(house: House) -> None:
    """Make today's census, if it is not made yet: a duty of the keeper.

    1. A list that a crash left without its name gets it.
    2. One a day, by the house's clock; none before anything was ever held.
    3. The list, on disk.
    4. Its row and its leaf, in one transaction: the day's number is unique, so two cannot be.
    5. The list gets its head and its name.
    """
    _finish_newest(house)  # 1
    day, newest = house.now().date(), _newest()
    if newest is not None and newest.day >= day:  # 2
        return
    entries = live()
    if newest is None and not entries:
        return
    disk.make_folder(house.layout.census)
    house.layout.census.chmod(0o755)
    lines = "".join(entry.line for entry in entries).encode()
    disk.write_atomically(house.layout.census_draft(day), lines)  # 3
    try:
        row = _enter(house, day, entries, newest)  # 4
    except IntegrityError:  # another machine's keeper was faster
        return
    _publish(house, row, lines)  # 5


def live() -> tuple[Entry, ...]:
    """Every recording that is held now, as a sorted list. One query: one moment."""
    masters = Copy.objects.filter(kind=CopyKind.MASTER).order_by("id")
    columns = masters.values_list("recording__reference", "sha256", "recording__pseudonym_salt")
    return census.listed(
        census.entry_of(reference, Sha256.parse(digest), salt=bytes(salt))
        for reference, digest, salt in columns.iterator(CHUNK)
    )


def prove(house: House, reference: str) -> dict[str, Any]:
    """That a recording stood in the newest census, and that one in the log, as JSON.

    Raises MissingError records.no-recording, census.none-yet, census.missing, census.not-listed.
    """
    recording = queries_of_one.recording(reference)
    row = newest_row()
    listed = census.read(house.layout.census_of(row.day))
    master = recording.copies.get(kind=CopyKind.MASTER)
    member = census.membership(
        listed,
        reference=recording.reference,
        sha256=Sha256.parse(master.sha256),
        salt=bytes(recording.pseudonym_salt),
    )
    return {"v": 1, **census.membership_as_dict(member), "log_proof": _log_proof(house, row)}


def newest_row() -> Census:
    """The newest census. Raises MissingError census.none-yet."""
    row = _newest()
    if row is None:
        raise MissingError(
            "census.none-yet",
            "No census was made yet.",
            hint="`bodyworn serve` makes one a day, once there is a recording.",
        )
    return row


def rows(limit: int) -> list[Census]:
    """The censuses that were made, newest first."""
    return list(Census.objects.select_related("event").order_by("-day")[:limit])


def check_newest(house: House) -> str:
    """The newest census against what is held now, in a sentence; empty where there is none.

    Raises DamagedError books.census, books.census-vanished, books.census-unlisted, and those of
    `census.read`.

    1. Every census has its event, and says what that says.
    2. The list of each is there and gives its root.
    3. Who stands in the newest is held still, with the same master, or was erased.
    4. Who was held then stands in it.
    """
    _check_all_there()
    row = listed = None
    for row in Census.objects.select_related("event").order_by("day"):
        listed = _check_row(house, row)  # 1, 2
    if row is None or listed is None:
        return ""
    held = {entry.id: entry.content for entry in live()}
    _check_still_held(listed.ids, held, row)  # 3
    _check_listed(listed.ids, row)  # 4
    return f"All {row.count} recordings of the census of {row.day} are held, or were erased."


def _check_all_there() -> None:
    """The rows are read first: both come in one transaction."""
    days = set(Census.objects.values_list("day", flat=True))
    events = models.CustodyEvent.objects.filter(type=EventType.CENSUS)
    said = set(events.values_list("subject", flat=True))
    for subject in sorted(said ^ {f"census:{day}" for day in days}):
        raise _wrong("books.census", f"A census lacks its row, or its event: {subject}.")


def _check_row(house: House, row: Census) -> census.Census:
    """Its list. Raises DamagedError books.census, and those of `census.read`."""
    head = _head_of(row)
    census.check_head(head)
    if (row.day, row.count, row.root) != (head.day, head.count, head.root.hex()):
        raise _wrong("books.census", f"The census of {row.day} is not what its event says.")
    listed = census.read(house.layout.census_of(row.day))
    if listed.head != head:
        raise _wrong("books.census", f"The list of {row.day} is not that of its leaf.")
    return listed


def file_is_there(house: House, row: Census) -> bool:
    """Whether its list has its name."""
    return house.layout.census_of(row.day).exists()


def _newest() -> Census | None:
    return Census.objects.select_related("event").order_by("-day").first()


def _enter(house: House, day: date, entries: tuple[Entry, ...], newest: Census | None) -> Census:
    root = census.root_over(entries)
    previous = (newest.day, bytes.fromhex(newest.root)) if newest else None
    with transaction.atomic():
        event = ledger.record(
            CustodyEvent(
                type=EventType.CENSUS,
                operation=None,
                at=house.now(),
                actor=TAKER.name,
                subject=f"census:{day}",
                detail=census.detail_of(day, count=len(entries), root=root, previous=previous),
            )
        )
        return Census.objects.create(day=day, count=len(entries), root=root.hex(), event=event)


def _publish(house: House, row: Census, lines: bytes) -> None:
    path = house.layout.census_of(row.day)
    disk.write_atomically(path, _head_of(row).text.encode() + lines, PUBLIC)
    disk.write_atomically(path.with_name(census.NEWEST), f"{row.day}\n".encode(), PUBLIC)
    house.layout.census_draft(row.day).unlink(missing_ok=True)


def _finish_newest(house: House) -> None:
    """A list that is lost for good must not keep tomorrow's census; `bodyworn check` tells it."""
    row = _newest()
    if row is None or file_is_there(house, row):
        return
    for lines in _drafts(house, row):
        if _root_of(lines) == row.root:
            disk.make_folder(house.layout.census)
            _publish(house, row, lines)
            return
    _log.error("The list of the census of %s is lost; its leaf stands.", row.day)


def _root_of(lines: bytes) -> str:
    """Hexadecimal; empty for what is no list."""
    try:
        entries = [census.read_line(line + "\n") for line in lines.decode("ascii").split("\n")[:-1]]
    except (BodywornError, UnicodeDecodeError):
        return ""
    return census.root_over(entries).hex()


def _drafts(house: House, row: Census) -> Iterator[bytes]:
    """What may be its list: what was put aside, or what is held now if nothing has changed."""
    draft = house.layout.census_draft(row.day)
    if draft.exists():
        yield draft.read_bytes()
    yield "".join(entry.line for entry in live()).encode()


def _head_of(row: Census) -> Head:
    """What its event committed to. Raises DamagedError books.census."""
    try:
        detail = row.event.detail
        before = detail["previous"]
        return Head(
            day=date.fromisoformat(detail["day"]),
            count=detail["count"],
            root=bytes.fromhex(detail["root"]),
            previous=_before(before) if before else None,
            leaf=bytes(row.event.leaf),
            salt=bytes.fromhex(row.event.salts["detail"]),
        )
    except (KeyError, TypeError, ValueError):
        raise _wrong("books.census", f"The event of the census of {row.day} is spoilt.") from None


def _before(told: dict[str, str]) -> tuple[date, bytes]:
    return date.fromisoformat(told["day"]), bytes.fromhex(told["root"])


def _check_still_held(listed: Mapping[bytes, bytes], held: dict[bytes, bytes], row: Census) -> None:
    gone = {id_ for id_ in listed if id_ not in held}
    erasures = models.CustodyEvent.objects.filter(type=EventType.ERASURE).values_list("leaf")
    erased = erased_in((bytes(leaf) for (leaf,) in erasures), gone) if gone else set()
    vanished = sorted(one.hex() for one in gone - erased)
    changed = sorted(id_.hex() for id_ in listed if held.get(id_, listed[id_]) != listed[id_])
    if vanished or changed:
        what = "are gone without an erasure" if vanished else "have another master now"
        names = vanished or changed
        raise _wrong(
            "books.census-vanished",
            f"{len(names)} recordings of the census of {row.day} {what}: {names[0]}.",
            pseudonyms=names[:20],
        )


def _check_listed(listed: Mapping[bytes, bytes], row: Census) -> None:
    older = models.Recording.objects.filter(recorded_at__lt=row.event.at - MARGIN).order_by("id")
    for reference, salt in older.values_list("reference", "pseudonym_salt").iterator(CHUNK):
        if pseudonym_of(reference, salt=bytes(salt)) not in listed:
            raise _wrong(
                "books.census-unlisted",
                f"{reference} was held on {row.day}, and does not stand in that day's census.",
                subject=reference,
            )


def _log_proof(house: House, row: Census) -> str | None:
    """The leaf's place in the signed log; None while it waits for it."""
    checkpoint, index = house.log.checkpoint(), row.event.leaf_index
    if checkpoint is None or index is None or index >= checkpoint.size:
        return None
    hashes = house.log.prove_inclusion(index, checkpoint.size)
    return write_proof(EntryProof(index, hashes, checkpoint.note_text))


def _wrong(code: str, message: str, **facts: Any) -> DamagedError:
    hint = "Keep everything as it is, and compare with the newest backup from before."
    return DamagedError(code, message, hint=hint, **facts)
