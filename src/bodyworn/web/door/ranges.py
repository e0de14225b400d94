"""The arithmetic of byte ranges (RFC 9110, chapters 13 and 14), without a server or a file.

Parts lie one after the other and are one virtual file: `etag_of` names it, `asked_span` says
which bytes of it a request is for, `cut` says where these lie. Which parts somebody may read is
for the ticket to say, and sending them is for `web.door.reading`.

**More than one range.** Nobody who plays or downloads footage asks for two ranges at once, and
RFC 9110 (14.2) lets a server ignore or reject such a header. Ignored, a header of a few bytes
would fetch a whole night shift; so a header that we do not honour is ignored up to `SMALL` bytes
and rejected with 416 above. The same holds for a header that is not well-formed. A range unit
that is not bytes must always be ignored, says the RFC, and is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import RefusedError

Part = tuple[Sha256, int]
"""Digest of the plain bytes, and their size in bytes; the same as in `web.ticket`."""

SMALL = 1 << 20  # bytes of a file that may be sent whole instead of a range that we do not honour
# 19 digits count every byte of a 64-bit file; Python takes ages over a number of a million.
_NUMBERS = re.compile(r"([0-9]{0,19})-([0-9]{0,19})", re.ASCII)
_TAG = re.compile(r'(W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one stored file."""

    digest: Sha256
    offset: int  # bytes, in the stored file
    length: int  # bytes, never 0


def size_of(parts: Iterable[Part]) -> int:
    """How many bytes the parts have together."""
    return sum(size for _, size in parts)


def etag_of(parts: Sequence[Part]) -> Sha256:
    """The name of what the parts make: one part's own digest, else SHA-256 over all digests.

    The bytes behind a digest never change, so this is a strong validator for ever.

    >>> etag_of([(Sha256.of(b"alone"), 5)]) == Sha256.of(b"alone")
    True
    """
    if len(parts) == 1:
        return parts[0][0]
    return Sha256.of(b"".join(digest.raw for digest, _ in parts))


def path_of(parts: Sequence[Part]) -> str:
    """Where the reading door serves these parts: `/bytes/` and the 64 digits of their name."""
    return f"/bytes/{etag_of(parts)}"


def asked_span(header: str | None, size: int) -> Span | None:
    """The bytes that a Range header asks for, cut at the end; None means the whole.

    Raises RefusedError range.unsatisfiable, or range.not-one of a large file (both 416).

    >>> asked_span("bytes=90-", 100)
    Span(start=90, stop=100)
    """
    unit, _, wish = (header or "").partition("=")
    if header is None or unit.strip().lower() != "bytes":
        return None
    found = _NUMBERS.fullmatch(wish.strip())
    if found is None or not _is_well_formed(*found.groups()):
        _refuse_if_large(size)
        return None
    return _satisfied(*found.groups(), size=size)


def _is_well_formed(first: str, last: str) -> bool:
    if not first:
        return bool(last)
    return not last or int(first) <= int(last)


def _satisfied(first: str, last: str, *, size: int) -> Span | None:
    if not first:
        return _suffix(int(last), size)
    start = int(first)
    if start >= size:
        raise _unsatisfiable(size)
    return Span(start, min(int(last) + 1, size) if last else size)


def _suffix(length: int, size: int) -> Span | None:
    if length == 0:
        raise _unsatisfiable(size)
    # The last bytes of nothing are nothing, and Content-Range has no words for that.
    return Span(max(size - length, 0), size) if size else None


def _unsatisfiable(size: int) -> RefusedError:
    return RefusedError(
        "range.unsatisfiable",
        f"This file has {size} bytes; the range lies outside.",
        hint="Ask again without a range to learn the size.",
        status=416,
        size=size,
    )


def _refuse_if_large(size: int) -> None:
    if size > SMALL:
        raise RefusedError(
            "range.not-one",
            "This door serves one well-formed byte range at a time.",
            hint="Ask for the ranges one after the other, each as `bytes=first-last`.",
            status=416,
            size=size,
        )


def cut(parts: Iterable[Part], span: Span) -> tuple[Piece, ...]:
    """Where the bytes of the span lie, in order; no piece is empty."""
    return tuple(_pieces(parts, span))


def _pieces(parts: Iterable[Part], span: Span) -> Iterator[Piece]:
    begin = 0
    for digest, size in parts:
        start, stop = max(span.start, begin), min(span.stop, begin + size)
        if start < stop:
            yield Piece(digest, start - begin, stop - start)
        begin += size


def is_expected(if_match: str | None, etag: str) -> bool:
    """If-Match: True unless it names other versions only; weak ones never match (13.1.1)."""
    if if_match is None or if_match.strip() == "*":
        return True
    return ("", etag) in _TAG.findall(if_match)


def is_held(if_none_match: str | None, etag: str) -> bool:
    """If-None-Match: True if the asker has these very bytes; weak ones count (13.1.2)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag in {tag for _, tag in _TAG.findall(if_none_match)}


def is_same(if_range: str | None, etag: str) -> bool:
    """If-Range: True unless it names another version, a weak one or a date (13.1.5)."""
    return if_range is None or if_range.strip() == f'"{etag}"'
