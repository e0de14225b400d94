"""Taking a recording out, with everything that a stranger needs to check it.

    FOLDER/
      <original name>          the very bytes that arrived
      sidecars/<name>          what came beside them
      custody.json             its events, each with the salts that open its leaf
      proofs/<index>.tlog-proof  each event's place in the signed log (C2SP tlog-proof)
      checkpoint  log.vkey     the log's signature over all of it, and its public key
      receipt.txt              what the sender of the bytes was told, signed
      SHA256SUMS  README.txt   for `sha256sum -c`, and in plain words

It goes out whole or not at all: the folder gets its name last. The export is itself an event, and
its proof is among those in the folder.
"""

import shutil
import time
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from bodyworn.core.clock import iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BusyError, DamagedError, RefusedError
from bodyworn.core.tasks import Progress, silent
from bodyworn.core.terms import CopyKind, EventType, Operation, Purpose
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.records import ledger
from bodyworn.records.models import Copy, Recording
from bodyworn.records.models import CustodyEvent as EventRow
from bodyworn.rules.access import Action
from bodyworn.store import disk
from bodyworn.store.seal import hash_file
from bodyworn.store.sealed import DataKey
from bodyworn.work import export_words
from bodyworn.work.house import House
from bodyworn.work.keys import keys_of
from bodyworn.work.log import integrate
from bodyworn.work.receipts import receipt_of, signed
from bodyworn.work.review import judged
from bodyworn.work.taken_out import (
    custody_json,
    heads_of,
    proof_name,
    proof_of,
    published_events,
    safe_name,
)

BLOCK = 1 << 20  # bytes
PATIENCE_S = 10  # seconds for another process's sequencer to publish our event
OURS = {
    "checkpoint",
    "custody.json",
    "log.vkey",
    "proofs",
    "readme.txt",
    "receipt.txt",
    "sha256sums",
    "sidecars",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Export:
    house: House
    actor: Actor
    purpose: Purpose
    recording: Recording
    event: EventRow  # the disclosure itself
    keys: Mapping[Sha256, DataKey] = field(repr=False)  # of master and sidecars
    folder: Path  # where it is put together


def export(
    house: House,
    actor: Actor,
    reference: str,
    folder: Path,
    *,
    purpose: Purpose,
    progress: Progress = silent,
) -> list[Path]:
    """Write a recording with its proofs to a new folder; the files, relative to it.

    Raises RefusedError export.folder-not-empty, access.refused; MissingError
    records.no-recording; DamagedError export.changed where the bytes are not what they were;
    SetupError disk.full; BusyError log.busy.

    1. See that nothing is there that could be overwritten.
    2. Ask the rule; a refusal is put on record.
    3. Put the disclosure on record, before a byte leaves.
    4. Publish it, so that its proof can go along.
    5. Have it open the bytes: no key is given out for an event that the log has not taken.
    6. Write the files beside, compare the bytes with their digest, list the sums.
    7. Give the folder its name.
    """
    _refuse_occupied(folder)  # 1
    recording = judged(house, actor, Action.EXPORT, reference)  # 2
    event = _put_on_record(house, actor, recording, purpose=purpose)  # 3
    _publish(house, event)  # 4
    copies = list(recording.copies.filter(kind__in=(CopyKind.MASTER, CopyKind.SIDECAR)))
    digests = {Sha256.parse(copy.sha256) for copy in copies}
    keys = keys_of(house).release(event.uid, sorted(digests))  # 5
    folder = folder.resolve()
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with disk.full_disk_explained():
            beside.parent.mkdir(parents=True, exist_ok=True)
            beside.mkdir(0o700)  # footage: whoever wants to share it, does so on purpose
            this = _Export(
                house=house,
                actor=actor,
                purpose=purpose,
                recording=recording,
                event=event,
                keys=keys,
                folder=beside,
            )
            _write_all(this, progress)  # 6
            beside.replace(folder)  # 7
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _refuse_occupied(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise RefusedError(
            "export.folder-not-empty",
            f"{folder} is there already, and not empty.",
            hint="Name a folder that does not exist; nothing is ever overwritten.",
            status=409,
        )


def _put_on_record(
    house: House, actor: Actor, recording: Recording, *, purpose: Purpose
) -> EventRow:
    master = recording.copies.get(kind=CopyKind.MASTER)
    event = CustodyEvent(
        type=EventType.EXPORT,
        operation=Operation.DISCLOSURE,
        at=house.now(),
        actor=actor.name,
        subject=recording.reference,
        purpose=purpose,
        detail={"what": "original", "sha256": master.sha256, "size": master.size},
    )
    with transaction.atomic():
        return ledger.record(event, recording=recording)


def _publish(house: House, event: EventRow) -> None:
    """By ourselves, or by the process that keeps this house. Raises BusyError log.busy."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        integrate(house)
        index = EventRow.objects.values_list("leaf_index", flat=True).get(pk=event.pk)
        if index is not None and index < house.log.size:
            return
        time.sleep(0.05)
    raise BusyError(
        "log.busy",
        "The log is being extended by another process, which does not come to an end.",
        retry_after=PATIENCE_S,
    )


def _write_all(this: _Export, progress: Progress) -> None:
    _write_copies(this, progress)
    _write_custody(this)
    log, signer = this.house.layout.log, this.house.signer
    shutil.copyfile(log / "checkpoint", this.folder / "checkpoint")
    (this.folder / "log.vkey").write_text(signer.verifier.text + "\n")
    receipt = signed(this.house, receipt_of(this.house, this.recording))
    (this.folder / "receipt.txt").write_text(receipt)
    (this.folder / "README.txt").write_text(_readme(this))
    _write_sums(this.folder)


def _write_copies(this: _Export, progress: Progress) -> None:
    master = this.recording.copies.get(kind=CopyKind.MASTER)
    _write_copy(this, master, this.folder / _name_of(master, OURS), progress)
    taken: set[str] = set()
    for copy in this.recording.copies.filter(kind=CopyKind.SIDECAR).order_by("id"):
        name = _name_of(copy, taken)
        taken.add(name.lower())
        (this.folder / "sidecars").mkdir(exist_ok=True)
        _write_copy(this, copy, this.folder / "sidecars" / name, progress)


def _write_copy(this: _Export, copy: Copy, path: Path, progress: Progress) -> None:
    """Copied once, and read again from where it now lies: what leaves is what was kept."""
    done, digest = 0, Sha256.parse(copy.sha256)
    with this.house.vault.open(digest, this.keys[digest]) as source, path.open("xb") as target:
        while block := source.read(BLOCK):
            target.write(block)
            done += len(block)
            progress(done, copy.size, f"writing {path.name}")
    if hash_file(path).hex != copy.sha256:
        raise DamagedError(
            "export.changed", f"The stored bytes of {path.name} are not what they were."
        )


def _write_custody(this: _Export) -> None:
    heads = heads_of(this.house)
    (this.folder / "proofs").mkdir()
    events = published_events(this.recording, heads)
    for row in events:
        (this.folder / proof_name(row)).write_text(proof_of(this.house, row, heads))
    facts = {
        "log": this.house.settings.log_origin,
        "exported_at": iso(this.event.at),
        "exported_by": this.actor.name,
        "purpose": this.purpose.value,
    }
    text = custody_json(this.recording, events, facts)
    (this.folder / "custody.json").write_text(text, encoding="utf-8")


def _readme(this: _Export) -> str:
    return export_words.readme(
        reference=this.recording.reference,
        force=this.house.settings.force_name,
        origin=this.house.settings.log_origin,
        exported_at=iso(this.event.at),
        who=this.actor.display or this.actor.name,
        purpose=this.purpose,
        original=_name_of(this.recording.copies.get(kind=CopyKind.MASTER), OURS),
    )


def _write_sums(folder: Path) -> None:
    lines = [f"{hash_file(path).hex}  {path.relative_to(folder)}\n" for path in _files(folder)]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _name_of(copy: Copy, taken: Container[str]) -> str:
    name = safe_name(copy.name, otherwise=copy.kind)
    return f"{copy.sha256[:6]}-{name}" if name.lower() in taken else name
