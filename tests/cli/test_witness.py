"""`bodyworn witness`: a witness from its first key on, and every mistake in words."""

import socket
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from tests.program import Program

from bodyworn.custody.mldsa import MldsaKey, read_cosigner_key
from bodyworn.custody.note import Verifier


@pytest.fixture
def witness(bodyworn: Program) -> Program:
    """The program beside a witness's folder `body`; there is no data folder."""
    bodyworn.well("witness", "init", "body", "--name", "body.example/w")
    return bodyworn


def test_a_new_witness_shows_its_public_key_and_no_other(bodyworn: Program) -> None:
    said = bodyworn.well("witness", "init", "body", "--name", "body.example/w")
    vkey = (bodyworn.folder / "body" / "witness.vkey").read_text().strip()
    assert vkey in said.out
    assert vkey.startswith("body.example/w+")
    assert "PRIVATE" not in said.out + said.err
    assert (bodyworn.folder / "body" / "witness.key").stat().st_mode & 0o777 == 0o600


def test_both_sides_may_have_keys_that_outlast_ed25519(bodyworn: Program) -> None:
    bodyworn.well("witness", "init", "body", "--name", "body.example/w", "--ml-dsa")
    vkey = (bodyworn.folder / "body" / "witness.vkey").read_text()
    assert len(read_cosigner_key(vkey).public) == 1312
    bodyworn.well("init", "--second-signature")
    second = MldsaKey.parse((bodyworn.data / "keys" / "log.mldsa.vkey").read_text())
    first = Verifier.parse((bodyworn.data / "keys" / "log.vkey").read_text())
    assert second.name == first.name


def test_a_witness_is_not_made_twice(witness: Program) -> None:
    before = (witness.folder / "body" / "witness.key").read_bytes()
    said = witness("witness", "init", "body", "--name", "body.example/w")
    assert said.code == 3
    assert "(witness.exists)" in said.err
    assert (witness.folder / "body" / "witness.key").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("init", "new", "--name", "two words"), 5, "(note.key-name)"),
        (("init", "new"), 2, "--name"),
        (("add-log", "body", "nonsense"), 5, "(note.key-garbled)"),
        (("add-log", "body", "body/witness.key"), 7, "(log.key-garbled)"),
        (("add-log", "body", "PRIVATE+KEY+a.example+00000000+AQAA"), 5, "(note.key-private)"),
        (("add-log", "nowhere", "a.example+00000000+AQAA"), 5, "(note.key-garbled)"),
        (("serve", "nowhere"), 7, "(witness.missing)"),
        (("serve", "body", "--port", "99999"), 2, "port"),
        (("serve", "body", "--host", "192.0.2.1", "--port", "0"), 7, "(witness.port)"),
    ],
)
def test_a_mistake_is_a_sentence_and_a_number(
    words: tuple[str, ...], code: int, told: str, witness: Program
) -> None:
    said = witness("witness", *words)
    assert said.code == code
    assert told in said.err
    assert "Traceback" not in said.err


def test_a_log_is_added_once(witness: Program, made: Program) -> None:
    vkey = (made.data / "keys" / "log.vkey").read_text()
    first = witness.well("witness", "add-log", "body", vkey, "--json").facts
    again = witness.well("witness", "add-log", "body", vkey, "--json").facts
    assert (first["new"], again["new"]) == (True, False)
    assert first["log"] == "bodyworn.example/log"


def test_a_folder_has_one_server_and_a_port_too(witness: Program) -> None:
    with witness.begin("witness", "serve", "body", "--port", "0") as running:
        port = running.wait_for(r"http://127\.0\.0\.1:(\d+)")[1]
        said = witness("witness", "serve", "body", "--port", "0")
        assert said.code == 6
        assert "(witness.already)" in said.err
        witness.well("witness", "init", "other", "--name", "other.example/w")
        said = witness("witness", "serve", "other", "--port", port)
        assert said.code == 7
        assert "(witness.port)" in said.err
        assert running.end() == 0
    with socket.create_server(("127.0.0.1", int(port))):
        pass


def test_a_force_that_serves_is_witnessed_by_itself(witness: Program, made: Program) -> None:
    """The whole way: two programs, two folders, and nobody who asks."""
    vkey = (made.data / "keys" / "log.vkey").read_text()
    witness.well("witness", "add-log", "body", vkey)
    with witness.begin("witness", "serve", "body", "--port", "0") as body:
        address = body.wait_for(r"Witness  (http://\S+)")[1]
        key = (witness.folder / "body" / "witness.vkey").read_text().strip()
        (made.data / "policy").write_text(f"witness body {key} {address}\nquorum body\n")
        settings = made.data / "bodyworn.toml"
        settings.write_text(settings.read_text() + 'witness_policy = "policy"\n')
        made.well("dock", "add", "BX-07", "--place", "Brixton")  # an event
        with made.begin("serve") as force:
            door = force.wait_for(r"Reading door  (http://\S+)")[1]
            wait_for(made.data / "log" / "checkpoint.witnessed")
            note = httpx.get(f"{door}/log/checkpoint.witnessed").text
            assert force.end() == 0
    assert "— body.example/w " in note
    found = {one["name"]: one for one in made("check", "--json").facts["findings"]}
    assert found["witnesses"]["level"] == "good"
    assert found["witnesses"]["sentence"].startswith("Witnessed by 1 of 1: body, last on ")


def wait_for(path: Path, seconds: float = 60) -> None:
    """Until the file is there."""
    end = monotonic() + seconds
    while not path.exists():
        assert monotonic() < end, f"{path.name} did not appear"
        sleep(0.05)
