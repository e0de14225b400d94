"""Whatever Mallory changes, somebody who looks finds it, and is told what it is."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import NOW
from tests.people import CAROL
from tests.web.pages_world import account_of
from tests.work.arriving import DOCK, alices_team, arrive, film
from tests.work.events import looks
from tests.work.mallory import by_force

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, MissingError
from bodyworn.core.terms import CopyKind, EventType
from bodyworn.custody.edge import WIDTH
from bodyworn.custody.tiles import bundle_path, tile_path, width_at
from bodyworn.records.models import Copy, CustodyEvent, Recording
from bodyworn.work import data_keys, jobs, verify
from bodyworn.work.books import BOOKED, check_recording
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.log import integrate
from bodyworn.work.review import add_marker, remove_marker
from bodyworn.work.verify import StoreVerdict, verify_recording, verify_store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(house: House) -> House:
    """Two recordings, one with a sidecar, 40 looks, all of it published; one look waits."""
    for number in (1, 2):
        sidecars = [("0007.key", b"key")] if number == 1 else []
        arrival = arrive(house, film(number), sequence=number, sidecars=sidecars)
        take_in(house, arrival, by=DOCK)
    looks(40)
    integrate(house)
    looks(1, start=40)
    return house


def first() -> Recording:
    return Recording.objects.order_by("id")[0]


def broken(verdict: StoreVerdict) -> list[int]:
    return [step.number for step in verdict.steps if not step.ok]


def codes(verdict: StoreVerdict) -> set[str]:
    return {wrong["code"] for wrong in verdict.wrong}


def test_what_nobody_touched_holds(store: House) -> None:
    verdict = verify_store(store)
    assert verdict.ok, verdict
    assert len(verdict.steps) == 5
    verdict.require()
    assert verify_recording(store, first().reference).ok


def test_an_empty_house_holds(house: House) -> None:
    assert verify_store(house).ok


def test_a_store_that_nobody_published_holds(house: House) -> None:
    take_in(house, arrive(house), by=DOCK)
    assert verify_store(house).ok
    assert verify_recording(house, first().reference).ok


def test_progress_is_told(store: House) -> None:
    told: list[str] = []
    verify_store(store, progress=lambda _done, _of, what: told.append(what))
    assert {"events", "recordings", "files"} <= set(told)


def test_a_changed_byte_of_a_master_is_found(store: House) -> None:
    digest = first().copies.get(kind=CopyKind.MASTER).sha256
    path = store.layout.blob(Sha256.parse(digest))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    verdict = verify_store(store)
    assert broken(verdict) == [5]
    assert codes(verdict) == {"blob.changed"}
    assert broken(verify_recording(store, first().reference)) == [4]
    with pytest.raises(DamagedError) as damaged:
        verdict.require()
    assert damaged.value.code == "store.not-verified"


def test_all_wrong_files_are_named_with_their_recordings(store: House) -> None:
    one, other = (row.copies.get(kind=CopyKind.MASTER) for row in Recording.objects.order_by("id"))
    store.layout.blob(Sha256.parse(one.sha256)).unlink()
    store.layout.blob(Sha256.parse(other.sha256)).write_bytes(bytes(other.size))
    (wrong,) = verify_store(store).wrong
    assert "2 of " in wrong["message"]
    for copy in (one, other):
        assert f"master of {copy.recording.reference}" in wrong["message"]
    found = {part["sha256"] for part in (wrong, *wrong["others"])}
    assert found == {one.sha256, other.sha256}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE records_recording SET started_at = '2020-01-01 00:00:00+00:00' WHERE sequence = 1",
        "UPDATE records_recording SET device_id = NULL WHERE sequence = 1",
        "UPDATE records_recording SET sequence = 99 WHERE sequence = 1",
    ],
)
def test_another_time_camera_or_number_than_on_record_is_found(store: House, sql: str) -> None:
    assert by_force(sql)
    assert codes(verify_store(store)) == {"books.capture"}
    assert codes(verify_recording(store, first().reference)) == {"books.capture"}


def test_bytes_that_are_gone_are_found(store: House) -> None:
    digest = first().copies.get(kind=CopyKind.SIDECAR).sha256
    store.layout.blob(Sha256.parse(digest)).unlink()
    assert codes(verify_store(store)) == {"blob.missing"}


@pytest.mark.parametrize(
    ("sql", "steps", "code"),
    [
        (
            "DELETE FROM records_custodyevent WHERE leaf_index = 20",
            [2],
            "books.event-gone",
        ),
        (
            "DELETE FROM records_custodyevent WHERE leaf_index = (SELECT max(leaf_index) "
            "FROM records_custodyevent)",
            [2, 5],  # the log has an entry more than the database: no event gets its place
            "books.event-gone",
        ),
        ("DELETE FROM records_custodyevent WHERE type = 'view'", [2, 5], "books.event-gone"),
        (
            "UPDATE records_custodyevent SET actor = 'bob' WHERE leaf_index = 20",
            [3],
            "books.event",
        ),
        (
            "UPDATE records_custodyevent SET purpose = 'complaint' WHERE leaf_index = 20",
            [3],
            "books.event",
        ),
        (
            "UPDATE records_custodyevent SET type = 'fixity check' WHERE leaf_index = 20",
            [3],
            "books.event",
        ),
        (
            "UPDATE records_custodyevent SET at = '2026-04-13 09:00:00+00:00' "
            "WHERE leaf_index = 20",
            [3],
            "books.event",
        ),
        (
            "UPDATE records_custodyevent SET subject = 'BWV-26-0412-FFFF' WHERE leaf_index = 20",
            [3],
            "books.event",
        ),
        (
            "UPDATE records_custodyevent SET actor = 'bob' WHERE leaf_index IS NULL",
            [3],
            "books.event",
        ),
    ],
)
def test_a_tampered_event_is_found(store: House, sql: str, steps: list[int], code: str) -> None:
    assert by_force(sql)
    verdict = verify_store(store)
    assert broken(verdict) == steps
    assert code in codes(verdict)


def test_a_changed_detail_is_found(store: House) -> None:
    event = CustodyEvent.objects.filter(type=EventType.INGESTION)[0]
    detail = json.dumps({**event.detail, "sender": "system:dock:BX-99"})
    by_force("UPDATE records_custodyevent SET detail = %s WHERE id = %s", detail, event.pk)
    verdict = verify_store(store)
    assert broken(verdict) == [3]
    assert event.subject in verdict.steps[2].sentence
    assert broken(verify_recording(store, event.subject)) == [2]


def test_a_forged_leaf_is_found(store: House) -> None:
    one, other = CustodyEvent.objects.filter(leaf_index__in=[20, 21]).order_by("id")
    by_force("UPDATE records_custodyevent SET leaf_hash = %s WHERE id = %s", "0" * 64, other.pk)
    by_force(
        "UPDATE records_custodyevent SET leaf = %s, leaf_hash = %s, uid = %s WHERE id = %s",
        bytes(other.leaf),
        other.leaf_hash,
        "0" * 32,
        one.pk,
    )
    assert broken(verify_store(store)) == [2, 3]


def test_an_event_and_its_leaf_forged_together_are_found(store: House) -> None:
    one, other = CustodyEvent.objects.filter(leaf_index__in=[20, 21]).order_by("id")
    by_force("UPDATE records_custodyevent SET leaf_index = 999 WHERE id = %s", one.pk)
    by_force("UPDATE records_custodyevent SET leaf_index = 20 WHERE id = %s", other.pk)
    by_force("UPDATE records_custodyevent SET leaf_index = 21 WHERE id = %s", one.pk)
    verdict = verify_store(store)
    assert broken(verdict) == [2]
    assert "Event 20" in verdict.steps[1].sentence


def test_a_recording_deleted_with_all_its_rows_is_found(store: House) -> None:
    recording = first()
    for table in ("fix", "job", "retentiondecision", "copy"):
        by_force(f"DELETE FROM records_{table} WHERE recording_id = %s", recording.pk)  # noqa: S608
    assert by_force("DELETE FROM records_recording WHERE id = %s", recording.pk) == 1
    verdict = verify_store(store)
    assert broken(verdict) == [4]
    assert codes(verdict) == {"books.recording-gone"}
    assert recording.reference in verdict.steps[3].sentence


def test_a_recording_deleted_with_its_events_is_found(store: House) -> None:
    recording = first()
    for table in ("fix", "job", "retentiondecision", "copy", "custodyevent"):
        by_force(f"DELETE FROM records_{table} WHERE recording_id = %s", recording.pk)  # noqa: S608
    by_force("DELETE FROM records_recording WHERE id = %s", recording.pk)
    assert broken(verify_store(store)) == [2]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE records_recording SET reference = 'BWV-26-0412-FFFF'", "books.no-ingestion"),
        ("UPDATE records_copy SET size = 5 WHERE kind = 'master'", "books.master"),
        ("DELETE FROM records_copy WHERE kind = 'sidecar'", "books.sidecar"),
        (
            "UPDATE records_retentiondecision SET keep_until = '2026-04-15 00:00:00+00:00'",
            "books.retention",
        ),
        ("DELETE FROM records_retentiondecision", "books.retention"),
        ("UPDATE records_recording SET borough = 'Camden'", "books.place"),
        ("UPDATE records_recording SET title = 'Lost property'", "books.fact"),
        ("UPDATE records_recording SET locality = 'Camden Town'", "books.fact"),
        ("UPDATE records_recording SET category = 'Training'", "books.fact"),
        ("UPDATE records_recording SET duration_ms = 5", "books.fact"),
        ("UPDATE records_recording SET ended_at = '2027-01-01 00:00:00+00:00'", "books.fact"),
        ("UPDATE records_recording SET filename = 'x.mp4'", "books.fact"),
        ("UPDATE records_recording SET condition = 'damaged'", "books.fact"),
        ("UPDATE records_recording SET received_at = '2026-01-01 00:00:00+00:00'", "books.fact"),
        ("UPDATE records_recording SET clock_offset_ms = 0", "books.claim"),
        ("UPDATE records_recording SET started_at_source = 'arrival'", "books.claim"),
        ("UPDATE records_copy SET name = 'x.mp4' WHERE kind = 'master'", "books.master"),
        ("UPDATE records_copy SET name = 'x.key' WHERE kind = 'sidecar'", "books.sidecar"),
        ("UPDATE records_retentiondecision SET reason = 'Nobody asked.'", "books.retention"),
        ("UPDATE records_retentiondecision SET decided_by = 'bob'", "books.retention"),
        (
            "UPDATE records_retentiondecision SET decided_at = '2026-01-01 00:00:00+00:00'",
            "books.retention",
        ),
        (
            "UPDATE records_custodyevent SET salts = '{}' WHERE type = 'ingestion'",
            "books.salt-gone",
        ),
    ],
)
def test_a_tampered_row_is_found(store: House, sql: str, code: str) -> None:
    target = first()
    where = " AND " if "WHERE" in sql else " WHERE "
    column = "id" if "records_recording" in sql else "recording_id"
    by_force(f"{sql}{where}{column} = %s", target.pk)
    verdict = verify_store(store)
    assert 4 in broken(verdict)
    assert code in codes(verdict)


@pytest.fixture
def marked(store: House) -> House:
    """Carol pointed at two moments of the first recording, and took one of them away."""
    account_of(CAROL)
    reference = first().reference
    add_marker(store, CAROL, reference, frame=3, at_ms=120, label="knife")
    gone = add_marker(store, CAROL, reference, frame=9, at_ms=360, label="phone")
    remove_marker(store, CAROL, reference, gone.pk)
    assert verify_store(store).ok
    return store


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE records_marker SET label = 'comb' WHERE frame = 3",
        "UPDATE records_marker SET at_ms = 121 WHERE frame = 3",
        "UPDATE records_marker SET made_at = '2026-01-01 00:00:00+00:00' WHERE frame = 3",
        "UPDATE records_marker SET removed_at = made_at WHERE frame = 3",
        "UPDATE records_marker SET removed_at = NULL WHERE frame = 9",
        "DELETE FROM records_marker WHERE frame = 9",
        "DELETE FROM records_marker",
    ],
)
def test_a_marker_that_is_not_as_it_was_made_is_found(marked: House, sql: str) -> None:
    assert by_force(sql)
    assert codes(verify_store(marked)) == {"books.marker"}
    assert codes(verify_recording(marked, first().reference)) == {"books.marker"}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE records_copy SET recipe = '{}' WHERE kind = 'strip'",
        "UPDATE records_copy SET derived_from_id = id WHERE kind = 'strip'",
    ],
)
def test_another_recipe_or_parent_of_a_copy_is_found(store: House, sql: str) -> None:
    jobs.run_waiting(store)
    assert verify_store(store).ok
    assert by_force(sql)
    assert codes(verify_store(store)) == {"books.recipe"}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE records_recording SET officer_id = NULL",
        "UPDATE records_officer SET number = '9999XX'",
    ],
)
def test_a_wearer_other_than_the_one_claimed_is_found(house: House, sql: str) -> None:
    alices_team()
    take_in(house, arrive(house), by=DOCK)
    assert verify_store(house).ok
    assert by_force(sql)
    assert codes(verify_store(house)) == {"books.claim"}


def test_an_event_from_before_the_facts_were_told_accuses_nobody(store: House) -> None:
    """Footage that was taken in by an older version says nothing about them."""
    events = list(first().events.filter(type__in=BOOKED))
    for event in events:
        event.detail.pop("facts", None)
    by_force("UPDATE records_recording SET title = 'Another' WHERE id = %s", first().pk)
    check_recording(
        first(),
        events=events,
        copies=list(first().copies.all()),
        decisions=list(first().retention.all()),
        markers=[],
    )


def smuggled_in(store: House, data: bytes) -> Sha256:
    """Bytes of Mallory's, with a key, as if they had been recorded."""
    digest = store.vault.keep_bytes(data).digest
    bucket = data_keys.bucket_of_recording(first())
    data_keys.enter(data_keys.wrapped(store, [digest], bucket), at=NOW)
    return digest


def test_a_master_that_was_swapped_for_other_bytes_is_found(store: House) -> None:
    other = smuggled_in(store, film(77))
    by_force(
        "UPDATE records_copy SET sha256 = %s, size = %s WHERE kind = 'master' "
        "AND recording_id = %s",
        other.hex,
        len(film(77)),
        first().pk,
    )
    assert codes(verify_store(store)) == {"books.master"}
    assert broken(verify_recording(store, first().reference)) == [3]


def test_erased_salts_do_not_hide_a_swapped_master(store: House) -> None:
    other = smuggled_in(store, film(77))
    event = first().events.get(type=EventType.INGESTION)
    detail = event.detail | {"sha256": other.hex, "size": len(film(77))}
    by_force(
        "UPDATE records_custodyevent SET salts = '{}', detail = %s WHERE id = %s",
        json.dumps(detail),
        event.pk,
    )
    by_force(
        "UPDATE records_copy SET sha256 = %s, size = %s WHERE kind = 'master' "
        "AND recording_id = %s",
        other.hex,
        len(film(77)),
        first().pk,
    )
    assert codes(verify_store(store)) == {"books.forgotten", "books.salt-gone"}
    assert "books.salt-gone" in codes(verify_recording(store, first().reference))


def test_salts_that_no_erasure_took_away_are_missed(store: House) -> None:
    by_force("UPDATE records_custodyevent SET salts = '{}' WHERE leaf_index = 20")
    assert codes(verify_store(store)) == {"books.forgotten"}


def test_a_copy_without_its_event_is_found(store: House) -> None:
    master = first().copies.get(kind=CopyKind.MASTER)
    planted: dict[str, Any] = {"kind": CopyKind.PROXY, "derived_from": master, "size": 3}
    digest = smuggled_in(store, b"abc").hex
    Copy.objects.create(recording=first(), sha256=digest, created_at=master.created_at, **planted)
    verdict = verify_store(store)
    assert codes(verdict) == {"books.copy"}


def log_files(store: House) -> list[Path]:
    """The checkpoint and every file that its tree is read from; older partial ones may linger."""
    level, reach = 0, store.log.size
    size, bundles = reach, range(-(-reach // WIDTH))
    names = ["checkpoint", *(bundle_path(at, width=width_at(size, 0, at)) for at in bundles)]
    while reach:
        widths = [(at, width_at(size, level, at)) for at in range(-(-reach // WIDTH))]
        names += [tile_path(level, at, width=width) for at, width in widths]
        level, reach = level + 1, reach // WIDTH
    return [store.layout.log / name for name in names]


def test_any_log_file_that_is_gone_or_changed_is_found(
    store: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # To read the bytes is an event, and would extend the very log that is being damaged.
    monkeypatch.setattr(verify, "_bytes_are_unchanged", lambda *_: "Not read.")
    looks(230, start=50)
    integrate(store)
    found = log_files(store)
    assert len(found) >= 5
    for path in found:
        before = path.read_bytes()
        path.unlink()
        assert not verify_store(store).ok, f"{path.name} gone"
        path.write_bytes(bytes([before[0] ^ 1]) + before[1:])
        assert not verify_store(House.open(store.settings)).ok, f"{path.name} changed"
        path.write_bytes(before)
    assert verify_store(House.open(store.settings)).ok


def test_a_log_that_was_cut_back_and_signed_again_is_found(store: House) -> None:
    shutil.rmtree(store.layout.log)
    store.layout.log.mkdir()
    by_force("DELETE FROM records_custodyevent WHERE leaf_index >= 30")
    by_force("DELETE FROM records_custodyevent WHERE leaf_index IS NULL")
    fresh = House.open(store.settings)
    integrate(fresh)
    assert 1 in broken(verify_store(fresh)), "the database remembers a longer log"


def test_an_unknown_reference_is_missing(house: House) -> None:
    with pytest.raises(MissingError):
        verify_recording(house, "BWV-26-0101-0000")
