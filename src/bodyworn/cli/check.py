"""`bodyworn check`: what the program finds when it looks at its own installation."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from bodyworn.cli.face import Face

if TYPE_CHECKING:
    from bodyworn.core.errors import BodywornError
    from bodyworn.settings import Settings
    from bodyworn.work.check import Finding

MARKS = {"good": "ok", "warning": "warning", "fault": "FAULT", "not asked": "-"}


def check(ctx: typer.Context) -> None:
    """Look at the installation; each finding has an id and a hint.

    Ends with 1 if there is a fault.

    Example: bodyworn --data evidence check
    """
    from bodyworn.web.configure import configure_anyway

    face = Face.of(ctx)
    settings, unread = settings_anyway(face)
    trouble = configure_anyway(settings)
    from bodyworn.work.check import Level, findings

    found = list(findings(settings, trouble, unread=unread))
    faults = sum(finding.level is Level.FAULT for finding in found)
    facts = {"faults": faults, "findings": [asdict(finding) for finding in found]}
    face.answer(facts, *(line(finding) for finding in found))
    if faults:
        raise typer.Exit(1)


def settings_anyway(face: Face) -> "tuple[Settings, BodywornError | None]":
    """The settings; where they cannot be read, those of a new installation, and what was wrong."""
    from bodyworn.core.errors import BodywornError
    from bodyworn.settings import Settings

    try:
        return face.settings(), None
    except BodywornError as error:
        return Settings.standing_in(face.data), error


def line(finding: "Finding") -> str:
    """One finding, and its hint below it where there is something to do."""
    words = f"{finding.id}  {MARKS[finding.level]:8} {finding.name:9} {finding.sentence}"
    return f"{words}\n{'':25}{finding.hint}" if finding.hint else words
