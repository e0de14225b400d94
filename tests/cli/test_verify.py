"""`bodyworn verify` of what somebody hands over: no data folder, the file's own sentences."""

import os
from pathlib import Path
from typing import Any

import pytest
from tests.custody.making import POLICE
from tests.custody.outside_cases import (
    FOOTAGE,
    cases,
    export_of,
    inner,
    lay,
    pack_of,
    packed,
    witnessed,
    world,
)
from tests.custody.outside_runs import run, words_of
from tests.custody.overseeing import policy_text
from tests.program import Program

KEY = POLICE.verifier.text
CASES = {case.name: case for case in cases()}


@pytest.fixture
def handed(tmp_path: Path) -> Path:
    """What Erin was given, and what she has kept herself."""
    lay(export_of(inner()), tmp_path / "export")
    lay(pack_of(packed()), tmp_path / "pack")
    lay(world().log, tmp_path / "log")
    (tmp_path / "log.vkey").write_text(KEY + "\n")
    (tmp_path / "kept").write_text(world().kept)
    (tmp_path / "policy").write_bytes(policy_text())
    (tmp_path / "entry").write_bytes(world().sealed[0][2].leaf)
    return tmp_path


def said(program: Program, *words: str | Path) -> Any:
    """A good answer, without any data folder."""
    assert not program.data.exists()
    return program.well("verify", *words, "--json").facts


@pytest.mark.parametrize("what", ["export", "pack", "log"])
def test_a_folder_is_judged_by_what_lies_there(bodyworn: Program, handed: Path, what: str) -> None:
    found = said(bodyworn, handed / what, "--key", KEY)
    assert (found["ok"], found["kind"]) == (True, what)
    assert found["proved"]
    assert found["not_proved"]


def test_log_key_policy_and_a_kept_checkpoint_are_brought_along(
    bodyworn: Program, handed: Path
) -> None:
    key, kept = ("--key", handed / "log.vkey"), ("--older", handed / "kept")
    brought = (*key, *kept, "--policy", handed / "policy", "--log", handed / "log")
    found = said(bodyworn, handed / "pack", *brought)
    assert [step["number"] for step in found["steps"]] == [*range(1, 12)]
    (handed / "log/checkpoint.witnessed").write_bytes(witnessed(world().kept))
    found = said(bodyworn, "--log", handed / "log", *key, *kept, "--policy", handed / "policy")
    assert [step["number"] for step in found["steps"]] == [*range(1, 7)]


def test_a_proof_and_a_receipt_are_judged_alone(bodyworn: Program, handed: Path) -> None:
    proof = handed / "export/proofs/000000003.tlog-proof"
    assert said(bodyworn, proof, "--key", KEY, "--bytes", handed / "entry")["kind"] == "proof"
    receipt = handed / "export/receipt.txt"
    found = said(bodyworn, receipt, "--key", KEY, "--bytes", handed / "export/clip.mp4")
    assert found["kind"] == "receipt"
    assert len(found["steps"]) == 2


def test_damage_ends_with_five_and_is_named(bodyworn: Program, handed: Path) -> None:
    (handed / "pack/data/clip.mp4").write_bytes(FOOTAGE[1:])
    told = bodyworn("verify", handed / "pack")
    assert told.code == 5
    assert " 3  WRONG  data/clip.mp4 is not what" in told.out
    assert "What was NOT proved:" in told.out


def test_what_is_not_there_ends_with_four(bodyworn: Program, handed: Path) -> None:
    assert bodyworn("verify", handed / "nothing").code == 4
    assert bodyworn("verify", handed / "log").code == 4, "there is no key"
    (handed / "folder").mkdir()
    assert bodyworn("verify", handed / "folder", "--json").facts["error"]["code"] == (
        "verify.nothing-to-judge"
    )
    os.mkfifo(handed / "pipe")
    assert bodyworn("verify", handed / "pipe").code == 5


def test_what_does_not_fit_is_wrong_use(made: Program, handed: Path) -> None:
    assert made("verify", "--older", handed / "kept").code == 2
    assert made("verify", "BWV-26-0412-7F3A", "--key", KEY).code == 2
    assert made("verify", handed / "pack", "--key", "police.example+00000000+AAAA").code == 2
    private = made("verify", handed / "pack", "--key", made.data / "keys" / "log.key")
    assert (private.code, "private key" in private.err) == (2, True)
    assert "That is a data folder" in made("verify", made.data).err
    assert made("verify", handed / "pack", "--policy", handed / "log.vkey").code == 2


@pytest.mark.parametrize(
    "name", ["good pack and log", "pack, rewritten log", "log, entry and all tiles forged"]
)
def test_the_program_says_what_the_file_says(bodyworn: Program, tmp_path: Path, name: str) -> None:
    words = words_of(CASES[name], tmp_path)
    code, told = run(*words)
    ours = bodyworn("verify", *words, "--json")
    facts = ours.facts
    assert facts.pop("ok") is (code == 0)
    assert (ours.code, facts) == (code, told)
