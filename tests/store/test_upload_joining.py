"""One writer at a time, and several uploads that become one."""

import multiprocessing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.store.shelf import LONG, TEN, Shelf, code, sha1

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, BusyError, RefusedError
from bodyworn.store.chunk_file import BLOCK
from bodyworn.store.inbox import done_with


def test_a_second_writer_is_told_to_wait(shelf: Shelf) -> None:
    begun = shelf.begun()
    other = Shelf(shelf.root)
    with shelf.uploads.append(begun.id, offset=0) as writer:
        writer.write(TEN[:4])
        for second in (shelf, other):
            for attempt in (
                partial(second.append, begun.id, 0, TEN),
                partial(second.uploads.terminate, begun.id),
                partial(second.uploads.set_length, begun.id, 10),
            ):
                with pytest.raises(BusyError) as busy:
                    attempt()
                assert code(busy) == ("upload.second-writer", 423)
    assert shelf.uploads.get(begun.id).offset == 4


def hold(root: Path, upload: str, ready: Any, end: Any) -> None:
    with Shelf(root).uploads.append(upload, offset=0):
        ready.set()
        end.wait(20)


def test_the_lock_holds_between_processes_and_dies_with_its_holder(shelf: Shelf) -> None:
    context = multiprocessing.get_context("spawn")
    ready, end, begun = context.Event(), context.Event(), shelf.begun()
    child = context.Process(target=hold, args=(shelf.root, begun.id, ready, end))
    child.start()
    assert ready.wait(20)
    with pytest.raises(BusyError):
        shelf.append(begun.id, 0, TEN)
    child.kill()
    child.join()
    assert shelf.append(begun.id, 0, TEN) is not None


def test_several_processes_may_take_turns(shelf: Shelf) -> None:
    begun, other = shelf.begun(), Shelf(shelf.root)
    shelf.append(begun.id, 0, TEN[:3])
    other.append(begun.id, 3, TEN[3:6])
    with pytest.raises(RefusedError):
        other.append(begun.id, 6, b"??", sha1(b"!!"))
    shelf.append(begun.id, 6, TEN[6:])
    assert shelf.arrivals()[0].sha256 == Sha256.of(TEN)


def test_parts_are_joined_in_their_order(shelf: Shelf) -> None:
    parts = shelf.parts(LONG[:BLOCK], LONG[BLOCK:-7], LONG[-7:])
    assert shelf.arrivals() == []
    final = shelf.joined(*parts)
    assert (final.end, final.final_of) == ("received", tuple(parts))
    assert final.sha256 == Sha256.of(LONG)
    assert [arrival.sha256 for arrival in shelf.arrivals()] == [Sha256.of(LONG)]
    assert {shelf.uploads.get(part).end for part in parts} == {"joined"}
    done_with(shelf.layout, shelf.arrivals()[0])
    assert shelf.uploads.get(final.id).final_of == tuple(parts)


def test_only_parts_that_are_complete_are_joined(shelf: Shelf) -> None:
    whole, begun = shelf.parts(TEN)[0], shelf.begun(partial=True).id
    mallory = shelf.begun(partial=True, sender="system:dock:MALLORY", length=2)
    shelf.append(mallory.id, 0, b"??")
    for parts, expected in (
        ((whole, begun), ("upload.part-unfinished", 409)),
        ((whole, whole), ("upload.parts", 400)),
        ((whole, shelf.begun().id), ("upload.parts", 400)),
        ((whole, mallory.id), ("upload.missing", 404)),
        ((whole, "0" * 32), ("upload.missing", 404)),
        (("0" * 32,) * 65, ("upload.parts", 400)),
    ):
        with pytest.raises(BodywornError) as refused:
            shelf.joined(*parts)
        assert code(refused) == expected
    assert shelf.joined(whole).sha256 == Sha256.of(TEN)


def test_joined_parts_may_not_be_more_than_allowed(shelf: Shelf) -> None:
    with pytest.raises(RefusedError) as refused:
        shelf.joined(*shelf.parts(TEN, TEN), largest=19)
    assert code(refused) == ("upload.too-large", 413)


def test_a_part_that_is_busy_leaves_everything_as_it_was(shelf: Shelf) -> None:
    parts = shelf.parts(TEN, TEN[::-1])
    with shelf.uploads.append(parts[1], offset=10), pytest.raises(BusyError):
        shelf.joined(*parts)
    assert shelf.joined(*parts).sha256 == Sha256.of(TEN + TEN[::-1])


def test_a_joined_upload_takes_no_bytes(shelf: Shelf) -> None:
    final = shelf.joined(*shelf.parts(TEN))
    with pytest.raises(RefusedError) as refused:
        shelf.append(final.id, 10, b"")
    assert code(refused) == ("upload.complete", 403)
