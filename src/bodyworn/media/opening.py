"""Open footage for FFmpeg's readers without trusting it.

Bytes always go through a Python reader and never by name: a name would choose the parser by its
ending, and text that names other files (playlists, concatenation scripts) would be followed.
Only the container formats listed here are tried at all.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from bodyworn.core.errors import DamagedError

Source = Path | BinaryIO
"""A file by path, or an open stream that can seek; a stream stays open."""

FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,h264,hevc,ivf,mxf,dhav,wav"
BUFFER = 1 << 18  # bytes a read; a call into Python for each 32 KiB would cost more than the copy
OPEN_SECONDS = 20  # a hostile file can make a parser think for long

MP4_STARTS = (b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"pnot", b"styp")
EBML = b"\x1aE\xdf\xa3"

FAILURES = (av.FFmpegError, EOFError, ValueError, MemoryError)
"""What FFmpeg's readers raise on bytes that they do not like."""


class Reader:
    """A seekable view of a stream that knows no name and ends after `budget` bytes were read."""

    def __init__(self, stream: BinaryIO, *, budget: int | None = None) -> None:
        self._stream = stream
        self._left = budget
        stream.seek(0)

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; nothing once the budget is spent."""
        if self._left is None:
            return self._stream.read(size)
        data = self._stream.read(min(size, self._left) if size >= 0 else self._left)
        self._left -= len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As any stream does it."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """As any stream does it."""
        return self._stream.tell()


@contextmanager
def stream_of(source: Source) -> Iterator[BinaryIO]:
    """The bytes as a stream; closed afterwards only if it was opened here."""
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source


def size_of(stream: BinaryIO) -> int:
    """How many bytes there are."""
    return stream.seek(0, io.SEEK_END)


@contextmanager
def opened(
    source: Source, *, budget: int | None = None, thorough: bool = False
) -> Iterator[InputContainer]:
    """A container to demux or decode from. Raises DamagedError where FFmpeg cannot open it.

    A thorough opening decodes the first pictures to learn their pixel format and how far they
    are reordered; MP4 and Matroska state all that matters, and the opening is ten times faster.
    """
    with stream_of(source) as stream:
        states_times = _states_times(stream)
        options = {} if thorough or not states_times else {"skip_frame": "all"}
        container = _container(Reader(stream, budget=budget), options)
        try:
            yield container
        finally:
            container.close()


def is_mp4(stream: BinaryIO) -> bool:
    """Whether the first box is one with which an MP4 or MOV begins."""
    stream.seek(0)
    return stream.read(8)[4:] in MP4_STARTS


def _states_times(stream: BinaryIO) -> bool:
    """Whether the container has a presentation time for every packet."""
    if is_mp4(stream):
        return True
    stream.seek(0)
    return stream.read(4) == EBML


def _container(reader: Reader, options: dict[str, str]) -> InputContainer:
    try:
        return av.open(
            reader,
            "r",
            options={"format_whitelist": FORMATS, "enable_drefs": "0", **options},
            metadata_errors="replace",
            buffer_size=BUFFER,
            timeout=(OPEN_SECONDS, None),
        )
    except FAILURES as error:
        raise DamagedError(
            "media.unreadable",
            "No video reader understands these bytes.",
            hint="The file is kept as it came; ask the sender for the original.",
            detail=str(error)[:200],
        ) from None


def pictures_of(container: InputContainer) -> VideoStream | None:
    """The first moving picture, as browsers choose it; cover pictures do not count."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def sound_of(container: InputContainer) -> AudioStream | None:
    """The first sound, as browsers choose it."""
    return next(iter(container.streams.audio), None)


def only(container: InputContainer, wanted: Stream) -> None:
    """Let the demuxer pass over every other stream, so that it need not read their bytes."""
    for stream in container.streams:
        stream.discard = Discard.default if stream.index == wanted.index else Discard.all
