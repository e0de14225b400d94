"""A folder of small real films for tests of the command line and of the documents.

No table of ours is imported here: folders of tests name this before Django is configured.
"""

import struct
from pathlib import Path

from tests.media.corpus import make_corpus, recipe_named


def make_clips(folder: Path) -> Path:
    """`one.mp4` and `two.mp4`: about a second and a half each, with different bytes."""
    (sample,) = make_corpus(folder, [recipe_named("plain.mp4")])
    film = sample.path.read_bytes()
    sample.path.unlink()
    for number, name in enumerate(("one.mp4", "two.mp4"), start=1):
        # A `free` box is passed over by every player and makes the bytes different.
        (folder / name).write_bytes(film + struct.pack(">I4sI", 12, b"free", number))
    return folder
