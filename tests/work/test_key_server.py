"""The key service on its socket: the same answers as in one process, and patience with nobody."""

import socket
import stat
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections
from tests.work.arriving import DOCK, arrive, film
from tests.work.test_keys import event, master_of, viewed

from bodyworn.core.errors import BodywornError, BusyError, DamagedError, MissingError, RefusedError
from bodyworn.core.terms import EventType
from bodyworn.records.models import DataKey, Recording
from bodyworn.store.key_socket import LARGEST, KeyClient, connected, error_as_dict, error_from
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.key_server import KeyServer
from bodyworn.work.keys import KeyService, keys_of
from bodyworn.work.serving import hold

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def recording(house: House) -> Recording:
    take_in(house, arrive(house), by=DOCK)
    return Recording.objects.get()


@pytest.fixture
def server(house: House) -> Iterator[KeyServer]:
    server = KeyServer(KeyService(house, patience=0.5), house.layout.key_socket, threads=4)
    server.start()
    yield server
    server.stop()
    connections.close_all()


@pytest.fixture
def client(house: House, server: KeyServer) -> KeyClient:
    return KeyClient(house.layout.key_socket, patience=10)


def test_a_key_comes_over_the_line_and_opens(
    house: House, client: KeyClient, recording: Recording
) -> None:
    digest = master_of(recording)
    keys = client.release(viewed(recording).uid, [digest])
    with house.vault.open(digest, keys[digest]) as stream:
        assert stream.read() == film()


def test_a_refusal_comes_over_the_line_as_it_was_raised(
    client: KeyClient, recording: Recording
) -> None:
    digest = master_of(recording)
    with pytest.raises(RefusedError) as refused:
        client.release(event(EventType.MARKER_ADDED, recording).uid, [digest])
    assert refused.value.code == "keys.not-opened"
    assert refused.value.facts == {"rule": "opening.no-reading"}
    with pytest.raises(MissingError) as missing:
        client.release("0" * 32, [digest])
    assert missing.value.code == "keys.no-event"


ERRORS = [
    BusyError("keys.no-leaf-yet", "It waits.", retry_after=5),
    DamagedError("keys.event-changed", "It was changed.", entry=3),
    MissingError("keys.no-key", "There is none."),
    RefusedError("keys.stale", "It is old.", hint="Again.", status=409),
    BodywornError("program.unforeseen", "Nobody foresaw it."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_every_kind_of_error_is_the_same_at_the_other_end(error: BodywornError) -> None:
    again = error_from(error_as_dict(error))
    assert type(again) is type(error)
    assert again.as_dict() == error.as_dict()
    assert again.http_status == error.http_status


def test_keys_are_moved_and_arrivals_opened_over_the_line(house: House, client: KeyClient) -> None:
    arrival = arrive(house)
    (key,) = client.arrived(arrival.upload).values()
    with house.vault.open(arrival.sha256, key) as stream:
        assert stream.read() == film()
    slots = client.moved([arrival.sha256], "a-rule/2027-01-01")
    assert slots[arrival.sha256].bucket.name == "a-rule/2027-01-01"
    assert not DataKey.objects.exists(), "a row is written by whoever enters the recording"


def test_a_house_with_a_keeper_is_asked_and_not_opened_beside_it(
    house: House, server: KeyServer, recording: Recording
) -> None:
    lock = hold(house.layout.keeper_lock)
    assert lock is not None
    with lock:
        keys = keys_of(house)
        assert isinstance(keys, KeyClient)
        assert keys.release(viewed(recording).uid, [master_of(recording)])


def test_without_a_service_the_answer_is_that_keys_cannot_be_had(
    house: House, recording: Recording
) -> None:
    with pytest.raises(BusyError) as away:
        KeyClient(house.layout.key_socket).release("0" * 32, [master_of(recording)])
    assert (away.value.code, away.value.http_status) == ("keys.away", 503)


def test_a_service_that_says_nothing_is_given_up(house: House, recording: Recording) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(house.layout.key_socket))
        silent.listen()
        with pytest.raises(BusyError) as away:
            KeyClient(house.layout.key_socket, patience=0.05).arrived("x")
    assert away.value.code == "keys.away"


def test_the_socket_is_for_its_owner_alone(house: House, server: KeyServer) -> None:
    mode = house.layout.key_socket.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_a_name_that_a_dead_keeper_left_is_taken_over(house: House, recording: Recording) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(house.layout.key_socket))
    server = KeyServer(KeyService(house), house.layout.key_socket)
    server.start()
    try:
        keys = KeyClient(house.layout.key_socket)
        assert keys.release(viewed(recording).uid, [master_of(recording)])
    finally:
        server.stop()
    assert not house.layout.key_socket.exists()


def framed(words: bytes) -> bytes:
    return struct.pack(">I", len(words)) + words


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x00",
        struct.pack(">I", LARGEST + 1),
        framed(b"[]"),
        framed(b"{}"),
        framed(b'{"ask":1}'),
        framed(b"\xff\xfe{"),
        framed(b"[" * 60_000),
        framed(b'{"ask":"release","event":"x"}'),
        framed(b'{"ask":"release","event":"x","digests":["nothex"]}'),
        framed(b'{"ask":"release","event":7,"digests":[]}'),
        framed(b'{"ask":"arrived","upload":null}'),
    ],
)
def test_nonsense_gets_a_sentence_and_the_next_one_a_key(
    house: House, client: KeyClient, recording: Recording, said: bytes
) -> None:
    with connected(house.layout.key_socket, 5) as line:
        line.sendall(said)
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(1 << 16), b""))
    assert answer == b"" or b"keys.malformed" in answer
    assert client.release(viewed(recording).uid, [master_of(recording)])


def test_many_ask_at_once_and_each_gets_its_own(client: KeyClient, recording: Recording) -> None:
    digest, uids = master_of(recording), [viewed(recording).uid for _ in range(40)]
    got: list[object] = []
    threads = [threading.Thread(target=_ask(client, uid, got), args=(digest,)) for uid in uids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 40
    assert len(set(map(str, got))) == 1


def _ask(client: KeyClient, uid: str, got: list[object]) -> Callable[..., None]:
    return lambda digest: got.append(client.release(uid, [digest])[digest])


def test_a_data_folder_may_lie_deep(house: House, recording: Recording, tmp_path: Path) -> None:
    """The address of a socket holds 107 bytes; the path of this one has more."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    server = KeyServer(KeyService(house), deep / "keys.sock")
    server.start()
    try:
        keys = KeyClient(deep / "keys.sock")
        assert keys.release(viewed(recording).uid, [master_of(recording)])
    finally:
        server.stop()


def test_while_the_database_is_away_nothing_opens_and_afterwards_all_does(
    house: House, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, uid = master_of(recording), viewed(recording).uid
    server = KeyServer(KeyService(house), house.layout.key_socket, threads=1)
    client = KeyClient(house.layout.key_socket)
    away = dict(connections.settings["default"], NAME="/nowhere/at-all", HOST="/nowhere")
    with monkeypatch.context() as patch:
        patch.setitem(connections.settings, "default", away)
        server.start()
        try:
            for _ in range(2):
                with pytest.raises(BodywornError) as closed:
                    client.release(uid, [digest])
                assert closed.value.code == "database.unreachable"
        finally:
            server.stop()
    server = KeyServer(KeyService(house), house.layout.key_socket, threads=1)
    server.start()
    try:
        assert client.release(uid, [digest])
    finally:
        server.stop()
