"""The frame that the page names is the frame on the screen, for steady and for uneven footage.

The clips carry the number of each frame as bars. After each step the test reads the bars from the
picture and compares them with what the page says and with what was asked for.
"""

import random

import pytest
from playwright.sync_api import Page, expect
from tests.browser.desk import Watched, open_recording
from tests.browser.stage import COUNT

STEPS, JUMPS = 120, 80

READ_BARS = """() => {
  const video = document.querySelector('video');
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.drawImage(video, 0, 0);
  const bar = Math.floor(canvas.width / 8);
  let number = 0;
  for (let bit = 0; bit < 8; bit += 1) {
    const [r, g, b] = pen.getImageData(bit * bar + Math.floor(bar / 2), canvas.height >> 2, 1, 1)
      .data;
    if ((r + g + b) / 3 > 110) number |= 1 << bit;
  }
  return number;
}"""

CLIPS = {
    "steady, B frames": "BWV-26-0413-BAA1",
    "uneven": "BWV-26-0413-BAA2",
    "uneven, B frames, in fragments": "BWV-26-0413-BAA3",
}


@pytest.fixture(params=[*CLIPS.values()], ids=[*CLIPS])
def desk(request: pytest.FixtureRequest, watched: Watched) -> Page:
    """The review page of one clip, at its first frame."""
    page = watched.signed_in("patel")
    open_recording(page, request.param)
    expect(page.locator("#player")).to_have_attribute("data-ready", "")
    return page


def test_no_frame_of_two_hundred_is_wrong(desk: Page) -> None:
    dice = random.Random(7)
    wrong = []
    for wanted in range(1, STEPS + 1):
        desk.keyboard.press(".")
        wrong += wrongly_shown(desk, wanted)
    for _ in range(JUMPS):
        wanted = dice.randrange(COUNT)
        desk.evaluate("number => { location.hash = `#f=${number}`; }", wanted)
        wrong += wrongly_shown(desk, wanted)
    assert wrong == []


def test_steps_back_from_the_end_meet_every_frame(desk: Page) -> None:
    desk.keyboard.press("End")
    wrong = wrongly_shown(desk, COUNT - 1)
    for wanted in range(COUNT - 2, COUNT - 22, -1):
        desk.keyboard.press(",")
        wrong += wrongly_shown(desk, wanted)
    desk.keyboard.press("Home")
    assert wrong + wrongly_shown(desk, 0) == []


def test_fast_keys_lose_no_step(desk: Page) -> None:
    for _ in range(25):
        desk.keyboard.press(".")
    for _ in range(5):
        desk.keyboard.press(",")
    assert wrongly_shown(desk, 20) == []


def test_playback_names_the_frames_that_it_shows_and_stops_on_one(desk: Page) -> None:
    desk.keyboard.press(" ")
    expect(desk.locator("#play")).to_have_class("primary is-playing")
    desk.wait_for_timeout(700)
    desk.keyboard.press("k")
    expect(desk.locator("#play")).to_have_class("primary")
    desk.wait_for_timeout(300)
    shown = int(desk.locator("#frame").inner_text().split()[1])
    assert shown > 0
    assert desk.evaluate(READ_BARS) == shown


def wrongly_shown(page: Page, wanted: int) -> list[str]:
    """Empty if page and picture agree on this frame."""
    expect(page.locator("#frame")).to_have_text(f"frame {wanted}", timeout=3000)
    seen = page.evaluate(READ_BARS)
    return [] if seen == wanted else [f"frame {wanted} shows {seen}"]
