"""Footage on its way to a reader: read, opened and handed on, a block at a time.

Granian (2.8) puts no bound on what an application streams: a block that the reader has not taken
yet waits in memory, so that a 600 MB answer to a slow reader costs 600 MB. Files, however, it
reads no faster than the reader takes them. So everything is given to it as a file:

- what fits on one of the trays (`web.door.trays`) is opened as a whole, and sent from memory;
- what is longer, and what finds no tray free, goes through a named pipe. The kernel's pipe buffer
  is the bound, a full pipe is a reader who is paused, and a broken one is a reader who has left.

Reading, opening and filling are done by threads, which took half of the CPU of doing it in the
event loop (`docs/adr/0008-two-doors.md`); bytes are plain only in memory.

What the bytes are and who may have them is for `web.door.reading`, their keys for `web.door.keys`.
"""

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import select
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bodyworn.core.errors import BodywornError, BusyError, DamagedError
from bodyworn.store.seal import Vault
from bodyworn.store.sealed import PLAIN, DataKey
from bodyworn.web.door.keys import Keys
from bodyworn.web.door.names import new_name, sweep
from bodyworn.web.door.ranges import Piece
from bodyworn.web.door.trays import SIZE as TRAY
from bodyworn.web.door.trays import Tray, Trays

BLOCK = 8 * PLAIN  # bytes that are read at once: whole chunks, so that none is opened twice
PIPE = 256 * 1024  # bytes that a pipe holds
MOST = 128  # readers at once: at most 180 MiB of blocks and pipes, and 512 open files
STALL = 60.0  # seconds that a reader may take nothing; a player that was paused asks again
OPENING = 5.0  # seconds until Granian opens the pipe; it takes about one millisecond

Respond = Callable[[str, int | None], None]
"""Answers with the file of this path: with its first bytes, so many, or with all until it ends."""

_log = logging.getLogger(__name__)


class Pourer:
    """Streams pieces of stored bytes to at most `most` readers at once; one for an event loop."""

    def __init__(
        self, vault: Vault, *, most: int = MOST, stall: float = STALL, opening: float = OPENING
    ) -> None:
        """`stall` and `opening` are in seconds."""
        self._vault = vault
        self._most = most
        self._stall = stall
        self._opening = opening
        self._running = 0
        self._trays = Trays()
        sweep()
        self._threads = ThreadPoolExecutor(max(most, 1), thread_name_prefix="pour")

    def close(self) -> None:
        """No more trays, and no names of any."""
        self._trays.close()

    async def pour(self, pieces: Sequence[Piece], keys: Keys, respond: Respond) -> None:
        """Answer with the bytes of these pieces: `respond` is called once, at most.

        Raises BusyError reading.too-many, and for what fits on a tray DamagedError and MissingError
        blob.*, all before `respond`; afterwards it raises nothing: an answer that ends before its
        Content-Length is how HTTP says that something broke.
        """
        with self._a_place():
            if not await self._on_a_tray(pieces, keys, respond):
                await self._through_a_pipe(pieces, keys, respond)

    async def _on_a_tray(self, pieces: Sequence[Piece], keys: Keys, respond: Respond) -> bool:
        """Whether that is how they went: they are not too long, and a tray was free."""
        length = sum(piece.length for piece in pieces)
        tray = self._trays.take() if length <= TRAY else None
        if tray is None:
            return False
        try:
            await self._in_a_thread(self._load, tray, pieces, keys)
        except Exception:  # whatever it was, the thread has let go of the tray
            self._trays.put_back(tray)
            raise
        self._trays.hand_out(tray, lambda path: respond(path, length))
        return True

    async def _in_a_thread(self, work: Callable[..., None], *given: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    async def _through_a_pipe(self, pieces: Sequence[Piece], keys: Keys, respond: Respond) -> None:
        with _named_pipe() as path:
            respond(str(path), None)
            handle = await _opened_for_writing(path, self._opening)
        # From here on the pipe needs no name.
        if handle is not None:
            await self._in_a_thread(self._fill, handle, pieces, keys)

    @contextlib.contextmanager
    def _a_place(self) -> Iterator[None]:
        if self._running >= self._most:
            raise BusyError("reading.too-many", "Too many people are reading.", retry_after=2)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def _load(self, tray: Tray, pieces: Sequence[Piece], keys: Keys) -> None:
        room = tray.room
        for piece in pieces:
            with self._vault.open(piece.digest, keys[piece.digest]) as stream:
                stream.seek(piece.offset)
                if stream.readinto(room[: piece.length]) != piece.length:  # type: ignore[attr-defined]
                    raise _too_short(piece)
            room = room[piece.length :]

    def _fill(self, handle: int, pieces: Sequence[Piece], keys: Keys) -> None:
        block = memoryview(bytearray(BLOCK))
        try:
            for piece in pieces:
                self._copy(piece, keys[piece.digest], handle, block)
        except (BrokenPipeError, TimeoutError):
            pass  # the reader has left, or is paused for so long that it may ask again
        except (BodywornError, OSError) as error:
            _log.error("An answer was cut short: %s", error)
        finally:
            os.close(handle)

    def _copy(self, piece: Piece, key: DataKey, handle: int, block: memoryview) -> None:
        at, stop = piece.offset, piece.offset + piece.length
        with self._vault.open(piece.digest, key) as stream:
            stream.seek(at)
            while at < stop:
                # Up to the end of a chunk, so that the next block begins with one.
                wanted = block[: min(BLOCK - at % PLAIN, stop - at)]
                if stream.readinto(wanted) != len(wanted):  # type: ignore[attr-defined]
                    raise _too_short(piece)
                _write(handle, wanted, self._stall)
                at += len(wanted)


@contextlib.contextmanager
def _named_pipe() -> Iterator[Path]:
    """A pipe under a name that nobody guesses, for this user only, for a millisecond."""
    path = new_name()
    os.mkfifo(path, 0o600)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _opened_for_writing(path: Path, within: float) -> int | None:
    """The writing end, once somebody reads; None if the reader left before that.

    A pipe can be opened for writing without blocking only when it is being read (ENXIO before),
    and nothing tells when that is; so we look, at longer and longer intervals.
    """
    wait = 0.0002
    while wait < within / 3:
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
            fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, PIPE)


def _write(handle: int, rest: memoryview, stall: float) -> None:
    while rest:
        try:
            rest = rest[os.write(handle, rest) :]
        except BlockingIOError:
            _wait_for_room(handle, stall)


def _wait_for_room(handle: int, stall: float) -> None:
    """Until the pipe takes more, or breaks: a broken pipe counts as ready."""
    poll = select.poll()
    poll.register(handle, select.POLLOUT)
    if not poll.poll(stall * 1000):
        raise TimeoutError


def _too_short(piece: Piece) -> DamagedError:
    return DamagedError("blob.wrong-size", f"The bytes {piece.digest.short}… end too early.")
