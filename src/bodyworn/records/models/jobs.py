"""The job ledger: who ordered what, with which code, and what came out. Domain data."""

from enum import StrEnum
from typing import ClassVar

from django.db import models

from bodyworn.records.models.evidence import Recording
from bodyworn.records.models.fields import not_negative, one_of, word


class JobState(StrEnum):
    """Where a job stands."""

    DONE = "done"
    FAILED = "failed"
    QUEUED = "queued"
    RUNNING = "running"


class Job(models.Model):
    """One piece of background work, known by an idempotency key."""

    key = models.CharField(max_length=200, unique=True)  # `strip:<sha256>:v1`
    kind = models.CharField(max_length=40)
    recording = models.ForeignKey(Recording, null=True, on_delete=models.PROTECT)
    state = word(JobState)
    lease_until = models.DateTimeField(null=True)  # while running: silent beyond it means dead
    worker = models.CharField(max_length=120, blank=True)
    tries = models.IntegerField(default=0)
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    code_version = models.CharField(max_length=40)
    output = models.JSONField(default=list)  # SHA-256 of each copy that was made
    error = models.CharField(max_length=400, blank=True)  # code and sentence

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            one_of("job", "state", JobState),
            not_negative("job", "tries"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["lease_until", "id"],
                name="job_waiting",
                condition=models.Q(state__in=["queued", "running"]),
            )
        ]

    def __str__(self) -> str:
        return self.key
