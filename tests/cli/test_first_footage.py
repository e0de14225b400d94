"""From an empty folder to recordings that can be listed, shown, verified."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from tests.program import BIN, Program

from bodyworn.core.digest import Sha256
from bodyworn.store.layout import Layout


def test_init_makes_keys_for_nobody_elses_eyes(made: Program) -> None:
    for path in (made.data / "keys").iterdir():
        is_public = path.name == "log.vkey"
        assert bool(stat.S_IMODE(path.stat().st_mode) & 0o077) is is_public, path


def test_init_again_changes_nothing(made: Program) -> None:
    keys = {path: path.read_bytes() for path in (made.data / "keys").iterdir()}
    made.well("init")
    assert {path: path.read_bytes() for path in (made.data / "keys").iterdir()} == keys


def test_init_makes_no_second_key_of_a_log_whose_key_is_gone(made: Program) -> None:
    """Another key would disown everything that the first one has signed."""
    (made.data / "keys" / "log.key").unlink()
    public = (made.data / "keys" / "log.vkey").read_bytes()
    said = made("init", "--json")
    assert (said.code, said.facts["error"]["code"]) == (7, "keys.missing")
    assert (made.data / "keys" / "log.vkey").read_bytes() == public
    assert not (made.data / "keys" / "log.key").exists()


@pytest.mark.parametrize("verb", [("list",), ("verify",), ("ingest", "."), ("show", "x")])
def test_where_there_is_no_data_folder_no_key_is_looked_for(
    bodyworn: Program, verb: tuple[str, ...]
) -> None:
    said = bodyworn(*verb, "--json")
    assert (said.code, said.facts["error"]["code"]) == (7, "data.missing")


def test_init_leaves_other_peoples_folders_alone(bodyworn: Program) -> None:
    bodyworn.data.mkdir()
    (bodyworn.data / "thesis.txt").write_text("years of work")
    said = bodyworn("init")
    assert said.code == 7
    assert "thesis.txt" in said.err
    assert [path.name for path in bodyworn.data.iterdir()] == ["thesis.txt"]


def test_a_folder_is_taken_in_and_every_file_gets_a_receipt(made: Program, clips: Path) -> None:
    said = made.well("ingest", clips, "--borough", "Lambeth", "--title", "Stop", "--json")
    digests = {one["sha256"] for one in said.facts["receipts"]}
    assert digests == {Sha256.of(path.read_bytes()).hex for path in clips.iterdir()}
    assert {one["durability"] for one in said.facts["receipts"]} == {"published"}


def test_what_was_taken_in_is_listed_and_shown_as_the_person_described_it(
    made: Program, clips: Path
) -> None:
    made.well("ingest", clips / "one.mp4", "--borough", "Lambeth", "--title", "Stop in the rain")
    (row,) = made.well("list", "rain", "--json").facts["recordings"]
    assert (row["borough"], row["title"]) == ("Lambeth", "Stop in the rain")
    shown = made.well("show", row["reference"])
    assert "Stop in the rain" in shown.out
    assert Sha256.of((clips / "one.mp4").read_bytes()).hex in shown.out
    assert made.well("list", "sunshine", "--json").facts["recordings"] == []


def test_the_same_bytes_again_are_the_same_recording(made: Program, clips: Path) -> None:
    first = made.well("ingest", clips / "one.mp4", "--json").facts["receipts"]
    shutil.copy(clips / "one.mp4", clips / "again.mp4")
    again = made.well("ingest", clips / "again.mp4", "--json").facts["receipts"]
    assert first[0]["reference"] == again[0]["reference"]
    assert len(made.well("list", "--json").facts["recordings"]) == 1


def test_one_bad_file_does_not_keep_the_others_and_says_why(made: Program, clips: Path) -> None:
    (clips / "letter.mp4").write_text("Dear Sir or Madam")
    (clips / "nothing.mp4").touch()
    said = made("ingest", clips, "--json")
    assert said.code == 3
    assert len(said.facts["receipts"]) == 2
    problems = {Path(one["file"]).name: one["code"] for one in said.facts["problems"]}
    assert problems == {"letter.mp4": "ingest.not-video", "nothing.mp4": "ingest.empty"}


def test_what_a_folder_holds_besides_footage_is_named_and_not_silently_left(
    made: Program, clips: Path
) -> None:
    (clips / "interview.wav").write_bytes(b"RIFF")
    (clips / "one.json").write_text("{}")
    said = made.well("ingest", clips, "--json")
    assert [Path(path).name for path in said.facts["left_out"]] == ["interview.wav"]
    assert "interview.wav" in made.well("ingest", clips).out


def test_a_time_that_was_only_reckoned_is_shown_as_that(made: Program, clips: Path) -> None:
    (receipt,) = made.well("ingest", clips / "one.mp4", "--json").facts["receipts"]
    shown = made.well("show", receipt["reference"]).out
    assert shown.count("names no time") == 2
    assert "at the machine" in shown


def test_damage_is_told_when_it_is_taken_in(made: Program, clips: Path) -> None:
    whole = (clips / "one.mp4").read_bytes()
    (clips / "one.mp4").write_bytes(whole[: len(whole) // 2])
    said = made.well("ingest", clips / "one.mp4")
    assert "unreadable" in said.out or "damaged" in said.out


def test_footage_that_no_account_could_open_is_told_at_once(made: Program, clips: Path) -> None:
    said = made.well("ingest", clips / "one.mp4")
    assert "No account can open 1 of them" in said.out
    assert "No account" not in made.well("ingest", clips / "two.mp4", "--borough", "Lambeth").out


def test_what_is_said_too_late_is_not_taken_over_and_that_is_told(
    made: Program, clips: Path
) -> None:
    made.well("ingest", clips / "one.mp4", "--borough", "Lambeth")
    again = made.well("ingest", clips / "one.mp4", "--title", "Stop in the rain")
    assert "Kept already" in again.out
    assert made.well("list", "rain", "--json").facts["recordings"] == []


def test_what_is_no_video_is_kept_if_asked(made: Program, clips: Path) -> None:
    (clips / "letter.mp4").write_text("Dear Sir or Madam")
    made.well("ingest", clips / "letter.mp4", "--keep-anyway")
    (row,) = made.well("list", "--json").facts["recordings"]
    assert row["condition"] == "not-video"


def test_a_path_that_is_not_there_is_missing(made: Program) -> None:
    said = made("ingest", "nowhere.mp4")
    assert said.code == 4
    assert "nowhere.mp4" in said.err


def test_a_zone_that_does_not_exist_is_missing(made: Program, clips: Path) -> None:
    assert made("ingest", clips, "--zone", "Narnia/Lantern").code == 4


def test_progress_in_a_pipe_is_plain_lines_on_the_other_output(made: Program, clips: Path) -> None:
    said = made.well("ingest", clips)
    assert "1 of 2: one.mp4: 100 %" in said.err
    assert "100 %" not in said.out


def test_a_full_disk_ends_with_a_hint_and_loses_nothing(made: Program, tmp_path: Path) -> None:
    """A limit on the size of files is for a writer what a full disk is."""
    large = tmp_path / "large.mp4"
    large.write_bytes(bytes(8 << 20))
    command = f"ulimit -f 4096; {BIN}/bodyworn ingest --keep-anyway {large}"
    done = subprocess.run(
        ["bash", "-c", command],
        env=made.environ,
        cwd=made.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7
    assert "(disk.full)" in done.stdout
    assert large.stat().st_size == 8 << 20
    assert list(Layout(made.data).incoming.iterdir()) == []
    assert made.well("verify")


def test_a_list_goes_on_where_it_ended(made: Program, clips: Path) -> None:
    made.well("ingest", clips)
    first = made.well("list", "--limit", "1", "--json").facts
    second = made.well("list", "--limit", "1", "--before", first["older"], "--json").facts
    references = [one["reference"] for one in first["recordings"] + second["recordings"]]
    assert len(set(references)) == 2
    assert second["older"] is None


def test_verify_says_what_it_proves_and_what_not(made: Program, clips: Path) -> None:
    made.well("ingest", clips)
    said = made.well("verify")
    assert "unchanged" in said.out
    assert "does not prove" in said.out
    assert made.well("verify", "--json").facts["ok"] is True


@pytest.mark.parametrize("whole", [True, False])
def test_one_changed_byte_is_found_and_ends_with_five(
    made: Program, clips: Path, whole: bool
) -> None:
    (receipt,) = made.well("ingest", clips / "one.mp4", "--json").facts["receipts"]
    digest = receipt["sha256"]
    change(Layout(made.data).blob(Sha256.parse(digest)))
    said = made("verify", *([] if whole else [receipt["reference"]]), "--json")
    assert said.code == 5
    assert said.facts["wrong"][0]["sha256"] == digest


def change(path: Path) -> None:
    """Change one byte in the middle of a file, size and name as they were."""
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_an_export_checks_without_us_and_is_on_record(made: Program, clips: Path) -> None:
    (receipt,) = made.well("ingest", clips / "one.mp4", "--json").facts["receipts"]
    out = made.folder / "out"
    made.well("export", receipt["reference"], out, "--purpose", "check")
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=out, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked
    assert (out / "one.mp4").read_bytes() == (clips / "one.mp4").read_bytes()
    custody = made.well("show", receipt["reference"], "--json").facts["custody"]
    assert custody[0]["type"] == "dissemination"
    assert custody[0]["actor"].startswith("system:command-line:")


def test_an_export_needs_a_purpose_and_overwrites_nothing(made: Program, clips: Path) -> None:
    (receipt,) = made.well("ingest", clips / "one.mp4", "--json").facts["receipts"]
    assert made("export", receipt["reference"], "out").code == 2
    said = made("export", receipt["reference"], clips, "--purpose", "check", "--json")
    assert said.code == 3
    assert said.facts["error"]["code"] == "export.folder-not-empty"


def test_a_name_that_a_terminal_would_obey_is_shown_as_what_it_is(
    made: Program, clips: Path
) -> None:
    named = clips / "a\x1b]0;Mallory\x07\nBWV-26-0412-FAKE published b.mp4"
    (clips / "one.mp4").rename(named)
    said = made.well("ingest", named, "--borough", "Lambeth")
    assert "\x1b" not in said.out + said.err
    assert "\x07" not in said.out + said.err
    assert len(said.out.splitlines()) == 1
    assert "a\\u001b]0;Mallory\\u0007\\nBWV-26-0412-FAKE" in said.out
