"""Guessing passwords is made slow, and nobody is locked out of an account by somebody else.

Three bounds over the last 15 minutes: on a name from one address, on an address whatever the
names, and, much higher, on a name from anywhere. A try counts before its password is looked at,
so that tries at the same moment are counted too; a good one is taken back. Names are kept in
memory only: people type passwords into the wrong field, and no record should have them.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from bodyworn.core.errors import BusyError
from bodyworn.web.peer import Network

WINDOW = timedelta(minutes=15)
A_NAME_FROM_ONE_ADDRESS = 5  # tries within the window, as all of these
AN_ADDRESS = 60  # a police station may call from one
A_NAME = 200
MOST_KEPT = 100_000  # lists of tries; the oldest is forgotten first

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Try:
    """One try that was counted."""

    name: str  # as it was typed, small letters
    address: str
    at: datetime  # UTC

    def bounds(self) -> Iterator[tuple[Key, int]]:
        """What it counts against, and how often that may be."""
        yield (self.name, self.address), A_NAME_FROM_ONE_ADDRESS
        yield ("", self.address), AN_ADDRESS
        yield (self.name, ""), A_NAME


class Guesses:
    """The tries of one house, in this process, which is the only one that serves pages."""

    def __init__(self) -> None:
        """None yet."""
        self._lock = threading.Lock()
        self._tries: OrderedDict[Key, list[datetime]] = OrderedDict()

    def begin(self, name: str, address: Network, now: datetime) -> Try:
        """Count a try. Raises BusyError account.too-many-tries, and then it does not count."""
        tried = Try(name.casefold(), str(address), now)
        with self._lock:
            for key, most in tried.bounds():
                self._refuse_above(key, most, now)
            for key, _ in tried.bounds():
                self._count(key, now)
        return tried

    def was_good(self, tried: Try) -> None:
        """Take it back, and the wrong ones before it that the same person made here."""
        with self._lock:
            self._tries.pop((tried.name, tried.address), None)
            for key, _ in tried.bounds():
                times = self._tries.get(key, [])
                if tried.at in times:
                    times.remove(tried.at)

    def _refuse_above(self, key: Key, most: int, now: datetime) -> None:
        recent = [at for at in self._tries.get(key, ()) if at > now - WINDOW]
        if len(recent) >= most:
            raise _too_many(max(1, int((recent[-most] + WINDOW - now).total_seconds())))

    def _count(self, key: Key, now: datetime) -> None:
        recent = [at for at in self._tries.pop(key, ()) if at > now - WINDOW]
        self._tries[key] = [*recent, now]
        while len(self._tries) > MOST_KEPT:
            self._tries.popitem(last=False)


@lru_cache(maxsize=8)  # more than one only in tests, which have a folder each
def guesses_at(_data: str) -> Guesses:
    """Those at the house of one data folder."""
    return Guesses()


def _too_many(seconds: int) -> BusyError:
    return BusyError(
        "account.too-many-tries",
        "From here it was tried with a wrong password too often.",
        retry_after=seconds,
        hint=f"Try again in {-(-seconds // 60)} minutes, or ask for a new password.",
    )
