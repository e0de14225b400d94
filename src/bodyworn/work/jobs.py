"""Background work through one seam.

The job ledger (`records.models.Job`) is the truth: what was ordered, by whom, with which code,
what came out. Huey only carries keys from those who order to those who work; it forgets a key
when its worker dies, so a sweeper hands out again what is queued for long or whose lease has
run out. Therefore a handler MUST be idempotent, and it is by construction: what it makes is
kept by digest, and rows are written once a digest.

A job's way: 1 ordered in the transaction that needs it; 2 its key carried after the commit;
3 claimed by a guarded update; 4 worked under a lease that is renewed, and that also opens the
master to it (`work.keys`), its bytes kept; 5 rows, events and the job's end written in one
transaction. Leases run on the machine's own clock, even where the world's clock is frozen. What it
leaves to others: `work.derive` knows what each kind makes.
"""

import ctypes
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, transaction
from django.db.models import F, Q

from bodyworn import __version__
from bodyworn.core import types
from bodyworn.core.clock import system_clock
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, BusyError
from bodyworn.core.terms import CopyKind, EventType, Operation
from bodyworn.core.types import CustodyEvent, Probe
from bodyworn.media.wanted import wanted_copies
from bodyworn.records import ledger
from bodyworn.records.engine import use_safe_sqlite
from bodyworn.records.models import Copy, Job, JobState, Recording
from bodyworn.store.sealed import DataKey
from bodyworn.work import data_keys, derive
from bodyworn.work.house import House
from bodyworn.work.keys import keys_of

log = logging.getLogger("bodyworn.jobs")

TRIES = 3  # a job that failed so often waits for a person
ACTOR = "system:jobs"


def order_copies(house: House, recording: Recording, probe: Probe) -> None:
    """Order every copy that a recording wants. Call inside the transaction that records it."""
    master = recording.copies.get(kind=CopyKind.MASTER)
    for kind in wanted_copies(probe):
        order(house, kind=kind, recording=recording, master=master, asked_by=ACTOR)


def order(
    house: House, *, kind: CopyKind, recording: Recording, master: Copy, asked_by: str
) -> Job:
    """Order one copy; ordering it twice is one job. The key is carried after the commit."""
    key = f"{kind}:{master.sha256}:v{derive.VERSIONS[kind]}"
    job, _ = Job.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "recording": recording,
            "state": JobState.QUEUED,
            "asked_by": asked_by,
            "asked_at": house.now(),
            "code_version": __version__,
        },
    )
    transaction.on_commit(lambda: carry(house, key))
    return job


def carry(house: House, key: str) -> None:
    """Give a key to the transport; if that fails the sweeper will find the job."""
    try:
        carrier(house).work(key)
    except OSError as error:
        log.warning("job %s not carried: %s", key, error)


def run(house: House, key: str) -> bool:
    """Do one job, if nobody else has it. True when its result stands."""
    job = claim(house, key)
    if job is None:
        return False
    try:
        with lease_kept(house, job):
            made = derive.make(house, CopyKind(job.kind), master_of(job), _key_for(house, job))
            slots = _wrapped(house, job, made)
        _finish(house, job, made, slots)
    except _TimeIsUp:
        _give_up(job, _out_of_time(house))
        return False
    except Exception as error:  # the runner is an edge: whatever happened is written down
        _give_up(job, error)
        return False
    return True


def claim(house: House, key: str) -> Job | None:
    """Take a job that is queued or whose worker went silent; None if another has it."""
    now = system_clock()
    if _killed_its_workers(key):
        return None
    free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    taken = Job.objects.filter(free, key=key).update(
        state=JobState.RUNNING,
        lease_until=now + _lease(house),
        worker=_worker_name(),
        tries=F("tries") + 1,
    )
    return Job.objects.select_related("recording").get(key=key) if taken else None


def _killed_its_workers(key: str) -> bool:
    """A worker that dies cannot give its job up, so footage that kills each would kill for ever."""
    silent = Job.objects.filter(
        key=key, state=JobState.RUNNING, lease_until__lt=system_clock(), tries__gte=TRIES
    )
    told = "Each time that it was tried its worker died, or was not done in time."
    return bool(silent.update(state=JobState.FAILED, lease_until=None, error=told))


@contextmanager
def lease_kept(house: House, job: Job) -> Iterator[None]:
    """Renew the lease from a thread of its own: a picture strip has no place to do it.

    After `job_minutes` it is renewed no more and the worker is interrupted: footage can be made so
    that reading it never ends, and it must not keep a worker from everybody else's.
    """
    done, worker = threading.Event(), threading.get_ident()
    keeper = threading.Thread(target=_renew, args=(house, job.pk, worker, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def sweep(house: House) -> int:
    """Carry again what waits: queued jobs and those whose lease ran out. How many."""
    now = system_clock()
    lost = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    keys = list(Job.objects.filter(lost).order_by("id").values_list("key", flat=True)[:1000])
    waiting = set(carrier(house).waiting())
    for key in keys:
        if key not in waiting:
            carry(house, key)
    return len(keys)


def run_waiting(house: House) -> int:
    """Do everything that waits, here and now: the command line and tests. How many were done."""
    done = 0
    while keys := _queued():
        done += sum(run(house, key) for key in keys)
    return done


def _queued() -> list[str]:
    now = system_clock()
    free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    return list(Job.objects.filter(free).order_by("id").values_list("key", flat=True)[:100])


def _key_for(house: House, job: Job) -> DataKey:
    """The master's key. Its grant is the event that took the recording in, while the job runs."""
    master = master_of(job)
    ingestion = _recording(job).events.filter(type=EventType.INGESTION).order_by("id")[:1].get()
    return keys_of(house).release(ingestion.uid, [master])[master]


def _wrapped(house: House, job: Job, made: list[types.Copy]) -> data_keys.Slots:
    """The keys of what was made, wrapped as the recording's own."""
    bucket = data_keys.bucket_of_recording(_recording(job))
    return data_keys.wrapped(house, [copy.sha256 for copy in made], bucket)


def _recording(job: Job) -> Recording:
    assert job.recording is not None  # noqa: S101  (every kind of today makes copies of one)
    return job.recording


def master_of(job: Job) -> Sha256:
    return Sha256.parse(job.key.split(":")[1])


def _finish(house: House, job: Job, made: list[types.Copy], slots: data_keys.Slots) -> None:
    """The bytes are kept; rows, events and the job's end become true together."""
    with transaction.atomic():
        ours = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, worker=job.worker)
        if not ours.update(
            state=JobState.DONE,
            finished_at=house.now(),
            lease_until=None,
            error="",
            output=[copy.sha256.hex for copy in made],
        ):
            return  # our lease ran out and another worker has it; its result is the same
        data_keys.enter(slots, at=house.now())
        for copy in made:
            _record_copy(house, job, copy)


def _record_copy(house: House, job: Job, made: types.Copy) -> None:
    recording, now = _recording(job), house.now()
    master = recording.copies.get(kind=CopyKind.MASTER)
    copy, is_new = Copy.objects.get_or_create(
        recording=recording,
        kind=made.kind,
        sha256=made.sha256.hex,
        defaults={
            "size": made.size,
            "media_type": made.media_type,
            "derived_from": master,
            "recipe": made.recipe,
            "created_at": now,
        },
    )
    if is_new:
        ledger.record(_derivation(recording, copy, master, now=now), recording=recording)


def _derivation(recording: Recording, copy: Copy, master: Copy, *, now: datetime) -> CustodyEvent:
    detail: dict[str, Any] = {
        "kind": copy.kind,
        "sha256": copy.sha256,
        "size": copy.size,
        "media_type": copy.media_type,
        "from": master.sha256,
        "recipe": copy.recipe,
    }
    return CustodyEvent(
        type=EventType.DERIVATION,
        operation=Operation.ALTERATION,
        at=now,
        actor=ACTOR,
        subject=recording.reference,
        detail=detail,
    )


def _give_up(job: Job, error: Exception) -> None:
    """Queue it again, or leave it to a person after the last try."""
    words = error.explain() if isinstance(error, BodywornError) else repr(error)
    log.warning("job %s failed (try %d): %s", job.key, job.tries, words)
    state = JobState.FAILED if job.tries >= TRIES else JobState.QUEUED
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING, worker=job.worker).update(
        state=state, lease_until=None, error=words[:400]
    )


class _TimeIsUp(Exception):  # noqa: N818  (nobody's error: it only ends a worker's work)
    """Raised inside a worker from the thread that keeps its lease."""


def _out_of_time(house: House) -> BusyError:
    return BusyError(
        "jobs.out-of-time",
        f"It was not done within {house.settings.job_minutes} minutes.",
        hint="If the footage is that long, raise `job_minutes` and order it again.",
    )


def _renew(house: House, job_id: int, worker: int, done: threading.Event) -> None:
    ends_at = time.monotonic() + house.settings.job_minutes * 60
    every = house.settings.job_lease_seconds / 4
    try:
        while not done.wait(min(every, ends_at - time.monotonic())):
            if time.monotonic() >= ends_at:
                _interrupt(worker)
                return
            until = system_clock() + _lease(house)
            Job.objects.filter(pk=job_id, state=JobState.RUNNING).update(lease_until=until)
    finally:
        connections.close_all()  # this thread ends, and PostgreSQL's session would stay


def _interrupt(worker: int) -> None:
    """Raise _TimeIsUp in that thread, as soon as it is back from the library that it called."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker), ctypes.py_object(_TimeIsUp))


def _lease(house: House) -> timedelta:
    return timedelta(seconds=house.settings.job_lease_seconds)


def _worker_name() -> str:
    return f"{os.uname().nodename}:{os.getpid()}:{threading.get_ident()}"


class Carrier:
    """Huey over its own small SQLite file: carries keys, knows nothing else."""

    def __init__(self, house: House) -> None:
        """Open the queue of this data folder."""
        # Huey imports `sqlite3` when it is imported: it must find the safe driver.
        use_safe_sqlite()
        from huey import SqliteHuey  # noqa: PLC0415

        self._house = house
        self._huey = SqliteHuey(
            "bodyworn", filename=str(house.layout.queue), results=False, fsync=False
        )
        self._task = self._huey.task(name="work")(self._work)

    def work(self, key: str) -> None:
        """Put a key in the queue."""
        self._task(key)

    def waiting(self) -> list[str]:
        """The keys that no worker has taken yet."""
        return [task.args[0] for task in self._huey.pending()]

    def workers(self, count: int) -> "Workers":
        """Threads that take keys, not started yet."""
        return Workers(self._huey, count)

    def _work(self, key: str) -> None:
        try:
            run(self._house, key)
        finally:
            connections.close_all()


class Workers:
    """Huey's consumer as threads of this process, whose signals belong to somebody else."""

    def __init__(self, huey: Any, count: int) -> None:
        """`count` threads."""
        from huey.consumer import Consumer  # noqa: PLC0415

        class QuietConsumer(Consumer):  # type: ignore[misc]
            def _set_signal_handlers(self) -> None:
                """The keeper has its own."""

        self._consumer = QuietConsumer(
            huey, workers=count, periodic=False, initial_delay=0.05, max_delay=0.5
        )

    def start(self) -> None:
        """Begin to take keys."""
        self._consumer.start()

    def stop(self) -> None:
        """Finish what is being worked on, take nothing more."""
        self._consumer.stop(graceful=True)


_carriers: dict[str, Carrier] = {}
_carriers_lock = threading.Lock()


def carrier(house: House) -> Carrier:
    """The one carrier of a data folder in this process."""
    name = str(house.layout.root)
    with _carriers_lock:
        if name not in _carriers:
            _carriers[name] = Carrier(house)
        return _carriers[name]
