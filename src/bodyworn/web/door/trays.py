"""Trays: memory that Granian serves as a file, and that is used again once it has been taken.

A short range is opened into a tray as a whole, and Granian sends it as it sends any file. That
costs less CPU than a pipe, which wakes two threads for every stretch of a few pages
(`docs/adr/0008-two-doors.md` has the figures). A tray is a memfd: plain bytes in memory and never
on a disk, mapped once and used again and again, because fresh pages cost as much as all the rest.

**When a tray is free.** Granian does not tell when it has sent a file, but inotify(7) notes who
opens and closes it; the notes are read when the next tray is wanted, so that nobody is woken for
them. Granian is given a name for one use. A tray goes to the next reader only if it was opened
once and closed again; every other one is emptied and thrown away when its time is over, so that
nobody, however late, finds another reader's footage in it.

What lies on trays, and what is too long for one, is for `web.door.pour`.
"""

import contextlib
import ctypes
import logging
import mmap
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

from bodyworn.web.door.names import new_name

SIZE = 2 << 20  # bytes of a tray: a few seconds of footage
MOST = 32  # trays: at most 64 MiB, however many readers there are and however slow they are
OPENING = 5.0  # seconds until Granian opens a tray; it takes about one millisecond
LASTING = 600.0  # seconds that a reader may take over one

_OPENED, _CLOSED = 0x20, 0x10  # IN_OPEN and IN_CLOSE_NOWRITE of inotify(7)
_NOTE = struct.Struct("=iIII")  # watch, mask, cookie, length of a name: a file's has none
_log = logging.getLogger(__name__)


class Tray:
    """SIZE bytes of memory, and a reader's name for it while it is out."""

    __slots__ = ("_name", "_since", "handle", "is_opened", "room")

    def __init__(self) -> None:
        """Raises OSError, and AttributeError on a system that has no memfd."""
        self.handle = os.memfd_create("tray", os.MFD_CLOEXEC)
        os.ftruncate(self.handle, SIZE)
        self.room = memoryview(mmap.mmap(self.handle, SIZE))
        self.is_opened = False
        self._name: Path | None = None
        self._since = 0.0

    @property
    def path(self) -> str:
        """Where this process, and no other, finds it."""
        return f"/proc/self/fd/{self.handle}"

    def hand_out(self, respond: Callable[[str], None]) -> None:
        """`respond` is given a name; the name is good until the tray comes home."""
        self._name, self._since = new_name(), time.monotonic()
        self._name.symlink_to(self.path)
        respond(str(self._name))

    def is_overdue(self) -> bool:
        """Whether its reader has left before it was opened, or is too slow."""
        return time.monotonic() - self._since > (LASTING if self.is_opened else OPENING)

    def come_home(self) -> None:
        """Nobody has it any more."""
        self._forget_name()
        self.is_opened = False

    def throw_away(self) -> None:
        """Whoever still has it, or is about to open it, finds nothing on it."""
        self._forget_name()
        os.ftruncate(self.handle, 0)
        os.close(self.handle)

    def _forget_name(self) -> None:
        if self._name is not None:
            self._name.unlink(missing_ok=True)
            self._name = None


class Trays:
    """At most `most` trays, for one thread."""

    def __init__(self, most: int = MOST) -> None:
        """Nothing is asked of the system before the first one is wanted."""
        self._most = most
        self._free: list[Tray] = []
        self._out: dict[int, Tray] = {}  # by their watch
        self._watches: dict[Tray, int] = {}  # of all there are
        self._notes: int | None = None
        self._is_asked = False  # whether the system has notes for us

    def take(self) -> Tray | None:
        """One to be filled; None where all are out, or where this system has none."""
        if not self._is_asked:
            self._is_asked, self._notes = True, _new_notes()
        if self._notes is None:
            return None
        self._gather(self._notes)
        if not self._free and len(self._watches) == self._most:
            self._throw_overdue_away(self._notes)
        if self._free:
            return self._free.pop()
        return self._made(self._notes) if len(self._watches) < self._most else None

    def hand_out(self, tray: Tray, respond: Callable[[str], None]) -> None:
        """`respond` is given the path of the filled tray, to be opened once."""
        self._out[self._watches[tray]] = tray
        tray.hand_out(respond)

    def put_back(self, tray: Tray) -> None:
        """One that was taken and not handed out."""
        self._free.append(tray)

    def close(self) -> None:
        """Every tray is thrown away; afterwards there are none to be had."""
        self._is_asked = True
        for tray in self._watches:
            tray.throw_away()
        self._watches.clear()
        if self._notes is not None:
            os.close(self._notes)
            self._notes = None

    def _gather(self, notes: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while found := os.read(notes, 64 * _NOTE.size):
                for watch, mask, _, _ in _NOTE.iter_unpack(found):
                    self._noted(watch, mask)

    def _noted(self, watch: int, mask: int) -> None:
        tray = self._out.get(watch)
        if tray is None:  # thrown away
            return
        if mask & _OPENED:
            tray.is_opened = True
        elif mask & _CLOSED:
            tray.come_home()
            self._free.append(self._out.pop(watch))

    def _throw_overdue_away(self, notes: int) -> None:
        for watch, tray in list(self._out.items()):
            if tray.is_overdue():
                _libc.inotify_rm_watch(notes, watch)
                tray.throw_away()
                del self._out[watch], self._watches[tray]

    def _made(self, notes: int) -> Tray | None:
        try:
            tray = Tray()
        except (OSError, AttributeError) as error:
            _log.warning("There is no tray to be had: %s", error)
            return None
        watch = _libc.inotify_add_watch(notes, tray.path.encode(), _OPENED | _CLOSED)
        if watch < 0:
            _log.warning("A tray could not be watched: %s", os.strerror(ctypes.get_errno()))
            tray.throw_away()
            return None
        self._watches[tray] = watch
        return tray


_libc = ctypes.CDLL(None, use_errno=True)  # Python has no inotify


def _new_notes() -> int | None:
    """Where the system notes what was opened and closed; None on one that cannot."""
    if not hasattr(_libc, "inotify_init1"):
        return None
    notes: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    return notes if notes >= 0 else None
