"""SIGKILL at random moments of group commit and of the journal's turns: what was told stays true.

`BODYWORN_KILLS` says how often; the moments come from a fixed seed, the machine's own speed does
the rest.
"""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pysqlite3
import pytest

from bodyworn.custody.checkpoint import peek
from bodyworn.store.layout import Layout

KILLS = int(os.environ.get("BODYWORN_KILLS", "30"))
LONGEST_LIFE = 0.3  # seconds
PLACES = "SELECT uid, leaf_index FROM records_custodyevent"

pytestmark = pytest.mark.crash


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is there once it is over."""

    data: Path
    kills: int
    told: list[tuple[str, int]]  # what callers were told: uid and place
    rows: dict[str, int | None]  # the same, as the database has it


def _places(data: Path) -> dict[str, int | None]:
    with pysqlite3.connect(Layout(data).records) as database:
        rows: list[tuple[str, int | None]] = database.execute(PLACES).fetchall()
        return dict(rows)


def _verify(data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bodyworn", "--data", str(data), "verify", "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _killed(mother: subprocess.Popen[str]) -> int:
    """How many machines were killed, each at its own moment."""
    chance = random.Random(4471)
    for _ in range(KILLS):
        machine = _machine(mother, "live")
        time.sleep(chance.uniform(0.0, LONGEST_LIFE))
        os.kill(machine, signal.SIGKILL)
    return KILLS


def _machine(mother: subprocess.Popen[str], what: str) -> int:
    assert mother.stdin
    assert mother.stdout
    mother.stdin.write(f"{what}\n")
    mother.stdin.flush()
    return int(mother.stdout.readline())


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    folder = tmp_path_factory.mktemp("commits")
    data, acks = folder / "data", folder / "acks"
    begin = [sys.executable, "-m", "bodyworn", "--data", str(data), "init"]
    assert subprocess.run(begin, capture_output=True, check=False).returncode == 0
    acks.touch()
    command = [sys.executable, "-m", "tests.crash.committer", str(data), str(acks)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as mother:
        kills = _killed(mother)
        _machine(mother, "settle")
        mother.communicate(timeout=60)
    lines = (line.split() for line in acks.read_text().splitlines())
    told = [(uid, int(index)) for uid, index in lines]
    return Aftermath(data, kills, told, _places(data))


def test_so_many_machines_were_killed_while_callers_were_answered(aftermath: Aftermath) -> None:
    assert aftermath.kills == KILLS
    assert len(aftermath.told) > KILLS


def test_no_event_that_a_caller_was_told_of_is_lost_or_moved(aftermath: Aftermath) -> None:
    for uid, index in aftermath.told:
        assert aftermath.rows[uid] == index


def test_none_was_told_twice_and_no_place_is_left_out(aftermath: Aftermath) -> None:
    assert len(dict(aftermath.told)) == len(aftermath.told)
    placed = sorted(index for index in aftermath.rows.values() if index is not None)
    assert placed == list(range(len(placed)))


def test_the_log_holds_all_of_it_and_the_tree_verifies(aftermath: Aftermath) -> None:
    shown = peek((Layout(aftermath.data).log / "checkpoint").read_bytes())
    assert shown.size == len(aftermath.rows)
    found = _verify(aftermath.data)
    assert found.returncode == 0, found.stdout + found.stderr
