"""The upload door below tus: what a broken, slow, cunning or crowded network does to it."""

import contextlib
import datetime as dt
import errno
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.web.upload_world import (
    BODY,
    QUICK,
    TUS,
    Talk,
    Told,
    World,
    bearer,
    checksum,
    head,
    opened,
)

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import RefusedError, SetupError
from bodyworn.custody.certificates import Use, make
from bodyworn.store.chunk_file import BLOCK
from bodyworn.store.inbox import arrivals
from bodyworn.web.door.upload import UploadConfig, UploadDoor
from bodyworn.web.door.upload_http import parse_head
from bodyworn.web.door.upload_server import Limits

TEN = b"0123456789"
LONG = os.urandom(3_000_000)
BOTH_LENGTHS = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path / "data", limits=QUICK) as world:
        yield world


def patch(path: str, **changes: str) -> bytes:
    """The head of a PATCH; a header with an empty value is left out."""
    told = {**TUS, **bearer(), **BODY, "Upload-Offset": "0"}
    told |= {name.replace("_", "-"): text for name, text in changes.items()}
    return head("PATCH", path, {name: text for name, text in told.items() if text})


def code(told: Told) -> tuple[int, str]:
    return told.status, json.loads(told.body)["code"]


# ---- framing --------------------------------------------------------------------------------


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


def test_chunks_are_put_together(world: World) -> None:
    path = world.begun(len(LONG))
    with world.talk() as talk:
        talk.send(patch(path, Transfer_Encoding="chunked"))
        talk.send(chunked(LONG[:1], LONG[1:70_000], LONG[70_000:]))
        assert talk.told().headers["bodyworn-durability"] == "received"
        assert talk.ask("HEAD", path, {**TUS, **bearer()}).status == 200
    assert arrivals(world.layout)[0].sha256 == Sha256.of(LONG)


def test_chunk_extensions_and_trailers_are_passed_over(world: World) -> None:
    path = world.begun()
    with world.talk() as talk:
        talk.send(patch(path, Transfer_Encoding="chunked"))
        talk.send(b"00a;why=not\r\n" + TEN + b"\r\n0\r\nTrailer: x\r\n\r\n")
        assert talk.told().status == 204


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"x\r\n", 2),
        (b"-1\r\n", 2),
        (b"5\r\n234567\r\n", 7),
        (b"5;" + b"x" * 300, 2),
        (b"0x5\r\n23456\r\n", 2),
    ],
)
def test_a_broken_chunk_ends_the_request_and_keeps_what_was_right(
    world: World, body: bytes, kept: int
) -> None:
    path = world.begun()
    with world.talk() as talk:
        talk.send(patch(path, Transfer_Encoding="chunked") + b"2\r\n01\r\n" + body)
        assert code(talk.told()) == (400, "door.bad-chunk")
        assert talk.is_over()
    assert world.offset(path) == kept


def test_chunks_beyond_the_length_are_too_large(world: World) -> None:
    path = world.begun()
    with world.talk() as talk:
        talk.send(patch(path, Transfer_Encoding="chunked") + chunked(TEN[:5], TEN[5:] + b"!"))
        assert code(talk.told()) == (413, "upload.too-large")
    assert world.offset(path) == 5


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01\x02\x00 this is TLS\r\n\r\n", 400),
        (b"GET /healthz\r\n\r\n", 505),
        (b"GET /healthz HTTP/1.0\r\nHost: door\r\n\r\n", 505),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: door\r\n folded: x\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost : door\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: do\x00or\r\n\r\n", 400),
        (b"GET /heal thz HTTP/1.1\r\nHost: door\r\n\r\n", 400),
        (b"GET /h\xc3\xa4lth HTTP/1.1\r\nHost: door\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: +1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 1, 1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 9999999999999999999\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: d\r\n" + BOTH_LENGTHS, 400),
        (b"POST / HTTP/1.1\r\nHost: d\r\n" + BOTH_LENGTHS.lower(), 400),
        (b"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: identity\r\n\r\n", 400),
        (b"CONNECT door:1 HTTP/1.1\r\nHost: d\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: d\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_no_proper_request_is_refused_and_the_line_cut(
    world: World, raw: bytes, status: int
) -> None:
    with world.talk() as talk:
        talk.send(raw)
        told = talk.told()
        assert told.status == status
        assert told.headers["connection"] == "close"
        assert talk.is_over()


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_parser_fail_otherwise(noise: bytes) -> None:
    for raw in (noise + b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: d\r\n" + noise + b"\r\n\r\n"):
        try:
            found = parse_head(raw)
        except RefusedError:
            continue
        assert found.path.startswith(("/", "*"))


# ---- time -----------------------------------------------------------------------------------


def test_a_head_that_drips_is_given_up(world: World) -> None:
    with world.talk() as talk:
        talk.send(b"GET /healthz HTTP/1.1\r\n")
        begun = time.monotonic()
        assert code(talk.told()) == (408, "door.slow-head")
        assert time.monotonic() - begun < 5
        assert talk.is_over()


def test_a_connection_without_a_word_is_closed(tmp_path: Path) -> None:
    with opened(tmp_path, limits=Limits(idle_s=0.1)) as world, world.talk() as talk:
        assert talk.is_over()


def test_a_body_that_falls_silent_is_cut_and_kept(world: World) -> None:
    path = world.begun(len(LONG))
    with world.talk() as talk:
        talk.send(patch(path, Content_Length=str(len(LONG))) + LONG[:2_000_000])
        assert talk.is_over()
    assert world.offset(path) == 2_000_000
    assert world.append(path, 2_000_000, LONG[2_000_000:]).status == 204
    assert arrivals(world.layout)[0].sha256 == Sha256.of(LONG)


def test_a_body_that_is_cut_off_is_kept_so_far(world: World) -> None:
    path = world.begun(len(LONG))
    with world.talk() as talk:
        talk.send(patch(path, Content_Length=str(len(LONG))) + LONG[:1_500_001])
    until(lambda: world.ask("HEAD", path).headers["upload-offset"] == "1500001")
    assert world.append(path, 1_500_001, LONG[1_500_001:]).status == 204
    assert arrivals(world.layout)[0].sha256 == Sha256.of(LONG)


def test_half_a_body_with_a_checksum_is_not_kept(world: World) -> None:
    path = world.begun(len(LONG))
    with world.talk() as talk:
        mine = checksum(LONG)["Upload-Checksum"]
        talk.send(patch(path, Content_Length=str(len(LONG)), Upload_Checksum=mine) + LONG[:999])
    until(lambda: world.append(path, 0, b"").status == 204)
    assert world.offset(path) == 0


def until(holds: object) -> None:
    """What happens in another thread happens soon."""
    assert callable(holds)
    for _ in range(500):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


# ---- connections ----------------------------------------------------------------------------


def test_many_requests_share_a_connection(world: World) -> None:
    with world.talk() as talk:
        for number in range(5):
            asked = {**TUS, **bearer(), "Upload-Length": str(number + 1)}
            path = talk.ask("POST", "/uploads", asked).headers["location"]
            mine = {**TUS, **bearer(), **BODY, "Upload-Offset": "0"}
            assert talk.ask("PATCH", path, mine, bytes([number]) * (number + 1)).status == 204
    assert len(arrivals(world.layout)) == 5


def test_requests_may_be_sent_before_answers_come(world: World) -> None:
    path = world.begun()
    with world.talk() as talk:
        one = patch(path, Content_Length="4") + TEN[:4]
        two = patch(path, Content_Length="6", Upload_Offset="4") + TEN[4:]
        talk.send(one + two + head("GET", "/healthz", {"Host": "door"}))
        assert [talk.told().status for _ in range(3)] == [204, 204, 200]


def test_a_sender_that_waits_is_invited_or_refused_before_the_body(world: World) -> None:
    path = world.begun()
    with world.talk() as talk:
        talk.send(patch(path, Content_Length="10", Expect="100-continue"))
        assert talk.told().status == 100
        talk.send(TEN)
        assert talk.told().status == 204
    with world.talk() as talk:
        talk.send(patch(path, Content_Length="10", Expect="100-continue", Authorization=""))
        assert code(talk.told()) == (401, "ticket.missing")
        assert talk.is_over()


def test_a_small_refused_body_keeps_the_connection_and_a_large_one_ends_it(world: World) -> None:
    path = world.begun(len(LONG))
    with world.talk() as talk:
        talk.send(patch(path, Content_Length="10", Upload_Offset="5") + TEN)
        assert code(talk.told()) == (409, "upload.wrong-offset")
        talk.send(patch(path, Content_Length=str(len(LONG)), Upload_Offset="5") + LONG)
        assert code(talk.told()) == (409, "upload.wrong-offset")
        assert talk.is_over()


def test_close_means_close(world: World) -> None:
    with world.talk() as talk:
        told = talk.ask("GET", "/healthz", {"Host": "door", "Connection": "close"})
        assert told.headers["connection"] == "close"
        assert talk.is_over()


def test_above_the_limit_a_peer_is_told_to_come_back(tmp_path: Path) -> None:
    with opened(tmp_path, limits=Limits(connections=2)) as world:
        with world.talk() as one, world.talk() as two:
            for talk in (one, two):
                assert talk.ask("GET", "/healthz", {"Host": "door"}).status == 200
            with world.talk() as three:
                told = three.ask("GET", "/healthz", {"Host": "door"})
                assert code(told) == (503, "door.full")
                assert told.headers["retry-after"] == "5"
                assert three.is_over()
        until(lambda: world.ask("GET", "/healthz").status == 200)


def test_far_above_the_limit_nobody_is_listened_to(tmp_path: Path) -> None:
    with opened(tmp_path, limits=Limits(connections=1)) as world:
        talks = [world.talk() for _ in range(40)]
        assert sum(_is_closed(talk) for talk in talks) == 40 - 17
        for talk in talks:
            talk.wire.close()


def _is_closed(talk: Talk) -> bool:
    talk.wire.settimeout(0.05)
    try:
        return talk.is_over()
    except TimeoutError:
        return False


def test_one_address_cannot_take_every_place(tmp_path: Path) -> None:
    """Mallory holds all that one address may; another address is still heard."""
    limits = Limits(connections=32, connections_of_our_own=3)
    with opened(tmp_path, limits=limits) as world, contextlib.ExitStack() as held:
        crowd = [held.enter_context(world.talk()) for _ in range(3)]
        for talk in crowd:
            assert talk.ask("GET", "/healthz", TUS).status == 200
        with world.talk() as one_more:
            told = one_more.ask("GET", "/healthz", TUS)
            assert code(told) == (503, "door.full-of-one")
            assert told.headers["retry-after"] == "5"
            assert one_more.is_over()
        other = socket.create_connection(
            ("127.0.0.1", world.port), timeout=10, source_address=("127.0.0.2", 0)
        )
        with other:
            other.sendall(head("GET", "/healthz", TUS))
            assert other.recv(64).startswith(b"HTTP/1.1 200 ")


def test_one_address_cannot_take_the_places_of_those_that_hear_a_refusal(tmp_path: Path) -> None:
    limits = Limits(connections=32, connections_of_our_own=1)
    with opened(tmp_path, limits=limits) as world, contextlib.ExitStack() as held:
        crowd = [held.enter_context(world.talk()) for _ in range(5)]
        assert crowd[0].ask("GET", "/healthz", TUS).status == 200
        with world.talk() as one_more:
            assert one_more.is_over()


def drip(talk: Talk, byte: bytes = b"x", *, every_s: float = 0.05, most: int = 200) -> int:
    """Send a byte now and then until the other side hangs up; how many were sent."""
    for sent in range(most):
        try:
            talk.send(byte)
        except OSError:
            return sent
        time.sleep(every_s)
    return most


def test_a_body_that_drips_is_cut_and_kept_so_far(tmp_path: Path) -> None:
    with opened(tmp_path, limits=Limits(drip_s=0.5)) as world:
        path = world.begun(1000)
        with world.talk() as talk:
            talk.send(patch(path, Content_Length="1000"))
            assert 1 < drip(talk) < 200
        assert 1 < world.offset(path) < 200


def test_a_rest_that_nobody_wants_may_not_drip(tmp_path: Path) -> None:
    with opened(tmp_path, limits=Limits(body_s=0.5)) as world, world.talk() as talk:
        talk.send(patch("/uploads/nothing", Content_Length="1000"))
        assert 1 < drip(talk) < 200


def test_trailers_may_not_drip(tmp_path: Path) -> None:
    with opened(tmp_path, limits=Limits(body_s=0.5)) as world:
        path = world.begun(len(TEN))
        with world.talk() as talk:
            talk.send(patch(path, Transfer_Encoding="chunked") + b"a\r\n" + TEN + b"\r\n0\r\n")
            assert 1 < drip(talk, b"T: t\r\n") < 200


def test_several_lanes_at_once_mix_nothing_up(world: World) -> None:
    def bring(number: int) -> None:
        data = bytes([number]) + LONG
        world.append(world.begun(len(data)), 0, data)

    lanes = [threading.Thread(target=bring, args=(number,)) for number in range(8)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    expected = {Sha256.of(bytes([number]) + LONG) for number in range(8)}
    assert {arrival.sha256 for arrival in arrivals(world.layout)} == expected


# ---- the door as a whole --------------------------------------------------------------------


def test_a_full_disk_is_a_507_and_nothing_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.begun(len(LONG))
    real = os.pwrite

    def full(handle: int, data: memoryview, place: int) -> int:
        if place >= BLOCK:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data, place)

    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        assert code(world.append(path, 0, LONG)) == (507, "disk.full")
    at = world.offset(path)
    assert at == BLOCK
    assert world.append(path, at, LONG[at:]).status == 204
    assert arrivals(world.layout)[0].sha256 == Sha256.of(LONG)


def test_a_fault_of_ours_is_a_500_that_tells_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = world.begun()

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "secret path")

    monkeypatch.setattr(os, "fdatasync", broken)
    told = world.append(path, 0, TEN)
    assert code(told) == (500, "door.failed")
    assert b"secret" not in told.body
    assert "secret path" in caplog.text


def test_stopping_keeps_what_came(tmp_path: Path) -> None:
    with opened(tmp_path, grace_s=0.2) as world:
        path = world.begun(len(LONG))
        idle, busy = world.talk(), world.talk()
        busy.send(patch(path, Content_Length=str(len(LONG))) + LONG[:2_500_000])
        until(lambda: world.offset(path) > 0)
    for talk in (idle, busy):
        assert talk.is_over()
        talk.wire.close()
    with opened(tmp_path) as world:
        at = world.offset(path)
        assert at == 2_500_000
        assert world.append(path, at, LONG[at:]).status == 204
        assert arrivals(world.layout)[0].sha256 == Sha256.of(LONG)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = UploadConfig(data=tmp_path, ticket_key=bytes(32), port=taken.getsockname()[1])
        with pytest.raises(SetupError) as refused:
            UploadDoor(config).start()
        assert refused.value.code == "upload.port-taken"


def test_it_speaks_tls(tmp_path: Path) -> None:
    certificate, key = certificate_in(tmp_path)
    tls = {"tls_certificate": certificate, "tls_key": key}
    with opened(tmp_path / "data", **tls) as world:
        assert world.door.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=certificate)
        with world.talk() as talk, context.wrap_socket(talk.wire, server_hostname="door") as wire:
            talk.wire = wire
            asked = {**TUS, **bearer(), **BODY, "Upload-Length": str(len(LONG))}
            told = talk.ask("POST", "/uploads", asked, LONG)
            assert told.headers["bodyworn-durability"] == "received"
        with world.talk() as plain, pytest.raises(ConnectionResetError):
            plain.ask("GET", "/healthz", {"Host": "door"})
    assert arrivals(world.layout)[0].sha256 == Sha256.of(LONG)


def test_half_of_tls_and_a_broken_certificate_are_told(tmp_path: Path) -> None:
    path = tmp_path / "door.pem"
    with pytest.raises(SetupError) as half:
        UploadConfig(data=tmp_path, ticket_key=bytes(32), tls_certificate=path)
    assert half.value.code == "upload.half-tls"
    path.write_text("no certificate")
    config = UploadConfig(data=tmp_path, ticket_key=bytes(32), tls_certificate=path, tls_key=path)
    with pytest.raises(SetupError) as broken:
        UploadDoor(config)
    assert broken.value.code == "upload.tls"


def certificate_in(folder: Path) -> tuple[Path, Path]:
    """One for the name `door`, made here and good for an hour."""
    now, hour = dt.datetime.now(dt.UTC), dt.timedelta(hours=1)
    made = make("door", Use.SERVER, begins=now - hour, ends=now + hour, hosts=["door"])
    certificate, secret = folder / "door.pem", folder / "door.key"
    certificate.write_bytes(made.certificate_pem)
    secret.write_bytes(made.key_pem)
    return certificate, secret
