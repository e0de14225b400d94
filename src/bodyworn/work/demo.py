"""A demonstration's folder, which may be thrown away, and nobody else's may.

A marker in the folder says that a demonstration made it, from what, and whether it came to its
end. Its people are `work.demo_force`'s, its footage is `work.filming`'s, the world itself is
`devices.simulate`'s. No tables here, so that it can be asked before there are any.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from bodyworn.core.clock import iso, parse_iso, system_clock
from bodyworn.core.errors import RefusedError, SetupError
from bodyworn.settings import Settings
from bodyworn.store import disk
from bodyworn.store.layout import Layout
from bodyworn.work import house

PASSWORD = "demonstration-only"  # noqa: S105  (printed on purpose; the servers listen on 127.0.0.1)
FORCE = "Demonstration Police"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What a demonstration noted about its folder."""

    seed: int  # of the world
    now: str  # RFC 3339, the moment of the world
    password: str  # of every account
    is_complete: bool  # every recording is there


def read_marker(layout: Layout) -> Marker | None:
    """The marker of a demonstration's folder; None where there is none that can be read."""
    try:
        return Marker(**json.loads(layout.demo.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_marker(layout: Layout, marker: Marker) -> None:
    """Note what the folder was made from."""
    disk.write_atomically(layout.demo, json.dumps(asdict(marker)).encode())


def refuse_other(layout: Layout, *, seed: int, fresh: bool) -> None:
    """Raises RefusedError demo.other-seed: one folder is one force."""
    marker = read_marker(layout)
    if marker and marker.is_complete and marker.seed != seed and not fresh:
        raise RefusedError(
            "demo.other-seed",
            f"{layout.root} holds the force of seed {marker.seed}.",
            hint="--fresh makes another one in its place; --data names another folder.",
        )


def begin(folder: Path, *, seed: int, moment: str, password: str) -> Marker:
    """A new data folder with the demonstration's settings; its marker.

    `moment` is RFC 3339, or empty for a clock that runs. Raises SetupError demo.not-a-time.
    """
    settings = Settings.load(folder)
    frozen_at = iso(_moment(moment)) if moment else ""
    house.create(settings)
    text = _settings_file(frozen_at)
    disk.write_atomically(settings.layout.settings, text.encode())
    marker = Marker(
        seed=seed,
        now=frozen_at or iso(system_clock()),
        password=password or PASSWORD,
        is_complete=False,
    )
    write_marker(settings.layout, marker)
    return marker


def _settings_file(frozen_at: str) -> str:
    """What every verb must know about the folder's world."""
    chosen = {"force_name": FORCE} | ({"frozen_at": frozen_at} if frozen_at else {})
    lines = [f"{name} = {json.dumps(value)}" for name, value in chosen.items()]
    return "\n".join(["# Written by `bodyworn demo`.", *lines, ""])


def _moment(text: str) -> datetime:
    try:
        return parse_iso(text)
    except ValueError:
        raise SetupError(
            "demo.not-a-time",
            f"{text} is no time with a zone.",
            hint="2026-04-14T09:00:00Z is one.",
        ) from None


def clear(layout: Layout) -> None:
    """Throw a demonstration's folder away. Raises RefusedError demo.not-a-demonstration."""
    if not layout.root.exists() or not any(layout.root.iterdir()):
        return
    if read_marker(layout) is None:
        raise RefusedError(
            "demo.not-a-demonstration",
            f"{layout.root} was not made by a demonstration; it is left alone.",
            hint="Choose another folder with --data.",
        )
    shutil.rmtree(layout.root)
