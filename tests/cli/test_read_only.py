"""A data folder on a disk that nobody can write to: a mounted backup, or an exhibit.

The disk is real: a bind mount in a name space of its own, where the machine lets us make one.
"""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pysqlite3
import pytest
from tests import databases
from tests.program import BIN, Program, Said

IN_A_NAME_SPACE = ("unshare", "--map-root-user", "--mount", "sh", "-c")
MOUNTED = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
Reads = Callable[..., Said]


def mounted(program: Program, *words: str | Path) -> Said:
    """Run something where the data folder can only be read."""
    done = subprocess.run(
        [*IN_A_NAME_SPACE, MOUNTED, str(program.data), *map(str, words)],
        cwd=program.folder,
        env=program.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def reads(made: Program) -> Reads:
    """`bodyworn` on a read-only mount of the data folder."""
    if databases.wants_postgresql():
        pytest.skip("is about SQLite's file")
    if shutil.which("unshare") is None or mounted(made, "true").code != 0:
        pytest.skip("this machine lets nobody mount a folder read-only for a test")
    return lambda *words: mounted(made, BIN / "bodyworn", *words)


def beside(program: Program) -> set[str]:
    """Which of SQLite's two notes lie beside the database."""
    found = program.data.glob("records.sqlite3-*")
    return {path.name.removeprefix("records.sqlite3") for path in found}


def test_everything_is_verified_and_shown_and_nothing_is_written(
    made: Program, clips: Path, reads: Reads
) -> None:
    (one, _) = made.well("ingest", clips, "--json").facts["receipts"]
    assert beside(made) == set()
    assert reads("verify", "--json").facts["ok"] is True
    assert reads("verify", one["reference"]).code == 0
    assert one["reference"] in reads("list").out
    before = sorted(made.data.rglob("*"))
    said = reads("describe", one["reference"], "--title", "x", "--reason", "y", "--json")
    assert (said.code, said.facts["error"]["code"]) == (7, "database.read-only")
    assert sorted(made.data.rglob("*")) == before


def test_damage_is_found_there_as_anywhere(made: Program, clips: Path, reads: Reads) -> None:
    made.well("ingest", clips)
    files = (path for path in (made.data / "blobs").rglob("*") if path.is_file())
    blob = max(files, key=lambda path: path.stat().st_size)
    blob.write_bytes(bytes(blob.stat().st_size))
    said = reads("verify", "--json")
    assert (said.code, said.facts["ok"]) == (5, False)


def test_what_another_mount_is_writing_is_seen(made: Program, clips: Path, reads: Reads) -> None:
    writer = pysqlite3.connect(str(made.data / "records.sqlite3"))
    try:
        writer.execute("SELECT count(*) FROM records_recording").fetchone()
        made.well("ingest", clips / "one.mp4")
        assert beside(made) == {"-wal", "-shm"}
        assert len(reads("list", "--json").facts["recordings"]) == 1
        assert reads("verify").code == 0
    finally:
        writer.close()


def test_a_copy_that_cannot_be_read_whole_is_not_read_at_all(
    made: Program, clips: Path, reads: Reads
) -> None:
    """What stands in the WAL alone must not silently be missing from a verification."""
    writer = pysqlite3.connect(str(made.data / "records.sqlite3"))
    writer.execute("SELECT count(*) FROM records_recording").fetchone()
    made.well("ingest", clips / "one.mp4")
    torn = made.data.with_name("torn")
    shutil.copytree(made.data, torn, ignore=shutil.ignore_patterns("*-shm"))
    writer.close()
    shutil.rmtree(made.data)
    torn.rename(made.data)
    for verb in ("verify", "list"):
        said = reads(verb, "--json")
        assert (said.code, said.facts["error"]["code"]) == (7, "database.not-closed")
