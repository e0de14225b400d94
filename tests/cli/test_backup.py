"""`backup`, `backup-keys`, `restore`, `migrate`, `patrol`, `second-copy` as a person meets them."""

from pathlib import Path

import pytest
from tests import databases
from tests.program import Program, empty_database

from bodyworn.store.layout import Layout

KEPT = 2  # recordings


@pytest.fixture
def kept(made: Program, clips: Path) -> Program:
    made.well("ingest", str(clips))
    return made


def at(program: Program, data: Path) -> Program:
    """The same program for another data folder, whose database its own settings name."""
    environment = {k: v for k, v in program.environment.items() if k != "BODYWORN_DATABASE"}
    return Program(data=data, folder=program.folder, environment=environment)


def blob_of(data: Path) -> Path:
    return next(path for path in (data / "blobs" / "sha256").rglob("*") if path.is_file())


def test_a_backup_is_planned_made_and_checked(kept: Program, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    plan = kept.well("backup", folder, "--dry-run", "--json").facts
    assert plan["files"] >= KEPT
    assert not folder.exists()
    made = kept.well("backup", folder, "--json").facts
    assert made["same"] is True
    assert made["items"]["table:records_recording"].startswith(f"{KEPT} ")
    assert kept.well("backup", folder, "--dry-run", "--json").facts["files"] == 0
    assert "every byte" in kept.well("backup", folder, "--check").out
    blob = blob_of(folder)
    blob.chmod(0o600)
    blob.write_bytes(b"?")
    said = kept("backup", folder, "--check")
    assert said.code == 5
    assert blob.name in said.out


def test_a_backup_with_its_keys_is_an_installation_again(kept: Program, tmp_path: Path) -> None:
    kept.well("backup", tmp_path / "backup")
    kept.well("backup-keys", tmp_path / "safe")
    to = tmp_path / "new"
    words: list[str | Path] = [
        "restore",
        tmp_path / "backup",
        "--to",
        to,
        "--keys",
        tmp_path / "safe",
    ]
    if databases.wants_postgresql():
        words += ["--database", empty_database()]
    said = kept.well(*words)
    assert "the same on both sides" in said.out
    new = at(kept, to)
    assert len(new.well("list", "--json").facts["recordings"]) == KEPT
    assert new.well("verify", "--json").facts["ok"] is True
    again = kept(*words)
    assert again.code == 7
    assert "move.not-empty" in again.err


def test_a_restore_without_the_keys_of_the_footage_says_so(kept: Program, tmp_path: Path) -> None:
    kept.well("backup", tmp_path / "backup")
    kept.well("backup-keys", tmp_path / "safe")
    ours = [path for path in (tmp_path / "safe" / "buckets").iterdir() if "retention" in path.name]
    for path in ours:
        path.unlink()
    words: list[str | Path] = ["--to", tmp_path / "new", "--keys", tmp_path / "safe"]
    words += ["--database", empty_database()] if databases.wants_postgresql() else []
    said = kept("restore", tmp_path / "backup", *words)
    assert said.code == 5
    assert f"The keys of {len(ours)} buckets are NOT here" in said.out
    new = at(kept, tmp_path / "new")
    closed = new("verify")
    assert (closed.code, "Bring back keys/buckets" in closed.out) == (5, True)
    named = new("verify", "--json").facts["wrong"][0]
    total = 1 + len(named["others"])
    assert (f"And {total - 5} more; --json has them all." in closed.out) == (total > 5)
    for path in (kept.data / "keys" / "buckets").iterdir():
        (tmp_path / "new" / "keys" / "buckets" / path.name).write_bytes(path.read_bytes())
    assert new.well("verify", "--json").facts["ok"] is True


def test_a_wrong_backup_ends_with_5_and_names_it(kept: Program, tmp_path: Path) -> None:
    kept.well("backup", tmp_path / "backup")
    kept.well("backup-keys", tmp_path / "safe")
    gone = blob_of(tmp_path / "backup")
    gone.unlink()
    words: list[str | Path] = ["--to", tmp_path / "new", "--keys", tmp_path / "safe"]
    said = kept("restore", tmp_path / "backup", *words)
    assert said.code == 5
    assert f"file {gone.name}: is missing in the backup" in said.out
    assert at(kept, tmp_path / "new")("list").code == 7


def test_an_installation_moves_and_the_old_place_is_closed(kept: Program, tmp_path: Path) -> None:
    words: list[str | Path] = ["migrate", "--to-data", tmp_path / "new"]
    if databases.wants_postgresql():
        words += ["--to-database", empty_database()]
    said = kept.well(*words, "--json")
    assert said.facts["same"] is True
    closed = kept("list", "--json")
    assert (closed.code, closed.facts["error"]["code"]) == (7, "data.moved")
    new = at(kept, tmp_path / "new")
    assert new.well("verify", "--json").facts["ok"] is True
    assert kept(*words).code == 7, "once is enough"


def test_keys_that_are_not_there_do_not_begin_a_restore(kept: Program, tmp_path: Path) -> None:
    kept.well("backup", tmp_path / "backup")
    words = ("--to", tmp_path / "new", "--keys", tmp_path / "nothing")
    said = kept("restore", tmp_path / "backup", *words)
    assert (said.code, "(move.keys-missing)" in said.err) == (7, True)
    assert not (tmp_path / "new").exists()


def test_a_mistyped_database_does_not_spoil_the_folder_for_the_right_one(
    kept: Program, tmp_path: Path
) -> None:
    words: list[str | Path] = ["migrate", "--to-data", tmp_path / "new", "--to-database"]
    assert "database.unknown-scheme" in kept(*words, "mysql://host/name").err
    assert not (tmp_path / "new").exists()
    assert "database.unreachable" in kept(*words, "postgresql:///none?host=/nowhere").err
    right = empty_database() if databases.wants_postgresql() else ""
    assert "the same on both sides" in kept.well(*words, right).out


def test_the_patrol_mends_from_the_second_copy(kept: Program, tmp_path: Path) -> None:
    assert "none yet" in kept.well("patrol").out
    assert "second.none" in kept("second-copy").err
    with (kept.data / "bodyworn.toml").open("a") as settings:
        settings.write(f'second_copy = "{tmp_path / "second"}"\n')
    assert kept.well("second-copy", "--json").facts["copied"] >= KEPT
    blob = blob_of(kept.data)
    right = blob.read_bytes()
    blob.chmod(0o600)
    blob.write_bytes(b"wrong")
    found = kept.well("patrol", "--now", "--json").facts
    assert (found["last"]["wrong"], found["last"]["repaired"], found["wrong"]) == (1, 1, [])
    assert blob.read_bytes() == right
    for path in (blob, Layout(tmp_path / "second").blobs / blob.relative_to(kept.data / "blobs")):
        path.unlink()
    said = kept("patrol", "--now")
    assert said.code == 5
    assert blob.name[:6] in said.out
