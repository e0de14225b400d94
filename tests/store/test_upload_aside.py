"""Work beside the receiving: done in order, waited for, and its failures told once."""

import threading
from functools import partial

import pytest

from bodyworn.store import upload_aside
from bodyworn.store.upload_aside import Aside


@pytest.fixture
def aside(monkeypatch: pytest.MonkeyPatch) -> Aside:
    """One that always gets its helpers."""
    monkeypatch.setattr(upload_aside, "_PAIRS", threading.BoundedSemaphore(1))
    return Aside()


def fail() -> None:
    raise OSError("the disk is gone")


def test_a_small_work_is_done_at_once(aside: Aside) -> None:
    done: list[str] = []
    aside.begin(lambda: done.append("hash"), lambda: done.append("disk"), is_large=False)
    assert done == ["hash", "disk"]
    aside.wait()
    aside.close()


def test_large_works_are_done_beside_each_other_and_in_order(aside: Aside) -> None:
    both = threading.Barrier(2, timeout=10)
    done: list[int] = []

    def meet(number: int) -> None:
        both.wait()
        done.append(number)

    for number in range(5):
        aside.begin(both.wait, partial(meet, number), is_large=True)
        aside.wait()
    assert done == [0, 1, 2, 3, 4]
    aside.close()


@pytest.mark.parametrize("is_large", [False, True])
def test_a_failure_is_told_by_the_next_wait_and_once(aside: Aside, is_large: bool) -> None:
    aside.begin(int, fail, is_large=is_large)
    with pytest.raises(OSError, match="gone"):
        aside.wait()
    aside.wait()
    aside.begin(int, int, is_large=is_large)
    aside.wait()
    aside.close()


def test_who_finds_no_helpers_works_alone_and_helpers_are_given_back(aside: Aside) -> None:
    threads: list[threading.Thread] = []

    def note() -> None:
        threads.append(threading.current_thread())

    other = Aside()
    aside.begin(note, note, is_large=True)
    aside.wait()
    other.begin(note, is_large=True)
    other.wait()
    aside.close()
    other.begin(note, is_large=True)
    other.wait()
    other.close()
    here = threading.current_thread()
    assert [thread is here for thread in threads] == [False, False, True, False]
    assert not any(thread.is_alive() for thread in threads if thread is not here)
