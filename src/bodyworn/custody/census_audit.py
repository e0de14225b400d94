"""What became of an older census: who stayed, came, was erased, or vanished.

All that it needs are two lists, as they were published, and a copy of the log with its public key;
nothing of the force's own system. What a census is stands in `custody.census`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bodyworn.core.errors import DamagedError, MissingError
from bodyworn.core.terms import EventType
from bodyworn.custody.census import Census, read
from bodyworn.custody.edge import WIDTH
from bodyworn.custody.event import read_leaf
from bodyworn.custody.note import Verifier
from bodyworn.custody.published import PublishedLog
from bodyworn.custody.tiles import EntryReader, TileReader

EVIDENCE = re.compile(rb'"evidence":"([0-9a-f]{64})"')  # in canonical JSON, the one way to write it


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What became of an older census."""

    stayed: int
    came: int
    erased: tuple[bytes, ...]  # pseudonyms that are gone, with an erasure in the log
    vanished: tuple[bytes, ...]  # pseudonyms that are gone without one
    changed: tuple[bytes, ...]  # pseudonyms whose master is another one

    @property
    def ok(self) -> bool:
        """Whether nothing vanished and nothing was exchanged."""
        return not self.vanished and not self.changed


@dataclass(frozen=True, slots=True)
class Known:
    """Where the log first speaks of a recording."""

    index: int  # of the entry, from 0
    time: str  # as it stands in the leaf: RFC 3339, UTC


def compare_files(
    old: Path, new: Path, *, log: Path, key: Verifier
) -> tuple[Comparison, dict[bytes, Known]]:
    """What became of an older census, and where the log first speaks of what vanished.

    Raises what `census.read` and `compare` raise; MissingError log.no-checkpoint.
    """
    found = compare(read(old), read(new), entries_of(log, key))
    odd = (*found.vanished, *found.changed)
    return found, first_known(entries_of(log, key), odd) if odd else {}


def compare(old: Census, new: Census, log_entries: Iterable[bytes]) -> Comparison:
    """What became of the older one's evidence, by the leaves of the log.

    Raises DamagedError census.not-logged where the log holds not both leaves, and census.order.
    """
    if new.head.day <= old.head.day:
        raise DamagedError(
            "census.order",
            "The second census is not younger than the first.",
            hint="Name the older one first.",
        )
    before, now = old.ids, new.ids
    gone = [id_ for id_ in before if id_ not in now]
    found = _in_log({old.head.leaf, new.head.leaf}, set(gone), log_entries)
    return Comparison(
        stayed=len(before) - len(gone),
        came=len(now) - len(before) + len(gone),
        erased=tuple(id_ for id_ in gone if id_ in found),
        vanished=tuple(id_ for id_ in gone if id_ not in found),
        changed=tuple(i for i, content in before.items() if now.get(i, content) != content),
    )


def first_known(log_entries: Iterable[bytes], wanted: Iterable[bytes]) -> dict[bytes, Known]:
    """The first entry about each of these pseudonyms: what an outsider can name a recording by."""
    found: dict[bytes, Known] = {}
    names = {one.hex().encode(): one for one in wanted}
    for index, entry in enumerate(log_entries):
        about = EVIDENCE.search(entry)
        name = names.pop(about[1], None) if about else None
        if name is not None:
            found[name] = Known(index, read_leaf(entry).time)
        if not names:
            break
    return found


def erased_in(log_entries: Iterable[bytes], wanted: set[bytes]) -> set[bytes]:
    """Which of these pseudonyms have an erasure among these entries."""
    return _in_log(set(), wanted, log_entries)


def entries_of(folder: Path, key: Verifier) -> Iterator[bytes]:
    """Every entry of a published log, each checked up to the signed root."""
    checkpoint = PublishedLog(folder, key).checkpoint()
    if checkpoint is None:
        raise MissingError(
            "log.no-checkpoint",
            f"There is no log in {folder}.",
            hint="Give the folder that holds the file `checkpoint`.",
        )
    if checkpoint.size == 0:
        return
    reader = EntryReader(TileReader(folder, size=checkpoint.size, root=checkpoint.root))
    for number in range(-(-checkpoint.size // WIDTH)):
        yield from reader.bundle(number)


def _in_log(leaves: set[bytes], wanted: set[bytes], log_entries: Iterable[bytes]) -> set[bytes]:
    """Erasures of what is wanted; every one of `leaves` must be there."""
    missing, erased = set(leaves), set()
    for entry in log_entries:
        missing.discard(entry)
        if b'"type":"deletion"' in entry:  # canonical JSON: the one way to write it
            leaf = read_leaf(entry)
            if leaf.type == EventType.ERASURE and leaf.evidence:
                erased.add(bytes.fromhex(leaf.evidence))
    if missing:
        raise DamagedError("census.not-logged", "A census's leaf is not in this log.")
    return erased & wanted
