"""The journal: whatever a power cut takes, an acknowledged append is there, and the tree is one."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.making import NOW, ORIGIN, POLICE, NoFlush, entries, files_of, grown, open_log
from tests.custody.powercut import MortalDisk, PowerCutError

from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.custody import journal
from bodyworn.custody.files import Disk
from bodyworn.custody.journal import NAMES, PAGE, Journal, Record
from bodyworn.custody.log import Log
from bodyworn.custody.tree import leaf_hash, root_of
from bodyworn.custody.verify import verify_log


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small enough to take many turns in a test."""
    monkeypatch.setattr(journal, "ROOM", 6 * PAGE)
    monkeypatch.setattr(journal, "STEP", 2 * PAGE)


def root(count: int) -> bytes:
    return root_of(leaf_hash(entry) for entry in entries(count))


def write_until_dark(folder: Path, disk: Disk, steps: list[tuple[str, int]]) -> tuple[int, int]:
    """How many entries were acknowledged, and how many were handed in, when the power went."""
    acknowledged = asked = 0
    try:
        log = Log(folder, origin=ORIGIN, signer=POLICE, disk=disk)
        for how, count in steps:
            first, asked = asked, asked + (0 if how == "settle" else count)
            fresh = entries(count, first=first)
            if how == "settle":
                log.settle()
            elif how == "integrate":
                log.integrate(fresh, from_index=first, now=NOW)
            else:
                log.append(fresh, from_index=first, now=NOW, durable=how == "append")
            if how != "unflushed":
                acknowledged = asked
    except PowerCutError:
        pass
    return acknowledged, asked


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["append", "unflushed", "integrate", "integrate", "settle"]),
        st.integers(0, 300),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(0, 60), st.randoms(use_true_random=False))
def test_a_power_cut_at_any_moment_takes_nothing_that_was_acknowledged(
    steps: list[tuple[str, int]], operations: int, chance: random.Random
) -> None:
    """Any subset of the unflushed writes is lost, emptied, zeroed, halved, or set back."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        disk = MortalDisk(operations=operations, choose=chance.choice)
        acknowledged, asked = write_until_dark(folder, disk, steps)
        disk.cut()
        log = open_log(folder)
        assert acknowledged <= log.size <= asked
        if log.size:
            assert_whole(log, log.size)
        log.integrate(entries(400), from_index=0, now=NOW) if log.size < 400 else None
        assert_whole(log, max(log.size, 400))


@settings(max_examples=20, deadline=None)
@given(STEPS, st.integers(0, 40), st.integers(0, 40), st.randoms(use_true_random=False))
def test_a_power_cut_while_the_last_one_is_made_good(
    steps: list[tuple[str, int]], first: int, second: int, chance: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        disk = MortalDisk(operations=first, choose=chance.choice)
        acknowledged, asked = write_until_dark(folder, disk, steps)
        disk.cut()
        again = MortalDisk(operations=second, choose=chance.choice)
        write_until_dark(folder, again, [])
        again.cut()
        log = open_log(folder)
        assert acknowledged <= log.size <= asked
        if log.size:
            assert_whole(log, log.size)


@settings(max_examples=20, deadline=None)
@given(STEPS, st.integers(0, 40), st.randoms(use_true_random=False))
def test_the_same_log_object_goes_on_after_a_failed_write(
    steps: list[tuple[str, int]], operations: int, chance: random.Random
) -> None:
    """No power cut here, but a disk that once said no: what it then shows is not believed."""
    with tempfile.TemporaryDirectory() as name:
        disk = MortalDisk(operations=operations, choose=chance.choice)
        log = Log(Path(name), origin=ORIGIN, signer=POLICE, disk=disk)
        for how, count in steps:
            try:
                _step(log, how, count)
            except PowerCutError:
                disk._left = 10_000
                _step(log, "integrate", count)
        disk._left = 10_000
        log.publish()
        log.integrate([], from_index=log.size, now=NOW)
        assert_whole(log, log.size)


def _step(log: Log, how: str, count: int) -> None:
    if how == "settle":
        return log.settle()
    log.publish()
    fresh = entries(count, first=log.size)
    (log.append if how == "append" else log.integrate)(fresh, from_index=log.size, now=NOW)
    return None


def assert_whole(log: Log, size: int) -> None:
    """The tree of so many entries, in files that anybody may verify."""
    checkpoint = log.checkpoint()
    assert checkpoint is not None
    assert (checkpoint.size, checkpoint.root) == (size, root(size))
    verdict = verify_log(log.folder, POLICE.verifier)
    assert verdict.ok, verdict.steps


def test_what_was_appended_is_shown_when_somebody_says_so(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    assert log.publish() is None
    for index in range(300):
        assert log.append(entries(1, first=index), from_index=index, now=NOW).size == index + 1
    assert log.size < 300
    shown = log.publish()
    assert shown is not None
    assert_whole(log, 300)
    assert log.published_at == NOW


def test_what_was_appended_and_never_shown_is_shown_by_whoever_opens_the_log(
    tmp_path: Path,
) -> None:
    open_log(tmp_path).append(entries(5), from_index=0, now=NOW)
    assert not (tmp_path / "checkpoint").exists()
    again = open_log(tmp_path)
    assert_whole(again, 5)
    assert again.published_at == NOW


def test_a_checkpoint_shows_only_after_the_journal_is_flushed(tmp_path: Path) -> None:
    """A signature over what a power cut could take away would be a lie."""
    done: list[str] = []

    class Telling(NoFlush):
        def put(self, descriptor: int, data: bytes, *, at: int, with_flush: bool) -> None:
            super().put(descriptor, data, at=at, with_flush=with_flush)
            done.append("flushed" if with_flush else "base")

        def write(self, files: list[tuple[Path, bytes]]) -> None:  # type: ignore[override]
            super().write(files)
            done.extend(path.name for path, _ in files)

    log = Log(tmp_path, origin=ORIGIN, signer=POLICE, disk=Telling())
    log.integrate(entries(3), from_index=0, now=NOW)
    assert done == ["base", "flushed", "3", "3", "checkpoint"]


def test_a_settled_log_needs_its_journal_no_more(tmp_path: Path) -> None:
    log = grown(tmp_path, 100, 400, 700)
    log.settle()
    before = files_of(tmp_path)
    for name in NAMES:
        (tmp_path / name).unlink(missing_ok=True)
    assert_whole(open_log(tmp_path), 700)
    assert files_of(tmp_path) == before
    log.settle()


def test_files_that_are_not_on_the_disk_yet_are_made_again(tmp_path: Path) -> None:
    grown(tmp_path, 10, 290)
    for name, data in files_of(tmp_path).items():
        (tmp_path / name).write_bytes(bytes(len(data)))
    assert_whole(open_log(tmp_path), 290)


@pytest.mark.parametrize("at", [0, 60, 200, -1])
def test_a_torn_last_record_is_no_record(tmp_path: Path, at: int) -> None:
    """As if the power had gone before it was acknowledged; its files were never written."""
    log = grown(tmp_path, 7)
    log.append(entries(5, first=7), from_index=7, now=NOW)
    path = tmp_path / NAMES[1]
    whole = bytearray(path.read_bytes())
    start = 2 * PAGE  # after the base and the first append
    assert whole[start:].startswith(b"bwlog")
    end = len(bytes(whole[start:]).rstrip(b"\0"))
    whole[start + (at % end)] ^= 1
    path.write_bytes(whole)
    assert_whole(open_log(tmp_path), 7)


def test_records_of_an_earlier_turn_are_not_read(tmp_path: Path) -> None:
    disk = NoFlush()
    one = Journal(tmp_path, disk)
    one.begin(record(b"base"))
    for number in range(3):
        one.append(record(b"old %d" % number))
    two = Journal(tmp_path, disk)
    two.segments()
    two.begin(record(b"second base"))
    two.begin(record(b"third base"), with_flush=True)
    two.append(record(b"new"))
    newest = Journal(tmp_path, disk).segments()[-1]
    assert [found.note for found in newest.records] == [b"third base", b"new"]
    assert one.has_moved()
    assert not two.has_moved()


def record(note: bytes) -> Record:
    return Record(note=note, entries=b"", stamp=0)


def test_two_writers_take_turns_over_many_segments(tmp_path: Path) -> None:
    mine, other = open_log(tmp_path), open_log(tmp_path)
    for size in range(0, 900, 30):
        log = mine if size % 60 else other
        log.integrate(entries(30, first=size), from_index=size, now=NOW)
    assert_whole(mine, 900)
    assert_whole(open_log(tmp_path), 900)


def test_an_append_larger_than_a_segment_is_taken(tmp_path: Path) -> None:
    large = [bytes(60_000)] * 3
    open_log(tmp_path).integrate(large, from_index=0, now=NOW)
    log = open_log(tmp_path)
    assert log.entry(2) == large[2]
    assert log.integrate(entries(3), from_index=3, now=NOW).size == 6


def test_a_journal_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Mallory puts a journal of her own beside the force's files."""
    grown(tmp_path / "hers", 3)
    forged = Journal(tmp_path, NoFlush())
    forged.begin(record(b""))
    forged.append(record(b"police.example/log\n3\n" + b"A" * 43 + b"=\n\nunsigned\n"))
    with pytest.raises(DamagedError):
        open_log(tmp_path)


def test_entries_that_do_not_give_the_signed_root_are_refused(tmp_path: Path) -> None:
    checkpoint = grown(tmp_path / "true", 3).checkpoint()
    assert checkpoint is not None
    forged = Journal(tmp_path, NoFlush())
    forged.begin(record(b""))
    forged.append(record(checkpoint.note_text.encode()))
    with pytest.raises(DamagedError) as damaged:
        open_log(tmp_path)
    assert damaged.value.code == "log.journal-disagrees"


def test_a_full_disk_refuses_the_append_and_takes_it_later(tmp_path: Path) -> None:
    """/dev/full is the kernel's own full disk."""
    log = grown(tmp_path, 3)
    (tmp_path / NAMES[1]).rename(tmp_path / "aside")
    (tmp_path / NAMES[1]).symlink_to("/dev/full")
    with pytest.raises(SetupError) as full:
        log.append(entries(1, first=3), from_index=3, now=NOW)
    assert full.value.code == "disk.full"
    (tmp_path / NAMES[1]).unlink()
    (tmp_path / "aside").rename(tmp_path / NAMES[1])
    assert log.integrate(entries(1, first=3), from_index=3, now=NOW).size == 4
    assert_whole(open_log(tmp_path), 4)
