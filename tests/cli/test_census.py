"""`bodyworn census`: taken, shown, proved and compared, by the force and by outsiders."""

import json

import pytest
from tests.custody.making import NOW, ORIGIN, POLICE, open_log
from tests.custody.test_census import DAYS, entry, taken, written
from tests.program import Program
from tests.work.arriving import film

from bodyworn.custody.note import Signer, save_verifier


@pytest.fixture
def outside(bodyworn: Program) -> Program:
    """Two censuses, of which the younger lacks two recordings, a copy of the log, and its key."""
    folder = bodyworn.folder
    old, new = taken(DAYS[0], range(5)), taken(DAYS[1], [0, 1, 2, 7])
    log = open_log(folder / "copy")
    log.integrate([old.head.leaf, new.head.leaf], from_index=0, now=NOW)
    save_verifier(folder / "log.vkey", POLICE.verifier)
    save_verifier(folder / "other.vkey", Signer.generate(ORIGIN).verifier)
    for one in (old, new):
        written(folder, one)
    return bodyworn


def test_an_outsider_finds_what_has_vanished(outside: Program) -> None:
    days = [str(day) for day in DAYS[:2]]
    words = ("census", "compare", *days, "--log", "copy", "--log-key")
    said = outside(*words, "log.vkey")
    assert said.code == 5
    assert "3 stayed, 1 came, 0 were erased, 2 vanished, 0 were exchanged." in said.out
    for number in (3, 4):
        assert f"{entry(number).id.hex()}: is gone, and the log holds no erasure of it." in said.out
    facts = outside(*words, "log.vkey", "--json").facts
    assert (facts["ok"], len(facts["vanished"])) == (False, 2)
    assert outside(*words, "other.vkey").code == 5
    (outside.folder / "copy" / "census").mkdir()
    for day in days:
        (outside.folder / day).rename(outside.folder / "copy" / "census" / day)
    assert outside(*words, "log.vkey", "--json").facts == facts, "a day is found in the log's copy"
    swapped = outside("census", "compare", *reversed(days), *words[4:], "log.vkey")
    assert "Name the older one first." in swapped.err
    missing = outside("census", "compare", days[0], "2026-05-01", "--log", "copy")
    assert "(census.missing)" in missing.err or "(log.key-missing)" in missing.err


def test_a_force_takes_shows_and_proves(made: Program) -> None:
    assert "No census was made yet." in made.well("census", "show").out
    made.well("census", "take")  # of nothing there is none
    clips = made.folder / "clips"
    clips.mkdir()
    (clips / "a.mp4").write_bytes(film(1))
    made.well("ingest", str(clips))
    said = made.well("census", "take", "--json").facts
    assert said["count"] == 1
    (shown,) = made.well("census", "show", "--json").facts["censuses"]
    assert (shown["count"], shown["is_there"], shown["day"]) == (1, True, said["day"])
    (recording,) = made.well("list", "--json").facts["recordings"]
    made.well("export", recording["reference"], "out", "--purpose", "check")  # publishes the leaf
    made.well("census", "prove", recording["reference"], "proof.json")
    key = str(made.data / "keys" / "log.vkey")
    told = made.well("census", "check", "proof.json", "--log-key", key).out
    assert recording["sha256"] in told if "sha256" in recording else recording["reference"] in told
    again = made("census", "prove", recording["reference"], "proof.json")
    assert (again.code, "(census.file-exists)" in again.err) == (3, True)
    proof = json.loads((made.folder / "proof.json").read_text())
    proof["sha256"] = "0" * 64
    (made.folder / "proof.json").write_text(json.dumps(proof))
    assert made("census", "check", "proof.json", "--log-key", key).code == 5
    (made.folder / "proof.json").write_text("[]")
    assert "(census.malformed)" in made("census", "check", "proof.json").err
    made.well("verify")
