"""No key but for an event that is in the log: every way to be refused, and the one that is not."""

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from tests.conftest import NOW
from tests.people import CAROL
from tests.web.pages_world import account_of
from tests.work.arriving import DOCK, alices_team, arrive, film
from tests.work.mallory import by_force
from tests.work.opened import plain

from bodyworn.core.clock import system_clock
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, BusyError, DamagedError, MissingError, RefusedError
from bodyworn.core.terms import CopyKind, EventType, Operation, Purpose
from bodyworn.core.types import CustodyEvent
from bodyworn.records import ledger
from bodyworn.records.models import CustodyEvent as EventRow
from bodyworn.records.models import DataKey, Job, JobState, Recording
from bodyworn.records.sequencing import sole_sequencer
from bodyworn.rules.opening import EVERYTHING
from bodyworn.store.inbox import write_arrival
from bodyworn.store.keyring import Bucket
from bodyworn.work import jobs, review
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.keys import KeyService, keys_of
from bodyworn.work.log import integrate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def recording(house: House) -> Recording:
    """Alice's stop in Coldharbour Lane, with a sidecar."""
    alices_team()
    take_in(house, arrive(house, sidecars=[("0007.key", b"key")]), by=DOCK)
    return Recording.objects.get()


@pytest.fixture
def keys(house: House) -> KeyService:
    return KeyService(house, patience=0.2)


def master_of(recording: Recording) -> Sha256:
    return Sha256.parse(recording.copies.get(kind=CopyKind.MASTER).sha256)


def event(
    type_: EventType,
    recording: Recording | None,
    *,
    detail: dict[str, Any] | None = None,
    **changes: Any,
) -> EventRow:
    """An event of Carol's, committed."""
    facts: dict[str, Any] = {
        "type": type_,
        "operation": Operation.CONSULTATION,
        "at": NOW,
        "actor": CAROL.name,
        "subject": recording.reference if recording else EVERYTHING,
        "detail": detail or {},
    }
    with transaction.atomic():
        return ledger.record(CustodyEvent(**facts | changes), recording=recording)


def viewed(recording: Recording) -> EventRow:
    return event(EventType.VIEW, recording, purpose=Purpose.INVESTIGATION)


def code_of(keys: KeyService, uid: str, *digests: Sha256) -> str:
    with pytest.raises(BodywornError) as refused:
        keys.release(uid, digests)
    assert refused.value.message.endswith(".")
    assert refused.value.hint.endswith(".")
    return refused.value.code


# --- what opens -------------------------------------------------------------------------------


def test_a_viewing_opens_every_copy_of_its_recording(
    house: House, keys: KeyService, recording: Recording
) -> None:
    digests = [Sha256.parse(copy.sha256) for copy in recording.copies.all()]
    found = keys.release(viewed(recording).uid, digests)
    assert set(found) == set(digests)
    with house.vault.open(master_of(recording), found[master_of(recording)]) as stream:
        assert stream.read() == film()


def test_what_opened_is_in_the_signed_log_before_the_key_is_out(
    house: House, keys: KeyService, recording: Recording
) -> None:
    view = viewed(recording)
    assert view.leaf_index is None
    keys.release(view.uid, [master_of(recording)])
    placed = EventRow.objects.get(pk=view.pk).leaf_index
    assert placed is not None
    assert house.log.entry(placed) == bytes(view.leaf)


def test_an_export_of_the_original_opens_and_a_still_does_not(
    keys: KeyService, recording: Recording
) -> None:
    master = master_of(recording)
    assert keys.release(
        event(EventType.EXPORT, recording, detail={"what": "original"}).uid, [master]
    )
    still = event(EventType.EXPORT, recording, detail={"what": "still", "frame": 3})
    assert code_of(keys, still.uid, master) == "keys.not-opened"


OPENING = {
    EventType.EXPORT,
    EventType.FIXITY_BEGUN,
    EventType.INGESTION,
    EventType.INGESTION_REPEAT,
    EventType.VIEW,
}


@pytest.mark.parametrize("type_", sorted(set(EventType) - OPENING))
def test_an_event_that_does_not_say_that_bytes_are_read_opens_none(
    keys: KeyService, recording: Recording, type_: EventType
) -> None:
    assert code_of(keys, event(type_, recording).uid, master_of(recording)) == "keys.not-opened"


def test_the_ingestion_opens_the_master_to_a_job_that_runs_and_to_nobody_else(
    house: House, keys: KeyService, recording: Recording
) -> None:
    ingestion = recording.events.get(type=EventType.INGESTION)
    master = master_of(recording)
    assert code_of(keys, ingestion.uid, master) == "keys.not-opened"
    job = jobs.claim(house, Job.objects.order_by("id")[0].key)
    assert job is not None
    assert keys.release(ingestion.uid, [master])
    Job.objects.filter(pk=job.pk).update(lease_until=system_clock() - timedelta(seconds=1))
    assert code_of(keys, ingestion.uid, master) == "keys.not-opened"
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE)
    assert code_of(keys, ingestion.uid, master) == "keys.not-opened"


def test_a_check_of_everything_opens_what_is_on_record_and_nothing_else(
    house: House, keys: KeyService, recording: Recording
) -> None:
    begun = event(EventType.FIXITY_BEGUN, None)
    assert keys.release(begun.uid, [master_of(recording)])
    nameless = house.vault.keep_bytes(b"nobody has recorded this").digest
    assert code_of(keys, begun.uid, nameless) == "keys.other-recording"


def test_an_event_of_no_recording_that_is_about_something_else_opens_nothing(
    keys: KeyService, recording: Recording
) -> None:
    other = event(EventType.VIEW, None, subject=recording.reference)
    assert code_of(keys, other.uid, master_of(recording)) == "keys.other-recording"


# --- 1. committed -----------------------------------------------------------------------------


@pytest.mark.parametrize("uid", ["", "0" * 32, "x" * 5000, "' OR 1=1"])
def test_without_an_event_there_is_no_key(keys: KeyService, recording: Recording, uid: str) -> None:
    assert code_of(keys, uid, master_of(recording)) == "keys.no-event"


def test_a_caller_inside_a_transaction_is_refused(keys: KeyService, recording: Recording) -> None:
    with transaction.atomic():
        view = viewed(recording)
        assert code_of(keys, view.uid, master_of(recording)) == "keys.in-transaction"


def test_an_event_that_another_has_not_committed_yet_is_none(
    keys: KeyService, recording: Recording
) -> None:
    """A viewing that could still be undone would be a look without a trace."""
    codes: list[str] = []

    def ask(uid: str) -> None:
        try:
            codes.append(code_of(keys, uid, master_of(recording)))
        finally:
            connections.close_all()

    with transaction.atomic():
        asking = threading.Thread(target=ask, args=(viewed(recording).uid,))
        asking.start()
        asking.join()
    assert codes == ["keys.no-event"]


# --- 2. what the leaf says --------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'mallory'",
        "subject = 'BWV-26-0412-FFFF'",
        "purpose = 'complaint'",
        'detail = \'{"note": "another"}\'',
        "at = '2026-04-14 08:59:59+00:00'",
        "type = 'dissemination'",
        "operation = 'disclosure'",
        "uid = 'ffffffffffffffffffffffffffffffff'",
        "recording_id = (SELECT max(id) FROM records_recording)",
    ],
)
def test_a_row_that_says_something_else_than_its_leaf_opens_nothing(
    house: House, keys: KeyService, recording: Recording, change: str
) -> None:
    take_in(house, arrive(house, film(2), sequence=8), by=DOCK)
    view = viewed(recording)
    sql = f"UPDATE records_custodyevent SET {change} WHERE id = %s"  # noqa: S608  (our own words)
    assert by_force(sql, view.pk)
    uid = EventRow.objects.get(pk=view.pk).uid
    assert code_of(keys, uid, master_of(recording)) == "keys.event-changed"


def test_a_row_made_from_nothing_opens_nothing(keys: KeyService, recording: Recording) -> None:
    """Mallory copies the leaf of a look that is in the log, and says that it was another one."""
    view = viewed(recording)
    by_force(
        "INSERT INTO records_custodyevent (uid, type, operation, at, actor, subject, purpose, "
        "detail, recording_id, salts, leaf, leaf_hash, leaf_index) SELECT %s, type, operation, at, "
        "actor, subject, purpose, detail, recording_id, salts, leaf, %s, NULL "
        "FROM records_custodyevent WHERE id = %s",
        "f" * 32,
        "f" * 64,
        view.pk,
    )
    assert code_of(keys, "f" * 32, master_of(recording)) == "keys.event-changed"


def test_an_event_whose_words_were_erased_opens_nothing(
    keys: KeyService, recording: Recording
) -> None:
    view = viewed(recording)
    by_force("UPDATE records_custodyevent SET salts = '{}' WHERE id = %s", view.pk)
    assert code_of(keys, view.uid, master_of(recording)) == "keys.event-erased"


# --- 3. recent --------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [240, 10_000, -6])
def test_a_viewing_is_over_when_its_ticket_is_and_never_lies_ahead(
    house: House, recording: Recording, minutes: int
) -> None:
    view = viewed(recording)
    later = House.open(house.settings)
    later.__dict__["settings"] = house.settings.with_(
        frozen_at=(NOW + timedelta(minutes=minutes)).isoformat()
    )
    assert code_of(KeyService(later), view.uid, master_of(recording)) == "keys.not-opened"


# --- 4. of this recording ---------------------------------------------------------------------


def test_a_viewing_opens_no_other_recording(
    house: House, keys: KeyService, recording: Recording
) -> None:
    receipt = take_in(house, arrive(house, film(2), sequence=8), by=DOCK)
    view = viewed(recording)
    assert code_of(keys, view.uid, receipt.sha256) == "keys.other-recording"
    assert code_of(keys, view.uid, master_of(recording), receipt.sha256) == "keys.other-recording"


# --- 5. in the log ----------------------------------------------------------------------------


@contextmanager
def sequencer_elsewhere(house: House) -> Iterator[None]:
    """Another process holds the log and does not come to an end."""
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with sole_sequencer(house.layout.log_lock):
            held.set()
            over.wait(30)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_while_the_log_stands_still_nothing_opens(
    house: House, keys: KeyService, recording: Recording
) -> None:
    view = viewed(recording)
    with sequencer_elsewhere(house):
        assert code_of(keys, view.uid, master_of(recording)) == "keys.no-leaf-yet"
    assert keys.release(view.uid, [master_of(recording)]), "the very event, once the log goes on"


def test_while_the_log_cannot_be_written_nothing_opens(house: House, recording: Recording) -> None:
    """The log's folder is shut: to a process that is not root by its rights, to root by a file."""
    view = viewed(recording)
    shut = house.layout.log / "tile"
    if shut.exists():
        shut.rename(house.layout.log / "elsewhere")
    shut.write_bytes(b"")
    keys = KeyService(House.open(house.settings), patience=0.2)
    with pytest.raises((BusyError, DamagedError)) as closed:
        keys.release(view.uid, [master_of(recording)])
    assert closed.value.code in {"keys.no-leaf-yet", "keys.not-in-the-log"}


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_on_a_full_disk_nothing_opens_and_the_sentence_says_why(
    house: House, recording: Recording
) -> None:
    view = viewed(recording)
    with pytest.raises(BusyError) as closed:
        KeyService(house, into_log=full_disk).release(view.uid, [master_of(recording)])
    assert closed.value.code == "keys.no-leaf-yet"
    assert "The disk is full" in closed.value.message


def test_a_forged_place_in_the_log_opens_nothing(
    house: House, keys: KeyService, recording: Recording
) -> None:
    """Mallory writes an event past the sequencer and gives it the place of a lawful one."""
    integrate(house)
    view = viewed(recording)
    by_force("UPDATE records_custodyevent SET leaf_index = NULL WHERE leaf_index = 0")
    by_force("UPDATE records_custodyevent SET leaf_index = 0 WHERE id = %s", view.pk)
    assert code_of(keys, view.uid, master_of(recording)) == "keys.not-in-the-log"


def test_a_checkpoint_of_another_key_opens_nothing(
    house: House, keys: KeyService, recording: Recording
) -> None:
    view = viewed(recording)
    integrate(house)
    path = house.layout.log / "checkpoint"
    path.write_text(path.read_text().replace("— ", "— x", 1))
    with pytest.raises(BodywornError):
        keys.release(view.uid, [master_of(recording)])


# --- 6. the key itself ------------------------------------------------------------------------


def test_bytes_without_a_row_for_their_key_stay_shut(
    keys: KeyService, recording: Recording
) -> None:
    DataKey.objects.all().delete()
    assert code_of(keys, viewed(recording).uid, master_of(recording)) == "keys.no-key"


def test_what_lay_in_a_destroyed_bucket_never_opens_again(
    house: House, keys: KeyService, recording: Recording
) -> None:
    row = DataKey.objects.get(sha256=master_of(recording).hex)
    house.keyring.destroy(Bucket(row.bucket, row.generation))
    assert code_of(keys, viewed(recording).uid, master_of(recording)) == "key.destroyed"


# --- arrivals, and where keys lie -------------------------------------------------------------


def test_an_arrival_is_opened_to_be_recorded_and_not_again(house: House, keys: KeyService) -> None:
    arrival = arrive(house)
    key = keys.arrived(arrival.upload)[arrival.sha256]
    with house.vault.open(arrival.sha256, key) as stream:
        assert stream.read() == film()
    take_in(house, arrival, by=DOCK)
    with pytest.raises(MissingError) as gone:
        keys.arrived(arrival.upload)
    assert gone.value.code == "inbox.missing"
    again = arrive(house)
    with pytest.raises(RefusedError) as recorded:
        keys.arrived(again.upload)
    assert recorded.value.code == "keys.recorded"


def test_an_arrival_opens_its_sidecars_too(house: House, keys: KeyService) -> None:
    arrival = arrive(house, film(2), sidecars=[("b.key", b"b")])
    given = keys.arrived(arrival.upload)
    assert list(given) == list(arrival.digests)
    assert house.vault.read_at(Sha256.of(b"b"), 0, 9, given[Sha256.of(b"b")]) == b"b"


def test_a_note_that_names_what_is_recorded_does_not_open_it(
    house: House, keys: KeyService, recording: Recording
) -> None:
    """Mallory may write into the inbox; a look without an event it is not."""
    jobs.run_waiting(house)
    copies = [Sha256.parse(copy.sha256) for copy in recording.copies.exclude(kind="master")]
    arrival = arrive(house, film(2))
    named = tuple((f"{n}_gpstrail.json", one, 1) for n, one in enumerate(copies))
    write_arrival(house.layout.arrival(arrival.upload), replace(arrival, sidecars=named))
    assert len(copies) > 2
    assert list(keys.arrived(arrival.upload)) == [arrival.sha256]
    for one in copies:
        write_arrival(house.layout.arrival(arrival.upload), replace(arrival, sha256=one))
        assert keys.arrived(arrival.upload) == {}


def test_bytes_that_nobody_announced_are_opened_to_nobody(house: House, keys: KeyService) -> None:
    house.vault.keep_bytes(b"nameless")
    with pytest.raises(MissingError):
        keys.arrived("0" * 32)


def test_a_recordings_keys_lie_in_the_bucket_that_goes_with_it(
    house: House, recording: Recording
) -> None:
    jobs.run_waiting(house)
    buckets = set(DataKey.objects.values_list("bucket", "generation"))
    assert buckets == {("retention.non-evidential/2026-05-13", 1)}
    copies = set(recording.copies.values_list("sha256", flat=True))
    assert set(DataKey.objects.values_list("sha256", flat=True)) == copies
    assert len(copies) > 2


def test_the_day_of_arrival_may_be_forgotten_once_everything_has_its_row(
    house: House, recording: Recording
) -> None:
    for bucket in house.keyring.buckets():
        if bucket.name.startswith("arrival-"):
            house.keyring.destroy(bucket)
    assert plain(house, master_of(recording)) == film()


def test_bytes_that_two_recordings_share_stay_for_as_long_as_the_later_one(house: House) -> None:
    shared = [("0007.key", b"the same key")]
    early = arrive(house, film(1), sequence=1, sidecars=shared)
    take_in(house, early, by=DOCK)
    long_kept = House.open(house.settings.with_(non_evidential_days=400))
    take_in(long_kept, arrive(long_kept, film(2), sequence=2, sidecars=shared), by=DOCK)
    row = DataKey.objects.get(sha256=Sha256.of(b"the same key").hex)
    assert row.bucket == "retention.non-evidential/2027-05-17"
    take_in(house, arrive(house, film(3), sequence=3, sidecars=shared), by=DOCK)
    row.refresh_from_db()
    assert row.bucket == "retention.non-evidential/2027-05-17", "never for a shorter time"
    assert plain(house, Sha256.of(b"the same key")) == b"the same key"


def test_the_same_bytes_again_are_settled_once_the_first_days_key_is_gone(
    house: House, recording: Recording
) -> None:
    (arrivals,) = (b for b in house.keyring.buckets() if b.name.startswith("arrival-"))
    house.keyring.destroy(arrivals)
    tomorrow = House.open(house.settings.with_(frozen_at="2026-04-15T09:00:00Z"))
    again = arrive(tomorrow, sequence=9)
    digest = master_of(recording)
    assert house.layout.spare(digest).exists()
    take_in(tomorrow, again, by=DOCK)
    assert not house.layout.spare(digest).exists()
    assert plain(house, digest) == film()


def test_a_house_that_nobody_keeps_opens_the_service_itself(house: House) -> None:
    assert isinstance(keys_of(house), KeyService)


def test_a_viewing_is_one_event_however_much_is_read(house: House, recording: Recording) -> None:
    account_of(CAROL)
    opening = review.open_recording(
        house, CAROL, recording.reference, purpose=Purpose.INVESTIGATION
    )
    assert keys_of(house).release(opening.view, [master_of(recording)])
    assert recording.events.filter(type=EventType.VIEW).count() == 1
