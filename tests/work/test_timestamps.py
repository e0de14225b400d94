"""Asking for time-stamps: a real authority over HTTP, and what its absence does not do."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.custody.stamping import NAME, Authority, has_openssl, listening
from tests.work.events import looks
from tests.work.test_witnessing import listening as any_server

from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.custody import timestamp
from bodyworn.records import models
from bodyworn.settings import Settings
from bodyworn.web.door.log_files import log_file
from bodyworn.work.check import ledger as questions
from bodyworn.work.check.finding import Ground, Level
from bodyworn.work.house import House
from bodyworn.work.keeper import DUTIES
from bodyworn.work.log import integrate
from bodyworn.work.timestamps import Memory, ask_authority, standing, told, verified
from bodyworn.work.verify import verify_store

pytestmark = has_openssl
NOBODY = "http://127.0.0.1:9/"  # the discard port: nothing listens there


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("time") / "authority")


@pytest.fixture(scope="module")
def address(authority: Authority) -> Iterator[str]:
    with listening(authority) as url:
        yield url


@pytest.fixture
def settings_of_house(settings_of_house: Settings, authority: Authority, address: str) -> Settings:
    """With an authority that is there."""
    return settings_of_house.with_(
        timestamp_authority=address, timestamp_certificates=str(authority.trusted)
    )


def grow(house: House, count: int) -> int:
    """So many more events, published; the log's size."""
    looks(count, start=models.CustodyEvent.objects.count())
    checkpoint = integrate(house)
    assert checkpoint
    return checkpoint.size


def stamped_sizes(house: House) -> list[int]:
    return timestamp.sizes(house.layout.log)


def let_time_pass(house: House) -> None:
    """As if the newest token were an hour old."""
    path = timestamp.paths_of(house.layout.log, stamped_sizes(house)[-1])[1]
    os.utime(path, (path.stat().st_mtime - 3600,) * 2)


def ground(house: House, *, later: timedelta = timedelta(0)) -> Ground:
    now = house.now() + later
    settings = house.settings.with_(frozen_at=now.isoformat())
    return Ground(settings=settings, now=now, trouble=None)


@pytest.mark.parametrize("is_unsorted", [False, True])
def test_the_newest_checkpoint_is_stamped(
    house: House, authority: Authority, is_unsorted: bool
) -> None:
    authority.configure(is_unsorted=is_unsorted)
    grow(house, 5)
    ask_authority(house)
    (one,) = timestamp.filed(house.layout.log)
    assert one.note == (house.layout.log / "checkpoint").read_bytes()
    found = standing(house)
    assert found
    assert found.stamped
    assert (found.size, found.stamped.authority, found.since) == (5, NAME, None)
    at = found.stamped.at
    told_at = f"{at.day} {at:%B %Y, %H:%M} UTC"
    assert told(house) == f"Time-stamped by {NAME} at {told_at}."
    authority.configure()


def test_it_is_asked_once_an_hour_and_for_something_new(house: House) -> None:
    grow(house, 3)
    ask_authority(house)
    grow(house, 3)
    ask_authority(house)
    assert stamped_sizes(house) == [3]  # the hour is not over
    let_time_pass(house)
    ask_authority(house)
    assert stamped_sizes(house) == [3, 6]
    let_time_pass(house)
    ask_authority(house)
    assert stamped_sizes(house) == [3, 6]  # nothing is new
    assert verified(house).startswith(f"Its first 6 entries were time-stamped by {NAME} at ")


def test_a_log_without_entries_is_not_stamped(house: House) -> None:
    ask_authority(house)
    assert stamped_sizes(house) == []
    assert (told(house), verified(house)) == ("Not time-stamped yet.", "")


def test_an_authority_that_is_away_delays_nothing(house: House) -> None:
    away = House.open(house.settings.with_(timestamp_authority=NOBODY))
    grow(away, 2)
    ask_authority(away)
    memory = Memory.read(away.layout.timestamps)
    assert memory.trouble == "The authority does not answer (ConnectError)."
    assert grow(away, 2) == 4
    ask_authority(away)  # it is left alone for a while
    assert Memory.read(away.layout.timestamps).failures == 1
    away.layout.timestamps.unlink()
    ask_authority(house)
    assert stamped_sizes(house) == [4]
    assert Memory.read(house.layout.timestamps) == Memory()


def test_a_clock_that_was_set_back_silences_no_authority(house: House) -> None:
    grow(house, 1)
    later = house.wall_now().timestamp() + 10**6
    Memory(failures=3, not_before=later, trouble="away").write(house.layout.timestamps)
    ask_authority(house)
    assert stamped_sizes(house) == [1]


class Liar(BaseHTTPRequestHandler):
    """Answers with what it is given below."""

    status, body = 200, b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (503, b"closed", "The authority does not answer (status 503)."),
        (200, b"<html>", "These bytes are no time-stamp."),
        (200, bytes(1 << 17), "The authority does not answer (too long, or too slow)."),
    ],
)
def test_an_answer_that_is_none_is_remembered_and_kept_nowhere(
    house: House, status: int, body: bytes, trouble: str
) -> None:
    handler = type("Handler", (Liar,), {"status": status, "body": body})
    with ExitStack() as stack:
        url = stack.enter_context(any_server(ThreadingHTTPServer(("127.0.0.1", 0), handler)))
        lied = House.open(house.settings.with_(timestamp_authority=url))
        grow(lied, 1)
        ask_authority(lied)
    assert Memory.read(lied.layout.timestamps).trouble == trouble
    assert stamped_sizes(lied) == []
    assert told(lied) == trouble


def test_a_replayed_token_is_not_taken(house: House, authority: Authority) -> None:
    """Mallory, between us and the authority, answers with the token of an hour ago."""
    grow(house, 1)
    note = (house.layout.log / "checkpoint").read_bytes()
    old = authority.answer(timestamp.question_about(note).body)
    handler = type("Handler", (Liar,), {"body": old})
    with any_server(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        ask_authority(House.open(house.settings.with_(timestamp_authority=url)))
    assert stamped_sizes(house) == []
    trouble = Memory.read(house.layout.timestamps).trouble
    assert trouble == "The time-stamp is the answer to another question."


def test_settings_without_certificates_are_refused(house: House) -> None:
    half = House.open(house.settings.with_(timestamp_certificates=""))
    grow(half, 1)
    with pytest.raises(SetupError, match="no certificates") as caught:
        ask_authority(half)
    assert caught.value.code == "timestamp.no-certificates"


def test_no_authority_no_word(house: House) -> None:
    plain = House.open(house.settings.with_(timestamp_authority=""))
    grow(plain, 1)
    ask_authority(plain)
    assert (standing(plain), told(plain), stamped_sizes(plain)) == (None, "", [])


def test_verify_reads_every_token(house: House) -> None:
    for _ in range(2):
        grow(house, 2)
        ask_authority(house)
        let_time_pass(house)
    steps = verify_store(house).steps
    assert steps[0].ok
    assert f"Its first 4 entries were time-stamped by {NAME} at " in steps[0].sentence
    note, token = timestamp.paths_of(house.layout.log, 2)
    token.write_bytes(timestamp.paths_of(house.layout.log, 4)[1].read_bytes())
    assert not verify_store(house).steps[0].ok
    note.unlink()
    assert "lacks" in verify_store(house).steps[0].sentence


def test_tokens_of_an_authority_that_is_no_longer_set_are_not_taken_for_verified(
    house: House,
) -> None:
    grow(house, 1)
    ask_authority(house)
    later = House.open(house.settings.with_(timestamp_authority="", timestamp_certificates=""))
    steps = verify_store(later).steps
    assert steps[0].ok
    assert "Its 1 time-stamps were not verified" in steps[0].sentence


def test_a_stamped_tree_that_the_log_has_not_is_told(house: House) -> None:
    """The log was set back to before a token, or rebuilt without what the token covers."""
    grow(house, 3)
    checkpoint = (house.layout.log / "checkpoint").read_bytes()
    let_grow = grow(house, 3)
    ask_authority(house)
    assert stamped_sizes(house) == [let_grow]
    (house.layout.log / "checkpoint").write_bytes(checkpoint)
    with pytest.raises(DamagedError) as caught:
        verified(House.open(house.settings))
    assert caught.value.code == "timestamp.beyond-log"


def test_check_says_when_a_token_is_overdue(house: House) -> None:
    grow(house, 1)
    ask_authority(house)
    assert questions.stamps(ground(house)).level is Level.GOOD
    grow(house, 1)
    assert questions.stamps(ground(house, later=timedelta(minutes=65))).level is Level.GOOD
    late = questions.stamps(ground(house, later=timedelta(minutes=75)))
    assert late.level is Level.WARNING
    assert late.sentence.endswith("nothing after that, though it is overdue.")
    assert questions.stamps(ground(House.open(house.settings.with_(timestamp_authority="")))).level


def test_a_spoilt_token_is_told_on_the_page(house: House) -> None:
    grow(house, 1)
    ask_authority(house)
    timestamp.paths_of(house.layout.log, 1)[1].write_bytes(b"spoilt")
    assert told(house) == "The time-stamp cannot be verified; bodyworn check says why."


@pytest.mark.parametrize("name", ["newest", "1.checkpoint", "1.tsr"])
def test_tokens_are_served_with_the_log(house: House, name: str) -> None:
    grow(house, 1)
    ask_authority(house)
    assert log_file(house.layout.log, f"timestamps/{name}").status == 200


def test_the_keeper_has_the_duty() -> None:
    assert ask_authority in [duty.work for duty in DUTIES]


def test_what_is_not_of_our_form_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "timestamps.json"
    for text in ("", "[]", '{"failures": "many"}', "{"):
        path.write_text(text)
        assert Memory.read(path) == Memory()


def test_the_authority_dates_by_its_own_clock(house: House) -> None:
    """The house's stands still in these tests."""
    grow(house, 1)
    ask_authority(house)
    found = standing(house)
    assert found
    assert found.stamped
    assert found.stamped.at > datetime(2026, 1, 1, tzinfo=UTC)
    assert found.stamped.at != house.now()
