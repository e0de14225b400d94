"""`bodyworn verify` of statements and backups, by whoever has the log's key and nothing else."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.program import Program, program_in

from bodyworn.custody.note import Signer


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory, films: Path) -> Path:
    """Two snapshots, and beside them the log's public key."""
    folder = tmp_path_factory.mktemp("backed-up")
    program = program_in(tmp_path_factory.mktemp("program"))
    program.well("init", "--force-name", "Test Police")
    program.well("ingest", films)
    for _ in range(2):
        program.well("backup", folder / "backup")
    shutil.copy(program.data / "keys/log.vkey", folder)
    return folder


@pytest.fixture
def backup(backed_up: Path, tmp_path: Path) -> Path:
    """Bob's backup of Alice's footage, as it is handed to Erin."""
    shutil.copytree(backed_up, tmp_path, dirs_exist_ok=True)
    return tmp_path / "backup"


@pytest.fixture
def erin(backup: Path, tmp_path: Path) -> Program:
    """She has the folder and the key; there is no installation where she is."""
    return Program(data=tmp_path / "nowhere", folder=tmp_path, environment={})


def newest(backup: Path) -> Path:
    return sorted((backup / "snapshots").glob("*/statement"))[-1]


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def test_a_statement_is_judged_alone(erin: Program, backup: Path, tmp_path: Path) -> None:
    key = tmp_path / "log.vkey"
    for brought in (key, key.read_text().strip()):
        found = erin.well("verify", newest(backup), "--key", brought, "--json").facts
        assert (found["ok"], found["kind"], found["verdict"]) == (True, "statement", "proved")
        assert [step["number"] for step in found["steps"]] == [1, 2]
        assert found["proved"]
        assert found["not_proved"]


@pytest.mark.parametrize("one", [False, True], ids=["the newest", "one by name"])
def test_a_backup_is_read_from_first_to_last(erin: Program, backup: Path, one: bool) -> None:
    what = sorted((backup / "snapshots").iterdir())[0] if one else backup
    said = erin.well("verify", what, "--key", "log.vkey")
    assert [line.split()[:2] for line in said.out.splitlines()[:5]] == [
        [str(number), "ok"] for number in range(1, 6)
    ]
    assert "no key is in a backup" in said.out
    assert said.out.rstrip().endswith("All steps held.")


def a_stored_file(backup: Path) -> Path:
    return next(path for path in (backup / "blobs").rglob("*") if path.is_file())


def a_row(backup: Path) -> Path:
    return newest(backup).parent / "rows/records_recording.jsonl"


def the_head(backup: Path) -> Path:
    return newest(backup).parent / "head.json"


def a_tile(backup: Path) -> Path:
    """The entries of the newest tree; those of smaller ones are not needed any more."""
    tiles = (backup / "log/tile/entries").rglob("*")
    return max((path for path in tiles if path.is_file()), key=lambda path: int(path.name))


@pytest.mark.parametrize(
    ("place", "step"),
    [(newest, 1), (a_row, 3), (the_head, 3), (a_stored_file, 4), (a_tile, 5)],
)
def test_a_changed_byte_ends_with_five_at_its_step(
    erin: Program, backup: Path, place: Callable[[Path], Path], step: int
) -> None:
    spoil(place(backup))
    told = erin("verify", backup, "--key", "log.vkey", "--json")
    assert (told.code, told.facts["verdict"], told.facts["failed"]["step"]) == (5, "damaged", step)
    assert told.facts["proved"] == []


@pytest.mark.parametrize("place", [a_row, the_head, a_stored_file, a_tile])
def test_a_file_that_is_gone_ends_with_five(
    erin: Program, backup: Path, place: Callable[[Path], Path]
) -> None:
    place(backup).unlink()
    told = erin("verify", backup, "--key", "log.vkey")
    assert told.code == 5
    assert "WRONG" in told.out


def test_without_a_key_or_a_snapshot_it_ends_with_four(erin: Program, backup: Path) -> None:
    for what in (backup, newest(backup)):
        told = erin("verify", what, "--json")
        assert (told.code, told.facts["error"]["code"]) == (4, "verify.no-key")
    for statement in (backup / "snapshots").glob("*/statement"):
        statement.unlink()
    told = erin("verify", backup, "--key", "log.vkey", "--json")
    assert (told.code, told.facts["error"]["code"]) == (4, "backup.none")


def test_another_key_did_not_sign_it(erin: Program, backup: Path, tmp_path: Path) -> None:
    name = (tmp_path / "log.vkey").read_text().partition("+")[0]
    mallory = Signer.generate(name).verifier.text
    for what in (backup, newest(backup)):
        told = erin("verify", what, "--key", mallory, "--json")
        assert (told.code, told.facts["failed"]["step"]) == (5, 1)


def test_what_does_not_go_with_it_is_wrong_use(erin: Program, backup: Path) -> None:
    for option in ("--policy", "--older", "--bytes", "--log"):
        value = backup / "log" if option == "--log" else backup / "log/checkpoint"
        assert erin("verify", backup, "--key", "log.vkey", option, value).code == 2
