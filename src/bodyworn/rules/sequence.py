"""What a camera's own count of recordings says about the one that has just arrived.

A camera numbers its recordings without a gap, so a number that never comes is a recording that
somebody still has, or that is gone. Docks send what they have in any order: a gap today may be
closed by a late number tomorrow. Pure; who remembers the numbers is for `work.ingest`.
"""

from dataclasses import dataclass
from enum import StrEnum


class Count(StrEnum):
    """How a number fits behind those that came before."""

    FIRST = "first"  # of this camera, as far as anybody here knows
    GAP = "gap"  # numbers between the highest so far and this one have not come yet
    LATE = "late"  # lower than the highest, and new: it closes a gap
    NEXT = "next"  # one higher than the highest so far
    REPEAT = "repeat"  # another recording already has this number
    RESET = "reset"  # younger than the highest, yet lower: the count began again


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFinding:
    """The judgement, with what it is about."""

    count: Count
    missing: tuple[int, int] | None = None  # first and last number that a gap skips

    @property
    def goes_on(self) -> bool:
        """Whether the count goes on from this number."""
        return self.count in {Count.FIRST, Count.GAP, Count.NEXT, Count.RESET}


def judge_count(
    sequence: int, *, highest: int | None, is_taken: bool, is_younger: bool
) -> CountFinding:
    """Judge one number.

    `highest` is the number that the count last went on from; `is_taken`, whether another recording
    of the camera has this very number; `is_younger`, whether this one began after the recording
    with the highest.

    >>> judge_count(9, highest=6, is_taken=False, is_younger=True).missing
    (7, 8)
    """
    if highest is None:
        return CountFinding(count=Count.FIRST)
    if sequence == highest + 1:
        return CountFinding(count=Count.NEXT)
    if sequence > highest:
        return CountFinding(count=Count.GAP, missing=(highest + 1, sequence - 1))
    if is_younger and sequence < highest:
        return CountFinding(count=Count.RESET)
    return CountFinding(count=Count.REPEAT if is_taken else Count.LATE)
