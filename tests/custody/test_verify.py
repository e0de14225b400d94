"""The offline verifier: honest logs pass, and every touch is found and named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.custody.making import (
    MALLORY,
    NOW,
    POLICE,
    entries,
    files_of,
    grown,
    open_log,
)

from bodyworn.core.errors import DamagedError
from bodyworn.custody.proof import write_proof
from bodyworn.custody.tiles import encode_bundle, read_bundle, tile_path
from bodyworn.custody.tree import leaf_hash
from bodyworn.custody.verify import NOT_PROVED, verify_entry_proof, verify_log

SIZE = 600
OLDER = 300


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two full bundles and a partial one."""
    folder = tmp_path_factory.mktemp("honest")
    grown(folder, SIZE)
    return folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The checkpoint that Erin, from the public, kept when the log had 300 entries."""
    checkpoint = grown(tmp_path_factory.mktemp("kept"), OLDER).checkpoint()
    assert checkpoint
    return checkpoint.note_text


@pytest.fixture
def touched(honest: Path, tmp_path: Path) -> Path:
    """A copy for Mallory."""
    folder = tmp_path / "touched"
    shutil.copytree(honest, folder)
    return folder


def test_an_honest_log_is_proved_step_by_step(honest: Path, kept: str) -> None:
    verdict = verify_log(honest, POLICE.verifier, older=kept)
    assert verdict.ok
    assert [step.number for step in verdict.steps] == [1, 2, 3, 4, 5]
    assert len(verdict.proved) == 3
    assert verdict.not_proved == NOT_PROVED
    assert (verdict.failed_entry, verdict.failed_file) == (None, None)
    verdict.require()


def test_without_an_older_checkpoint_nothing_is_said_about_one(honest: Path) -> None:
    verdict = verify_log(honest, POLICE.verifier)
    assert [step.number for step in verdict.steps] == [1, 2, 3, 4]
    assert not any("kept" in sentence for sentence in verdict.proved)


def test_progress_counts_entries(honest: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    verify_log(honest, POLICE.verifier, progress=lambda *state: seen.append(state))
    assert seen == [(256, SIZE, "entries"), (512, SIZE, "entries"), (600, SIZE, "entries")]


def test_an_empty_log_is_proved_empty(tmp_path: Path) -> None:
    empty = open_log(tmp_path).integrate([], from_index=0, now=NOW)
    assert verify_log(tmp_path, POLICE.verifier, older=empty.note_text).ok


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 599, 600])
def test_every_older_checkpoint_of_the_same_log_is_a_prefix(
    honest: Path, tmp_path: Path, size: int
) -> None:
    older = grown(tmp_path, size).checkpoint()
    assert older
    assert verify_log(honest, POLICE.verifier, older=older.note_text).ok


def test_another_key_proves_nothing(honest: Path) -> None:
    verdict = verify_log(honest, MALLORY.verifier)
    assert not verdict.ok
    assert verdict.failed_file == "checkpoint"
    assert verdict.proved == ()


def test_a_folder_without_a_log_fails_in_the_first_step(tmp_path: Path) -> None:
    verdict = verify_log(tmp_path, POLICE.verifier)
    assert [(step.number, step.ok) for step in verdict.steps] == [(1, False)]
    with pytest.raises(DamagedError) as caught:
        verdict.require()
    assert caught.value.code == "log.not-verified"
    assert caught.value.facts["step"] == 1


Touch = Callable[[bytes, st.DataObject], bytes | None]


def change_a_byte(data: bytes, draw: st.DataObject) -> bytes:
    at = draw.draw(st.integers(0, len(data) - 1))
    return data[:at] + bytes([data[at] ^ draw.draw(st.integers(1, 255))]) + data[at + 1 :]


def cut_the_end(data: bytes, draw: st.DataObject) -> bytes:
    return data[: draw.draw(st.integers(0, len(data) - 1))]


def drop_a_part(data: bytes, draw: st.DataObject) -> bytes:
    start = draw.draw(st.integers(0, len(data) - 1))
    return data[:start] + data[draw.draw(st.integers(start + 1, len(data))) :]


def double_a_part(data: bytes, draw: st.DataObject) -> bytes:
    start = draw.draw(st.integers(0, len(data) - 1))
    end = draw.draw(st.integers(start + 1, len(data)))
    return data[:end] + data[start:end] + data[end:]


def swap_two_parts(data: bytes, draw: st.DataObject) -> bytes:
    cut = draw.draw(st.integers(0, len(data)))
    return data[cut:] + data[:cut]


def remove(data: bytes, draw: st.DataObject) -> None:
    return None


TOUCHES: list[Touch] = [
    change_a_byte,
    cut_the_end,
    drop_a_part,
    double_a_part,
    swap_two_parts,
    remove,
]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_touch_of_any_file_is_found_and_named(honest: Path, data: st.DataObject) -> None:
    before = files_of(honest)
    name = data.draw(st.sampled_from(sorted(before)))
    after = data.draw(st.sampled_from(TOUCHES))(before[name], data)
    assume(after != before[name])
    try:
        replace(honest / name, after)
        assert_named(honest, name)
    finally:
        replace(honest / name, before[name])


def replace(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)


def assert_named(folder: Path, name: str) -> None:
    """The verdict names the file itself, or an entry that is in it."""
    verdict = verify_log(folder, POLICE.verifier)
    assert not verdict.ok
    if verdict.failed_file != name:
        assert "entries" in name
        assert verdict.failed_entry is not None
        assert name.startswith(f"tile/entries/{verdict.failed_entry // 256:03d}")
    broken = next(step for step in verdict.steps if not step.ok)
    assert str(verdict.failed_file) in broken.sentence or name == "checkpoint"
    with pytest.raises(DamagedError):
        verdict.require()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_entries_that_change_places_are_found(touched: Path, data: st.DataObject) -> None:
    bundle = data.draw(st.integers(0, 2))
    width = 256 if bundle < 2 else SIZE - 512
    one, other = sorted(
        data.draw(st.lists(st.integers(0, width - 1), min_size=2, max_size=2, unique=True))
    )
    path = touched / f"tile/entries/{bundle:03d}{'' if bundle < 2 else f'.p/{width}'}"
    whole = path.read_bytes()
    found = read_bundle(touched, bundle, width=width)
    assume(found[one] != found[other])
    found[one], found[other] = found[other], found[one]
    path.write_bytes(encode_bundle(found))
    assert verify_log(touched, POLICE.verifier).failed_entry == bundle * 256 + one
    path.write_bytes(whole)


def test_bundles_that_change_places_are_found(touched: Path) -> None:
    first, second = touched / "tile/entries/000", touched / "tile/entries/001"
    kept_first = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept_first)
    verdict = verify_log(touched, POLICE.verifier)
    assert (verdict.ok, verdict.failed_entry) == (False, 0)


def forge(folder: Path, index: int, entry: bytes) -> None:
    """Replace an entry in a full bundle, and its hash in the tile of leaves."""
    found = read_bundle(folder, index // 256, width=256)
    found[index % 256] = entry
    (folder / f"tile/entries/{index // 256:03d}").write_bytes(encode_bundle(found))
    tile = folder / tile_path(0, index // 256)
    hashes = bytearray(tile.read_bytes())
    hashes[index % 256 * 32 : (index % 256 + 1) * 32] = leaf_hash(entry)
    tile.write_bytes(hashes)


def test_an_entry_forged_with_its_tile_is_found_in_the_tile_above(touched: Path) -> None:
    forge(touched, 300, b"Mallory was never here")
    verdict = verify_log(touched, POLICE.verifier)
    assert [step.ok for step in verdict.steps] == [True, True, False, False]
    assert verdict.failed_file == "tile/1/000.p/2"
    assert "256 to 511" in verdict.steps[2].sentence
    assert verdict.proved == ()


def test_a_forged_tile_alone_leaves_the_entries_proved(touched: Path) -> None:
    tile = touched / "tile/0/001"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    verdict = verify_log(touched, POLICE.verifier)
    assert [step.ok for step in verdict.steps] == [True, True, False, True]
    assert verdict.failed_entry == 256
    assert len(verdict.proved) == 1
    assert "the entries are genuine" in verdict.steps[3].sentence


def test_all_damage_is_counted(touched: Path) -> None:
    for name in ("tile/0/000", "tile/0/001", "tile/1/000.p/2"):
        (touched / name).unlink()
    assert "3 of 4 tiles disagree" in verify_log(touched, POLICE.verifier).steps[2].sentence


def test_a_history_rewritten_by_the_true_key_is_found_by_whoever_kept_a_checkpoint(
    tmp_path: Path, kept: str
) -> None:
    rewritten = open_log(tmp_path)
    rewritten.integrate([*entries(100), *entries(500, first=101)], from_index=0, now=NOW)
    assert verify_log(tmp_path, POLICE.verifier).ok
    verdict = verify_log(tmp_path, POLICE.verifier, older=kept)
    assert [step.ok for step in verdict.steps] == [True, True, True, True, False]
    assert not any("kept" in sentence for sentence in verdict.proved)


def test_a_log_that_has_shrunk_is_found_by_whoever_kept_a_checkpoint(
    tmp_path: Path, kept: str
) -> None:
    grown(tmp_path, OLDER - 1)
    verdict = verify_log(tmp_path, POLICE.verifier, older=kept)
    assert not verdict.ok
    assert "more than this log" in verdict.steps[4].sentence


def test_what_is_no_checkpoint_of_this_log_is_refused_as_an_older_one(honest: Path) -> None:
    with pytest.raises(DamagedError):
        verify_log(honest, POLICE.verifier, older="nothing like it")


def test_what_lies_beside_the_signed_tree_does_not_matter(touched: Path) -> None:
    (touched / "tile/0/002").write_bytes(b"left by an interrupted append")
    (touched / "tile/0/000.p").mkdir()
    (touched / "tile/0/000.p/7").write_bytes(b"older")
    (touched / "README").write_text("A copy for Erin.")
    assert verify_log(touched, POLICE.verifier).ok


def test_a_proof_holds_for_its_own_entry_only(honest: Path) -> None:
    text = write_proof(open_log(honest).proof(300))
    verdict = verify_entry_proof(text, entries(1, first=300)[0], POLICE.verifier)
    assert verdict.ok
    assert len(verdict.proved) == 1
    other = verify_entry_proof(text, b"another entry", POLICE.verifier)
    assert [step.ok for step in other.steps] == [True, False]
    assert other.failed_entry == 300


def test_a_proof_needs_the_logs_own_signature(honest: Path) -> None:
    text = write_proof(open_log(honest).proof(300))
    verdict = verify_entry_proof(text, entries(1, first=300)[0], MALLORY.verifier)
    assert [(step.number, step.ok) for step in verdict.steps] == [(1, False)]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_proof_file_with_another_character_is_refused(honest: Path, data: st.DataObject) -> None:
    text = write_proof(open_log(honest).proof(300))
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + chr(ord(text[at]) ^ data.draw(st.integers(1, 127))) + text[at + 1 :]
    assert not verify_entry_proof(changed, entries(1, first=300)[0], POLICE.verifier).ok
