"""Real processes beside a real log: one that is killed, and readers that do not wait."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.custody.making import NOW, ORIGIN, POLICE, entries, files_of

from bodyworn.custody.log import Log
from bodyworn.custody.proof import write_proof
from bodyworn.custody.published import PublishedLog
from bodyworn.custody.verify import verify_entry_proof, verify_log

WRITER = """
import sys
from pathlib import Path
from bodyworn.custody import journal
from bodyworn.custody.log import Log
from tests.custody.making import NOW, ORIGIN, POLICE, entries

journal.ROOM = 100_000  # many turns before it is killed
log = Log(Path(sys.argv[1]), origin=ORIGIN, signer=POLICE)
print("ready", flush=True)
for step in range(300):
    log.integrate(entries(step % 90, first=log.size), from_index=log.size, now=NOW)
"""


@pytest.mark.crash
def test_a_writer_that_is_killed_leaves_a_log_that_goes_on(tmp_path: Path) -> None:
    chance = random.Random(4471)
    for _ in range(5):
        kill_a_writer(tmp_path, after=chance.uniform(0.0, 0.08))
        assert not (tmp_path / "checkpoint").exists() or verify_log(tmp_path, POLICE.verifier).ok
    log = Log(tmp_path, origin=ORIGIN, signer=POLICE)
    size = log.size + 300
    log.integrate(entries(size), from_index=0, now=NOW)
    assert verify_log(tmp_path, POLICE.verifier).ok
    assert log.entry(size - 1) == entries(1, first=size - 1)[0]


def kill_a_writer(folder: Path, *, after: float) -> None:
    """Let a process write for so many seconds, then kill it as the kernel would."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(after)
        writer.send_signal(signal.SIGKILL)


def test_a_reader_beside_the_writer_never_sees_a_broken_tree(tmp_path: Path) -> None:
    log = Log(tmp_path, origin=ORIGIN, signer=POLICE)
    log.integrate(entries(200), from_index=0, now=NOW)
    writer = threading.Thread(target=append_one_by_one, args=(log, 320))
    writer.start()
    seen = set()
    try:
        while writer.is_alive():
            proof = PublishedLog(tmp_path, POLICE.verifier).proof(199)
            assert verify_entry_proof(write_proof(proof), entries(200)[199], POLICE.verifier).ok
            seen.add(proof.checkpoint)
    finally:
        writer.join()
    assert len(seen) > 1
    assert "tile/0/000" in files_of(tmp_path)


def append_one_by_one(log: Log, until: int) -> None:
    """Past 256, so that partial tiles vanish under the reader."""
    for index in range(log.size, until):
        log.integrate(entries(1, first=index), from_index=index, now=NOW)
