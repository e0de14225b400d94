"""Background work: ordered once, done once, done again when its worker dies."""

import contextlib
import io
import multiprocessing
import os
import signal
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections, transaction
from tests.work.footage import held, tiny_film

from bodyworn.core import types
from bodyworn.core.clock import system_clock
from bodyworn.core.terms import CopyKind, EventType
from bodyworn.media.probe import probe
from bodyworn.records.models import Copy, CustodyEvent, Job, JobState, Recording
from bodyworn.work import derive, jobs
from bodyworn.work.house import House

pytestmark = pytest.mark.django_db(transaction=True)


def ordered(house: House, data: bytes | None = None) -> Recording:
    """A recording with its copies ordered, as ingest does it."""
    recording = held(house, data or tiny_film())
    found = probe(io.BytesIO(data or tiny_film()), name="film.mp4")
    with transaction.atomic():
        jobs.order_copies(house, recording, found)
    return recording


def test_a_playable_recording_gets_frames_pictures_and_sound(house: House) -> None:
    recording = ordered(house)
    assert jobs.run_waiting(house) == 3
    kinds = set(recording.copies.values_list("kind", flat=True))
    assert kinds == {CopyKind.MASTER, CopyKind.FRAMES, CopyKind.STRIP, CopyKind.SOUND}
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.DONE}


def test_each_derived_copy_names_its_parent_and_has_one_event(house: House) -> None:
    recording = ordered(house)
    jobs.run_waiting(house)
    master = recording.copies.get(kind=CopyKind.MASTER)
    made = recording.copies.exclude(kind=CopyKind.MASTER)
    assert {copy.derived_from_id for copy in made} == {master.pk}
    events = CustodyEvent.objects.filter(type=EventType.DERIVATION)
    assert sorted(e.detail["sha256"] for e in events) == sorted(c.sha256 for c in made)


def test_a_film_no_browser_plays_gets_a_proxy_of_the_same_length(house: House) -> None:
    recording = ordered(house, tiny_film(codec="mpeg4", container="avi"))
    jobs.run_waiting(house)
    proxy = recording.copies.get(kind=CopyKind.PROXY)
    assert proxy.recipe["tool"]
    assert house.vault.size(jobs.master_of(Job(key=f"x:{proxy.sha256}:v1"))) == proxy.size


def test_ordering_twice_is_one_job(house: House) -> None:
    recording = ordered(house)
    master = recording.copies.get(kind=CopyKind.MASTER)
    with transaction.atomic():
        jobs.order(house, kind=CopyKind.STRIP, recording=recording, master=master, asked_by="alice")
    assert Job.objects.filter(kind=CopyKind.STRIP).count() == 1


def test_an_order_that_is_rolled_back_leaves_no_job_and_no_key(house: House) -> None:
    recording = held(house, tiny_film())
    master = recording.copies.get(kind=CopyKind.MASTER)

    def ingest_that_fails_after_all() -> None:
        with transaction.atomic():
            jobs.order(
                house, kind=CopyKind.STRIP, recording=recording, master=master, asked_by="alice"
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ingest_that_fails_after_all()
    assert not Job.objects.exists()
    assert jobs.carrier(house).waiting() == []


def test_one_job_is_claimed_by_one_worker_of_many(house: House) -> None:
    ordered(house)
    key = Job.objects.values_list("key", flat=True)[0]
    won: list[Job | None] = []

    def claim() -> None:
        won.append(jobs.claim(house, key))
        connections.close_all()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([job for job in won if job]) == 1


def test_a_job_that_kills_each_of_its_workers_is_left_to_a_person(house: House) -> None:
    ordered(house)
    key = Job.objects.order_by("id").values_list("key", flat=True)[0]
    for _ in range(jobs.TRIES):
        assert jobs.claim(house, key) is not None  # and then the worker is killed
        Job.objects.filter(key=key).update(lease_until=system_clock() - timedelta(seconds=1))
    assert jobs.claim(house, key) is None
    assert Job.objects.get(key=key).state == JobState.FAILED


def test_a_silent_workers_job_is_free_again_when_its_lease_ends(house: House) -> None:
    ordered(house)
    key = Job.objects.values_list("key", flat=True)[0]
    assert jobs.claim(house, key)
    assert jobs.claim(house, key) is None
    Job.objects.filter(key=key).update(lease_until=system_clock() - timedelta(seconds=1))
    assert jobs.claim(house, key)


def endless(_house: House, _source: derive.Source) -> list[types.Copy]:
    """Footage of Mallory's that is never read to its end."""
    rest = threading.Event()
    for _ in range(3000):
        rest.wait(0.01)
    raise AssertionError("nobody interrupted it")


def test_a_job_that_never_ends_is_tried_three_times_and_left_to_a_person(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(derive.MAKERS, CopyKind.STRIP, endless)
    impatient = replace(house, settings=house.settings.with_(job_minutes=0))
    recording = held(house, tiny_film())
    master = recording.copies.get(kind=CopyKind.MASTER)
    with transaction.atomic():
        jobs.order(house, kind=CopyKind.STRIP, recording=recording, master=master, asked_by="bob")
    assert jobs.run_waiting(impatient) == 0
    job = Job.objects.get()
    assert (job.state, job.tries, job.lease_until) == (JobState.FAILED, jobs.TRIES, None)
    assert job.error.startswith("It was not done within 0 minutes.")
    assert Copy.objects.count() == 1


def test_a_worker_whose_time_was_up_does_the_next_job(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(derive.MAKERS, CopyKind.STRIP, endless)
    ordered(house)
    strip = Job.objects.get(kind=CopyKind.STRIP)
    assert not jobs.run(replace(house, settings=house.settings.with_(job_minutes=0)), strip.key)
    others = Job.objects.exclude(pk=strip.pk).values_list("key", flat=True)
    assert all(jobs.run(house, key) for key in others)


def test_a_lease_is_not_renewed_when_the_time_is_up(house: House) -> None:
    """The library that the worker is in may not come back: then the lease runs out, and others
    count it as tried."""
    ordered(house)
    settings = house.settings.with_(job_minutes=0, job_lease_seconds=0)
    job = jobs.claim(house, Job.objects.order_by("id").values_list("key", flat=True)[0])
    assert job
    before = job.lease_until
    with (
        contextlib.suppress(jobs._TimeIsUp),
        jobs.lease_kept(replace(house, settings=settings), job),
    ):
        endless(house, Path())
    job.refresh_from_db()
    assert job.lease_until == before


def test_the_sweeper_carries_what_the_transport_lost(house: House) -> None:
    ordered(house)
    jobs.carrier(house)._huey.flush()
    assert jobs.sweep(house) == 3
    assert len(jobs.carrier(house).waiting()) == 3
    jobs.sweep(house)
    assert len(jobs.carrier(house).waiting()) == 3, "a waiting key must not be carried twice"


def test_a_job_that_keeps_failing_is_left_to_a_person_with_its_reason(house: House) -> None:
    recording = held(house, b"not a film at all")
    master = recording.copies.get(kind=CopyKind.MASTER)
    with transaction.atomic():
        jobs.order(house, kind=CopyKind.STRIP, recording=recording, master=master, asked_by="bob")
    jobs.run_waiting(house)
    job = Job.objects.get()
    assert (job.state, job.tries) == (JobState.FAILED, jobs.TRIES)
    assert job.error
    assert Copy.objects.count() == 1


def test_huey_workers_do_what_was_ordered(house: House) -> None:
    ordered(house)
    workers = jobs.carrier(house).workers(1)
    workers.start()
    try:
        deadline = threading.Event()
        for _ in range(200):
            if Job.objects.filter(state=JobState.DONE).count() == 3:
                break
            deadline.wait(0.1)
    finally:
        workers.stop()
    assert Job.objects.filter(state=JobState.DONE).count() == 3


def _work_and_hang(house: House, key: str) -> None:
    """A worker that claims a job and then stands still, until somebody kills it."""
    connections.close_all()
    derive.MAKERS[CopyKind.STRIP] = lambda *_: signal.pause() or []  # type: ignore[func-returns-value]
    jobs.run(house, key)


def test_a_worker_killed_in_mid_job_is_rerun(house: House) -> None:
    recording = ordered(house)
    key = Job.objects.get(kind=CopyKind.STRIP).key
    connections.close_all()  # a child must not end PostgreSQL's session with its parent
    worker = multiprocessing.get_context("fork").Process(target=_work_and_hang, args=(house, key))
    worker.start()
    for _ in range(300):
        if Job.objects.get(key=key).state == JobState.RUNNING:
            break
        threading.Event().wait(0.02)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    assert Job.objects.get(key=key).state == JobState.RUNNING
    Job.objects.filter(key=key).update(lease_until=system_clock() - timedelta(seconds=1))
    jobs.run_waiting(house)
    assert Job.objects.get(key=key).tries == 2
    assert recording.copies.filter(kind=CopyKind.STRIP).count() == 1
