"""The census: once a day, everything that is held, as a list that can be published.

Event leaves prove that what was logged stayed. They do not show that evidence stayed: whoever
removes a recording with its rows and files leaves a log that is whole. So every day the log gets
a leaf over the list of all live evidence, and the list is published beside it. Who holds the name
of a recording, from a receipt, a pack or an older list, can look whether it still stands there;
where it does not, the log must hold an erasure of that very name.

    bodyworn-census/1
    day 2026-04-12
    count 2
    root 6f0c…                     RFC 6962, over the lines below as 64 bytes each
    previous 2026-04-11 91ab…      the census before; absent in the first
    leaf {"actor":…}               the log's own entry, whose detail commits to day, count and root
    salt 03d2…                     opens it

    <pseudonym> <commitment>       one line a recording, sorted; hexadecimal

The list tells nobody anything: the pseudonym is that of the recording's leaves (`custody.event`),
and the commitment hides the SHA-256 of its master behind the recording's own salt, so that nobody
can ask the list whether the force holds a film that he has. Pure but for `read`; when a census is
made, and of what, is `work.census`'s.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, MissingError
from bodyworn.core.terms import EventType
from bodyworn.custody.event import Leaf, commitment, pseudonym_of, read_leaf
from bodyworn.custody.tree import (
    HASH_SIZE,
    inclusion_proof,
    leaf_hash,
    root_of,
    subtrees_of,
    verify_inclusion,
)

FOLDER, NEWEST = "census", "newest"  # in the log's folder; ours, not C2SP's
TITLE = "bodyworn-census/1"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
LINE = re.compile(r"([0-9a-f]{64}) ([0-9a-f]{64})\n", re.ASCII)
LONGEST_LINE = 1 << 12  # characters; a leaf has some 500


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One live recording, as it stands in the list."""

    id: bytes  # 32 bytes, its pseudonym
    content: bytes  # 32 bytes, commitment to the SHA-256 of its master

    @property
    def data(self) -> bytes:
        """What is hashed as a leaf of the census's own tree."""
        return self.id + self.content

    @property
    def line(self) -> str:
        """As it stands in the list."""
        return f"{self.id.hex()} {self.content.hex()}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the log's leaf commits to, and what opens it."""

    day: date  # UTC, by the house's clock
    count: int  # recordings in the list
    root: bytes  # 32 bytes
    previous: tuple[date, bytes] | None  # day and root of the census before
    leaf: bytes  # the log's entry
    salt: bytes  # 16 bytes, of the leaf's detail

    @property
    def text(self) -> str:
        """The lines above the list, with the empty one."""
        before = f"previous {self.previous[0]} {self.previous[1].hex()}\n" if self.previous else ""
        return (
            f"{TITLE}\nday {self.day}\ncount {self.count}\nroot {self.root.hex()}\n{before}"
            f"leaf {self.leaf.decode()}\nsalt {self.salt.hex()}\n\n"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """A census that was read: its list gives its root, and its leaf opens to it."""

    head: Head
    entries: tuple[Entry, ...]  # sorted by id

    @property
    def ids(self) -> Mapping[bytes, bytes]:
        """Commitment by pseudonym."""
        return {entry.id: entry.content for entry in self.entries}


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """That a recording stood in a census, for whoever holds its reference, digest and salt."""

    head: Head
    reference: str
    sha256: Sha256  # of the master
    salt: bytes  # the recording's own
    index: int  # its place in the list, from 0
    hashes: tuple[bytes, ...]  # audit path, RFC 6962


def entry_of(reference: str, sha256: Sha256, *, salt: bytes) -> Entry:
    """A recording's line; `salt` is the recording's own, 16 bytes."""
    hidden = commitment({"master": sha256.hex}, salt=salt)
    return Entry(pseudonym_of(reference, salt=salt), hidden)


def listed(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """In the order of a list. Raises DamagedError where a name comes twice."""
    ordered = tuple(sorted(entries))
    for before, after in itertools.pairwise(ordered):
        if before.id >= after.id:
            raise _malformed("Two lines of the list have one name.")
    return ordered


def root_over(entries: Sequence[Entry]) -> bytes:
    """The root of the census's own tree: 32 bytes, that of nothing for an empty list."""
    return root_of(leaf_hash(entry.data) for entry in entries)


def detail_of(
    day: date, *, count: int, root: bytes, previous: tuple[date, bytes] | None
) -> dict[str, Any]:
    """The detail of the census's event."""
    before = {"day": str(previous[0]), "root": previous[1].hex()} if previous else None
    return {"day": str(day), "count": count, "root": root.hex(), "previous": before}


def check_head(head: Head) -> Leaf:
    """The log's leaf is about this very census. Raises DamagedError census.other-leaf."""
    leaf = read_leaf(head.leaf)
    detail = detail_of(head.day, count=head.count, root=head.root, previous=head.previous)
    stated = commitment({"detail": detail, "purpose": None}, salt=head.salt).hex()
    if leaf.type != EventType.CENSUS or leaf.detail != stated:
        raise DamagedError("census.other-leaf", f"The leaf of {head.day} is not about this census.")
    return leaf


def read(path: Path) -> Census:
    """Read and check a census. Whether its leaf is in the log is for the caller, who has a log.

    Raises MissingError census.missing, DamagedError census.malformed, census.other-root and
    census.other-leaf.
    """
    try:
        with path.open(encoding="ascii", newline="\n") as file:
            head = read_head(_lines(file))
            entries = tuple(read_line(line) for line in file)
    except FileNotFoundError:
        raise MissingError(
            "census.missing",
            f"There is no census at {path}.",
            hint="`bodyworn census show` names those there are.",
        ) from None
    except UnicodeDecodeError:
        raise _malformed("A census is plain text.") from None
    _check_list(head, entries)
    check_head(head)
    return Census(head=head, entries=entries)


def read_head(lines: Iterator[str]) -> Head:
    """The lines above the list, up to the empty one. Raises DamagedError census.malformed."""
    title, values = next(lines, ""), {}
    for line in lines:
        if not line:
            break
        name, _, value = line.partition(" ")
        values[name] = value
    try:
        head = _head(values)
        genuine = f"{title}\n" == f"{TITLE}\n" and list(values) == _names(head)
    except (KeyError, ValueError):
        genuine = False
    if not genuine:
        raise _malformed("Its head lacks a line or spoils one.")
    return head


def membership(census: Census, *, reference: str, sha256: Sha256, salt: bytes) -> Membership:
    """The proof that a recording stands in it. Raises MissingError census.not-listed."""
    wanted = entry_of(reference, sha256, salt=salt)
    hashes = [leaf_hash(entry.data) for entry in census.entries]
    try:
        index = census.entries.index(wanted)
    except ValueError:
        raise MissingError(
            "census.not-listed",
            f"{reference} does not stand in the census of {census.head.day}.",
            hint="A recording stands in the first census after its arrival, and until its erasure.",
        ) from None
    path = inclusion_proof(index, len(hashes), subtrees_of(hashes))
    return Membership(
        head=census.head, reference=reference, sha256=sha256, salt=salt, index=index, hashes=path
    )


def check_membership(proof: Membership) -> None:
    """Raises DamagedError census.other-leaf and those of `verify_inclusion`.

    That the leaf stands in the signed log is proved apart, as of any event.
    """
    check_head(proof.head)
    entry = entry_of(proof.reference, proof.sha256, salt=proof.salt)
    verify_inclusion(
        leaf_hash(entry.data),
        proof.hashes,
        index=proof.index,
        size=proof.head.count,
        root=proof.head.root,
    )


def membership_as_dict(proof: Membership) -> dict[str, Any]:
    """As JSON."""
    return {
        "census": proof.head.text,
        "reference": proof.reference,
        "sha256": proof.sha256.hex,
        "salt": proof.salt.hex(),
        "index": proof.index,
        "hashes": [one.hex() for one in proof.hashes],
    }


def membership_from_dict(value: Mapping[str, Any]) -> Membership:
    """From JSON. Raises DamagedError census.malformed."""
    try:
        return Membership(
            head=read_head(iter(value["census"].split("\n"))),
            reference=str(value["reference"]),
            sha256=Sha256.parse(value["sha256"]),
            salt=bytes.fromhex(value["salt"]),
            index=int(value["index"]),
            hashes=tuple(bytes.fromhex(one) for one in value["hashes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _malformed("That is no proof of a census.") from None


def _head(values: Mapping[str, str]) -> Head:
    previous = values.get("previous")
    count = values["count"]
    if str(int(count)) != count or int(count) < 0:
        raise ValueError(count)
    return Head(
        day=_day(values["day"]),
        count=int(count),
        root=_hash(values["root"]),
        previous=_before(previous) if previous is not None else None,
        leaf=values["leaf"].encode(),
        salt=bytes.fromhex(values["salt"]),
    )


def _names(head: Head) -> list[str]:
    before = ["previous"] if head.previous else []
    return ["day", "count", "root", *before, "leaf", "salt"]


def _before(text: str) -> tuple[date, bytes]:
    day, _, root = text.partition(" ")
    return _day(day), _hash(root)


def _day(text: str) -> date:
    if not DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _hash(text: str) -> bytes:
    if not HEX.fullmatch(text):
        raise ValueError(text)
    raw = bytes.fromhex(text)
    if len(raw) != HASH_SIZE:
        raise ValueError(text)
    return raw


def _lines(file: Any) -> Iterator[str]:
    """Line by line without their ends; a head that never ends is none."""
    while line := file.readline(LONGEST_LINE):
        if not line.endswith("\n"):
            return
        yield line[:-1]


def read_line(line: str) -> Entry:
    """One line of a list, with its newline. Raises DamagedError census.malformed."""
    found = LINE.fullmatch(line)
    if found is None:
        raise _malformed("A line of the list is not two hashes.")
    return Entry(bytes.fromhex(found[1]), bytes.fromhex(found[2]))


def _check_list(head: Head, entries: Sequence[Entry]) -> None:
    if listed(entries) != entries or len(entries) != head.count:
        raise _malformed("The list is not sorted, or has not as many lines as its head says.")
    if root_over(entries) != head.root:
        raise DamagedError("census.other-root", f"The list of {head.day} does not give its root.")


def _malformed(sentence: str) -> DamagedError:
    hint = "Give the file as it was published, or as `bodyworn census prove` wrote it."
    return DamagedError("census.malformed", sentence, hint=hint)
