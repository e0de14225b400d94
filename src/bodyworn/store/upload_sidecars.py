"""The small files that travel with an upload, sealed before they touch the disk.

Each is a whole sealed blob from the beginning, `<id>.sidecar.0` and so on, under a key of its own.
It gets its lasting name when the upload is finished, and goes with an upload that never is. What it
is called, its digest and its size stand in `<id>.json`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.core.types import Sidecar
from bodyworn.store import disk
from bodyworn.store.births import Births
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Vault
from bodyworn.store.sealed import HEADER, PLAIN, Header, Kind, Seal, place, sealed_size
from bodyworn.store.sealed_reading import SealedFile
from bodyworn.store.upload_notes import Upload
from bodyworn.store.upload_refusals import damaged

MOST_SIDECARS = 16
LARGEST_SIDECAR = 1 << 20  # bytes

Sidecars = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sidecar as it goes to the disk."""

    told: Sidecar
    file: bytes  # header, chunks, end


def sealed(sidecars: Sidecars, births: Births) -> tuple[Sealed, ...]:
    """Seal them in memory. Raises RefusedError upload.sidecars-too-large, .sidecar-name."""
    _check(sidecars)
    return tuple(
        Sealed((name, Sha256.of(data), len(data)), _sealed(data, births.begin()))
        for name, data in sidecars
    )


def write(layout: Layout, upload: str, sidecars: Sequence[Sealed]) -> None:
    """Their files, not flushed. Raises SetupError disk.full."""
    for number, one in enumerate(sidecars):
        disk.write_new(layout.upload_sidecar(upload, number), one.file)


def flush(layout: Layout, upload: Upload) -> None:
    """Make them survive a power cut. Raises FileNotFoundError."""
    for path in _paths(layout, upload):
        disk.flush_file(path)


def keep(layout: Layout, upload: Upload, vault: Vault) -> None:
    """Give them their lasting names in the vault, beside those that they have; may be repeated.

    They are read once more before: as long as there is no receipt the sender still has them.
    Raises DamagedError upload.damaged.
    """
    try:
        flush(layout, upload)
        headers = [
            _read_again(path, digest, vault.births)
            for path, (_, digest, _) in zip(_paths(layout, upload), upload.sidecars, strict=True)
        ]
    except (DamagedError, FileNotFoundError):
        raise damaged(upload.id) from None
    for path, header, told in zip(_paths(layout, upload), headers, upload.sidecars, strict=True):
        _, digest, size = told
        vault.take_over(path, header=header, digest=digest, size=size)


def remove(layout: Layout, upload: Upload) -> None:
    """Take their files away; no error for what is gone."""
    for path in _paths(layout, upload):
        path.unlink(missing_ok=True)


def _paths(layout: Layout, upload: Upload) -> list[Path]:
    return [layout.upload_sidecar(upload.id, number) for number in range(len(upload.sidecars))]


def _sealed(data: bytes, seal: Seal) -> bytes:
    plain, whole = memoryview(data), bytearray(sealed_size(len(data)))
    count = len(data) // PLAIN
    whole[:HEADER] = seal.header.to_bytes()
    into = memoryview(whole)
    seal.seal_into(plain[: count * PLAIN], into[HEADER : place(count)], first=0)
    last = into[place(count) :]
    seal.seal_into(plain[count * PLAIN :], last, first=count, kind=Kind.LAST)
    return bytes(whole)


def _read_again(path: Path, digest: Sha256, births: Births) -> Header:
    """Raises DamagedError, FileNotFoundError."""
    with SealedFile.open(path) as file:
        header = file.header()
        opened = file.unlocked(births.key(header))
        plain = memoryview(bytearray(opened.size + 1))  # one more, so that the end is proved
        found = hashlib.sha256(plain[: opened.read_into(0, plain)]).digest()
    if Sha256(found) != digest:
        raise damaged(path.name)
    return header


def _check(sidecars: Sidecars) -> None:
    hint = f"At most {MOST_SIDECARS} sidecars of {LARGEST_SIDECAR >> 20} MiB travel with a video."
    if len(sidecars) > MOST_SIDECARS or any(len(data) > LARGEST_SIDECAR for _, data in sidecars):
        raise RefusedError("upload.sidecars-too-large", "Too many sidecars.", hint=hint, status=413)
    if any(not (0 < len(name) <= 200 and name.isprintable()) for name, _ in sidecars):
        raise RefusedError("upload.sidecar-name", "A sidecar has a printable name.", status=400)
