"""The house: one data folder, opened. Every verb takes it first.

It holds what the verbs need and decides nothing: settings, paths, vault, uploads, keys, log and
clock. Making a data folder and bringing one up to date is also done here. The database is
Django's, configured once a process by `web.configure`; which one it is stands in the settings.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from bodyworn.core.clock import Clock, system_clock
from bodyworn.core.errors import SetupError
from bodyworn.custody.log import Log
from bodyworn.custody.mldsa import MldsaSigner
from bodyworn.custody.note import PrivateKey, Signer
from bodyworn.settings import Settings
from bodyworn.store import disk
from bodyworn.store.keyring import KeyFolder, Keyring
from bodyworn.store.layout import VERSION, Layout
from bodyworn.store.seal import Vault
from bodyworn.store.upload import Uploads
from bodyworn.work.keyrings import keyring_of

TICKET_KEY_SIZE = 32  # bytes
SERVED = 0o755  # the log's folder is public; another user may run the web server before it


@dataclass(frozen=True, kw_only=True)
class House:
    """One installation, ready for work. Threads may share it."""

    settings: Settings
    layout: Layout  # every path
    keyring: Keyring = field(repr=False)  # bucket keys; `work.keys` alone unwraps with it
    vault: Vault  # the one way to stored bytes
    uploads: Uploads  # what is still coming in
    ticket_key: bytes = field(repr=False)  # 32 bytes; signs what the doors believe
    signer: Signer  # signs checkpoints and receipts
    second: MldsaSigner | None = None  # signs checkpoints beside it, where the log has two keys

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open a data folder. Raises SetupError data.missing, data.newer, keys.missing, …"""
        layout = settings.layout
        check_version(layout)
        # Whoever takes bytes in needs the keys of arrivals, and those lie in the folder.
        vault = Vault(layout, KeyFolder(layout.buckets), settings.clock)
        return cls(
            settings=settings,
            layout=layout,
            keyring=keyring_of(settings),
            vault=vault,
            uploads=Uploads(layout, vault, settings.clock),
            ticket_key=_read_key(layout.ticket_key),
            signer=_signer(settings),
            second=_second(settings),
        )

    @cached_property
    def log(self) -> Log:
        """The custody log; opening it reads its right edge. Raises DamagedError."""
        origin = self.settings.log_origin
        return Log(self.layout.log, origin=origin, signer=self.signer, second=self.second)

    @property
    def clock(self) -> Clock:
        """The clock of judgements; it stands still where the settings say so."""
        return self.settings.clock

    def now(self) -> datetime:
        """The time now for judgements and events, UTC. Read it once a judgement."""
        return self.settings.now()

    def wall_now(self) -> datetime:
        """The machine's own time, UTC: for leases, which must run out also in a frozen world."""
        return system_clock()


def create(settings: Settings, *, second_signature: bool = False) -> None:
    """Make a data folder: folders 0700, keys 0600, VERSION last.

    With `second_signature` the log gets a second key, ML-DSA-44, now or later: it signs the next
    checkpoint and all that follow.

    What exists stays as it is, keys above all, so an interrupted call may be repeated. The
    log's key is made once: where it has gone missing, a backup must bring it back. Raises
    SetupError data.newer, data.not-ours, keys.missing, disk.full.
    """
    layout = settings.layout
    _refuse_foreign(layout)
    for folder in (layout.root, layout.keys, layout.uploads, layout.inbox, layout.incoming):
        disk.make_folder(folder)
    if not layout.version.exists():
        # An empty folder of a person's own is often open to all, and SQLite's file in it would be.
        layout.root.chmod(disk.FOLDER_MODE)
    disk.make_folder(layout.log)
    layout.log.chmod(SERVED)
    _make_keys(settings)
    if second_signature:
        _make_second_key(settings)
    if not layout.version.exists():
        disk.write_atomically(layout.version, f"{VERSION}\n".encode())


def upgrade() -> None:
    """Bring the database's tables to this version. Safe to repeat; needs Django configured."""
    from django.core.management import call_command  # noqa: PLC0415  (`create` runs without it)

    call_command("migrate", verbosity=0, interactive=False)


def refuse_lost_records(settings: Settings) -> None:
    """An empty database beside a log with entries is a loss, not a beginning.

    Needs the tables. Raises SetupError data.records-lost.
    """
    from bodyworn.records import ledger  # noqa: PLC0415  (tables need Django configured)

    published = House.open(settings).log.checkpoint()
    if published is not None and published.size > 0 and ledger.next_index() == 0:
        raise SetupError(
            "data.records-lost",
            f"The log has {published.size} entries, and the database has none of their events.",
            hint="Restore the database from its backup; footage and log are untouched.",
        )


def check_version(layout: Layout) -> None:
    """Refuse a folder that this version cannot read, or that is not in use. Raises SetupError."""
    _refuse_moved(layout)
    try:
        found = int(layout.version.read_text())
    except FileNotFoundError:
        raise SetupError(
            "data.missing",
            f"There is no data folder at {layout.root}.",
            hint="Run `bodyworn init`, or name the right folder with --data.",
        ) from None
    except ValueError:
        raise SetupError(
            "data.version-unreadable",
            "The file VERSION of the data folder holds no number.",
            hint=f"Restore it from a backup; this version writes {VERSION}.",
        ) from None
    if found < VERSION:
        raise SetupError(
            "data.older",
            f"The data folder has layout {found}, from before bytes were sealed.",
            hint="No release ever wrote it. Make a new data folder and take the footage in again.",
        )
    if found > VERSION:
        raise SetupError(
            "data.newer",
            f"The data folder has layout {found}; this version knows {VERSION}.",
            hint="Install the newer version again; an older one would do damage.",
        )


def _refuse_moved(layout: Layout) -> None:
    """Two installations with one key would sign two histories, which nobody can take back."""
    if layout.moved.exists():
        raise SetupError(
            "data.moved",
            f"This installation was moved, and is closed: {layout.moved.name} says where to.",
            hint="Use the other folder. Only if that one is destroyed, remove the file here.",
        )
    if layout.moving.exists():
        raise SetupError(
            "data.incomplete",
            "This folder is not complete: a restore or a move into it was interrupted.",
            hint="Give the same command once more; it goes on from where it stopped.",
        )


def _refuse_foreign(layout: Layout) -> None:
    """A folder with other things in it is somebody else's; init would scatter files in it."""
    if layout.version.exists():
        check_version(layout)
        return
    ours = {layout.settings.name, layout.keys.name, layout.log.name, layout.blobs.name}
    ours |= {layout.uploads.name, layout.inbox.name, layout.static.name}
    ours |= {layout.records.name + end for end in ("", "-wal", "-shm")}
    others = [path.name for path in _listed(layout.root) if path.name not in ours]
    if others:
        raise SetupError(
            "data.not-ours",
            f"{layout.root} is not empty: it holds {others[0]}.",
            hint="Choose an empty folder, or one that does not exist yet.",
        )


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _make_keys(settings: Settings) -> None:
    layout = settings.layout
    _make_key(layout.ticket_key, secrets.token_bytes(TICKET_KEY_SIZE))
    _make_key(layout.pages_key, secrets.token_urlsafe(48).encode())
    if not layout.version.exists():
        # Another key in a folder that was complete would disown everything the first one signed.
        _make_key(layout.log_key, (Signer.generate(settings.log_origin).text + "\n").encode())
    verifier = _signer(settings).verifier
    disk.write_atomically(layout.log_vkey, (verifier.text + "\n").encode(), mode=0o644)


def _make_second_key(settings: Settings) -> None:
    layout = settings.layout
    made = MldsaSigner.generate(settings.log_origin)
    _make_key(layout.log_second_key, (made.text + "\n").encode())
    second = _second(settings) or made
    disk.write_atomically(layout.log_second_vkey, (second.key.text + "\n").encode(), mode=0o644)


def _make_key(path: Path, key: bytes) -> None:
    """Only where there is none: a new key over an old one would orphan everything it signed."""
    if not path.exists():
        disk.write_once(path, key)


def _signer(settings: Settings) -> Signer:
    signer = Signer.parse(_read_key(settings.layout.log_key).decode())
    _check_origin(signer, settings)
    return signer


def _second(settings: Settings) -> MldsaSigner | None:
    path = settings.layout.log_second_key
    if not path.exists():
        return None
    signer = MldsaSigner.parse(_read_key(path).decode())
    _check_origin(signer, settings)
    return signer


def _check_origin(signer: PrivateKey, settings: Settings) -> None:
    if signer.name != settings.log_origin:
        raise SetupError(
            "log.key-of-another-log",
            f"The signing key is that of {signer.name}, the log is {settings.log_origin}.",
            hint="Set log_origin back to the name that the key was made for; it never changes.",
        )


def _read_key(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise SetupError(
            "keys.missing",
            f"The key file {path.name} is missing.",
            hint="Restore the keys folder from its own backup; `bodyworn init` makes no second key "
            "for a log.",
        ) from None
