"""Cameras, and the docks that speak for them."""

from typing import ClassVar

from django.db import models

from bodyworn.records.models.fields import is_digest
from bodyworn.records.models.people import Officer


class Device(models.Model):
    """A body worn camera."""

    # As wide as a manifest's texts: PostgreSQL would refuse what is wider, and the footage with it.
    serial = models.CharField(max_length=200, unique=True)
    make = models.CharField(max_length=200)
    model = models.CharField(max_length=200)
    holder = models.ForeignKey(Officer, null=True, on_delete=models.PROTECT, related_name="cameras")
    last_docked_at = models.DateTimeField(null=True)
    last_sequence = models.BigIntegerField(null=True)  # highest recording number seen

    def __str__(self) -> str:
        return self.serial


class Dock(models.Model):
    """A dock; its token is stored hashed and shown once."""

    name = models.CharField(max_length=60, unique=True)
    place = models.CharField(max_length=120)
    token_sha256 = models.CharField(max_length=64, unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [is_digest("dock", "token_sha256")]

    def __str__(self) -> str:
        return self.name
