"""BagIt 1.0 (RFC 8493): the tag files of a bag, as bytes, from what its members' digests are.

Pure: whoever writes the payload hashes it on the way, and is told here what to write beside it.
Two fixities, SHA-256 and SHA-512, so that a bag outlives a break of one; and `SHA256SUMS`, a tag
file of our own, because `sha256sum -c` is the checker that everybody has. Checking a bag is
`custody.bag_check`'s.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bodyworn.core.errors import RefusedError

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
SUMS = "SHA256SUMS"
PAYLOAD = "data/"
Info = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of a bag."""

    path: str  # from the bag's folder, with slashes: `data/film.mp4`
    sha256: str  # 64 hexadecimal digits
    sha512: str  # 128 hexadecimal digits
    size: int  # bytes

    @classmethod
    def of(cls, path: str, data: bytes) -> "Member":
        """A file that is in memory."""
        return cls(
            path=path,
            sha256=hashlib.sha256(data).hexdigest(),
            sha512=hashlib.sha512(data).hexdigest(),
            size=len(data),
        )


def tag_files(payload: Iterable[Member], *, info: Info, bagged_on: datetime) -> dict[str, bytes]:
    """What stands beside the payload: bytes by file name, in the order to be written.

    `info` are further lines of bag-info.txt. Raises RefusedError bag.path for a member that is not
    below `data/`, leaves it, or has a name that manifests write in two ways.
    """
    members = sorted(payload, key=lambda member: member.path)
    _check_paths(members)
    files = {
        "bagit.txt": DECLARATION,
        "bag-info.txt": _bag_info(members, info, bagged_on),
        "manifest-sha256.txt": _manifest((one.sha256, one.path) for one in members),
        "manifest-sha512.txt": _manifest((one.sha512, one.path) for one in members),
    }
    tags = [Member.of(name, data) for name, data in files.items()]
    files[SUMS] = _manifest((one.sha256, one.path) for one in [*members, *tags])
    tags.append(Member.of(SUMS, files[SUMS]))
    files["tagmanifest-sha256.txt"] = _manifest((one.sha256, one.path) for one in tags)
    files["tagmanifest-sha512.txt"] = _manifest((one.sha512, one.path) for one in tags)
    return files


def _check_paths(members: Sequence[Member]) -> None:
    seen: set[str] = set()
    for path in (member.path for member in members):
        parts = path.split("/")
        is_inside = path.startswith(PAYLOAD) and not {"", ".", ".."} & set(parts)
        # RFC 8493 escapes these, `sha256sum` escapes others, and old readers escape none.
        is_plain = path.isprintable() and path == path.strip() and not set(path) & {"%", "\\"}
        if not (is_inside and is_plain) or path.casefold() in seen:
            raise RefusedError(
                "bag.path",
                f"A file called {path!r} has no place in a bag.",
                hint="Give each file a plain name of its own below `data/`.",
            )
        seen.add(path.casefold())


def _bag_info(members: Sequence[Member], info: Info, bagged_on: datetime) -> bytes:
    size = sum(member.size for member in members)
    lines = [
        *info,
        ("Bagging-Date", f"{bagged_on:%Y-%m-%d}"),
        ("Payload-Oxum", f"{size}.{len(members)}"),
        ("Bag-Size", _in_words(size)),
    ]
    # A value on several lines would be a second form of the same; there is one here.
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in lines).encode()


def _manifest(lines: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{digest}  {path}\n" for digest, path in lines).encode()


def _in_words(size: int) -> str:
    """As RFC 8493 shows it.

    >>> _in_words(42600)
    '42.6 kB'
    """
    for unit, width in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= width:
            return f"{size / width:.1f} {unit}"
    return f"{size} B"
