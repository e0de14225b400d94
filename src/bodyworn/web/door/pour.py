"""Stored bytes that no plain file holds, on their way to a reader, a block at a time.

Granian (2.8) puts no bound on what an application streams: a block that the reader has not taken
yet waits in memory, so that a 600 MB answer to a slow reader costs 600 MB. Files, however, it
reads no faster than the reader takes them. So the bytes go through a named pipe that Granian
serves as if it were a file: the kernel's pipe buffer is the bound, a full pipe is a reader who is
paused, and a broken one is a reader who has left.

What the bytes are and who may have them is for `web.door.reading`.
"""

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from bodyworn.core.errors import BodywornError, BusyError, DamagedError
from bodyworn.store.seal import Vault
from bodyworn.web.door.ranges import Piece

BLOCK = 256 * 1024  # bytes that are read at once, and held by the pipe
MOST = 128  # readers at once: 64 MiB of blocks and pipes, and 384 of a process's 1,024 handles
STALL = 60.0  # seconds that a reader may take nothing; a player that was paused asks again
OPENING = 5.0  # seconds until Granian opens the pipe; it takes about one millisecond

_log = logging.getLogger(__name__)


class Pourer:
    """Streams pieces of stored bytes to at most `MOST` readers at once; one for an event loop."""

    def __init__(self, vault: Vault, *, most: int = MOST, stall: float = STALL) -> None:
        """`stall` is in seconds."""
        self._vault = vault
        self._most = most
        self._stall = stall
        self._running = 0

    async def pour(self, pieces: Sequence[Piece], respond: Callable[[str], None]) -> None:
        """Answer with a pipe and fill it: `respond` is given the pipe's path once.

        Raises BusyError reading.too-many before `respond`; afterwards it raises nothing: an
        answer that ends before its Content-Length is how HTTP says that something broke.
        """
        with self._a_place(), _named_pipe() as path:
            respond(str(path))
            handle = await _opened_for_writing(path)
            if handle is None:
                return
            # From here on the pipe needs no name.
            path.unlink()
            await self._fill(handle, pieces)

    @contextlib.contextmanager
    def _a_place(self) -> Iterator[None]:
        if self._running >= self._most:
            raise BusyError("reading.too-many", "Too many people are reading.", retry_after=2)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def _fill(self, handle: int, pieces: Sequence[Piece]) -> None:
        try:
            async for block in self._blocks(pieces):
                await _write(handle, block, self._stall)
        except (BrokenPipeError, TimeoutError):
            pass  # the reader has left, or is paused for so long that it may ask again
        except (BodywornError, OSError) as error:
            _log.error("An answer was cut short: %s", error)
        finally:
            os.close(handle)

    async def _blocks(self, pieces: Sequence[Piece]) -> AsyncIterator[bytes]:
        for piece in pieces:
            for done in range(0, piece.length, BLOCK):
                length = min(BLOCK, piece.length - done)
                yield await asyncio.to_thread(self._read, piece, piece.offset + done, length)

    def _read(self, piece: Piece, offset: int, length: int) -> bytes:
        block = self._vault.read_at(piece.digest, offset, length)
        if len(block) != length:
            raise DamagedError("blob.wrong-size", f"{piece.digest.short}… ends too early.")
        return block


@contextlib.contextmanager
def _named_pipe() -> Iterator[Path]:
    """A pipe under a name that nobody guesses, for this user only, for a millisecond."""
    path = Path(tempfile.gettempdir()) / f"bodyworn-{secrets.token_hex(16)}"
    os.mkfifo(path, 0o600)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _opened_for_writing(path: Path) -> int | None:
    """The writing end, once somebody reads; None if the reader left before that.

    A pipe can be opened for writing without blocking only when it is being read (ENXIO before),
    and nothing tells when that is; so we look, at longer and longer intervals.
    """
    wait = 0.0002
    while wait < OPENING / 2:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            await asyncio.sleep(wait)
            wait *= 1.5
        else:
            _widen(handle)
            return handle
    return None


def _widen(handle: int) -> None:
    """Fewer wake-ups a megabyte; a user who has too many wide pipes already keeps narrow ones."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(PermissionError):
            fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, BLOCK)


async def _write(handle: int, block: bytes, stall: float) -> None:
    rest = memoryview(block)
    while rest:
        try:
            rest = rest[os.write(handle, rest) :]
        except BlockingIOError:
            await asyncio.wait_for(_writable(handle), stall)


async def _writable(handle: int) -> None:
    """Wait until the pipe takes more, or breaks: a broken pipe counts as writable."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(handle, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(handle)
