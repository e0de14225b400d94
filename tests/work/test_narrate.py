"""Every kind of event is told in a sentence, and nothing about it is made up."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import NOW

from bodyworn.core.terms import CopyKind, EventType, Purpose
from bodyworn.records.queries_of_one import CheckpointRow, EventRow
from bodyworn.work import narrate
from bodyworn.work.narrate import sentence, told_name

CHECKPOINT = CheckpointRow(size=214, root="0" * 64, signed_at=NOW)


def event(type_: EventType, **detail: Any) -> EventRow:
    """An event by DC Patel."""
    return EventRow(
        uid="0" * 32,
        type=type_,
        operation="",
        at=NOW,
        actor="patel",
        subject="BWV-26-0412-7F3A",
        purpose="",
        detail=detail,
        leaf_hash="31be90" + "0" * 58,
        leaf_index=12,
    )


TOLD = {
    "a viewing": (
        replace(event(EventType.VIEW, note="01/4412/26"), purpose="investigation"),
        ("Viewed", "DC A. Patel · investigation · 01/4412/26"),
    ),
    "a pack that went out": (
        replace(
            event(EventType.EXPORT, what="pack", recipient="CPS London", size=4_500_000),
            purpose="investigation",
        ),
        ("Disclosed", "DC A. Patel · to CPS London · investigation · 4.5 MB"),
    ),
    "a refusal": (
        event(EventType.ACCESS_REFUSED, action="view", rule="access.no-rule"),
        ("Refused to watch", "DC A. Patel · no right to this recording"),
    ),
    "a good check": (
        event(EventType.FIXITY_CHECK, outcome="unchanged"),
        (
            "Checked: unchanged",
            "DC A. Patel · read again from first byte to last, SHA-256 matches",
        ),
    ),
    "a bad check": (
        event(EventType.FIXITY_CHECK, outcome="changed", found="ff"),
        ("Checked: CHANGED", "DC A. Patel · SHA-256 does not match"),
    ),
    "a check of a file that does not open": (
        event(EventType.FIXITY_CHECK, outcome="changed", found=None),
        ("Checked: CHANGED", "DC A. Patel · a part of it is not what was sealed"),
    ),
    "a check of a file that is gone": (
        event(EventType.FIXITY_CHECK, outcome="unreadable", found=None),
        ("Checked: cannot be read", "DC A. Patel · the stored file could not be opened"),
    ),
    "a check that begins": (
        event(EventType.FIXITY_BEGUN),
        ("Check begun", "DC A. Patel · the stored bytes are read again"),
    ),
    "a dock's receipt": (
        event(EventType.RECEIPT, to="system:dock:BX-07"),
        ("Receipt given", "DC A. Patel · the camera may be emptied"),
    ),
    "a receipt where there is no camera": (
        event(EventType.RECEIPT, to="system:command-line:root"),
        ("Receipt given", "DC A. Patel · it is recorded"),
    ),
    "something that arrived damaged": (
        event(EventType.QUARANTINE, reason="The file ends early."),
        ("Kept, with a doubt", "DC A. Patel · The file ends early."),
    ),
    "an arrival with a digest": (
        replace(
            event(EventType.INGESTION, size=1_900_000, digest_agreed=True),
            actor="system:dock:BX-07",
        ),
        ("Arrived and checked", "Dock BX-07 · 1.9 MB · SHA-256 matches the sender's"),
    ),
    "an arrival without one": (
        replace(event(EventType.INGESTION, size=900), actor="system:dock:BX-07"),
        ("Arrived", "Dock BX-07 · 0.9 kB"),
    ),
    "a capture": (
        replace(
            event(EventType.CAPTURE, officer="4471QK", sequence=314),
            actor="system:camera:004471",
        ),
        ("Recorded", "Camera 004471 · worn by 4471QK · number 314"),
    ),
    "a marker": (
        event(EventType.MARKER_ADDED, frame=453, at_ms=30200, label="Search begins"),
        ("Marker added", "DC A. Patel · Search begins · frame 453"),
    ),
    "a still": (
        event(EventType.EXPORT, what="still", frame=453),
        ("Still taken", "DC A. Patel · frame 453"),
    ),
    "retention": (
        event(
            EventType.RETENTION_DECIDED, keep_until="2026-05-13T22:43:07.200Z", reason="It is so."
        ),
        ("Kept until 13 May 2026", "DC A. Patel · It is so."),
    ),
}


@pytest.mark.parametrize("case", TOLD)
def test_an_event_reads_as_a_sentence(case: str) -> None:
    row, told = TOLD[case]
    line = sentence(row, {"patel": "DC A. Patel"})
    assert (line.title, line.detail) == told
    assert (line.hash6, line.when) == ("31be90", NOW)


@given(
    type_=st.sampled_from(EventType),
    detail=st.dictionaries(st.text(max_size=9), st.text(max_size=9) | st.integers() | st.none()),
)
def test_no_event_is_left_untold_whatever_its_detail(
    type_: EventType, detail: dict[str, Any]
) -> None:
    assert sentence(event(type_, **detail)).title


def test_every_closed_word_has_its_words() -> None:
    assert set(narrate.PURPOSES) == set(Purpose)
    assert set(narrate.COPIES) == set(CopyKind) - {CopyKind.MASTER, CopyKind.SIDECAR}


def test_only_what_a_machine_compared_is_called_checked() -> None:
    checked = [case for case, (row, _) in TOLD.items() if sentence(row).checked]
    assert checked == ["a good check", "an arrival with a digest"]
    assert sentence(event(EventType.FIXITY_CHECK, outcome="changed")).alarm


def test_an_entry_says_what_it_waits_for() -> None:
    row = event(EventType.VIEW)
    assert sentence(replace(row, leaf_index=None)).durability == "waits for the log"
    assert sentence(row).durability == "entry 12, waits for a checkpoint"
    assert sentence(row, {}, CHECKPOINT).durability == "entry 12"


def test_parts_of_the_system_have_names_that_people_know() -> None:
    names = {"patel": "DC A. Patel"}
    assert told_name("system:dock:BX-07", names) == "Dock BX-07"
    assert told_name("system:jobs", names) == "The system"
    assert told_name("system:command-line:erin", names) == "erin at the machine"
    assert told_name("patel", names) == "DC A. Patel"
    assert told_name("gone", names) == "gone"


def test_a_time_that_no_clock_told_is_not_told_as_one() -> None:
    guessed = sentence(event(EventType.CAPTURE, start_taken_from="arrival"))
    assert "names no time" in guessed.detail
    assert "names no time" not in sentence(event(EventType.CAPTURE)).detail
