"""Units, officers (wearers) and users (those who sign in)."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from bodyworn.core.terms import Role
from bodyworn.core.types import Actor
from bodyworn.records.models.fields import one_of, word


class Unit(models.Model):
    """A team of officers within a borough."""

    name = models.CharField(max_length=80, unique=True)
    borough = models.CharField(max_length=60, db_index=True)

    def __str__(self) -> str:
        return self.name


class Officer(models.Model):
    """A wearer, known by collar number; need not be a user."""

    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    rank = models.CharField(max_length=20)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="officers")

    def __str__(self) -> str:
        return f"{self.rank} {self.number}"


class UserManager(BaseUserManager["User"]):
    """Makes accounts; there is no superuser and no anonymous right."""

    def create_user(self, name: str, password: str, **facts: Any) -> "User":
        """An account with a hashed password."""
        user = self.model(name=name, **facts)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Somebody who signs in. Rights come from `rules.access`, never from this row alone."""

    name = models.CharField(max_length=60, unique=True)  # `4471QK`, `patel`
    display = models.CharField(max_length=120)  # `DC A. Patel`
    role = word(Role)
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="users")
    officer = models.OneToOneField(Officer, null=True, on_delete=models.PROTECT)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = UserManager()

    USERNAME_FIELD = "name"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display", "role"]

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [one_of("user", "role", Role)]

    def __str__(self) -> str:
        return self.display

    def as_actor(self) -> Actor:
        """The noun that rules judge."""
        return Actor(
            name=self.name,
            roles=frozenset({Role(self.role)}),
            officer=self.officer.number if self.officer else None,
            unit=self.unit.name if self.unit else None,
            borough=self.unit.borough if self.unit else None,
            display=self.display,
        )
