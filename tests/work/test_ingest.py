"""Received becomes recorded: once, whole, and with its events."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from tests.conftest import NOW
from tests.work.arriving import (
    DOCK,
    ENDED,
    MANIFEST,
    STARTED,
    alices_team,
    arrive,
    film,
    list_of_notes,
)
from tests.work.opened import plain

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BusyError, DamagedError, MissingError
from bodyworn.core.terms import Condition, CopyKind, Durability, EventType
from bodyworn.core.types import Place
from bodyworn.devices.gpstrail import trail_as_bytes
from bodyworn.records import ledger
from bodyworn.records.models import (
    Copy,
    CustodyEvent,
    Device,
    Job,
    Recording,
    RetentionDecision,
)
from bodyworn.store.inbox import write_arrival
from bodyworn.work import entry
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.verify import verify_store


def taken_in(house: House, data: bytes | None = None, **changes: Any) -> Recording:
    receipt = take_in(house, arrive(house, data, **changes), by=DOCK)
    return Recording.objects.get(reference=receipt.reference)


def detail_of(recording: Recording, type_: EventType) -> dict[str, Any]:
    detail: dict[str, Any] = CustodyEvent.objects.get(recording=recording, type=type_).detail
    return detail


def test_a_recording_is_entered_with_everything_that_is_known(house: House) -> None:
    alice = alices_team()
    recording = taken_in(house)
    assert recording.reference == "BWV-26-0412-7F3A"
    assert recording.started_at == STARTED
    assert recording.ended_at == ENDED
    assert recording.started_at_source == "camera"
    assert recording.officer == alice
    assert recording.unit == alice.unit
    assert recording.device is not None
    assert (recording.device.serial, recording.device.last_sequence) == ("004471", 7)
    assert recording.device.last_docked_at == NOW
    assert recording.condition == Condition.PLAYABLE
    assert recording.video.startswith("h264")
    assert recording.probe["container"] == "mp4"
    assert recording.recorded_at == NOW


def test_the_master_is_the_very_bytes_that_arrived(house: House) -> None:
    recording = taken_in(house, film(3))
    master = recording.copies.get(kind=CopyKind.MASTER)
    digest = arrive(house, film(3)).sha256
    assert plain(house, digest) == film(3)
    assert film(3)[:64] not in house.layout.blob(digest).read_bytes(), "it lies sealed"
    assert (master.size, master.media_type) == (len(film(3)), "video/mp4")


def test_every_step_is_an_event_in_its_order(house: House) -> None:
    recording = taken_in(house)
    types = list(recording.events.order_by("id").values_list("type", flat=True))
    assert types == [
        EventType.CAPTURE,
        EventType.INGESTION,
        EventType.RETENTION_DECIDED,
        EventType.RECEIPT,
    ]
    capture = recording.events.get(type=EventType.CAPTURE)
    assert capture.at == STARTED
    assert capture.detail["sequence"] == 7
    assert capture.actor == "system:camera:004471"


def test_the_receipt_states_what_is_true(house: House) -> None:
    receipt = take_in(house, arrive(house), by=DOCK)
    assert receipt.durability is Durability.RECORDED
    assert (receipt.device, receipt.sequence) == ("004471", 7)
    ingestion = CustodyEvent.objects.get(type=EventType.INGESTION)
    assert receipt.event == ingestion.leaf_hash
    assert detail_of(Recording.objects.get(), EventType.RECEIPT)["event"] == ingestion.leaf_hash


def test_wanted_copies_are_ordered_with_it(house: House) -> None:
    recording = taken_in(house)
    kinds = set(Job.objects.filter(recording=recording).values_list("kind", flat=True))
    assert {CopyKind.FRAMES, CopyKind.STRIP, CopyKind.SOUND} <= kinds


def test_the_note_goes_only_after_the_row_is_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = arrive(house)

    def fail(*_: object, **__: object) -> None:
        raise DamagedError("test.broken", "The ledger is broken.")

    with monkeypatch.context() as broken:
        broken.setattr(ledger, "record", fail)
        with pytest.raises(DamagedError):
            take_in(house, arrival, by=DOCK)
    assert Recording.objects.count() == 0, "no event, no change"
    assert Copy.objects.count() == 0
    assert Device.objects.count() == 0
    assert Job.objects.count() == 0
    assert len(list_of_notes(house)) == 1
    take_in(house, arrival, by=DOCK)
    assert list_of_notes(house) == []


def test_the_same_arrival_again_changes_nothing(house: House) -> None:
    arrival = arrive(house)
    first = take_in(house, arrival, by=DOCK)
    before = CustodyEvent.objects.count()
    assert take_in(house, arrival, by=DOCK) == first
    assert CustodyEvent.objects.count() == before


def test_the_same_bytes_under_another_upload_are_the_same_recording(house: House) -> None:
    first = take_in(house, arrive(house), by=DOCK)
    again = arrive(house, filename="copy of 0007.mp4")
    for _ in range(2):
        assert take_in(house, again, by=DOCK).reference == first.reference
    assert Recording.objects.count() == 1
    repeat = detail_of(Recording.objects.get(), EventType.INGESTION_REPEAT)
    assert repeat["upload"] == again.upload
    assert list_of_notes(house) == []


def test_an_unknown_officer_is_kept_as_text_and_nothing_is_refused(house: House) -> None:
    recording = taken_in(house, officer="9999ZZ")
    assert recording.officer is None
    assert detail_of(recording, EventType.INGESTION)["officer_unknown"] == "9999ZZ"


def test_the_holder_of_the_camera_is_the_wearer_when_nobody_is_named(house: House) -> None:
    alice = alices_team()
    Device.objects.create(serial="004471", make="simulated", model="S1", holder=alice)
    assert taken_in(house, officer=None).officer == alice


def test_a_file_without_any_manifest_facts_is_entered_all_the_same(house: House) -> None:
    bare = dict.fromkeys(("device", "officer", "sequence", "camera_reference"))
    recording = taken_in(house, **bare, started_at=None, ended_at=None, borough=None, dock=None)
    digest = recording.copies.get(kind=CopyKind.MASTER).sha256
    assert recording.started_at_source == "arrival"
    assert recording.reference == f"BWV-26-0414-{digest[:4].upper()}"
    assert recording.device is None


def test_two_recordings_that_want_one_reference_both_get_one(house: House) -> None:
    first, second = taken_in(house, film(1)), taken_in(house, film(2), sequence=8)
    digest = second.copies.get(kind=CopyKind.MASTER).sha256
    assert first.reference == "BWV-26-0412-7F3A"
    assert second.reference == f"BWV-26-0412-7F3A-{digest[:4].upper()}"


def test_the_cameras_count_is_judged_with_every_arrival(house: House) -> None:
    found = []
    for n, (sequence, minute) in enumerate([(7, 0), (10, 3), (9, 2), (8, 1), (1, 9)]):
        times = {"started_at": STARTED + timedelta(minutes=minute), "ended_at": None}
        recording = taken_in(house, film(n), sequence=sequence, **times)
        events = recording.events.filter(type__startswith="sequence:").order_by("id")
        found.append([(e.type, e.detail["first"], e.detail["last"]) for e in events])
    assert found == [
        [],
        [("sequence:gap", 8, 9)],
        [("sequence:closed", 8, 9), ("sequence:gap", 8, 8)],
        [("sequence:closed", 8, 8)],
        [("sequence:reset", 1, 1)],
    ]


def test_a_number_that_comes_again_for_other_bytes_is_an_event(house: House) -> None:
    first, second = taken_in(house, film(1)), taken_in(house, film(2))
    repeat = detail_of(second, EventType.SEQUENCE_REPEAT)
    assert repeat["recordings"] == [first.reference, second.reference]


def test_a_digest_that_the_sender_did_not_mean_is_kept_and_doubted(house: House) -> None:
    recording = taken_in(house, sha256=arrive(house, film(9)).sha256)
    assert detail_of(recording, EventType.INGESTION)["digest_agreed"] is False
    assert "not those" in detail_of(recording, EventType.QUARANTINE)["reason"]


def test_a_digest_that_agrees_is_said_to(house: House) -> None:
    recording = taken_in(house, film(4), sha256=arrive(house, film(4)).sha256)
    assert detail_of(recording, EventType.INGESTION)["digest_agreed"] is True


def test_positions_come_from_the_trail_beside_the_file(house: House) -> None:
    places = [
        Place(at=STARTED + timedelta(seconds=n), latitude=51.46 + n / 1000, longitude=-0.11)
        for n in range(3)
    ]
    trail = trail_as_bytes(places, started_at=STARTED)
    recording = taken_in(house, sidecars=[("0007_gpstrail.json", trail), ("0007.key", b"k")])
    assert [fix.latitude for fix in recording.track.order_by("at")] == [51.46, 51.461, 51.462]
    kept = recording.copies.filter(kind=CopyKind.SIDECAR)
    assert {copy.name for copy in kept} == {"0007_gpstrail.json", "0007.key"}


def test_a_trail_that_another_recording_has_is_opened_by_an_event_of_that_one(
    house: House,
) -> None:
    place = Place(at=STARTED, latitude=51.46, longitude=-0.11)
    trail = [("0007_gpstrail.json", trail_as_bytes([place], started_at=STARTED))]
    first = taken_in(house, film(1), sequence=1, sidecars=trail)
    second = taken_in(house, film(2), sequence=2, sidecars=trail)
    assert [fix.latitude for fix in second.track.all()] == [51.46]
    again = detail_of(first, EventType.INGESTION_REPEAT)
    assert (again["filename"], again["upload"]) == ("0007_gpstrail.json", second.upload)
    assert not second.events.filter(type=EventType.INGESTION_REPEAT).exists()
    assert verify_store(house).ok


def test_bytes_that_came_beside_a_recording_may_come_as_one_too(house: House) -> None:
    first = taken_in(house, film(1), sidecars=[("also.mp4", film(2))])
    second = taken_in(house, film(2), sequence=8)
    assert second.condition == Condition.PLAYABLE
    assert detail_of(first, EventType.INGESTION_REPEAT)["sha256"] == Sha256.of(film(2)).hex
    assert verify_store(house).ok


def test_a_trail_that_cannot_be_read_is_kept_and_named(house: House) -> None:
    recording = taken_in(house, sidecars=[("0007_gpstrail.json", b"\xff{"), ("b", b"\xff{")])
    assert detail_of(recording, EventType.INGESTION)["sidecars_unread"] == ["0007_gpstrail.json"]
    assert recording.copies.filter(kind=CopyKind.SIDECAR).count() == 1, "the same bytes once"


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
        NOW + timedelta(days=400),
    ],
)
def test_an_insane_clock_is_recorded_and_not_believed(house: House, moment: datetime) -> None:
    recording = taken_in(house, started_at=moment, ended_at=moment)
    assert recording.started_at_source == "arrival"
    assert abs(recording.started_at - NOW) < timedelta(minutes=1)
    claimed = detail_of(recording, EventType.CAPTURE)["claimed_start"]
    assert claimed.startswith(f"{moment.year:04}-")


def test_footage_that_comes_late_is_not_due_on_the_day_it_comes(house: House) -> None:
    year_ago = NOW - timedelta(days=365)
    recording = taken_in(house, started_at=year_ago, ended_at=year_ago)
    decision = RetentionDecision.objects.get(recording=recording)
    assert decision.keep_until == NOW + timedelta(days=31)


def test_ordinary_footage_is_kept_from_its_end(house: House) -> None:
    recording = taken_in(house)
    decision = RetentionDecision.objects.get(recording=recording)
    assert decision.keep_until == ENDED + timedelta(days=31)
    assert detail_of(recording, EventType.RETENTION_DECIDED)["rule"] == decision.rule


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"This is a statement, not a recording.\n" * 40, Condition.NOT_VIDEO),
        (bytes(100), Condition.NOT_VIDEO),
    ],
)
def test_what_is_no_video_is_kept_and_labelled(
    house: House, data: bytes, condition: Condition
) -> None:
    recording = taken_in(house, data)
    assert recording.condition == condition
    assert detail_of(recording, EventType.QUARANTINE)["condition"] == condition


def test_cut_footage_is_kept_and_labelled(house: House) -> None:
    recording = taken_in(house, film()[: len(film()) * 2 // 3])
    assert recording.condition == Condition.DAMAGED
    assert detail_of(recording, EventType.QUARANTINE)["reason"]


@pytest.mark.parametrize(
    "changes",
    [
        {"filename": "\udcff\udcfe.mp4"},
        {"filename": "\x00"},
        {"title": "a\x00b" * 300, "borough": "x" * 200, "category": "y" * 200},
        {"device": "d" * 200, "make": "m" * 200, "dock": "k" * 200},
        {"sequence": 2**53, "clock_offset_ms": -(2**53)},
        {"camera_reference": "../../etc/passwd"},
        {"camera_reference": "'; DROP TABLE --"},
    ],
)
def test_hostile_words_are_entered_and_harm_nothing(house: House, changes: dict[str, Any]) -> None:
    arrival = arrive(house)
    hostile = replace(arrival, manifest=replace(MANIFEST, **changes))
    recording = Recording.objects.get(reference=take_in(house, hostile, by=DOCK).reference)
    assert recording.filename.isprintable()
    assert recording.reference.startswith("BWV-26-0412-")


def test_a_note_whose_bytes_are_gone_stays(house: House) -> None:
    arrival = arrive(house)
    house.layout.blob(arrival.sha256).unlink()
    with pytest.raises(MissingError):
        take_in(house, arrival, by=DOCK)
    assert len(list_of_notes(house)) == 1


def test_a_note_that_tells_another_size_stays(house: House) -> None:
    wrong = replace(arrive(house), size=5)
    write_arrival(house.layout.arrival(wrong.upload), wrong)
    with pytest.raises(DamagedError) as damaged:
        take_in(house, wrong, by=DOCK)
    assert damaged.value.code == "ingest.size-disagrees"


def test_a_row_that_the_database_refuses_is_named_and_not_tried_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(entry, "_copies", refuse)
    with pytest.raises(BusyError) as busy:
        take_in(house, arrive(house), by=DOCK)
    assert busy.value.code == "ingest.busy"
    assert len(list_of_notes(house)) == 1


STEPS: list[str] = ["_recording", "_copies", "_track", "_docked", "_retention", "_receipt"]


@pytest.mark.parametrize("step", STEPS)
def test_a_failure_at_any_step_leaves_no_trace_and_the_next_attempt_succeeds(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    arrival = arrive(house)
    real: Callable[..., Any] = getattr(entry, step)

    def fail_after(*arguments: Any) -> None:
        real(*arguments)
        raise DamagedError("test.power-cut")

    with monkeypatch.context() as broken:
        broken.setattr(entry, step, fail_after)
        with pytest.raises(DamagedError):
            take_in(house, arrival, by=DOCK)
    assert Recording.objects.count() == CustodyEvent.objects.count() == 0
    take_in(house, arrival, by=DOCK)
    assert Recording.objects.count() == 1
    assert ledger.waiting(100) == 4
