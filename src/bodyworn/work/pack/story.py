"""Custody events as whole sentences, for a juror who reads one page and has nobody to ask.

`work.narrate` says the same in a line of a list. What has no sentence here is told by that line,
so that no event is ever left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from bodyworn.core.terms import CopyKind, EventType, Purpose
from bodyworn.records.models import CustodyEvent
from bodyworn.records.queries_of_one import EventRow
from bodyworn.work.narrate import PURPOSES, sentence, told_name

Teller = Callable[[EventRow, str], str]
MADE = {
    CopyKind.CLIP: "a clip",
    CopyKind.FRAMES: "a list of the times of all its frames",
    CopyKind.INDEX: "an index, so that browsers can jump to any moment",
    CopyKind.PROXY: "a viewing copy",
    CopyKind.REDACTED: "a copy in which parts are hidden",
    CopyKind.SOUND: "a curve of its loudness",
    CopyKind.STRIP: "a strip of small pictures",
    CopyKind.WORKING: "a working copy",
}
WISHES = {
    "check": "check the file",
    "export": "take a copy out",
    "list": "see it in a list",
    "mark": "set a marker in it",
    "view": "watch it",
}


def as_rows(events: list[CustodyEvent]) -> list[EventRow]:
    """The same, as the pages have them."""
    names = [f.name for f in fields(EventRow)]
    return [EventRow(**{name: getattr(event, name) for name in names}) for event in events]


def told(event: EventRow, names: Mapping[str, str]) -> str:
    """One event in a sentence or two; its time stands elsewhere."""
    who = told_name(event.actor, names)
    teller = _TELLERS.get(event.type)
    if teller is None:
        line = sentence(event, names)
        return f"{line.title}: {line.detail}." if line.detail else f"{line.title}."
    return teller(event, who)


def for_what(purpose: Purpose | str | None) -> str:
    """A stated purpose, or that there was none, as a sentence without its full stop."""
    return f"Stated purpose: {PURPOSES[Purpose(purpose)]}" if purpose else "No purpose was stated"


WHENCE = {
    "arrival": " Neither camera nor file says when: the time is reckoned from its arrival.",
    "camera": " The time is the camera's own.",
    "container": " The time is the one inside the file.",
}


def _captured(event: EventRow, who: str) -> str:
    detail = event.detail
    camera = who if event.actor.startswith("system:camera:") else "A camera that nobody named"
    wearer = f", worn by {detail['officer']}," if detail.get("officer") else ""
    count = detail.get("sequence")
    number = f" The camera counted it as its number {count}." if count else ""
    return (
        f"{camera}{wearer} began this recording.{number}{_of(WHENCE, detail, 'start_taken_from')}"
    )


def _repeated(event: EventRow, _: str) -> str:
    recordings = event.detail.get("recordings")
    names = ", ".join(map(str, recordings)) if isinstance(recordings, list) else ""
    return f"The camera used {_numbers(event)} more than once: {names or 'twice'}."


def _skipped(event: EventRow, _: str) -> str:
    return f"When it came, recordings of its camera were missing: {_numbers(event)}."


def _reset(event: EventRow, _: str) -> str:
    return f"Its camera had begun to count again, at {_numbers(event)}."


def _in_order(event: EventRow, _: str) -> str:
    kinds = {"gap": "no longer missing as they were", "reset": "no new beginning of its count"}
    what = kinds.get(str(event.detail.get("kind")), "no longer used more than once")
    return f"With its coming its camera's numbers were {what}: {_numbers(event)}."


def _numbers(event: EventRow) -> str:
    first, last = event.detail.get("first"), event.detail.get("last")
    if first is None:
        return "a number that is no longer on record"
    return f"number {first}" if first == last else f"numbers {first} to {last}"


AGREED = {
    True: " They are the bytes that the sender had announced.",
    False: " They are NOT the bytes that the sender had announced.",
}


def _ingested(event: EventRow, who: str) -> str:
    detail = event.detail
    digest = detail.get("sha256")
    fingerprint = f" Its fingerprint (SHA-256) is {digest}." if digest else ""
    return (
        f"{_capital(who)} brought the file, {_size(detail)} bytes, and the evidence store recorded "
        f"it.{fingerprint}{_of(AGREED, detail, 'digest_agreed')}"
    )


def _ingested_again(_: EventRow, who: str) -> str:
    return f"{_capital(who)} brought the same bytes once more. They were kept once."


def _quarantined(event: EventRow, _: str) -> str:
    return f"It was kept with a doubt: {_ended(event.detail.get('reason', 'no reason is given'))}"


def _receipted(event: EventRow, who: str) -> str:
    to = told_name(str(event.detail.get("to", "")), {}) or who
    return f"{_capital(to)} was given a signed receipt for the file."


def _retained(event: EventRow, _: str) -> str:
    until = event.detail.get("keep_until")
    kept = f"be kept until {_day(until)}" if until else "be kept until further notice"
    reason = event.detail.get("reason")
    return f"It was decided that this must {kept}" + (f": {_ended(reason)}" if reason else ".")


def _viewed(event: EventRow, who: str) -> str:
    note = f" ({event.detail['note']})" if event.detail.get("note") else ""
    return f"{who} opened the footage. {for_what(event.purpose)}{note}."


def _refused(event: EventRow, who: str) -> str:
    wish = _of(WISHES, event.detail, "action") or "open it"
    return f"{who} asked to {wish} and was refused."


def _checked(event: EventRow, who: str) -> str:
    asked = f"The stored file was read again from first byte to last, as {who} had asked."
    match event.detail.get("outcome"):
        case "unchanged":
            return f"{asked} It was unchanged."
        case "changed" if event.detail.get("found"):
            return f"{asked} IT HAD BEEN CHANGED: its fingerprint was another one."
        case "changed":
            return (
                f"The stored file was to be read again, as {who} had asked. IT COULD NOT BE READ."
            )
        case _:
            line = sentence(event)
            return f"{line.title}: {_ended(line.detail)}"


def _derived(event: EventRow, who: str) -> str:
    made = _of(MADE, event.detail, "kind") or "a copy"
    return f"{_capital(who)} made {made} from it. The original stayed as it was."


def _marked(event: EventRow, who: str) -> str:
    return f"{who} set a marker{_where(event.detail)}. The footage stayed as it was."


def _unmarked(event: EventRow, who: str) -> str:
    return (
        f"{who} took a marker away{_where(event.detail)}. That it had been there stays on record."
    )


def _went_out(event: EventRow, who: str) -> str:
    detail = event.detail
    if detail.get("what") == "still":
        return f"{who} took out a picture of frame {detail.get('frame')}."
    what = (
        "the original" if detail.get("kind", "master") == "master" else f"a {detail['kind']} copy"
    )
    if detail.get("what") != "pack":
        return f"{who} took out a copy of {what}. {for_what(event.purpose)}."
    recipient = detail.get("recipient") or "a recipient who was not named"
    return f"{who} made a disclosure pack with {what} for {recipient}. {for_what(event.purpose)}."


_TELLERS: dict[str, Teller] = {
    EventType.ACCESS_REFUSED: _refused,
    EventType.CAPTURE: _captured,
    EventType.DERIVATION: _derived,
    EventType.EXPORT: _went_out,
    EventType.FIXITY_CHECK: _checked,
    EventType.INGESTION: _ingested,
    EventType.INGESTION_REPEAT: _ingested_again,
    EventType.MARKER_ADDED: _marked,
    EventType.MARKER_REMOVED: _unmarked,
    EventType.QUARANTINE: _quarantined,
    EventType.RECEIPT: _receipted,
    EventType.RETENTION_DECIDED: _retained,
    EventType.SEQUENCE_CLOSED: _in_order,
    EventType.SEQUENCE_GAP: _skipped,
    EventType.SEQUENCE_REPEAT: _repeated,
    EventType.SEQUENCE_RESET: _reset,
    EventType.VIEW: _viewed,
}


def _of(words: Mapping[Any, str], detail: Mapping[str, Any], name: str) -> str:
    """The word for a value, or none; a detail may hold anything."""
    value = detail.get(name)
    return words.get(value, "") if isinstance(value, str | bool) else ""


def _where(detail: Mapping[str, Any]) -> str:
    label = f" called “{detail['label']}”" if detail.get("label") else ""
    return label + (f" at frame {detail['frame']}" if "frame" in detail else "")


def _size(detail: Mapping[str, Any]) -> str:
    size = detail.get("size")
    return f"{size:,}" if isinstance(size, int) else "an unknown number of"


def _day(text: object) -> str:
    moment = datetime.fromisoformat(str(text))
    return f"{moment.day} {moment:%B %Y}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ended(text: object) -> str:
    return f"{str(text).rstrip('.')}."
