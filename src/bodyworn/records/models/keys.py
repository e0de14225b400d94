"""The data keys of stored bytes, each wrapped by the key of its bucket.

A row is worth nothing without the bucket's key, which lies outside the database and its backups:
destroying that one key makes every byte of the bucket unreadable, wherever rows were copied to.
"""

from typing import ClassVar

from django.db import models

from bodyworn.records.models.fields import digest, is_digest


class DataKey(models.Model):
    """How the key of one blob is to be had. `work.data_keys` writes these, nobody else."""

    sha256 = digest(unique=True)  # of the plain bytes
    bucket = models.CharField(max_length=120)  # `retention.non-evidential/2026-05-13`
    generation = models.PositiveIntegerField(default=1)  # of the bucket's key
    wrapped = models.BinaryField(max_length=64)  # the key, wrapped by the bucket's (RFC 3394)
    at = models.DateTimeField()  # when it was wrapped so, UTC

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            is_digest("datakey", "sha256"),
            models.CheckConstraint(
                name="datakey_generations_count_from_one",
                condition=models.Q(generation__gte=1),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["bucket", "generation"], name="datakey_of_bucket")
        ]

    def __str__(self) -> str:
        return f"key of {self.sha256[:6]}… in {self.bucket}"


class ClosedBucket(models.Model):
    """A generation of a bucket that takes nothing more, because its key is to be destroyed.

    Nobody may enter a key that is wrapped for it; what was in it lies in a later generation, or is
    to be erased. `work.rotation` writes these.
    """

    bucket = models.CharField(max_length=120)
    generation = models.PositiveIntegerField()
    why = models.CharField(max_length=40)  # `erasure` or `rotation`
    by = models.CharField(max_length=120)  # who asked
    closed_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)  # null: its key is still to be destroyed
    event = models.CharField(max_length=32, blank=True)  # uid of the event that says so

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["bucket", "generation"], name="closedbucket_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Small: holds only what is still to be done.
            models.Index(
                fields=["id"],
                name="closedbucket_to_destroy",
                condition=models.Q(destroyed_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.bucket}.{self.generation}"
