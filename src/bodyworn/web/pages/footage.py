"""What the player of one recording is given: addresses at the reading door, each with a ticket."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.html import json_script
from django.utils.safestring import SafeString

from bodyworn.core.terms import Condition, CopyKind
from bodyworn.core.types import Actor
from bodyworn.records.models import Recording
from bodyworn.web.door.ranges import path_of
from bodyworn.web.pages.sitting import Sitting
from bodyworn.web.pages.track import Map
from bodyworn.web.ticket import Ticket, sign
from bodyworn.work.house import House
from bodyworn.work.review import Served, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """The picture, and what is drawn below it."""

    video: str  # address, empty where there is nothing to play
    media_type: str
    notice: str  # a sentence, where not the original itself is played, or nothing
    is_waiting: bool  # the copy that would play is being made
    script: SafeString  # what the page's modules need to know, as a script element of JSON


def player(
    house: House,
    actor: Actor,
    row: Recording,
    *,
    served: Served,
    jobs: dict[str, str],
    sitting: Sitting,
    track: Map | None,
) -> Player:
    """Addresses with tickets that end with the sitting."""

    def address(stream: Stream | None) -> str:
        return _address(house, actor, stream, sitting) if stream else ""

    notice, is_waiting = _notice(row, served, jobs)
    return Player(
        video=address(served.video),
        media_type=served.video.media_type if served.video else "",
        notice=notice,
        is_waiting=is_waiting,
        script=_script(
            {
                "reference": row.reference,
                "startedAt": round(row.started_at.timestamp() * 1000),
                "durationMs": row.duration_ms,
                "silentMs": _silent(row),
                "frames": address(served.frames),
                "sound": address(served.sound),
                "strip": address(served.strip),
                "cells": _cells(served.strip_recipe),
                "track": track.facts if track else None,
            }
        ),
    )


class _Compact(DjangoJSONEncoder):
    """A third of the page's JSON would be blanks."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "separators": (",", ":")})


def _script(facts: dict[str, Any]) -> SafeString:
    return json_script(facts, "footage", encoder=_Compact)


def _cells(recipe: dict[str, Any]) -> dict[str, Any] | None:
    """Where in the strip which moment is."""
    if not recipe:
        return None
    return {name: recipe[name] for name in ("cell_width", "cell_height", "times_ms")}


def _address(house: House, actor: Actor, stream: Stream, sitting: Sitting) -> str:
    ticket = Ticket(
        kind="read",
        sender=actor.name,
        expires_at=int(sitting.until.timestamp()),
        parts=stream.parts,
        media_type=stream.media_type,
        view=sitting.view,
    )
    return f"{house.settings.reading}{path_of(stream.parts)}?t={sign(ticket, house.ticket_key)}"


def _notice(row: Recording, served: Served, jobs: dict[str, str]) -> tuple[str, bool]:
    """What a person must know about the picture; and whether waiting helps."""
    if row.condition in {Condition.NOT_VIDEO, Condition.UNREADABLE}:
        return f"There is nothing to play: {_small(row.condition_reason)}", False
    if served.video is None and jobs.get(CopyKind.PROXY) == "failed":
        return "A viewing copy could not be made. The original is kept as it arrived.", False
    if served.video is None:
        return "A viewing copy is being made. Load this page again in a moment.", True
    if not served.is_original:
        return (
            "You see a viewing copy, because browsers cannot play the original's format. "
            "The original is kept as it arrived.",
            False,
        )
    if row.condition == Condition.DAMAGED:
        return f"This file is damaged: {_small(row.condition_reason)}", False
    return "", False


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _silent(row: Recording) -> int:
    """Milliseconds of the pre-event buffer, which has pictures and no sound."""
    if row.triggered_at is not None:
        return max(0, _ms(row.triggered_at, row.started_at))
    return int(row.probe.get("pre_event_ms") or 0)


def _ms(at: datetime, since: datetime) -> int:
    return round((at - since).total_seconds() * 1000)
