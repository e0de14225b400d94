"""The dock's own disk: one folder a recording, with its bytes and a durable journal.

SPOOL/<key>/bytes          the one copy from the camera, flushed before the journal names it
SPOOL/<key>/journal.json   what has been done, replaced as a whole
SPOOL/lock                 one dock at a time

A journal is written after the step that it names. So a step may be done twice after a loss of
power, and every step is one that may be done twice; none is ever left out.
"""

import base64
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, BusyError, DamagedError
from bodyworn.core.manifest import manifest_from_dict, manifest_to_dict
from bodyworn.core.tasks import Progress
from bodyworn.core.types import Manifest
from bodyworn.devices.camera import Held

CHUNK = 1024 * 1024  # bytes read at a time


class Step(StrEnum):
    """How far a recording has come."""

    COPIED = "copied"  # its bytes are safe on the spool
    OPENED = "opened"  # the API gave an upload and a ticket
    SENT = "sent"  # the door has every byte
    RECEIPTED = "receipted"  # there is a receipt; the camera may be wiped


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Where the bytes of one recording go."""

    id: str
    url: str  # of the tus resource at the door
    ticket: str  # what the door believes


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """One recording on its way."""

    key: str  # name of its folder
    step: Step  # the last step that is done
    manifest: Manifest  # with the dock's name and the measured offset of the clock
    size: int  # bytes
    sha256: Sha256  # of the bytes as they were copied
    sidecars: tuple[tuple[str, bytes], ...] = ()
    upload: Upload | None = None  # from OPENED on
    receipt: dict[str, Any] | None = None  # from RECEIPTED on, as the API wrote it


def key_of(held: Held) -> str:
    """The folder name of a recording; the same at every docking of the camera."""
    manifest = held.manifest
    facts = [manifest.device, manifest.sequence, manifest.filename, held.size]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


class Spool:
    """One dock's spool folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)  # footage, and tickets to add to it

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the spool for one dock. Raises BusyError: dock.spool-in-use."""
        with (self._root / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError("dock.spool-in-use", "Another dock uses this spool.") from None
            yield

    def journals(self) -> list[Journal]:
        """All recordings on their way; a copy that was never finished is thrown away."""
        found = []
        for folder in sorted(path for path in self._root.iterdir() if path.is_dir()):
            journal = self.find(folder.name)
            if journal is None:
                self.clear(folder.name)
            else:
                found.append(journal)
        return found

    def find(self, key: str) -> Journal | None:
        """The journal of a recording; None where there is none, or the disk lost a part."""
        try:
            journal = _journal_from(json.loads(self._journal(key).read_bytes()))
            needs_bytes = journal.step is not Step.RECEIPTED
            is_whole = not needs_bytes or self._bytes(key).stat().st_size == journal.size
        except (FileNotFoundError, ValueError, KeyError, TypeError, BodywornError):
            return None
        return journal if is_whole else None

    def copy(self, held: Held, manifest: Manifest, *, progress: Progress) -> Journal:
        """Copy a recording from its camera once, hashing on the way, and write its journal.

        Raises DamagedError: dock.copy-differs, where the bytes are not those that the camera
        speaks of.
        """
        key = key_of(held)
        self.clear(key)
        (self._root / key).mkdir()
        digest, size = self._copy_bytes(held, self._bytes(key), progress)
        if size != held.size or manifest.sha256 not in (None, digest):
            raise DamagedError(
                "dock.copy-differs",
                f"The camera gave other bytes for {manifest.filename} than it speaks of.",
                hint="It stays on the camera. Dock it again; if that does not help, keep it.",
            )
        journal = Journal(
            key=key,
            step=Step.COPIED,
            manifest=manifest,
            size=size,
            sha256=digest,
            sidecars=held.sidecars,
        )
        return self.write(journal)

    def write(self, journal: Journal, **changes: Any) -> Journal:
        """Make this the journal of its recording, durably; returns it."""
        changed = replace(journal, **changes)
        path = self._journal(journal.key)
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(json.dumps(_journal_as_dict(changed)).encode())
            _flush(file)
        os.replace(fresh, path)
        _flush_folder(path.parent)
        return changed

    def open(self, journal: Journal) -> BinaryIO:
        """The copied bytes."""
        return self._bytes(journal.key).open("rb")

    def drop_bytes(self, journal: Journal) -> None:
        """Forget the copy but keep the journal: a receipt waits for its camera."""
        self._bytes(journal.key).unlink(missing_ok=True)

    def clear(self, key: str) -> None:
        """Forget a recording."""
        shutil.rmtree(self._root / key, ignore_errors=True)

    def _copy_bytes(self, held: Held, path: Path, progress: Progress) -> tuple[Sha256, int]:
        digest, done = hashlib.sha256(), 0
        with held.open() as source, path.open("wb") as target:
            while chunk := source.read(CHUNK):
                target.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                progress(done, held.size, f"copying {held.manifest.filename}")
            _flush(target)
        return Sha256(digest.digest()), done

    def _journal(self, key: str) -> Path:
        return self._root / key / "journal.json"

    def _bytes(self, key: str) -> Path:
        return self._root / key / "bytes"


def _journal_as_dict(journal: Journal) -> dict[str, Any]:
    upload = journal.upload
    return {
        "key": journal.key,
        "step": journal.step,
        "manifest": manifest_to_dict(journal.manifest),
        "size": journal.size,
        "sha256": journal.sha256.hex,
        "sidecars": [[name, base64.b64encode(data).decode()] for name, data in journal.sidecars],
        "upload": [upload.id, upload.url, upload.ticket] if upload else None,
        "receipt": journal.receipt,
    }


def _journal_from(data: dict[str, Any]) -> Journal:
    upload = data["upload"]
    return Journal(
        key=data["key"],
        step=Step(data["step"]),
        manifest=manifest_from_dict(data["manifest"]),
        size=data["size"],
        sha256=Sha256.parse(data["sha256"]),
        sidecars=tuple((name, base64.b64decode(text)) for name, text in data["sidecars"]),
        upload=Upload(id=upload[0], url=upload[1], ticket=upload[2]) if upload else None,
        receipt=data["receipt"],
    )


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    # A rename is durable only when the folder that holds the name is.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
