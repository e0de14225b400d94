"""Whether a file ends before it should: each container states its length in its own way.

MP4 by the extents of its samples, Matroska by its elements (RFC 8794, RFC 9559), AVI by its
chunks, transport streams by whole packets. A transport stream or a fragmented MP4 that was cut
exactly between two pieces says nothing about it; the dock's digest of the bytes is what proves
that nothing was lost on the way.
"""

from collections.abc import Mapping
from typing import BinaryIO

from bodyworn.media.movie import Movie
from bodyworn.media.samples import Samples

MOST_ELEMENTS = 100_000  # clusters or chunks that are walked
EBML, SEGMENT = 0x1A45DFA3, 0x18538067
TS_PACKETS = (188, 192, 204)  # plain, with time codes (M2TS), with error correction
SYNC = 0x47

CUT = "The file ends too early: {missing:,} bytes of its pictures and sound are missing."
CUT_SOMEWHERE = "The file ends in the middle of a {what}: its last part is missing."


def cut_movie(movie: Movie, tables: Mapping[int, Samples]) -> str | None:
    """A sentence about an MP4 that is cut, or None."""
    needed = max((table.end for table in tables.values()), default=0)
    if needed > movie.size:
        return CUT.format(missing=needed - movie.size)
    return CUT_SOMEWHERE.format(what="box") if movie.is_cut else None


def cut_matroska(stream: BinaryIO, size: int) -> str | None:
    """The same for Matroska and WebM."""
    at = _element_end(stream, 0, size)
    for _ in range(MOST_ELEMENTS):
        if at is None or at >= size:
            break
        at = _element_end(stream, at, size)
    if at is not None and at > size:
        return CUT.format(missing=at - size)
    return None


def _element_end(stream: BinaryIO, at: int, size: int) -> int | None:
    """Where the EBML element at `at` ends. None where that is unknown, as in live streams.

    A segment is stepped into if its end is unknown, so that its clusters are looked at.
    """
    stream.seek(at)
    head = stream.read(12)
    if len(head) < 2:
        return size + 1
    width = 9 - head[0].bit_length()
    length = 9 - head[width].bit_length() if width <= 4 < len(head) else 9
    if length > 8:
        return None
    value = int.from_bytes(head[width : width + length], "big") & ((1 << 7 * length) - 1)
    if value != (1 << 7 * length) - 1:
        return at + width + length + value
    is_segment = int.from_bytes(head[:width], "big") == SEGMENT
    return at + width + length if is_segment else None


def cut_avi(stream: BinaryIO, size: int) -> str | None:
    """The same for AVI; long files hold several RIFF chunks."""
    at = end = 0
    for _ in range(MOST_ELEMENTS):
        if at + 8 > size:
            break
        stream.seek(at)
        head = stream.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"RIFF" and length == 0:
            return "The camera did not finish this file: its header was never completed."
        end = at + 8 + length
        at = end + length % 2  # some writers leave the padding out behind the last chunk
    return CUT.format(missing=end - size) if end > size else None


def cut_transport_stream(stream: BinaryIO, size: int) -> str | None:
    """The same for MPEG transport streams."""
    stream.seek(0)
    head = stream.read(4 * max(TS_PACKETS))
    for packet in TS_PACKETS:
        offset = 4 if packet == 192 else 0
        if all(head[at] == SYNC for at in range(offset, len(head), packet)) and size % packet:
            return CUT_SOMEWHERE.format(what="packet")
    return None
