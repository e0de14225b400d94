"""Removing what nobody can open any more: files of blobs whose key of birth is destroyed.

The same bytes may arrive again at any moment, and then the newcomer's file takes the very name that
is to be removed. So a file is first taken out of the way, under a name of its own, and looked at
there: if it turns out to be somebody else's, it is put back. Whoever looks in between finds nothing
and tries again. What lies in the way after a crash is looked at first.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from bodyworn.core.digest import Sha256
from bodyworn.store import disk
from bodyworn.store.blob_list import born_under
from bodyworn.store.keyring import Bucket
from bodyworn.store.layout import Layout

GOING = ".going"
IsDestroyed = Callable[[Bucket], bool]


def remove_dead(layout: Layout, digest: Sha256, *, is_destroyed: IsDestroyed) -> None:
    """Remove a blob, and its spare, as far as they were born under a destroyed key.

    MUST be called only for bytes that no row and no arrival names. May be repeated.
    """
    blob = layout.blob(digest)
    for path in (blob, layout.spare(digest), *_set_aside(layout, digest)):
        going = path.with_name(path.name + GOING)
        _end(going, path, is_destroyed)
        if path.exists() and _is_dead(path, is_destroyed):
            with contextlib.suppress(FileNotFoundError):
                path.rename(going)
            _end(going, path, is_destroyed)
    if blob.parent.exists():
        disk.flush_folder(blob.parent)


def _set_aside(layout: Layout, digest: Sha256) -> list[Path]:
    """What the patrol found wrong and kept: sealed with the same key."""
    first = layout.blob_aside(digest, 1)
    return sorted(first.parent.glob(f"{digest.hex}*")) if first.parent.is_dir() else []


def _end(going: Path, path: Path, is_destroyed: IsDestroyed) -> None:
    if not going.exists():
        return
    if not _is_dead(going, is_destroyed):
        with contextlib.suppress(FileExistsError):  # then a third one lies there, as good as this
            os.link(going, path)
    going.unlink(missing_ok=True)  # another process may be at it


def _is_dead(path: Path, is_destroyed: IsDestroyed) -> bool:
    """A file without a readable header opens for nobody."""
    born = born_under(path)
    return born is None or is_destroyed(born)
