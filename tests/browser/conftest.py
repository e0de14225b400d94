"""Debian's Chromium before real servers: pages and both doors over a folder with real footage.

The servers run in processes of their own, and so does whatever fills their folder: this process
has Django set up for another database. A watch on every page notes console errors, failed
requests and requests to other hosts; a test that ends with a note fails.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)
from tests.browser.stage import PASSWORD, settings_of

from bodyworn.web.door.reading_server import free_port
from bodyworn.web.serve.supervise import Servers

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
DESK, PHONE = (1440, 900), (390, 844)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, and skip it in words where there is no browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                reason = "Debian's chromium is not installed: apt install chromium"
                item.add_marker(pytest.mark.skip(reason=reason))


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the servers are."""

    pages: str  # origin, no slash at its end
    reading: str  # origin of the reading door
    folder: Path  # the data folder


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Servers with footage, once a run."""
    folder = tmp_path_factory.mktemp("stage")
    _fill(folder)
    settings = settings_of(folder / "data", (free_port(), free_port(), free_port()))
    log = folder / "servers.log"
    with Servers(settings, stop=threading.Event(), log_to=log):
        yield Stage(settings.pages, settings.reading, settings.data)


def _fill(folder: Path) -> None:
    paths = [str(ROOT), str(ROOT / "src")]
    subprocess.run(
        [sys.executable, "-m", "tests.browser.stage", str(folder)],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module: while Playwright runs, Django refuses its database to this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


class Watch:
    """What a page did that none of ours may do."""

    def __init__(self, context: BrowserContext, stage: Stage) -> None:
        """Look at every page of the context."""
        self.notes: list[str] = []
        self._ours = {urlsplit(stage.pages).netloc, urlsplit(stage.reading).netloc}
        context.on("console", self._console)
        context.on("request", self._request)
        context.on("weberror", lambda error: self.notes.append(str(error.error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.notes.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.netloc not in self._ours:
            self.notes.append(f"request off the host: {request.url}")


@pytest.fixture
def watched(chromium: Browser, stage: Stage) -> Iterator["Watched"]:
    """Makes pages that are looked after; the notes must be empty at the end."""
    watched = Watched(chromium, stage)
    yield watched
    for context in watched.contexts:
        context.close()
    assert watched.notes == []


class Watched:
    """Opens browser contexts of any size and keeps an eye on them."""

    def __init__(self, browser: Browser, stage: Stage) -> None:
        """Nothing is open yet."""
        self._browser, self._stage = browser, stage
        self.contexts: list[BrowserContext] = []
        self._watches: list[Watch] = []

    @property
    def notes(self) -> list[str]:
        """Everything that was noted."""
        return [note for watch in self._watches for note in watch.notes]

    def forgive(self, words: str) -> None:
        """Drop notes that hold these words: a refused page is a console error, and meant."""
        for watch in self._watches:
            watch.notes = [note for note in watch.notes if words not in note]

    def page(self, size: tuple[int, int] = DESK, **options: object) -> Page:
        """A page of a browser that nobody has signed in at."""
        width, height = size
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, base_url=self._stage.pages, **options
        )
        self.contexts.append(context)
        self._watches.append(Watch(context, self._stage))
        return context.new_page()

    def signed_in(self, name: str, size: tuple[int, int] = DESK, **options: object) -> Page:
        """The same, and somebody signs in."""
        page = self.page(size, **options)
        sign_in(page, name)
        return page


def sign_in(page: Page, name: str) -> None:
    """By the page for it."""
    page.goto("/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def open_recording(page: Page, reference: str) -> None:
    """Answer why, if the page asks."""
    page.goto(f"/recordings/{reference}")
    if page.get_by_role("heading", name="Why are you opening this?").is_visible():
        page.keyboard.press("1")
        page.keyboard.press("Enter")
    page.locator("#play").wait_for()
