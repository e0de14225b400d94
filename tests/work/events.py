"""Events for the tests of the log: Alice looks at things."""

from django.db import transaction
from tests.conftest import NOW

from bodyworn.core.terms import EventType, Operation, Purpose
from bodyworn.core.types import CustodyEvent
from bodyworn.records import ledger, models


def looks(count: int, *, start: int = 0) -> list[models.CustodyEvent]:
    """Committed events that wait for their place."""
    with transaction.atomic():
        return [ledger.record(look(number)) for number in range(start, start + count)]


def look(number: int) -> CustodyEvent:
    """One of them, not written yet."""
    return CustodyEvent(
        type=EventType.VIEW,
        operation=Operation.CONSULTATION,
        at=NOW,
        actor="alice",
        subject=f"BWV-26-0412-{number:04X}",
        purpose=Purpose.INVESTIGATION,
    )
