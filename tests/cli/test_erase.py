"""Erasing and exchanging keys from the command line."""

import json
from pathlib import Path

import pytest
from tests.program import Program

GROUND = ("--policy", "MoPI 6.2", "--authority", "Supt B. Osei", "--reason", "Filmed by mistake")


@pytest.fixture
def filled(made: Program, clips: Path) -> Program:
    """Two recordings that came today."""
    made.well("ingest", str(clips))
    return made


def references(program: Program) -> list[str]:
    return sorted(one["reference"] for one in program.well("list", "--json").facts["recordings"])


def at(program: Program, moment: str) -> Program:
    """The same data folder at another time."""
    return Program(
        data=program.data,
        folder=program.folder,
        environment={**program.environment, "BODYWORN_FROZEN_AT": moment},
    )


def refused(program: Program, *words: str) -> str:
    said = program(*words, "--json")
    assert said.code != 0, said.out
    return str(said.facts["error"]["code"])


def test_an_erasure_asks_for_its_ground_and_for_a_yes(filled: Program) -> None:
    one = references(filled)[0]
    assert refused(filled, "erase", one, "--yes") == "erase.no-ground"
    assert refused(filled, "erase", one, *GROUND) == "erase.not-confirmed"
    assert refused(filled, "erase", one, *GROUND, "--yes") == "erase.refused"
    assert refused(filled, "erase", "BWV-x", *GROUND, "--yes") == "records.no-recording"
    assert refused(filled, "erase") == "cli.wrong-use"
    assert refused(filled, "erase", one, "--expired") == "cli.wrong-use"
    assert len(references(filled)) == 2


def test_a_dry_run_tells_and_changes_nothing(filled: Program) -> None:
    one = references(filled)[0]
    said = filled.well("erase", one, "--early", "--dry-run", "--json").facts["would_erase"]
    assert [(it["reference"], it["decision"]["rule"]) for it in said] == [(one, "erasure.early")]
    assert said[0]["bytes"] > 0
    assert "1 of 1 would be erased, 1 keys" in filled.well("erase", one, "--early", "--dry-run").out
    assert len(references(filled)) == 2


def test_what_was_erased_is_gone_and_its_certificate_follows(filled: Program) -> None:
    one, other = references(filled)
    said = filled.well("erase", one, *GROUND, "--early", "--yes", "--json").facts["erasures"][0]
    assert (said["state"], said["certificate"]) == ("ordered", "")
    assert said["waits_for"][0].startswith("arrival-")
    assert references(filled) == [other]
    assert refused(filled, "show", one, "--certificate") == "erase.not-done-yet"
    filled.well("verify")

    afterwards = at(filled, "2100-01-01T00:00:00Z")
    done = afterwards.well("erase", one, *GROUND, "--early", "--yes", "--json").facts["erasures"][0]
    assert done["state"] == "done"
    paper = afterwards.well("show", one, "--certificate").out
    assert "authority Supt B. Osei" in paper
    assert "Supt B. Osei" in afterwards.well("show", one).out
    assert json.loads(afterwards.well("show", one, "--json").out)["erased"]["reference"] == one
    afterwards.well("verify")


def test_everything_that_expired_goes_by_its_rule(filled: Program) -> None:
    assert filled.well("erase", "--expired", "--yes", "--json").facts == {"ordered": 0, "kept": []}
    afterwards = at(filled, "2100-01-01T00:00:00Z")
    assert afterwards.well("erase", "--expired", "--yes", "--json").facts["ordered"] == 2
    assert references(afterwards) == []
    afterwards.well("verify")


def test_keys_are_listed_and_exchanged_and_no_file_is_touched(filled: Program) -> None:
    files = {p: p.read_bytes() for p in (filled.data / "blobs").rglob("*") if p.is_file()}
    before = filled.well("keys", "list", "--json").facts["keys"]
    assert any(one["bucket"].startswith("arrival-") for one in before)
    destroyed = filled.well("keys", "rotate", "--json").facts["destroyed"]
    assert destroyed
    after = filled.well("keys", "list", "--json").facts["keys"]
    assert {one["generation"] for one in after if "arrival" not in one["bucket"]} == {2}
    assert {path: path.read_bytes() for path in files} == files
    filled.well("verify")


def test_a_bucket_that_is_not_there_cannot_be_exchanged(filled: Program) -> None:
    assert refused(filled, "keys", "rotate", "--bucket", "nothing/2026-01-01") == "keys.no-bucket"
    assert refused(filled, "show", "BWV-x", "--certificate") == "erase.no-erasure"
