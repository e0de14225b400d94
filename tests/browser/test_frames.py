"""The frame that the page names is the frame on the screen, for steady and for uneven footage.

The clips carry the number of each frame as bars. After each step the test reads the bars from the
picture and compares them with what the page says and with what was asked for.
"""

import random

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.desk import Watched, open_recording
from tests.browser.stage import COUNT

STEPS, JUMPS = 120, 80

# Name and picture in one go: between two questions either could change.
NAME_AND_BARS = """() => {
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
  return [document.querySelector('#frame').textContent, number];
}"""

# What Chromium does on a starved machine, at will: the first seeks end on an earlier picture, and
# what the player asks is where it is told to be.
PAINTS_EARLY = """(() => {
  const real = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'currentTime');
  let left = %d, told = null;
  Object.defineProperty(HTMLMediaElement.prototype, 'currentTime', {
    get() { return told ?? real.get.call(this); },
    set(seconds) {
      told = seconds;
      real.set.call(this, left > 0 ? Math.max(0, seconds - 0.3) : seconds);
      left -= 1;
    },
  });
})()"""

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
    expect(desk.locator("#frame")).not_to_have_text("frame 0")
    desk.keyboard.press("k")
    expect(desk.locator("#play")).to_have_class("primary")
    expect(at_rest(desk)).not_to_have_text("frame 0")
    name, seen = desk.evaluate(NAME_AND_BARS)
    assert name == f"frame {seen}"


def test_a_picture_from_the_way_is_asked_for_again(watched: Watched) -> None:
    page = watched.signed_in("patel")
    page.add_init_script(PAINTS_EARLY % 2)
    open_recording(page, CLIPS["uneven"])
    for _ in range(4):
        page.keyboard.press(".")
    assert wrongly_shown(page, 4) == []
    expect(page.locator("#other-frame")).to_be_hidden()


def test_a_browser_that_never_shows_the_frame_is_named_with_what_it_shows(
    watched: Watched,
) -> None:
    page = watched.signed_in("patel")
    page.add_init_script(PAINTS_EARLY % 1000)
    open_recording(page, CLIPS["uneven"])
    page.evaluate("location.hash = '#f=30'")
    expect(page.locator("#other-frame")).to_have_text(
        "This browser shows frame 23, not frame 30 that was asked for."
    )
    assert page.evaluate(NAME_AND_BARS) == ["frame 23", 23]
    expect(page.locator("#mark-at")).to_be_hidden()
    page.keyboard.press("m")
    expect(page.locator("#mark-at")).to_contain_text("frame 23")


def at_rest(page: Page) -> Locator:
    """The name of the frame, once the one that was asked for is on the screen."""
    return page.locator("#player:not([data-awaited]) #frame")


def wrongly_shown(page: Page, wanted: int) -> list[str]:
    """Empty if page and picture agree on this frame."""
    expect(at_rest(page)).to_have_text(f"frame {wanted}")
    name, seen = page.evaluate(NAME_AND_BARS)
    return [] if (name, seen) == (f"frame {wanted}", wanted) else [f"{name} shows {seen}"]
