"""Chromium itself is the judge: a seek to `middle_of(n)` shows frame n, at the time we named.

Served from memory on loopback with byte ranges: originals as they are, fragmented ones behind
their index, and the proxies of what Chromium does not play or cannot find its way in.
"""

import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from tests.media.corpus import GOOD, Sample

from bodyworn.media.frames import frame_times
from bodyworn.media.index import index_head
from bodyworn.media.proxy import make_proxy

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
PAGE = b"<!doctype html><title>Frames</title><video muted></video>"
PLAIN = (
    "plain.mp4", "b-frames.mp4", "uneven.mp4", "video-later.mp4", "starts-at-2s.mp4",
    "sound-later.mp4", "plain.mov", "vp9.webm",
)  # fmt: skip
INDEXED = tuple(recipe.name for recipe in GOOD if recipe.fragmented)
PROXIED = ("open-gop.mp4", "uneven-b-frames.mp4", "plain.ts", "h265.mkv", "pictures.avi")

SEEK_TO_EACH = """async ([address, places]) => {
  const video = document.querySelector('video');
  const loaded = new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error(video.error.message));
  });
  video.src = address;
  await loaded;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const bar = Math.floor(canvas.width / 8);
  const seen = [];
  let latest = null;
  const note = (now, frame) => {
    latest = frame.mediaTime;
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  const isRight = (start) => Math.abs(latest - start) < 1e-4;
  for (const [middle, start] of places) {
    // A busy machine shows the frame of the seek before a little longer, or for good a picture from
    // the way. That is asked for again, as the player does it: elsewhere in the same frame.
    for (let asked = 0; asked < 8 && !(asked && isRight(start)); asked += 1) {
      const arrived = new Promise((resolve) => { video.onseeked = resolve; });
      video.currentTime = middle + [0, 0.2, -0.2, 0.1][asked % 4] * (middle - start);
      await arrived;
      for (let wait = 0; wait < 60 * 2 ** asked && wait < 500 && !isRight(start); wait += 1) {
        await new Promise((resolve) => { setTimeout(resolve, 4); });
      }
    }
    pen.drawImage(video, 0, 0);
    let number = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const at = [bit * bar + (bar >> 1), canvas.height >> 2];
      const [r, g, b] = pen.getImageData(...at, 1, 1).data;
      if ((r + g + b) / 3 > 110) number |= 1 << bit;
    }
    seen.push([number, latest]);
  }
  return seen;
}"""


class Served(BaseHTTPRequestHandler):
    """One page and some files in memory, with byte ranges."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes]

    def do_GET(self) -> None:
        """The page for every address that is no file."""
        data = self.files.get(self.path.lstrip("/"))
        kind = "text/html" if data is None else "video/mp4"
        data = PAGE if data is None else data
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = int(asked[2]) if asked and asked[2] else len(data) - 1
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", "video/webm" if self.path.endswith("webm") else kind)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(data[first : last + 1])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's own name
        """Say nothing."""


@pytest.fixture(scope="module")
def served(corpus: dict[str, Sample], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of a server that has every file of this module."""
    folder = tmp_path_factory.mktemp("proxies")
    files = {name: corpus[name].path.read_bytes() for name in PLAIN}
    files |= {name: _behind_its_index(corpus[name].path) for name in INDEXED}
    files |= {name: _proxy_of(corpus[name].path, folder) for name in PROXIED}
    handler = type("Files", (Served,), {"files": files})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def _behind_its_index(path: Path) -> bytes:
    return (index_head(path) or b"") + path.read_bytes()


def _proxy_of(path: Path, folder: Path) -> bytes:
    target = folder / f"{path.name}.mp4"
    make_proxy(path, target)
    return target.read_bytes()


@pytest.fixture(scope="module")
def page(served: str) -> Iterator[Page]:
    """One page in one browser for all files."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page()
        page.goto(served)
        yield page
        browser.close()


@pytest.mark.parametrize("name", [*PLAIN, *INDEXED, *PROXIED])
def test_every_frame_is_found_and_named_rightly(
    corpus: dict[str, Sample], page: Page, name: str
) -> None:
    times = frame_times(corpus[name].path)
    # Backwards as well: a seek that goes on decoding from where it is proves less.
    wanted = [*range(times.count - 1, -1, -1), *range(1, times.count, 3)]
    places = [(times.middle_of(n), times.start_of(n)) for n in wanted]
    seen = page.evaluate(SEEK_TO_EACH, [f"/{name}", places])
    wrong = [
        (number, start, found)
        for number, (_, start), found in zip(wanted, places, seen, strict=True)
        if found != [number, pytest.approx(start, abs=1e-4)]
    ]
    assert wrong == []
