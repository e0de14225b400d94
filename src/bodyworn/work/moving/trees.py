"""Counts and roots: how much there is, and one hash that changes with any of it.

A list of lines becomes an RFC 6962 tree, the same kind that the log is; its root stands in a
statement. For tables the hash of every line is kept beside, with the row's number, so that two
lists that differ can be compared and the very row be named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError
from bodyworn.custody.edge import RightEdge
from bodyworn.custody.statement import MOST_NAMED, Difference
from bodyworn.custody.tree import leaf_hash
from bodyworn.store.opaque import Stored

AT_ONCE = 256  # hashes that are added to a tree in one go
RECORD = 8 + 32  # bytes: number of a row, hash of its line

Numbered = Iterator[tuple[int, bytes]]


class AtSource(StrEnum):
    """How a stored file was found where it was copied from."""

    GOOD = "good"
    KNOWN = "known"  # good by name and size; its bytes were read for an earlier list
    MISSING = "missing"  # or it cannot be read
    OTHER_SIZE = "other-size"  # than the copy that was made of it before


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list of stored files."""

    digest: Sha256  # of the plain bytes
    found: Stored | None  # the file as it was copied, now or before; None: there never was one
    at_source: AtSource = AtSource.GOOD

    @property
    def counted(self) -> bytes:
        """What is hashed of it."""
        return f"{self.digest} {self.found}\n".encode()

    @property
    def is_known(self) -> bool:
        """Whether its bytes were read for an earlier list, and not for this one."""
        return self.at_source is AtSource.KNOWN

    @property
    def line(self) -> bytes:
        """The line, with its newline."""
        return f"{self.digest} {self.found or '- 0'} {self.at_source}\n".encode()


@dataclass(slots=True)
class Tally:
    """What was counted so far."""

    count: int = 0
    size: int = 0  # bytes of what is counted, where that says something
    _edge: RightEdge = field(default_factory=RightEdge)
    _waiting: list[bytes] = field(default_factory=list)

    def add(self, line: bytes, *, size: int = 0) -> bytes:
        """Count one line, which stands for `size` bytes; its hash."""
        hashed = leaf_hash(line)
        self.add_hash(hashed, size=size)
        return hashed

    def add_hash(self, hashed: bytes, *, size: int = 0) -> None:
        """The same for a line that was hashed before."""
        self.count += 1
        self.size += size
        self._waiting.append(hashed)
        if len(self._waiting) >= AT_ONCE:
            self._settle()

    @property
    def root(self) -> str:
        """The root over all lines, hexadecimal."""
        self._settle()
        return self._edge.root().hex()

    def _settle(self) -> None:
        if self._waiting:
            self._edge.extend(self._waiting)
            self._waiting = []


def rows_item(tally: Tally) -> str:
    """`412 <root>`, as it stands in a statement."""
    return f"{tally.count} {tally.root}"


def bytes_item(tally: Tally) -> str:
    """`412 77401211904 <root>`: how many, how many bytes, root."""
    return f"{tally.count} {tally.size} {tally.root}"


def read_listed(path: Path) -> Iterator[Listed]:
    """The list of stored files, by digest; a last line that a crash cut short is left out.

    Raises DamagedError moving.list-unreadable.
    """
    with path.open("rb") as stream:
        for line in stream:
            if not line.endswith(b"\n"):
                return
            yield _listed(line, path)


def tally_listed(path: Path) -> Tally:
    """Counts and root of a list of stored files; what nobody has is not counted."""
    tally = Tally()
    for one in read_listed(path):
        if one.found:
            tally.add(one.counted, size=one.found.size)
    return tally


def tally_known(path: Path) -> str:
    """`400 77401211904`: of these, how many files and bytes were not read now, but earlier."""
    known = [one.found.size for one in read_listed(path) if one.found and one.is_known]
    return f"{len(known)} {sum(known)}"


def write_record(stream: BinaryIO, number: int, hashed: bytes) -> None:
    """Add a row to the list of a table's hashes."""
    stream.write(number.to_bytes(8, "big") + hashed)


def read_records(path: Path) -> Numbered:
    """(number, hash of the line) of every row. Raises DamagedError moving.list-unreadable."""
    with path.open("rb") as stream:
        while record := stream.read(RECORD):
            if len(record) != RECORD:
                raise _unreadable(path)
            yield int.from_bytes(record[:8], "big"), record[8:]


def tally_records(path: Path) -> Tally:
    """Count and root of a list of hashes."""
    tally = Tally()
    for _, hashed in read_records(path):
        tally.add_hash(hashed)
    return tally


def compare_rows(item: str, expected: Numbered, found: Numbered) -> list[Difference]:
    """The rows that are not the same, by their numbers; both come with their hashes, by number."""
    return list(islice(_compared(item, expected, found), MOST_NAMED))


def _compared(item: str, expected: Numbered, found: Numbered) -> Iterator[Difference]:
    left, right = next(expected, None), next(found, None)
    while left or right:
        if right is None or (left and left[0] < right[0]):
            assert left  # noqa: S101  (one of the two is there)
            yield Difference(f"{item} row {left[0]}", "is missing")
            left = next(expected, None)
        elif left is None or right[0] < left[0]:
            yield Difference(f"{item} row {right[0]}", "should not be there")
            right = next(found, None)
        else:
            if left[1] != right[1]:
                yield Difference(f"{item} row {left[0]}", "is not the same")
            left, right = next(expected, None), next(found, None)


def hashed(lines: Iterable[tuple[int, bytes]]) -> Numbered:
    """Numbered lines as numbered hashes."""
    return ((number, leaf_hash(line)) for number, line in lines)


def _listed(line: bytes, path: Path) -> Listed:
    try:
        digest, told, size, state = line.decode().split()
        found = None if told == "-" else Stored(Sha256.parse(told), int(size))
        return Listed(Sha256.parse(digest), found, AtSource(state))
    except (ValueError, DamagedError):
        raise _unreadable(path) from None


def _unreadable(path: Path) -> DamagedError:
    return DamagedError(
        "moving.list-unreadable",
        f"The list {path.name} cannot be read.",
        hint="It was changed after it was written: take an older snapshot, and keep this one.",
    )
