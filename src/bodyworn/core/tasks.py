"""Progress is handed in: whoever has a screen passes a bar, everyone else passes nothing."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with (done, of, what): whole numbers of any one unit and a few words."""


def silent(done: int, of: int, what: str) -> None:
    """No bar."""
