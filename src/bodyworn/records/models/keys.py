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
