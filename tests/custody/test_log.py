"""The log's writer: same entries, same tree, whatever happens in between."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.making import (
    MALLORY,
    NOW,
    ORIGIN,
    POLICE,
    entries,
    files_of,
    grown,
    open_log,
    write_plainly,
)

from bodyworn.core.errors import BusyError, DamagedError, MissingError, RefusedError, SetupError
from bodyworn.custody.files import one_writer, write_durably
from bodyworn.custody.journal import NAMES
from bodyworn.custody.log import Log
from bodyworn.custody.proof import write_proof
from bodyworn.custody.published import PublishedLog
from bodyworn.custody.tree import (
    EMPTY_ROOT,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from bodyworn.custody.verify import verify_entry_proof, verify_log


@contextmanager
def folder() -> Iterator[Path]:
    """A fresh folder for one example of a property."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "log"


def roots(count: int) -> bytes:
    return root_of(leaf_hash(entry) for entry in entries(count))


def test_a_log_that_was_never_written_has_no_checkpoint(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    assert log.checkpoint() is None
    assert log.size == 0
    assert log.published_at is None
    with pytest.raises(MissingError):
        log.entry(0)


def test_an_empty_log_can_be_signed(tmp_path: Path) -> None:
    checkpoint = open_log(tmp_path).integrate([], from_index=0, now=NOW)
    assert (checkpoint.size, checkpoint.root) == (0, EMPTY_ROOT)
    assert verify_log(tmp_path, POLICE.verifier).ok
    assert grown(tmp_path, 3).size == 3


def test_entries_are_integrated_signed_and_kept(tmp_path: Path) -> None:
    checkpoint = open_log(tmp_path).integrate(entries(3), from_index=0, now=NOW)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (ORIGIN, 3, roots(3))
    again = open_log(tmp_path)
    assert again.checkpoint() == checkpoint
    assert [again.entry(n) for n in range(3)] == entries(3)
    assert again.published_at == NOW


def test_a_log_is_written_durably_by_default(tmp_path: Path) -> None:
    log = Log(tmp_path / "new" / "log", origin=ORIGIN, signer=POLICE)
    log.integrate(entries(300), from_index=0, now=NOW)
    assert verify_log(tmp_path / "new" / "log", POLICE.verifier).ok
    assert [name for name in files_of(tmp_path) if name.endswith(".new")] == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 600), max_size=5))
def test_the_tree_does_not_depend_on_how_entries_came(steps: list[int]) -> None:
    with folder() as path:
        log, size = open_log(path), 0
        for step in steps:
            size += step
            log.integrate(entries(step, first=log.size), from_index=log.size, now=NOW)
        assert log.size == size
        if steps:
            assert log.integrate([], from_index=size, now=NOW).root == roots(size)
            assert verify_log(path, POLICE.verifier).ok


def test_the_same_entries_again_change_nothing(tmp_path: Path) -> None:
    log = grown(tmp_path, 300)
    before = files_of(tmp_path)
    for first, count in ((0, 300), (299, 1), (255, 2), (100, 50), (300, 0)):
        log.integrate(entries(count, first=first), from_index=first, now=NOW)
    assert files_of(tmp_path) == before


def test_entries_may_begin_in_the_known_and_end_in_the_new(tmp_path: Path) -> None:
    log = grown(tmp_path, 300)
    checkpoint = log.integrate(entries(500, first=200), from_index=200, now=NOW)
    assert (checkpoint.size, checkpoint.root) == (700, roots(700))


@pytest.mark.parametrize("index", [0, 255, 256, 299])
def test_another_entry_at_a_taken_place_is_a_fork(tmp_path: Path, index: int) -> None:
    log = grown(tmp_path, 300)
    before = files_of(tmp_path)
    told = entries(310)
    told[index] = b"what Mallory would rather have had"
    with pytest.raises(DamagedError) as caught:
        log.integrate(told, from_index=0, now=NOW)
    assert caught.value.code == "log.fork"
    assert caught.value.facts == {"entry": index}
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("index", [-1, 4, 1000])
def test_a_gap_is_refused(tmp_path: Path, index: int) -> None:
    with pytest.raises(DamagedError) as caught:
        grown(tmp_path, 3).integrate(entries(1), from_index=index, now=NOW)
    assert caught.value.code == "log.gap"


def test_an_entry_that_is_too_large_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    log = grown(tmp_path, 3)
    before = files_of(tmp_path)
    with pytest.raises(RefusedError):
        log.integrate([b"fine", bytes(65_536)], from_index=3, now=NOW)
    assert files_of(tmp_path) == before
    assert log.integrate([bytes(65_535)], from_index=3, now=NOW).size == 4
    assert log.entry(3) == bytes(65_535)


def test_partial_tiles_stay_for_every_checkpoint_until_the_full_one_is_on_the_disk(
    tmp_path: Path,
) -> None:
    log = grown(tmp_path, 3, 5, 200)
    partials = {f"tile/{kind}/000.p/{n}" for kind in ("0", "entries") for n in (3, 5, 200)}
    assert set(files_of(tmp_path)) == {"checkpoint", *partials}
    log.integrate(entries(100, first=200), from_index=200, now=NOW)
    assert partials < set(files_of(tmp_path))
    log.settle()
    assert set(files_of(tmp_path)) == {
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    }


def test_a_log_brought_here_without_its_journal_goes_on_from_its_checkpoint(
    tmp_path: Path,
) -> None:
    """A database set back to a backup may tell the unsigned part of the story differently."""
    log = grown(tmp_path, 250)
    before = (tmp_path / "checkpoint").read_bytes()
    log.integrate(entries(50, first=250), from_index=250, now=NOW)
    for name in NAMES:
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "checkpoint").write_bytes(before)
    write_plainly([(tmp_path / "tile/0/000.p/250", files_of(tmp_path)["tile/0/000"][:8000])])
    again = open_log(tmp_path)
    again.integrate([b"told differently"] * 20, from_index=250, now=NOW)
    assert again.entry(255) == b"told differently"
    assert verify_log(tmp_path, POLICE.verifier).ok


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    log = grown(tmp_path, 3)
    with one_writer(tmp_path), pytest.raises(BusyError) as caught:
        log.integrate(entries(1, first=3), from_index=3, now=NOW)
    assert caught.value.code == "log.busy"
    assert log.integrate(entries(1, first=3), from_index=3, now=NOW).size == 4


def test_a_writer_sees_what_another_one_has_written_meanwhile(tmp_path: Path) -> None:
    mine, other = open_log(tmp_path), open_log(tmp_path)
    mine.integrate(entries(10), from_index=0, now=NOW)
    other.integrate(entries(300), from_index=0, now=NOW)
    assert mine.size == 300
    assert mine.entry(299) == entries(300)[299]
    assert mine.integrate(entries(310), from_index=0, now=NOW).root == roots(310)


def test_the_key_of_another_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        Log(tmp_path, origin="other.example/log", signer=POLICE)
    assert caught.value.code == "log.key-of-another-log"


def test_a_log_signed_by_somebody_else_is_not_extended(tmp_path: Path) -> None:
    grown(tmp_path, 3)
    with pytest.raises(DamagedError):
        Log(tmp_path, origin=ORIGIN, signer=MALLORY)


def test_a_log_with_a_damaged_edge_is_not_extended(tmp_path: Path) -> None:
    grown(tmp_path, 300).settle()
    for name in ("tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"):
        path = tmp_path / name
        whole = path.read_bytes()
        path.write_bytes(bytes([whole[-1] ^ 1]).join([whole[:-1], b""]))
        with pytest.raises(DamagedError):
            open_log(tmp_path)
        path.write_bytes(whole)
    assert open_log(tmp_path).size == 300


def test_opening_reads_the_edge_only(tmp_path: Path) -> None:
    grown(tmp_path, 66_000).settle()
    kept = {"checkpoint", *NAMES}
    for path in tmp_path.rglob("*"):
        if path.is_file() and ".p/" not in str(path) and path.name not in kept:
            path.unlink()
    assert open_log(tmp_path).integrate(entries(1, first=66_000), from_index=66_000, now=NOW).size


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_proofs_from_tiles_verify_at_every_size(grown_log: Log, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, grown_log.size))
    index = data.draw(st.integers(0, size - 1))
    hashes = grown_log.prove_inclusion(index, size)
    leaf = leaf_hash(entries(1, first=index)[0])
    verify_inclusion(leaf, hashes, index=index, size=size, root=roots(size))
    new = data.draw(st.integers(size, grown_log.size))
    verify_consistency(
        grown_log.prove_consistency(size, new),
        old=size,
        old_root=roots(size),
        new=new,
        new_root=roots(new),
    )


@pytest.fixture(scope="module")
def grown_log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return grown(tmp_path_factory.mktemp("grown"), 70, 1_500)


def test_the_proof_file_of_an_entry_verifies_offline(grown_log: Log) -> None:
    for index in (0, 255, 256, 1_499):
        text = write_proof(grown_log.proof(index, extra=b"BWV-26-0412-7F3A"))
        verdict = verify_entry_proof(text, entries(1, first=index)[0], POLICE.verifier)
        assert verdict.ok


def test_a_proof_for_what_is_not_there_is_missing(grown_log: Log) -> None:
    for ask in (
        lambda: grown_log.prove_inclusion(1_500),
        lambda: grown_log.prove_inclusion(3, 3),
        lambda: grown_log.prove_inclusion(3, 1_501),
        lambda: grown_log.prove_consistency(0, 3),
        lambda: grown_log.prove_consistency(3, 1_501),
        lambda: grown_log.proof(1_500),
        lambda: grown_log.entry(1_500),
    ):
        with pytest.raises(MissingError):
            ask()


def test_a_reader_needs_no_private_key_and_follows_the_writer(tmp_path: Path) -> None:
    log, reader = open_log(tmp_path), PublishedLog(tmp_path, POLICE.verifier)
    assert reader.size == 0
    for size in (1, 255, 256, 300):
        log.integrate(entries(size), from_index=0, now=NOW)
        assert reader.size == size
        assert reader.entry(size - 1) == entries(size)[-1]
        assert reader.proof(0).checkpoint == reader.checkpoint().note_text  # type: ignore[union-attr]


def test_a_reader_with_another_key_reads_nothing(tmp_path: Path) -> None:
    grown(tmp_path, 3)
    with pytest.raises(DamagedError):
        PublishedLog(tmp_path, MALLORY.verifier).entry(0)


def test_files_are_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_durably([(path, b"one"), (tmp_path / "other", b"two")])
    write_durably([(path, b"three")])
    assert files_of(tmp_path) == {"a/b/file": b"three", "other": b"two"}


def test_a_full_disk_is_explained_and_changes_nothing(tmp_path: Path) -> None:
    """/dev/full is the kernel's own full disk."""
    (tmp_path / "old").write_bytes(b"as it was")
    (tmp_path / ".old.new").symlink_to("/dev/full")
    with pytest.raises(SetupError) as caught:
        write_durably([(tmp_path / "old", b"new")])
    assert caught.value.code == "disk.full"
    assert (tmp_path / "old").read_bytes() == b"as it was"


def test_what_a_crash_left_beside_a_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".file.new").write_bytes(b"half of somethi")
    write_durably([(tmp_path / "file", b"whole")])
    assert files_of(tmp_path) == {"file": b"whole"}


def test_the_clock_is_the_callers(tmp_path: Path) -> None:
    grown(tmp_path, 3)
    assert os.stat(tmp_path / "checkpoint").st_mtime == NOW.timestamp()
