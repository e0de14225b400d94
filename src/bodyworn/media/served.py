"""Footage as a browser will get it: a camera-fragmented MP4 with its index in front.

Frame times, picture strip, sound strip and proxy are all read through this one opening, so that
their times agree with what the player shows.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from av.container import InputContainer

from bodyworn.core.errors import DamagedError
from bodyworn.media.index import index_head
from bodyworn.media.opening import Source, opened, size_of, stream_of


@contextmanager
def opened_as_served(source: Source, *, thorough: bool = False) -> Iterator[InputContainer]:
    """A container over index and master, or over the master alone, as `opening.opened` gives it.

    Raises DamagedError where FFmpeg cannot open it.
    """
    with stream_of(source) as stream:
        head = _head_or_none(stream)
        whole = cast("BinaryIO", Joined(head, stream)) if head else stream
        with opened(whole, thorough=thorough) as container:
            yield container


def _head_or_none(stream: BinaryIO) -> bytes | None:
    """None also for what is no MP4, or one whose fragments only FFmpeg can make something of."""
    try:
        return index_head(stream)
    except DamagedError:
        return None


class Joined(io.RawIOBase):
    """Some bytes and a stream behind them, read as one."""

    def __init__(self, head: bytes, body: BinaryIO) -> None:
        self._head, self._body = head, body
        self._size = len(head) + size_of(body)
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """Like any stream; may give less than was asked at the seam."""
        if self._at < len(self._head):
            end = len(self._head) if size < 0 else self._at + size
            data = self._head[self._at : end]
        else:
            self._body.seek(self._at - len(self._head))
            data = self._body.read(size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Like any stream."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """Like any stream."""
        return self._at
