"""The upload door killed at random moments: whatever it did, the next one goes on from there."""

import contextlib
import multiprocessing
import random
import threading
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from tests.web.reading_world import VIEW, World
from tests.web.upload_world import BODY, KEY, TUS, Talk, bearer, head

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError
from bodyworn.store import blob_list
from bodyworn.store.inbox import arrivals
from bodyworn.store.layout import Layout
from bodyworn.web.door import upload
from bodyworn.web.door.reading_server import free_port

KILLS = 20
SIZE = 12_000_000
PIECE = 500_000


@dataclass
class File:
    """Something that the camera has, and how far it says it came."""

    data: bytes
    path: str = ""
    told: int = 0  # the largest offset that the door ever named

    @property
    def is_brought(self) -> bool:
        return self.told == len(self.data)


def start(folder: Path, port: int) -> BaseProcess:
    """A door in a process of its own."""
    config = upload.UploadConfig(data=folder, ticket_key=KEY, port=port)
    process = multiprocessing.get_context("fork").Process(target=upload.main, args=(config,))
    process.start()
    return process


def reach(port: int) -> Talk:
    """A connection, once the door listens."""
    for _ in range(1000):
        with contextlib.suppress(ConnectionRefusedError):
            return Talk(port)
        time.sleep(0.01)
    raise TimeoutError("the door never listened")


def ticket() -> dict[str, str]:
    return bearer(expires_at=int(time.time()) + 600)


def bring(talk: Talk, file: File) -> None:
    """Begin it or ask how far it came, then send the rest."""
    if not file.path:
        asked = {**TUS, **ticket(), "Upload-Length": str(len(file.data))}
        file.path = talk.ask("POST", "/uploads", asked).headers["location"]
    told = talk.ask("HEAD", file.path, {**TUS, **ticket()})
    offset = int(told.headers["upload-offset"])
    assert offset >= file.told, "an offset went back"
    file.told = offset
    if not file.is_brought:
        send(talk, file)


def send(talk: Talk, file: File) -> None:
    rest = file.data[file.told :]
    length = {"Content-Length": str(len(rest)), "Upload-Offset": str(file.told)}
    talk.send(head("PATCH", file.path, {**TUS, **ticket(), **BODY, **length}))
    for at in range(0, len(rest), PIECE):
        talk.send(rest[at : at + PIECE])
        time.sleep(0.002)  # so that there is a middle to be killed in
    assert talk.told().headers["bodyworn-durability"] == "received"
    file.told = len(file.data)


def broken_blobs(layout: Layout) -> list[str]:
    """What lies under a digest and is something else."""
    world, broken = World(layout.root), []
    for digest in blob_list.kept(layout):
        try:
            world.vault.check(digest, world.keys.release(VIEW, [digest])[digest])
        except BodywornError as error:
            broken.append(f"{digest}: {error}")
    return broken


@pytest.mark.crash
def test_a_door_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    chance, port, layout = random.Random(4471), free_port(), Layout(tmp_path)
    files = [File(chance.randbytes(SIZE))]
    for _ in range(KILLS):
        process = start(tmp_path, port)
        killer = threading.Timer(chance.uniform(0, 0.12), process.kill)
        with contextlib.suppress(OSError), reach(port) as talk:
            killer.start()
            while True:
                bring(talk, files[-1])
                if files[-1].is_brought:
                    files.append(File(chance.randbytes(SIZE)))
        killer.join()
        process.join()
        assert broken_blobs(layout) == []
    process = start(tmp_path, port)
    try:
        with reach(port) as talk:
            for file in files:
                bring(talk, file)
    finally:
        process.terminate()
        process.join()
    assert process.exitcode == 0
    assert {one.sha256 for one in arrivals(layout)} == {Sha256.of(file.data) for file in files}
    assert len(arrivals(layout)) == len(files)
    assert broken_blobs(layout) == []
    assert len(files) > 1
