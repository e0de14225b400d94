"""What the system says becomes a sentence with a code and something to do."""

import errno
import os
from pathlib import Path

import pytest

from bodyworn.core.errors import SetupError
from bodyworn.store import disk
from bodyworn.work.trouble import explained


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOENT, "slip in the path"),
        (errno.EISDIR, "that is a folder"),
        (errno.EROFS, "only be read"),
        (errno.EIO, "disk itself"),
        (errno.EACCES, "owner and the rights"),
    ],
)
def test_what_to_do_next_follows_from_what_the_system_said(number: int, hint: str) -> None:
    error = OSError(number, os.strerror(number), "/somewhere")
    assert explained(error).code == "system.refused"
    assert "/somewhere" in explained(error).message
    assert hint in explained(error).hint


def test_a_file_that_was_to_be_written_beside_its_place_is_not_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"\.part") as raised:
        disk.write_atomically(tmp_path / "no-such-folder" / "proof.json", b"{}")
    told = explained(raised.value)
    assert isinstance(told, SetupError)
    assert told.message.endswith("no-such-folder.")
