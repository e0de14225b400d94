"""What was erased: the row that stands where a recording was.

It says who asked, by which policy and why, and carries what is needed to find the recording's
leaves in the log again. It holds nothing of what the recording showed.
"""

from enum import StrEnum
from typing import ClassVar

from django.db import models

from bodyworn.records.models.equipment import Device
from bodyworn.records.models.fields import digest, is_digest, not_negative, one_of, word


class ErasureState(StrEnum):
    """How far an erasure has come."""

    DONE = "done"  # every key is destroyed, the certificate is written
    ORDERED = "ordered"  # rows are gone, a key is still to be destroyed


class Erasure(models.Model):
    """One recording that was erased, or is about to be."""

    reference = models.CharField(max_length=40, unique=True)  # never given to another one
    pseudonym = digest(unique=True)  # its name in the log
    pseudonym_salt = models.BinaryField(max_length=16)  # shows that it is
    # So that a camera's count has no hole where a recording was erased.
    device = models.ForeignKey(Device, null=True, on_delete=models.PROTECT, related_name="erasures")
    sequence = models.BigIntegerField(null=True)
    started_at = models.DateTimeField()
    policy = models.CharField(max_length=200)
    authority = models.CharField(max_length=200)  # who authorised it, in the words of who asked
    reason = models.CharField(max_length=400)
    asked_by = models.CharField(max_length=120)  # account, or part of the system
    is_early = models.BooleanField()  # before its time of retention was over
    ordered_at = models.DateTimeField()
    files = models.JSONField()  # [[kind, SHA-256, bytes]] of what goes with it
    shared = models.JSONField(default=list)  # SHA-256 of what another recording has as well
    buckets = models.JSONField()  # [[name, generation]] of the keys that are destroyed for it
    arrivals = models.JSONField()  # [[name, generation]] of the days on which its files arrived
    handed_out = models.IntegerField()  # copies that left before; nothing here reaches them
    event = models.CharField(max_length=32, unique=True)  # uid of its tombstone
    state = word(ErasureState)
    done_at = models.DateTimeField(null=True)
    certificate = models.TextField(blank=True)  # the signed note, byte for byte

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            one_of("erasure", "state", ErasureState),
            is_digest("erasure", "pseudonym"),
            not_negative("erasure", "handed_out"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["id"], name="erasure_unfinished", condition=models.Q(state="ordered")
            ),
            models.Index(fields=["device", "sequence"], name="erasure_by_sequence"),
        ]

    def __str__(self) -> str:
        return f"erasure of {self.reference}"
