"""Emptying a camera, in six steps that may each be interrupted.

1. Copy the recording once into the spool, hashing while it is copied.
2. Open an upload at the API; it answers with a ticket, or with a receipt if it has the bytes.
3. Send the bytes to the door by tus, from wherever the door has got to.
4. Ask for the receipt; the log must have signed it, for what was sent.
5. Wipe the camera against it.
6. Clear the spool.

After each of 1 to 4 the journal says so durably. A dock that is killed goes on at the step it
was at; the door's offset, the API's `already` and the camera's own refusal make every step safe
to do twice. How a signature is judged is for `custody`: a dock is handed something that opens a
signed note, and believes that and no answer of a server.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from bodyworn.core.clock import Clock, system_clock
from bodyworn.core.errors import BodywornError, BusyError, DamagedError, MissingError, RefusedError
from bodyworn.core.tasks import Progress, silent
from bodyworn.core.types import Manifest, Receipt
from bodyworn.devices.camera import ENOUGH, Camera, Held
from bodyworn.devices.dock.address import Server
from bodyworn.devices.dock.line import GoneError, Line
from bodyworn.devices.dock.patience import Patience
from bodyworn.devices.dock.receipt import SignedReceipt, receipt_from_dict
from bodyworn.devices.dock.spool import Journal, Spool, Step, Upload, key_of
from bodyworn.rules.sequence import Finding, findings

LARGEST_SIDECAR = 1024 * 1024  # bytes; the API takes no larger ones
REOPENINGS = 3  # times that one recording's upload may be lost by the door at one docking

NO_RECEIPT = {"camera.no-receipt", "dock.receipt-too-early"}
CheckNote = Callable[[str], Receipt]
"""The receipt in a signed note. Raises DamagedError where the log's key has not signed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Docked:
    """What became of one recording."""

    filename: str
    sequence: int | None  # the camera's count
    receipt: Receipt | None  # None where there is a problem
    note: str  # the receipt as it was signed, else empty
    was_wiped: bool  # it is no longer on the camera
    problem: BodywornError | None = None  # why it is still on its way


class Dock:
    """One dock with its own name, token and spool."""

    def __init__(
        self,
        name: str,
        *,
        http: httpx.Client,
        server: Server,
        spool: Path,
        check_note: CheckNote,
        clock: Clock = system_clock,
        patience: Patience | None = None,
    ) -> None:
        """Nothing is asked yet; the spool's folder is made."""
        self.name = name
        self._line = Line(http=http, server=server, patience=patience or Patience())
        self._check_note = check_note
        self._spool = Spool(spool)
        self._clock = clock

    def empty(self, camera: Camera, *, progress: Progress = silent) -> list[Docked]:
        """Bring in everything that the camera holds, and what earlier dockings left in the spool.

        One recording's trouble does not keep the others; it is in `Docked.problem`. Raises
        BusyError: dock.spool-in-use, MissingError where the camera is gone.
        """
        with self._spool.locked():
            offset_ms = self._clock_offset(camera)
            held = {key_of(each): each for each in camera.held()}
            left = [each for each in self._spool.journals() if each.key not in held]
            self._tidy(camera, left)
            unsent = [each for each in left if each.step is not Step.RECEIPTED]
            alone = [self._go_on_alone(journal, progress) for journal in unsent]
            return alone + list(self._empty_all(camera, held, offset_ms, progress))

    def _empty_all(
        self, camera: Camera, held: dict[str, Held], offset_ms: int | None, progress: Progress
    ) -> Iterator[Docked]:
        silence: BusyError | None = None
        for each in held.values():
            # A server that does not answer will not answer for the next one either.
            if silence is not None:
                yield _trouble(each.manifest, silence)
                continue
            docked = self._empty_one(camera, each, offset_ms, progress)
            silence = docked.problem if isinstance(docked.problem, BusyError) else None
            yield docked

    def _empty_one(
        self, camera: Camera, held: Held, offset_ms: int | None, progress: Progress
    ) -> Docked:
        manifest = replace(held.manifest, dock=self.name, clock_offset_ms=offset_ms)
        try:
            _check_sidecars(held)
            journal = self._spool.find(key_of(held))
            journal = journal or self._spool.copy(held, manifest, progress=progress)
            signed = self._receipt_for(journal, progress)
            was_wiped = self._wipe(camera, held, signed.receipt)
        except (BodywornError, OSError) as error:
            return _trouble(manifest, self._trouble_with(held, error))
        self._spool.clear(journal.key)
        return _docked(manifest, signed, was_wiped=was_wiped)

    def _go_on_alone(self, journal: Journal, progress: Progress) -> Docked:
        """Finish a recording whose camera is not here; its receipt waits for the camera."""
        try:
            signed = self._receipt_for(journal, progress)
        except (BodywornError, OSError) as error:
            return _trouble(journal.manifest, _as_ours(error))
        self._spool.drop_bytes(journal)
        return _docked(journal.manifest, signed, was_wiped=False)

    def _tidy(self, camera: Camera, left: list[Journal]) -> None:
        """Forget what this camera was wiped of before the spool could be cleared."""
        for journal in left:
            if journal.step is Step.RECEIPTED:
                self._spool.drop_bytes(journal)
                if journal.manifest.device == camera.device.serial:
                    self._spool.clear(journal.key)

    def _receipt_for(self, journal: Journal, progress: Progress) -> SignedReceipt:
        """Steps 2 to 4, from wherever the journal stands."""
        for _ in range(REOPENINGS):
            try:
                return self._receipt_or_gone(journal, progress)
            except GoneError:
                journal = self._spool.write(journal, step=Step.COPIED, upload=None)
        raise BusyError(
            "dock.upload-gone",
            "The door loses this upload again and again.",
            retry_after=60,
            hint="It is safe on the dock. Compare the clocks of dock and server.",
        )

    def _receipt_or_gone(self, journal: Journal, progress: Progress) -> SignedReceipt:
        if journal.receipt is not None:
            return self._genuine(journal, receipt_from_dict(journal.receipt))
        upload = journal.upload or self._line.open(journal)
        if isinstance(upload, SignedReceipt):
            return self._keep(journal, upload)
        if journal.upload is None:
            journal = self._spool.write(journal, step=Step.OPENED, upload=upload)
        # A door forgets an upload when it is finished, too: then the receipt tells.
        with suppress(GoneError):
            journal = self._send(journal, upload, progress)
        return self._keep(journal, self._ask_for_receipt(upload))

    def _send(self, journal: Journal, upload: Upload, progress: Progress) -> Journal:
        if journal.step is Step.SENT:
            return journal
        what = f"sending {journal.manifest.filename}"
        with self._spool.open(journal) as source:
            self._line.send(
                upload,
                source,
                size=journal.size,
                sent=lambda done: progress(done, journal.size, what),
            )
        return self._spool.write(journal, step=Step.SENT)

    def _ask_for_receipt(self, upload: Upload) -> SignedReceipt:
        try:
            return self._line.receipt(upload)
        except MissingError:
            raise GoneError("dock.upload-gone") from None

    def _keep(self, journal: Journal, signed: SignedReceipt) -> SignedReceipt:
        genuine = self._genuine(journal, signed)
        self._spool.write(journal, step=Step.RECEIPTED, receipt=signed.data)
        return genuine

    def _genuine(self, journal: Journal, signed: SignedReceipt) -> SignedReceipt:
        """The same, once the log's own words are for these bytes and say enough."""
        receipt = self._check_note(signed.note)
        _check_same(receipt, signed.receipt, journal)
        _check_durable(receipt, journal)
        return replace(signed, receipt=receipt)

    def _wipe(self, camera: Camera, held: Held, receipt: Receipt) -> bool:
        if camera.may_be_wiped:
            camera.wipe(held, receipt)
        return camera.may_be_wiped

    def _trouble_with(self, held: Held, error: BodywornError | OSError) -> BodywornError:
        """The error as ours. Where bytes disagree, the next docking copies them anew."""
        problem = _as_ours(error)
        if isinstance(problem, DamagedError) or problem.code in NO_RECEIPT:
            self._spool.clear(key_of(held))
        return problem

    def _clock_offset(self, camera: Camera) -> int | None:
        told = camera.clock()
        return round((told - self._clock()).total_seconds() * 1000) if told else None


def odd_counts(docked: list[Docked]) -> list[Finding]:
    """Gaps, repeats and resets in what one camera brought."""
    return findings(each.sequence for each in docked if each.sequence is not None)


def _check_sidecars(held: Held) -> None:
    for name, data in held.sidecars:
        if len(data) > LARGEST_SIDECAR:
            raise RefusedError("dock.sidecar-too-large", f"{name} is larger than 1 MiB.")


def _check_same(receipt: Receipt, told: Receipt, journal: Journal) -> None:
    """What was signed is what was told, and is for what was copied."""
    manifest = journal.manifest
    same = (
        receipt == told
        and receipt.sha256 == journal.sha256
        and receipt.size == journal.size
        and receipt.device == manifest.device
        and receipt.sequence == manifest.sequence
    )
    if not same:
        raise DamagedError(
            "dock.receipt-differs",
            f"The receipt is not for the bytes of {manifest.filename}.",
            hint="The camera was not wiped. Keep the dock as it is and call for help.",
        )


def _check_durable(receipt: Receipt, journal: Journal) -> None:
    if receipt.durability not in ENOUGH:
        raise RefusedError(
            "dock.receipt-too-early",
            f"{journal.manifest.filename} has arrived, and no record of it is committed yet.",
            hint="It stays on the camera. Dock the camera again; it is wiped once it is recorded.",
        )


def _docked(manifest: Manifest, signed: SignedReceipt, *, was_wiped: bool) -> Docked:
    return Docked(
        filename=manifest.filename,
        sequence=manifest.sequence,
        receipt=signed.receipt,
        note=signed.note,
        was_wiped=was_wiped,
    )


def _trouble(manifest: Manifest, problem: BodywornError) -> Docked:
    return Docked(
        filename=manifest.filename,
        sequence=manifest.sequence,
        receipt=None,
        note="",
        was_wiped=False,
        problem=problem,
    )


def _as_ours(error: BodywornError | OSError) -> BodywornError:
    if isinstance(error, BodywornError):
        return error
    return MissingError(
        "dock.cannot-read",
        f"The dock could not read or write: {error.strerror or error}.",
        hint="Check the camera's place in the dock, and the dock's disk.",
    )
