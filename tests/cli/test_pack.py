"""`bodyworn pack` as a person meets it, and the pack as the one who gets it does."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.program import Program


@pytest.fixture
def references(made: Program, clips: Path) -> list[str]:
    made.well("ingest", clips)
    recordings = made.well("list", "--json").facts["recordings"]
    return [row["reference"] for row in recordings]


FOR_COURT = ("--recipient", "CPS London", "--purpose", "investigation")


def test_nothing_goes_out_to_nobody_or_for_nothing(
    made: Program, references: list[str], tmp_path: Path
) -> None:
    words = ("pack", references[0], "--to", tmp_path / "out")
    for half in ((), ("--recipient", "CPS"), (*FOR_COURT, "--recipient", " ")):
        said = made(*words, *half)
        assert (said.code, "both go on record" in said.err) == (2, True)
    assert not (tmp_path / "out").exists()
    assert "Disclosed" not in made.well("show", references[0]).out


def test_a_pack_is_made_said_and_checked_elsewhere(
    made: Program, references: list[str], tmp_path: Path
) -> None:
    said = made.well("pack", *references, "--to", tmp_path / "out", *FOR_COURT)
    assert f"{tmp_path / 'out'}: " in said.out
    assert "sha256sum -c SHA256SUMS" in said.out
    sums = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    subprocess.run(sums, cwd=tmp_path / "out", check=True)
    key = (made.data / "keys" / "log.vkey").read_text().strip()
    check = [sys.executable, "-I", "data/verify.py", ".", "--key", key]
    assert subprocess.run(check, cwd=tmp_path / "out", check=False).returncode == 0

    shown = made.well("show", references[0])
    assert "CPS London" in shown.out
    made.well("verify")


def test_one_file_and_its_facts_as_json(
    made: Program, references: list[str], tmp_path: Path
) -> None:
    to: list[str | Path] = [references[0], "--to", tmp_path / "out", *FOR_COURT]
    facts = made.well("pack", *to, "--zip", "--json").facts
    assert facts["path"] == str(tmp_path / "out.zip")
    assert (tmp_path / "out.zip").stat().st_size > facts["size"]
    (film,) = facts["films"]
    assert film["reference"] == references[0]
    assert film["credentials"] == "beside"
    assert "SHA256SUMS" in facts["files"]


def test_a_dry_run_says_what_there_would_be(
    made: Program, references: list[str], tmp_path: Path
) -> None:
    said = made.well("pack", *references, "--to", tmp_path / "out", "--dry-run")
    assert all(reference in said.out for reference in references)
    assert not (tmp_path / "out").exists()
    facts = made.well("pack", references[0], "--to", tmp_path / "out", "--dry-run", "--json").facts
    assert [film["kind"] for film in facts["films"]] == ["master"]
    assert "Disclosed" not in made.well("show", references[0]).out


def test_what_cannot_be_made_is_refused_in_a_sentence(
    made: Program, references: list[str], tmp_path: Path
) -> None:
    unknown = made("pack", "BWV-26-0101-0000", "--to", tmp_path / "out", *FOR_COURT)
    assert (unknown.code, unknown.out) == (4, "")
    (tmp_path / "out").mkdir()
    there = made("pack", references[0], "--to", tmp_path / "out", *FOR_COURT)
    assert there.code == 3
    assert "is there already. (pack.target-exists)" in there.err
    odd = made("pack", references[0], "--to", tmp_path / "new", "--copy", "strip", *FOR_COURT)
    assert (odd.code, "pack.no-such-copy" in odd.err) == (4, True)
    nothing = made("pack", "--to", tmp_path / "new")
    assert nothing.code == 2
