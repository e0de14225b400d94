"""`bodyworn check`: what is broken is named, with an id and a hint; nothing is changed."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from tests.program import Program

from bodyworn.work.check import CHECKS


def levels(program: Program) -> dict[str, str]:
    """Every finding's level by its name."""
    return {one["name"]: one["level"] for one in program("check", "--json").facts["findings"]}


def test_a_new_installation_has_no_fault(made: Program) -> None:
    said = made.well("check", "--json")
    assert said.facts["faults"] == 0
    assert [one["id"] for one in said.facts["findings"]] == [check.id for check in CHECKS]
    assert len({check.id for check in CHECKS}) == len(CHECKS), "an id is one question's"


def test_every_finding_that_is_not_good_has_a_hint(bodyworn: Program) -> None:
    found = bodyworn("check", "--json").facts["findings"]
    for one in found:
        if one["level"] in {"warning", "fault"}:
            assert one["hint"], one


def test_what_stands_on_a_fault_is_not_asked(bodyworn: Program) -> None:
    found = levels(bodyworn)
    assert found["data"] == "fault"
    assert found["database"] == found["log"] == "not asked"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("force_name = ", "bodyworn.toml cannot be read"),
        ("force_name = 7", "force_name must be text"),
        ("colour = 'blue'", "names a setting that does not exist: colour"),
        (None, "bodyworn.toml cannot be read: Is a directory"),
    ],
)
def test_settings_that_cannot_be_read_are_a_finding_and_what_stands_on_them_waits(
    made: Program, text: str | None, sentence: str
) -> None:
    path = made.data / "bodyworn.toml"
    path.unlink(missing_ok=True)
    if text is None:
        path.mkdir()
    else:
        path.write_text(text)
    said = made("check", "--json")
    assert said.code == 1
    found = {one["name"]: one for one in said.facts["findings"]}
    assert found["settings"]["level"] == "fault"
    assert sentence in found["settings"]["sentence"]
    assert found["data"]["level"] == "good"
    assert found["database"]["level"] == found["tls"]["level"] == "not asked"
    assert made("list").code == 7


def test_a_wrong_word_in_the_environment_is_the_same_finding(made: Program) -> None:
    said = replace(made, environment={**made.environment, "BODYWORN_HOST_PORT": "x"})("check")
    assert said.code == 0, "not one of ours"
    said = replace(made, environment={**made.environment, "BODYWORN_PAGES_PORT": "x"})("check")
    assert said.code == 1
    assert "BODYWORN_PAGES_PORT" in said.out


def test_a_missing_key_is_a_fault_and_named(made: Program) -> None:
    (made.data / "keys" / "ticket.key").unlink()
    said = made("check")
    assert said.code == 1
    assert "ticket.key" in said.out


@pytest.mark.parametrize("key", ["pages.key", "log.key", "ticket.key"])
def test_a_missing_key_stops_other_verbs_with_words(made: Program, key: str) -> None:
    (made.data / "keys" / key).unlink()
    said = made("list")
    assert said.code == 7
    assert key in said.err
    assert "Traceback" not in said.err


def test_a_key_that_others_can_read_is_a_fault(made: Program) -> None:
    (made.data / "keys" / "log.key").chmod(0o644)
    assert levels(made)["keys"] == "fault"


def test_a_newer_data_folder_is_refused_and_left_alone(made: Program) -> None:
    (made.data / "VERSION").write_text("99\n")
    before = contents(made.data)
    said = made("list")
    assert said.code == 7
    assert "newer" in said.err
    assert levels(made)["data"] == "fault"
    assert contents(made.data) == before


def contents(folder: Path) -> dict[str, bytes]:
    """Everything in a folder but the database's own notes."""
    files = [path for path in folder.rglob("*") if path.is_file() and "sqlite3" not in path.name]
    return {str(path): path.read_bytes() for path in files}


def test_an_old_copy_of_the_database_is_found(made: Program, clips: Path) -> None:
    """The log is ahead of it: whoever restored a backup must hear so before anybody works."""
    if "BODYWORN_DATABASE" in made.environment:
        pytest.skip("copies a file, which PostgreSQL has not")
    saved = (made.data / "records.sqlite3").read_bytes()
    made.well("ingest", clips / "one.mp4")
    for path in made.data.glob("records.sqlite3*"):
        path.unlink()
    (made.data / "records.sqlite3").write_bytes(saved)
    assert levels(made)["log"] == "fault"


def test_a_clock_that_stands_still_is_a_warning(made: Program) -> None:
    settings = made.data / "bodyworn.toml"
    settings.write_text(settings.read_text() + 'frozen_at = "2026-04-14T09:00:00Z"\n')
    assert levels(made)["clock"] == "warning"


def test_a_port_that_somebody_has_is_a_fault(made: Program) -> None:
    port = int(made.environment["BODYWORN_PAGES_PORT"])
    with socket.create_server(("127.0.0.1", port)):
        assert levels(made)["ports"] == "fault"
        said = made("serve")
    assert said.code == 7
    assert "serve.port-taken" in said.err


def test_an_open_address_without_tls_is_a_warning(made: Program) -> None:
    settings = made.data / "bodyworn.toml"
    settings.write_text(settings.read_text() + 'host = "0.0.0.0"\n')
    assert levels(made)["tls"] == "warning"


def test_an_encoder_that_is_not_there_is_a_fault(made: Program) -> None:
    settings = made.data / "bodyworn.toml"
    settings.write_text(settings.read_text() + 'encoder = "libimagination"\n')
    assert levels(made)["encoder"] == "fault"


def test_a_database_that_does_not_answer_is_a_fault_with_a_hint(made: Program) -> None:
    program = Program(
        data=made.data,
        folder=made.folder,
        environment={"BODYWORN_DATABASE": "postgresql://nobody@127.0.0.1:1/nowhere"},
    )
    found = {one["name"]: one for one in program("check", "--json").facts["findings"]}
    assert found["database"]["level"] == "fault"
    assert "bodyworn.toml" in found["database"]["hint"]
    said = program("list")
    assert said.code == 7
    assert "(database.unreachable)" in said.err
