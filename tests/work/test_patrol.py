"""The patrol reads everything in its time, names what is wrong, and mends it where it can."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_conf
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import NOW
from tests.work.arriving import DOCK, arrive, film
from tests.work.opened import key_of

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BusyError, DamagedError, RefusedError, SetupError
from bodyworn.core.terms import EventType
from bodyworn.records.models import Copy, CustodyEvent
from bodyworn.store.layout import Layout
from bodyworn.store.second import SecondCopy
from bodyworn.work import mending, patrol, patrol_state, second, serving
from bodyworn.work.check import fixity
from bodyworn.work.check.finding import Ground, Level
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.log import integrate
from bodyworn.work.patrol_state import END, Round, State
from bodyworn.work.verify import verify_store

pytestmark = pytest.mark.django_db(transaction=True)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def store(house: House) -> House:
    """Three recordings; Alice's dock has brought them."""
    for number in (1, 2, 3):
        take_in(house, arrive(house, film(number), sequence=number), by=DOCK)
    return house


@pytest.fixture
def doubled(store: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """The same with a second copy in step."""
    settings = store.settings.with_(second_copy=str(tmp_path / "second"))
    monkeypatch.setattr(django_conf, "BODYWORN", settings)
    house = House.open(settings)
    assert second.bring_into_step(house) == 3
    return house


def digests() -> list[Sha256]:
    return [
        Sha256.parse(one)
        for one in Copy.objects.order_by("sha256").values_list("sha256", flat=True)
    ]


def spoil(path: Path) -> bytes:
    """Mallory changes one byte; what the file holds now."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    return bytes(data)


def twin_of(house: House) -> Layout:
    """Where the second copy lies."""
    return second.second_copy(house).there


def events(type_: EventType, **detail: Any) -> list[CustodyEvent]:
    found = CustodyEvent.objects.filter(type=type_).order_by("id")
    return [e for e in found if detail.items() <= e.detail.items()]


def test_a_round_reads_every_file_under_an_event_that_came_first(store: House) -> None:
    state = patrol.go_round(store)
    assert state.last is not None
    assert (state.last.files, state.last.wrong) == (3, 0)
    assert state.last.size == sum(Copy.objects.values_list("size", flat=True))
    (begun,) = events(EventType.FIXITY_BEGUN)
    assert begun.leaf_index is not None, "it is in the log before anything is read"
    assert begun.detail["from"] == digests()[0].hex
    (over,) = events(EventType.FIXITY_CHECK, scope="round")
    assert over.detail["outcome"] == "unchanged"
    assert set(Copy.objects.values_list("checked_at", flat=True)) == {NOW}


def test_nothing_is_read_that_no_event_names(store: House) -> None:
    patrol.go_round(store)
    (begun,) = events(EventType.FIXITY_BEGUN)
    with pytest.raises(RefusedError) as refused:
        mending.check_blob(store, begun, Sha256(bytes(32)))
    assert refused.value.code == "patrol.not-announced"


@pytest.mark.parametrize("is_gone", [False, True])
def test_without_a_second_copy_a_wrong_file_is_named_until_it_is_right_again(
    store: House, is_gone: bool
) -> None:
    digest = digests()[1]
    path = store.layout.blob(digest)
    right = path.read_bytes()
    if is_gone:
        path.unlink()
    else:
        spoil(path)
    state = patrol.go_round(store)
    (wrong,) = state.wrong.values()
    reference = Copy.objects.get(sha256=digest.hex).recording.reference
    assert wrong.copies == (f"master of {reference}",)
    outcome = "unreadable" if is_gone else "changed"
    (told,) = events(EventType.FIXITY_CHECK, outcome=outcome, sha256=digest.hex)
    assert told.subject == reference
    assert Copy.objects.get(sha256=digest.hex).checked_at is None
    found = fixity.patrol(Ground(settings=store.settings, now=store.wall_now(), trouble=None))
    assert found.level is Level.FAULT
    assert reference in found.sentence
    path.write_bytes(right)
    assert patrol.go_round(store).wrong == {}


def test_a_wrong_file_is_mended_from_the_second_copy_and_set_aside(doubled: House) -> None:
    digest = digests()[2]
    bad = spoil(doubled.layout.blob(digest))
    state = patrol.go_round(doubled)
    assert state.last is not None
    assert (state.last.wrong, state.last.repaired, state.wrong) == (1, 1, {})
    assert doubled.vault.check(digest, key_of(doubled, digest)) == digest
    assert doubled.layout.blob_aside(digest, 1).read_bytes() == bad
    (recovery,) = events(EventType.RECOVERY)
    assert recovery.detail == {"kind": "master", "sha256": digest.hex, "from": "second copy"}
    assert recovery.recording is not None
    integrate(doubled)
    verdict = verify_store(doubled)
    assert verdict.ok, verdict.wrong


def test_a_file_that_is_gone_comes_back(doubled: House) -> None:
    digest = digests()[0]
    doubled.layout.blob(digest).unlink()
    state = patrol.go_round(doubled)
    assert state.last is not None
    assert state.last.repaired == 1
    assert doubled.vault.check(digest, key_of(doubled, digest)) == digest


def test_two_wrong_files_are_not_mended_by_each_other(doubled: House) -> None:
    digest = digests()[0]
    bad = spoil(doubled.layout.blob(digest))
    spoil(twin_of(doubled).blob(digest))
    (wrong,) = patrol.go_round(doubled).wrong.values()
    assert "not these bytes either" in wrong.why_not_repaired
    assert doubled.layout.blob(digest).read_bytes() == bad, "nothing was replaced"
    assert events(EventType.RECOVERY) == []


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_second_copy_that_is_wrong_is_renewed_from_ours(doubled: House, is_gone: bool) -> None:
    digest, there = digests()[0], twin_of(doubled)
    if is_gone:
        there.blob(digest).unlink()
    else:
        spoil(there.blob(digest))
    state = patrol.go_round(doubled)
    assert state.last is not None
    assert (state.last.wrong, state.last.second_wrong) == (0, 1)
    assert there.blob(digest).read_bytes() == doubled.layout.blob(digest).read_bytes()


def test_what_is_new_is_in_the_second_copy_soon(doubled: House) -> None:
    assert second.keep_in_step(doubled) == 0
    take_in(doubled, arrive(doubled, film(4), sequence=4), by=DOCK)
    ground = Ground(settings=doubled.settings, now=NOW + timedelta(hours=1), trouble=None)
    assert fixity.second_copy(ground).level is Level.WARNING
    assert second.keep_in_step(doubled) == 1
    assert fixity.second_copy(ground).level is Level.GOOD


def test_a_disk_that_is_not_mounted_is_not_written_to(doubled: House, tmp_path: Path) -> None:
    (tmp_path / "second").rename(tmp_path / "away")
    (tmp_path / "second").mkdir()
    with pytest.raises(SetupError) as missing:
        second.keep_in_step(doubled)
    assert missing.value.code == "second.missing"
    assert list((tmp_path / "second").iterdir()) == []
    state = patrol.go_round(doubled)
    assert state.last is not None
    assert state.last.files == 3, "the patrol goes on without it"


def test_a_second_copy_is_begun_in_an_empty_folder_of_its_own(
    doubled: House, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letters").touch()
    layout, origin = doubled.layout, doubled.settings.log_origin
    begin = SecondCopy.begin
    for folder, name, code in (
        (tmp_path / "mine", origin, "second.not-empty"),
        (layout.root / "second", origin, "second.inside"),
        (tmp_path / "second", "other.example/log", "second.of-another-log"),
    ):
        with pytest.raises(SetupError) as refused:
            begin(layout, folder, origin=name)
        assert refused.value.code == code


def test_the_hand_stops_where_a_restart_finds_it(
    store: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol, "BATCH", 1)
    seen: list[Sha256] = []
    read = mending.read_and_mend

    def read_two(reading: mending.Reading, digest: Sha256) -> mending.Seen:
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(digest)
        return read(reading, digest)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(patrol, "read_and_mend", read_two)
        with pytest.raises(KeyboardInterrupt):
            patrol.go_round(store)
    assert patrol.result(store).hand == digests()[1].hex
    state = patrol.go_round(store)
    assert state.last is not None
    assert state.last.files == 3, "none twice, none left out"


def test_the_duty_reads_what_the_hand_passes(store: House, monkeypatch: pytest.MonkeyPatch) -> None:
    day = timedelta(days=1)
    now = MARCH
    monkeypatch.setattr(House, "wall_now", lambda _: now)
    patrol_state.save(store.layout, State.at_the_start(now))
    monkeypatch.setattr(patrol_state, "LONGEST_STEP", 30 * day)
    now = MARCH + 15 * day
    state = patrol.walk(store)
    assert state is not None
    assert state.round.files == sum(one.hex < "8" for one in digests())
    now = MARCH + 30 * day
    state = patrol.walk(store)
    assert state is not None
    assert state.last is not None
    assert state.last.files == 3


def test_a_patrol_that_is_switched_off_reads_nothing(store: House) -> None:
    off = House.open(store.settings.with_(patrol_days=0))
    assert patrol.walk(off) is None
    assert events(EventType.FIXITY_CHECK) == []


def test_one_patrols_at_a_time(store: House) -> None:
    held = serving.hold(store.layout.patrol_lock)
    assert held is not None
    with held, pytest.raises(BusyError) as busy:
        patrol.go_round(store)
    assert busy.value.code == "patrol.already"


@pytest.mark.parametrize("text", ["", "{}", '{"v": 2}', "[1]"])
def test_a_state_that_cannot_be_read_is_said(store: House, text: str) -> None:
    store.layout.patrol.write_text(text)
    with pytest.raises(DamagedError) as damaged:
        patrol.result(store)
    assert damaged.value.code == "patrol.unreadable"


def test_the_state_is_read_as_it_was_written(doubled: House) -> None:
    spoil(doubled.layout.blob(digests()[0]))
    spoil(twin_of(doubled).blob(digests()[0]))
    state = patrol.go_round(doubled)
    facts = patrol_state.as_facts(patrol.result(doubled))
    assert facts == patrol_state.as_facts(state)
    assert facts == json.loads(doubled.layout.patrol.read_text())
    assert len(facts["wrong"]) == 1


@given(
    gone=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=90)),
    days=st.integers(1, 400),
    share=st.floats(0, 1, exclude_max=True),
)
def test_the_hand_never_goes_back_and_never_leaps(gone: timedelta, days: int, share: float) -> None:
    hand = patrol_state._position(share)
    state = State(hand=hand, moved_at=MARCH, round=Round(started_at=MARCH - timedelta(days=days)))
    target = state.target(MARCH + gone, days)
    step = patrol_state._share(target) - state.share
    longest = patrol_state.CATCHING_UP * patrol_state.LONGEST_STEP / timedelta(days=days)
    assert target >= hand
    assert step <= longest + 1e-9 or target == END


@given(days=st.integers(1, 60))
def test_a_keeper_that_never_sleeps_is_round_in_time(days: int) -> None:
    now, state = MARCH, State.at_the_start(MARCH)
    step = timedelta(seconds=patrol_state.LONGEST_STEP.total_seconds())
    for _ in range(2 * days * 288):
        now += step
        state = state.moved(state.target(now, days), now)
        if state.hand == END:
            break
    assert now - MARCH <= timedelta(days=days) + step
