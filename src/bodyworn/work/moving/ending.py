"""The last step of a restore or a move: the folder opens. It needs no tables and no keys."""

import json
import shutil
from pathlib import Path

from bodyworn.store import disk
from bodyworn.store.layout import VERSION, Layout


def finish(target: Layout) -> None:
    """Make it a data folder: it opens from here on."""
    for folder in (target.uploads, target.inbox, target.incoming):
        disk.make_folder(folder)
    disk.write_atomically(target.version, f"{VERSION}\n".encode())
    gone = target.root / ".moving"
    disk.move(target.moving, gone)
    shutil.rmtree(gone, ignore_errors=True)


def take_up_end(source: Layout, to: Path) -> bool:
    """Finish a move that was interrupted after its statement was signed; whether there was one."""
    target = Layout(to.absolute())
    try:
        facts = json.loads(source.moved.read_bytes())
    except FileNotFoundError:
        return False
    if facts["to"] != str(target.root) or not target.moving.exists():
        return False
    finish(target)
    return True
