"""A dock's token is shown once. It lies in no table, no log, no file and no answer."""

import io
import json
import logging
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from tests.people import ADMINISTRATOR

from bodyworn.work import people
from bodyworn.work.house import House
from bodyworn.work.log import integrate


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_docks_token_is_nowhere_to_be_read(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = people.add_dock(house, name="BX-07", place="Brixton", by=ADMINISTRATOR)
    dock = Client(headers={"Authorization": f"Bearer {made.token}"})
    answers = [
        dock.get("/api/v1/uploads/nowhere"),
        dock.post("/api/v1/uploads", b"{", content_type="application/json"),
        dock.post("/api/v1/uploads", json.dumps({"size": "x"}), content_type="application/json"),
    ]
    integrate(house)

    dumped = io.StringIO()
    call_command("dumpdata", "records", stdout=dumped)
    assert "BX-07" in dumped.getvalue(), "the dump holds the dock"
    assert made.token not in dumped.getvalue(), "the token leaked into the database"
    assert made.token not in caplog.text, "the token leaked into a log"
    assert made.token.encode() not in everything_in(house.layout.root), "…into a file"
    for answer in answers:
        assert made.token.encode() not in answer.getvalue(), "…into an answer"


def test_a_wrong_token_is_not_repeated_to_whoever_tries_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    guess = "correct-horse-battery-staple"
    answer = Client(headers={"Authorization": f"Bearer {guess}"}).get("/api/v1/uploads/x")
    assert answer.status_code == 401
    assert guess.encode() not in answer.getvalue()
    assert guess not in caplog.text
