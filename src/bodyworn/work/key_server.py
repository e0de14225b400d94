"""The answering end of `store.key_socket`: the key service for the other processes of this house.

A few threads, each with one question at a time. Whoever says nothing for long, says too much, or is
another user hears so, and keeps nobody waiting. Questions that no thread is free for wait in the
kernel's queue, and who waits there for too long gives up: late is closed.
"""

import contextlib
import logging
import select
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, connections

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError
from bodyworn.store.key_socket import (
    MOST_KEYS,
    error_as_dict,
    malformed,
    receive,
    refuse_others,
    send,
    short_name,
    slot_as_list,
)
from bodyworn.store.sealed import DataKey
from bodyworn.work.keys import KeyService
from bodyworn.work.trouble import explained

THREADS: Final = 8  # questions at once; each may wait for the log for some seconds
QUEUE: Final = 128  # that wait for a thread
SILENCE: Final = 5.0  # seconds that a question may take to arrive
LONGEST_NAME: Final = 200  # characters of the name of an event, an upload or a bucket

_log = logging.getLogger("bodyworn.keys")


class KeyServer:
    """Answers questions for keys on a socket, from `start` to `stop`."""

    def __init__(self, service: KeyService, path: Path, *, threads: int = THREADS) -> None:
        """Nothing listens yet."""
        self._service = service
        self._path = path
        self._socket: socket.socket | None = None
        self._threads = [
            threading.Thread(target=self._serve, name=f"keys-{number}", daemon=True)
            for number in range(threads)
        ]
        self._over = threading.Event()

    def start(self) -> None:
        """Take the name, which a dead keeper may have left there, and answer.

        Only the holder of the keeper's lock may call this: another's name would be taken away.
        """
        self._path.unlink(missing_ok=True)
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with short_name(self._path) as name:
            line.bind(name)
        self._path.chmod(0o600)  # before it listens: until then nobody gets through
        line.listen(QUEUE)
        line.setblocking(False)  # of several threads that see one question, one gets it
        self._socket = line
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Answer what was begun, then nothing more; the name goes first."""
        self._path.unlink(missing_ok=True)
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._socket is not None:
            self._socket.close()

    def _serve(self) -> None:
        assert self._socket is not None  # noqa: S101  (threads start after it is there)
        try:
            while not self._over.is_set():
                if select.select([self._socket], [], [], 0.2)[0]:
                    self._take_one(self._socket)
        finally:
            connections.close_all()

    def _take_one(self, listening: socket.socket) -> None:
        try:
            line, _ = listening.accept()
        except BlockingIOError:
            return  # another thread was faster
        with line, contextlib.suppress(OSError):  # whoever asked has gone
            line.settimeout(SILENCE)
            send(line, self._answered(line))

    def _answered(self, line: socket.socket) -> dict[str, Any]:
        """An edge: whatever is wrong becomes an answer, and none of it a key."""
        try:
            refuse_others(line)
            return self._answer(receive(line))
        except OSError:
            raise
        except Exception as error:
            # PostgreSQL may have restarted: the next question begins with a new connection.
            if isinstance(error, DatabaseError):
                connections.close_all()
            known = explained(error)
            if known is not error:
                _log.error("A question for keys failed: %s", known.message)
            return {"error": error_as_dict(known)}

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        match question.get("ask"):
            case "release":
                keys = self._service.release(_name(question, "event"), _digests(question))
                return _as_answer(keys)
            case "arrived":
                return _as_answer(self._service.arrived(_name(question, "upload")))
            case "moved":
                slots = self._service.moved(_digests(question), _name(question, "bucket"))
                return {"slots": {one.hex: slot_as_list(slot) for one, slot in slots.items()}}
            case _:
                raise malformed()


def _as_answer(keys: Mapping[Sha256, DataKey]) -> dict[str, Any]:
    return {"keys": {one.hex: key.secret().hex() for one, key in keys.items()}}


def _name(question: dict[str, Any], field: str) -> str:
    value = question.get(field)
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        raise malformed()
    return value


def _digests(question: dict[str, Any]) -> Sequence[Sha256]:
    told = question.get("digests")
    if not isinstance(told, list) or not 0 < len(told) <= MOST_KEYS:
        raise malformed()
    try:
        return [Sha256.parse(one) for one in told]
    except (BodywornError, TypeError):
        raise malformed() from None
