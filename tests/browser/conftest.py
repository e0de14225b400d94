"""Debian's Chromium before real servers; without a Chromium these tests are skipped, in words."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from tests.browser.desk import CHROMIUM, QUIET, Stage, Watched, fill
from tests.browser.stage import settings_of

from bodyworn.web.door.reading_server import free_port
from bodyworn.web.serve.supervise import Servers

# How long a machine that is busy with other things may take; nobody waits longer than he must.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, and skip it in words where there is no browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                reason = "Debian's chromium is not installed: apt install chromium"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Servers with footage, once a run."""
    folder = tmp_path_factory.mktemp("stage")
    fill(folder)
    settings = settings_of(folder / "data", (free_port(), free_port(), free_port()))
    log = folder / "servers.log"
    with Servers(settings, stop=threading.Event(), log_to=log):
        yield Stage(settings.pages, settings.reading, settings.data)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module: while Playwright runs, Django refuses its database to this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def watched(chromium: Browser, stage: Stage) -> Iterator[Watched]:
    """Makes pages that are looked after; the notes must be empty at the end."""
    watched = Watched(chromium, stage)
    yield watched
    for context in watched.contexts:
        context.close()
    assert watched.notes == []
