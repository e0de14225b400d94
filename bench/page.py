"""The review page: server time, bytes before media, and how soon the first frame is on the screen.

    python -m bench.page            60 answers and 7 first frames
    python -m bench.page --small    fewer of both: does the bench itself run?
    python -m bench.page --json     figures and conditions for a machine

The page is that of the simulated force's recording 7F3A (48 s of 480p), asked from the real
servers over loopback by somebody who may see it and has said why. Server time is the median from
request to the last byte of the HTML. Bytes before media are those of everything but what the
reading door serves, as they travelled, with an empty cache. The first frame is the time from the
start of the navigation to the first callback of requestVideoFrameCallback, in Chromium with an
empty cache, the median of several new contexts.
"""

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright
from tests.browser.desk import CHROMIUM, QUIET, Stage, fill, open_recording, sign_in
from tests.browser.stage import settings_of

from bench.bars import Bar, report
from bodyworn.web.door.reading_server import free_port
from bodyworn.web.serve.supervise import Servers

PATH = "/recordings/BWV-26-0412-7F3A"
# A page's own clock starts with its navigation, so the callback's time is the whole wait.
WATCH_FROM_THE_START = """
new MutationObserver((_, observer) => {
  const video = document.querySelector('video');
  if (!video) return;
  observer.disconnect();
  video.requestVideoFrameCallback((now) => { window.firstFrameAt = now; });
}).observe(document, { childList: true, subtree: true });
"""


def server_time(stage: Stage, context: BrowserContext, *, times: int) -> tuple[float, int]:
    """Median milliseconds of an answer, and the bytes of its HTML."""
    cookies = {str(c["name"]): str(c["value"]) for c in context.cookies()}
    with httpx.Client(base_url=stage.pages, cookies=cookies) as client:
        taken = []
        for _ in range(times + 3):
            began = time.perf_counter()
            answer = client.get(PATH)
            taken.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
        return statistics.median(taken[3:]), len(answer.content)


def bytes_before_media(page: Page) -> int:
    """Everything that the page fetched from the pages' own server, heads included."""
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  (it is marked)
    page.goto(PATH)
    page.locator("#player[data-ready]").wait_for()
    own = [answer.request.sizes() for answer in answers if "/bytes/" not in answer.url]
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in own)


def first_frame(browser: Browser, stage: Stage, state: Path) -> float:
    """Milliseconds from the start of the navigation, nothing cached."""
    context = browser.new_context(base_url=stage.pages, storage_state=state)
    context.add_init_script(WATCH_FROM_THE_START)
    page = context.new_page()
    page.goto(PATH)
    # Asked again and again, because waiting for a function wants what the content policy forbids.
    for _ in range(500):
        if found := page.evaluate("window.firstFrameAt"):
            break
        page.wait_for_timeout(20)
    context.close()
    return float(found)


def measured(stage: Stage, folder: Path, *, small: bool) -> list[Bar]:
    """All three, by one person in one browser."""
    state = folder / "state.json"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        context = browser.new_context(base_url=stage.pages)
        page = context.new_page()
        sign_in(page, "patel")
        open_recording(page, PATH.rsplit("/", 1)[1])
        context.storage_state(path=state)
        answer_ms, html = server_time(stage, context, times=10 if small else 60)
        weight = bytes_before_media(_fresh(browser, stage, state))
        frames = [first_frame(browser, stage, state) for _ in range(2 if small else 7)]
        browser.close()
    return [
        Bar(name="review page, server time (median)", measured=answer_ms, unit="ms", at_most=50),
        Bar(
            name="review page, bytes before media",
            measured=weight / 1000,
            unit="kB",
            at_most=100,
            note=f"of them HTML, not compressed: {html / 1000:.1f} kB",
        ),
        Bar(
            name="first frame on the screen (median)",
            measured=statistics.median(frames),
            unit="ms",
            at_most=1000,
            note=", ".join(f"{one:.0f}" for one in sorted(frames)),
        ),
    ]


def _fresh(browser: Browser, stage: Stage, state: Path) -> Page:
    return browser.new_context(base_url=stage.pages, storage_state=state).new_page()


def main() -> None:
    """Make a force, serve it, measure, end everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a quick look, not a figure")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bw-page-") as name:
        folder = Path(name)
        fill(folder)
        settings = settings_of(folder / "data", (free_port(), free_port(), free_port()))
        with Servers(settings, stop=threading.Event(), log_to=folder / "servers.log"):
            stage = Stage(settings.pages, settings.reading, settings.data)
            bars = measured(stage, folder, small=chosen.small)
    report("page", bars, as_json=chosen.json)


if __name__ == "__main__":
    main()
