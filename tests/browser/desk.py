"""What the browser tests and the bench of the page share: servers over real footage, a watch on
every page, and the two ways that everybody takes, through the sign-in and through the question.

The servers run in processes of their own, and so does whatever fills their folder: this process
may have Django set up for another database. A watch notes console errors, failed scripts and
requests to other hosts.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request
from tests.browser.stage import PASSWORD

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


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the servers are."""

    pages: str  # origin, no slash at its end
    reading: str  # origin of the reading door
    folder: Path  # the data folder


def fill(folder: Path) -> None:
    """Make the stage in a process of its own."""
    paths = [str(ROOT), str(ROOT / "src")]
    subprocess.run(
        [sys.executable, "-m", "tests.browser.stage", str(folder)],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.DEVNULL,
    )


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

    def page(self, size: tuple[int, int] = DESK, **options: Any) -> Page:
        """A page of a browser that nobody has signed in at."""
        width, height = size
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, base_url=self._stage.pages, **options
        )
        self.contexts.append(context)
        self._watches.append(Watch(context, self._stage))
        return context.new_page()

    def signed_in(self, name: str, size: tuple[int, int] = DESK, **options: Any) -> Page:
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
    page.locator("#player[data-ready]").wait_for()
