"""Custody events as sentences that a juror can read; used by the pages and the command line.

An event says `fixity check` with a dictionary; a line says "Checked: unchanged". Nothing is
added to what the event holds, and nothing of it is judged here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bodyworn.core.terms import CopyKind, EventType, Purpose
from bodyworn.records.queries_of_one import CheckpointRow, EventRow

Words = tuple[str, str]  # (title, detail without who)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event, told."""

    title: str  # `Viewed`
    detail: str  # `DC A. Patel · Investigation · case 01/4412/26`
    when: datetime  # UTC
    hash6: str  # the first six digits of its leaf's hash
    checked: bool  # a machine compared something and it agreed
    alarm: bool  # something is wrong, or was refused
    minor: bool  # the system made something to help viewing
    durability: str  # `entry 12`; or that it waits


PURPOSES = {
    Purpose.CHECK: "check of quality or equipment",
    Purpose.COMPLAINT: "complaint",
    Purpose.INVESTIGATION: "investigation",
    Purpose.OWN_STATEMENT: "own statement",
    Purpose.SUPERVISION: "supervision",
}

COPIES = {
    CopyKind.CLIP: "Clip made",
    CopyKind.FRAMES: "Frame times listed",
    CopyKind.INDEX: "Index made, so that browsers can seek",
    CopyKind.PROXY: "Viewing copy made",
    CopyKind.REDACTED: "Redacted copy made",
    CopyKind.SOUND: "Sound strip made",
    CopyKind.STRIP: "Picture strip made",
    CopyKind.WORKING: "Working copy made",
}

REFUSED = {
    "administer": "administer",
    "check": "check the file",
    "describe": "describe it",
    "export": "take a copy",
    "list": "list it",
    "mark": "set a marker",
    "view": "watch",
}


def sentence(
    event: EventRow,
    names: Mapping[str, str] | None = None,
    checkpoint: CheckpointRow | None = None,
) -> Line:
    """Tell one event. `names` maps account names to how people are called."""
    title, detail = _TOLD.get(event.type, _plainly)(event)
    who = told_name(event.actor, names or {})
    return Line(
        title=title,
        detail=" · ".join(part for part in (who, detail) if part),
        when=event.at,
        hash6=event.leaf_hash[:6],
        checked=_is_check(event),
        alarm=_is_alarm(event),
        minor=event.type == EventType.DERIVATION and event.actor.startswith("system:"),
        durability=durability(event, checkpoint),
    )


def told_name(actor: str, names: Mapping[str, str]) -> str:
    """How an actor is called.

    >>> told_name("system:dock:BX-07", {})
    'Dock BX-07'
    """
    match actor.split(":"):
        case ["system", "dock", name]:
            return f"Dock {name}"
        case ["system", "camera", serial]:
            return f"Camera {serial}"
        case ["system", "command-line", account]:
            return f"{account} at the machine"
        case ["system", *_]:
            return "The system"
        case _:
            return names.get(actor, actor)


def durability(event: EventRow, checkpoint: CheckpointRow | None) -> str:
    """Its place in the public log; what is not published yet says what it waits for."""
    if event.leaf_index is None:
        return "waits for the log"
    if checkpoint is None or event.leaf_index >= checkpoint.size:
        return f"entry {event.leaf_index}, waits for a checkpoint"
    return f"entry {event.leaf_index}"


def _is_check(event: EventRow) -> bool:
    detail = event.detail
    if event.type == EventType.FIXITY_CHECK:
        return detail.get("outcome") == "unchanged"
    return event.type == EventType.INGESTION and _arrived_as_sent(detail)


def _is_alarm(event: EventRow) -> bool:
    if event.type == EventType.FIXITY_CHECK:
        return event.detail.get("outcome") not in ("begun", "unchanged")  # it may hold anything
    return event.type in {
        EventType.ACCESS_REFUSED,
        EventType.QUARANTINE,
        EventType.SEQUENCE_REPEAT,
    }


def _arrived_as_sent(detail: Mapping[str, Any]) -> bool:
    """The sender had named a digest, and the bytes that arrived have it."""
    return bool(detail.get("digest_agreed"))


def _viewed(event: EventRow) -> Words:
    purpose = PURPOSES[Purpose(event.purpose)] if event.purpose else ""
    return "Viewed", " · ".join(filter(None, (purpose, event.detail.get("note", ""))))


def _refused(event: EventRow) -> Words:
    wish = REFUSED.get(event.detail.get("action", ""), "open it")
    return f"Refused to {wish}", "no right to this recording"


def _captured(event: EventRow) -> Words:
    officer, number = event.detail.get("officer"), _number(event)
    doubt = "the file names no time: this is reckoned from its arrival"
    is_guess = event.detail.get("start_taken_from") == "arrival"
    parts = (f"worn by {officer}" if officer else "", number, doubt if is_guess else "")
    return "Recorded", " · ".join(filter(None, parts))


def _gap(event: EventRow) -> Words:
    return "Numbers are missing before or after it", _numbers(event)


def _repeated(event: EventRow) -> Words:
    others = ", ".join(event.detail.get("recordings", ()))
    return "Camera used a number again", " · ".join(filter(None, (_numbers(event), others)))


def _reset(event: EventRow) -> Words:
    return "Camera began to count again", _numbers(event)


def _no_longer_odd(event: EventRow) -> Words:
    kinds = {"gap": "Missing numbers arrived", "reset": "Camera did not begin to count again"}
    return kinds.get(event.detail.get("kind", ""), "Count is in order again"), _numbers(event)


def _explained(event: EventRow) -> Words:
    reason = str(event.detail.get("reason", ""))
    return "Camera's count explained", " · ".join((_numbers(event), reason))


def _numbers(event: EventRow) -> str:
    first, last = event.detail.get("first"), event.detail.get("last")
    if first is None:
        return "numbers no longer on record"
    numbers = f"number {first}" if first == last else f"numbers {first} to {last}"
    return f"camera {event.detail.get('device')}, {numbers}"


def _ingested(event: EventRow) -> Words:
    title = "Arrived and checked" if _arrived_as_sent(event.detail) else "Arrived"
    agreed = "SHA-256 matches the sender's" if _arrived_as_sent(event.detail) else ""
    return title, " · ".join(filter(None, (_size(event.detail), agreed)))


def _ingested_again(event: EventRow) -> Words:
    return "Arrived again", " · ".join(
        filter(None, ("the same bytes, kept once", _size(event.detail)))
    )


def _checked(event: EventRow) -> Words:
    match event.detail.get("outcome"):
        case _ if event.detail.get("scope") == "round":
            return "Patrol: all files read again", _patrolled(event.detail)
        case "unchanged":
            return "Checked: unchanged", "read again from first byte to last, SHA-256 matches"
        case "changed" if event.detail.get("found"):
            return "Checked: CHANGED", "SHA-256 does not match"
        case "changed":
            return "Checked: CHANGED", "a part of it is not what was sealed"
        case _:
            return "Checked: cannot be read", "the stored file could not be opened"


def _check_begun(event: EventRow) -> Words:
    if event.detail.get("scope") == "patrol":
        return "Patrol: files read again", f"{event.detail.get('files')} files"
    return "Check begun", "the stored bytes are read again"


def _patrolled(detail: Mapping[str, Any]) -> str:
    wrong, repaired = detail.get("wrong", 0), detail.get("repaired", 0)
    found = f"{wrong} wrong, {repaired} repaired" if wrong else "all unchanged"
    return f"{detail.get('files', 0)} files, {found}"


def _recovered(event: EventRow) -> Words:
    kind = str(event.detail.get("kind", "file"))
    return "Repaired", f"{kind} put back from the {event.detail.get('from', 'second copy')}"


def _replicated(event: EventRow) -> Words:
    return "Copied elsewhere", f"{event.detail.get('files', 0)} files, with log and records"


def _derived(event: EventRow) -> Words:
    kind = event.detail.get("kind", "")
    title = COPIES[CopyKind(kind)] if kind in COPIES else "Copy made"
    return title, _size(event.detail)


def _exported(event: EventRow) -> Words:
    if event.detail.get("what") == "still":
        return "Still taken", f"frame {event.detail.get('frame')}"
    if event.detail.get("what") == "pack":
        to = event.detail.get("recipient")
        purpose = PURPOSES[Purpose(event.purpose)] if event.purpose else ""
        told = (f"to {to}" if to else "", purpose, _size(event.detail))
        return "Disclosed", " · ".join(filter(None, told))
    return "Copy taken out", _size(event.detail)


def _marked(event: EventRow) -> Words:
    return "Marker added", _marker(event.detail)


def _unmarked(event: EventRow) -> Words:
    return "Marker taken away", _marker(event.detail)


SAID = {
    "borough": "borough",
    "category": "category",
    "officer": "worn by",
    "started_at": "began",
    "title": "title",
    "unit": "unit",
}


def _described(event: EventRow) -> Words:
    """`borough: none, now Lambeth`: what was said before is never lost."""
    old, new = (event.detail.get(name) or {} for name in ("old", "new"))
    changes = [
        f"{word}: {old.get(name) or 'none'}, now {new[name] or 'none'}"
        for name, word in SAID.items()
        if name in new
    ]
    parts = (*changes, str(event.detail.get("reason", "")))
    return "Description corrected", " · ".join(filter(None, parts))


def _quarantined(event: EventRow) -> Words:
    return "Kept, with a doubt", str(event.detail.get("reason", ""))


def _receipted(event: EventRow) -> Words:
    """Only a dock has a camera to empty."""
    is_dock = str(event.detail.get("to", "")).startswith("system:dock:")
    return "Receipt given", "the camera may be emptied" if is_dock else "it is recorded"


def _retained(event: EventRow) -> Words:
    until = event.detail.get("keep_until")
    title = f"Kept until {_day(until)}" if until else "Kept until further notice"
    return title, str(event.detail.get("reason", ""))


def _erased(event: EventRow) -> Words:
    facts = ("policy", "authority", "reason")
    return "Erased", " · ".join(str(event.detail[name]) for name in facts if event.detail.get(name))


def _rewrapped(event: EventRow) -> Words:
    return "Keys wrapped afresh", f"{event.detail.get('keys', 'some')} of {_bucket(event)}"


def _key_destroyed(event: EventRow) -> Words:
    return "Key destroyed", f"{_bucket(event)}.{event.detail.get('generation', 0)}"


def _bucket(event: EventRow) -> str:
    return str(event.detail.get("bucket", "a bucket"))


def _signed(title: str) -> Callable[[EventRow], Words]:
    return lambda _: (title, "")


def _plainly(event: EventRow) -> Words:
    return event.type.capitalize(), ""


_TOLD: dict[str, Callable[[EventRow], Words]] = {
    EventType.ACCESS_REFUSED: _refused,
    EventType.CAPTURE: _captured,
    EventType.DERIVATION: _derived,
    EventType.ERASURE: _erased,
    EventType.EXPORT: _exported,
    EventType.FIXITY_BEGUN: _check_begun,
    EventType.FIXITY_CHECK: _checked,
    EventType.INGESTION: _ingested,
    EventType.INGESTION_REPEAT: _ingested_again,
    EventType.KEY_DESTROYED: _key_destroyed,
    EventType.KEY_REWRAP: _rewrapped,
    EventType.MARKER_ADDED: _marked,
    EventType.MARKER_REMOVED: _unmarked,
    EventType.METADATA_MODIFICATION: _described,
    EventType.QUARANTINE: _quarantined,
    EventType.RECEIPT: _receipted,
    EventType.RECOVERY: _recovered,
    EventType.REPLICATION: _replicated,
    EventType.RETENTION_DECIDED: _retained,
    EventType.ACCOUNT_ADDED: _signed("Account made"),
    EventType.DOCK_ADDED: _signed("Dock added"),
    EventType.DOCK_RETIRED: _signed("Dock retired"),
    EventType.SEQUENCE_CLOSED: _no_longer_odd,
    EventType.SEQUENCE_EXPLAINED: _explained,
    EventType.SEQUENCE_GAP: _gap,
    EventType.SEQUENCE_REPEAT: _repeated,
    EventType.SEQUENCE_RESET: _reset,
    EventType.SIGN_IN: _signed("Signed in"),
    EventType.SIGN_IN_FAILED: _signed("Wrong password"),
    EventType.SIGN_OUT: _signed("Signed out"),
    EventType.VIEW: _viewed,
}


def _number(event: EventRow) -> str:
    sequence = event.detail.get("sequence")
    return f"number {sequence}" if sequence else ""


def _marker(detail: Mapping[str, Any]) -> str:
    frame = f"frame {detail['frame']}" if "frame" in detail else ""
    return " · ".join(filter(None, (str(detail.get("label", "")), frame)))


def _size(detail: Mapping[str, Any]) -> str:
    size = detail.get("size")
    if not isinstance(size, int):
        return ""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _day(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return f"{moment.day} {moment:%B %Y}"
