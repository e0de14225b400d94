"""Draws that stay the same for ever: each is the SHA-256 of the seed and of its own name.

A draw does not depend on the draws before it, so that a person added to the script changes
nobody else's face, and no library's change of generator changes the world. Not for secrets.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")
_SPAN = 2**64


def number(*path: int | str) -> int:
    """A whole number from 0 to 2^64 - 1 that belongs to this path.

    >>> number(7, "plate") == number(7, "plate") != number(8, "plate")
    True
    """
    text = "/".join(str(part) for part in path)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def unit(*path: int | str) -> float:
    """A number from 0 up to, not including, 1."""
    return number(*path) / _SPAN


def between(low: float, high: float, *path: int | str) -> float:
    """A number from `low` up to, not including, `high`."""
    return low + (high - low) * unit(*path)


def among(choices: Sequence[Item], *path: int | str) -> Item:
    """One of the choices."""
    return choices[number(*path) % len(choices)]


def shuffled(items: Sequence[Item], *path: int | str) -> list[Item]:
    """All the items in an order that belongs to this path."""
    order = sorted(range(len(items)), key=lambda index: number(*path, index))
    return [items[index] for index in order]
