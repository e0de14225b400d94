"""`bodyworn verify` of a statement or a folder of backups: judged here, said as all the others."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bodyworn.core.errors import BodywornError, MissingError

if TYPE_CHECKING:
    from bodyworn.custody.note import Verifier
    from bodyworn.custody.outside.verify import Given, Judgement
    from bodyworn.custody.verify import Verdict

MOST_TITLE = 1000  # bytes; the first line of a note is the name of a key and a word


def judge_moved(what: Path, given: "Given") -> "Judgement | None":
    """The judgement of a statement or of backups; None for what is neither.

    Raises MissingError verify.no-key, backup.none; typer.BadParameter.
    """
    from bodyworn.custody.statement import verify_statement
    from bodyworn.work.moving.judging import is_backup, judge_backup

    if is_backup(what):
        key = _key(given)
        verdict = judge_backup(what, key, progress=lambda done, of, _: given.progress(done, of))
        return _said("backup", verdict)
    if _is_statement(what):
        return _said("statement", verify_statement(what.read_bytes(), _key(given)))
    return None


def _is_statement(what: Path) -> bool:
    if not what.is_file():
        return False
    with what.open("rb") as file:
        title, newline, _ = file.read(MOST_TITLE).partition(b"\n")
    return bool(newline) and title.endswith(b"/statement")


def _key(given: "Given") -> "Verifier":
    from bodyworn.custody.note import Verifier

    if given.policy or given.older or given.log or given.about:
        raise typer.BadParameter("Only --key goes with a statement or a backup.")
    if given.key is None:
        raise MissingError(
            "verify.no-key",
            "There is no public key to judge this by.",
            hint="Give the one that the force has published with --key, as text or as a file.",
        )
    try:
        return Verifier.parse(given.key.text)
    except BodywornError as error:
        raise typer.BadParameter(error.message) from None


def _said(kind: str, verdict: "Verdict") -> "Judgement":
    from bodyworn.custody.outside.verify import Judgement, Step

    this = Judgement(kind)
    this.steps = [
        Step(step.number, "ok" if step.ok else "wrong", step.sentence) for step in verdict.steps
    ]
    this.proved, this.not_proved = list(verdict.proved), list(verdict.not_proved)
    wrong = [step.number for step in verdict.steps if not step.ok]
    this.failed = {"step": wrong[0], "file": None, "entry": None} if wrong else {}
    return this
