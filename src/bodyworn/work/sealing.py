"""How the ledger's events become leaves of the log; handed to `records.ledger` by `web.configure`.

The ledger may not import the custody room, and needs one function of it. No table here, so that
Django's settings can name this module before Django is set up.
"""

from bodyworn.core.types import CustodyEvent
from bodyworn.custody.event import SealedEvent, pseudonym_of, seal_event


def seal(event: CustodyEvent, *, reference: str, pseudonym_salt: bytes | None) -> SealedEvent:
    """The leaf of an event; with a salt, under the pseudonym of the recording `reference`."""
    pseudonym = pseudonym_of(reference, salt=pseudonym_salt) if pseudonym_salt else None
    return seal_event(event, pseudonym=pseudonym)
