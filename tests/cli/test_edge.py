"""The edge of the program: help, wrong use, errors as words and as JSON."""

import json
import subprocess

import pytest
from tests.program import BIN, Program

from bodyworn.cli.main import general_first


def test_help_names_every_verb_with_what_it_does(bodyworn: Program) -> None:
    said = bodyworn.well("--help")
    for verb in ("demo", "init", "serve", "ingest", "list", "show", "verify", "export", "check"):
        assert f"\n  {verb} " in said.out


def test_nothing_at_all_shows_the_help(bodyworn: Program) -> None:
    said = bodyworn()
    assert "Usage: bodyworn" in said.out + said.err


def test_an_unknown_verb_is_wrong_use(bodyworn: Program) -> None:
    said = bodyworn("frobnicate")
    assert said.code == 2
    assert "No such command" in said.err
    assert said.out == ""


def test_without_a_data_folder_the_answer_says_what_to_do(bodyworn: Program) -> None:
    said = bodyworn("list")
    assert said.code == 7
    assert said.out == ""
    assert "bodyworn init" in said.err


def test_an_error_as_json_is_one_object_with_code_and_hint(made: Program) -> None:
    said = made("show", "BWV-99-0101-NONE", "--json")
    assert said.code == 4
    assert said.facts["error"]["code"] == "records.no-recording"
    assert said.facts["error"]["hint"]


def test_an_error_in_words_leaves_standard_output_empty(made: Program) -> None:
    said = made("show", "BWV-99-0101-NONE")
    assert said.out == ""
    assert "(records.no-recording)" in said.err


def test_a_setting_that_does_not_exist_stops_the_program_at_its_start(made: Program) -> None:
    settings = made.data / "bodyworn.toml"
    settings.write_text(settings.read_text() + "colour = 'blue'\n")
    said = made("list")
    assert said.code == 7
    assert "colour" in said.err


def test_a_reader_who_goes_away_is_no_error(made: Program, clips: object) -> None:
    made.well("ingest", "clips")
    command = f"{BIN}/bodyworn list | head -c 1"
    done = subprocess.run(
        ["bash", "-c", command], env=made.environ, cwd=made.folder, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["show", "X", "--json"], ["--json", "show", "X"]),
        (["show", "--data", "d", "X"], ["--data", "d", "show", "X"]),
        (["show", "--data=d", "X"], ["--data=d", "show", "X"]),
        (["list", "--", "--json"], ["list", "--", "--json"]),
        (["list", "--data"], ["--data", "list"]),
    ],
)
def test_general_options_may_stand_anywhere(written: list[str], read: list[str]) -> None:
    assert general_first(written) == read


def test_colours_are_never_in_a_pipe(made: Program) -> None:
    said = made.well("check")
    assert "\x1b[" not in said.out + said.err


def test_the_version_is_an_answer_like_any_other(bodyworn: Program) -> None:
    assert bodyworn.well("version", "--json").facts["bodyworn"]
    assert json.loads(bodyworn.well("--json", "version").out)


@pytest.mark.parametrize("line", ["show", "list --limit 0", "nosuch", "export x --purpose foo", ""])
def test_wrong_use_is_told_as_json_too(made: Program, line: str) -> None:
    said = made(*line.split(), "--json")
    assert (said.code, said.facts["error"]["code"]) == (2, "cli.wrong-use")
    assert said.facts["error"]["message"]
