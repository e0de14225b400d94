"""A disk whose power can be cut: what was not flushed may be there, in part, or not at all."""

from collections.abc import Callable, Iterable, Sequence
from os import pread, pwrite, readlink
from pathlib import Path

from bodyworn.custody.files import Disk, File

Choose = Callable[[Sequence[str]], str]
"""Takes one of the words; hypothesis' or chance's."""

FATES = ("as written", "as before", "gone", "empty", "zeros", "half")
PAGE = 4_096


class PowerCutError(Exception):
    """The moment at which it goes dark."""


class MortalDisk(Disk):
    """Does what a disk does until its last operation, which it does in part."""

    def __init__(self, *, operations: int, choose: Choose) -> None:
        """It lives for so many writes and flushes."""
        self._left, self._choose = operations, choose
        self._before: dict[Path, bytes | None] = {}  # of files that are not flushed: as they were
        self._puts: dict[Path, dict[int, bytes]] = {}  # pages that are not flushed: as they were

    def put(self, descriptor: int, data: bytes, *, at: int, with_flush: bool) -> None:
        """Into the journal."""
        path = Path(readlink(f"/proc/self/fd/{descriptor}"))
        pages = self._puts.setdefault(path, {})
        for place in range(at, at + len(data), PAGE):
            pages.setdefault(place, pread(descriptor, PAGE, place))
        pwrite(descriptor, data, at)
        self._live()
        if with_flush:
            self._puts.pop(path)

    def write(self, files: Sequence[File]) -> None:
        """One operation a file."""
        for path, data in files:
            self._before.setdefault(path, path.read_bytes() if path.exists() else None)
            super().write([(path, data)])
            self._live()

    def flush(self, paths: Iterable[Path]) -> None:
        """In any order; what was reached is safe."""
        for path in paths:
            path.stat()
            self._live()
            self._before.pop(path, None)

    def cut(self) -> None:
        """Leave what a power cut leaves."""
        for path, before in self._before.items():
            written = path.read_bytes() if path.exists() else None
            if written is not None:
                _befall(path, self._choose(FATES), before=before, written=written)
        for path, pages in self._puts.items():
            for place, was in pages.items():
                if self._choose(("written", "lost")) == "lost":
                    _put_back(path, was, at=place)

    def _live(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise PowerCutError


def _befall(path: Path, fate: str, *, before: bytes | None, written: bytes) -> None:
    left = {
        "as written": written,
        "as before": before,
        "gone": None,
        "empty": b"",
        "zeros": bytes(len(written)),
        "half": written[: len(written) // 2],
    }[fate]
    path.unlink()
    if left is not None:
        path.write_bytes(left)


def _put_back(path: Path, was: bytes, *, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(was)
