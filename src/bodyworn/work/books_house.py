"""Do the rows that speak of no recording stand on record as well: checkpoints, accounts, docks?

The other half of `work.books`. Recordings, their copies and their events are compared there; a
camera's count is `work.completeness`'s, a census `work.census`'s.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Count, Max

from bodyworn.core.clock import iso
from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import EventType
from bodyworn.custody import checkpoint as form
from bodyworn.custody.checkpoint import Checkpoint
from bodyworn.custody.edge import RightEdge
from bodyworn.custody.log import Log
from bodyworn.custody.note import Verifier
from bodyworn.custody.tree import leaf_hash
from bodyworn.records import models
from bodyworn.records.models import CustodyEvent, Dock, User

CHUNK = 500  # rows in memory at once


def check_checkpoints(newest: Checkpoint, entries: Iterable[bytes], *, key: Verifier) -> None:
    """Every checkpoint that the database remembers was signed, over the first of these entries.

    `entries` are all that `newest` covers, in order. Raises DamagedError books.checkpoint.
    """
    edge, hashes = RightEdge(), map(leaf_hash, entries)
    rows = models.Checkpoint.objects.filter(size__lte=newest.size).order_by("size", "id")
    for row in rows.iterator(CHUNK):
        edge.extend([next(hashes) for _ in range(row.size - edge.size)])
        if not _is_signed(row, edge.root(), key=key):
            raise _not_ours(row.size)


def check_none_beyond(log: Log) -> None:
    """No checkpoint is remembered that the log never reached. Raises DamagedError books.checkpoint.

    The rows are read first: a checkpoint is in the log's folder before it is remembered.
    """
    remembered = models.Checkpoint.objects.aggregate(largest=Max("size"))["largest"] or 0
    reached = log.checkpoint()
    if remembered > (reached.size if reached else 0):
        raise _not_ours(remembered)


def check_places() -> None:
    """No place is left out, up to the last that was given. Raises DamagedError books.event-gone."""
    found = CustodyEvent.objects.aggregate(last=Max("leaf_index"), count=Count("leaf_index"))
    if found["count"] and found["last"] != found["count"] - 1:
        raise DamagedError(
            "books.event-gone",
            f"The last event has place {found['last']}, and {found['count']} have one.",
            entry=found["last"],
        )


def check_accounts() -> None:
    """Every account was added by somebody, as it is, and is still there.

    Raises DamagedError books.account.
    """
    added = list(_subjects(EventType.ACCOUNT_ADDED, "account:"))
    rows = list(User.objects.select_related("unit", "officer").order_by("id"))
    for name in sorted(set(added) - {user.name for user in rows}):
        raise _wrong("books.account", f"The account {name} has no row any more.", name)
    for user in rows:
        _check_account(user)


def check_docks() -> None:
    """The same of docks; one that was retired is not active. Raises DamagedError books.dock."""
    added = list(_subjects(EventType.DOCK_ADDED, "dock:"))
    rows = list(Dock.objects.order_by("id"))
    for name in sorted(set(added) - {dock.name for dock in rows}):
        raise _wrong("books.dock", f"The dock {name} has no row any more.", name)
    for dock in rows:
        _check_dock(dock)


def place_of_account(user: User) -> dict[str, str | None]:
    """What `rules.access` judges an account by, as its event tells it."""
    return {
        "role": user.role,
        "unit": user.unit.name if user.unit else None,
        "borough": user.unit.borough if user.unit else None,
        "officer": user.officer.number if user.officer else None,
    }


def _is_signed(row: models.Checkpoint, root: bytes, *, key: Verifier) -> bool:
    try:
        said = form.parse(row.note, key)
    except DamagedError:
        return False
    return (said.size, said.root.hex(), root.hex()) == (row.size, row.root, row.root)


def _check_account(user: User) -> None:
    said = _said(EventType.ACCOUNT_ADDED, f"account:{user.name}")
    kept = place_of_account(user) | {"at": iso(user.created_at)}
    if len(said) != 1 or not _agrees(kept, said[0]):
        raise _wrong(
            "books.account", f"The account {user.name} is not the one that was added.", user.name
        )


def _check_dock(dock: Dock) -> None:
    said = _said(EventType.DOCK_ADDED, f"dock:{dock.name}")
    retired = _said(EventType.DOCK_RETIRED, f"dock:{dock.name}")
    kept = {
        "place": dock.place,
        "token_sha256": dock.token_sha256,
        "at": iso(dock.created_at),
    }
    if len(said) != 1 or not _agrees(kept, said[0]) or dock.is_active == bool(retired):
        raise _wrong("books.dock", f"The dock {dock.name} is not as it was added.", dock.name)


def _agrees(kept: dict[str, Any], said: dict[str, Any]) -> bool:
    """Events from before a fact was told with them say nothing about it."""
    return all(said.get(name, value) == value for name, value in kept.items())


def _said(type_: EventType, subject: str) -> list[dict[str, Any]]:
    events = CustodyEvent.objects.filter(type=type_, subject=subject).order_by("id")
    return [{**event.detail, "at": iso(event.at)} for event in events]


def _subjects(type_: EventType, prefix: str) -> Iterator[str]:
    rows = CustodyEvent.objects.filter(type=type_).order_by("id")
    for subject in rows.values_list("subject", flat=True).iterator(CHUNK):
        yield subject.removeprefix(prefix)


def _not_ours(size: int) -> DamagedError:
    return DamagedError(
        "books.checkpoint",
        f"The checkpoint of {size} entries that the database remembers is not this log's.",
        hint="Keep everything as it is, and compare with the newest backup from before.",
        size=size,
    )


def _wrong(code: str, message: str, subject: str) -> DamagedError:
    hint = "Keep everything as it is, and compare with the newest backup from before."
    return DamagedError(code, message, hint=hint, subject=subject)
