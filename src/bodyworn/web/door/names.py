"""Names for what Granian is to open once: pipes and trays.

To make a name and to remove it costs a fifth of a millisecond of CPU on a disk, and next to nothing
in memory; so they lie in memory where the system has a folder for that. A worker that was killed
leaves some; they lead nowhere, and the next one removes them.
"""

import contextlib
import functools
import os
import secrets
import tempfile
import time
from pathlib import Path

OLD = 3600.0  # seconds after which nobody is about to open a name any more
_IN_MEMORY = Path("/dev/shm")  # noqa: S108  # names nobody guesses, and only names


def new_name() -> Path:
    """A name that nobody has, and nobody guesses."""
    return folder() / f"bodyworn-{secrets.token_hex(16)}"


@functools.cache
def folder() -> Path:
    """Where the names lie."""
    if _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK | os.X_OK):
        return _IN_MEMORY
    return Path(tempfile.gettempdir())


def sweep() -> None:
    """Remove the names that nobody opened and nobody removed."""
    oldest = time.time() - OLD
    for path in folder().glob("bodyworn-" + "[0-9a-f]" * 32):
        # Another worker may sweep too, and another user's names are his.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if path.lstat().st_mtime < oldest:
                path.unlink()
