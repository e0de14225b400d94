"""What lies in the vault, and under which bucket each sealed file was born. No key is needed.

For those who look after the whole: the end of a day's key (`work.arrival_keys`), `bodyworn check`.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError
from bodyworn.store.keyring import Bucket
from bodyworn.store.layout import Layout
from bodyworn.store.sealed import HEADER, Header


def kept(layout: Layout) -> Iterator[Sha256]:
    """Every blob by its name, in the order of their names; spares are not blobs."""
    for folder in sorted((layout.blobs / "sha256").glob("??")):
        for path in sorted(folder.iterdir()):
            with contextlib.suppress(BodywornError):  # a spare, or somebody's own file
                yield Sha256.parse(path.name)


def spares(layout: Layout) -> Iterator[Path]:
    """Every second copy that is not settled yet."""
    yield from (layout.blobs / "sha256").glob("??/*.spare")


def unfinished(layout: Layout) -> Iterator[Path]:
    """What is still coming in: uploads, and files on their way to a name."""
    yield from layout.uploads.glob("*.bytes")
    yield from layout.uploads.glob("*.sidecar.*")
    yield from layout.incoming.glob("*")


def born_under(path: Path) -> Bucket | None:
    """The bucket in the header of a sealed file, which may have no end yet; None where there is
    no such file, or no header in it."""
    try:
        with path.open("rb") as file:
            return Header.parse(file.read(HEADER)).bucket
    except (OSError, BodywornError):
        return None
