"""The keys behind a ticket: asked for once a look, remembered for as long as the ticket is good.

A ticket says what may be read; it opens nothing. The keys are given out by the key service against
the event of custody that the ticket names (`work.keys`), and only once that event is in the log. So
a door that is handed a ticket by mistake, or a forged one, has nothing to decrypt with.

Keys lie in this process's memory only, and a bounded number of them; those that were forgotten are
asked for again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

from bodyworn.core.clock import Clock
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import RefusedError
from bodyworn.store.sealed import DataKey
from bodyworn.web.ticket import Ticket

MOST = 4096  # keys that are remembered: of a thousand viewings
ASKERS = 8  # questions to the key service at once; more wait their turn

Keys = Mapping[Sha256, DataKey]


class KeySource(Protocol):
    """Who gives out keys against an event of custody: `store.key_socket.KeyClient`."""

    def release(self, event: str, digests: Sequence[Sha256]) -> dict[Sha256, DataKey]:
        """Raises RefusedError, MissingError, DamagedError, BusyError: `work.keys` says when."""


class TicketKeys:
    """Keys by ticket, for one event loop."""

    def __init__(self, source: KeySource, clock: Clock, *, most: int = MOST) -> None:
        """`most` keys are remembered."""
        self._source = source
        self._clock = clock
        self._most = most
        self._known: OrderedDict[tuple[str, Sha256], tuple[DataKey, int]] = OrderedDict()
        self._askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="keys")

    async def of(self, ticket: Ticket, digests: Sequence[Sha256]) -> Keys:
        """The keys of these bytes of the ticket.

        Raises RefusedError ticket.no-view, and what the key service raises.
        """
        if not ticket.view:
            raise RefusedError(
                "ticket.no-view",
                "This ticket names no viewing that is on record, so it opens nothing.",
                hint="Open the recording on its page; the page fetches a ticket.",
            )
        wanted = list(dict.fromkeys(digests))
        keys = self._remembered(ticket.view, wanted)
        missing = [digest for digest in wanted if digest not in keys]
        if missing:
            asked = partial(self._source.release, ticket.view, missing)
            fresh = await asyncio.get_running_loop().run_in_executor(self._askers, asked)
            self._remember(ticket, fresh)
            keys |= fresh
        return keys

    def _remembered(self, view: str, digests: Sequence[Sha256]) -> dict[Sha256, DataKey]:
        now = self._clock().timestamp()
        found = {}
        for digest in digests:
            key, until = self._known.get((view, digest), (None, 0))
            if key is not None and now < until:
                self._known.move_to_end((view, digest))
                found[digest] = key
        return found

    def _remember(self, ticket: Ticket, keys: Keys) -> None:
        for digest, key in keys.items():
            self._known[ticket.view or "", digest] = (key, ticket.expires_at)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
