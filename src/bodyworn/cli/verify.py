"""`bodyworn verify`: whether everything is what it was."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli.face import Face, operator
from bodyworn.core.errors import DamagedError

if TYPE_CHECKING:
    from bodyworn.work.verify import StoreVerdict

AFTERWARDS = "Keep everything as it is, and compare with the newest backup from before."


def verify(
    ctx: typer.Context,
    reference: Annotated[
        str | None, typer.Argument(help="One recording; without it everything.")
    ] = None,
) -> None:
    """Read every byte again and recompute the log; ends with 5 if anything disagrees.

    Example: bodyworn verify BWV-26-0412-7F3A
    """
    face = Face.of(ctx)
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
