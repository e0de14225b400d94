"""`bodyworn version`: what is installed."""

import platform

import typer

from bodyworn import __version__
from bodyworn.cli.face import Face


def version(ctx: typer.Context) -> None:
    """Say which version this is.

    Example: bodyworn version
    """
    facts = {"bodyworn": __version__, "python": platform.python_version()}
    Face.of(ctx).answer(facts, f"bodyworn {__version__} on Python {facts['python']}")
