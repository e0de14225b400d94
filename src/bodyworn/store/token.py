"""Bucket keys in a hardware token, by PKCS#11: they are made there and never leave it.

A key is an AES-256 secret key object, not extractable, labelled with its bucket; it wraps and
unwraps with CKM_AES_KEY_WRAP, which is the same RFC 3394 as in a folder of keys. The mark of a
destroyed key is a data object. Needs the optional extra `hsm`; a PIN is handed in, never logged.

A token is opened when it is first asked for, once a process, because a session does not survive a
fork; and one thread at a time speaks to it, because a session is one conversation.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bodyworn.core.errors import SetupError
from bodyworn.store.keyring import (
    KEY_SIZE,
    WRAPPED_SIZE,
    Bucket,
    closed,
    destroyed,
    missing,
    wrong_wrap,
)

try:
    import pkcs11
    from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
except ImportError:  # the extra is not installed; told when a token is asked for
    pkcs11 = None  # type: ignore[assignment]

KEY = "bodyworn:bucket:"  # and the bucket: the label of its key
MARK = "bodyworn:destroyed:"  # and the bucket: the label of the mark


class TokenKeyring:
    """A keyring in a token. See `store.keyring.Keyring`."""

    def __init__(self, *, module: Path, label: str, pin: str) -> None:
        """The PKCS#11 module, the token's label, the user's PIN. Nothing is opened yet.

        Raises SetupError key.no-pkcs11 where the extra `hsm` is not installed. Every method
        raises SetupError key.token when the token does not answer as one should.
        """
        if pkcs11 is None:
            raise SetupError(
                "key.no-pkcs11",
                "A key token is set, and the library that speaks to tokens is not installed.",
                hint="Install bodyworn with its extra `hsm`.",
            )
        self._module = str(module)
        self._label = label
        self._pin = pin
        self._lock = threading.Lock()
        self._session: Any = None
        self._process = 0  # that has opened the session

    def __repr__(self) -> str:
        return f"TokenKeyring({self._module}, {self._label})"

    def wrap(self, bucket: Bucket, key: bytes) -> bytes:
        """See `Keyring`."""
        with self._asked() as session:
            if _found(session, ObjectClass.DATA, MARK, bucket):
                raise closed(bucket)
            own = _keys(session, bucket) or [_make(session, bucket)]
            held = session.create_object(_SHORT_LIVED | {Attribute.VALUE: key})
            try:
                return bytes(own[0].wrap_key(held, mechanism=Mechanism.AES_KEY_WRAP))
            finally:
                held.destroy()

    def unwrap(self, bucket: Bucket, wrapped: bytes) -> bytes:
        """See `Keyring`."""
        with self._asked() as session:
            if _found(session, ObjectClass.DATA, MARK, bucket):
                raise destroyed(bucket)
            own = _keys(session, bucket)
            if not own:
                raise missing(bucket)
            # Two processes may have made the bucket's key in one moment: then there are two.
            for key in own if len(wrapped) == WRAPPED_SIZE else ():
                with contextlib.suppress(*_NOT_THIS_KEY):
                    return _unwrapped(key, wrapped)
        raise wrong_wrap(bucket)

    def destroy(self, bucket: Bucket) -> None:
        """See `Keyring`; marked first, so that a crash in between destroys and does not revive."""
        with self._asked() as session:
            # 1. from here on nobody wraps or unwraps
            if not _found(session, ObjectClass.DATA, MARK, bucket):
                session.create_object(_MARK | {Attribute.LABEL: f"{MARK}{bucket}"})
            # 2. the key
            for key in _keys(session, bucket):
                key.destroy()

    def buckets(self) -> list[Bucket]:
        """See `Keyring`."""
        with self._asked() as session:
            found = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})
            labels = [str(key.label) for key in found]
        return sorted({_bucket(label) for label in labels if label.startswith(KEY)})

    @contextlib.contextmanager
    def _asked(self) -> Iterator[Any]:
        """The one session, for one thread; after a failure the next one opens it again."""
        with self._lock:
            try:
                yield self._opened()
            except pkcs11.PKCS11Error as error:
                self._session = None
                raise _no_answer(self._label, error) from error

    def _opened(self) -> Any:
        if self._session is None or self._process != os.getpid():
            library = pkcs11.lib(self._module)
            if self._process not in (0, os.getpid()):
                library.reinitialize()  # what a parent has opened is not ours (PKCS #11, 2.40)
            self._session = _session(library.get_token(token_label=self._label), self._pin)
            self._process = os.getpid()
        return self._session


def _session(token: Any, pin: str) -> Any:
    try:
        return token.open(user_pin=pin, rw=True)
    except pkcs11.UserAlreadyLoggedIn:  # by another keyring: a login is the whole process's
        return token.open(rw=True)


def _keys(session: Any, bucket: Bucket) -> list[Any]:
    return _found(session, ObjectClass.SECRET_KEY, KEY, bucket)


def _found(session: Any, kind: "ObjectClass", prefix: str, bucket: Bucket) -> list[Any]:
    wanted = {Attribute.CLASS: kind, Attribute.LABEL: f"{prefix}{bucket}"}
    return list(session.get_objects(wanted))


def _make(session: Any, bucket: Bucket) -> Any:
    return session.generate_key(
        KeyType.AES,
        KEY_SIZE * 8,
        label=f"{KEY}{bucket}",
        store=True,
        capabilities=MechanismFlag.WRAP | MechanismFlag.UNWRAP,
        template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    )


def _unwrapped(key: Any, wrapped: bytes) -> bytes:
    held = key.unwrap_key(
        ObjectClass.SECRET_KEY,
        KeyType.AES,
        wrapped,
        mechanism=Mechanism.AES_KEY_WRAP,
        template=_READABLE,
    )
    try:
        return bytes(held[Attribute.VALUE])
    finally:
        held.destroy()


def _bucket(label: str) -> Bucket:
    name, _, generation = label.removeprefix(KEY).rpartition(".")
    return Bucket(name, int(generation))


def _no_answer(label: str, error: Exception) -> SetupError:
    return SetupError(
        "key.token",
        f"The key token {label} does not answer as it should ({type(error).__name__}).",
        hint="Check that it is connected, its label, and the PIN; nothing can be sealed or read "
        "until it answers.",
    )


if pkcs11 is not None:
    _READABLE = {Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True}
    _SHORT_LIVED = _READABLE | {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KeyType.AES,
        Attribute.TOKEN: False,
    }
    _MARK = {
        Attribute.CLASS: ObjectClass.DATA,
        Attribute.TOKEN: True,
        Attribute.PRIVATE: True,
        Attribute.VALUE: b"destroyed",
    }
    # What a token may say when a wrapped key fails its check.
    _NOT_THIS_KEY = (
        pkcs11.WrappedKeyInvalid,
        pkcs11.WrappedKeyLenRange,
        pkcs11.GeneralError,
        pkcs11.FunctionFailed,
    )
