"""SIGKILL at random moments of upload and ingest: nothing acknowledged is lost, nothing is twice.

`BODYWORN_KILLS` says how often (the bar is 1,000); the moments come from a fixed seed, the
machine's own speed does the rest.
"""

import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pysqlite3
import pytest
from tests.crash.camera import Sender, film

from bodyworn.core.digest import Sha256
from bodyworn.store.keyring import KeyFolder
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Vault
from bodyworn.store.sealed import DataKey

KILLS = int(os.environ.get("BODYWORN_KILLS", "30"))
SENDERS = 3
LONGEST_LIFE = 0.35  # seconds

MASTERS = """SELECT copy.sha256, recording.reference FROM records_copy AS copy
  JOIN records_recording AS recording ON recording.id = copy.recording_id
 WHERE copy.kind = 'master'"""

pytestmark = pytest.mark.crash


class Mother:
    """The process that forks machines."""

    def __init__(self, data: Path, upload_port: int, pages_port: int) -> None:
        """Imports everything, once."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.machine", data, str(upload_port), str(pages_port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def machine(self) -> int:
        """The process id of a new machine."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        """No more machines."""
        with self._process as process:
            process.communicate(timeout=10)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _bodyworn(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bodyworn", "--data", str(data), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _rows(data: Path, question: str) -> list[tuple[object, ...]]:
    with pysqlite3.connect(Layout(data).records) as database:
        rows: list[tuple[object, ...]] = database.execute(question).fetchall()
        return rows


def _let_it_settle(data: Path, mother: Mother) -> None:
    """One machine that is left alone until the inbox is empty and every event has its place."""
    alive = mother.machine()
    unplaced = "SELECT count(*) FROM records_custodyevent WHERE leaf_index IS NULL"
    for _ in range(300):
        if not list(Layout(data).inbox.glob("*.json")) and _rows(data, unplaced) == [(0,)]:
            break
        time.sleep(0.1)
    os.kill(alive, signal.SIGKILL)


class Battle:
    """Senders that send while machines die."""

    def __init__(self, data: Path, token: str) -> None:
        """Nothing runs yet."""
        self.is_over = threading.Event()
        self.ports = _free_port(), _free_port()
        self.senders = [
            Sender(api=f"http://127.0.0.1:{self.ports[1]}", token=token) for _ in range(SENDERS)
        ]
        self.failures: list[BaseException] = []
        self.threads = [
            threading.Thread(target=self._send, args=(one, n))
            for n, one in enumerate(self.senders, 1)
        ]
        self.mother = Mother(data, *self.ports)

    def fight(self) -> int:
        """Until so many machines were killed and every film has its receipt; how many died."""
        chance, kills = random.Random(20260413), 0
        alive = self.mother.machine()
        for thread in self.threads:
            thread.start()
        while kills < KILLS and not self.failures:
            time.sleep(chance.uniform(0.01, LONGEST_LIFE))
            os.kill(alive, signal.SIGKILL)
            kills, alive = kills + 1, self.mother.machine()
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        os.kill(alive, signal.SIGKILL)
        return kills

    @property
    def films(self) -> int:
        """How many films were given a receipt."""
        return sum(len(sender.recorded) for sender in self.senders)

    def end(self) -> None:
        """Hang up; no more machines."""
        for sender in self.senders:
            sender.close()
        self.mother.end()

    def _send(self, sender: Sender, first: int) -> None:
        """One film after the other, each until it has its receipt, as long as machines die."""
        try:
            for sequence in itertools.count(first, SENDERS):
                sender.send(film(sequence))
                if self.is_over.is_set():
                    return
        except BaseException as error:  # a thread's failure is the test's
            self.failures.append(error)


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Battle, int]:
    """The data folder after the battle, the battle, and how many machines died in it."""
    data = tmp_path_factory.mktemp("battle") / "data"
    assert _bodyworn(data, "init").returncode == 0
    added = _bodyworn(data, "dock", "add", "BX-07", "--place", "Brixton", "--json")
    battle = Battle(data, json.loads(added.stdout)["token"])
    try:
        kills = battle.fight()
        _let_it_settle(data, battle.mother)
    finally:
        battle.end()
    return data, battle, kills


Aftermath = tuple[Path, Battle, int]


def test_so_many_machines_were_killed_and_films_got_their_receipts(aftermath: Aftermath) -> None:
    _, battle, kills = aftermath
    assert not battle.failures, battle.failures[0]
    assert kills == KILLS
    assert battle.films >= SENDERS


def test_no_acknowledged_recording_is_lost(aftermath: Aftermath) -> None:
    data, battle, _ = aftermath
    kept = {row[0]: row[1] for row in _rows(data, MASTERS)}
    for sender in battle.senders:
        assert sender.received <= set(kept)
        for sha256, reference in sender.recorded.items():
            assert kept[sha256] == reference


def test_none_is_kept_twice(aftermath: Aftermath) -> None:
    data, battle, _ = aftermath
    recordings = _rows(data, "SELECT id FROM records_recording")
    assert len(_rows(data, MASTERS)) == len(recordings) == battle.films
    ingested = "SELECT recording_id, count(*) FROM records_custodyevent WHERE type='ingestion'"
    assert {row[1] for row in _rows(data, ingested + " GROUP BY recording_id")} == {1}


def test_no_partial_object_is_visible(aftermath: Aftermath) -> None:
    data, battle, _ = aftermath
    blobs = [path for path in Layout(data).blobs.rglob("*") if path.is_file()]
    named = [path for path in blobs if len(path.name) == 64]
    assert len(named) >= battle.films
    vault, ring = Vault(Layout(data)), KeyFolder(Layout(data).buckets)
    for path in named:
        digest = Sha256.parse(path.name)
        born = vault.slot(digest)
        vault.check(digest, DataKey(ring.unwrap(born.bucket, born.wrapped)))


def test_the_tree_verifies(aftermath: Aftermath) -> None:
    data, _, _ = aftermath
    found = _bodyworn(data, "verify", "--json")
    assert found.returncode == 0, found.stdout + found.stderr
