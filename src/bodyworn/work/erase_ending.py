"""The end of an erasure: keys destroyed, files removed, the certificate written.

    ordered ──> buckets closed ──> in the log ──> keys destroyed ──> files removed ──> certificate

Each step may be repeated, and each finds by itself what is left to do: a crash anywhere is made
good by whoever comes next, the keeper or the verb. An erasure of what has just come in waits for
the key of the day of its arrival, which opens it as well and is destroyed some days later
(`work.arrival_keys`).
"""

import logging
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import connection, transaction

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import SetupError
from bodyworn.core.types import Actor
from bodyworn.custody.erasure import Certificate, File, write_certificate
from bodyworn.records.models import ClosedBucket, Erasure, ErasureState
from bodyworn.store import inbox
from bodyworn.store.keyring import Bucket
from bodyworn.store.layout import Layout
from bodyworn.store.removal import remove_dead
from bodyworn.work import data_keys, log, rotation, second
from bodyworn.work.erase_order import tombstone_of
from bodyworn.work.house import House

_log = logging.getLogger("bodyworn.keeper")


def finish(house: House) -> list[Erasure]:
    """Carry on with everything that was ordered; the erasures that this has ended.

    1. The buckets of what was ordered are closed; who stays in them is wrapped afresh.
    2. Their keys are destroyed, once the log has taken tombstones and closings.
    3. Where no key of birth is left either, files are removed and the certificate is written.

    MUST NOT be called in a transaction. Raises BusyError log.no-place-yet, keys.bucket-busy.
    """
    waiting = _waiting()
    for bucket, by in _to_close(waiting).items():
        rotation.close(house, bucket, why=rotation.ERASURE, by=Actor(name=by))  # 1
    rotation.destroy_closed(house)  # 2
    alive = set(house.keyring.buckets())
    ready = [
        one for one in waiting if not alive & {*_buckets(one.arrivals), *_buckets(one.buckets)}
    ]
    if not ready:
        return []
    _remove_files(house, ready, alive)  # 3
    done = [one for one in ready if _certify(house, one)]
    _clear_journal()
    return done


def waits_for(house: House, erasure: Erasure) -> list[Bucket]:
    """The keys that still open what was ordered to be erased."""
    alive = set(house.keyring.buckets())
    return sorted(alive & {*_buckets(erasure.arrivals), *_buckets(erasure.buckets)})


def _waiting() -> list[Erasure]:
    return list(Erasure.objects.filter(state=ErasureState.ORDERED).order_by("id"))


def _to_close(waiting: Iterable[Erasure]) -> dict[Bucket, str]:
    """Each bucket that is not closed yet, and who asked first."""
    closed = {
        Bucket(name, generation)
        for name, generation in ClosedBucket.objects.values_list("bucket", "generation")
    }
    wanted: dict[Bucket, str] = {}
    for erasure in waiting:
        for bucket in _buckets(erasure.buckets):
            if bucket not in closed:
                wanted.setdefault(bucket, erasure.asked_by)
    return wanted


def _buckets(told: Iterable[tuple[str, int]]) -> list[Bucket]:
    return [Bucket(name, generation) for name, generation in told]


def _remove_files(house: House, ready: Iterable[Erasure], alive: Collection[Bucket]) -> None:
    """But those that came again since: they have a row, or a note that waits for one."""
    named, layouts = _named(house), [house.layout, *_second_copy(house)]
    for erasure in ready:
        digests = {Sha256.parse(digest) for _, digest, _ in erasure.files}
        again = set(data_keys.of(list(digests)))
        for digest in sorted(digests - again - named):
            for layout in layouts:
                remove_dead(layout, digest, is_destroyed=lambda one: one not in alive)


def _second_copy(house: House) -> list[Layout]:
    """Where its disk is away its files stay, as unreadable as they would be in a backup."""
    if house.settings.second is None:
        return []
    try:
        return [second.second_copy(house).there]
    except SetupError as error:
        _log.warning("Erased files stay in the second copy. %s", error.message)
        return []


def _named(house: House) -> set[Sha256]:
    """Everything that an arrival brings, its sidecars too."""
    waiting = inbox.arrivals(house.layout)
    return {digest for arrival in waiting for digest in arrival.digests}


def _certify(house: House, erasure: Erasure) -> bool:
    """Guarded: of two processes one writes it."""
    now = house.now()
    certificate = write_certificate(_certificate(house, erasure, now=now), house.signer)
    with transaction.atomic():
        ours = Erasure.objects.filter(pk=erasure.pk, state=ErasureState.ORDERED)
        changed = ours.update(state=ErasureState.DONE, done_at=now, certificate=certificate)
    erasure.refresh_from_db()
    return bool(changed)


def _certificate(house: House, erasure: Erasure, *, now: datetime) -> Certificate:
    tombstone = tombstone_of(erasure)
    index = log.integrate_one(house, tombstone.uid, seconds=rotation.PATIENCE)
    return Certificate(
        reference=erasure.reference,
        pseudonym=erasure.pseudonym,
        policy=erasure.policy,
        authority=erasure.authority,
        reason=erasure.reason,
        ordered_at=erasure.ordered_at,
        destroyed_at=now,
        files=tuple(
            File(kind=kind, sha256=Sha256.parse(digest), size=size)
            for kind, digest, size in erasure.files
        ),
        shared=tuple(Sha256.parse(digest) for digest in erasure.shared),
        keys=tuple(str(bucket) for bucket in _buckets(erasure.buckets)),
        arrivals=tuple(str(bucket) for bucket in _buckets(erasure.arrivals)),
        handed_out=erasure.handed_out,
        leaf_index=index,
        leaf_hash=tombstone.leaf_hash,
    )


def _clear_journal() -> None:
    """SQLite's write-ahead journal holds pages as they were until it is begun afresh."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
