"""What travels with an upload: sealed from the beginning, kept with it, gone with it."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.shelf import NOW, TEN, Shelf, code

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError
from bodyworn.store import blob_list
from bodyworn.store.keyring import Bucket
from bodyworn.store.sealed import PLAIN, sealed_size
from bodyworn.store.upload_sidecars import LARGEST_SIDECAR

TRAIL = [("0007_gpstrail.json", b'{"CoordinateEntries": []}')]
SIZES = st.sampled_from([0, 1, PLAIN - 1, PLAIN, PLAIN + 1, 3 * PLAIN, LARGEST_SIDECAR])


def of_day(shelf: Shelf) -> set[Bucket | None]:
    """The buckets under which the sidecars of uploads were born."""
    beside = (path for path in blob_list.unfinished(shelf.layout) if ".sidecar." in path.name)
    return {blob_list.born_under(path) for path in beside}


@settings(deadline=None, max_examples=25)
@given(size=SIZES, seed=st.integers(0, 255))
def test_a_sidecar_of_any_size_is_a_blob_from_the_beginning(
    tmp_path_factory: pytest.TempPathFactory, size: int, seed: int
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("data"))
    data = bytes([seed]) * size
    begun = shelf.begun(sidecars=[("a", data)])
    path = shelf.layout.upload_sidecar(begun.id, 0)
    assert path.stat().st_size == sealed_size(size)
    assert shelf.plain(path) == data
    arrival = shelf.append(begun.id, 0, TEN)
    assert arrival is not None
    assert arrival.sidecars == (("a", Sha256.of(data), size),)
    assert shelf.blobs()[Sha256.of(data).hex] == data


@pytest.mark.parametrize("end", ["terminated", "expired", "other bytes"])
def test_an_upload_that_never_is_finished_leaves_nothing_of_its_sidecars(
    shelf: Shelf, end: str
) -> None:
    promised = {"filename": "0001.mp4", "sha256": Sha256.of(TEN).hex}
    begun = shelf.begun(sidecars=TRAIL, manifest=promised)
    shelf.append(begun.id, 0, TEN[:4])
    match end:
        case "terminated":
            shelf.uploads.terminate(begun.id)
        case "expired":
            assert shelf.uploads.expire(NOW + timedelta(days=9)) == [begun.id]
        case _:
            with pytest.raises(DamagedError):
                shelf.append(begun.id, 4, b"others")
    assert shelf.blobs() == {}
    assert shelf.files() == {f"uploads/ended/{begun.id}.json"}


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [cut, flip, empty, os.unlink])
def test_a_spoiled_sidecar_is_found_while_the_sender_still_has_it(
    shelf: Shelf, spoil: object
) -> None:
    assert callable(spoil)
    begun = shelf.begun(sidecars=[*TRAIL, ("0007.key", b"key")])
    shelf.append(begun.id, 0, TEN[:4])
    spoil(shelf.layout.upload_sidecar(begun.id, 1))
    with pytest.raises(DamagedError) as damaged:
        shelf.append(begun.id, 4, TEN[4:])
    assert code(damaged)[0] == "upload.damaged"
    assert shelf.arrivals() == []
    assert shelf.blobs() == {}, "none of it has a lasting name"


def test_anothers_sidecar_is_not_taken_for_this_ones(shelf: Shelf) -> None:
    mine, yours = (shelf.begun(sidecars=[("a", data)]) for data in (b"mine", b"your"))
    paths = [shelf.layout.upload_sidecar(one.id, 0) for one in (mine, yours)]
    paths[0].write_bytes(paths[1].read_bytes())
    with pytest.raises(DamagedError):
        shelf.append(mine.id, 0, TEN)


def test_the_same_sidecar_of_two_uploads_is_one_blob(shelf: Shelf) -> None:
    for _ in range(2):
        assert shelf.append(shelf.begun(sidecars=TRAIL * 2).id, 0, TEN) is not None
    assert sorted(shelf.blobs()) == sorted({Sha256.of(TEN).hex, Sha256.of(TRAIL[0][1]).hex})


def test_the_key_of_its_day_is_seen_to_be_needed(shelf: Shelf) -> None:
    begun = shelf.begun(sidecars=TRAIL)
    assert of_day(shelf) == {Bucket("arrival-2026-04-12", 1)}
    shelf.append(begun.id, 0, TEN)
    assert of_day(shelf) == set()
