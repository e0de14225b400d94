"""The vault: the one way to stored bytes, which lie sealed.

Callers name bytes by the SHA-256 of the plain bytes and get plain bytes, at any offset, for the
blob's data key. Whether bytes are here, and how many, can be asked without one. How they lie on
the disk (`store.sealed`) is nobody else's business: nothing above may open a blob's path by
itself, or take a file's size for the size of the bytes.

A blob is written once and never changes: writing it again is no error and changes nothing. The
same bytes may arrive twice, though, when the first ones no longer open for the store; then both
are kept, the second as a **spare**, until `settle` is told which of them is good.
Leaves to others: where blobs lie (`store.layout`), bucket keys (`store.keyring`), who is given a
data key, what the bytes are evidence of (`records`), and copies elsewhere.
"""

import contextlib
import hashlib
import io
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from bodyworn.core.clock import Clock, system_clock
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, MissingError
from bodyworn.core.tasks import Progress, silent
from bodyworn.store import disk
from bodyworn.store.births import Births
from bodyworn.store.chunk_file import BLOCK, Buffers
from bodyworn.store.keyring import Bucket, Keyring
from bodyworn.store.layout import Layout
from bodyworn.store.sealed import DataKey, Header
from bodyworn.store.sealed_reading import PlainStream, PlainText, SealedFile
from bodyworn.store.sealed_writing import write_sealed

LITTER_AGE_S = 24 * 3600  # seconds since anybody wrote to it
_BUFFERED = 32 << 10  # bytes
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Slot:
    """A data key, wrapped, and the bucket under which it is."""

    bucket: Bucket
    wrapped: bytes  # 40 bytes, RFC 3394


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Bytes that are durable in the vault."""

    digest: Sha256  # of the plain bytes
    size: int  # plain bytes
    slot: Slot  # the wrap of birth
    is_spare: bool = False  # the same bytes lie here already, and could not be compared: `settle`


class Vault:
    """Bytes by digest. Safe for use by several threads and processes at once."""

    def __init__(
        self, layout: Layout, keyring: Keyring | None = None, clock: Clock = system_clock
    ) -> None:
        """Nothing is touched until something is asked for; without a keyring nothing is kept."""
        self._layout = layout
        self._buffers = Buffers()
        self.births = Births(keyring, clock)  # for `store.upload`, and for nobody else

    # ---- without a key ---------------------------------------------------------------------

    def has(self, digest: Sha256) -> bool:
        """Whether these bytes are kept here."""
        return self._layout.blob(digest).is_file()

    def size(self, digest: Sha256) -> int:
        """How many plain bytes there are. Raises MissingError blob.missing, DamagedError."""
        with self._file(digest) as file:
            return file.size

    def slot(self, digest: Sha256) -> Slot:
        """The wrap of birth. Raises MissingError blob.missing, DamagedError blob.changed."""
        with _naming(digest), self._file(digest) as file:
            return _slot(file.header())

    # ---- with its key ----------------------------------------------------------------------

    def open(self, digest: Sha256, key: DataKey) -> BinaryIO:
        """The plain bytes as a seekable stream; the caller closes it.

        Opening and reading raise MissingError blob.missing, DamagedError blob.changed, .other-key.
        """
        file = self._file(digest)
        try:
            with _naming(digest):
                stream = _BlobStream(file, file.unlocked(key), digest)
        except BaseException:
            file.close()
            raise
        return cast("BinaryIO", io.BufferedReader(stream, _BUFFERED))

    def read_at(self, digest: Sha256, offset: int, length: int, key: DataKey) -> bytearray:
        """Plain bytes from `offset`; fewer than `length` only at the end. Raises as `open` does."""
        with _naming(digest), self._file(digest) as file:
            # Nothing is an answer too, and must not be believed either: one byte at least.
            found = bytearray(max(1, min(length, file.size - offset)))
            count = file.unlocked(key).read_into(offset, memoryview(found))
            del found[min(count, length) :]
            return found

    def check(self, digest: Sha256, key: DataKey, *, progress: Progress = silent) -> Sha256:
        """Read and hash everything again. Raises as `open` does."""
        with _naming(digest), self._file(digest) as file:
            found = _hash(file.unlocked(key), progress)
        if found != digest:
            raise _changed(digest)
        return digest

    # ---- keeping ---------------------------------------------------------------------------

    def keep(self, stream: BinaryIO, *, progress: Progress = silent) -> Kept:
        """Seal and keep everything that the stream still holds; durable when this returns.

        `progress` is called with the bytes so far and 0, because a stream has no known end.
        Raises SetupError disk.full, key.no-keyring, and then nothing is left behind.
        """
        seal, temporary = self.births.begin(), self._temporary()
        blocks = self._buffers.take()
        try:
            digest, size = write_sealed(stream, temporary, seal, blocks=blocks, progress=progress)
            return self.take_over(temporary, header=seal.header, digest=digest, size=size)
        finally:
            self._buffers.give_back(blocks)
            temporary.unlink(missing_ok=True)

    def keep_bytes(self, data: bytes) -> Kept:
        """Keep a few bytes that are in memory. Raises as `keep` does."""
        return self.keep(io.BytesIO(data))

    def keep_file(self, path: Path, *, progress: Progress = silent) -> Kept:
        """Keep a plain file that nobody writes to any more, and remove it. Raises as `keep`."""
        with path.open("rb") as stream:
            kept = self.keep(stream, progress=progress)
        path.unlink()
        return kept

    def take_over(self, path: Path, *, header: Header, digest: Sha256, size: int) -> Kept:
        """Give a sealed file of the same file system its lasting name, beside the one it has.

        The file MUST be flushed, whole, and MUST NOT be written to any more; header, digest and
        size are believed. May be repeated. What lies there already is compared, not trusted:
        raises DamagedError blob.changed, and keeps both.
        """
        kept = Kept(digest=digest, size=size, slot=_slot(header))
        try:
            disk.name_durably(path, self._layout.blob(digest))
        except DamagedError:
            return self._again(path, kept)
        return kept

    def settle(self, digest: Sha256, key: DataKey | None) -> Slot | None:
        """Where a spare lies, end with one: the slot of the blob that is new, None if none is.

        With the first one's key, it is read again and, being good, makes the spare superfluous;
        raises DamagedError blob.changed otherwise, and both stay. Without a key (it is destroyed,
        or the first is known to be damaged) the spare takes its place. May be repeated.
        """
        spare = self._layout.spare(digest)
        if not spare.exists():
            return None
        if key is None:
            disk.move(spare, self._layout.blob(digest))
            return self.slot(digest)
        self.check(digest, key)
        spare.unlink(missing_ok=True)
        return None

    def sweep(self) -> None:
        """Remove what crashes have left on its way to a name; nothing that is being written."""
        oldest = time.time() - LITTER_AGE_S
        for path in self._layout.incoming.glob("*"):
            try:
                if path.lstat().st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:  # somebody else sweeps
                continue
            except OSError as error:
                # A folder, or a file of another user: no litter of ours, and no reason for an
                # upload door not to open.
                _log.warning("What lies in the way of new blobs stays there: %s", error)

    def _again(self, path: Path, kept: Kept) -> Kept:
        """These bytes lie here already, in another seal: the same ones, if they still open."""
        try:
            return replace(kept, slot=self._compared(self._layout.blob(kept.digest), kept))
        except MissingError:  # whoever entered them in the records has the key, and we have not
            return self._spare(path, kept)
        except FileNotFoundError:  # erased in this very moment
            disk.name_durably(path, self._layout.blob(kept.digest))
            return kept

    def _spare(self, path: Path, kept: Kept) -> Kept:
        spare = self._layout.spare(kept.digest)
        with contextlib.suppress(FileNotFoundError, MissingError, DamagedError):
            return replace(kept, slot=self._compared(spare, kept), is_spare=True)
        temporary = self._temporary()
        disk.name_durably(path, temporary)
        disk.move(temporary, spare)
        return replace(kept, is_spare=True)

    def _compared(self, path: Path, kept: Kept) -> Slot:
        """Raises MissingError if its key of birth is gone, DamagedError blob.changed."""
        with _naming(kept.digest), SealedFile.open(path) as file:
            header = file.header()
            found = _hash(file.unlocked(self.births.key(header)), silent)
        if found != kept.digest:
            raise _changed(kept.digest)
        return _slot(header)

    def _file(self, digest: Sha256) -> SealedFile:
        try:
            with _naming(digest):
                return SealedFile.open(self._layout.blob(digest))
        except FileNotFoundError:
            raise _missing(digest) from None

    def _temporary(self) -> Path:
        disk.make_folder(self._layout.incoming)
        return disk.temporary_name(self._layout.incoming / "blob")


class _BlobStream(PlainStream):
    """A stream whose errors name the blob."""

    def __init__(self, file: SealedFile, plain: PlainText, digest: Sha256) -> None:
        super().__init__(file, plain)
        self._digest = digest

    def readinto(self, into: Any, /) -> int:
        with _naming(self._digest):
            return super().readinto(into)


def hash_file(path: Path) -> Sha256:
    """The SHA-256 of a plain file, read once."""
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


def _hash(plain: PlainText, progress: Progress) -> Sha256:
    """Reads to the end even of nothing, because only the last chunk tells that there is one."""
    state, at, block = hashlib.sha256(), 0, memoryview(bytearray(min(BLOCK, plain.size + 1)))
    while got := plain.read_into(at, block):
        state.update(block[:got])
        at += got
        progress(at, plain.size, "reading again")
    return Sha256(state.digest())


def _slot(header: Header) -> Slot:
    return Slot(bucket=header.bucket, wrapped=header.wrapped)


@contextlib.contextmanager
def _naming(digest: Sha256) -> Iterator[None]:
    """Errors of the format know no blob; here they get its name."""
    try:
        yield
    except DamagedError as error:
        match error.code:
            case "seal.other-key":
                raise _other_key(digest) from None
            case "seal.header" | "seal.broken" | "seal.cut" | "key.wrapped-wrong":
                raise _changed(digest, **error.facts) from None
        raise


def _missing(digest: Sha256) -> MissingError:
    return MissingError("blob.missing", f"The bytes {digest.short}… are not kept here.")


def _changed(digest: Sha256, **facts: Any) -> DamagedError:
    return DamagedError(
        "blob.changed",
        f"The stored bytes of {digest.short}… are not what they were.",
        hint="Keep everything as it is; fetch the bytes from a copy elsewhere, and tell the "
        "person who keeps the system: a disk fails, or somebody has changed evidence.",
        **{**facts, "sha256": digest.hex},
    )


def _other_key(digest: Sha256) -> DamagedError:
    return DamagedError(
        "blob.other-key",
        f"The key given is not that of the stored bytes {digest.short}….",
        hint="Keep everything as it is: either the blob's header was changed, or the records and "
        "the data folder come from different backups.",
        sha256=digest.hex,
    )
