"""Leaked but should be hidden: what the logs of the servers must never hold."""

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.web import ticket
from bodyworn.web.serve.logs import JsonLines, without_secrets

KEY = bytes(range(32))
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40)


def line(message: str, *arguments: object) -> dict[str, str]:
    """What a log line becomes."""
    record = logging.LogRecord("x", logging.INFO, "x", 1, message, arguments, None)
    found: dict[str, str] = json.loads(JsonLines("pages").format(record))
    return found


@given(before=WORDS, after=WORDS, sender=st.text(min_size=1, max_size=60))
def test_a_ticket_is_cut_out_wherever_it_stands(before: str, after: str, sender: str) -> None:
    signed = ticket.sign(ticket.Ticket(kind="read", sender=sender, expires_at=1), KEY)
    assert signed not in without_secrets(f"{before} {signed} {after}")


@pytest.mark.parametrize(
    "message",
    [
        "GET /bytes/abc?t=hidden HTTP/1.1",
        "Not Found: https://bwv.example/bytes/abc?t=hidden",
        "headers: Authorization: Bearer hidden",
        "could not connect to postgresql://alice:hidden@host/db",
        "'/recordings?q=hidden'",
    ],
)
def test_a_secret_of_an_address_or_a_header_is_cut_out(message: str) -> None:
    assert "hidden" not in line(message)["event"]


def test_a_trace_is_cut_as_well() -> None:
    try:
        raise ValueError("GET /bytes/abc?t=hidden failed")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "failed", (), None)
        record.exc_info = sys.exc_info()
    assert "hidden" not in JsonLines("pages").format(record)


def test_arguments_of_a_message_are_cut_as_well() -> None:
    assert "hidden" not in line("%s %s", "GET", "/bytes/abc?t=hidden")["event"]


def test_a_line_stays_one_line_whatever_is_in_it() -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "one\ntwo\r\n{", (), None)
    assert "\n" not in JsonLines("pages").format(record)
