"""Custody events as they were written, and the checkpoints over them.

These rows are a ledger. `records.ledger` writes them inside the transaction of the change;
nothing else can save or delete one. `records.ledger.forget` alone blanks what an event said, and
only for an erasure.
"""

from typing import Any, ClassVar, NoReturn

from django.db import models

from bodyworn.core.errors import RefusedError
from bodyworn.core.terms import EventType, Operation, Purpose
from bodyworn.records.models.erasure import Erasure
from bodyworn.records.models.evidence import Recording
from bodyworn.records.models.fields import digest, is_digest, not_negative, one_of, word


def _read_only() -> NoReturn:
    raise RefusedError(
        "ledger.read-only",
        "An event of the ledger is never changed or deleted.",
        hint="Use records.ledger.record() for a new event.",
    )


class LedgerQuerySet(models.QuerySet["CustodyEvent"]):
    """A query set that can read."""

    def bulk_create(self, *_: Any, **__: Any) -> NoReturn:
        """Refused."""
        _read_only()

    def update(self, **_: Any) -> NoReturn:
        """Refused."""
        _read_only()

    def delete(self) -> NoReturn:
        """Refused."""
        _read_only()


class CustodyEvent(models.Model):
    """One leaf of the log with the facts that its commitments hide."""

    uid = models.CharField(max_length=32, unique=True)  # random, hexadecimal
    type = word(EventType)
    operation = word(Operation, blank=True)  # empty: no operation of section 62
    at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    subject = models.CharField(max_length=120)
    purpose = word(Purpose, blank=True)
    detail = models.JSONField(default=dict)
    recording = models.ForeignKey(
        Recording, null=True, on_delete=models.PROTECT, related_name="events"
    )
    # Of a recording that was erased: what the event said of it is gone, its leaf stays.
    erasure = models.ForeignKey(Erasure, null=True, on_delete=models.PROTECT, related_name="events")
    salts = models.JSONField(default=dict)  # field name: 32 hexadecimal digits
    leaf = models.BinaryField()  # the exact bytes of the log's entry
    leaf_hash = digest(unique=True)
    leaf_index = models.BigIntegerField(null=True, unique=True)  # given by the sequencer

    objects = LedgerQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            one_of("custodyevent", "type", EventType),
            one_of("custodyevent", "operation", Operation, empty=True),
            one_of("custodyevent", "purpose", Purpose, empty=True),
            is_digest("custodyevent", "leaf_hash"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["recording", "-id"], name="event_of_recording"),
            models.Index(fields=["actor", "-id"], name="event_of_actor"),
            # Small: holds only what waits for the sequencer.
            models.Index(
                fields=["id"], name="event_waiting", condition=models.Q(leaf_index__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"

    def save(self, *args: Any, **options: Any) -> None:
        """Refused, but for the ledger's own insert."""
        if not options.pop("by_the_ledger", False) or self.pk is not None:
            _read_only()
        super().save(*args, force_insert=True)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        """Refused."""
        _read_only()


class Checkpoint(models.Model):
    """A signed checkpoint that was written to the log's folder."""

    size = models.BigIntegerField(unique=True)  # leaves under it
    root = digest()
    note = models.TextField()  # the signed note, byte for byte
    signed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [is_digest("checkpoint", "root")]

    def __str__(self) -> str:
        return f"checkpoint {self.size}"


class Census(models.Model):
    """A day's list of everything that was held, as the log's leaf states it. One a day."""

    day = models.DateField(unique=True)  # UTC, by the house's clock
    count = models.BigIntegerField()  # recordings in the list
    root = digest()
    event = models.OneToOneField(CustodyEvent, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            is_digest("census", "root"),
            not_negative("census", "count"),
        ]

    def __str__(self) -> str:
        return f"census of {self.day}"
