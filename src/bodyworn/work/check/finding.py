"""What a check is, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bodyworn.core.errors import BodywornError
from bodyworn.settings import Settings


class Level(StrEnum):
    """How bad it is."""

    FAULT = "fault"  # something does not work, or evidence is at risk
    GOOD = "good"
    NOT_ASKED = "not asked"  # because of another fault
    WARNING = "warning"  # works, and somebody should look


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one question brought."""

    level: Level
    sentence: str  # what was found
    hint: str = ""  # what to do; empty where there is nothing to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An answer with the name of its question."""

    id: str  # `C005`
    name: str  # `database`
    level: Level
    sentence: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What checks stand on; they read it and change nothing."""

    settings: Settings
    now: datetime  # UTC, the machine's own time, read once
    trouble: BodywornError | None  # why the database could not be configured, if it could not
    unread: BodywornError | None = None  # why the settings could not be read; they are defaults


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question. Its id never changes its meaning; a retired id is never used again."""

    id: str  # `C005`
    name: str  # one word
    asks: str  # the question, for docs/reference/checks.md
    find: Callable[[Ground], Answer]
    needs: frozenset[str] = frozenset()  # ids that must not be faults, else it is not asked


def good(sentence: str) -> Answer:
    """Nothing to do."""
    return Answer(level=Level.GOOD, sentence=sentence)


def warning(sentence: str, hint: str) -> Answer:
    """Somebody should look."""
    return Answer(level=Level.WARNING, sentence=sentence, hint=hint)


def fault(sentence: str, hint: str) -> Answer:
    """Somebody must act."""
    return Answer(level=Level.FAULT, sentence=sentence, hint=hint)
