"""The upload door and clients that others wrote for tus: tuspy, and tus-js-client under Node."""

import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.upload_world import BODY, DOCK, KEY, NOW, TUS, World, bearer, head, opened
from tusclient.client import TusClient
from tusclient.uploader.uploader import Uploader

from bodyworn.core.digest import Sha256
from bodyworn.store.inbox import arrivals
from bodyworn.web.ticket import Ticket, sign

CLIENTS = Path(__file__).parent.parent / "clients"
LONG = os.urandom(5_300_000)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path / "data") as world:
        yield world


def uploader(world: World, **changes: Any) -> Uploader:
    client = TusClient(world.door.url, headers=bearer())
    told: dict[str, Any] = {"chunk_size": 1_000_000, "metadata": {"filename": "0001.mp4"}}
    return client.uploader(file_stream=io.BytesIO(LONG), **told | changes)


def digests(world: World) -> list[Sha256]:
    return [arrival.sha256 for arrival in arrivals(world.layout)]


# ---- tuspy ----------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [700_001, 1 << 20, 1 << 30])
def test_tuspy_brings_a_file(world: World, chunk: int) -> None:
    uploader(world, chunk_size=chunk).upload()
    assert digests(world) == [Sha256.of(LONG)]
    assert arrivals(world.layout)[0].manifest.filename == "0001.mp4"


def test_tuspy_brings_a_file_with_checksums(world: World) -> None:
    uploader(world, upload_checksum=True).upload()
    assert digests(world) == [Sha256.of(LONG)]


def test_tuspy_goes_on_after_an_interruption(world: World) -> None:
    first = uploader(world)
    first.upload(stop_at=2_000_000)
    url = str(first.url)
    cut_in_the_middle(world, url, 2_000_000)
    second = uploader(world, url=url)
    assert second.offset == 2_000_000 + 123_456
    second.upload()
    assert digests(world) == [Sha256.of(LONG)]


def cut_in_the_middle(world: World, url: str, offset: int) -> None:
    """A request that ends before its body does."""
    path = url[url.index("/uploads") :]
    length = {"Content-Length": str(len(LONG) - offset), "Upload-Offset": str(offset)}
    with world.talk() as talk:
        talk.send(head("PATCH", path, {**TUS, **bearer(), **BODY, **length}))
        talk.send(LONG[offset : offset + 123_456])
        talk.wire.shutdown(1)
        assert talk.is_over()


# ---- tus-js-client --------------------------------------------------------------------------


@pytest.fixture(scope="session")
def node() -> str:
    """Node with the client installed from the lock file, whose digests npm checks."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if not found or not npm:
        pytest.skip("Node and npm are not installed: apt-get install nodejs npm")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm could not install tus-js-client: {done.stderr.strip()[-300:]}")
    return found


@pytest.mark.npm
@pytest.mark.parametrize("mode", ["whole", "resume", "parallel", "deferred"])
def test_tus_js_client_brings_a_file(world: World, node: str, tmp_path: Path, mode: str) -> None:
    source = tmp_path / "0001.mp4"
    source.write_bytes(LONG)
    end = int(NOW.timestamp()) + 600
    ticket = sign(Ticket(kind="upload", sender=DOCK, expires_at=end), KEY)
    command = [node, str(CLIENTS / "tus_upload.mjs"), str(source), world.door.url, ticket, mode]
    done = subprocess.run(
        command, cwd=CLIENTS, capture_output=True, text=True, timeout=60, check=False
    )
    assert json.loads(done.stdout or "{}").get("ok"), done.stdout + done.stderr
    assert digests(world) == [Sha256.of(LONG)]
