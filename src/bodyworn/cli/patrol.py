"""`bodyworn patrol` and `bodyworn second-copy`: are the stored files still what they were?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodyworn.cli.face import Face, utc
from bodyworn.core.errors import DamagedError

if TYPE_CHECKING:
    from bodyworn.work.patrol_state import Round, State


def patrol(
    ctx: typer.Context,
    now: Annotated[
        bool, typer.Option("--now", help="Read the rest of the round now, at full speed.")
    ] = False,
) -> None:
    """What the fixity patrol found; it reads every stored file again, all the time.

    It ends with 5 where a file is wrong and could not be repaired.

    Example: bodyworn patrol --now
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.work.patrol import go_round, result
    from bodyworn.work.patrol_state import as_facts

    if now:
        with face.progress() as progress:
            go_round(house, progress=progress)
    state = result(house)
    days = house.settings.patrol_days
    face.answer({"days": days, **as_facts(state)}, *lines(state, days))
    if state.wrong:
        raise typer.Exit(DamagedError.exit_code)


def second_copy(ctx: typer.Context) -> None:
    """Begin the second copy that the settings name, or bring it into step.

    The keeper does so by itself once it was begun.

    Example: bodyworn second-copy
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.work.second import bring_into_step

    with face.progress() as progress:
        done = bring_into_step(house, progress=progress)
    folder = str(house.settings.second)
    face.answer(
        {"folder": folder, "copied": done},
        f"{done:,} files were copied; {folder} is in step.",
    )


def lines(state: "State", days: int) -> list[str]:
    """The newest full round, the one under way, and what is wrong."""
    last = f"Last round   {told(state.last)}" if state.last else "Last round   none yet"
    pace = f"everything within {days} days" if days else "switched off in the settings"
    here = f"This round   {state.share:.0%}, {told(state.round)}; {pace}"
    wrong: list[Any] = [
        f"WRONG        {one.sha256[:6]}… ({', '.join(one.copies)}) since {utc(one.since)}. "
        f"{one.why_not_repaired}"
        for one in state.wrong.values()
    ]
    return [last, here, *wrong]


def told(round_: "Round") -> str:
    """One round in words."""
    when = f"ended {utc(round_.ended_at)}" if round_.ended_at else f"since {utc(round_.started_at)}"
    second = f", {round_.second_wrong} of the second copy renewed" if round_.second_wrong else ""
    return (
        f"{when}: {round_.files:,} files, {round_.size:,} bytes, {round_.wrong} wrong, "
        f"{round_.repaired} repaired{second}"
    )
