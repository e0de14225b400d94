"""The tables refuse what must not be, whoever writes; and the migrations are complete."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from bodyworn.core.terms import CopyKind
from bodyworn.records.engine import OLDEST_SQLITE
from bodyworn.records.models import Copy, Recording
from bodyworn.records.sequencing import sole_sequencer

pytestmark = pytest.mark.django_db
START = datetime(2026, 4, 12, 22, 41, tzinfo=UTC)


def recording(number: int = 1, **changes: Any) -> Recording:
    facts: dict[str, Any] = {
        "reference": f"BWV-26-0412-{number:04}",
        "upload": f"{number:032}",
        "filename": "a.mp4",
        "started_at": START,
        "started_at_source": "camera",
        "ended_at": START + timedelta(minutes=2),
        "duration_ms": 120_000,
        "received_at": START,
        "recorded_at": START,
        "condition": "playable",
        "pseudonym_salt": bytes(16),
    }
    return Recording.objects.create(**{**facts, **changes})


def master(of: Recording, digest: str = "a" * 64, **changes: Any) -> Copy:
    facts: dict[str, Any] = {
        "recording": of,
        "kind": CopyKind.MASTER,
        "sha256": digest,
        "size": 1,
        "media_type": "video/mp4",
        "created_at": START,
    }
    return Copy.objects.create(**{**facts, **changes})


def test_the_migrations_are_complete() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize(
    "change",
    [
        {"condition": "splendid"},
        {"duration_ms": -1},
        {"ended_at": START - timedelta(seconds=1)},
    ],
)
def test_a_recording_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        recording(**change)


def test_a_reference_and_an_upload_are_used_once() -> None:
    recording(1)
    for twin in ({"upload": "f" * 32}, {"reference": "BWV-26-0412-9999"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            recording(1, **twin)


def test_bytes_are_the_master_of_one_recording_and_a_recording_has_one_master() -> None:
    one, two = recording(1), recording(2)
    master(one)
    with pytest.raises(IntegrityError), transaction.atomic():
        master(two)
    with pytest.raises(IntegrityError), transaction.atomic():
        master(one, "b" * 64)
    assert master(two, "b" * 64).pk


@pytest.mark.parametrize(
    "change",
    [{"kind": "mistress"}, {"size": -1}, {"sha256": "abc"}, {"kind": CopyKind.PROXY}],
)
def test_a_copy_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        master(recording(), **change)


def test_sqlite_is_of_a_version_that_does_not_corrupt_and_is_durable() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("this run is on PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        version = tuple(int(part) for part in cursor.fetchone()[0].split("."))
        assert version >= OLDEST_SQLITE
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            cursor.execute(f"PRAGMA {pragma}")
            assert cursor.fetchone()[0] == value


def test_the_sequencers_lock_is_free_again_afterwards(tmp_path: Any) -> None:
    for _ in range(2):
        with sole_sequencer(tmp_path / "lock") as ours:
            assert ours
