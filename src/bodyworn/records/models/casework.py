"""What becomes of evidence: exhibits, redactions, disclosures, complaints.

The tables stand from the start, so that evidence can point at them; the verbs that fill them
come with the casework that needs them.
"""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models

from bodyworn.records.models.evidence import Copy, Recording
from bodyworn.records.models.fields import not_negative, one_of, word
from bodyworn.records.models.people import Officer


class RedactionState(StrEnum):
    """A proposal is never applied unconfirmed."""

    CONFIRMED = "confirmed"
    PROPOSED = "proposed"
    REFUSED = "refused"


class Exhibit(models.Model):
    """A copy that somebody produces, under a reference such as AB/1."""

    reference = models.CharField(max_length=40)
    case = models.CharField(max_length=60)  # unique reference number of the case (URN)
    copy = models.ForeignKey(Copy, on_delete=models.PROTECT)
    produced_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    produced_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["case", "reference"], name="exhibit_once_a_case")
        ]


class Redaction(models.Model):
    """One thing to be hidden, from when to when, and why."""

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="redactions")
    what = models.CharField(max_length=120)
    reason = models.CharField(max_length=400)
    state = word(RedactionState)
    from_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField()
    boxes = models.JSONField(default=list)  # [[frame, x, y, width, height] in thousandths]
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            one_of("redaction", "state", RedactionState),
            not_negative("redaction", "from_ms"),
            models.CheckConstraint(
                name="redaction_ends_after_it_starts",
                condition=models.Q(until_ms__gt=models.F("from_ms")),
            ),
        ]


class Disclosure(models.Model):
    """A copy that left the force: to whom, for what, by whom."""

    copy = models.ForeignKey(Copy, on_delete=models.PROTECT)
    recipient = models.CharField(max_length=200)
    purpose = models.CharField(max_length=200)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    made_at = models.DateTimeField()


class Complaint(models.Model):
    """A complaint from the public, and the recordings that may bear on it."""

    reference = models.CharField(max_length=40, unique=True)  # `PC/0098/26`
    received_at = models.DateTimeField()
    officer = models.ForeignKey(Officer, null=True, on_delete=models.PROTECT)
    place = models.CharField(max_length=200, blank=True)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    recordings = models.ManyToManyField(Recording, related_name="complaints")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="complaint_ends_after_it_starts",
                condition=models.Q(until_at__gte=models.F("from_at")),
            )
        ]
