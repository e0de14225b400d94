"""Births: a fresh data key for every blob, wrapped under the bucket of the day.

What has just come in belongs to no recording yet, so its key is wrapped under the day's arrival
bucket and stands in its header: the bytes are self-contained until they have a row. `work` wraps
the key again, under the recording's own bucket, and destroys a day's key once nothing of that day
is without a row. It MUST leave the keys of today and yesterday alone, because an upload may have
read one a moment ago and not yet left a trace. This is the one place where the store unwraps, and
only what was born here: to go on with an unfinished upload, and to compare two arrivals of the
same bytes.
"""

import contextlib
import secrets
from datetime import UTC

from bodyworn.core.clock import Clock
from bodyworn.core.errors import RefusedError, SetupError
from bodyworn.store.keyring import KEY_SIZE, Bucket, Keyring
from bodyworn.store.sealed import DataKey, Header, Seal

MOST_GENERATIONS = 1000  # of one day
ARRIVAL = "arrival-"  # and the day in UTC: `arrival-2026-11-22`


class Births:
    """Makes and reopens the seals of what arrives. Safe between threads."""

    def __init__(self, keyring: Keyring | None, clock: Clock) -> None:
        """Without a keyring nothing can be sealed; what needs only a data key still works."""
        self._keyring = keyring
        self._clock = clock

    def begin(self) -> Seal:
        """A fresh key under today's bucket. Raises SetupError key.no-keyring, .clock."""
        key = DataKey(secrets.token_bytes(KEY_SIZE))
        day = ARRIVAL + self._clock().astimezone(UTC).date().isoformat()
        for generation in range(1, MOST_GENERATIONS):
            # A clock that was set back, or stands still, may be in a day whose key is destroyed.
            with contextlib.suppress(RefusedError):
                bucket = Bucket(day, generation)
                wrapped = self._ring().wrap(bucket, key.secret())
                return Seal.born(key, bucket=bucket, wrapped=wrapped)
        raise SetupError("key.clock", f"Every key of {day} was destroyed; the clock is wrong.")

    def key(self, header: Header) -> DataKey:
        """The key that was wrapped at birth. Raises MissingError key.destroyed, .missing."""
        return DataKey(self._ring().unwrap(header.bucket, header.wrapped))

    def reopen(self, header: bytes) -> Seal:
        """The seal again. Raises MissingError key.destroyed, .missing, DamagedError seal.*"""
        parsed = Header.parse(header)
        return Seal.opened(parsed, self.key(parsed))

    def _ring(self) -> Keyring:
        if self._keyring is None:
            raise SetupError(
                "key.no-keyring",
                "This process was given no bucket keys, so it can seal nothing.",
                hint="Open the data folder with its keys, as `bodyworn serve` does.",
            )
        return self._keyring
