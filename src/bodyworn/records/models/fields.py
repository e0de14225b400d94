"""Columns that several tables share, and the constraints that guard them."""

from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import Exact


def choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    """A closed word list as Django choices."""
    return [(word.value, word.value) for word in words]


def word(words: type[StrEnum], **options: Any) -> "models.CharField[Any, Any]":
    """A column that holds one word of a closed list."""
    return models.CharField(max_length=40, choices=choices(words), **options)


def one_of(
    table: str, column: str, words: type[StrEnum], *, empty: bool = False
) -> models.CheckConstraint:
    """The database refuses any other word, whoever writes it."""
    allowed = [w.value for w in words] + ([""] if empty else [])
    return models.CheckConstraint(
        name=f"{table}_{column}_is_a_known_word", condition=models.Q((f"{column}__in", allowed))
    )


def digest(**options: Any) -> "models.CharField[Any, Any]":
    """A SHA-256 as 64 lower-case hexadecimal digits."""
    return models.CharField(max_length=64, **options)


def is_digest(table: str, column: str) -> models.CheckConstraint:
    """The database refuses anything that has not 64 characters.

    A length and not a pattern: SQLite knows regular expressions through Django's connection
    only, and its own shell must be able to check the file.
    """
    return models.CheckConstraint(
        name=f"{table}_{column}_is_a_sha256", condition=Exact(Length(models.F(column)), 64)
    )


def not_negative(table: str, column: str) -> models.CheckConstraint:
    """The database refuses a negative number."""
    return models.CheckConstraint(
        name=f"{table}_{column}_not_negative", condition=models.Q((f"{column}__gte", 0))
    )
