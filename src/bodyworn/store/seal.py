"""The vault: the one way to stored bytes.

Callers name bytes by the SHA-256 of the plain bytes and always get plain bytes, at any offset.
How they lie on the disk is this module's secret. Today the seal is the plain one: a blob is
exactly its bytes, and bytes at rest are not encrypted. An encrypting seal (chunks of AES-GCM)
goes behind the same class, so nothing above may open a blob's path by itself, may take a file's
size for the size of the bytes, or may count on `plain_path` for more than speed.

A blob is written once and never changes: writing it again is no error and changes nothing.
Leaves to others: where blobs lie (`store.layout`), durable writing (`store.disk`), what the
bytes are evidence of (`records`), and copies elsewhere.
"""

import contextlib
import hashlib
import io
import os
import time
from pathlib import Path
from typing import BinaryIO

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, MissingError
from bodyworn.core.tasks import Progress, silent
from bodyworn.store import disk
from bodyworn.store.layout import Layout

LITTER_AGE_S = 24 * 3600  # seconds since anybody wrote to it
BLOCK = 1 << 20  # bytes; one copy of this size is what a stream costs in memory


class Vault:
    """Bytes by digest. Safe for use by several threads and processes at once."""

    def __init__(self, layout: Layout) -> None:
        """Nothing is touched until something is asked for."""
        self._layout = layout

    def has(self, digest: Sha256) -> bool:
        """Whether these bytes are kept here."""
        return self._layout.blob(digest).is_file()

    def size(self, digest: Sha256) -> int:
        """How many plain bytes there are. Raises MissingError blob.missing."""
        try:
            return self._layout.blob(digest).stat().st_size
        except FileNotFoundError:
            raise _missing(digest) from None

    def plain_path(self, digest: Sha256) -> Path | None:
        """A file of exactly the plain bytes, to be read only; None where they are sealed.

        Raises MissingError blob.missing.
        """
        self.size(digest)
        return self._layout.blob(digest)

    def open(self, digest: Sha256) -> BinaryIO:
        """The plain bytes as a seekable stream; the caller closes it. Raises MissingError."""
        try:
            return self._layout.blob(digest).open("rb")
        except FileNotFoundError:
            raise _missing(digest) from None

    def read_at(self, digest: Sha256, offset: int, length: int) -> bytes:
        """Plain bytes from `offset`; fewer than `length` only at the end. Raises MissingError."""
        with self.open(digest) as stream:
            return _read_fully(stream.fileno(), offset, length)

    def keep(self, stream: BinaryIO, *, progress: Progress = silent) -> tuple[Sha256, int]:
        """Keep everything that the stream still holds; (digest, size in bytes) once durable.

        `progress` is called with the bytes so far and 0, because a stream has no known end.
        Raises SetupError disk.full, and then nothing is left behind.
        """
        temporary = self._temporary()
        try:
            with disk.full_disk_explained():
                digest, size = _copy_durably(stream, temporary, progress)
            self._place(temporary, digest)
        finally:
            temporary.unlink(missing_ok=True)
        return digest, size

    def keep_bytes(self, data: bytes) -> Sha256:
        """Keep a few bytes that are in memory; their digest once durable."""
        return self.keep(io.BytesIO(data))[0]

    def keep_file(
        self, path: Path, *, digest: Sha256 | None = None, leave: bool = False
    ) -> tuple[Sha256, int]:
        """Take over a finished file of the same file system; (digest, size in bytes).

        The file MUST be flushed and MUST NOT be written to any more; afterwards it is gone from
        its old name, unless the caller wants to `leave` it there and remove it later. Give
        `digest` where it was computed while the bytes arrived: it is believed. Repeating an
        interrupted call is safe: a file that is gone because its blob is there is no error.
        Raises MissingError blob.missing, DamagedError blob.changed.
        """
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            if digest is None:
                raise
            return digest, self.size(digest)
        digest = digest or hash_file(path)
        self._place(path, digest)
        if not leave:
            path.unlink()
        return digest, size

    def check(self, digest: Sha256, *, progress: Progress = silent) -> Sha256:
        """Read everything again. Raises DamagedError blob.changed, MissingError blob.missing."""
        with self.open(digest) as stream:
            found = hash_stream(stream, of=self.size(digest), progress=progress)
        if found != digest:
            raise _changed(digest)
        return digest

    def sweep(self) -> None:
        """Remove what crashes have left on its way to a name; nothing that is being written."""
        oldest = time.time() - LITTER_AGE_S
        for path in self._layout.incoming.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _temporary(self) -> Path:
        disk.make_folder(self._layout.incoming)
        return disk.temporary_name(self._layout.incoming / "blob")

    def _place(self, temporary: Path, digest: Sha256) -> None:
        """Give a durable file its name; bytes that lie there already are compared, not trusted."""
        path = self._layout.blob(digest)
        try:
            disk.name_durably(temporary, path)
        except DamagedError:
            raise _changed(digest) from None


def hash_file(path: Path) -> Sha256:
    """The SHA-256 of a file, read once."""
    with path.open("rb") as stream:
        return hash_stream(stream, of=path.stat().st_size)


def hash_stream(stream: BinaryIO, *, of: int = 0, progress: Progress = silent) -> Sha256:
    """The SHA-256 of the rest of a stream; `of` is its size in bytes for the bar."""
    state, done = hashlib.sha256(), 0
    while block := stream.read(BLOCK):
        state.update(block)
        done += len(block)
        progress(done, of, "reading again")
    return Sha256(state.digest())


def _copy_durably(stream: BinaryIO, path: Path, progress: Progress) -> tuple[Sha256, int]:
    state, done = hashlib.sha256(), 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, disk.FILE_MODE)
    try:
        while block := stream.read(BLOCK):
            disk.write_all(handle, block)
            state.update(block)
            done += len(block)
            progress(done, 0, "keeping")
        os.fdatasync(handle)
    finally:
        os.close(handle)
    return Sha256(state.digest()), done


def _read_fully(handle: int, offset: int, length: int) -> bytes:
    """One pread may answer with at most 2 GiB - 4 KiB on Linux, and with less on a signal."""
    blocks: list[bytes] = []
    while length > 0 and (block := os.pread(handle, length, offset)):
        blocks.append(block)
        offset += len(block)
        length -= len(block)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def _missing(digest: Sha256) -> MissingError:
    return MissingError("blob.missing", f"The bytes {digest.short}… are not kept here.")


def _changed(digest: Sha256) -> DamagedError:
    return DamagedError(
        "blob.changed",
        f"The stored bytes of {digest.short}… are not what they were.",
        hint="Keep everything as it is; fetch the bytes from a copy elsewhere, and tell the "
        "person who keeps the system: a disk fails, or somebody has changed evidence.",
        sha256=digest.hex,
    )
