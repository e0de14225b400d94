"""Which files of the custody log an outsider may read, and how long each may be cached.

The grammar of addresses is that of C2SP tlog-tiles: `checkpoint`, `tile/<L>/<N>[.p/<W>]` and
`tile/entries/<N>[.p/<W>]`. Of our own are `checkpoint.witnessed`, the newest checkpoint that
enough witnesses cosigned, `timestamps/…`, RFC 3161 tokens over checkpoints, and `census/<day>`,
what was held that day. What does not fit the grammar is no file of the log, so no address leaves
the folder. What the files hold is for `custody`; a log holds no personal data (salted commitments
only), which is why it is served without a ticket.
"""

import re
from pathlib import Path

from bodyworn.core.errors import MissingError
from bodyworn.web.door.ranges import Span
from bodyworn.web.door.reading_answer import ALWAYS, Answer, Headers, words

# L is 0 to 63; N is groups of three digits, all but the last with an x; W is 1 to 255.
_LEVEL = r"(?:[0-9]|[1-5][0-9]|6[0-3])"
_INDEX = r"(?:x[0-9]{3}/){0,6}[0-9]{3}"
_WIDTH = r"(?:[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_TILE = re.compile(rf"tile/(?:{_LEVEL}|entries)/{_INDEX}(?:\.p/{_WIDTH})?", re.ASCII)

# The list of live evidence of a day: as large as a force, and never changed.
_CENSUS = re.compile(r"census/[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NEWEST_CENSUS = "census/newest"
# The newest size, and for each stamped size its checkpoint and the token over it.
_STAMP = re.compile(r"timestamps/(?:newest|[1-9][0-9]{0,18}\.(?:checkpoint|tsr))", re.ASCII)
MEDIA_TYPES = {".tsr": "application/timestamp-reply"}

ANYBODY: Headers = [("access-control-allow-origin", "*")]


def log_file(folder: Path, name: str) -> Answer:
    """The named file of the log. Raises MissingError log.no-such-file."""
    if name in {"checkpoint", "checkpoint.witnessed", _NEWEST_CENSUS} or _STAMP.fullmatch(name):
        return _small(folder / name)
    if _TILE.fullmatch(name):
        return _whole(folder / name, media_type="application/octet-stream")
    if _CENSUS.fullmatch(name):
        return _whole(folder / name, media_type="text/plain; charset=utf-8")
    raise _no_such_file()


def _small(path: Path) -> Answer:
    """Read in one go: a checkpoint is replaced every second, and its size may have changed by the
    time that somebody else opens it."""
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        raise _no_such_file() from None
    fresh = ("cache-control", "no-cache")
    media_type = MEDIA_TYPES.get(path.suffix, "text/plain; charset=utf-8")
    return words(200, body, media_type=media_type, headers=[*ANYBODY, fresh])


def _whole(path: Path, *, media_type: str) -> Answer:
    """What never changes; a partial tile is overtaken by a fuller one with another name."""
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        raise _no_such_file() from None
    own = [
        ("content-type", media_type),
        ("content-length", str(size)),
        ("cache-control", "public, max-age=31536000, immutable"),
    ]
    return Answer(status=200, headers=[*ALWAYS, *ANYBODY, *own], file=(path, Span(0, size)))


def _no_such_file() -> MissingError:
    return MissingError(
        "log.no-such-file",
        "The log has no such file, or not yet.",
        hint="Read `checkpoint` for the size, then ask for full tiles before partial ones.",
    )
