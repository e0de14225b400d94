"""Accounts and docks from the command line."""

from pathlib import Path

import pytest
from tests.program import Program


def test_an_investigator_gets_unit_and_borough(made: Program) -> None:
    said = made.well(
        *("user", "add", "carol", "--display", "DC C. Adams", "--role", "investigator"),
        *("--unit", "Lambeth CID", "--borough", "Lambeth", "--password-file", "-", "--json"),
        stdin="correct horse battery staple\n",
    )
    assert said.facts == {
        "name": "carol",
        "role": "investigator",
        "unit": "Lambeth CID",
        "officer": "",
    }


def test_a_name_is_given_once(made: Program) -> None:
    words = ("user", "add", "dan", "--display", "Dan", "--role", "administrator")
    made.well(*words, "--password-file", "-", stdin="correct horse battery staple\n")
    again = made(*words, "--password-file", "-", stdin="correct horse battery staple\n")
    assert again.code == 3
    assert "people.name-taken" in again.err


def test_a_short_password_is_refused_and_makes_nothing(made: Program) -> None:
    words = ("user", "add", "dan", "--display", "Dan", "--role", "supervisor", "--unit", "A")
    said = made(*words, "--borough", "Lambeth", "--password-file", "-", stdin="secret\n")
    assert said.code == 3
    good = made.well(
        *words, "--borough", "Lambeth", "--password-file", "-", stdin="four random words here\n"
    )
    assert "Dan" in good.out


def test_nobody_to_ask_for_a_password_is_said(made: Program) -> None:
    said = made("user", "add", "dan", "--display", "Dan", "--role", "administrator")
    assert said.code == 4
    assert "--password-file" in said.err


def test_a_password_file_is_read(made: Program, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("four random words here\n")
    words = ("user", "add", "dan", "--display", "Dan", "--role", "administrator")
    made.well(*words, "--password-file", secret)


PASSWORD = "four random words here\n"


def test_an_investigator_of_a_borough_sees_it_without_a_unit_named(made: Program) -> None:
    words = ("user", "add", "carol", "--display", "DC C. Adams", "--role", "investigator")
    said = made.well(
        *words, "--borough", "Lambeth", "--password-file", "-", "--json", stdin=PASSWORD
    )
    assert said.facts["unit"] == "Lambeth"


def test_an_officer_who_is_new_is_added_with_their_unit(made: Program) -> None:
    words = (
        *("user", "add", "4471QK", "--display", "PC A. Khan", "--role", "officer"),
        *("--officer", "4471QK", "--password-file", "-"),
    )
    refused = made(*words, stdin=PASSWORD)
    assert (refused.code, "--unit" in refused.err) == (3, True)
    made.well(*words, "--unit", "Lambeth B", "--borough", "Lambeth", stdin=PASSWORD)


@pytest.mark.parametrize("role", ["investigator", "officer", "supervisor"])
def test_no_account_is_made_that_would_see_nothing(made: Program, role: str) -> None:
    words = ("user", "add", "alice", "--display", "Alice", "--role", role, "--password-file", "-")
    said = made(*words, stdin=PASSWORD)
    assert said.code == 3
    made.well("user", "add", "alice", *words[3:6], "administrator", *words[7:], stdin=PASSWORD)


def test_a_docks_token_is_shown_once_and_kept_as_a_hash(made: Program) -> None:
    token = made.well("dock", "add", "BX-07", "--place", "Brixton", "--json").facts["token"]
    assert len(token) >= 40
    for path in made.data.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes(), path


def test_a_retired_dock_is_gone(made: Program) -> None:
    made.well("dock", "add", "BX-07", "--place", "Brixton")
    made.well("dock", "retire", "BX-07")
    assert made("dock", "retire", "BX-07").code == 4


def test_a_role_that_does_not_exist_is_wrong_use(made: Program) -> None:
    assert made("user", "add", "dan", "--display", "Dan", "--role", "emperor").code == 2
