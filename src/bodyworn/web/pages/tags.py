"""Tags beside the title: the facts that change what a reader may do, each known, not hoped."""

from dataclasses import dataclass

from bodyworn.core.terms import Condition
from bodyworn.records.models import Recording, RetentionDecision
from bodyworn.records.queries_of_one import EventRow
from bodyworn.web.pages import words


@dataclass(frozen=True, slots=True)
class Tag:
    """A few words and how they are to be taken."""

    text: str
    kind: str  # `good`, `bad`, `plain` or `held`


def tags_of(
    row: Recording,
    last_check: EventRow | None,
    arrived_as_sent: bool,
    retention: RetentionDecision | None,
) -> list[Tag]:
    """At most three: integrity, condition, retention."""
    tags = [_integrity(last_check, arrived_as_sent)]
    if row.condition != Condition.PLAYABLE:
        tags.append(Tag(words.condition(row.condition), "bad"))
    if retention is not None:
        tags.append(_kept(retention))
    return tags


def _integrity(last_check: EventRow | None, arrived_as_sent: bool) -> Tag:
    """Only a check may say that a file is unchanged; and only since a digest was first known.

    That is when a dock or a person sent it: cameras that sign what they capture come later.
    """
    if last_check is None:
        return Tag("Not checked since arrival", "plain")
    if last_check.detail.get("outcome") != "unchanged":
        return Tag("File changed", "bad")
    return Tag(f"Unchanged since {'it was sent' if arrived_as_sent else 'arrival'}", "good")


def _kept(retention: RetentionDecision) -> Tag:
    if retention.keep_until is None:
        return Tag("Held", "held")
    return Tag(f"Kept until {words.day(retention.keep_until)}", "plain")
