"""One TOML file and `BODYWORN_*` into one frozen Settings; the only reader of the environment.

Order of precedence: an argument of the command line, the environment, `DATA/bodyworn.toml`,
the default below. Every field is documented in `docs/reference/settings.md`; a law test keeps
it so. Secrets are never values here: they are files in `DATA/keys`.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from bodyworn.core.clock import Clock, frozen_clock, parse_iso, system_clock
from bodyworn.core.errors import SetupError
from bodyworn.store.layout import Layout

PREFIX = "BODYWORN_"
DEFAULT_DATA = Path("bodyworn-data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an installation may choose."""

    data: Path = DEFAULT_DATA  # the data folder
    database: str = ""  # PostgreSQL URL; empty: SQLite in the data folder
    force_name: str = "Demonstration Police"  # shown on every page
    log_origin: str = "bodyworn.example/log"  # the log's C2SP origin: a name, never fetched
    host: str = "127.0.0.1"  # address that the three servers listen on
    pages_port: int = 8400  # pages and API
    upload_port: int = 8401  # upload door (docks' network)
    reading_port: int = 8402  # reading door (desks' network)
    pages_url: str = ""  # address of the pages as browsers see it
    upload_url: str = ""  # address of the upload door as docks see it
    reading_url: str = ""  # address of the reading door as browsers see it
    tls_certificate: str = ""  # PEM file; with it all three servers speak TLS
    tls_key: str = ""  # PEM file of its key
    frozen_at: str = ""  # RFC 3339 time at which the clock stands still
    largest_upload: int = 64 * 2**30  # bytes a recording may have
    upload_expires_hours: int = 72  # hours after which an unfinished upload is removed
    ticket_minutes: int = 240  # minutes for which a reading ticket is good
    non_evidential_days: int = 31  # days that uncategorised footage is kept
    job_workers: int = 1  # threads that make pictures, sound and proxies
    job_lease_seconds: int = 120  # seconds after which a silent worker is given up
    job_minutes: int = 60  # minutes after which one try at making a copy is given up
    checkpoint_seconds: int = 1  # seconds between checkpoints while events wait
    witness_policy: str = ""  # file that names witnesses (C2SP tlog-policy), seen from `data`
    key_token_module: str = ""  # PKCS#11 library; with it bucket keys live in a hardware token
    key_token_label: str = ""  # label of the token
    key_token_pin_file: str = ""  # file that holds its PIN, seen from `data`
    timestamp_authority: str = ""  # URL of an RFC 3161 authority that stamps checkpoints
    timestamp_certificates: str = ""  # PEM file that it is verified with, seen from `data`
    timestamp_every: int = 3600  # seconds between time-stamps while the log grows
    patrol_days: int = 30  # days within which every stored file is read again; 0: never
    second_copy: str = ""  # folder on another disk, kept in step and used for repairs
    document_certificate: str = ""  # PEM chain that signs packs, seen from `data`; empty: our own
    document_key: str = ""  # PEM file of its key, without a password, seen from `data`
    encoder: str = "libx264"  # FFmpeg encoder of proxies
    session_hours: int = 10  # hours after which a sign-in ends

    @classmethod
    def load(cls, data: Path | None = None, environ: Mapping[str, str] | None = None) -> Self:
        """Read file and environment. Raises SetupError on anything unknown or malformed."""
        env = os.environ if environ is None else environ
        folder = _folder(data, env)
        chosen: dict[str, Any] = {"data": folder}
        chosen |= _from_file(Layout(folder).settings)
        chosen |= _from_environment(env)
        chosen["data"] = Path(folder).absolute()
        return cls(**chosen)

    @classmethod
    def standing_in(
        cls, data: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> Self:
        """The defaults, for the same data folder: to look at one whose settings cannot be read."""
        env = os.environ if environ is None else environ
        return cls(data=_folder(data, env).absolute())

    def with_(self, **changes: Any) -> Self:
        """The same settings but for these."""
        return replace(self, **changes)

    @property
    def layout(self) -> Layout:
        """The paths of the data folder."""
        return Layout(self.data)

    @property
    def clock(self) -> Clock:
        """The clock that every judgement reads; frozen where `frozen_at` says so."""
        return frozen_clock(parse_iso(self.frozen_at)) if self.frozen_at else system_clock

    @property
    def pages(self) -> str:
        """The pages' address, without a slash at its end."""
        return self.pages_url or self._address(self.pages_port)

    @property
    def upload(self) -> str:
        """The upload door's address."""
        return self.upload_url or self._address(self.upload_port)

    @property
    def reading(self) -> str:
        """The reading door's address."""
        return self.reading_url or self._address(self.reading_port)

    @property
    def policy(self) -> Path | None:
        """The file of the witness policy; None where no witness is wanted."""
        return self.data / self.witness_policy if self.witness_policy else None

    @property
    def time_certificates(self) -> Path | None:
        """The certificates that time-stamps are verified with; None where none are named."""
        return self.data / self.timestamp_certificates if self.timestamp_certificates else None

    @property
    def second(self) -> Path | None:
        """The folder of the second copy; None where there is none."""
        return self.data / self.second_copy if self.second_copy else None

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return self.clock()

    def _address(self, port: int) -> str:
        scheme = "https" if self.tls_certificate else "http"
        return f"{scheme}://{self.host}:{port}"


TYPES = {f.name: f.type for f in fields(Settings)}


def _folder(data: Path | None, env: Mapping[str, str]) -> Path:
    return data or Path(env.get(PREFIX + "DATA", DEFAULT_DATA))


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(
            "settings.not-toml",
            f"{path.name} cannot be read: {error}.",
            hint="Mend the line that it names.",
        ) from None
    except OSError as error:
        raise SetupError(
            "settings.unreadable",
            f"{path.name} cannot be read: {error.strerror or error}.",
            hint="It must be a file that the account of the servers may read.",
        ) from None
    return {name: _checked(name, value, path.name) for name, value in found.items()}


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    names = {PREFIX + name.upper(): name for name in TYPES}
    return {
        names[key]: _parsed(names[key], value, key) for key, value in env.items() if key in names
    }


def _parsed(name: str, text: str, where: str) -> Any:
    if TYPES[name] is int:
        try:
            return int(text)
        except ValueError:
            raise _wrong(name, where, "a whole number") from None
    return text


def _checked(name: str, value: Any, where: str) -> Any:
    if name not in TYPES or name == "data":
        raise SetupError(
            "settings.unknown",
            f"{where} names a setting that does not exist: {name}.",
            hint="docs/reference/settings.md lists them all.",
        )
    expected = TYPES[name]
    if expected is int and (not isinstance(value, int) or isinstance(value, bool)):
        raise _wrong(name, where, "a whole number")
    if expected is str and not isinstance(value, str):
        raise _wrong(name, where, "text")
    return value


def _wrong(name: str, where: str, expected: str) -> SetupError:
    return SetupError(
        "settings.wrong-type",
        f"{where}: {name} must be {expected}.",
        hint="docs/reference/settings.md shows an example of each.",
    )
