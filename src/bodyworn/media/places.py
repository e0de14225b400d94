"""Positions that a recording carries inside itself.

GoPro's GPMF (a track of key-length-value blocks, one a second; github.com/gopro/gpmf-parser
describes it) and the single position that a phone writes as ISO 6709 text. Positions without a
time of their own get the recording's start.
"""

import math
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from bodyworn.core.errors import DamagedError
from bodyworn.core.types import Place
from bodyworn.media.boxes import damage_named
from bodyworn.media.movie import Movie
from bodyworn.media.samples import Samples

LOCATION_KEYS = ("com.apple.quicktime.location.ISO6709", "location", "location-eng", "LOCATION")
ISO_6709 = re.compile(r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)")
MOST_PLACES = 100_000  # an hour at 18 a second has 65,000
LARGEST_BLOCK = 1 << 20  # bytes of one GPMF sample
LARGEST_TRACK = 64 << 20  # bytes of all of them; samples that share bytes count each time
DEEPEST = 8  # blocks inside blocks
EPOCH_1970 = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_2000 = datetime(2000, 1, 1, tzinfo=UTC)

LETTERS = {  # GPMF's types that struct has as well
    "b": "b",
    "B": "B",
    "s": "h",
    "S": "H",
    "l": "i",
    "L": "I",
    "f": "f",
    "d": "d",
    "j": "q",
    "J": "Q",
}


def places_in_gpmf(
    stream: BinaryIO, movie: Movie, tables: Mapping[int, Samples]
) -> tuple[Place, ...]:
    """Every fix of the `gpmd` track in time order. Raises DamagedError on nonsense."""
    found: list[Place] = []
    for block, seconds in _blocks(stream, movie, tables):
        found += fixes_in_block(block, seconds)
        if len(found) > MOST_PLACES:
            raise DamagedError("media.bad-gpmf", "This recording claims too many positions.")
    return tuple(sorted(found, key=lambda place: place.at))


def place_in_text(metadata: dict[str, str], at: datetime | None) -> Place | None:
    """The position in a container's metadata, where there is one and it can be dated."""
    text = next((metadata[key] for key in LOCATION_KEYS if key in metadata), "")
    match = ISO_6709.match(text.strip())
    if match is None or at is None:
        return None
    return _place(at, float(match[1]), float(match[2]))


def _place(
    at: datetime, latitude: float, longitude: float, speed: float | None = None
) -> Place | None:
    """None for what is no position on Earth; cameras without a fix write such."""
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or latitude == longitude == 0:
        return None
    return Place(at=at, latitude=latitude, longitude=longitude, speed_mps=speed)


# ── GPMF ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Entry:
    """One key-length-value entry."""

    key: str  # FourCC
    type: str  # one letter; a zero character for a nest of entries
    size: int  # bytes of one structure
    body: bytes


def _blocks(
    stream: BinaryIO, movie: Movie, tables: Mapping[int, Samples]
) -> Iterator[tuple[bytes, float]]:
    """(bytes, seconds it stands for) of each GPMF sample; samples beyond the file are left out."""
    track = next((track for track in movie.tracks if track.coding == b"gpmd"), None)
    if track is None:
        return
    samples = tables[track.number]
    rows = zip(samples.offset, samples.size, samples.duration, strict=True)
    read = 0
    for offset, size, duration in rows:
        if 0 <= offset <= movie.size - size and size <= LARGEST_BLOCK:
            # A table of 4 MB can point to one block a million times: a day of reading it again.
            read += int(size)
            if read > LARGEST_TRACK:
                raise DamagedError("media.bad-gpmf", "This recording claims too many positions.")
            stream.seek(int(offset))
            yield stream.read(int(size)), int(duration) / track.timescale


def _entries(data: bytes) -> Iterator[_Entry]:
    """Entries of a nest; each is padded to four bytes."""
    at = 0
    while at + 8 <= len(data):
        key, letter, size, repeat = struct.unpack_from(">4scBH", data, at)
        length = size * repeat
        body = data[at + 8 : at + 8 + length]
        if key == b"\0\0\0\0" or len(body) < length:
            return
        yield _Entry(key.decode("latin-1"), letter.decode("latin-1"), size, body)
        at += 8 + (length + 3) // 4 * 4


def fixes_in_block(block: bytes, seconds: float) -> list[Place]:
    """The positions of one GPMF sample that stands for so many seconds.

    Raises DamagedError where the block is not GPMF.
    """
    with damage_named("GPMF track"):
        return list(_fixes(block, seconds))


def _fixes(block: bytes, seconds: float) -> Iterator[Place]:
    """Each nest of entries ("stream") may hold some."""
    nests = list(_nests(block, DEEPEST))
    boot = next(filter(None, map(_boot_time, nests)), None)
    for nest in nests:
        if "GPS9" in nest:
            yield from _gps9(nest)
        elif "GPS5" in nest:
            yield from _gps5(nest, seconds)
        elif "GLPI" in nest and boot:
            yield from _glpi(nest, boot)


def _nests(data: bytes, depth: int) -> Iterator[dict[str, _Entry]]:
    entries = list(_entries(data))
    yield {entry.key: entry for entry in entries}
    for entry in entries:
        if entry.type == "\0" and depth:
            yield from _nests(entry.body, depth - 1)


def _rows(nest: dict[str, _Entry], key: str) -> list[list[float]]:
    """The structures of an entry, scaled by the nest's SCAL."""
    rows = _structures(nest[key], nest.get("TYPE"))
    if "SCAL" not in nest or not rows:
        return rows
    scale = [value for row in _structures(nest["SCAL"], None) for value in row]
    scale = scale * len(rows[0]) if len(scale) == 1 else scale
    if len(scale) != len(rows[0]) or 0 in scale:
        raise DamagedError("media.bad-gpmf", "The scales of this GPMF track do not fit.")
    return [[value / by for value, by in zip(row, scale, strict=True)] for row in rows]


def _structures(entry: _Entry, letters_of_complex: _Entry | None) -> list[list[float]]:
    """The numbers as written. A complex entry (`?`) has its letters in the nest's TYPE."""
    if entry.type == "?" and letters_of_complex:
        letters = _text(letters_of_complex)
    else:
        letters = entry.type * (entry.size // struct.calcsize(">" + LETTERS[entry.type]))
    form = struct.Struct(">" + "".join(LETTERS[letter] for letter in letters))
    usable = len(entry.body) // form.size * form.size
    return [list(row) for row in form.iter_unpack(entry.body[:usable])]


def _text(entry: _Entry) -> str:
    return entry.body.decode("latin-1").rstrip("\0")


def _gps5(nest: dict[str, _Entry], seconds: float) -> Iterator[Place]:
    """Latitude, longitude, altitude, speed over ground, speed; GPSU dates the first of them."""
    if "GPSU" not in nest or _fix(nest) == 0:
        return
    start = datetime.strptime(_text(nest["GPSU"])[:16], "%y%m%d%H%M%S.%f").replace(tzinfo=UTC)
    rows = _rows(nest, "GPS5")
    for number, (latitude, longitude, _, speed, _) in enumerate(rows):
        at = start + timedelta(seconds=seconds * number / len(rows))
        if place := _place(at, latitude, longitude, speed):
            yield place


def _fix(nest: dict[str, _Entry]) -> int:
    """0 means that the receiver had no position; 2 and 3 are its dimensions."""
    return int.from_bytes(nest["GPSF"].body[:4], "big") if "GPSF" in nest else 3


def _gps9(nest: dict[str, _Entry]) -> Iterator[Place]:
    """As GPS5, then days since 2000, seconds of the day, dilution and fix, for each row."""
    for latitude, longitude, _, speed, _, days, seconds, _, fix in _rows(nest, "GPS9"):
        at = EPOCH_2000 + timedelta(days=days, seconds=seconds)
        if fix and (place := _place(at, latitude, longitude, speed)):
            yield place


def _boot_time(nest: dict[str, _Entry]) -> datetime | None:
    """When the drone was switched on: SYST pairs seconds since then with the Unix time."""
    rows = _rows(nest, "SYST") if "SYST" in nest else []
    if not rows:
        return None
    since, unix = rows[0]
    return EPOCH_1970 + timedelta(seconds=unix - since)


def _glpi(nest: dict[str, _Entry], boot: datetime) -> Iterator[Place]:
    """A drone's own estimate: seconds since start, position, heights, speeds in three axes."""
    for since, latitude, longitude, _, _, north, east, _, _ in _rows(nest, "GLPI"):
        at = boot + timedelta(seconds=since)
        if place := _place(at, latitude, longitude, math.hypot(north, east)):
            yield place
