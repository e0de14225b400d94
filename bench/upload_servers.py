"""The servers that `bench.upload` compares, each in a process of its own.

    python -m bench.upload_servers door FOLDER PORT
    python -m bench.upload_servers plain FOLDER PORT
    python -m bench.upload_servers granian FOLDER PORT

`door` is the upload door as it is. `plain` is the least that any server must do with the same
bytes: receive, hash, write, flush; it believes every request and keeps no promise besides.
`granian` does that same least behind Granian's native interface, in 1 MiB batches of a thread: the
other way in which a door could have been built.
"""

import asyncio
import hashlib
import os
import re
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from granian.server.embed import Server

from bodyworn.web.door import upload

KEY = bytes(32)
BLOCK = 1 << 20
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.I)


def door(folder: Path, port: int) -> None:
    """Serve until SIGTERM."""
    upload.main(upload.UploadConfig(data=folder, ticket_key=KEY, port=port))


def plain(folder: Path, port: int) -> None:
    """A thread a connection, until killed."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        while True:
            peer, _ = listening.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_talk, args=(peer, folder), daemon=True).start()


def _talk(peer: socket.socket, folder: Path) -> None:
    buffer = memoryview(bytearray(BLOCK))
    with peer:
        while got := peer.recv_into(buffer):
            head, _, rest = bytes(buffer[:got]).partition(b"\r\n\r\n")
            if head.startswith(b"POST"):
                name = os.urandom(8).hex()
                peer.sendall(_told(f"201 Created\r\nLocation: /uploads/{name}"))
                continue
            found = _LENGTH.search(head)
            assert found
            name = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
            _take(peer, folder / name, buffer, rest, int(found[1]))
            peer.sendall(_told("204 No Content"))


def _take(peer: socket.socket, path: Path, buffer: memoryview, first: bytes, length: int) -> None:
    state = hashlib.sha256(first)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(handle, first)
    left = length - len(first)
    while left:
        got = peer.recv_into(buffer, min(left, BLOCK))
        assert got, "the client hung up"
        state.update(buffer[:got])
        os.write(handle, buffer[:got])
        left -= got
    os.fdatasync(handle)
    os.close(handle)


def granian(folder: Path, port: int) -> None:
    """One process, one loop; the disk and the hash are kept off it."""

    async def answer(scope: Any, wire: Any) -> None:
        if scope.method == "POST":
            name = os.urandom(8).hex()
            wire.response_empty(201, [("location", f"/uploads/{name}")])
            return
        await _batched(wire, folder / scope.path.rpartition("/")[2])
        wire.response_empty(204, [])

    asyncio.run(Server(answer, port=port, log_enabled=False).serve())


async def _batched(wire: Any, path: Path) -> None:
    state, handle = hashlib.sha256(), os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    batch = bytearray()

    def keep(data: bytes) -> None:
        state.update(data)
        os.write(handle, data)

    async for chunk in wire:
        batch += chunk
        if len(batch) >= BLOCK:
            await asyncio.to_thread(keep, bytes(batch))
            batch.clear()
    await asyncio.to_thread(keep, bytes(batch))
    await asyncio.to_thread(os.fdatasync, handle)
    os.close(handle)


SERVERS = {"door": door, "plain": plain, "granian": granian}


def _told(text: str) -> bytes:
    return f"HTTP/1.1 {text}\r\nContent-Length: 0\r\n\r\n".encode()


if __name__ == "__main__":
    SERVERS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
