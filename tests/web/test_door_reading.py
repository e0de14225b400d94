"""The running door, asked over the network: Granian, two parts, keys, TLS, memory."""

import contextlib
import datetime as dt
import hashlib
import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.web.reading_world import KEY, PAGES, World, address, load_with_keys, ticket_for

from bodyworn.core.errors import SetupError
from bodyworn.custody.certificates import Use, make
from bodyworn.web.door.ranges import Part, path_of
from bodyworn.web.door.reading_server import ReadingConfig, Running, is_up, start

INDEX = hashlib.shake_128(b"index").digest(70_000)
MASTER = hashlib.shake_128(b"master").digest(1_300_000)
WHOLE = INDEX + MASTER
LARGE = 200 << 20


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("door"))


@pytest.fixture(scope="module")
def footage(world: World) -> tuple[Part, ...]:
    return world.kept(INDEX, MASTER)


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[Running]:
    with start(world.config(), load_with_keys) as door:
        yield door


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, timeout=30) as client:
        yield client


def worker_of(door: Running) -> int:
    """The one process that Granian's main process has made."""
    pid = door.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    named = [int(c) for c in children if "resource_tracker" not in command_of(int(c))]
    assert len(named) == 1
    return named[0]


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def memory_of(pid: int) -> int:
    """Bytes that are resident and its own: pages of files that it reads do not count."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon"))


# --- two parts are one file -------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(first=st.integers(0, len(WHOLE) - 1), length=st.integers(1, 300_000))
def test_any_range_of_two_parts_is_that_slice_of_one_file(
    client: httpx.Client, footage: tuple[Part, ...], first: int, length: int
) -> None:
    header = {"range": f"bytes={first}-{first + length - 1}"}
    answer = client.get(address(footage), headers=header)
    last = min(first + length, len(WHOLE)) - 1
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(WHOLE)}"
    assert answer.content == WHOLE[first : first + length]


def test_the_whole_of_two_parts_is_one_file(
    client: httpx.Client, footage: tuple[Part, ...]
) -> None:
    answer = client.get(address(footage))
    assert (answer.status_code, answer.content) == (200, WHOLE)


def test_one_part_is_served_whole_and_in_ranges(
    client: httpx.Client, footage: tuple[Part, ...]
) -> None:
    master = footage[1:]
    assert client.get(address(master)).content == MASTER
    tail = client.get(address(master), headers={"range": "bytes=-1000"})
    assert (tail.status_code, tail.content) == (206, MASTER[-1000:])


def test_an_empty_file_arrives_empty(client: httpx.Client, world: World) -> None:
    answer = client.get(address(world.kept(b"")))
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_range_is_resumed_as_downloaders_do(
    client: httpx.Client, footage: tuple[Part, ...]
) -> None:
    """Half, then the rest under If-Range with the ETag of the first answer."""
    with client.stream("GET", address(footage)) as answer:
        half = next(answer.iter_raw(60_000))
    more = {"range": f"bytes={len(half)}-", "if-range": answer.headers["etag"]}
    assert half + client.get(address(footage), headers=more).content == WHOLE


# --- HTTP -------------------------------------------------------------------------------------


def test_head_has_the_headers_of_get_and_no_body(
    client: httpx.Client, footage: tuple[Part, ...]
) -> None:
    targets = [address(footage), address(footage[1:]), path_of(footage), "/healthz", "/nowhere"]
    for target in targets:
        get, head = client.get(target), client.head(target)
        unlike = {"date"}
        assert head.status_code == get.status_code
        assert head.content == b""
        assert {k: v for k, v in head.headers.items() if k not in unlike} == {
            k: v for k, v in get.headers.items() if k not in unlike
        }


def test_a_304_has_no_body_and_the_connection_lives_on(
    client: httpx.Client, footage: tuple[Part, ...]
) -> None:
    etag = client.head(address(footage)).headers["etag"]
    for _ in range(3):
        answer = client.get(address(footage), headers={"if-none-match": etag})
        assert (answer.status_code, answer.content) == (304, b"")


def test_many_requests_travel_on_one_connection(
    running: Running, footage: tuple[Part, ...]
) -> None:
    with socket.create_connection((running.config.host, running.config.port), 10) as wire:
        for first in (0, 69_999, 100_000):
            told = f"GET {address(footage)} HTTP/1.1\r\nHost: x\r\nRange: bytes={first}-{first}\r\n"
            wire.sendall(f"{told}\r\n".encode())
            reply = b""
            while b"\r\n\r\n" not in reply or reply.endswith(b"\r\n\r\n"):
                reply += wire.recv(4096)
            assert reply.startswith(b"HTTP/1.1 206")
            assert reply[-1:] == WHOLE[first : first + 1]


@pytest.mark.parametrize(
    "path",
    [
        b"/log/../keys/ticket.key",
        b"/log/%2e%2e/keys/ticket.key",
        b"/log/tile/%2e%2e%2f%2e%2e%2fkeys%2fticket.key",
        b"/log/..%5ckeys",
        b"/bytes/../../etc/passwd",
        b"//etc/passwd",
        b"/%00",
        b"/log/checkpoint%00",
        b"/\xff\xfe",
        b"/bytes/%ff",
        b"http://elsewhere.example/log/checkpoint%0d%0aX:%20y",
    ],
)
def test_hostile_addresses_are_not_found(running: Running, world: World, path: bytes) -> None:
    world.layout.keys.mkdir(exist_ok=True)
    world.layout.ticket_key.write_bytes(b"secret secret secret secret secr")
    with socket.create_connection((running.config.host, running.config.port), 10) as wire:
        wire.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        reply = b"".join(iter(lambda: wire.recv(4096), b""))
    assert reply.split(b" ", 2)[1] in (b"400", b"404")
    assert b"secret" not in reply
    assert b"\r\nX:" not in reply


def test_hostile_headers_do_no_harm(client: httpx.Client, footage: tuple[Part, ...]) -> None:
    for name in ("range", "if-range", "if-none-match", "if-match", "authorization"):
        for value in (b"\xff\xfe", b"bytes=" + b"1" * 50_000 + b"-", b'"' * 10_000, b"", b","):
            answer = client.get(address(footage), headers=[(name.encode(), value)])
            assert answer.status_code in (200, 401, 412, 416)
    assert client.get("/healthz").text == "ok\n"


def test_errors_travel_as_problem_json(client: httpx.Client, footage: tuple[Part, ...]) -> None:
    answer = client.get(path_of(footage))
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "ticket.none"
    assert answer.json()["status"] == 401


def test_the_log_is_read_by_anybody(client: httpx.Client, world: World) -> None:
    tile = world.layout.log / "tile" / "0" / "000.p" / "3"
    tile.parent.mkdir(parents=True)
    tile.write_bytes(bytes(96))
    (world.layout.log / "checkpoint").write_text("origin\n3\n")
    assert client.get("/log/checkpoint").text == "origin\n3\n"
    answer = client.get("/log/tile/0/000.p/3")
    assert (answer.content, answer.headers["content-length"]) == (bytes(96), "96")
    assert client.head("/log/tile/0/000.p/3").headers["content-length"] == "96"


def test_a_script_of_the_pages_may_send_a_range(client: httpx.Client) -> None:
    asked = {
        "origin": PAGES,
        "access-control-request-method": "GET",
        "access-control-request-headers": "range,if-range,authorization",
    }
    answer = client.options(f"/bytes/{'ab' * 32}", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == PAGES


# --- damage on the way ------------------------------------------------------------------------


def test_an_answer_that_is_cut_short_is_seen_to_be(client: httpx.Client, world: World) -> None:
    parts = (*world.kept(b"index"), world.zeros(100 << 20))
    with client.stream("GET", address(parts)) as answer:
        blocks = answer.iter_raw(1 << 16)
        next(blocks)
        os.truncate(world.layout.blob(parts[1][0]), 1 << 20)
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in blocks:
                pass
    assert client.get(address(parts)).status_code == 422


# --- memory -----------------------------------------------------------------------------------


def test_a_large_file_is_never_in_memory(running: Running, world: World) -> None:
    large = (world.zeros(LARGE),)
    worker = worker_of(running)
    before, step = memory_of(worker), 50 << 20
    with httpx.Client(base_url=running.url, timeout=30) as client:
        for first in range(0, LARGE, step):
            wanted = {"range": f"bytes={first}-{first + step - 1}"}
            with client.stream("GET", address(large), headers=wanted) as answer:
                assert sum(len(block) for block in answer.iter_raw(1 << 20)) == step
            assert memory_of(worker) - before < 40 << 20


@contextlib.contextmanager
def stalled(door: Running, target: str) -> Iterator[socket.socket]:
    """Somebody who asks for everything and then takes nothing."""
    with socket.create_connection((door.config.host, door.config.port), 10) as wire:
        wire.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert wire.recv(1000).startswith(b"HTTP/1.1 200")
        yield wire


def test_readers_who_are_paused_cost_no_memory(running: Running, world: World) -> None:
    parts = (*world.kept(b"index"), world.zeros(LARGE))
    worker = worker_of(running)
    before = memory_of(worker)
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(stalled(running, address(parts)))
        time.sleep(0.5)
        assert memory_of(worker) - before < 40 << 20
        assert is_up(running.config)


# --- keys -------------------------------------------------------------------------------------


def test_without_a_key_service_nothing_is_served(tmp_path: Path) -> None:
    """The door as it is served, in a house whose keeper is away."""
    world = World(tmp_path)
    parts = world.kept(INDEX, MASTER)
    with start(world.config()) as door, httpx.Client(base_url=door.url) as client:
        answer = client.get(address(parts))
        assert (answer.status_code, answer.json()["code"]) == (503, "keys.away")
        assert answer.headers["retry-after"] == "5"
        assert answer.json()["detail"].endswith(".")


# --- the process ------------------------------------------------------------------------------


def self_made(folder: Path) -> tuple[Path, Path]:
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    made = make("door", Use.SERVER, begins=now - day, ends=now + day, hosts=["127.0.0.1"])
    certificate, secret = folder / "door.pem", folder / "door.key"
    certificate.write_bytes(made.certificate_pem)
    secret.write_bytes(made.key_pem)
    return certificate, secret


def test_the_door_speaks_tls(tmp_path: Path) -> None:
    world = World(tmp_path / "data")
    footage = world.kept(INDEX, MASTER)
    certificate, key = self_made(tmp_path)
    config = world.config(tls_certificate=certificate, tls_key=key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with (
        start(config, load_with_keys) as door,
        httpx.Client(base_url=door.url, verify=trusting) as client,
    ):
        assert door.url.startswith("https://")
        wanted = {"range": "bytes=69990-70010"}
        assert client.get(address(footage), headers=wanted).content == WHOLE[69_990:70_011]
        stream = client.get("/healthz").extensions["network_stream"]
        assert stream.get_extra_info("ssl_object").version() == "TLSv1.3"


def test_half_of_tls_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="certificate and its key"):
        world.config(tls_certificate=tmp_path / "door.pem")


def test_the_configuration_hides_its_secret_when_printed(world: World) -> None:
    assert "ticket_key" not in repr(world.config())


def test_the_door_believes_its_own_clock(tmp_path: Path) -> None:
    world = World(tmp_path)
    footage = world.kept(INDEX, MASTER)
    with start(world.config(frozen_at=None), load_with_keys) as door:
        answer = httpx.get(f"{door.url}{path_of(footage)}?t={ticket_for(footage)}")
    assert answer.json()["code"] == "ticket.expired"


def test_a_door_that_is_told_to_stop_leaves_nobody_behind(tmp_path: Path) -> None:
    door = start(World(tmp_path).config(), load_with_keys)
    worker = worker_of(door)
    door.stop()
    assert not door.process.is_alive()
    assert not Path(f"/proc/{worker}").exists()
    assert not is_up(door.config)


def test_a_worker_whose_main_process_was_killed_ends_by_itself(tmp_path: Path) -> None:
    """Else it would take half of the connections of the next door on this port."""
    door = start(World(tmp_path).config(), load_with_keys)
    worker = worker_of(door)
    os.kill(door.process.pid or 0, signal.SIGKILL)
    door.process.join()
    wait_until_gone(worker)
    assert not is_up(door.config)


def test_a_worker_that_was_killed_is_replaced(tmp_path: Path) -> None:
    with start(World(tmp_path).config(), load_with_keys) as door:
        os.kill(worker_of(door), signal.SIGKILL)
        end = time.monotonic() + 20
        while not is_up(door.config) and time.monotonic() < end:
            time.sleep(0.05)
        assert is_up(door.config)


def test_a_door_that_cannot_come_up_says_so(world: World) -> None:
    config = ReadingConfig(data=world.root, ticket_key=KEY, host="192.0.2.1", port=8402)
    with pytest.raises(SetupError, match="did not come up"):
        start(config, within=10)


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and Path(f"/proc/{pid}").exists():
        if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
            return
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
