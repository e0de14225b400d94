"""The key service: no key of recorded bytes is given out but for an event that is in the log.

    event committed -> opens to its leaf -> says that bytes are read -> in the signed tree -> key

This module alone unwraps the keys of recordings, and laws keep it so (`tests/laws`): there is no
way to the plain bytes of a recording that does not begin here. In a house that is served the
service runs in the keeper's process and others ask it by a socket (`work.key_server`); a command in
a house that nobody serves runs it in its own. Everything that goes wrong here refuses: a full disk,
a sequencer that stands, a database that is away leave footage closed.

Bytes that have just come in are the exception that has to be: to record them somebody must look
what they are. `arrived` gives `work.ingest` the keys of an upload that waits in the inbox and of
which there is no recording; that look is the collection itself, and its event is written with the
row. What any recording has already, a sidecar say that came with another one, it does not open.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol

from django.db import DatabaseError, connection

from bodyworn.core.clock import system_clock
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import (
    BodywornError,
    BusyError,
    DamagedError,
    MissingError,
    RefusedError,
    SetupError,
)
from bodyworn.core.terms import CopyKind, EventType
from bodyworn.custody.event import pseudonym_of, read_leaf
from bodyworn.custody.published import PublishedLog
from bodyworn.custody.tree import leaf_hash, verify_inclusion
from bodyworn.records import closing
from bodyworn.records.models import Copy, CustodyEvent, Job, JobState, Recording
from bodyworn.records.models import DataKey as KeyRow
from bodyworn.rules.opening import EVERYTHING, Look, may_open
from bodyworn.store.inbox import named_digests
from bodyworn.store.key_socket import KeyClient
from bodyworn.store.keyring import KEY_SIZE, Bucket, Keyring
from bodyworn.store.seal import Slot
from bodyworn.store.sealed import DataKey
from bodyworn.work import log, serving
from bodyworn.work.books import check_event
from bodyworn.work.house import House
from bodyworn.work.trouble import explained

_log = logging.getLogger("bodyworn.keys")
PATIENCE: Final = 5.0  # seconds that an event may take into the log while somebody waits for it
MOST_GENERATIONS: Final = 1000  # of a bucket that are tried
LOOK_EVERY = 0.02  # seconds between looks whether it is there
IntoLog = Callable[[House, str, float], object]
"""Sees to it that the event of this uid is in the signed tree, within so many seconds."""


class Keys(Protocol):
    """Who gives out keys: the service itself, or a socket that leads to it."""

    def release(self, event: str, digests: Sequence[Sha256]) -> dict[Sha256, DataKey]:
        """The keys that an event of custody opens, by its uid."""

    def arrived(self, upload: str) -> dict[Sha256, DataKey]:
        """The keys of what an arrival has brought that waits to be recorded."""

    def moved(self, digests: Sequence[Sha256], bucket: str) -> dict[Sha256, Slot]:
        """Their keys, wrapped for this bucket."""


def keys_of(house: House) -> Keys:
    """The key service of a house: its keeper's where it is served, else one in this process."""
    layout = house.layout
    if serving.is_held(layout.serve_lock) or serving.is_held(layout.keeper_lock):
        return KeyClient(layout.key_socket)
    return KeyService(house)


def rewrapped(house: House, slots: Mapping[Sha256, Slot], bucket: str) -> dict[Sha256, Slot]:
    """The same keys, wrapped for a later generation of their bucket; nobody gets to see them."""
    return KeyService(house).rewrapped(slots, bucket)


def is_lost(house: House, slot: Slot) -> bool:
    """Whether the key of this bucket is gone, and nothing says that it was destroyed."""
    return KeyService(house).is_lost(slot)


def into_log_here(house: House, event: str, seconds: float) -> None:
    """Extend the log by ourselves, or wait for the process that is at it; then look."""
    until = time.monotonic() + seconds
    while log.index_in_tree(house, event) is None and time.monotonic() < until:
        if log.integrate(house) is None:
            time.sleep(LOOK_EVERY)


class KeyService:
    """Gives out data keys against events; threads may share one."""

    def __init__(
        self, house: House, *, into_log: IntoLog = into_log_here, patience: float = PATIENCE
    ) -> None:
        """`patience` is how many seconds an event may take into the log."""
        self._house = house
        self._ring: Keyring = house.keyring
        self._log = PublishedLog(house.layout.log, house.signer.verifier)
        self._into_log = into_log
        self._patience = patience

    def release(self, event: str, digests: Sequence[Sha256]) -> dict[Sha256, DataKey]:
        """The keys of these bytes, for the event of custody with this uid.

        1. The event's row is committed, and not in a transaction of the caller that could still
           be rolled back: RefusedError keys.in-transaction, MissingError keys.no-event.
        2. It says what its leaf commits to, and is of the recording that it names: DamagedError
           keys.event-changed, RefusedError keys.event-erased.
        3. It says that bytes are read, and not too long ago: RefusedError keys.not-opened.
        4. The bytes are copies of its recording: RefusedError keys.other-recording.
        5. The leaf is in the log, under a signed checkpoint: BusyError keys.no-leaf-yet,
           DamagedError keys.not-in-the-log.
        6. Only now are keys unwrapped: MissingError keys.no-key, key.destroyed, key.missing.
        """
        row = _committed(event)  # 1
        _refuse_changed(row)  # 2
        self._refuse_what_reads_nothing(row)  # 3
        _refuse_others_bytes(row, digests)  # 4
        self._prove_in_the_log(row)  # 5
        return self._unwrapped(digests)  # 6

    def arrived(self, upload: str) -> dict[Sha256, DataKey]:
        """The keys of an upload whose note lies in the inbox: its bytes' and its sidecars'.

        Without those that are a copy of some recording: they take an event of that one. Raises
        MissingError inbox.missing, blob.missing, key.destroyed; RefusedError keys.recorded where
        the bytes are the master of a recording.
        """
        named = named_digests(self._house.layout.arrival(upload))
        recorded = _recorded(named)
        if (named[0].hex, CopyKind.MASTER) in recorded:
            raise RefusedError(
                "keys.recorded",
                "These bytes are recorded: they are opened by an event of custody only.",
                hint="Open the recording; the look is then on record.",
            )
        held = {digest for digest, _ in recorded}
        fresh, vault = [one for one in named if one.hex not in held], self._house.vault
        known = _rows(fresh)
        return {one: self._opened(known.get(one) or vault.slot(one)) for one in fresh}

    def moved(self, digests: Sequence[Sha256], bucket: str) -> dict[Sha256, Slot]:
        """The keys of kept bytes wrapped for this bucket; the keys themselves stay here."""
        into, known = self._newest(bucket), _rows(digests)
        return {digest: self._moved(digest, into, known.get(digest)) for digest in digests}

    def _refuse_what_reads_nothing(self, row: CustodyEvent) -> None:
        look = Look(
            type=EventType(row.type),
            at=row.at,
            subject=row.subject,
            detail=row.detail,
            is_worked_on=row.recording is not None and _is_worked_on(row.recording),
        )
        viewing = timedelta(minutes=self._house.settings.ticket_minutes)
        decision = may_open(look, now=self._house.now(), viewing=viewing)
        if not decision.allowed:
            raise RefusedError(
                "keys.not-opened",
                decision.reason,
                hint="Open the recording again; every look has an event of its own.",
                rule=decision.rule,
            )

    def _prove_in_the_log(self, row: CustodyEvent) -> None:
        """Wait until the leaf has its place, then prove it by the hashes, not by the row's word."""
        index = self._place_of(row)
        try:
            checkpoint = self._log.checkpoint()
            if checkpoint is None or index >= checkpoint.size:
                raise _no_leaf_yet("It has waited for its place for too long.")
            hashes = self._log.prove_inclusion(index, checkpoint.size)
            leaf, root = leaf_hash(bytes(row.leaf)), checkpoint.root
            verify_inclusion(leaf, hashes, index=index, size=checkpoint.size, root=root)
        except (DamagedError, MissingError) as error:
            raise DamagedError(
                "keys.not-in-the-log",
                f"The event that would open these bytes is not in the log. {error.message}",
                hint="Keep everything as it is and run `bodyworn verify`; it names the entry.",
            ) from error

    def _place_of(self, row: CustodyEvent) -> int:
        if row.leaf_index is not None and row.leaf_index < self._log.size:
            return row.leaf_index
        self._bring_into_log(row.uid)
        index = CustodyEvent.objects.values_list("leaf_index", flat=True).get(pk=row.pk)
        if index is None:
            raise _no_leaf_yet("It has waited for its place for too long.")
        return index

    def _bring_into_log(self, event: str) -> None:
        try:
            self._into_log(self._house, event, self._patience)
        except (BodywornError, DatabaseError, OSError) as error:
            raise _no_leaf_yet(explained(error).message) from error

    def _unwrapped(self, digests: Sequence[Sha256]) -> dict[Sha256, DataKey]:
        known = _rows(digests)
        missing = [digest for digest in digests if digest not in known]
        if missing:
            raise MissingError(
                "keys.no-key",
                f"There is no key for the bytes {missing[0].short}….",
                hint="Restore the newest backup of the database: keys are written with their rows.",
            )
        return {digest: self._opened_now(digest, slot) for digest, slot in known.items()}

    def _opened_now(self, digest: Sha256, slot: Slot) -> DataKey:
        """Its bucket may have been closed since the row was read: then it lies in the next one."""
        try:
            return self._opened(slot)
        except MissingError:
            again = _rows([digest]).get(digest)
            if again is None or again == slot:
                raise
            return self._opened(again)

    def _opened(self, slot: Slot) -> DataKey:
        return DataKey(self._ring.unwrap(slot.bucket, slot.wrapped))

    def _moved(self, digest: Sha256, into: Bucket, known: Slot | None) -> Slot:
        vault = self._house.vault
        slot = self._settled(digest, known or vault.slot(digest))
        return Slot(into, self._ring.wrap(into, self._opened(slot).secret()))

    def _settled(self, digest: Sha256, slot: Slot) -> Slot:
        """Where the same bytes were kept twice, one of them is left: the one that opens."""
        vault = self._house.vault
        if not self._house.layout.spare(digest).exists():
            return slot
        try:
            return vault.settle(digest, self._opened(slot)) or slot
        except (DamagedError, MissingError) as error:
            _log.error("A second copy takes the place of the first: %s", error.message)
            return vault.settle(digest, None) or vault.slot(digest)

    def rewrapped(self, slots: Mapping[Sha256, Slot], bucket: str) -> dict[Sha256, Slot]:
        """The same keys in an open generation of this bucket, later than those they lie in."""
        after = max((slot.bucket.generation for slot in slots.values()), default=0)
        into = self._newest(bucket, after=after)
        return {
            digest: Slot(into, self._ring.wrap(into, self._opened(slot).secret()))
            for digest, slot in slots.items()
        }

    def is_lost(self, slot: Slot) -> bool:
        """Whether its bucket key is gone without having been destroyed."""
        try:
            self._opened(slot)
        except MissingError as error:
            return error.code == "key.missing"
        return False

    def _newest(self, name: str, *, after: int = 0) -> Bucket:
        """The bucket's newest generation that takes keys.

        A database that was restored knows less than the keyring, which refuses to open again what
        was destroyed: then the next one that it takes.
        """
        made = max((b.generation for b in self._ring.buckets() if b.name == name), default=1)
        first = max(made, after + 1, closing.first_open(name))
        for generation in range(first, first + MOST_GENERATIONS):
            with contextlib.suppress(RefusedError):
                self._ring.wrap(Bucket(name, generation), bytes(KEY_SIZE))
                return Bucket(name, generation)
        raise SetupError("keys.no-generation", f"Every key of the bucket {name} was destroyed.")


def _committed(event: str) -> CustodyEvent:
    """The event as everybody sees it. A transaction of the caller's could still take it back."""
    if _is_in_transaction():
        raise RefusedError(
            "keys.in-transaction",
            "Keys are not given out inside of a transaction: its event could still be undone.",
            hint="Commit the event first, then ask.",
        )
    row = CustodyEvent.objects.select_related("recording").filter(uid=event).first()
    if row is None:
        raise MissingError(
            "keys.no-event",
            "There is no event on record that would open these bytes.",
            hint="Open the recording again; the look is then on record.",
        )
    return row


def _is_in_transaction() -> bool:
    """As Django judges it for what has to be durable: the block around a test is nobody's change.

    Its own check takes a lock of SQLite's, and would wait for every writer.
    """
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def _refuse_changed(row: CustodyEvent) -> None:
    try:
        is_proved = check_event(row)
    except DamagedError as error:
        raise _changed(error.message) from error
    if not is_proved:
        raise RefusedError(
            "keys.event-erased",
            "What this event said was erased; it opens nothing any more.",
            hint="Open the recording again; every look has an event of its own.",
        )
    if row.recording is not None and not _is_of(row, row.recording):
        raise _changed("It is the event of another recording.")


def _is_of(row: CustodyEvent, recording: Recording) -> bool:
    """The row's foreign key is not in the leaf; the recording's name and pseudonym are."""
    salt = bytes(recording.pseudonym_salt)
    pseudonym = pseudonym_of(recording.reference, salt=salt).hex()
    return (row.subject, read_leaf(bytes(row.leaf)).evidence) == (recording.reference, pseudonym)


def _is_worked_on(recording: Recording) -> bool:
    """Leases run on the machine's own clock (`work.jobs`)."""
    running = Job.objects.filter(recording=recording, state=JobState.RUNNING)
    return running.filter(lease_until__gt=system_clock()).exists()


def _refuse_others_bytes(row: CustodyEvent, digests: Sequence[Sha256]) -> None:
    copies = Copy.objects.filter(sha256__in=[digest.hex for digest in digests])
    if row.recording is not None:
        copies = copies.filter(recording=row.recording)
    elif row.subject != EVERYTHING or not _announced(row, digests):
        raise _of_another()
    if set(copies.values_list("sha256", flat=True)) != {digest.hex for digest in digests}:
        raise _of_another()


def _announced(row: CustodyEvent, digests: Sequence[Sha256]) -> bool:
    """A check of everything opens everything; a patrol's batch only what lies within its bounds."""
    first, last = row.detail.get("from", ""), row.detail.get("to", "g")
    return all(first <= digest.hex <= last for digest in digests)


def _recorded(digests: Iterable[Sha256]) -> set[tuple[str, str]]:
    """Digest and kind of every copy; asked in one, for a recording is entered with all of them."""
    copies = Copy.objects.filter(sha256__in=[digest.hex for digest in digests])
    return set(copies.values_list("sha256", "kind"))


def _rows(digests: Iterable[Sha256]) -> dict[Sha256, Slot]:
    rows = KeyRow.objects.filter(sha256__in=[digest.hex for digest in digests])
    return {
        Sha256.parse(row.sha256): Slot(Bucket(row.bucket, row.generation), bytes(row.wrapped))
        for row in rows
    }


def _changed(why: str) -> DamagedError:
    return DamagedError(
        "keys.event-changed",
        f"The event that would open these bytes is not what was logged. {why}",
        hint="Keep everything as it is and run `bodyworn verify`; it names the event.",
    )


def _of_another() -> RefusedError:
    return RefusedError(
        "keys.other-recording",
        "These bytes are not of the recording that was opened.",
        hint="Open the recording that they belong to.",
    )


def _no_leaf_yet(why: str) -> BusyError:
    return BusyError(
        "keys.no-leaf-yet",
        f"The log cannot take the event of this look, so the footage stays closed. {why}",
        retry_after=5,
        hint="Try again in a few seconds. If it stays so, `bodyworn check` says what is wrong.",
    )
