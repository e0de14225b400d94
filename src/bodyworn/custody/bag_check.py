"""Whether a folder is a whole and valid bag: BagIt 0.93 to 1.0 (RFC 8493), whoever made it.

A pack is judged by this before it gets its name. What a pack must hold beyond being a bag, and
what its members prove, the stand-alone verifier judges (`custody.outside`); it cannot import this.
Nothing is fetched: what `fetch.txt` names must lie here already.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bodyworn.core.errors import DamagedError
from bodyworn.core.tasks import Progress, silent

BLOCK = 1 << 20  # bytes
LARGEST_TAG = 1 << 28  # bytes of one tag file
DIGESTS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
"""Kinds of digest that some version allows, with their hexadecimal digits."""

_DECLARATION = re.compile(
    r"BagIt-Version: ([0-9]+)\.([0-9]+)(?:\r\n|\n|\r)"
    r"Tag-File-Character-Encoding: ([A-Za-z0-9._:-]+)(?:\r\n|\n|\r)?"
)
_LINE_END = re.compile("\r\n|\n|\r")
_ENTRY = re.compile(r"([0-9A-Fa-f]+)[ \t]+(\*?)(.+)")
_MANIFEST = re.compile(r"(tag)?manifest-([A-Za-z0-9-]+)\.txt")
_OXUM = re.compile(r"payload-oxum[ \t]*:[ \t]*(.*?)[ \t]*", re.IGNORECASE)
_FETCH = re.compile(r"(\S+)[ \t]+([0-9]+|-)[ \t]+(.+)")
_OLD_INFO, _INFO = "package-info.txt", "bag-info.txt"
_STRICT = (1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bag:
    """A bag that is whole and valid."""

    version: tuple[int, int]  # of BagIt
    digests: tuple[str, ...]  # kinds of its payload manifests
    files: int  # in its payload
    size: int  # bytes of its payload
    warnings: tuple[str, ...]  # sentences: what another reader may not put up with


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    name: str  # `manifest-sha256.txt`
    kind: str  # `sha256`
    is_of_tags: bool
    digests: Mapping[str, str]  # by path, lower case


def check_bag(folder: Path, *, progress: Progress = silent) -> Bag:
    """Read every file once. Raises DamagedError `bag.…`, naming the first thing that is wrong.

    1. The declaration, and with it version and encoding.
    2. The manifests; every path in them stays inside.
    3. Every file is listed, every listed file is here.
    4. The payload has the size and the number of files that `bag-info.txt` tells.
    5. Every file has the digests that are listed.
    """
    files = dict(_listed(folder, folder))
    version, encoding = _declaration(folder, files)  # 1
    warnings: list[str] = []
    manifests = list(_manifests(folder, files, encoding, version, warnings))  # 2
    _check_fetch(folder, files, encoding)
    _check_complete(files, manifests, version)  # 3
    payload = {path: size for path, size in files.items() if path.startswith("data/")}
    _check_oxum(folder, files, encoding, payload)  # 4
    _check_digests(folder, files, manifests, progress)  # 5
    return Bag(
        version=version,
        digests=tuple(sorted(one.kind for one in manifests if not one.is_of_tags)),
        files=len(payload),
        size=sum(payload.values()),
        warnings=tuple(warnings),
    )


def _listed(root: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """Every file with its size. A link could lead out, and a pipe would never end."""
    for path in sorted(folder.iterdir()):
        name = path.relative_to(root).as_posix()
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise _wrong("bag.odd-file", f"{name} is neither a file nor a folder.")
        if path.is_dir():
            yield from _listed(root, path)
        else:
            yield name, path.stat().st_size


def _declaration(folder: Path, files: Mapping[str, int]) -> tuple[tuple[int, int], str]:
    text = _text(folder, files, "bagit.txt", "utf-8")
    found = _DECLARATION.fullmatch(text)
    if found is None:
        raise _wrong("bag.declaration", "bagit.txt does not say version and encoding.")
    try:
        "".encode(found[3])
    except LookupError:
        raise _wrong("bag.encoding", f"Nobody here knows the encoding {found[3]}.") from None
    return (int(found[1]), int(found[2])), found[3]


def _manifests(
    folder: Path,
    files: Mapping[str, int],
    encoding: str,
    version: tuple[int, int],
    warnings: list[str],
) -> Iterator[_Manifest]:
    named = [found for name in files if (found := _MANIFEST.fullmatch(name))]
    if not [found for found in named if not found[1]]:
        raise _wrong("bag.no-manifest", "There is no manifest of the payload.")
    for found in named:
        name, kind = found[0], found[2].lower().replace("-", "")
        if kind not in DIGESTS:
            raise _wrong("bag.unknown-digest", f"Nobody here knows the digests of {name}.")
        lines = _lines(folder, files, name, encoding)
        digests = _entries(lines, name, kind, version, warnings)
        yield _Manifest(name=name, kind=kind, is_of_tags=bool(found[1]), digests=digests)


def _entries(
    lines: list[str], name: str, kind: str, version: tuple[int, int], warnings: list[str]
) -> dict[str, str]:
    digests: dict[str, str] = {}
    for line in filter(None, lines):
        entry = _ENTRY.fullmatch(line)
        if entry is None or len(entry[1]) != DIGESTS[kind]:
            raise _wrong("bag.entry", f"{name} has a line that is no digest and file.")
        path, digest = _path(entry[3], name), entry[1].lower()
        if entry[2] or path != entry[3]:
            warnings.append(f"{name} writes {path} in a way that not every reader knows.")
        if path in digests:
            if version >= _STRICT or digests[path] != digest:
                raise _wrong("bag.listed-twice", f"{name} lists {path} twice.")
            warnings.append(f"{name} lists {path} twice.")
        digests[path] = digest
    warnings += [f"{name} lists {one} and {other}." for one, other in _alike(digests)]
    return digests


def _path(text: str, name: str) -> str:
    """Line ends and the percent sign stand by their numbers (RFC 8493, 2.1.3)."""
    path = re.sub("%(0[AaDd]|25)", lambda found: chr(int(found[1], 16)), text.removeprefix("./"))
    parts = path.split("/")
    if {"", ".", ".."} & set(parts) or path.startswith("~") or ":" in parts[0]:
        raise _wrong("bag.unsafe-path", f"{name} names {path!r}, which leads out of the bag.")
    return path


def _alike(paths: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names that some disk takes for one and the same."""
    by_form = sorted((unicodedata.normalize("NFC", path).casefold(), path) for path in paths)
    for (form, path), (after, other) in pairwise(by_form):
        if form == after:
            yield path, other


def _check_fetch(folder: Path, files: Mapping[str, int], encoding: str) -> None:
    if "fetch.txt" not in files:
        return
    for line in filter(None, _lines(folder, files, "fetch.txt", encoding)):
        entry = _FETCH.fullmatch(line)
        if entry is None:
            raise _wrong("bag.entry", "fetch.txt has a line that is no address, size and file.")
        if _path(entry[3], "fetch.txt") not in files:
            raise _wrong("bag.absent", f"{entry[3]} would have to be fetched first.")


def _check_complete(
    files: Mapping[str, int], manifests: list[_Manifest], version: tuple[int, int]
) -> None:
    for one in manifests:
        for path in one.digests:
            if path.startswith("data/") == one.is_of_tags:
                raise _wrong("bag.scope", f"{one.name} lists {path}, which is not its business.")
            if path not in files:
                raise _wrong("bag.absent", f"{one.name} lists {path}, which is not here.")
    of_payload = [set(one.digests) for one in manifests if not one.is_of_tags]
    # Before 1.0 it was enough that one of the manifests lists a file.
    listed = set.intersection(*of_payload) if version >= _STRICT else set.union(*of_payload)
    for path in files:
        if path.startswith("data/") and path not in listed:
            raise _wrong("bag.unlisted", f"{path} is here, and not in every list it should be in.")


def _check_oxum(
    folder: Path, files: Mapping[str, int], encoding: str, payload: Mapping[str, int]
) -> None:
    expected = f"{sum(payload.values())}.{len(payload)}"
    for name in (_INFO, _OLD_INFO):
        for line in _lines(folder, files, name, encoding) if name in files else []:
            told = _OXUM.fullmatch(line)
            if told and told[1] != expected:
                raise _wrong("bag.size", f"{name} tells of {told[1]}, and here is {expected}.")


def _check_digests(
    folder: Path, files: Mapping[str, int], manifests: list[_Manifest], progress: Progress
) -> None:
    done, of = 0, sum(files.values())
    for path, size in files.items():
        wanted = [(one, one.digests[path]) for one in manifests if path in one.digests]
        found = _digests(folder / path, {one.kind for one, _ in wanted})
        for one, digest in wanted:
            if found[one.kind] != digest:
                raise _wrong("bag.changed", f"{path} has not the digest of {one.name}.")
        done += size
        progress(done, of, "reading again")


def _digests(path: Path, kinds: set[str]) -> dict[str, str]:
    hashers = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    with path.open("rb") as stream:
        while hashers and (block := stream.read(BLOCK)):
            for hasher in hashers.values():
                hasher.update(block)
    return {kind: hasher.hexdigest() for kind, hasher in hashers.items()}


def _lines(folder: Path, files: Mapping[str, int], name: str, encoding: str) -> list[str]:
    return _LINE_END.split(_text(folder, files, name, encoding))


def _text(folder: Path, files: Mapping[str, int], name: str, encoding: str) -> str:
    if name not in files:
        raise _wrong("bag.absent", f"There is no {name}.")
    if files[name] > LARGEST_TAG:
        raise _wrong("bag.too-large", f"{name} is larger than any list of files.")
    try:
        return (folder / name).read_bytes().decode(encoding)
    except UnicodeDecodeError:
        raise _wrong("bag.encoding", f"{name} is not written in {encoding}.") from None


def _wrong(code: str, sentence: str) -> DamagedError:
    return DamagedError(code, sentence, hint="Ask whoever made the bag for it again.")
