"""Erasure: a tombstone in the log, every row gone, every key destroyed, a paper that says so."""

import shutil
from dataclasses import replace
from pathlib import Path

import pysqlite3
import pytest
from django.db import connection, transaction
from tests.conftest import NOW
from tests.people import CAROL
from tests.web.pages_world import account_of
from tests.work.arriving import DOCK, arrive, film
from tests.work.erasing import DAN, WISH, later, recordings, taken_in
from tests.work.mallory import by_force
from tests.work.opened import key_of, plain

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BusyError, DamagedError, MissingError, RefusedError
from bodyworn.core.terms import CopyKind, EventType
from bodyworn.custody.erasure import read_certificate
from bodyworn.custody.event import pseudonym_of, read_leaf
from bodyworn.records import ledger
from bodyworn.records.models import (
    ClosedBucket,
    Copy,
    CustodyEvent,
    DataKey,
    Erasure,
    ErasureState,
    Exhibit,
    Fix,
    Job,
    Marker,
    Recording,
    RetentionDecision,
    SequenceFinding,
)
from bodyworn.store import blob_list
from bodyworn.store.keyring import Bucket
from bodyworn.store.seal import Slot
from bodyworn.work import census, data_keys, erase, jobs, rotation, second
from bodyworn.work.erase_order import order
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.log import integrate
from bodyworn.work.verify import verify_recording, verify_store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(house: House) -> House:
    """Two recordings of one day, their copies made; four days have gone by since they came."""
    taken_in(house, 1, 2)
    jobs.run_waiting(house)
    integrate(house)
    return later(house, 4)


def master_of(recording: Recording) -> Sha256:
    return Sha256.parse(recording.copies.get(kind=CopyKind.MASTER).sha256)


def code_of(error: pytest.ExceptionInfo[RefusedError]) -> tuple[str, object]:
    return error.value.code, error.value.facts.get("rule")


# ---- what an erasure does ------------------------------------------------------------------------


def test_an_erased_recording_has_no_row_no_key_and_no_file_any_more(store: House) -> None:
    references = [one.reference for one in recordings()]
    assert Copy.objects.count() > 4
    erasures = erase.erase(store, references, WISH)
    assert {one.state for one in erasures} == {ErasureState.DONE}
    for table in (Recording, Copy, Fix, Job, Marker, RetentionDecision, DataKey):
        assert not table.objects.exists()
    assert list(blob_list.kept(store.layout)) == []
    assert {kind for one in erasures for kind, _, _ in one.files} >= {"master", "strip"}


def test_whoever_stays_in_the_bucket_stays_readable(store: House) -> None:
    first, second = recordings()
    erase.erase(store, [first.reference], WISH)
    assert plain(store, master_of(second)) == film(2)
    assert set(DataKey.objects.values_list("generation", flat=True)) == {2}
    assert verify_store(store).ok


def test_the_key_of_the_old_generation_is_destroyed_and_that_is_on_record(store: House) -> None:
    first = recordings()[0]
    slot = data_keys.of([master_of(first)])[master_of(first)]
    erase.erase(store, [first.reference], WISH)
    with pytest.raises(MissingError) as gone:
        store.keyring.unwrap(slot.bucket, slot.wrapped)
    assert gone.value.code == "key.destroyed"
    told = CustodyEvent.objects.get(type=EventType.KEY_DESTROYED)
    assert told.detail["bucket"] == slot.bucket.name
    assert CustodyEvent.objects.filter(type=EventType.KEY_REWRAP).count() == 1


def test_the_tombstone_carries_the_pseudonym_that_an_outsider_may_hold(store: House) -> None:
    first = recordings()[0]
    pseudonym = pseudonym_of(first.reference, salt=bytes(first.pseudonym_salt)).hex()
    erase.erase(store, [first.reference], WISH)
    (tombstone,) = CustodyEvent.objects.filter(type=EventType.ERASURE)
    leaf = read_leaf(bytes(tombstone.leaf))
    assert (leaf.evidence, leaf.operation) == (pseudonym, "erasure")
    assert tombstone.leaf_index is not None
    assert tombstone.leaf_index < store.log.size


def test_the_leaves_stay_and_what_they_hid_is_forgotten(store: House) -> None:
    first = recordings()[0]
    before = {one.uid: (bytes(one.leaf), one.type, one.at) for one in first.events.all()}
    (erasure,) = erase.erase(store, [first.reference], WISH)
    after = CustodyEvent.objects.filter(uid__in=before)
    assert {one.uid: (bytes(one.leaf), one.type, one.at) for one in after} == before
    for event in after.filter(subject=""):
        assert (event.actor, event.purpose, event.detail, event.salts) == ("", "", {}, {})
        assert event.erasure == erasure
    assert after.filter(subject="").count() >= 4


def test_the_certificate_says_what_was_destroyed_and_is_signed(store: House) -> None:
    first = recordings()[0]
    (erasure,) = erase.erase(store, [first.reference], WISH)
    told = read_certificate(erasure.certificate, store.signer.verifier)
    assert (told.reference, told.policy, told.authority) == (
        first.reference,
        WISH.policy,
        WISH.authority,
    )
    assert [file.kind for file in told.files] == ["master"]
    assert len(told.shared) >= 3  # strips and frame times: both films show the same
    assert told.keys == ("retention.non-evidential/2026-05-13.1",)
    assert told.arrivals == ("arrival-2026-04-14.1",)
    tombstone = CustodyEvent.objects.get(type=EventType.ERASURE)
    assert (told.leaf_index, told.leaf_hash) == (tombstone.leaf_index, tombstone.leaf_hash)


def test_a_store_with_an_erasure_verifies_and_says_so(store: House) -> None:
    first, second = recordings()
    erase.erase(store, [first.reference], WISH)
    verdict = verify_store(store)
    assert verdict.ok, verdict
    assert "lawfully forgotten" in verdict.steps[2].sentence
    assert "1 were erased" in verdict.steps[3].sentence
    assert verify_recording(store, second.reference).ok


def test_an_erased_recording_can_be_verified_by_its_reference(store: House) -> None:
    reference = recordings()[0].reference
    erase.erase(store, [reference], WISH)
    verdict = verify_recording(store, reference)
    assert verdict.ok
    assert "its keys are gone" in verdict.steps[2].sentence
    by_force("UPDATE records_erasure SET policy = 'another'")
    assert [step.ok for step in verify_recording(store, reference).steps] == [True, True, False]


def test_erasing_again_changes_nothing(store: House) -> None:
    first = recordings()[0]
    (once,) = erase.erase(store, [first.reference], WISH)
    events = CustodyEvent.objects.count()
    (again,) = erase.erase(store, [first.reference], WISH)
    assert (again.pk, again.certificate) == (once.pk, once.certificate)
    assert CustodyEvent.objects.count() == events


def test_a_reference_that_was_erased_is_never_given_again(store: House) -> None:
    first = recordings()[0]
    erase.erase(store, [first.reference], WISH)
    receipt = take_in(store, arrive(store, film(1), sequence=1), by=DOCK)
    assert receipt.reference != first.reference
    assert plain(store, receipt.sha256) == film(1)
    assert verify_store(store).ok


# ---- what fresh footage still waits for ----------------------------------------------------------


def test_what_came_today_waits_for_the_key_of_its_day(house: House) -> None:
    taken_in(house, 1, 2)
    reference = recordings()[0].reference
    (erasure,) = erase.erase(house, [reference], WISH)
    assert erasure.state == ErasureState.ORDERED
    assert [str(one) for one in erase.waits_for(house, erasure)] == ["arrival-2026-04-14.1"]
    assert verify_store(house).ok
    after = later(house, 4)
    assert [one.reference for one in erase.carry_on(after)] == [reference]
    assert verify_store(after).ok


def test_bytes_that_come_again_meanwhile_are_not_removed(house: House) -> None:
    taken_in(house, 1)
    erase.erase(house, [recordings()[0].reference], WISH)
    receipt = take_in(house, arrive(house, film(1), sequence=9), by=DOCK)
    after = later(house, 4)
    erase.carry_on(after)
    assert Erasure.objects.get().state == ErasureState.DONE
    assert plain(after, receipt.sha256) == film(1)
    assert verify_store(after).ok


def test_bytes_that_wait_in_the_inbox_again_are_not_removed(store: House) -> None:
    arrival = arrive(store, film(1), sequence=9)
    erase.erase(store, [recordings()[0].reference], WISH)
    receipt = take_in(store, arrival, by=DOCK)
    assert plain(store, receipt.sha256) == film(1)


# ---- what may not go -----------------------------------------------------------------------------


def test_what_is_not_due_stays_unless_somebody_says_early(store: House) -> None:
    wish = erase.Wish(policy="p", authority="a", reason="r", by=DAN)
    with pytest.raises(RefusedError) as refused:
        erase.erase(store, [recordings()[0].reference], wish)
    assert code_of(refused) == ("erase.refused", "erasure.not-due")
    assert "2026-05-13" in refused.value.message


def test_a_hold_keeps_it_whatever_anybody_says(store: House) -> None:
    first = recordings()[0]
    RetentionDecision.objects.filter(recording=first).update(keep_until=None)
    with pytest.raises(RefusedError) as refused:
        erase.erase(store, [first.reference], WISH)
    assert code_of(refused) == ("erase.refused", "erasure.held")


def test_an_exhibit_keeps_it(store: House) -> None:
    first = recordings()[0]
    carol = account_of(CAROL)
    Exhibit.objects.create(
        reference="AB/1",
        case="01/4412/26",
        copy=first.copies.get(kind=CopyKind.MASTER),
        produced_by=carol,
        produced_at=NOW,
    )
    with pytest.raises(RefusedError) as refused:
        erase.erase(store, [first.reference], WISH)
    assert code_of(refused) == ("erase.refused", "erasure.produced")


def test_one_that_may_not_go_keeps_all_others(store: House) -> None:
    first, second = recordings()
    RetentionDecision.objects.filter(recording=second).update(keep_until=None)
    with pytest.raises(RefusedError):
        erase.erase(store, [first.reference, second.reference], WISH)
    assert len(recordings()) == 2
    assert not Erasure.objects.exists()


def test_an_unknown_reference_is_said_to_be_none(store: House) -> None:
    with pytest.raises(MissingError) as missing:
        erase.erase(store, ["BWV-26-0412-FFFF"], WISH)
    assert missing.value.code == "records.no-recording"


@pytest.mark.parametrize("name", ["policy", "authority", "reason"])
@pytest.mark.parametrize("value", ["", "  ", "two\nlines", "x" * 500])
def test_an_erasure_without_its_ground_is_refused(name: str, value: str) -> None:
    facts = {"policy": "p", "authority": "a", "reason": "r", name: value}
    with pytest.raises(RefusedError) as refused:
        erase.Wish(
            by=DAN, policy=facts["policy"], authority=facts["authority"], reason=facts["reason"]
        )
    assert refused.value.code == "erase.no-ground"
    assert name in refused.value.message


def test_a_lost_key_is_not_certified_as_destroyed(store: House) -> None:
    for path in store.layout.buckets.glob("retention*.key"):
        path.unlink()
    with pytest.raises(RefusedError) as refused:
        erase.erase(store, [recordings()[0].reference], WISH)
    assert refused.value.code == "erase.key-missing"
    assert len(recordings()) == 2


def test_a_cameras_count_has_no_gap_where_a_recording_was_erased(house: House) -> None:
    taken_in(house, 1, 2, 3)
    store = later(house, 4)
    erase.erase(store, [recordings()[1].reference], WISH)
    assert verify_store(store).ok
    taken_in(store, 4)
    assert not SequenceFinding.objects.filter(closed_at=None).exists()
    assert verify_store(store).ok


def test_a_gap_outlives_the_recording_that_showed_it(house: House) -> None:
    taken_in(house, 1, 5)
    store = later(house, 4)
    erase.erase(store, [recordings()[1].reference], WISH)
    gap = SequenceFinding.objects.get(closed_at=None)
    assert (gap.first, gap.last, gap.shown_by) == (2, 4, None)
    assert verify_store(store).ok


def test_the_second_copy_loses_its_files_too(house: House, tmp_path: Path) -> None:
    settings = replace(house.settings, second_copy=str(tmp_path / "second"))
    doubled = House.open(settings)
    taken_in(doubled, 1, 2)
    second.bring_into_step(doubled)
    first, other = (master_of(one) for one in recordings())
    store = later(doubled, 4)
    erase.erase(store, [recordings()[0].reference], WISH)
    there = second.second_copy(store)
    assert (there.has(first), there.has(other)) == (False, True)


def test_a_second_copy_that_is_away_holds_no_erasure_up(house: House, tmp_path: Path) -> None:
    settings = replace(house.settings, second_copy=str(tmp_path / "away"))
    taken_in(house, 1)
    store = later(House.open(settings), 4)
    (erasure,) = erase.erase(store, [recordings()[0].reference], WISH)
    assert erasure.state == ErasureState.DONE


def test_whoever_was_erased_is_not_missed_by_the_census(house: House) -> None:
    taken_in(house, 1, 2)
    store = later(house, 4)
    census.take(store)
    erase.erase(store, [recordings()[0].reference], WISH)
    verdict = verify_store(store)
    assert verdict.ok, verdict
    assert "or were erased" in verdict.steps[3].sentence


# ---- shared bytes --------------------------------------------------------------------------------


def test_a_sidecar_that_another_recording_has_too_stays(house: House) -> None:
    taken_in(house, 1, 2, sidecars=(("0007.key", b"key"),))
    store, shared = later(house, 4), Sha256.of(b"key")
    first, second = recordings()
    (erasure,) = erase.erase(store, [first.reference], WISH)
    assert erasure.shared == [shared.hex]
    assert plain(store, shared) == b"key"
    assert verify_store(store).ok
    erase.erase(store, [second.reference], WISH)
    assert not store.vault.has(shared)
    assert verify_store(store).ok


# ---- routine -------------------------------------------------------------------------------------


def test_what_has_expired_goes_with_one_key_and_nobody_is_wrapped_afresh(store: House) -> None:
    assert erase.expired(store, by=DAN).ordered == 0
    after = later(store, 40)
    assert erase.expired(after, by=DAN).ordered == 2
    assert {one.state for one in Erasure.objects.all()} == {ErasureState.DONE}
    assert CustodyEvent.objects.filter(type=EventType.KEY_DESTROYED).count() == 1
    assert not CustodyEvent.objects.filter(type=EventType.KEY_REWRAP).exists()
    assert Erasure.objects.order_by("id")[0].policy == "retention.non-evidential"
    assert verify_store(after).ok


def test_nothing_goes_on_its_last_day(store: House) -> None:
    assert erase.expired(later(store, 29.5), by=DAN).ordered == 0
    assert len(recordings()) == 2


def test_what_may_not_go_is_told_and_stays(store: House) -> None:
    first = recordings()[0]
    job = Job.objects.filter(recording=first)[0]
    Job.objects.filter(pk=job.pk).update(state="running", lease_until="2100-01-01T00:00:00Z")
    told = erase.expired(later(store, 40), by=DAN)
    assert told.ordered == 1
    assert [(one.reference, one.decision.rule) for one in told.kept] == [
        (first.reference, "erasure.worked-on")
    ]


def test_a_bucket_out_of_which_everything_was_moved_loses_its_key_too(house: House) -> None:
    """A sidecar's key moved to the later of two buckets; the old wrap stands in old backups."""
    digest = house.vault.keep_bytes(b"moved on").digest
    rule = "retention.non-evidential"
    for day in ("2026-04-20", "2026-06-01"):
        slots = data_keys.wrapped(house, [digest], f"{rule}/{day}")
        with transaction.atomic():
            data_keys.enter(slots, at=NOW)
    assert Bucket(f"{rule}/2026-04-20") in rotation.live(house)
    erase.expired(later(house, 20), by=DAN)
    assert [str(one) for one in rotation.live(house)] == [f"{rule}/2026-06-01.1"]


# ---- deleting is not erasing ---------------------------------------------------------------------


def test_a_copy_of_everything_but_the_keys_opens_nothing_afterwards(
    store: House, tmp_path: Path
) -> None:
    """The reason for all this: the old database still has the wrapped key, and the old folder the
    bytes; what they lack is the bucket's key."""
    digest = master_of(recordings()[0])
    row = DataKey.objects.get(sha256=digest.hex)
    slot = Slot(Bucket(row.bucket, row.generation), bytes(row.wrapped))
    sealed = store.layout.blob(digest).read_bytes()
    birth = store.vault.slot(digest)
    erase.erase(store, [recordings()[0].reference], WISH)
    assert film(1)[1000:1100] not in sealed
    for one in (slot, birth):
        with pytest.raises(MissingError) as gone:
            store.keyring.unwrap(one.bucket, one.wrapped)
        assert gone.value.code == "key.destroyed"


def test_the_old_database_file_still_holds_what_was_deleted_from_the_new(
    store: House, tmp_path: Path
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps its files to itself")
    first = recordings()[0]
    wrapped = bytes(DataKey.objects.get(sha256=master_of(first).hex).wrapped)
    old = tmp_path / "old.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(old)])
    erase.erase(store, [first.reference], WISH)
    assert wrapped in old.read_bytes()
    name = connection.settings_dict["NAME"]
    files = [Path(f"{name}{end}") for end in ("", "-wal")]
    assert not any(wrapped in path.read_bytes() for path in files if path.exists())


# ---- what verification makes of tampering --------------------------------------------------------


def found_by(store: House) -> set[str]:
    return {wrong["code"] for wrong in verify_store(store).wrong}


def test_words_that_nobody_erased_are_missed(store: House) -> None:
    by_force(
        "UPDATE records_custodyevent SET subject='', actor='', purpose='', detail='{}', salts='{}'"
        " WHERE type = 'receipt:issued'"
    )
    assert "books.forgotten" in found_by(store)


def test_words_that_are_hung_on_anothers_erasure_are_missed(store: House) -> None:
    first, second = recordings()
    (erasure,) = erase.erase(store, [first.reference], WISH)
    by_force(
        "UPDATE records_custodyevent SET subject='', actor='', purpose='', detail='{}', salts='{}',"
        " recording_id = NULL, erasure_id = %s WHERE recording_id = %s AND type = 'derivation'",
        erasure.pk,
        second.pk,
    )
    assert "books.event" in found_by(store)


def test_an_erasure_without_a_tombstone_is_named(store: House) -> None:
    first = recordings()[0]
    (erasure,) = erase.erase(store, [first.reference], WISH)
    by_force("UPDATE records_erasure SET event = %s WHERE id = %s", "f" * 32, erasure.pk)
    assert "books.tombstone" in found_by(store)


def test_a_tombstone_without_its_erasure_is_named(store: House) -> None:
    erase.erase(store, [recordings()[0].reference], WISH)
    by_force("UPDATE records_custodyevent SET erasure_id = NULL")
    by_force("DELETE FROM records_erasure")
    assert {"books.tombstone", "books.forgotten"} & found_by(store)


@pytest.mark.parametrize("column", ["policy", "authority", "reason", "asked_by"])
def test_another_ground_than_the_tombstones_is_named(store: House, column: str) -> None:
    erase.erase(store, [recordings()[0].reference], WISH)
    by_force(f"UPDATE records_erasure SET {column} = 'Mallory'")  # noqa: S608  (a name above)
    assert "books.erasure" in found_by(store)


def test_a_certificate_that_somebody_wrote_is_named(store: House) -> None:
    erase.erase(store, [recordings()[0].reference], WISH)
    by_force("UPDATE records_erasure SET certificate = replace(certificate, 'Osei', 'Mallory')")
    assert "books.certificate" in found_by(store)


def test_a_key_that_is_back_again_is_named(store: House, tmp_path: Path) -> None:
    copied = tmp_path / "keys"
    shutil.copytree(store.layout.buckets, copied)
    erase.erase(store, [recordings()[0].reference], WISH)
    shutil.rmtree(store.layout.buckets)
    shutil.copytree(copied, store.layout.buckets)
    assert "books.key" in found_by(store)


# ---- crashes, one step at a time -----------------------------------------------------------------


def test_an_order_that_nobody_carried_on_with_is_finished_by_the_next(store: House) -> None:
    first, second = recordings()
    order(store, [first.reference], WISH)
    assert Erasure.objects.get().state == ErasureState.ORDERED
    assert len(recordings()) == 1
    assert verify_store(store).ok
    assert len(erase.carry_on(store)) == 1
    assert erase.carry_on(store) == []
    assert plain(store, master_of(second)) == film(2)
    assert CustodyEvent.objects.filter(type=EventType.ERASURE).count() == 1


def test_a_closed_bucket_whose_key_is_still_there_is_finished(store: House) -> None:
    first, second = recordings()
    (erasure,) = order(store, [first.reference], WISH)
    name, generation = erasure.buckets[0]
    rotation.close(store, Bucket(name, generation), why=rotation.ERASURE, by=DAN)
    erase.carry_on(store)
    assert CustodyEvent.objects.filter(type=EventType.KEY_REWRAP).count() == 1
    assert plain(store, master_of(second)) == film(2)


def test_a_key_whose_end_was_not_put_on_record_is_finished(store: House) -> None:
    (erasure,) = order(store, [recordings()[0].reference], WISH)
    bucket = Bucket(*erasure.buckets[0])
    rotation.close(store, bucket, why=rotation.ERASURE, by=DAN)
    store.keyring.destroy(bucket)
    erase.carry_on(store)
    assert ClosedBucket.objects.get().destroyed_at is not None
    assert CustodyEvent.objects.filter(type=EventType.KEY_DESTROYED).count() == 1
    assert verify_store(store).ok


def test_a_file_that_was_on_its_way_out_is_gone_after_the_next_try(store: House) -> None:
    first = recordings()[0]
    digest = master_of(first)
    order(store, [first.reference], WISH)
    blob = store.layout.blob(digest)
    blob.rename(blob.with_name(blob.name + ".going"))
    erase.carry_on(store)
    assert list(blob.parent.glob(f"{digest}*")) == []


# ---- closing and entering ------------------------------------------------------------------------


def test_a_key_cannot_be_entered_into_a_bucket_that_was_closed_meanwhile(store: House) -> None:
    digest = store.vault.keep_bytes(b"late").digest
    name = data_keys.bucket_of_recording(recordings()[0])
    slots = data_keys.wrapped(store, [digest], name)
    rotation.rotate(store, name, by=DAN)
    with pytest.raises(BusyError) as busy, transaction.atomic():
        data_keys.enter(slots, at=NOW)
    assert busy.value.code == "keys.bucket-closed"
    again = data_keys.wrapped(store, [digest], name)
    with transaction.atomic():
        data_keys.enter(again, at=NOW)
    assert key_of(store, digest)


def test_footage_may_come_into_a_bucket_of_which_everything_was_erased(house: House) -> None:
    taken_in(house, 1)
    erase.erase(house, [recordings()[0].reference], WISH)
    taken_in(house, 2)
    assert plain(house, master_of(recordings()[0])) == film(2)
    assert verify_store(house).ok


def test_a_bucket_that_is_not_empty_is_not_destroyed(store: House) -> None:
    name = data_keys.bucket_of_recording(recordings()[0])
    ClosedBucket.objects.create(
        bucket=name, generation=1, why="rotation", by="mallory", closed_at=NOW
    )
    with pytest.raises(DamagedError) as damaged:
        rotation.destroy_closed(store)
    assert damaged.value.code == "keys.bucket-not-empty"
    assert plain(store, master_of(recordings()[0])) == film(1)


# ---- rotation ------------------------------------------------------------------------------------


def test_rotation_exchanges_the_key_and_touches_no_file(store: House) -> None:
    files = {path: path.read_bytes() for path in store.layout.blobs.rglob("*") if path.is_file()}
    destroyed = rotation.rotate(store, None, by=DAN)
    assert [str(one) for one in destroyed] == ["retention.non-evidential/2026-05-13.1"]
    assert {path: path.read_bytes() for path in files} == files
    assert plain(store, master_of(recordings()[0])) == film(1)
    assert verify_store(store).ok


def test_rotating_a_bucket_that_is_not_there_is_refused(store: House) -> None:
    with pytest.raises(MissingError) as missing:
        rotation.rotate(store, "retention.none/2026-01-01", by=DAN)
    assert missing.value.code == "keys.no-bucket"


def test_nobody_forgets_outside_of_a_transaction(store: House) -> None:
    first = recordings()[0]
    tombstone = first.events.order_by("id")[0]
    with pytest.raises(RefusedError) as refused:
        ledger.forget(first, Erasure(pk=1), tombstone=tombstone)
    assert refused.value.code == "ledger.no-transaction"


def test_old_databases_do_not_matter_to_pysqlite() -> None:
    """The driver that is used overwrites what is deleted."""
    assert pysqlite3.sqlite_version_info >= (3, 51, 3)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete")
            assert cursor.fetchone()[0] == 1
