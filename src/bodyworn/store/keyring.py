"""Bucket keys: the keys that wrap data keys, outside the database and its backups.

Every sealed blob has a data key of its own, and that is kept only wrapped (AES key wrap, RFC 3394)
under the key of a bucket. To destroy a bucket's key is to erase every blob of the bucket, wherever
copies of its sealed bytes or of the wrapped keys may lie. A bucket is a day of arrivals, or one
retention rule with one day of expiry; a generation is the bucket after those who stay were wrapped
afresh.

A destroyed key leaves a mark without secret, so that "destroyed" and "lost" are two answers, and
so that its name never comes to mean another key. Nothing is cached here: a key that one process
has destroyed is gone for all of them. Overwriting a file in place does not reach what a flash disk
or a copying file system has set aside; where that matters the keys belong into a token
(`store.token`), or the folder onto an encrypted disk. Who may ask for a key to be unwrapped is for
`work`.
"""

import contextlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.store import disk

KEY_SIZE = 32  # bytes, of bucket keys and data keys
WRAPPED_SIZE = KEY_SIZE + 8  # bytes; RFC 3394 adds one block of 8
_NAME = re.compile(r"[A-Za-z0-9._:/@+-]{1,100}")
_KEY, _DESTROYED = ".key", ".destroyed"


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """What is destroyed together: `arrival-2026-11-22`, `evidence/2027-11-22`, …"""

    name: str  # 1 to 100 of letters, digits and ._:/@+-
    generation: int = 1  # counted from 1

    def __post_init__(self) -> None:
        if not (_NAME.fullmatch(self.name) and self.generation >= 1):
            raise DamagedError("key.bucket-name", f"{self.name[:100]!r} cannot name a bucket.")

    def __str__(self) -> str:
        return f"{self.name}.{self.generation}"


class Keyring(Protocol):
    """Where bucket keys live. They never leave it. Safe between threads."""

    def wrap(self, bucket: Bucket, key: bytes) -> bytes:
        """The 32-byte key, wrapped into 40 bytes; a bucket key is made where there is none yet.

        Raises RefusedError key.bucket-closed if the bucket's key was destroyed.
        """

    def unwrap(self, bucket: Bucket, wrapped: bytes) -> bytes:
        """The key again. Raises MissingError key.destroyed, .missing, DamagedError
        key.wrapped-wrong."""

    def destroy(self, bucket: Bucket) -> None:
        """Destroy the bucket's key, durably; no error if that is done already."""

    def buckets(self) -> list[Bucket]:
        """Every bucket whose key is here, sorted."""


class KeyFolder:
    """A keyring in a folder: a file of 32 bytes a bucket, 0600, in a folder that is 0700."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when the first key is."""
        self._folder = folder

    def wrap(self, bucket: Bucket, key: bytes) -> bytes:
        """See `Keyring`."""
        if self._mark(bucket).exists():
            raise closed(bucket)
        return aes_key_wrap(self._read(bucket) or self._make(bucket), key)

    def unwrap(self, bucket: Bucket, wrapped: bytes) -> bytes:
        """See `Keyring`."""
        if self._mark(bucket).exists():
            raise destroyed(bucket)
        own = self._read(bucket)
        if own is None:
            raise missing(bucket)
        try:
            return aes_key_unwrap(own, wrapped)
        except (InvalidUnwrap, ValueError):
            raise wrong_wrap(bucket) from None

    def destroy(self, bucket: Bucket) -> None:
        """See `Keyring`; marked first, so that a crash in between destroys and does not revive."""
        disk.make_folder(self._folder)
        # 1. from here on nobody wraps or unwraps
        disk.write_once(self._mark(bucket), b"")
        # 2. the key's bytes, and then its name
        with contextlib.suppress(FileNotFoundError):
            _overwrite(self._path(bucket))
            self._path(bucket).unlink()
        disk.flush_folder(self._folder)

    def buckets(self) -> list[Bucket]:
        """See `Keyring`."""
        return sorted(_bucket(path) for path in self._folder.glob(f"[!.]*{_KEY}"))

    def _read(self, bucket: Bucket) -> bytes | None:
        try:
            own = disk.read_file(self._path(bucket))
        except FileNotFoundError:
            return None
        if len(own) != KEY_SIZE:
            raise damaged(bucket)
        return own

    def _make(self, bucket: Bucket) -> bytes:
        """A new key; of two that are made at once the first is believed by both."""
        disk.make_folder(self._folder)
        path = self._path(bucket)
        temporary = disk.write_beside(path, secrets.token_bytes(KEY_SIZE))
        try:
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
            disk.flush_folder(self._folder)
        finally:
            temporary.unlink()
        own = self._read(bucket)
        if own is None:  # destroyed in this very moment
            raise closed(bucket)
        return own

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"{_safe(bucket)}{_KEY}"

    def _mark(self, bucket: Bucket) -> Path:
        return self._folder / f"{_safe(bucket)}{_DESTROYED}"


def destroyed(bucket: Bucket) -> MissingError:
    """The answer for what was erased on purpose."""
    return MissingError(
        "key.destroyed",
        f"The key of {bucket} was destroyed, and with it every copy of what it sealed.",
        hint="This cannot be undone; the log says who asked for it, when, and by which rule.",
        bucket=str(bucket),
    )


def missing(bucket: Bucket) -> MissingError:
    """The answer for a key that nobody destroyed and that is not here."""
    return MissingError(
        "key.missing",
        f"The key of {bucket} is not here, and nothing says that it was destroyed.",
        hint="Bring back keys/buckets from the backup of the keys, or connect the key token.",
        bucket=str(bucket),
    )


def closed(bucket: Bucket) -> RefusedError:
    """The answer to whoever wants to put something into a bucket that was destroyed."""
    return RefusedError(
        "key.bucket-closed",
        f"The key of {bucket} was destroyed; nothing more can be sealed under it.",
        hint="Use the bucket's next generation.",
        status=409,
        bucket=str(bucket),
    )


def wrong_wrap(bucket: Bucket) -> DamagedError:
    """The answer for a wrapped key that was changed, or is another bucket's."""
    return DamagedError(
        "key.wrapped-wrong",
        f"A wrapped key does not open under the key of {bucket}.",
        hint="Keep everything as it is: a wrapped key was changed, or the keys and the database "
        "come from different backups.",
        bucket=str(bucket),
    )


def damaged(bucket: Bucket) -> DamagedError:
    """The answer for a key that has the wrong size."""
    return DamagedError(
        "key.damaged",
        f"The key of {bucket} is not {KEY_SIZE} bytes long.",
        hint="Bring back keys/buckets from the backup of the keys.",
        bucket=str(bucket),
    )


def _safe(bucket: Bucket) -> str:
    """A file name from which the bucket can be read again; a slash must not make a folder."""
    return f"{quote(bucket.name, safe='')}.{bucket.generation}"


def _bucket(path: Path) -> Bucket:
    name, _, generation = path.name.removesuffix(_KEY).rpartition(".")
    return Bucket(unquote(name), int(generation))


def _overwrite(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        disk.write_all(handle, bytes(KEY_SIZE))
        os.fsync(handle)
    finally:
        os.close(handle)
