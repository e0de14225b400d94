"""Tickets: what is signed is read, and nothing else is believed."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import RefusedError, SetupError
from bodyworn.web import ticket
from bodyworn.web.ticket import Ticket, load_key, read, sign

KEY = bytes(range(32))
NOW = datetime(2026, 4, 12, 22, 41, 7, tzinfo=UTC)
END = int(NOW.timestamp()) + 600
ALICE = Ticket(kind="upload", sender="alice", expires_at=END, largest=1 << 30)
DIGESTS = st.binary(min_size=32, max_size=32).map(Sha256)
WORDS = st.none() | st.text(max_size=60)
TICKETS = st.builds(
    Ticket,
    kind=st.sampled_from(["upload", "read"]),
    sender=st.text(min_size=1, max_size=60),
    expires_at=st.integers(END, END + 10**6),
    largest=st.none() | st.integers(0, 2**53),
    upload=WORDS,
    parts=st.lists(st.tuples(DIGESTS, st.integers(0, 2**53)), max_size=4).map(tuple),
    media_type=WORDS,
    filename=WORDS,
    view=WORDS,
)


def refusal(text: str, key: bytes = KEY, now: datetime = NOW) -> tuple[str, int]:
    with pytest.raises(RefusedError) as refused:
        read(text, key, now)
    return refused.value.code, refused.value.http_status


@given(TICKETS)
def test_what_was_signed_is_read(held: Ticket) -> None:
    text = sign(held, KEY)
    assert read(text, KEY, NOW) == held
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(st.data())
def test_a_ticket_that_differs_anywhere_is_forged(data: st.DataObject) -> None:
    text = sign(ALICE, KEY)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="latin-1").filter(lambda one: one != text[place]))
    assert refusal(text[:place] + other + text[place + 1 :]) == ("ticket.forged", 401)
    assert refusal(text[:place]) == ("ticket.forged", 401)
    assert refusal(text + other) == ("ticket.forged", 401)


@given(st.text(max_size=300))
def test_any_other_text_is_forged(text: str) -> None:
    assert refusal(text) == ("ticket.forged", 401)


def test_another_key_makes_another_ticket() -> None:
    assert refusal(sign(ALICE, bytes(32))) == ("ticket.forged", 401)


def test_a_ticket_ends_at_its_second() -> None:
    text = sign(ALICE, KEY)
    end = datetime.fromtimestamp(END, UTC)
    assert read(text, KEY, end - timedelta(milliseconds=1)) == ALICE
    assert refusal(text, now=end) == ("ticket.expired", 401)


def test_spare_bits_of_base64_are_no_second_name() -> None:
    body, _, mac = sign(ALICE, KEY).partition(".")
    spare = mac[:-1] + chr(ord(mac[-1]) + 1)
    assert base64.urlsafe_b64decode(spare + "=") == base64.urlsafe_b64decode(mac + "=")
    assert refusal(f"{body}.{spare}") == ("ticket.forged", 401)


@pytest.mark.parametrize(
    "fields", [{"v": 2}, {"v": 1, "k": "upload"}, {"v": 1, "k": "read", "s": "a", "e": 0, "p": 7}]
)
def test_a_ticket_of_another_version_is_told_so(fields: dict[str, object]) -> None:
    body = base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=").decode()
    mac = base64.urlsafe_b64encode(ticket._mac(body, KEY)).rstrip(b"=").decode()
    assert refusal(f"{body}.{mac}") == ("ticket.version", 401)


def test_a_ticket_fits_into_a_header() -> None:
    parts = tuple((Sha256.of(bytes([number])), 1 << 40) for number in range(2))
    held = Ticket(kind="read", sender="carol", expires_at=END, parts=parts, filename="clip.mp4")
    assert len(sign(held, KEY)) < 500
    with pytest.raises(RefusedError) as refused:
        sign(Ticket(kind="read", sender="carol", expires_at=END, parts=parts * 50), KEY)
    assert refused.value.code == "ticket.too-large"


def test_the_key_is_read_or_missed_in_words(tmp_path: Path) -> None:
    path = tmp_path / "ticket.key"
    with pytest.raises(SetupError) as missing:
        load_key(path)
    assert missing.value.code == "ticket.key-missing"
    assert "bodyworn init" in missing.value.hint
    path.write_bytes(KEY[:31])
    with pytest.raises(SetupError) as short:
        load_key(path)
    assert short.value.code == "ticket.key-wrong-size"
    path.write_bytes(KEY)
    assert load_key(path) == KEY
