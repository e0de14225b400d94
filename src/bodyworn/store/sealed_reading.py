"""Plain bytes out of a sealed file, at any offset, each chunk authenticated before it is used.

A range costs one read of the chunks that it touches. An end is believed only once the last chunk
is authenticated, so a file that was cut gives an error and not fewer bytes. Memory is one block a
thread at most, whatever the size of the blob.
"""

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from bodyworn.core.errors import DamagedError
from bodyworn.store.chunk_file import CHUNKS, SEALED_BLOCK, own_pages
from bodyworn.store.sealed import (
    CHUNK,
    HEADER,
    PLAIN,
    DataKey,
    Header,
    Kind,
    Seal,
    place,
    plain_size,
)


class _Scratch(threading.local):
    """What a thread reads into: nobody's plain text stays here but the last ragged chunk."""

    def __init__(self) -> None:
        # Mapped, so that a thread that reads little at a time has only as much memory.
        self.sealed = own_pages(SEALED_BLOCK)
        self.plain = memoryview(bytearray(PLAIN))


_SCRATCH = _Scratch()
Run = tuple[int, int]
"""Chunks next to each other: the first one and the one after the last."""


class SealedFile:
    """One open sealed file. A thread at a time may read from it."""

    def __init__(self, handle: int) -> None:
        """Takes the handle over. Raises DamagedError seal.cut."""
        self._handle = handle
        self.sealed_size = os.fstat(handle).st_size
        self.size = plain_size(self.sealed_size)  # plain bytes

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises FileNotFoundError, DamagedError seal.cut."""
        handle = os.open(path, os.O_RDONLY)
        try:
            return cls(handle)
        except BaseException:
            os.close(handle)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go; may be done twice."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def header_bytes(self) -> bytes:
        """The first 4,096 bytes as they are."""
        return os.pread(self._handle, HEADER, 0)

    def header(self) -> Header:
        """Raises DamagedError seal.header."""
        return Header.parse(self.header_bytes())

    def unlocked(self, key: DataKey) -> "PlainText":
        """The plain bytes behind it. Raises DamagedError seal.header, .other-key."""
        return PlainText(self._handle, self.sealed_size, key.opens(self.header_bytes()))


class PlainText:
    """The plain bytes of a sealed file that somebody else keeps open."""

    def __init__(self, handle: int, sealed_size: int, seal: Seal) -> None:
        """Raises DamagedError seal.cut."""
        self.size = plain_size(sealed_size)  # plain bytes
        self._sealed_size = sealed_size
        self._handle = handle
        self._seal = seal
        self._end = self.size // PLAIN  # the index of the last chunk

    def read_into(self, offset: int, into: memoryview) -> int:
        """Fill `into` from an offset; how many bytes, fewer only at the end.

        Raises DamagedError seal.broken, .cut; what `into` holds then MUST NOT be used.
        """
        if offset < 0:
            raise ValueError("before the beginning of the bytes")
        if not into:
            return 0
        stop = min(offset + len(into), self.size)
        for first, after in self._runs(offset, offset + len(into)):
            self._open_run(first, after, offset, into)
        return max(0, stop - offset)

    def _runs(self, offset: int, stop: int) -> Iterator[Run]:
        """The chunks of a range, a block at a time; the last chunk whenever an end is told."""
        first = min(offset // PLAIN, self._end)
        after = self._end + 1 if stop >= self.size else (stop - 1) // PLAIN + 1
        for at in range(first, after, CHUNKS):
            yield at, min(after, at + CHUNKS)

    def _open_run(self, first: int, after: int, offset: int, into: memoryview) -> None:
        """Whole chunks straight to where they belong, ragged ones by way of a chunk's buffer."""
        sealed = self._read(first, after)
        whole_from = -(-offset // PLAIN)
        whole_to = min(self._end, (offset + len(into)) // PLAIN)
        straight = max(first, whole_from), min(after, whole_to)
        if straight[0] < straight[1]:
            begin, end = straight
            self._seal.open_into(
                sealed[(begin - first) * CHUNK : (end - first) * CHUNK],
                into[begin * PLAIN - offset : end * PLAIN - offset],
                first=begin,
            )
        for index in range(first, after):
            if not straight[0] <= index < straight[1]:
                chunk = sealed[(index - first) * CHUNK : (index - first + 1) * CHUNK]
                self._open_ragged(chunk, index, offset, into)

    def _open_ragged(self, chunk: memoryview, index: int, offset: int, into: memoryview) -> None:
        plain = _SCRATCH.plain[: min(PLAIN, self.size - index * PLAIN)]
        kind = Kind.LAST if index == self._end else Kind.FULL
        self._seal.open_into(chunk, plain, first=index, kind=kind)
        begin = max(0, offset - index * PLAIN)
        end = min(len(plain), offset + len(into) - index * PLAIN)
        if begin < end:
            at = index * PLAIN + begin - offset
            into[at : at + end - begin] = plain[begin:end]

    def _read(self, first: int, after: int) -> memoryview:
        """The sealed chunks, in this thread's buffer."""
        return _read(self._handle, first, min(place(after), self._sealed_size) - place(first))


def open_chunks(handle: int, seal: Seal, *, first: int, into: memoryview) -> None:
    """Fill `into` from whole chunks, at most a block of them. Raises DamagedError seal.*"""
    count = len(into) // PLAIN
    seal.open_into(_read(handle, first, count * CHUNK), into, first=first)


def _read(handle: int, first: int, length: int) -> memoryview:
    """Sealed bytes from a chunk on, in this thread's buffer."""
    sealed, done = _SCRATCH.sealed[:length], 0
    # One preadv may answer with less on a signal.
    while done < length:
        got = os.preadv(handle, [sealed[done:]], place(first) + done)
        if not got:
            raise DamagedError("seal.cut", "A sealed blob became shorter while it was read.")
        done += got
    return sealed


class PlainStream(io.RawIOBase):
    """The plain bytes as a seekable stream; put an `io.BufferedReader` before it."""

    def __init__(self, file: SealedFile, plain: PlainText) -> None:
        """Takes the file over: it is closed with the stream."""
        self._file = file
        self._plain = plain
        self._at = 0
        self._chunk = bytearray(PLAIN)  # the one that small reads are answered from
        self._held = -1  # its index
        self._filled = 0  # bytes of it

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As every file has it. Raises ValueError before the beginning."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._plain.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning of the stream")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at

    def readinto(self, into: Any, /) -> int:
        """Up to a chunk for a small read, everything for a large one. Raises DamagedError."""
        view = memoryview(into).cast("B")
        if len(view) >= PLAIN:
            count = self._plain.read_into(self._at, view)
        else:
            count = self._from_chunk(view)
        self._at += count
        return count

    def close(self) -> None:
        """The file is closed, and the chunk that was held is forgotten."""
        self._file.close()
        self._chunk[:] = bytes(PLAIN)
        super().close()

    def _from_chunk(self, into: memoryview) -> int:
        index, begin = divmod(self._at, PLAIN)
        if index != self._held:
            self._held = -1  # while it is being filled it holds nothing
            self._filled = self._plain.read_into(index * PLAIN, memoryview(self._chunk))
            self._held = index
        found = memoryview(self._chunk)[begin : min(self._filled, begin + len(into))]
        into[: len(found)] = found
        return len(found)
