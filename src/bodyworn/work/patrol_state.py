"""How far the patrol has come and what it found: one small file, written after every batch.

The hand of the patrol goes round all digests, from 00… to ff…, once in `patrol_days`; what it
passes is read. Digests are spread evenly, so the same share of the store is read every hour
whatever its size, and what is added while the hand is under way is read when it comes by. The
file may be lost: a round begins again, and what was found stands in the custody log as well.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.errors import DamagedError
from bodyworn.store import disk
from bodyworn.store.layout import Layout

VERSION = 1
END = "f" * 64  # the last digest that there can be
DIGITS = 16  # hexadecimal digits of a position that the clock decides
CATCHING_UP = 2  # times its usual speed, after a pause
LONGEST_STEP = timedelta(minutes=5)  # that one step may make good


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One time round everything."""

    started_at: datetime  # UTC, by the machine's own clock
    ended_at: datetime | None = None  # UTC; None while it is under way
    files: int = 0  # that were read
    size: int = 0  # bytes that were read
    wrong: int = 0  # files that were not what they must be
    repaired: int = 0  # of these, from the second copy
    second_wrong: int = 0  # files of the second copy that were missing or other bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A file that is still wrong."""

    sha256: str  # what the plain bytes should be
    found: str | None  # what they are; None: they cannot be read, or are gone
    copies: tuple[str, ...]  # `master of BWV-26-0412-7F3A`
    since: datetime  # UTC, when it was found first
    why_not_repaired: str  # a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the hand stands."""

    hand: str  # 64 digits; everything up to here was read in this round. Empty: nothing yet
    moved_at: datetime  # UTC, when the hand moved last
    round: Round  # under way
    last: Round | None = None  # the newest that came to its end
    wrong: dict[str, Wrong] = field(default_factory=dict)  # by digest

    @classmethod
    def at_the_start(cls, now: datetime, last: Round | None = None) -> "State":
        """A round that begins now."""
        return cls(hand="", moved_at=now, round=Round(started_at=now), last=last)

    @property
    def share(self) -> float:
        """How much of this round is behind the hand, 0 to 1."""
        return _share(self.hand)

    def target(self, now: datetime, days: int) -> str:
        """Where the hand should stand now: by the clock, or by its greatest speed."""
        turn = timedelta(days=days)
        by_clock = (now - self.round.started_at) / turn
        step = min(now - self.moved_at, LONGEST_STEP)
        return _position(max(self.share, min(by_clock, self.share + CATCHING_UP * step / turn)))

    def moved(self, hand: str, now: datetime) -> "State":
        """The same with the hand further on."""
        return replace(self, hand=max(hand, self.hand), moved_at=now)

    def come_round(self, now: datetime) -> "State":
        """The round is over, and the next one begins."""
        over = replace(self.round, ended_at=now)
        return replace(self.at_the_start(now, over), wrong=self.wrong)


def load(layout: Layout, now: datetime) -> State:
    """The state on the disk; a new round where there is none. Raises DamagedError."""
    try:
        return _read(json.loads(layout.patrol.read_bytes()))
    except FileNotFoundError:
        return State.at_the_start(now)
    except (ValueError, KeyError, TypeError):
        raise DamagedError(
            "patrol.unreadable",
            f"{layout.patrol.name} cannot be read.",
            hint="Remove it: the patrol begins a round again, and what it found is in the log.",
        ) from None


def save(layout: Layout, state: State) -> None:
    """Replace the state, durably."""
    disk.write_atomically(layout.patrol, json.dumps(as_facts(state), indent=1).encode())


def as_facts(state: State) -> dict[str, Any]:
    """The state as JSON has it: times as text, bytes as numbers."""
    facts = asdict(state) | {"v": VERSION, "wrong": [asdict(one) for one in state.wrong.values()]}
    plain: dict[str, Any] = json.loads(json.dumps(facts, default=iso))
    return plain


def _read(facts: dict[str, Any]) -> State:
    if facts["v"] != VERSION:
        raise ValueError(facts["v"])
    wrong = [_wrong(one) for one in facts["wrong"]]
    return State(
        hand=facts["hand"],
        moved_at=parse_iso(facts["moved_at"]),
        round=_round(facts["round"]),
        last=_round(facts["last"]) if facts["last"] else None,
        wrong={one.sha256: one for one in wrong},
    )


def _round(facts: dict[str, Any]) -> Round:
    ended = facts["ended_at"]
    times = {
        "started_at": parse_iso(facts["started_at"]),
        "ended_at": parse_iso(ended) if ended else None,
    }
    return Round(**facts | times)


def _wrong(facts: dict[str, Any]) -> Wrong:
    return Wrong(**facts | {"copies": tuple(facts["copies"]), "since": parse_iso(facts["since"])})


def _share(hand: str) -> float:
    return int(hand[:DIGITS], 16) / 16**DIGITS if hand else 0.0


def _position(share: float) -> str:
    """The digest that lies so far round; the last one there is at 1 and beyond."""
    if share >= 1:
        return END
    return f"{int(share * 16**DIGITS):0{DIGITS}x}".ljust(64, "0")
