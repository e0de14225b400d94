"""Every event has a sentence that a juror can read; none says more than is on record."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.core.terms import CopyKind, EventType, Purpose
from bodyworn.records.queries_of_one import EventRow
from bodyworn.work.pack.story import told

NAMES = {"carol": "DC C. Patel", "4471QK": "PC A. Khan"}
JARGON = ("dissemination", "fixity", "ingestion", "derivation", "capture:", "system:", "{", "None")


def event(type_: EventType, actor: str = "carol", purpose: str = "", **detail: Any) -> EventRow:
    return EventRow(
        uid="0" * 32,
        type=type_,
        operation="",
        at=datetime(2026, 4, 12, 22, 41, tzinfo=UTC),
        actor=actor,
        subject="BWV-26-0412-7F3A",
        purpose=purpose,
        detail=detail,
        leaf_hash="ab" * 32,
        leaf_index=7,
    )


CAMERA, DOCK = "system:camera:004471", "system:dock:BX-07"
INVESTIGATION = Purpose.INVESTIGATION


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            event(
                EventType.CAPTURE, CAMERA, officer="4471QK", sequence=7, start_taken_from="camera"
            ),
            "Camera 004471, worn by 4471QK, began this recording. The camera counted it as its "
            "number 7. The time is the camera's own.",
        ),
        (
            event(EventType.CAPTURE, DOCK, start_taken_from="arrival"),
            "A camera that nobody named began this recording. Neither camera nor file says when: "
            "the time is reckoned from its arrival.",
        ),
        (
            event(EventType.INGESTION, DOCK, sha256="ab", size=1200300, digest_agreed=True),
            "Dock BX-07 brought the file, 1,200,300 bytes, and the evidence store recorded it. Its "
            "fingerprint (SHA-256) is ab. They are the bytes that the sender had announced.",
        ),
        (
            event(EventType.RETENTION_DECIDED, keep_until="2026-05-13T00:00:00Z", reason="Kept."),
            "It was decided that this must be kept until 13 May 2026: Kept.",
        ),
        (
            event(EventType.RECEIPT, "system:jobs", to=DOCK),
            "Dock BX-07 was given a signed receipt for the file.",
        ),
        (
            event(EventType.VIEW, purpose=INVESTIGATION, note="case 01/4412/26"),
            "DC C. Patel opened the footage. Stated purpose: investigation (case 01/4412/26).",
        ),
        (
            event(EventType.VIEW, "4471QK"),
            "PC A. Khan opened the footage. No purpose was stated.",
        ),
        (
            event(EventType.ACCESS_REFUSED, "mallory", action="export"),
            "mallory asked to take a copy out and was refused.",
        ),
        (
            event(EventType.FIXITY_CHECK, outcome="unchanged"),
            "The stored file was read again from first byte to last, as DC C. Patel had asked. It "
            "was unchanged.",
        ),
        (
            event(EventType.FIXITY_CHECK, outcome="changed", found="cd"),
            "The stored file was read again from first byte to last, as DC C. Patel had asked. IT "
            "HAD BEEN CHANGED: its fingerprint was another one.",
        ),
        (
            event(EventType.FIXITY_CHECK, outcome="changed", found=None),
            "The stored file was to be read again, as DC C. Patel had asked. IT COULD NOT BE READ.",
        ),
        (
            event(EventType.DERIVATION, "system:jobs", kind="proxy"),
            "The system made a viewing copy from it. The original stayed as it was.",
        ),
        (
            event(EventType.MARKER_ADDED, label="Knife", frame=120),
            "DC C. Patel set a marker called “Knife” at frame 120. The footage stayed as it was.",
        ),
        (
            event(EventType.EXPORT, what="still", frame=7),
            "DC C. Patel took out a picture of frame 7.",
        ),
        (
            event(EventType.EXPORT, what="original", purpose=INVESTIGATION),
            "DC C. Patel took out a copy of the original. Stated purpose: investigation.",
        ),
        (
            event(EventType.EXPORT, what="pack", kind="redacted", recipient="CPS London"),
            "DC C. Patel made a disclosure pack with a redacted copy for CPS London. No purpose "
            "was stated.",
        ),
        (
            event(EventType.QUARANTINE, DOCK, reason="The bytes are not those announced."),
            "It was kept with a doubt: The bytes are not those announced.",
        ),
    ],
    ids=lambda value: value.type if isinstance(value, EventRow) else "",
)
def test_an_event_is_told(row: EventRow, sentence: str) -> None:
    assert told(row, NAMES) == sentence


@pytest.mark.parametrize("type_", EventType)
def test_no_event_is_left_out_or_told_in_our_own_words_of_art(type_: EventType) -> None:
    text = told(event(type_), NAMES)
    assert text[0].isupper()
    assert text.endswith(".")
    assert not [word for word in JARGON if word in text]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.lists(st.text())
)
KEYS = st.sampled_from([
    "officer", "sequence", "others", "sha256", "size", "digest_agreed", "to", "reason", "note",
    "action", "outcome", "found", "kind", "label", "frame", "what", "recipient",
])  # fmt: skip


@given(st.sampled_from(EventType), st.dictionaries(KEYS, VALUES))
def test_an_odd_detail_stops_no_disclosure(type_: EventType, detail: dict[str, Any]) -> None:
    assert told(event(type_, **detail), NAMES)


@pytest.mark.parametrize("kind", sorted(set(CopyKind) - {CopyKind.MASTER, CopyKind.SIDECAR}))
def test_every_kind_of_copy_that_is_made_has_its_word(kind: CopyKind) -> None:
    assert "made a copy from" not in told(event(EventType.DERIVATION, kind=kind), NAMES)
