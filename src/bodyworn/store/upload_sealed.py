"""What has come of one upload, sealed as it came.

`<id>.bytes` is a sealed blob in the making: its header, whole chunks, and, once the upload is
whole, its last chunk; then it is a blob and only needs its name. `<id>.tail` holds what has come
since the last whole chunk: 8 bytes of index (big-endian) and one sealed chunk of its own kind. It
is replaced as a whole, after the chunks before it are flushed, so at any moment

    offset = whole chunks × 65,508 + the tail, if the tail's index is the number of whole chunks

A tail with a lower index was written before the last crash or by the last append, and the chunks
that came since begin with its bytes. It also tells what was acknowledged: chunks from its index on
were not, and if a power cut has spoiled one of those it is cut off, and the sender sends it again.
A spoiled chunk before it is damage, and is never cut.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from bodyworn.core.errors import DamagedError
from bodyworn.store import disk
from bodyworn.store.births import Births
from bodyworn.store.chunk_file import BLOCK, ChunkFile
from bodyworn.store.layout import Layout
from bodyworn.store.sealed import (
    CHUNK,
    EMPTY,
    HEADER,
    PLAIN,
    Kind,
    Seal,
    place,
    sealed_length,
    sealed_size,
)
from bodyworn.store.sealed_reading import open_chunks
from bodyworn.store.upload_notes import Upload
from bodyworn.store.upload_refusals import damaged, wrong_offset

_INDEX = struct.Struct(">Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tail:
    """What a tail says of itself without its key."""

    index: int  # of the chunk that it is the beginning of
    size: int  # plain bytes


def offset_of(layout: Layout, upload: Upload) -> int:
    """How many plain bytes are here. Raises FileNotFoundError.

    The tail is looked at first: whoever writes changes the bytes first, so that an offset read
    meanwhile may lag behind and never falls.
    """
    tail = _peek(layout, upload.id)
    size = os.stat(layout.upload_bytes(upload.id)).st_size
    if upload.whole is not None and size == sealed_size(upload.whole):
        return upload.whole
    chunks = _whole_chunks(size)
    return chunks * PLAIN + (tail.size if tail and tail.index == chunks else 0)


class Arriving:
    """The sealed bytes of an unfinished upload, open for its one writer, who holds its lock."""

    def __init__(self, layout: Layout, upload: Upload, births: Births) -> None:
        """Raises FileNotFoundError, DamagedError upload.damaged, MissingError key.*"""
        self.id = upload.id
        self._layout = layout
        self._whole = upload.whole
        self._told = upload.offset
        self._handle = os.open(layout.upload_bytes(upload.id), os.O_RDWR)
        try:
            self.seal = self._reopened(births)
            self._cut_ragged()
        except BaseException:
            os.close(self._handle)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    @property
    def chunks(self) -> int:
        """How many whole chunks are here."""
        return _whole_chunks(self._size())

    @property
    def is_ended(self) -> bool:
        """Whether the last chunk is here."""
        return self._whole is not None and self._size() == sealed_size(self._whole)

    # ---- reading ---------------------------------------------------------------------------

    def plain_from(self, offset: int) -> Iterator[memoryview]:
        """The plain bytes from an offset on, a block at a time; each is good until the next.

        Raises DamagedError upload.damaged, or RefusedError upload.wrong-offset after what a power
        cut had spoiled was cut off.
        """
        chunks, buffer = self.chunks, memoryview(bytearray(BLOCK))
        first, skip = divmod(offset, PLAIN)
        while first < chunks:
            count = min(chunks - first, BLOCK // PLAIN)
            self._open(first, buffer[: count * PLAIN])
            yield buffer[skip : count * PLAIN]
            first, skip = first + count, 0
        yield memoryview(self.rest())[skip:]

    def rest(self) -> bytes:
        """The plain bytes after the last whole chunk. Raises as `plain_from` does."""
        chunks = self.chunks
        if self.is_ended:
            sealed = os.pread(self._handle, CHUNK, place(chunks))
            return self._opened(sealed, chunks, Kind.LAST)
        tail = _peek(self._layout, self.id)
        if tail is None or tail.index != chunks:
            return b""
        sealed = disk.read_file(self._layout.upload_tail(self.id))[_INDEX.size :]
        return self._opened(sealed, chunks, Kind.TAIL)

    def _open(self, first: int, into: memoryview) -> None:
        try:
            open_chunks(self._handle, self.seal, first=first, into=into)
        except DamagedError as error:
            raise self._spoiled(int(error.facts.get("chunk", first))) from None

    def _opened(self, sealed: bytes, index: int, kind: Kind) -> bytes:
        plain = bytearray(len(sealed) - EMPTY)
        try:
            self.seal.open_into(memoryview(sealed), memoryview(plain), first=index, kind=kind)
        except DamagedError:
            raise damaged(self.id) if kind is Kind.TAIL else self._spoiled(index) from None
        return bytes(plain)

    def _spoiled(self, index: int) -> Exception:
        """What to say of a chunk that does not open; it is cut off if nobody was promised it."""
        tail = _peek(self._layout, self.id) or _Tail(index=0, size=0)
        if index < tail.index:
            return damaged(self.id)
        self.cut(index)
        self.flush()
        right = index * PLAIN + (tail.size if tail.index == index else 0)
        return wrong_offset(self._told, right=right)

    # ---- writing ---------------------------------------------------------------------------

    def chunk_file(self, sealed: memoryview) -> ChunkFile:
        """Where whole chunks go, sealed by way of this buffer."""
        return ChunkFile(self._handle, self.seal, sealed)

    def flush(self) -> None:
        """Make the chunks survive a power cut."""
        with disk.full_disk_explained():
            os.fdatasync(self._handle)

    def cut(self, chunks: int) -> None:
        """Forget every chunk from this one on."""
        os.ftruncate(self._handle, place(chunks))

    def write_tail(self, plain: memoryview, index: int) -> None:
        """Replace the tail, durably. The chunks before it MUST be flushed."""
        sealed = bytearray(_INDEX.size + sealed_length(len(plain)))
        _INDEX.pack_into(sealed, 0, index)
        self.seal.seal_into(plain, memoryview(sealed)[_INDEX.size :], first=index, kind=Kind.TAIL)
        disk.write_atomically(self._layout.upload_tail(self.id), bytes(sealed))

    def end(self) -> None:
        """Make the bytes a whole blob, flushed, if they are not one yet."""
        if not self.is_ended:
            rest = memoryview(self.rest())
            out = self.chunk_file(memoryview(bytearray(sealed_length(len(rest)))))
            out.put_last(rest, self.chunks)
        self.flush()

    def _reopened(self, births: Births) -> Seal:
        header = os.pread(self._handle, HEADER, 0)
        if not any(header):  # a power cut soon after it was begun: nothing was promised yet
            return self._begun(births)
        try:
            return births.reopen(header)
        except DamagedError:
            raise damaged(self.id) from None

    def _begun(self, births: Births) -> Seal:
        seal = births.begin()
        self.cut(0)
        os.pwrite(self._handle, seal.header.to_bytes(), 0)
        return seal

    def _cut_ragged(self) -> None:
        """What a killed writer left of a chunk must not lie behind a shorter end."""
        if not self.is_ended and self._size() != place(self.chunks):
            self.cut(self.chunks)

    def _size(self) -> int:
        return os.fstat(self._handle).st_size


def cut_ragged(layout: Layout, upload: str) -> None:
    """The same from outside, before a length becomes known that could make it look whole."""
    path = layout.upload_bytes(upload)
    size = path.stat().st_size
    if size > HEADER:
        os.truncate(path, place(_whole_chunks(size)))


def _whole_chunks(size: int) -> int:
    return max(0, size - HEADER) // CHUNK


def _peek(layout: Layout, upload: str) -> _Tail | None:
    try:
        handle = os.open(layout.upload_tail(upload), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        size = os.fstat(handle).st_size - _INDEX.size - EMPTY
        (index,) = _INDEX.unpack(os.pread(handle, _INDEX.size, 0))
    except struct.error:
        raise damaged(upload) from None
    finally:
        os.close(handle)
    if size < 0:
        raise damaged(upload)
    return _Tail(index=index, size=size)
