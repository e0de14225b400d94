"""SIGKILL at random steps of ingest, commit, publish and erase: each is whole or never was.

`BODYWORN_KILLS` says how often; 30 times in the ordinary run, 1,000 times by `make crash`. Steps
come from a fixed seed.
"""

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pysqlite3
import pytest

from bodyworn.store.layout import Layout

KILLS = int(os.environ.get("BODYWORN_KILLS", "30"))
LONGEST_LIFE = 1500  # steps
AFTERWARDS = {"BODYWORN_FROZEN_AT": "2026-04-19T09:00:00Z"}

pytestmark = pytest.mark.crash


def _bodyworn(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bodyworn", "--data", str(data), *words]
    environ = {**os.environ, **AFTERWARDS}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)


def _rows(data: Path, question: str) -> list[tuple[object, ...]]:
    with pysqlite3.connect(Layout(data).records) as database:
        rows: list[tuple[object, ...]] = database.execute(question).fetchall()
        return rows


def _die(data: Path, diary: Path) -> list[str]:
    """So many machines one after the other, and one that finishes what they left; what the mother
    said of each."""
    chance = random.Random(20260414)
    steps = [chance.randrange(1, LONGEST_LIFE) for _ in range(KILLS)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.eraser", str(data), str(diary)],
        input="".join(f"{step}\n" for step in [*steps, 0]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[str]], list[str]]:
    """The data folder, what the machines noted, and how each ended."""
    folder = tmp_path_factory.mktemp("erasing")
    data, diary = folder / "data", folder / "diary"
    assert _bodyworn(data, "init").returncode == 0
    ends = _die(data, diary)
    return data, [line.split() for line in diary.read_text().splitlines()], ends


Aftermath = tuple[Path, list[list[str]], list[str]]


def _noted(aftermath: Aftermath, deed: str) -> set[str]:
    return {words[1] for words in aftermath[1] if words[0] == deed}


def test_every_machine_died_by_the_signal_and_some_got_to_the_end_of_an_erasure(
    aftermath: Aftermath,
) -> None:
    assert aftermath[2] == [*(str(number) for number in range(1, KILLS + 1)), "ended:0"]
    assert len(_noted(aftermath, "erased")) >= KILLS // 10


def test_whatever_was_recorded_is_held_or_was_asked_to_go(aftermath: Aftermath) -> None:
    held = {row[0] for row in _rows(aftermath[0], "SELECT reference FROM records_recording")}
    assert _noted(aftermath, "recorded") <= held | _noted(aftermath, "erasing")


def test_whatever_was_erased_stays_erased_and_has_its_certificate(aftermath: Aftermath) -> None:
    question = "SELECT reference, state, certificate FROM records_erasure"
    rows = {row[0]: row[1:] for row in _rows(aftermath[0], question)}
    assert _noted(aftermath, "erased") <= set(rows)
    assert set(rows) <= _noted(aftermath, "erasing")
    assert {state for state, _ in rows.values()} == {"done"}
    assert all(str(note).startswith("bodyworn.example/log/erasure\n") for _, note in rows.values())


def test_each_has_one_tombstone_and_no_row_is_left_of_it(aftermath: Aftermath) -> None:
    data = aftermath[0]
    events = _rows(data, "SELECT uid FROM records_custodyevent WHERE type = 'deletion'")
    assert Counter(events) == Counter(_rows(data, "SELECT event FROM records_erasure"))
    both = "SELECT 1 FROM records_recording JOIN records_erasure USING (reference)"
    assert _rows(data, both) == []


def test_every_key_of_theirs_is_gone_and_says_so_once(aftermath: Aftermath) -> None:
    data = aftermath[0]
    closed = _rows(data, "SELECT bucket, generation, destroyed_at FROM records_closedbucket")
    keys = {path.name for path in Layout(data).buckets.glob("*.key")}
    for bucket, generation, destroyed_at in closed:
        assert destroyed_at is not None
        assert f"{str(bucket).replace('/', '%2F')}.{generation}.key" not in keys
    ends = _rows(data, "SELECT count(*) FROM records_custodyevent WHERE type = 'key:destroyed'")
    assert ends == [(len(closed),)]


def test_no_file_of_theirs_is_left(aftermath: Aftermath) -> None:
    data = aftermath[0]
    known = {row[0] for row in _rows(data, "SELECT sha256 FROM records_copy")}
    noted = {words[2]: words[1] for words in aftermath[1] if words[0] == "recorded"}
    gone = {row[0] for row in _rows(data, "SELECT reference FROM records_erasure")}
    files = {path.name for path in Layout(data).blobs.rglob("*") if path.is_file()}
    erased = {digest for digest, reference in noted.items() if reference in gone}
    assert not (erased - known) & files
    assert not [name for name in files if name.endswith(".going")]


def test_survivors_are_readable_and_everything_verifies(aftermath: Aftermath) -> None:
    found = _bodyworn(aftermath[0], "verify", "--json")
    assert found.returncode == 0, found.stdout + found.stderr
