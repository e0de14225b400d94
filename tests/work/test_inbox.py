"""Arrivals that nobody asks about, files of a folder, and two who do the same at once."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from django.db import connections
from tests.work.arriving import DOCK, arrive, film, list_of_notes

from bodyworn.core.errors import MissingError, RefusedError
from bodyworn.core.terms import Condition, CopyKind, EventType
from bodyworn.core.types import Actor, Probe, Receipt
from bodyworn.devices.folder import FolderCamera
from bodyworn.media.probe import probe
from bodyworn.records.models import Copy, CustodyEvent, Device, Recording
from bodyworn.store.inbox import read_arrival
from bodyworn.work import entry, ingest
from bodyworn.work.house import House
from bodyworn.work.ingest import sweep, take_in, take_in_file
from bodyworn.work.verify import verify_store

PERSON = Actor(name="system:command-line:root")
committing = pytest.mark.django_db(transaction=True)


def test_the_sweeper_takes_in_what_nobody_asked_about(house: House) -> None:
    for number in range(3):
        arrive(house, film(number), sequence=number + 1)
    assert sweep(house) == 3
    assert Recording.objects.count() == 3
    assert list_of_notes(house) == []
    assert CustodyEvent.objects.filter(type=EventType.INGESTION)[0].actor == "system:inbox"
    assert sweep(house) == 0


def test_one_bad_arrival_does_not_keep_the_others_waiting(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    lost = arrive(house, film(1))
    house.layout.blob(lost.sha256).unlink()
    arrive(house, film(2))
    assert sweep(house) == 1
    assert list_of_notes(house) == [house.layout.arrival(lost.upload)]
    assert "blob.missing" in caplog.text
    caplog.clear()
    assert sweep(house) == 0
    assert caplog.text == "", "told once, not once a second"


def test_an_error_that_nobody_foresaw_does_not_keep_the_others_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(source: BinaryIO, *, name: str) -> Probe:
        if name == "stone.mp4":
            raise ZeroDivisionError("a stone")
        return probe(source, name=name)

    monkeypatch.setattr(ingest, "probe", stumble)
    arrive(house, film(1), filename="stone.mp4")
    arrive(house, film(2))
    assert sweep(house) == 1
    assert "ZeroDivisionError a stone" in caplog.text
    assert len(list_of_notes(house)) == 1


def test_a_note_that_cannot_be_read_is_set_aside_and_on_record(house: House) -> None:
    arrival = arrive(house)
    path = house.layout.arrival(arrival.upload)
    note = path.read_bytes()[:40]
    path.write_bytes(note)
    assert sweep(house) == 0
    assert list_of_notes(house) == []
    assert (house.layout.aside / path.name).read_bytes() == note
    event = CustodyEvent.objects.get(type=EventType.QUARANTINE)
    assert event.subject == f"upload:{arrival.upload}"
    assert house.vault.has(arrival.sha256), "its bytes are safe"


# ---- a person's folder --------------------------------------------------------------------------


def taken(house: House, path: Path, **options: Any) -> Receipt:
    (held,) = FolderCamera(path).held()
    return take_in_file(house, held, by=PERSON, **options)


def test_a_file_is_taken_in_and_left_where_it_is(house: House, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(film())
    told: list[tuple[int, int]] = []
    receipt = taken(house, path, progress=lambda done, of, _: told.append((done, of)))
    assert path.read_bytes() == film()
    assert receipt.size == len(film())
    assert told[-1] == (len(film()), len(film()))
    assert Recording.objects.get().filename == "clip.mp4"
    assert list_of_notes(house) == []


def test_taking_in_the_same_file_again_is_the_same_recording(house: House, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(film())
    assert taken(house, path) == taken(house, path)
    assert Recording.objects.count() == 1
    assert not CustodyEvent.objects.filter(type=EventType.INGESTION_REPEAT).exists()


def test_a_copy_of_a_file_is_the_same_recording_and_on_record(house: House, tmp_path: Path) -> None:
    for name in ("clip.mp4", "copy.mp4"):
        (tmp_path / name).write_bytes(film())
        taken(house, tmp_path / name)
    assert Recording.objects.count() == 1
    assert CustodyEvent.objects.filter(type=EventType.INGESTION_REPEAT).count() == 1


def test_an_empty_file_is_refused(house: House, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.touch()
    for keep_anyway in (False, True):
        with pytest.raises(RefusedError) as refused:
            taken(house, path, keep_anyway=keep_anyway)
        assert refused.value.code == "ingest.empty"


def test_what_is_no_video_is_refused_before_a_byte_is_kept(house: House, tmp_path: Path) -> None:
    path = tmp_path / "letter.mp4"
    path.write_bytes(b"Dear Sir or Madam, " * 50)
    with pytest.raises(RefusedError) as refused:
        taken(house, path)
    assert refused.value.code == "ingest.not-video"
    assert not any(p.is_file() for p in house.layout.blobs.rglob("*"))
    taken(house, path, keep_anyway=True)
    assert Recording.objects.get().condition == Condition.NOT_VIDEO


def test_damaged_video_is_kept_and_labelled(house: House, tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(film()[: len(film()) * 2 // 3])
    taken(house, path)
    assert Recording.objects.get().condition == Condition.DAMAGED


def test_a_file_name_that_is_no_text_is_taken_in(house: House, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(str(tmp_path)) + b"/\xff\xfe.mp4"))
    path.write_bytes(film())
    taken(house, path)
    assert Recording.objects.get().filename.isprintable()


# ---- two at once, and one that is killed --------------------------------------------------------


def in_processes(*works: Callable[[], None]) -> list[int]:
    """Do each in a process of its own, started together; their exit codes."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=work) for work in works]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode if process.exitcode is not None else -1 for process in processes]


@committing
def test_two_processes_with_the_same_arrival_make_one_recording(house: House) -> None:
    arrival = arrive(house)
    assert in_processes(*[lambda: _take_in(house, arrival.upload)] * 3) == [0, 0, 0]
    assert Recording.objects.count() == 1
    assert CustodyEvent.objects.filter(type=EventType.INGESTION).count() == 1
    assert verify_store(house).ok


@committing
def test_two_processes_with_the_same_bytes_make_one_recording(house: House) -> None:
    uploads = [arrive(house, filename=f"{n}.mp4").upload for n in range(3)]
    works = [lambda upload=upload: _take_in(house, upload) for upload in uploads]
    assert in_processes(*works) == [0, 0, 0]
    assert Recording.objects.count() == 1
    assert Copy.objects.filter(kind=CopyKind.MASTER).count() == 1
    assert CustodyEvent.objects.filter(type=EventType.INGESTION_REPEAT).count() == 2


@committing
def test_recordings_of_one_camera_that_arrive_at_once_are_all_counted(house: House) -> None:
    uploads = [arrive(house, film(n), sequence=n).upload for n in range(1, 5)]
    works = [lambda upload=upload: _take_in(house, upload) for upload in uploads]
    assert in_processes(*works) == [0] * 4
    assert Recording.objects.count() == 4
    assert len(set(Recording.objects.values_list("reference", flat=True))) == 4
    assert Device.objects.get().last_sequence == 4


@committing
def test_threads_that_sweep_at_once_make_each_recording_once(house: House) -> None:
    for number in range(6):
        arrive(house, film(number), sequence=number + 1)

    def work() -> None:
        sweep(House.open(house.settings))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Recording.objects.count() == 6
    assert not CustodyEvent.objects.filter(type=EventType.INGESTION_REPEAT).exists()
    assert list_of_notes(house) == []


@committing
@pytest.mark.parametrize("moment", ["_retention", "_receipt", "done_with"])
def test_a_sweeper_that_is_killed_loses_nothing(house: House, moment: str) -> None:
    arrive(house)
    assert in_processes(lambda: _sweep_and_die(house, moment)) == [-signal.SIGKILL]
    assert len(list_of_notes(house)) == 1
    assert sweep(house) == 1
    assert Recording.objects.count() == 1
    assert CustodyEvent.objects.filter(type=EventType.INGESTION).count() == 1
    assert list_of_notes(house) == []
    assert verify_store(house).ok


def _take_in(house: House, upload: str) -> None:
    try:
        take_in(house, read_arrival(house.layout.arrival(upload)), by=DOCK)
    except MissingError:
        assert Recording.objects.exists()  # another process was done before we had read the note


def _sweep_and_die(house: House, moment: str) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(ingest if moment == "done_with" else entry, moment, die)
    sweep(house)
