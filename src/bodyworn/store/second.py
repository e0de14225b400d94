"""A second copy of every stored file, in a folder on another disk.

The files lie there as they lie here, sealed where they are sealed here, under the same names, so
the folder is of no use to whoever has no keys, and a wrong file here can be replaced by its twin.
The folder bears a mark with the log's name: where the mark is missing, the disk is probably not
mounted, and nothing may be written, because it would fill the disk below.
Leaves to others: which files there must be, and whether plain bytes are right (`work.patrol`).
"""

import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import SetupError
from bodyworn.store import disk, opaque
from bodyworn.store.layout import Layout

MARK = "second-copy.json"


@dataclass(frozen=True, slots=True)
class SecondCopy:
    """The folder, known to be the right one."""

    here: Layout  # the data folder
    there: Layout  # the same files elsewhere; only `blobs` is used of it

    @classmethod
    def begin(cls, here: Layout, folder: Path, *, origin: str) -> "SecondCopy":
        """Mark an empty folder as the second copy of this log's files; again is no error.

        Raises SetupError second.not-empty, second.of-another-log, second.inside.
        """
        _refuse_inside(here, folder)
        if not (folder / MARK).exists():
            if folder.is_dir() and any(folder.iterdir()):
                raise _not_empty(folder)
            disk.make_folder(folder)
            _write_mark(folder, origin, copy=0)
        return cls.open(here, folder, origin=origin)

    @classmethod
    def open(cls, here: Layout, folder: Path, *, origin: str) -> "SecondCopy":
        """Raises SetupError second.missing, second.of-another-log."""
        found = _read_mark(folder)["origin"]
        if found != origin:
            raise SetupError(
                "second.of-another-log",
                f"The second copy in {folder} is that of {found}.",
                hint="Give this installation a folder of its own.",
            )
        return cls(here, Layout(folder))

    def reached(self) -> int:
        """Up to which row of the table of copies everything was copied once."""
        return int(_read_mark(self.there.root)["copy"])

    def note_reached(self, copy: int) -> None:
        """Remember it."""
        mark = _read_mark(self.there.root)
        if mark["copy"] != copy:
            _write_mark(self.there.root, mark["origin"], copy=copy)

    def has(self, digest: Sha256) -> bool:
        """Whether there is a file of this name; what is in it is not asked."""
        return self.there.blob(digest).is_file()

    def add(self, digest: Sha256) -> int:
        """Copy a file over that is not there yet; its size in bytes.

        Raises as `store.opaque.copy`, and OSError where it cannot be read here.
        """
        source, target = self.here.blob(digest), self.there.blob(digest)
        return opaque.copy(source, target, incoming=self.there.incoming).size

    def is_twin(self, digest: Sha256) -> bool:
        """Read both files again, from their disks; whether both are there and the same."""
        try:
            here = opaque.stored(self.here.blob(digest))
            return here == opaque.stored(self.there.blob(digest))
        except OSError:
            return False

    def renew(self, digest: Sha256) -> None:
        """Put the file from here in the place of the one there, which is set aside."""
        _replace(digest, source=self.here, target=self.there)

    def bring_back(self, digest: Sha256) -> None:
        """Put the file from there in the place of the one here, which is set aside.

        Whoever calls this has checked the plain bytes of the file there.
        """
        _replace(digest, source=self.there, target=self.here)


def _replace(digest: Sha256, *, source: Layout, target: Layout) -> None:
    numbers = (target.blob_aside(digest, number) for number in count(1))
    opaque.replace(
        source.blob(digest),
        target.blob(digest),
        aside=next(path for path in numbers if not path.exists()),
        incoming=target.incoming,
    )


def _read_mark(folder: Path) -> dict[str, Any]:
    try:
        mark = json.loads((folder / MARK).read_bytes())
        return {"origin": str(mark["origin"]), "copy": int(mark["copy"])}
    except (OSError, ValueError, KeyError, TypeError):
        raise SetupError(
            "second.missing",
            f"There is no second copy in {folder}.",
            hint="Mount its disk; or run `bodyworn second-copy`, which begins one.",
        ) from None


def _write_mark(folder: Path, origin: str, *, copy: int) -> None:
    mark = {"v": 1, "origin": origin, "copy": copy}
    disk.write_atomically(folder / MARK, json.dumps(mark).encode())


def _refuse_inside(here: Layout, folder: Path) -> None:
    if folder.resolve().is_relative_to(here.root.resolve()):
        raise SetupError(
            "second.inside",
            "A second copy inside the data folder would be lost together with it.",
            hint="Give a folder of another disk, best in another room.",
        )


def _not_empty(folder: Path) -> SetupError:
    return SetupError(
        "second.not-empty",
        f"{folder} is not empty, and no second copy.",
        hint="Choose an empty folder on another disk, or one that does not exist yet.",
    )
