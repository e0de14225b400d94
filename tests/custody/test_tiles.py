"""Tiles and bundles as the specification lays them out, read without trust."""

import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.custody.making import entries, files_of, grown

from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.custody.tiles import (
    EntryReader,
    TileReader,
    bundle_path,
    decode_bundle,
    encode_bundle,
    encode_entry,
    read_bundle,
    read_tile,
    tile_path,
    width_at,
)
from bodyworn.custody.tree import leaf_hash, root_of


def test_paths_are_those_of_the_specification() -> None:
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(5, 999) == "tile/5/999"
    assert tile_path(0, 1000) == "tile/0/x001/000"
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(2, 1234067, width=1) == "tile/2/x001/x234/067.p/1"
    assert bundle_path(1234067) == "tile/entries/x001/x234/067"
    assert bundle_path(0, width=255) == "tile/entries/000.p/255"


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    widths = {level: [width_at(70_000, level, n) for n in range(275)] for level in range(4)}
    assert widths[0] == [256] * 273 + [112, 0]
    assert widths[1][:3] == [256, 17, 0]
    assert widths[2][:2] == [1, 0]
    assert sum(widths[3]) == 0


def test_a_log_of_256_has_one_full_tile_and_a_partial_one_above(tmp_path: Path) -> None:
    grown(tmp_path, 256)
    assert sorted(files_of(tmp_path)) == [
        "checkpoint",
        "tile/0/000",
        "tile/1/000.p/1",
        "tile/entries/000",
    ]


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_gives_back_its_entries(some: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(some)) == some


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=20), st.data())
def test_a_bundle_that_ends_early_gives_no_entry_twice_or_torn(
    some: list[bytes], data: st.DataObject
) -> None:
    whole = encode_bundle(some)
    end = data.draw(st.integers(0, len(whole) - 1))
    with contextlib.suppress(DamagedError):
        found = decode_bundle(whole[:end])
        assert found == some[: len(found)]
        assert encode_bundle(found) == whole[:end]


def test_an_entry_has_at_most_65535_bytes() -> None:
    assert encode_entry(bytes(65_535))[:2] == b"\xff\xff"
    assert decode_bundle(encode_entry(bytes(65_535))) == [bytes(65_535)]
    with pytest.raises(RefusedError) as caught:
        encode_entry(bytes(65_536))
    assert caught.value.code == "log.entry-too-large"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedError) as caught:
        read_tile(tmp_path, 0, 3, width=7)
    assert caught.value.facts["file"] == "tile/0/003.p/7"
    with pytest.raises(DamagedError) as caught:
        read_bundle(tmp_path, 3, width=256)
    assert caught.value.facts["file"] == "tile/entries/003"


def test_a_full_file_stands_in_for_the_partial_one_that_it_replaced(tmp_path: Path) -> None:
    grown(tmp_path, 256)
    whole = (tmp_path / "tile/0/000").read_bytes()
    assert read_tile(tmp_path, 0, 0, width=3) == whole[: 3 * 32]
    assert read_bundle(tmp_path, 0, width=3) == entries(3)


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(96), bytes(8192)])
def test_a_tile_of_the_wrong_length_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tile/0/000.p").mkdir(parents=True)
    (tmp_path / "tile/0/000.p/2").write_bytes(content)
    with pytest.raises(DamagedError) as caught:
        read_tile(tmp_path, 0, 0, width=2)
    assert caught.value.code == "log.tile-malformed"


def test_a_bundle_with_too_many_or_too_few_entries_is_named(tmp_path: Path) -> None:
    (tmp_path / "tile/entries/000.p").mkdir(parents=True)
    for count in (0, 1, 3):
        (tmp_path / "tile/entries/000.p/2").write_bytes(encode_bundle([b"x"] * count))
        with pytest.raises(DamagedError) as caught:
            read_bundle(tmp_path, 0, width=2)
        assert caught.value.facts["file"] == "tile/entries/000.p/2"


# A log of 66,000 entries has three levels of tiles, full ones on the two lowest.


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tall")
    grown(folder, 66_000)
    return folder


SIZE = 66_000
HASHES = [leaf_hash(entry) for entry in entries(SIZE)]
ROOT = root_of(HASHES)


def reader_of(folder: Path) -> TileReader:
    return TileReader(folder, size=SIZE, root=ROOT)


@given(st.integers(0, 16), st.data())
def test_every_complete_subtree_can_be_read(tall: Path, level: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, (SIZE >> level) - 1))
    expected = root_of(HASHES[index << level : (index + 1) << level])
    assert reader_of(tall).subtree(level, index) == expected


@given(st.integers(0, SIZE - 1))
def test_every_leaf_and_entry_can_be_read(tall: Path, index: int) -> None:
    tiles = reader_of(tall)
    assert tiles.leaf(index) == HASHES[index]
    assert EntryReader(tiles).entry(index) == entries(1, first=index)[0]


@pytest.mark.parametrize("index", [-1, SIZE, SIZE + 300])
def test_what_is_beyond_the_tree_is_missing(tall: Path, index: int) -> None:
    tiles = reader_of(tall)
    for read in (tiles.leaf, EntryReader(tiles).entry):
        with pytest.raises(MissingError):
            read(index)


@pytest.fixture
def forged(tall: Path, tmp_path: Path) -> Path:
    """The same log, in which Mallory has put another entry 700."""
    folder = tmp_path / "forged"
    shutil.copytree(tall, folder)
    bundle = read_bundle(folder, 2, width=256)
    bundle[700 - 512] = b"nobody looked"
    (folder / bundle_path(2)).write_bytes(encode_bundle(bundle))
    return folder


def forge_tile(folder: Path, level: int, index: int, *, at: int, to: bytes) -> bytes:
    """Put another hash into a tile; answers the tile's new root."""
    path = folder / tile_path(level, index, width=width_at(SIZE, level, index))
    tile = bytearray(path.read_bytes())
    tile[at * 32 : at * 32 + 32] = to
    path.write_bytes(tile)
    return root_of(bytes(tile[n : n + 32]) for n in range(0, len(tile), 32))


def test_a_forged_entry_is_refused(forged: Path) -> None:
    with pytest.raises(DamagedError) as caught:
        EntryReader(reader_of(forged)).entry(3 + 512)
    assert caught.value.facts == {"entry": 700, "file": "tile/entries/002"}


def test_a_forged_entry_with_its_tile_is_refused(forged: Path) -> None:
    forge_tile(forged, 0, 2, at=188, to=leaf_hash(b"nobody looked"))
    tiles = reader_of(forged)
    for read in (EntryReader(tiles).entry, tiles.leaf):
        with pytest.raises(DamagedError) as caught:
            read(700)
        assert caught.value.code == "log.tile-disagrees"
        assert caught.value.facts == {"file": "tile/0/002"}


def test_a_forged_entry_with_all_full_tiles_above_is_refused(forged: Path) -> None:
    lower = forge_tile(forged, 0, 2, at=188, to=leaf_hash(b"nobody looked"))
    forge_tile(forged, 1, 0, at=2, to=lower)
    with pytest.raises(DamagedError) as caught:
        EntryReader(reader_of(forged)).entry(700)
    assert caught.value.facts == {"file": "tile/1/000"}


def test_a_forged_entry_with_every_tile_up_to_the_edge_is_refused(forged: Path) -> None:
    lower = forge_tile(forged, 0, 2, at=188, to=leaf_hash(b"nobody looked"))
    middle = forge_tile(forged, 1, 0, at=2, to=lower)
    forge_tile(forged, 2, 0, at=0, to=middle)
    with pytest.raises(DamagedError) as caught:
        reader_of(forged)
    assert caught.value.code == "log.edge-disagrees"


def test_a_tile_is_authenticated_though_only_its_inside_is_asked_for(forged: Path) -> None:
    """The gap in another reader: a subtree read from a tile that nothing had checked."""
    forge_tile(forged, 0, 2, at=188, to=leaf_hash(b"nobody looked"))
    for level, index in ((0, 701), (1, 350), (4, 40), (7, 4)):
        with pytest.raises(DamagedError):
            reader_of(forged).subtree(level, index)
