"""What a camera's own count of recordings gives away: gaps, repeats and resets.

Pure arithmetic over the numbers in the order in which the camera made them. A gap is not yet a
loss: a late number closes it. Judging what a gap means is for whoever reads the findings.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What is odd about a count."""

    GAP = "gap"  # numbers are missing
    REPEAT = "repeat"  # a number came twice
    RESET = "reset"  # the count began again


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One oddity, readable by a person through `str`."""

    kind: FindingKind
    first: int  # first missing number, the repeated number, or the number begun again with
    last: int  # last missing number; equal to `first` otherwise

    @property
    def count(self) -> int:
        """How many recordings it concerns."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        match self.kind:
            case FindingKind.GAP if self.count == 1:
                return f"Recording {self.first} is missing."
            case FindingKind.GAP:
                return f"Recordings {self.first} to {self.last} are missing."
            case FindingKind.REPEAT:
                return f"Number {self.first} came twice."
            case _:
                return f"The count began again at {self.first}."


def findings(sequences: Iterable[int]) -> list[Finding]:
    """Oddities in a camera's numbers, given in the order in which it made the recordings.

    >>> [str(finding) for finding in findings([4, 5, 8, 8])]
    ['Recordings 6 to 7 are missing.', 'Number 8 came twice.']
    """
    found: list[Finding] = []
    for count, run in enumerate(_runs(sequences)):
        if count > 0:
            found.append(_one(FindingKind.RESET, run[0]))
        found.extend(_gaps(run))
        found.extend(_repeats(run))
    return found


def _runs(sequences: Iterable[int]) -> Iterator[list[int]]:
    """The numbers cut where the camera began to count again."""
    run: list[int] = []
    for number in sequences:
        if run and _begins_again(number, run):
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _begins_again(number: int, run: list[int]) -> bool:
    return number < min(run) or (number == 1 and run[-1] != 1)


def _gaps(numbers: list[int]) -> Iterator[Finding]:
    ordered = sorted(set(numbers))
    for before, after in itertools.pairwise(ordered):
        if after > before + 1:
            yield Finding(kind=FindingKind.GAP, first=before + 1, last=after - 1)


def _repeats(numbers: list[int]) -> Iterator[Finding]:
    seen: set[int] = set()
    for number in numbers:
        if number in seen:
            yield _one(FindingKind.REPEAT, number)
        seen.add(number)


def _one(kind: FindingKind, number: int) -> Finding:
    return Finding(kind=kind, first=number, last=number)
