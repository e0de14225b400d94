"""Work beside the receiving: one block is hashed and written while the next one comes in.

SHA-256 of a gigabyte takes about as long as receiving it, and writing it to a disk takes as long
again. One sender alone gets helper threads for both. Many senders keep the cores busy by
themselves and helpers would only cost, so there are pairs of helpers for half of the cores, and
who finds none does its work by itself.
"""

import os
import queue
import threading
from collections.abc import Callable

Work = Callable[[], object]
_PAIRS = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) // 2))


class Aside:
    """Does some works at a time, each in a thread of its own where there are helpers."""

    def __init__(self) -> None:
        """No helpers yet: a small append needs none."""
        self._helpers: tuple[_Helper, ...] = ()
        self._failure: BaseException | None = None

    def begin(self, *works: Work, is_large: bool) -> None:
        """Begin all of them, or do them at once; `wait` comes before the next."""
        if is_large and not self._helpers and _PAIRS.acquire(blocking=False):
            self._helpers = tuple(_Helper() for _ in works)
        if self._helpers:
            for helper, work in zip(self._helpers, works, strict=True):
                helper.begin(work)
        else:
            self._failure = _outcome(lambda: [work() for work in works])

    def wait(self) -> None:
        """Until everything that was begun is done. Raises what it raised, once."""
        failures = [self._failure, *(helper.wait() for helper in self._helpers)]
        self._failure = None
        for failure in failures:
            if failure:
                raise failure

    def close(self) -> None:
        """Let the helpers go; what was begun is done then."""
        if self._helpers:
            for helper in self._helpers:
                helper.close()
            self._helpers = ()
            _PAIRS.release()


class _Helper:
    """A thread that does one thing after the other."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._is_busy = False
        self._thread = threading.Thread(target=self._run, name="upload-helper", daemon=True)
        self._thread.start()

    def begin(self, work: Work) -> None:
        self._waiting.put(work)
        self._is_busy = True

    def wait(self) -> BaseException | None:
        """Until it is done; what went wrong, if anything."""
        if not self._is_busy:
            return None
        self._is_busy = False
        return self._done.get()

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            self._done.put(_outcome(work))


def _outcome(work: Work) -> BaseException | None:
    try:
        work()
    except BaseException as failure:
        return failure
    return None
