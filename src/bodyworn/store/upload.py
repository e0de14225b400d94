"""Unfinished uploads: a state machine over offsets that knows tus' ideas and no transport.

    create -> append … append -> finish -> an arrival note in the inbox
                    \\-> terminate, expire

The steps of finishing are ordered so that a crash after any of them leaves
an upload that can be resumed or an arrival that is complete, and never a partial blob:

1. the bytes are a whole sealed blob, flushed; a full upload takes no more of them, whatever
   happens from here on;
2. sidecars and bytes get their lasting names in the vault, beside those that they have here;
3. the arrival note is written into the inbox;
4. what is left of the upload is removed.

`recover` does the rest of these steps at start; each may be done twice. One writer at a time: an
flock on its bytes, which holds between threads and processes and ends with its holder, however
that ends. The data folder MUST therefore be a local file system.
"""

import contextlib
import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bodyworn.core.clock import Clock, iso, parse_iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, BusyError, MissingError
from bodyworn.core.manifest import manifest_from_dict, manifest_to_dict
from bodyworn.core.types import Arrival
from bodyworn.store import disk, upload_files, upload_sidecars
from bodyworn.store.chunk_file import Buffers
from bodyworn.store.inbox import read_arrival, write_arrival
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Vault
from bodyworn.store.upload_bounds import room_for
from bodyworn.store.upload_notes import (
    Checksum,
    End,
    Upload,
    info_bytes,
    no_such_upload,
    read_end,
    write_end,
)
from bodyworn.store.upload_refusals import (
    check_growing,
    check_length,
    other_bytes,
    refused,
)
from bodyworn.store.upload_sealed import Arriving, cut_ragged
from bodyworn.store.upload_sidecars import Sealed, Sidecars
from bodyworn.store.upload_states import HashStates
from bodyworn.store.upload_writer import Writer

MOST_PARTS = 64  # of one final upload
ENDED_KEPT = timedelta(days=7)  # how long an ended upload is remembered
_log = logging.getLogger(__name__)


class Uploads:
    """All uploads of one data folder. Safe for use by several threads and processes at once."""

    def __init__(self, layout: Layout, vault: Vault, clock: Clock) -> None:
        """Nothing is touched until something is asked for."""
        self._layout = layout
        self._vault = vault
        self._clock = clock
        self._states = HashStates()
        self._buffers = Buffers()

    # ---- the life of one upload ------------------------------------------------------------

    def create(
        self,
        *,
        length: int | None,
        sender: str,
        manifest: Mapping[str, Any],
        largest: int,
        expires_at: datetime,
        metadata: str = "",
        sidecars: Sidecars = (),
        partial: bool = False,
    ) -> Upload:
        """Begin an upload; a `partial` one only becomes evidence as a part of another.

        Sizes in bytes, `expires_at` in UTC, `length` None if the sender does not know it yet;
        `metadata` are the sender's own words, given back as they came. Raises RefusedError
        upload.empty, .too-large, .sidecars-too-large, .sidecar-name, manifest.*; SetupError
        disk.full; BusyError upload.too-many-open.
        """
        check_length(length, largest)
        sealed = upload_sidecars.sealed(sidecars, self._vault.births)
        begun = Upload(
            id=secrets.token_hex(16),
            sender=sender,
            offset=0,
            length=length,
            largest=largest,
            created_at=self._clock(),
            expires_at=expires_at,
            metadata=metadata,
            manifest={} if partial else manifest_to_dict(manifest_from_dict(manifest)),
            sidecars=tuple(one.told for one in sealed),
            is_partial=partial,
        )
        with room_for(self._layout, begun):
            return self._begin(begun, sealed)

    def join(
        self,
        parts: Sequence[str],
        *,
        sender: str,
        manifest: Mapping[str, Any],
        largest: int,
        expires_at: datetime,
        metadata: str = "",
    ) -> Upload:
        """Make one upload of complete partial ones, in this order, and finish it.

        Takes as long as opening and sealing them again; they stay until it is finished. Raises as
        `create` does, and RefusedError upload.parts, .part-unfinished; MissingError for a part that
        is not there.
        """
        begun = self._begin(
            Upload(
                id=secrets.token_hex(16),
                sender=sender,
                offset=0,
                length=self._length_of(parts, sender),
                largest=largest,
                created_at=self._clock(),
                expires_at=expires_at,
                metadata=metadata,
                manifest=manifest_to_dict(manifest_from_dict(manifest)),
                final_of=tuple(parts),
            )
        )
        return self._join(begun)

    def get(self, upload: str) -> Upload:
        """How it stands, also for a while after it ended. Raises MissingError upload.missing."""
        return upload_files.look(self._layout, upload)

    @contextlib.contextmanager
    def append(
        self, upload: str, *, offset: int, checksum: Checksum | None = None
    ) -> Iterator[Writer]:
        """Write from `offset` on; when the block ends, what came is durable.

        With a checksum all of it counts or none; without, whatever came before a failure stays.
        The last byte finishes the upload: `writer.arrival` tells. Raises BusyError
        upload.second-writer (web 423), RefusedError upload.wrong-offset (409), .final (403),
        .wrong-checksum (460), .too-large (413), .complete; MissingError upload.gone (410).
        """
        with upload_files.locked(self._layout, upload) as found:
            check_growing(found, offset, now=self._clock())
            with self._arriving(found) as into:
                with self._writing(found, into, checksum) as writer:
                    yield writer
                grown = replace(found, offset=writer.offset)
                if grown.is_full and not grown.is_partial:
                    writer.arrival = self._finish(grown, into)
            if not (writer.arrival or found.offset):
                upload_files.flush(self._layout, found)

    def set_length(self, upload: str, length: int) -> Upload:
        """Say how long an upload will be, once. Raises RefusedError upload.length-known, …"""
        with upload_files.locked(self._layout, upload) as found:
            if found.length not in (None, length):
                raise refused("upload.length-known", "Its length is known and cannot change.", 400)
            check_length(length, found.largest)
            if length < found.offset:
                raise refused("upload.too-short", "More bytes than that are here already.", 400)
            cut_ragged(self._layout, upload)
            known = replace(found, length=length)
            disk.write_atomically(self._layout.upload_info(upload), info_bytes(known))
            return known

    def finish(self, upload: str) -> Arrival:
        """Do what is left of finishing; safe to repeat. Raises RefusedError upload.unfinished."""
        with contextlib.suppress(MissingError):
            return read_arrival(self._layout.arrival(upload))
        with upload_files.locked(self._layout, upload) as found:
            if found.is_partial or not found.is_full:
                raise refused("upload.unfinished", "Not every byte of it is here.", 409)
            return self._finish(found)

    def terminate(self, upload: str) -> None:
        """Give an upload up before it is complete. Raises RefusedError upload.complete."""
        with upload_files.locked(self._layout, upload) as found:
            if found.is_full and not found.is_partial:
                raise refused("upload.complete", "All of it is here; it is evidence now.", 403)
            self._remove(found, "terminated")

    # ---- all of them -----------------------------------------------------------------------

    def recover(self) -> list[Arrival]:
        """At start: finish what is full, give up joins that were interrupted, sweep litter."""
        upload_files.sweep_litter(self._layout)
        found = (self._recovered(upload) for upload in upload_files.unfinished(self._layout))
        return [arrival for arrival in found if arrival]

    def expire(self, now: datetime) -> list[str]:
        """Remove what is unfinished and over; the ids. What is full is finished instead."""
        upload_files.sweep_litter(self._layout)
        self._forget_ended(now - ENDED_KEPT)
        return [
            upload
            for upload in upload_files.unfinished(self._layout)
            if self._has_expired(upload, now)
        ]

    def _begin(self, begun: Upload, sidecars: Sequence[Sealed] = ()) -> Upload:
        check_length(begun.length, begun.largest)
        disk.make_folder(self._layout.root)
        disk.check_room(self._layout.root, begun.length or 0)
        upload_files.make(self._layout, begun, sidecars, self._vault.births.begin().header)
        return begun

    # ---- growing ---------------------------------------------------------------------------

    def _arriving(self, found: Upload) -> Arriving:
        return Arriving(self._layout, found, self._vault.births)

    @contextlib.contextmanager
    def _writing(
        self, found: Upload, into: Arriving, checksum: Checksum | None
    ) -> Iterator[Writer]:
        """A writer that ends well: what is kept is flushed, and its hash is remembered."""
        state = self._states.take(found.id, found.offset, into.plain_from)
        blocks = self._buffers.take()
        writer = Writer(into, found, state=state, checksum=checksum, blocks=blocks)
        try:
            yield writer
            writer.verify()
        except BaseException:
            writer.roll_back()
            raise
        finally:
            try:
                writer.close()
            finally:
                self._buffers.give_back(blocks)
                if writer.state:
                    self._states.put(found.id, writer.offset, writer.state)

    # ---- joining ---------------------------------------------------------------------------

    def _length_of(self, parts: Sequence[str], sender: str) -> int:
        if len(parts) > MOST_PARTS or len(set(parts)) < len(parts):
            raise refused("upload.parts", f"Join up to {MOST_PARTS} parts, each once.", 400)
        return sum(self._size_of_part(part, sender) for part in parts)

    def _size_of_part(self, part: str, sender: str) -> int:
        found = self.get(part)
        if found.end or found.sender != sender:
            raise no_such_upload()
        if not found.is_partial:
            raise refused("upload.parts", "Only partial uploads can be joined.", 400)
        if not found.is_full:
            raise refused("upload.part-unfinished", "A part is not complete yet.", 409)
        return found.offset

    def _join(self, final: Upload) -> Upload:
        """Seal the parts again, in order, in the final upload; they stay until it is finished."""
        with contextlib.ExitStack() as locks:
            own = locks.enter_context(upload_files.locked(self._layout, final.id))
            try:
                parts = [
                    locks.enter_context(upload_files.locked(self._layout, part))
                    for part in final.final_of
                ]
                with self._arriving(own) as into:
                    self._finish(self._joined(own, parts, into), into)
            except BaseException:
                if not self._noted_before(own.id):
                    self._remove(own, "terminated")
                raise
            for part in parts:
                self._remove(part, "joined")
        return self.get(final.id)

    def _joined(self, final: Upload, parts: Sequence[Upload], into: Arriving) -> Upload:
        with self._writing(final, into, None) as writer:
            for part in parts:
                with self._arriving(part) as stream:
                    for block in stream.plain_from(0):
                        writer.write(block)
        return replace(final, offset=writer.offset)

    # ---- ending ----------------------------------------------------------------------------

    def _finish(self, found: Upload, whole: Arriving | None = None) -> Arrival:
        """Steps 1 to 4 of the module's text, under the lock; each of them may be done already."""
        arrival = self._noted_before(found.id)
        if arrival is None:
            with contextlib.ExitStack() as stack:
                whole = whole or stack.enter_context(self._arriving(found))
                arrival = self._arrive(found, whole)
        # 4. the rest is not needed any more
        if found.final_of:  # the note does not tell of what it was made
            self._tell_end(replace(found, end="received", sha256=arrival.sha256))
        upload_files.remove(self._layout, found)
        self._states.forget(found.id)
        return arrival

    def _noted_before(self, upload: str) -> Arrival | None:
        try:
            return read_arrival(self._layout.arrival(upload))
        except MissingError:
            return None

    def _arrive(self, found: Upload, whole: Arriving) -> Arrival:
        # 1. whole and flushed, in case nobody lived to do it, and what the sender meant to send
        whole.end()
        state = self._states.take(found.id, found.offset, whole.plain_from)
        digest = self._checked(found, Sha256(state.digest()))
        # 2. the lasting names
        upload_sidecars.keep(self._layout, found, self._vault)
        path, header = self._layout.upload_bytes(found.id), whole.seal.header
        self._vault.take_over(path, header=header, digest=digest, size=found.offset)
        # 3. the note
        arrival = Arrival(
            upload=found.id,
            sha256=digest,
            size=found.offset,
            received_at=parse_iso(iso(self._clock())),  # as the note will say it
            manifest=manifest_from_dict(found.manifest),
            sender=found.sender,
            sidecars=found.sidecars,
        )
        disk.make_folder(self._layout.inbox)
        write_arrival(self._layout.arrival(found.id), arrival)
        return arrival

    def _checked(self, found: Upload, digest: Sha256) -> Sha256:
        if found.manifest.get("sha256", digest.hex) != digest.hex:
            self._remove(found, "terminated")
            raise other_bytes()
        return digest

    def _remove(self, found: Upload, end: End) -> None:
        """Told before it goes: whoever asks meanwhile finds the upload or this."""
        self._tell_end(replace(found, end=end))
        upload_files.remove(self._layout, found)
        self._states.forget(found.id)

    def _tell_end(self, ended: Upload) -> None:
        write_end(self._layout.upload_ended(ended.id), ended, at=self._clock())

    # ---- all of them -----------------------------------------------------------------------

    def _recovered(self, upload: str) -> Arrival | None:
        """One damaged upload must not keep the others from being recovered."""
        try:
            with upload_files.locked(self._layout, upload) as found:
                if self._is_done_with(upload):
                    upload_files.remove(self._layout, found)
                elif found.final_of and not self._noted_before(upload):
                    self._remove(found, "terminated")  # its parts are all still there
                elif found.is_full and not found.is_partial:
                    return self._finish(found)
        except (BusyError, MissingError):
            pass  # somebody is at work on it
        except (BodywornError, OSError):
            _log.exception("upload %s could not be recovered and was left as it is", upload)
        return None

    def _is_done_with(self, upload: str) -> bool:
        """Between note and removal we crashed, and meanwhile it was recorded."""
        with contextlib.suppress(MissingError):
            return read_end(self._layout.upload_ended(upload), upload=upload).end == "received"
        return False

    def _has_expired(self, upload: str, now: datetime) -> bool:
        try:
            with upload_files.locked(self._layout, upload) as found:
                if found.is_full and not found.is_partial:
                    self._finish(found)
                elif found.expires_at <= now:
                    self._remove(found, "expired")
                    return True
        except BusyError:
            return False  # its writer is at work; the next round comes
        except (BodywornError, OSError):
            _log.exception("upload %s could not be looked at and was left as it is", upload)
        return False

    def _forget_ended(self, before: datetime) -> None:
        for upload in upload_files.ended(self._layout):
            with contextlib.suppress(MissingError):
                path = self._layout.upload_ended(upload)
                if read_end(path, upload=upload).created_at < before:
                    path.unlink(missing_ok=True)
