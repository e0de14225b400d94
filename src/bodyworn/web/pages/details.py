"""Everything else that is known about a recording, as pairs of a name and a value."""

from collections.abc import Iterator, Sequence

from bodyworn.records.models import Recording, RetentionDecision
from bodyworn.records.queries_of_one import CopyRow
from bodyworn.web.pages import words

CLOCKS = {
    "camera": "the camera's clock",
    "container": "the file's own time",
    "arrival": "the time of arrival; the file has none",
    "person": "what somebody put on record",
}


def details_of(
    row: Recording, copies: Sequence[CopyRow], retention: RetentionDecision | None
) -> list[tuple[str, str]]:
    """What is known; what is not known is left out."""
    pairs = [*_of_origin(row), *_of_time(row), *_of_file(row, copies)]
    if retention is not None:
        pairs.append(("Retention", retention.reason))
    return [(name, value) for name, value in pairs if value]


def _of_origin(row: Recording) -> Iterator[tuple[str, str]]:
    yield "Reference", row.reference
    yield "File name", row.filename
    if row.officer:
        yield "Worn by", f"{row.officer.rank} {row.officer.name}, {row.officer.number}"
    yield "Unit", row.unit.name if row.unit else ""
    yield "Category", row.category or "None yet"
    if row.device:
        yield "Camera", f"{row.device.serial}, {row.device.make} {row.device.model}"
    yield "Camera's count", str(row.sequence or "")
    yield "Docked at", row.dock


def _of_time(row: Recording) -> Iterator[tuple[str, str]]:
    yield "Times by", CLOCKS.get(row.started_at_source, row.started_at_source)
    if row.triggered_at:
        yield "Record pressed", f"{words.moment(row.triggered_at)}:{row.triggered_at:%S} UTC"
    if row.clock_offset_ms is not None:
        yield "Camera's clock", _offset(row.clock_offset_ms)
    yield "Received", f"{words.moment(row.received_at)} UTC"
    yield "Length", words.length(row.duration_ms)


def _of_file(row: Recording, copies: Sequence[CopyRow]) -> Iterator[tuple[str, str]]:
    yield "Condition", row.condition_reason
    yield "Picture", row.video
    yield "Sound", row.audio
    yield "Container", row.container
    if copies:
        yield "Size", f"{words.size(copies[0].size)} ({copies[0].size:,} bytes)"
        yield "SHA-256", copies[0].sha256


def _offset(milliseconds: int) -> str:
    if milliseconds == 0:
        return "agrees with the dock's clock"
    direction = "ahead of" if milliseconds > 0 else "behind"
    return f"{abs(milliseconds) / 1000:.1f} s {direction} the dock's; times are not corrected"
