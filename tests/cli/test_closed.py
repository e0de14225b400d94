"""Footage stays closed whatever goes wrong: a served house, a signed-in person, no plain byte.

Each trouble is a real one: the keeper killed, its disk full, the log held by another process.
"""

import contextlib
import fcntl
import html
import json
import os
import re
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests import databases
from tests.program import Program, Running

PASSWORD = "four random words here"
pytestmark = pytest.mark.skipif(databases.wants_postgresql(), reason="the lock is a file")


@pytest.fixture
def reference(made: Program, clips: Path) -> str:
    """One recording with all its copies, and Carol, who may see it."""
    words = ("user", "add", "carol", "--display", "DC C. Adams", "--role", "investigator")
    made.well(*words, "--borough", "Lambeth", "--password-file", "-", stdin=PASSWORD + "\n")
    said = made.well("ingest", clips / "one.mp4", "--borough", "Lambeth", "--json")
    return str(said.facts["receipts"][0]["reference"])


@pytest.fixture
def served(made: Program, reference: str) -> Iterator[Running]:
    with made.begin("serve") as running:
        running.wait_for("Reading door")
        yield running


@pytest.fixture
def carol(made: Program, served: Running) -> Iterator[httpx.Client]:
    base = f"http://127.0.0.1:{made.environment['BODYWORN_PAGES_PORT']}"
    with httpx.Client(base_url=base, timeout=60, follow_redirects=True) as client:
        post(client, "/sign-in", "/sign-in", name="carol", password=PASSWORD)
        yield client


def post(client: httpx.Client, form: str, to: str, **fields: str) -> httpx.Response:
    """Fill a form in as a browser does."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(form).text)
    assert token
    return client.post(to, data={**fields, "csrfmiddlewaretoken": token[1]})


def opened(client: httpx.Client, reference: str) -> str:
    """Open the recording once more; the address of its film at the reading door."""
    page = f"/recordings/{reference}"
    answer = post(client, "/", f"{page}/purpose", purpose="investigation", note="")
    assert answer.status_code == 200, answer.text
    found = re.search(r'<video id="video" src="([^"]+)"', answer.text)
    assert found, answer.text
    return html.unescape(found[1])


def keeper_of(served: Running) -> int:
    return int(re.findall(r'"event": "keeper started as process (\d+)"', served.said)[-1])


def closed(address: str) -> Any:
    """The door's answer, which must be a sentence and not footage."""
    answer = httpx.get(address, timeout=60)
    assert answer.status_code == 503, answer.status_code
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    problem = json.loads(answer.content)
    assert problem["detail"].endswith(".")
    assert problem["hint"].endswith(".")
    return problem


def test_while_all_is_well_the_very_bytes_come(
    carol: httpx.Client, reference: str, clips: Path
) -> None:
    answer = httpx.get(opened(carol, reference), timeout=60)
    assert answer.status_code == 200
    assert answer.content == (clips / "one.mp4").read_bytes()


def test_the_look_is_in_the_log_before_the_first_byte_is_out(
    made: Program, carol: httpx.Client, reference: str
) -> None:
    address = opened(carol, reference)
    with httpx.stream("GET", address, timeout=60) as answer:
        next(answer.iter_raw(1000))
        events = made.well("show", reference, "--json").facts["custody"]
    views = [event for event in events if event["type"] == "view"]
    assert len(views) == 1
    assert views[0]["leaf_index"] is not None


def test_without_a_keeper_nothing_is_served(
    served: Running, carol: httpx.Client, reference: str, clips: Path
) -> None:
    address = opened(carol, reference)
    os.kill(keeper_of(served), signal.SIGKILL)
    assert closed(address)["code"] == "keys.away"
    served.wait_for(r"(?s)keeper started.*keeper started.*The keeper is at work")
    again = httpx.Client(transport=httpx.HTTPTransport(retries=3), timeout=60)
    with again:
        assert again.get(address).content == (clips / "one.mp4").read_bytes()


def test_while_the_log_is_held_elsewhere_nothing_is_served(
    made: Program, carol: httpx.Client, reference: str
) -> None:
    httpx.get(opened(carol, reference), timeout=60)
    with (made.data / "log" / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        address = opened(carol, reference)
        assert closed(address)["code"] == "keys.no-leaf-yet"
    assert httpx.get(address, timeout=60).status_code == 200, "the same look, once it is logged"


@contextlib.contextmanager
def full_disk_for(pid: int) -> Iterator[None]:
    """Not a byte more may be written to any file by this process."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def test_on_a_full_disk_nothing_is_served(
    served: Running, carol: httpx.Client, reference: str
) -> None:
    with full_disk_for(keeper_of(served)):
        address = opened(carol, reference)
        problem = closed(address)
        assert problem["code"] == "keys.no-leaf-yet"
    assert httpx.get(address, timeout=60).status_code == 200


def test_a_check_from_the_page_says_so_and_reads_nothing(
    made: Program, served: Running, carol: httpx.Client, reference: str
) -> None:
    opened(carol, reference)
    with full_disk_for(keeper_of(served)):
        page = f"/recordings/{reference}"
        answer = post(carol, page, f"{page}/check")
        assert answer.status_code == 503
        assert "the footage stays closed" in answer.text
    told = made.well("show", reference, "--json").facts["custody"]
    assert {"fixity:begun"} == {e["type"] for e in told if e["type"].startswith("fixity")}
