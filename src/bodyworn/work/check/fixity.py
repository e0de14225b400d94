"""Questions about what is kept: read again in time, a second copy in step, a backup of late."""

from datetime import datetime, timedelta

from bodyworn.core.terms import EventType
from bodyworn.records.models import Copy, CustodyEvent
from bodyworn.work import data_keys, second
from bodyworn.work import patrol as patrol_
from bodyworn.work.check.finding import Answer, Ground, fault, good, warning
from bodyworn.work.house import House
from bodyworn.work.patrol_state import LONGEST_STEP

LONGEST_WITHOUT_BACKUP = timedelta(days=8)  # a weekly backup may be a day late
GRACE = 1.25  # times `patrol_days` before a round is late


def patrol(ground: Ground) -> Answer:
    """What the patrol found, and whether it gets round in time. Raises DamagedError."""
    days = ground.settings.patrol_days
    if not days:
        return warning("The fixity patrol is switched off.", "Set patrol_days; 30 is usual.")
    state = patrol_.result(House.open(ground.settings))
    if state.wrong:
        first = next(iter(state.wrong.values()))
        names = ", ".join(first.copies)
        return fault(
            f"{len(state.wrong)} stored files are wrong; the first is {names}. "
            f"{first.why_not_repaired}",
            "Keep everything as it is; bring the file back from a backup. `bodyworn patrol` "
            "names them all.",
        )
    if ground.now - state.round.started_at > GRACE * timedelta(days=days):
        return warning(
            f"The patrol is behind: {state.share:.0%} of this round, which should be over.",
            "Run `bodyworn serve`, whose keeper patrols; or `bodyworn patrol --now`.",
        )
    if state.last is None or state.last.ended_at is None:
        return good(f"The patrol's first round is under way: {state.share:.0%}.")
    told = f"{state.last.files:,} files were read again by {state.last.ended_at:%d %B %Y}"
    return good(f"{told}; {state.last.wrong} were wrong, {state.last.repaired} repaired.")


def second_copy(ground: Ground) -> Answer:
    """The second copy's disk is there and holds what is recorded. Raises SetupError."""
    if ground.settings.second is None:
        return warning(
            "There is no second copy to repair a file from.",
            "Set second_copy to a folder of another disk, and run `bodyworn second-copy`.",
        )
    found = second.second_copy(House.open(ground.settings))
    newest = Copy.objects.order_by("-id").first()
    if newest and newest.pk > found.reached() and ground.now - newest.created_at > LONGEST_STEP:
        return warning(
            f"{newest.pk - found.reached()} copies or fewer wait for the second copy.",
            "Run `bodyworn serve`, whose keeper brings them there; or `bodyworn second-copy`.",
        )
    return good("The second copy is in step.")


def backup(ground: Ground) -> Answer:
    """There is a backup of late, and it had everything."""
    hint = "Run `bodyworn backup FOLDER`, best every night by a timer."
    made = CustodyEvent.objects.filter(type=EventType.REPLICATION).order_by("-id")
    newest = next((one for one in made[:20] if one.detail.get("what") == "backup"), None)
    if newest is None:
        return warning("No backup was ever made.", hint)
    if newest.detail.get("outcome") != "same":
        return fault(
            f"The backup of {newest.at:%d %B %Y} names differences in its statement.",
            "Read the statement in the data folder; `bodyworn patrol` says what is wrong here.",
        )
    if ground.settings.now() - newest.at > LONGEST_WITHOUT_BACKUP:
        return warning(f"The last backup is of {newest.at:%d %B %Y}.", hint)
    return _without_keys(ground, newest.at) or good(
        f"The last backup is of {newest.at:%d %B %Y}, and held everything."
    )


def _without_keys(ground: Ground, at: datetime) -> Answer | None:
    """Whether that backup has footage of which no copy of the keys has the key.

    A token keeps its keys itself; how it is backed up is its maker's to say.
    """
    if ground.settings.key_token_module:
        return None
    copied = CustodyEvent.objects.filter(type=EventType.REPLICATION, detail__what="keys")
    last = copied.order_by("-id").values_list("at", flat=True).first()
    lost = data_keys.begun_between(last, at)
    if not lost:
        return None
    return warning(
        f"No copy of the keys has those of {len(lost)} buckets; the first is {lost[0]}. What lies "
        "in them could not be opened after a restore of the last backup.",
        "Run `bodyworn backup-keys FOLDER` after each backup, onto a medium of its own.",
    )
