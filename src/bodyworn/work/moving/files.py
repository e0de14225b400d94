"""Stored files on their way: copied as they lie, by name, in the order of their digests.

What was copied is written to a list at once, so that an interrupted run goes on after its last
line. A file that is missing or cannot be read stops nothing: it is a line of the list, and stands
in the statement.
"""

import errno
from collections.abc import Iterator
from pathlib import Path

from bodyworn.core.digest import Sha256
from bodyworn.core.tasks import Progress, silent
from bodyworn.custody.statement import Difference
from bodyworn.store import disk, opaque
from bodyworn.store.layout import Layout
from bodyworn.store.opaque import Stored
from bodyworn.work.moving.snapshot import Snapshot
from bodyworn.work.moving.trees import AtSource, Listed, read_listed


def gather(
    snapshot: Snapshot,
    *,
    source: Layout,
    target: Layout,
    known: Iterator[Listed] | None = None,
    progress: Progress = silent,
) -> None:
    """Copy the files that a snapshot wants, and write its list of files.

    `known` is an earlier list of the target: what stands there was read back when it was copied.
    Raises SetupError disk.full.
    """
    part = snapshot.files.with_suffix(".part")
    if snapshot.files.exists():
        return
    done = _resumed(part)
    before = _Known(known)
    total = sum(1 for _ in snapshot.digests())
    with part.open("ab") as out:
        for number, text in enumerate(snapshot.digests(), start=1):
            if text > done:
                digest = Sha256.parse(text)
                out.write(_gathered(digest, source, target, before.find(digest)).line)
                out.flush()
            progress(number, total, "files")
    disk.flush_file(part)
    disk.move(part, snapshot.files)


def pour(
    listed: Iterator[Listed],
    *,
    source: Layout,
    target: Layout,
    total: int,
    progress: Progress = silent,
) -> list[Difference]:
    """Copy listed files out of a backup; what there is not what the list says.

    What lies at the target already is left to the count at the end. Raises SetupError disk.full.
    """
    wrong = []
    for number, one in enumerate(listed, start=1):
        if one.found and not target.blob(one.digest).exists():
            wrong += _poured(one.digest, one.found, source, target)
        progress(number, total, "files")
    return wrong


def lacking(listed: Iterator[Listed]) -> list[Difference]:
    """What the source itself did not have."""
    return [
        _file(one.digest, _LACKING[one.at_source] + (_KEPT if one.found else ""))
        for one in listed
        if one.at_source in _LACKING
    ]


_KEPT = "; the file of an earlier copy is kept"
_LACKING = {
    AtSource.MISSING: "was missing at the source, or could not be read",
    AtSource.OTHER_SIZE: "had another size at the source",
}


def recount(
    listed: Iterator[Listed], *, target: Layout, total: int, progress: Progress = silent
) -> list[Difference]:
    """Read every listed file at the target again; what is not as listed."""
    wrong = []
    for number, one in enumerate(listed, start=1):
        if one.found:
            wrong += _recounted(one.digest, one.found, target)
        progress(number, total, "files counted again")
    return wrong


class _Known:
    """An earlier list, walked beside the new one: both are sorted."""

    def __init__(self, listed: Iterator[Listed] | None) -> None:
        self._listed = listed or iter(())
        self._next = next(self._listed, None)

    def find(self, digest: Sha256) -> Stored | None:
        """What the list has of it; digests MUST be asked for in order."""
        while self._next and self._next.digest < digest:
            self._next = next(self._listed, None)
        return self._next.found if self._next and self._next.digest == digest else None


def _resumed(part: Path) -> str:
    """The last digest that is on the list; a line that a crash cut short is cut off."""
    if not part.exists():
        return ""
    last, size = "", 0
    for one in read_listed(part):
        last, size = one.digest.hex, size + len(one.line)
    with part.open("r+b") as stream:
        stream.truncate(size)
    return last


def _gathered(digest: Sha256, source: Layout, target: Layout, earlier: Stored | None) -> Listed:
    """One file copied, unless it is there; what the source lacks may be there from before."""
    here, there = source.blob(digest), target.blob(digest)
    if not there.exists():
        found = _copied(here, there, incoming=target.incoming)
        return Listed(digest, found, AtSource.GOOD if found else AtSource.MISSING)
    found = earlier or opaque.stored(there)
    try:
        size = here.stat().st_size
    except FileNotFoundError:
        return Listed(digest, found, AtSource.MISSING)
    if size != found.size:
        return Listed(digest, found, AtSource.OTHER_SIZE)
    return Listed(digest, found, AtSource.KNOWN if earlier else AtSource.GOOD)


def _copied(here: Path, there: Path, *, incoming: Path) -> Stored | None:
    """None for what is not there, or on a part of the disk that cannot be read."""
    try:
        return opaque.copy(here, there, incoming=incoming)
    except OSError as error:
        if not here.exists():
            return None
        if error.errno != errno.EIO:
            raise
        return None


def _poured(digest: Sha256, expected: Stored, source: Layout, target: Layout) -> list[Difference]:
    here = source.blob(digest)
    if not here.exists():
        return [_file(digest, "is missing in the backup")]
    temporary, found = opaque.arrived(here, incoming=target.incoming, read_back=False)
    try:
        if found != expected:
            return [_file(digest, "is not what was backed up")]
        opaque.name(temporary, target.blob(digest))
    finally:
        temporary.unlink(missing_ok=True)
    return []


def _recounted(digest: Sha256, expected: Stored, target: Layout) -> list[Difference]:
    try:
        found = opaque.stored(target.blob(digest))
    except FileNotFoundError:
        return [_file(digest, "is missing")]
    except OSError as error:
        return [_file(digest, f"cannot be read: {error.strerror}")]
    return [] if found == expected else [_file(digest, "is not the same")]


def _file(digest: Sha256, sentence: str) -> Difference:
    return Difference(f"file {digest}", sentence)
