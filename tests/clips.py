"""A folder of small real films for tests of the command line and of the documents."""

from pathlib import Path

from tests.work.arriving import film


def make_clips(folder: Path) -> Path:
    """`one.mp4` and `two.mp4`: about a second and a half each, with different bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(("one.mp4", "two.mp4"), start=1):
        (folder / name).write_bytes(film(number))
    return folder
