"""`bodyworn verify`: whether everything is what it was, here or in what somebody hands over."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli.face import Face, operator
from bodyworn.cli.verify_moved import judge_moved
from bodyworn.core.errors import DamagedError, MissingError

if TYPE_CHECKING:
    from bodyworn.custody.outside.verify import Given, Judgement
    from bodyworn.work.verify import StoreVerdict

AFTERWARDS = "Keep everything as it is, and compare with the newest backup from before."


def verify(
    ctx: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT",
            help="A recording's reference, or a pack, an export, a log's folder, a proof, a "
            "receipt, a statement, a folder of backups; without it the whole store.",
        ),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A copy of the log, to compare with.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which witnesses are enough.")
    ] = None,
    older: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A checkpoint that somebody kept.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The log's public key, as text or a file.")
    ] = None,
    about: Annotated[
        Path | None,
        typer.Option("--bytes", metavar="FILE", help="A proof's entry, or a receipt's footage."),
    ] = None,
) -> None:
    """Read every byte again and recompute the log; ends with 5 if anything disagrees.

    What was handed over is judged as the file verify.py in every pack does: without the data
    folder, by what lies there and what you bring.

    Example: bodyworn verify BWV-26-0412-7F3A
    """
    face = Face.of(ctx)
    place = _handed_over(what, log)
    options = (log, policy, older, key, about)
    if place:
        _verify_handed_over(face, place, log=log, policy=policy, older=older, key=key, about=about)
    elif any(option is not None for option in options):
        raise typer.BadParameter("--log, --policy, --older, --key and --bytes go with a folder.")
    else:
        _verify_here(face, what)


def _handed_over(what: str | None, log: Path | None) -> Path | None:
    """The path that is meant, if any; whatever looks like a path is one, even if it is missing."""
    if what is None:
        return log
    return Path(what) if "/" in what or Path(what).exists() else None


def _verify_here(face: Face, reference: str | None) -> None:
    house = face.house()
    from bodyworn.work.verify import verify_recording, verify_store

    with face.progress() as progress:
        verdict = (
            verify_recording(house, reference, by=operator(), progress=progress)
            if reference
            else verify_store(house, by=operator(), progress=progress)
        )
    face.answer(as_facts(verdict), *lines(verdict))
    if not verdict.ok:
        raise typer.Exit(DamagedError.exit_code)


def _verify_handed_over(
    face: Face,
    what: Path,
    *,
    log: Path | None,
    policy: Path | None,
    older: Path | None,
    key: str | None,
    about: Path | None,
) -> None:
    from bodyworn.custody.outside import verify as outside

    with face.progress() as progress:
        try:
            given = outside.bring(
                key=key,
                policy=policy,
                older=older,
                log=log,
                about=about,
                progress=lambda done, of: progress(done, of, "checked"),
            )
        except outside.WrongError as error:
            raise typer.BadParameter(str(error)) from None
        this = judge_moved(what, given) or _judged(what, given)
    face.answer({"ok": this.verdict == "proved", **outside.as_json(this)}, *outside.as_lines(this))
    if code := outside.CODES[this.verdict]:
        raise typer.Exit(code)


def _judged(what: Path, given: "Given") -> "Judgement":
    from bodyworn.custody.outside import verify as outside

    try:
        return outside.judge(what, given)
    except outside.MissingError as error:
        is_ours = (what / "bodyworn.toml").is_file()
        raise MissingError(
            "verify.nothing-to-judge",
            str(error),
            hint=f"That is a data folder: `bodyworn --data {what} verify`."
            if is_ours
            else "docs/how-to/check-a-pack.md says what can be judged, and what it needs.",
        ) from None
    except outside.WrongError as error:
        raise DamagedError("verify.unreadable", str(error)) from None


def as_facts(verdict: "StoreVerdict") -> dict[str, Any]:
    """The verdict as JSON; `wrong` has the first wrong thing of each broken step."""
    return {
        "ok": verdict.ok,
        "steps": [asdict(step) for step in verdict.steps],
        "wrong": list(verdict.wrong),
        "not_proved": list(verdict.not_proved),
    }


def lines(verdict: "StoreVerdict") -> list[str]:
    """Step by step, and what none of it proves."""
    steps = [f"{s.number}  {'ok' if s.ok else 'WRONG':5}  {s.sentence}" for s in verdict.steps]
    hints = [f"   {wrong['code']}: {_hint(wrong['hint'])}" for wrong in verdict.wrong]
    limits = [f"   {sentence}" for sentence in verdict.not_proved]
    return [*steps, *hints, "", "What this does not prove:", *limits]


def _hint(hint: str) -> str:
    """Whoever has just run `verify` is not sent to run it."""
    return AFTERWARDS if hint == DamagedError.default_hint else hint
