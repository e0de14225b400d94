"""`bodyworn describe`: footage that no account could open is found again by those it is for."""

from pathlib import Path

import pytest
from tests.program import Program

WHY = ("--reason", "A label on the card.")


@pytest.fixture
def reference(made: Program, clips: Path) -> str:
    """One recording without a borough and an officer."""
    (receipt,) = made.well("ingest", clips / "one.mp4", "--json").facts["receipts"]
    return str(receipt["reference"])


def test_what_is_said_later_is_listed_shown_and_verified(made: Program, reference: str) -> None:
    words = ("describe", reference, "--borough", "Lambeth", "--title", "Stop in the rain", *WHY)
    tried = made.well(*words, "--dry-run")
    assert "this was a dry run" in tried.out
    assert made.well("list", "rain", "--json").facts["recordings"] == []
    said = made.well(*words, "--json").facts
    assert said["old"] == {"borough": None, "title": ""}
    assert said["new"] == {"borough": "Lambeth", "title": "Stop in the rain"}
    (row,) = made.well("list", "rain", "--json").facts["recordings"]
    assert row["borough"] == "Lambeth"
    shown = made.well("show", reference).out
    assert "Description corrected" in shown
    assert "borough: none, now Lambeth" in shown
    assert made.well("verify", "--json").facts["ok"] is True


def test_another_beginning_needs_a_zone_and_keeps_the_reference(
    made: Program, reference: str
) -> None:
    said = made("describe", reference, "--started-at", "2026-04-12 22:41", *WHY, "--json")
    assert (said.code, said.facts["error"]["code"]) == (3, "describe.bad-time")
    made.well("describe", reference, "--started-at", "2026-04-12T23:41:07+01:00", *WHY)
    facts = made.well("show", reference, "--json").facts
    assert (facts["started_at"], facts["started_at_source"]) == (
        "2026-04-12T22:41:07.000Z",
        "person",
    )


def test_wrong_use_is_refused_in_sentences(made: Program, reference: str) -> None:
    for words, code, status in (
        ((reference, *WHY), "describe.nothing-new", 3),
        ((reference, "--officer", "9999XX", *WHY), "describe.no-officer", 4),
        ((reference, "--title", "x", "--reason", " "), "describe.no-reason", 3),
        (("BWV-26-0101-0000", "--title", "x", *WHY), "records.no-recording", 4),
    ):
        said = made("describe", *words, "--json")
        assert (said.code, said.facts["error"]["code"]) == (status, code), words
    assert made("describe", reference, "--title", "x").code == 2
