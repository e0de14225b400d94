"""The witness's server, over real sockets: what the specification asks, and what it can bear."""

import http.client
import socket
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.custody.making import ORIGIN
from tests.custody.overseeing import (
    COMPLAINTS,
    LEAVES,
    REWRITTEN,
    SEEN,
    folder_of,
    note_of,
    request,
)

from bodyworn.core.clock import frozen_clock
from bodyworn.custody.cosignature import cosignature_in
from bodyworn.web import witness as server_
from bodyworn.web.witness import WitnessServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WitnessServer]:
    """A witness that listens on a port of its own."""
    server = WitnessServer(folder_of(tmp_path), host="127.0.0.1", port=0, clock=frozen_clock(SEEN))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


Said = tuple[int, str, str]


def ask(
    server: WitnessServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> Said:
    """Status, media type and text."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["content-type"], answer.read().decode()
    finally:
        connection.close()


def add(server: WitnessServer, body: bytes) -> Said:
    return ask(server, "POST", "/add-checkpoint", body)


def test_a_good_request_is_answered_with_the_signature_line(server: WitnessServer) -> None:
    status, _, line = add(server, request(0, 300))
    assert status == 200
    assert cosignature_in(note_of(LEAVES, 300) + line, COMPLAINTS.key)
    assert line.startswith("— ")
    assert line.endswith("\n")
    assert line.count("\n") == 1


def test_another_size_is_409_with_the_size_alone(server: WitnessServer) -> None:
    add(server, request(0, 300))
    assert add(server, request(0, 400)) == (409, "text/x.tlog.size", "300\n")


def test_other_refusals_are_sentences(server: WitnessServer) -> None:
    add(server, request(0, 300))
    status, media_type, text = add(server, request(300, 400, hashes=REWRITTEN))
    assert (status, media_type) == (422, "text/plain; charset=utf-8")
    assert "(witness.not-continued)" in text
    assert add(server, b"")[0] == 400
    assert add(server, request(0, 300).replace(b"police", b"polite"))[0] == 404
    assert add(server, request(300, 301).replace(b"\n301\n", b"\n302\n"))[0] == 403


def test_what_it_holds_is_there_for_everybody(server: WitnessServer) -> None:
    path = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    assert ask(server, "GET", path)[0] == 404
    _, _, line = add(server, request(0, 300))
    assert ask(server, "GET", path)[::2] == (200, note_of(LEAVES, 300) + line)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/add-checkpoint", 404),
        ("GET", "/../witness.key", 404),
        ("GET", f"/{'0' * 64}/checkpoint", 404),
        ("GET", f"/{'0' * 64}/../../witness.key", 404),
        ("POST", "/", 404),
        ("POST", "/add-checkpoint/", 404),
        ("PUT", "/add-checkpoint", 501),
        ("DELETE", "/add-checkpoint", 501),
    ],
)
def test_nothing_else_is_there(method: str, path: str, status: int, server: WitnessServer) -> None:
    assert ask(server, method, path, b"old 0\n")[0] == status


def raw(server: WitnessServer, data: bytes) -> bytes:
    """The first bytes of the answer to exactly these bytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(data)
        return connection.recv(4096)


HEAD = b"POST /add-checkpoint HTTP/1.1\r\nhost: w\r\n"


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (b"\r\n", 411),
        (b"content-length: x\r\n\r\n", 411),
        (b"content-length: -1\r\n\r\n", 411),
        (b"content-length: 1_0\r\n\r\n", 411),
        (b"content-length: 3\r\ncontent-length: 4\r\n\r\nold", 411),
        (b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"content-length: 65537\r\n\r\n", 413),
        (b"content-length: 999999999\r\n\r\n", 413),
        (b"x: " + b"y" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_a_request_that_is_no_plain_one_is_refused(
    rest: bytes, status: int, server: WitnessServer
) -> None:
    assert raw(server, HEAD + rest).startswith(b"HTTP/1.1 %d " % status)
    assert add(server, request(0, 300))[0] == 200


def test_one_connection_may_ask_again(server: WitnessServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for old, new in ((0, 300), (300, 400), (300, 400), (400, 401)):
        connection.request("POST", "/add-checkpoint", request(old, new))
        answer = connection.getresponse()
        assert answer.status in {200, 409}
        answer.read()
    connection.close()


def test_what_lasts_too_long_is_cut(server: WitnessServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that comes byte by byte would hold its thread for ever."""
    monkeypatch.setattr(server_, "LONGEST", 0.2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(HEAD + b"content-length: 100\r\n\r\nold")
        assert b"200" not in connection.recv(4096)
    assert add(server, request(0, 300))[0] == 200


def test_too_many_connections_keep_nobody_out_for_long(
    server: WitnessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_, "MOST_CONNECTIONS", 2)
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(2)]
    for one in idle:
        one.sendall(b"G")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as third:
        assert third.recv(100) == b""
    for one in idle:
        one.close()
    for _ in range(200):
        try:
            assert add(server, request(0, 300))[0] == 200
            return
        except (ConnectionError, http.client.HTTPException):
            continue
    raise AssertionError("it stays closed")
