"""Small MP4s that lie: whatever their tables claim costs the one who wrote them nothing."""

import struct

from bodyworn.media.boxes import wrap, wrap_full

DATA = 28  # where the bytes of `movie(data=…)` begin


def numbers(*values: int) -> bytes:
    """Each in 32 bits."""
    return struct.pack(f">{len(values)}I", *values)


def movie(*tracks: bytes, data: bytes = bytes(100)) -> bytes:
    """A file of these tracks."""
    mvhd = wrap_full(b"mvhd", numbers(0, 0, 1000, 1000) + bytes(80))
    ftyp = wrap(b"ftyp", b"isom\0\0\2\0isom")
    return ftyp + wrap(b"mdat", data) + wrap(b"moov", mvhd, *tracks)


def track(
    *tables: bytes, number: int = 1, handler: bytes = b"vide", coding: bytes = b"avc1"
) -> bytes:
    """A track with these tables in its stbl; see `alike` and `listed`."""
    picture = bytes(16) + struct.pack(">HH", 64, 64) + bytes(50) if handler == b"vide" else b""
    stsd = wrap_full(b"stsd", numbers(1), wrap(coding, bytes(6) + b"\0\1" + picture))
    mdia = wrap(
        b"mdia",
        wrap_full(b"mdhd", numbers(0, 0, 1000, 1000) + bytes(4)),
        wrap_full(b"hdlr", bytes(4) + handler + bytes(13)),
        wrap(b"minf", wrap(b"stbl", stsd, *tables)),
    )
    tkhd = wrap_full(b"tkhd", numbers(0, 0, number, 0, 0) + bytes(60), flags=3)
    return wrap(b"trak", tkhd, mdia)


def alike(count: int) -> list[bytes]:
    """Tables of `count` samples of one byte, in one chunk."""
    return [
        wrap_full(b"stts", numbers(1, count, 10)),
        wrap_full(b"stsc", numbers(1, 1, count, 1)),
        wrap_full(b"stsz", numbers(1, count)),
        wrap_full(b"stco", numbers(1, DATA)),
    ]


def listed(count: int, *, size: int, offset: int = DATA) -> list[bytes]:
    """Tables of `count` samples that are all the same bytes."""
    return [
        wrap_full(b"stts", numbers(1, count, 10)),
        wrap_full(b"stsc", numbers(1, 1, 1, 1)),
        wrap_full(b"stsz", numbers(size, count)),
        wrap_full(b"co64", numbers(count) + struct.pack(">q", offset) * count),
    ]
