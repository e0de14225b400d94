"""What is odd about cameras' counts of their recordings: open, explained or closed."""

from typing import ClassVar

from django.db import models

from bodyworn.core.terms import Oddity
from bodyworn.records.models.equipment import Device
from bodyworn.records.models.evidence import Recording
from bodyworn.records.models.fields import one_of, word


class SequenceFinding(models.Model):
    """One oddity of a camera's count. Each opening, explanation and closing has its event."""

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="findings")
    kind = word(Oddity)
    first = models.BigIntegerField()  # first missing number, or the number that is odd
    last = models.BigIntegerField()  # last missing number; equal to `first` otherwise
    since = models.DateTimeField()  # when any part of it was seen first
    # Null once that recording was erased.
    shown_by = models.ForeignKey(Recording, null=True, on_delete=models.PROTECT, related_name="+")
    explained_at = models.DateTimeField(null=True)
    explanation = models.CharField(max_length=400, blank=True)  # in the words of who explained it
    closed_at = models.DateTimeField(null=True)  # when it was no longer so

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            one_of("sequencefinding", "kind", Oddity),
            models.CheckConstraint(
                name="sequencefinding_ends_after_it_starts",
                condition=models.Q(last__gte=models.F("first")),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Small: holds only what is so now.
            models.Index(
                fields=["device", "first"],
                name="finding_standing",
                condition=models.Q(closed_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.first} to {self.last} of {self.device}"
