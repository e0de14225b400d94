"""How long to wait before asking again: what the server says, else twice as long each time."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from bodyworn.core.errors import BusyError

# Answers that say "later", not "no": RFC 9110, RFC 6585 (429), RFC 8470 (425), and the two of
# tus and WebDAV for "somebody else is writing".
LATER = frozenset({408, 423, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often, and how long. Handed in, so that tests need not wait."""

    attempts: int = 8  # in a row without any progress
    first_wait: float = 0.5  # seconds
    longest_wait: float = 60.0  # seconds; also the most that a server may ask for
    pause: Callable[[float], None] = time.sleep

    def waits(self) -> Iterator[float]:
        """Seconds to wait after each failure; ends when patience does."""
        for attempt in range(self.attempts - 1):
            yield min(self.first_wait * 2**attempt, self.longest_wait)

    def wait(self, waits: Iterator[float], response: httpx.Response | None) -> None:
        """Sleep until the next try. Raises BusyError: dock.no-answer when it was the last."""
        seconds = next(waits, None)
        if seconds is None:
            raise BusyError(
                "dock.no-answer",
                "The evidence store does not answer.",
                retry_after=round(self.longest_wait),
                hint="What was copied is safe on the dock and goes on at the next docking.",
            )
        asked = _retry_after(response)
        self.pause(seconds if asked is None else min(asked, self.longest_wait))

    def ask(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        """The first answer that is not "later". Raises BusyError: dock.no-answer."""
        waits = self.waits()
        while True:
            response = attempt(request)
            if response is not None and response.status_code not in LATER:
                return response
            self.wait(waits, response)


def attempt(request: Callable[[], httpx.Response]) -> httpx.Response | None:
    """The answer; None where the line broke before there was one."""
    try:
        return request()
    except httpx.TransportError:
        return None


def _retry_after(response: httpx.Response | None) -> float | None:
    # The date form of Retry-After needs both clocks right; seconds do not.
    text = response.headers.get("Retry-After", "") if response is not None else ""
    return float(text) if text.isascii() and text.isdigit() else None
