"""Debian's Chromium plays from the reading door: two parts as one video, and seeks in it."""

import shutil
import threading
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright
from tests.web.reading_world import World, address, load_with_keys

from bodyworn.web.door.ranges import Part
from bodyworn.web.door.reading_server import start

pytestmark = pytest.mark.browser
SECONDS = 40


class Pages(BaseHTTPRequestHandler):
    """The pages' origin: one empty page."""

    def do_GET(self) -> None:
        """Any address."""
        body = b"<!doctype html><title>review</title><link rel=icon href=data:>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told: object) -> None:
        """Silence."""


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def page(pages: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.goto(pages)
        yield page
        browser.close()


def film(path: Path) -> bytes:
    """Noise that does not compress: 11 MB with the index at the end, where cameras put it."""
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(5), options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(SECONDS * 5):
            noise = rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, pages: str) -> Iterator[tuple[str, World]]:
    world = World(tmp_path_factory.mktemp("door"))
    with start(world.config(pages_origin=pages), load_with_keys) as door:
        yield door.url, world


@pytest.fixture(scope="module")
def footage(served: tuple[str, World]) -> tuple[Part, ...]:
    """Cut in the middle of a picture, as no real film is: the parts must not show."""
    whole = film(served[1].root / "film.mp4")
    assert len(whole) > 10_000_000
    return served[1].kept(whole[:1_000_000], whole[1_000_000:])


SEEK = """async ([address, seconds]) => {
    const video = document.createElement("video");
    video.muted = true;
    video.src = address;
    document.body.append(video);
    const happened = name => new Promise((yes, no) => {
        video.addEventListener(name, yes, {once: true});
        video.addEventListener("error", () => no(video.error.message), {once: true});
    });
    await happened("loadeddata");
    for (const second of seconds) {
        video.currentTime = second;
        await happened("seeked");
    }
    const found = [video.duration, video.currentTime, video.readyState];
    video.remove();
    return found;
}"""


def test_a_video_of_two_parts_plays_and_seeks_forwards_and_back(
    page: Page, served: tuple[str, World], footage: tuple[Part, ...]
) -> None:
    seen: list[int] = []
    page.on("response", lambda response: seen.append(response.status))
    target = served[0] + address(footage)
    duration, now, ready = page.evaluate(SEEK, [target, [35.1, 2.1, 20.1]])
    assert duration == pytest.approx(SECONDS)
    assert now == pytest.approx(20.1)
    assert ready >= 2
    assert set(seen) == {206}
    assert len(seen) >= 2, "the player took the whole file and asked for no range"


FETCH = """async ([address, headers]) => {
    try {
        const answer = await fetch(address, {headers});
        const body = await answer.text();
        return [answer.status, answer.headers.get("content-range"), body.slice(0, 300)];
    } catch (error) {
        return String(error);
    }
}"""


def test_a_script_of_the_pages_reads_ranges_and_errors(
    page: Page, served: tuple[str, World], footage: tuple[Part, ...]
) -> None:
    url = served[0]
    wanted = {"Range": "bytes=4-7"}
    status, where, body = fetched(page, url + address(footage), wanted)
    assert (status, body) == (206, "ftyp")
    assert where.startswith("bytes 4-7/")
    status, _, body = fetched(page, url + address(footage, seconds=0), wanted)
    assert "ticket.expired" in body


def test_a_script_of_another_origin_reads_nothing(
    page: Page, served: tuple[str, World], footage: tuple[Part, ...], pages: str
) -> None:
    page.goto(pages.replace("127.0.0.1", "localhost"))
    assert fetched(page, served[0] + address(footage), {}) == "TypeError: Failed to fetch"
    page.goto(pages)


def fetched(page: Page, target: str, headers: dict[str, str]) -> Any:
    return cast("Any", page.evaluate(FETCH, [target, headers]))
