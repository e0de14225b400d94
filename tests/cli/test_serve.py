"""`bodyworn serve`: four parts come up, are looked after, and leave nothing behind."""

import json
import os
import re
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.program import Program, Running

from bodyworn.custody.note import Signer, save_verifier


@pytest.fixture
def served(made: Program) -> Iterator[Running]:
    """A data folder that is being served."""
    with made.begin("serve") as running:
        running.wait_for("Reading door")
        yield running


def pids(running: Running) -> dict[str, int]:
    """The newest process of each part, as the log names it."""
    found = re.findall(r'"event": "(\w+) started as process (\d+)"', running.said)
    return {name: int(pid) for name, pid in found}


def is_gone(pid: int, seconds: float = 15) -> bool:
    """Whether a process ends within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def get(program: Program, port: str, path: str) -> int:
    """The status of one request."""
    address = f"http://127.0.0.1:{program.environment[port]}{path}"
    with urllib.request.urlopen(address, timeout=20) as answer:
        return int(answer.status)


def test_pages_and_both_doors_answer_once_it_says_so(made: Program, served: Running) -> None:
    assert get(made, "BODYWORN_PAGES_PORT", "/sign-in") == 200
    assert get(made, "BODYWORN_UPLOAD_PORT", "/healthz") == 200
    assert get(made, "BODYWORN_READING_PORT", "/healthz") == 200


def test_it_ends_on_sigterm_and_leaves_no_process(served: Running) -> None:
    children = pids(served)
    assert served.end(signal.SIGTERM) == 0
    assert set(children) == {"pages", "upload", "reading", "keeper"}
    assert all(is_gone(pid) for pid in children.values())


def test_it_ends_on_ctrl_c(served: Running) -> None:
    assert served.end(signal.SIGINT) == 0


def test_a_killed_part_is_started_again(made: Program, served: Running) -> None:
    first = pids(served)["upload"]
    os.kill(first, signal.SIGKILL)
    served.wait_for(r"(?s)upload started.*upload started")
    assert pids(served)["upload"] != first
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            assert get(made, "BODYWORN_UPLOAD_PORT", "/healthz") == 200
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(served.said)


def test_no_part_outlives_a_killed_supervisor(served: Running) -> None:
    children = pids(served)
    served.end(signal.SIGKILL)
    assert all(is_gone(pid) for pid in children.values())


def test_a_second_one_on_the_same_folder_is_refused(made: Program, served: Running) -> None:
    said = made("serve", "--json")
    assert said.code == 6
    assert said.facts["error"]["code"] == "serve.already"
    assert served.process.poll() is None


def test_its_log_is_one_json_object_a_line(served: Running) -> None:
    lines = [line for line in served.said.splitlines() if line.startswith("{")]
    assert len(lines) >= 4
    assert {"time", "level", "part", "event"} <= set.intersection(*map(set, map(json.loads, lines)))


def test_the_keeper_gives_footage_its_strips(made: Program, served: Running, clips: Path) -> None:
    (receipt,) = made.well("ingest", clips / "one.mp4", "--json").facts["receipts"]
    end = time.monotonic() + 60
    while time.monotonic() < end:
        copies = made.well("show", receipt["reference"], "--json").facts["copies"]
        if {"strip", "frames"} <= {copy["kind"] for copy in copies}:
            return
        time.sleep(0.5)
    raise AssertionError(served.said)


def test_a_dock_of_ours_sends_a_folder_to_it(
    made: Program, served: Running, clips: Path, tmp_path: Path
) -> None:
    added = made.well("dock", "add", "BX-07", "--place", "Brixton", "--json")
    token = tmp_path / "bx-07.token"
    token.write_text(added.facts["token"])
    server = f"http://127.0.0.1:{made.environment['BODYWORN_PAGES_PORT']}"
    words = ("dock", "empty", clips, "--as", "BX-07", "--token-file", token, "--server", server)
    said = made.well(*words, "--borough", "Lambeth", "--json")
    assert all(one["reference"] for one in said.facts["docked"])
    listed = made.well("list", "--json").facts["recordings"]
    assert [row["borough"] for row in listed] == ["Lambeth", "Lambeth"]
    assert added.facts["token"] not in served.said
    assert (clips / "one.mp4").exists(), "a folder is never wiped"
    foreign = tmp_path / "foreign.vkey"
    save_verifier(foreign, Signer.generate("mallory.example/log").verifier)
    unsigned = made(*words, "--log-key", foreign, "--json")
    assert unsigned.code == 5
    assert {one["problem"]["code"] for one in unsigned.facts["docked"]} == {"note.not-signed"}


def test_a_dock_without_the_logs_key_or_with_plain_http_sends_nothing(
    bodyworn: Program, tmp_path: Path
) -> None:
    token = tmp_path / "bx-07.token"
    token.write_text("a-token")
    words = ("dock", "empty", tmp_path, "--as", "BX-07", "--token-file", token)
    said = bodyworn(*words, "--json")
    assert (said.code, said.facts["error"]["code"]) == (3, "dock.no-log-key")
    key = tmp_path / "log.vkey"
    save_verifier(key, Signer.generate("test.example/log").verifier)
    far = (*words, "--log-key", key, "--server", "http://192.0.2.7:8400")
    said = bodyworn(*far, "--json")
    assert (said.code, said.facts["error"]["code"]) == (3, "dock.plain-http")


def test_the_wrong_token_is_refused_with_words(
    made: Program, served: Running, clips: Path, tmp_path: Path
) -> None:
    token = tmp_path / "wrong.token"
    token.write_text("not-a-token")
    server = f"http://127.0.0.1:{made.environment['BODYWORN_PAGES_PORT']}"
    said = made("dock", "empty", clips, "--as", "X", "--token-file", token, "--server", server)
    assert said.code == 3
    assert "Traceback" not in said.err
