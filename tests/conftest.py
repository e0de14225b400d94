"""Django for the whole run, and a house for each test.

One database a process, given by `tests.databases`; one data folder a test. A test sees its
changes rolled back; one that needs real commits, or threads, says
`@pytest.mark.django_db(transaction=True)` and has the tables emptied after it.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings as django_conf
from tests import databases

from bodyworn.settings import Settings
from bodyworn.store.layout import Layout
from bodyworn.web.configure import configure
from bodyworn.work import house as house_
from bodyworn.work.house import House

NOW = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)
"""The moment at which every test's clock stands still."""

_PLAIN_NAMES = "django.contrib.staticfiles.storage.StaticFilesStorage"
_closing: list[tempfile.TemporaryDirectory[str] | databases.Postgresql] = []


# No test measures time: a busy machine must not fail one, by a deadline an example either.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Configure Django before pytest-django looks, and before any test module is imported."""
    if databases.wants_postgresql() and not databases.url():
        _closing.append(databases.Postgresql())
    folder = tempfile.TemporaryDirectory(prefix="bw-tests-")
    _closing.append(folder)
    _configure_django(Settings(data=Path(folder.name), database=databases.url()))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started, the youngest first."""
    while _closing:
        one = _closing.pop()
        one.stop() if isinstance(one, databases.Postgresql) else one.cleanup()


def _configure_django(settings: Settings) -> None:
    layout = Layout(settings.data)
    layout.keys.mkdir()
    layout.static.mkdir()
    layout.pages_key.write_text("only-for-tests")
    configure(settings)
    database = django_conf.DATABASES["default"]
    # A file, not memory: threads and other processes must meet in it.
    name = "bodyworn_tests" if settings.database else str(layout.records)
    database.setdefault("TEST", {})["NAME"] = name
    # Names without hashes: collecting and compressing would cost every run seconds.
    django_conf.STORAGES["staticfiles"]["BACKEND"] = _PLAIN_NAMES
    # Half a second a password is right at a door and wrong in a loop.
    django_conf.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def settings_of_house(tmp_path: Path) -> Settings:
    """The settings of one test's house; a test module may override it."""
    return Settings(
        data=tmp_path / "data", database=databases.url(), frozen_at="2026-04-14T09:00:00Z"
    )


@pytest.fixture
def house(db: None, settings_of_house: Settings, monkeypatch: pytest.MonkeyPatch) -> House:
    """A fresh data folder over empty tables; the clock stands at NOW."""
    house_.create(settings_of_house)
    monkeypatch.setattr(django_conf, "BODYWORN", settings_of_house)
    return House.open(settings_of_house)
