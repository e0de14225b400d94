"""What one sender may leave unfinished, and that nobody else pays for it."""

import shutil
import threading
from collections import namedtuple

import pytest
from tests.store.shelf import Shelf, code

from bodyworn.core.errors import BusyError, SetupError
from bodyworn.store import upload_bounds
from bodyworn.store.upload_notes import Upload

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """A bound that is reached quickly."""
    monkeypatch.setattr(upload_bounds, "MOST_OPEN", 3)
    return 3


def test_mallory_with_a_docks_token_cannot_open_uploads_without_end(shelf: Shelf, few: int) -> None:
    opened = [shelf.begun() for _ in range(few)]
    with pytest.raises(BusyError) as refusal:
        shelf.begun()
    assert code(refusal) == ("upload.too-many-open", 503)
    assert refusal.value.retry_after > 1
    assert {path.stem for path in shelf.layout.uploads.glob("*.json")} == {u.id for u in opened}


def test_nobody_else_is_kept_out_by_it(shelf: Shelf, few: int) -> None:
    for _ in range(few):
        shelf.begun()
    assert shelf.begun(sender="system:dock:LA-02")


def test_what_is_finished_or_given_up_makes_room_again(shelf: Shelf, few: int) -> None:
    first, second, _ = (shelf.begun() for _ in range(few))
    shelf.append(first.id, 0, b"0123456789")
    shelf.uploads.terminate(second.id)
    assert shelf.begun()
    assert shelf.begun()
    with pytest.raises(BusyError):
        shelf.begun()


def test_parts_count_and_can_still_be_joined_at_the_bound(shelf: Shelf, few: int) -> None:
    parts = shelf.parts(*(b"part" for _ in range(few)))
    with pytest.raises(BusyError):
        shelf.begun(partial=True)
    assert shelf.joined(*parts).end == "received"
    assert shelf.begun()


def test_more_is_not_promised_to_one_sender_than_the_disk_has(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(200, 100, 100))
    begun = shelf.begun(length=60)
    with pytest.raises(BusyError) as refusal:
        shelf.begun(length=60)
    assert code(refusal) == ("upload.too-many-open", 503)
    assert shelf.begun(length=60, sender="system:dock:LA-02")
    shelf.append(begun.id, 0, bytes(30))
    assert shelf.begun(length=60), "what has come lies on the disk and is counted there"
    with pytest.raises(SetupError, match="full"):
        shelf.begun(length=101, sender="system:dock:LA-03")


def test_uploads_that_begin_at_once_are_counted_one_after_the_other(shelf: Shelf, few: int) -> None:
    shelf.begun(sender="system:dock:LA-02")
    made: list[Upload] = []
    refused: list[BusyError] = []

    def begin() -> None:
        try:
            made.append(shelf.begun())
        except BusyError as error:
            refused.append(error)

    threads = [threading.Thread(target=begin) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (few, 9)
