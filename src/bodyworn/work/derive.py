"""What each kind of derived copy is made by. Adding one is adding a line to the table.

Version numbers go up whenever the same master would give other bytes; the key of a job carries
it, so an old result is never taken for a new one.
"""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from bodyworn.core.digest import Sha256
from bodyworn.core.terms import CopyKind
from bodyworn.core.types import Copy
from bodyworn.media.frames import frame_times
from bodyworn.media.index import index_head
from bodyworn.media.made import Made
from bodyworn.media.proxy import make_proxy
from bodyworn.media.sound import sound_strip
from bodyworn.media.strip import picture_strip
from bodyworn.store.seal import Kept
from bodyworn.store.sealed import DataKey
from bodyworn.work.house import House

Source = Path | BinaryIO

VERSIONS: dict[CopyKind, int] = {
    CopyKind.FRAMES: 1,
    CopyKind.INDEX: 1,
    CopyKind.PROXY: 1,
    CopyKind.SOUND: 1,
    CopyKind.STRIP: 1,
}


def make(house: House, kind: CopyKind, master: Sha256, key: DataKey) -> list[Copy]:
    """Make and keep one kind of copy of a master; nothing is recorded here. Raises DamagedError."""
    with house.vault.open(master, key) as stream:
        return [replace(c, derived_from=master) for c in MAKERS[kind](house, stream)]


def _frames(house: House, source: Source) -> list[Copy]:
    recipe = {"tool": "bodyworn.media.frames", "version": VERSIONS[CopyKind.FRAMES]}
    data = frame_times(source).to_json()
    return _kept(house, CopyKind.FRAMES, Made(data, "application/json", recipe))


def _index(house: House, source: Source) -> list[Copy]:
    head = index_head(source)
    if head is None:
        return []
    recipe = {"tool": "bodyworn.media.index", "version": VERSIONS[CopyKind.INDEX]}
    return _kept(house, CopyKind.INDEX, Made(head, "video/mp4", recipe))


def _proxy(house: House, source: Source) -> list[Copy]:
    """A proxy can be large: it goes from file to file and never through memory.

    FFmpeg writes MP4 to a file only, and plain; this one has no name, so that a crash leaves
    nothing that anybody could open.
    """
    house.layout.incoming.mkdir(exist_ok=True)
    with tempfile.TemporaryFile(dir=house.layout.incoming) as file:
        target = Path(f"/proc/self/fd/{file.fileno()}")
        recipe = make_proxy(source, target, encoder=house.settings.encoder)
        kept = house.vault.keep(cast("BinaryIO", file))
    return [_copy(CopyKind.PROXY, kept, "video/mp4", recipe)]


def _sound(house: House, source: Source) -> list[Copy]:
    return _kept(house, CopyKind.SOUND, sound_strip(source))


def _strip(house: House, source: Source) -> list[Copy]:
    return _kept(house, CopyKind.STRIP, picture_strip(source))


def _kept(house: House, kind: CopyKind, made: Made) -> list[Copy]:
    kept = house.vault.keep_bytes(made.data)
    return [_copy(kind, kept, made.media_type, made.recipe)]


def _copy(kind: CopyKind, kept: Kept, media_type: str, recipe: dict[str, Any]) -> Copy:
    return Copy(kind=kind, sha256=kept.digest, size=kept.size, media_type=media_type, recipe=recipe)


MAKERS: dict[CopyKind, Callable[[House, Source], list[Copy]]] = {
    CopyKind.FRAMES: _frames,
    CopyKind.INDEX: _index,
    CopyKind.PROXY: _proxy,
    CopyKind.SOUND: _sound,
    CopyKind.STRIP: _strip,
}
