"""SIGKILL at random moments of backup, restore and move: the same statement in the end.

`BODYWORN_MOVE_KILLS` says how often each is killed; the moments come from a fixed seed, the
machine's own speed does the rest.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.work.moving import furnish, keys_of

from bodyworn.core.types import Actor
from bodyworn.custody.note import Verifier, load_verifier
from bodyworn.custody.statement import read_statement
from bodyworn.work.house import House
from bodyworn.work.moving.backups import Backups
from bodyworn.work.moving.comparing import verify_backup
from bodyworn.work.moving.migrate import migrate
from bodyworn.work.moving.snapshot import Snapshot

KILLS = int(os.environ.get("BODYWORN_MOVE_KILLS", "12"))
LONGEST_LIFE = 0.5  # seconds
MOST_RUNS = 400  # of one verb

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]


class Mover:
    """The process that forks and kills."""

    def __init__(self, data: Path) -> None:
        """Its children work on this data folder."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.mover", data],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, verb: str, *, life: float, **more: Any) -> str:
        """What became of one run."""
        assert self._process.stdin
        assert self._process.stdout
        order = {"verb": verb, "life": life} | {name: str(value) for name, value in more.items()}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        """No more runs."""
        with self._process as process:
            process.communicate(timeout=10)


@contextmanager
def mover(data: Path) -> Iterator[Mover]:
    """A mover for the time of the block."""
    one = Mover(data)
    try:
        yield one
    finally:
        one.end()


def killed_until_done(move: Mover, verb: str, seed: int, **more: Any) -> int:
    """Kill it at random moments, at least `KILLS` of them, then let it end; how often."""
    moments = random.Random(seed)
    for killed in range(MOST_RUNS):
        share = 1.0 if killed < KILLS else 4.0
        ended = move(verb, life=share * moments.random() * LONGEST_LIFE, **more)
        assert ended != "failed"
        if ended == "done":
            return killed
    raise AssertionError("it never came to its end")


@pytest.fixture
def data(house: House, tmp_path: Path) -> Path:
    """A data folder that stands by itself, with its own database."""
    furnish(house, recordings=25, events=1_000)
    ended = migrate(house, to=tmp_path / "alone", by=Actor(name="system:command-line:frances"))
    assert ended.statement.is_same
    keys_of(house, tmp_path / "keys")
    return tmp_path / "alone"


def key_of(data: Path) -> Verifier:
    return load_verifier(data / "keys" / "log.vkey")


def statement_of(folder: Path) -> str:
    """Of the first backup that was finished: a kill after its end makes the next try a second."""
    backups = Backups(folder)
    finished = sorted(set(backups.snapshots.iterdir()) - {backups.unfinished.folder})
    return Snapshot(finished[0]).statement.read_text()


def test_a_backup_that_is_killed_again_and_again_ends_with_the_same_statement(
    data: Path, tmp_path: Path
) -> None:
    twin, folder = shutil.copytree(data, tmp_path / "twin"), tmp_path / "backup"
    with mover(twin) as move:
        assert move("backup", life=60, folder=tmp_path / "undisturbed") == "done"
    with mover(data) as move:
        killed = killed_until_done(move, "backup", 1, folder=folder)
    assert killed > 0
    assert statement_of(folder) == statement_of(tmp_path / "undisturbed")
    assert verify_backup(folder, key_of(data))[1] == []


def test_a_restore_that_is_killed_again_and_again_ends_with_the_same_statement(
    data: Path, tmp_path: Path
) -> None:
    folder, keys = tmp_path / "backup", tmp_path / "keys"
    with mover(data) as move:
        assert move("backup", life=60, folder=folder) == "done"
        whole, torn = tmp_path / "whole", tmp_path / "torn"
        assert move("restore", life=60, folder=folder, keys=keys, to=whole) == "done"
        assert killed_until_done(move, "restore", 2, folder=folder, keys=keys, to=torn) > 0
    (one,), (other,) = (list((root / "statements").iterdir()) for root in (whole, torn))
    assert one.read_text() == other.read_text()
    assert read_statement(one.read_text(), key_of(data)).is_same


def test_a_move_that_is_killed_again_and_again_ends_with_the_same_on_both_sides(
    data: Path, tmp_path: Path
) -> None:
    with mover(data) as move:
        assert killed_until_done(move, "move", 3, to=tmp_path / "new") > 0
    ours = {path.name: path.read_text() for path in (data / "statements").iterdir()}
    theirs = {path.name: path.read_text() for path in (tmp_path / "new" / "statements").iterdir()}
    assert set(theirs.values()) <= set(ours.values())
    assert all(read_statement(note, key_of(data)).is_same for note in theirs.values())
    assert (data / "moved.json").exists()
    assert not (tmp_path / "new" / "moving").exists()
