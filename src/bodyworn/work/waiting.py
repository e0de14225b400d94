"""Waiting for the log: what callers of the sequencer share, and what they are told.

Nobody waits for ever. Whoever is not told that an event is in the log is told why, in a sentence.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import DatabaseError, connection

from bodyworn.core.errors import BodywornError, BusyError, RefusedError
from bodyworn.records.together import Ready

PAUSE = 0.02  # seconds between looks while another process extends the log
PATIENCE = 30.0  # seconds that a caller waits unless it says otherwise
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Submitted:
    """An event that is committed and has its place; the next checkpoint to be shown covers it."""

    uid: str  # its name, hexadecimal
    leaf_hash: str  # its name in receipts and proofs, hexadecimal
    index: int  # its place in the tree


class Batch:
    """Events that are committed together, and the callers who wait for that.

    One lock for all of them, which each passes on to the next: an event apiece, or one that wakes
    them all at once, would cost more than the commit.
    """

    def __init__(self) -> None:
        self.events: list[Ready] = []
        self.first = 0  # the place of the first
        self.failure: Exception | None = None
        self._over = threading.Lock()
        self._over.acquire()

    def end(self) -> None:
        """Let the callers go. Once only."""
        self._over.release()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within this time."""
        if not self._over.acquire(timeout=max(0.0, seconds)):
            return False
        self._over.release()
        return True


def refuse_transaction() -> None:
    """Raises RefusedError log.in-transaction: log and caller would wait for each other."""
    if connection.in_atomic_block:
        raise RefusedError(
            "log.in-transaction",
            "An event has no place before its transaction is over, and one is open.",
            hint="Commit change and event first, then ask for the place.",
        )


def pause(*, until: float) -> None:
    """Another process is at it: look again in a moment. Raises BusyError log.no-place-yet."""
    if time.monotonic() >= until:
        raise no_place_yet()
    time.sleep(PAUSE)


def patiently(do: Callable[[], Answer]) -> Answer:
    """Try again while another process holds the files, which it does when it opens the log."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return do()
        except BusyError:
            pause(until=end)


def no_place_yet() -> BusyError:
    """The event is committed, and that is all for now."""
    return BusyError("log.no-place-yet", "The log has not taken the event yet; it waits in line.")


def no_answer_yet() -> BusyError:
    """The event was taken, and the caller stops waiting before the commit is through."""
    return BusyError(
        "log.no-answer-yet",
        "It is not known yet whether the event is on record.",
        hint="Look for it in the history before doing the same again.",
    )


def stopped() -> BusyError:
    """Nobody is there to take the event."""
    return BusyError(
        "log.sequencer-stopped",
        "The log is not extended any more: its keeper has ended.",
        hint="Start `bodyworn serve` again; what is committed waits in the database.",
    )


def not_extended(failure: Exception) -> BusyError:
    """What the sequencer's thread met, for a caller in another one."""
    if isinstance(failure, BodywornError):
        reason, hint = failure.message, failure.hint
    elif isinstance(failure, DatabaseError):
        reason, hint = "The database does not answer as it should.", None
    else:
        reason, hint = f"It met {type(failure).__name__}.", None
    return BusyError("log.not-extended", f"The log cannot take the event. {reason}", hint=hint)
