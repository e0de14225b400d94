"""Who may do what with a recording. Pure: an actor, an action, a few facts, a Decision.

The order of the rules is their meaning: the first that applies answers.
"""

from dataclasses import dataclass
from enum import StrEnum

from bodyworn.core.terms import Role
from bodyworn.core.types import Actor, Decision


class Action(StrEnum):
    """What somebody wants to do."""

    ADMINISTER = "administer"  # accounts, docks, settings
    CHECK = "check"  # re-hash a file, recompute the log
    DESCRIBE = "describe"  # say whose, where, what and when it is
    EXPORT = "export"  # take a copy out
    LIST = "list"  # see that it exists
    MARK = "mark"  # add or take away a marker
    VIEW = "view"  # open the footage


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """The facts about a recording that a judgement needs."""

    officer: str | None  # collar number of the wearer
    unit: str | None  # the wearer's unit
    borough: str | None  # where it was recorded


AT_THE_MACHINE = "system:command-line:"
"""Actors of the command line are called so. No account can be: names of accounts have no colon."""

HANDLES = {Action.CHECK, Action.LIST, Action.MARK, Action.VIEW}
"""What those who work with footage may do with what is theirs to see."""

_NEVER_BY_BOROUGH = {Action.ADMINISTER, Action.DESCRIBE}


def may(actor: Actor, action: Action, footage: Footage | None = None) -> Decision:
    """Judge one action; `footage` is None for what concerns no recording."""
    if is_at_the_machine(actor):
        return _yes(
            "access.at-the-machine",
            "Whoever has the machine has the bytes; the rule that is left is to put it on record.",
        )
    if action is Action.ADMINISTER:
        return _administers(actor)
    if footage is None:
        return _works_here(actor)
    return (
        _own(actor, action, footage)
        or _unit(actor, action, footage)
        or _borough(actor, action, footage)
        or _nobodys(actor, action, footage)
        or _no("access.no-rule", "This recording belongs to another officer, unit or borough.")
    )


def is_at_the_machine(actor: Actor) -> bool:
    """Whether this actor sits at the command line of the machine that holds everything."""
    return actor.name.startswith(AT_THE_MACHINE)


def _administers(actor: Actor) -> Decision:
    if Role.ADMINISTRATOR in actor.roles:
        return _yes("access.administrator", "You administer this installation.")
    return _no("access.administrator", "Only an administrator may do this.")


def _works_here(actor: Actor) -> Decision:
    if actor.roles:
        return _yes("access.signed-in", "You are signed in.")
    return _no("access.signed-in", "Sign in first.")


def _own(actor: Actor, action: Action, footage: Footage) -> Decision | None:
    """Officers handle what their own camera saw; they never take copies out."""
    if actor.officer is None or actor.officer != footage.officer or action not in HANDLES:
        return None
    return _yes("access.own-footage", "Your own camera recorded this.")


def _unit(actor: Actor, action: Action, footage: Footage) -> Decision | None:
    """Supervisors handle what their own unit recorded, and correct what is said about it."""
    if Role.SUPERVISOR not in actor.roles or action not in HANDLES | {Action.DESCRIBE}:
        return None
    if actor.unit is None or actor.unit != footage.unit:
        return None
    return _yes("access.own-unit", "Your unit recorded this.")


def _borough(actor: Actor, action: Action, footage: Footage) -> Decision | None:
    """Investigators handle and export what was recorded in their borough."""
    if Role.INVESTIGATOR not in actor.roles or action in _NEVER_BY_BOROUGH:
        return None
    if actor.borough is None or actor.borough != footage.borough:
        return None
    return _yes("access.own-borough", "This was recorded in your borough.")


def _nobodys(actor: Actor, action: Action, footage: Footage) -> Decision | None:
    """Where no account could open it, administrators say whose it is; they open nothing."""
    is_somebodys = (footage.officer, footage.unit, footage.borough) != (None, None, None)
    if Role.ADMINISTRATOR not in actor.roles or is_somebodys:
        return None
    if action in {Action.DESCRIBE, Action.LIST}:
        return _yes("access.nobodys", "It belongs to nobody yet, and you may say whose it is.")
    return _no("access.nobodys", "This has no officer and no borough yet, so nobody may open it.")


def _yes(rule: str, reason: str) -> Decision:
    return Decision(allowed=True, rule=rule, reason=reason)


def _no(rule: str, reason: str) -> Decision:
    return Decision(allowed=False, rule=rule, reason=reason)
