"""What a camera's own count of recordings gives away: gaps, repeats and resets.

A camera numbers its recordings without a gap, so a number that never comes is a recording that
somebody still has, or that is gone. Docks send what they have in any order, so the judgement looks
at all of a camera's numbers, in the order in which it made them: whatever order they arrived in,
the findings are the same. Pure; who remembers them is `work.completeness`.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bodyworn.core.terms import Oddity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One oddity, readable by a person through `str`."""

    kind: Oddity
    first: int  # first missing number, the repeated number, or the number begun again with
    last: int  # last missing number; equal to `first` otherwise
    at: int = field(default=0, compare=False)  # place of the recording that shows it, from 0

    @property
    def count(self) -> int:
        """How many recordings it concerns."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        match self.kind:
            case Oddity.GAP if self.count == 1:
                return f"Recording {self.first} is missing."
            case Oddity.GAP:
                return f"Recordings {self.first} to {self.last} are missing."
            case Oddity.REPEAT:
                return f"Number {self.first} came twice."
            case Oddity.RESET:
                return f"The count began again at {self.first}."

    def overlaps(self, other: "Finding") -> bool:
        """Whether both are gaps and have a number in common."""
        are_gaps = self.kind is other.kind is Oddity.GAP
        return are_gaps and self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became odd, and what no longer is."""

    opened: tuple[Finding, ...]
    closed: tuple[Finding, ...]


def findings(numbers: Iterable[int]) -> list[Finding]:
    """Oddities in a camera's numbers, given in the order in which it made the recordings.

    Numbers before the first one are not missing: nobody knows what was before. A lower number
    that fills a gap is no reset: the camera's clock may have been wrong.

    >>> [str(finding) for finding in findings([4, 5, 8, 8])]
    ['Recordings 6 to 7 are missing.', 'Number 8 came twice.']
    """
    found: list[Finding] = []
    for count, run in enumerate(_runs(numbers)):
        if count > 0:
            found.append(_one(Oddity.RESET, run[0]))
        found.extend(_gaps(run))
        found.extend(_repeats(run))
    return found


def changed(before: Iterable[Finding], after: Iterable[Finding]) -> Change:
    """What there is to open and to close; the same finding may stand more than once.

    >>> now_odd = findings([4, 6, 7])
    >>> [str(finding) for finding in changed(findings([4, 7]), now_odd).opened]
    ['Recording 5 is missing.']
    """
    old, new = Counter(before), Counter(after)
    return Change(opened=tuple((new - old).elements()), closed=tuple((old - new).elements()))


Placed = tuple[int, int]  # (number, place in the order in which the camera made it)


def _runs(numbers: Iterable[int]) -> Iterator[list[Placed]]:
    """The numbers cut where the camera began to count again."""
    run: list[Placed] = []
    lowest = 0
    for place, number in enumerate(numbers):
        if run and _begins_again(number, lowest=lowest, before=run[-1][0]):
            yield run
            run = []
        lowest = min(lowest, number) if run else number
        run.append((number, place))
    if run:
        yield run


def _begins_again(number: int, *, lowest: int, before: int) -> bool:
    return number < lowest or (number == 1 and before != 1)


def _gaps(run: list[Placed]) -> Iterator[Finding]:
    first_places = dict(reversed(run))  # the first of each number wins
    for before, after in itertools.pairwise(sorted(first_places)):
        if after > before + 1:
            place = first_places[after]
            yield Finding(kind=Oddity.GAP, first=before + 1, last=after - 1, at=place)


def _repeats(run: list[Placed]) -> Iterator[Finding]:
    seen: set[int] = set()
    for placed in run:
        if placed[0] in seen:
            yield _one(Oddity.REPEAT, placed)
        seen.add(placed[0])


def _one(kind: Oddity, placed: Placed) -> Finding:
    number, place = placed
    return Finding(kind=kind, first=number, last=number, at=place)
