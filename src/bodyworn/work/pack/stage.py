"""Where a pack is put together: a hidden folder beside its place, that gets its name last.

Every byte is written through here and hashed on the way, once, for both lists of a bag. The folder
is locked while it is worked in, so what an interrupted run has left can be told from a run that is
still going on, and is cleared away.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bodyworn.core.errors import BusyError, RefusedError
from bodyworn.core.tasks import Progress, silent
from bodyworn.custody.bagit import Member
from bodyworn.store import disk

BLOCK = 1 << 20  # bytes


class Stage:
    """The files of a pack that is being made."""

    def __init__(self, folder: Path) -> None:
        """`folder` is there and empty."""
        self.folder = folder
        self.members: list[Member] = []

    def write(self, path: str, data: bytes) -> Member:
        """A small file."""
        disk.write_new(self._place(path), data)
        return self._entered(Member.of(path, data))

    def pour(
        self, path: str, source: BinaryIO, *, size: int, progress: Progress = silent
    ) -> Member:
        """A stream, read once."""
        sums = hashlib.sha256(), hashlib.sha512()
        done = 0
        with open(self._place(path), "xb", opener=_for_its_owner) as target:
            while block := source.read(BLOCK):
                target.write(block)
                for one in sums:
                    one.update(block)
                done += len(block)
                progress(done, size, f"writing {Path(path).name}")
        found = (one.hexdigest() for one in sums)
        return self._entered(Member(path=path, sha256=next(found), sha512=next(found), size=done))

    def take_out(self, member: Member) -> Path:
        """A file that is only needed on the way; the caller removes it."""
        self.members.remove(member)
        return self.folder / member.path

    def add_tags(self, files: dict[str, bytes]) -> None:
        """What is no payload, and so in no list of it."""
        for name, data in files.items():
            disk.write_new(self._place(name), data)

    def at(self, path: str) -> Path:
        """Where a file of the pack lies now."""
        return self.folder / path

    def _place(self, path: str) -> Path:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _entered(self, member: Member) -> Member:
        self.members.append(member)
        return member


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, disk.FILE_MODE)


def refuse_occupied(target: Path) -> None:
    """Nothing is ever overwritten. Raises RefusedError pack.target-exists."""
    if target.exists() or target.is_symlink():
        raise RefusedError(
            "pack.target-exists",
            f"{target} is there already.",
            hint="Name a folder or file that does not exist; nothing is ever overwritten.",
            status=409,
        )


@contextmanager
def staged(target: Path) -> Iterator[Stage]:
    """A stage for this target; whatever goes wrong, nothing of it stays.

    Raises BusyError pack.busy where another run is making the same; RefusedError
    pack.target-exists; SetupError disk.full.
    """
    folder = target.with_name(f".{target.name}.part")
    with disk.full_disk_explained():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # footage: shared only on purpose
        with _locked(folder, target):
            try:
                clear(folder)
                yield Stage(folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)


def name_finally(made: Path, target: Path) -> None:
    """Flush everything and give it its name. Raises RefusedError pack.target-exists."""
    for path in sorted(made.rglob("*")) if made.is_dir() else [made]:
        if path.is_file():
            disk.flush_file(path)
    refuse_occupied(target)
    disk.move(made, target)


def clear(folder: Path) -> None:
    """What an interrupted run has left."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


@contextmanager
def _locked(folder: Path, target: Path) -> Iterator[None]:
    """Ends with the process, however that ends. Raises BusyError pack.busy."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _take(handle, target)
        yield
    finally:
        os.close(handle)


def _take(handle: int, target: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError(
            "pack.busy",
            f"Another run is making {target.name} at this moment.",
            hint="Wait for it, or name another folder.",
        ) from None
