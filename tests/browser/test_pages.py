"""Every page for everybody: axe, reflow, high contrast, touch, keyboard, weight."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response, expect
from tests.browser.desk import DESK, PHONE, Watched, open_recording

SHOWN = 12  # entries of the custody at first
COLDHARBOUR = "BWV-26-0412-7F3A"
BROKEN, NOBODYS = "BWV-26-0413-BAD1", "BWV-26-0413-BAD2"
SHOTS = Path(__file__).parent / "shots"
HEAVIEST = 100_000  # bytes of the review page before media

Visit = Callable[[Page], object]


def address(path: str) -> Visit:
    """Just go there."""
    return lambda page: page.goto(path)


def review(tab: str) -> Visit:
    """The review page with one of its tabs open."""

    def visit(page: Page) -> None:
        open_recording(page, COLDHARBOUR)
        expect(page.locator("#player")).to_have_attribute("data-ready", "")
        page.get_by_role("tab", name=tab).click()

    return visit


def broken(page: Page) -> None:
    """The review page of a file that nobody can play."""
    page.goto(f"/recordings/{BROKEN}")
    if page.locator("#why").is_visible():
        page.keyboard.press("5")
        page.keyboard.press("Enter")
    expect(page.get_by_text("There is nothing to play")).to_be_visible()


def keys(page: Page) -> None:
    """The list of keys."""
    review("Custody")(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def marking(page: Page) -> None:
    """The form of a new marker."""
    review("Custody")(page)
    page.keyboard.press("m")
    expect(page.get_by_label("Marker at")).to_be_focused()


def unfounded(page: Page) -> None:
    """The form of a correction, sent back."""
    page.goto(f"/recordings/{COLDHARBOUR}/describe")
    page.get_by_label("Title").fill("Lost property")
    page.get_by_role("button", name="Put on record").click()
    expect(page.get_by_role("alert")).to_contain_text("A correction needs a reason.")


PAGES: dict[str, tuple[str, Visit]] = {
    "home of an officer": ("4471QK", address("/")),
    "home of an investigator": ("patel", address("/")),
    "home of a supervisor": ("okafor", address("/")),
    "home of an administrator": ("wells", address("/")),
    "list": ("patel", address("/recordings")),
    "search": ("patel", address("/recordings?q=coldharbour&from=2026-04-01")),
    "search without a match": ("patel", address("/recordings?q=nowhere")),
    "question": ("okafor", address(f"/recordings/{COLDHARBOUR}")),
    "review, custody": ("patel", review("Custody")),
    "review, markers": ("patel", review("Markers")),
    "review, details": ("patel", review("Details")),
    "review, keys": ("patel", keys),
    "review, marking": ("patel", marking),
    "review of what cannot be played": ("patel", broken),
    "what nobody may open": ("wells", address(f"/recordings/{NOBODYS}")),
    "whose it is": ("wells", address(f"/recordings/{NOBODYS}/describe")),
    "what is said about it": ("okafor", address(f"/recordings/{COLDHARBOUR}/describe")),
    "a correction without a reason": ("okafor", unfounded),
    "no such page": ("patel", address("/nowhere")),
}


def visited(watched: Watched, name: str, size: tuple[int, int], **options: Any) -> Page:
    """One page as somebody sees it who has it."""
    who, visit = PAGES[name]
    page = watched.signed_in(who, size, **options)
    visit(page)
    for status in ("403", "404", "422"):
        watched.forgive(status)
    return page


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_on_any_page_at_either_width(watched: Watched, name: str) -> None:
    page = visited(watched, name, DESK)
    found = faults(page)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert found + faults(page) == []


def test_axe_finds_nothing_on_the_sign_in_page_before_and_after_a_wrong_try(
    watched: Watched,
) -> None:
    page = watched.page(PHONE)
    page.goto("/sign-in")
    found = faults(page)
    page.get_by_label("Name").fill("mallory")
    page.get_by_label("Password").fill("guessing")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    watched.forgive("422")
    assert found + faults(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_at_320_pixels(watched: Watched, name: str) -> None:
    page = visited(watched, name, (320, 640))
    too_wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert too_wide <= 0


@pytest.mark.parametrize("name", ["list", "question", "review, custody", "review, markers"])
def test_fingers_find_targets_of_44_pixels_on_a_phone(watched: Watched, name: str) -> None:
    page = visited(watched, name, PHONE)
    small = page.evaluate(
        """() => [...document.querySelectorAll('main button, main input, main select, main th a')]
          .filter((one) => one.checkVisibility() && one.type !== 'hidden')
          .map((one) => {
            // What is touched may be a larger, invisible box around it.
            const after = getComputedStyle(one, '::after');
            const own = one.getBoundingClientRect().height;
            const around = after.position === 'absolute' ? parseFloat(after.height) : 0;
            return [one.id || one.textContent.trim() || one.name, Math.max(own, around || 0)];
          })
          .filter(([, height]) => height > 0 && height < 43.5)"""
    )
    pins_and_cards = [one for one in small if not str(one[0]).isdigit()]
    assert pins_and_cards == []


def test_in_forced_colours_playhead_tabs_and_pressed_buttons_keep_a_shape(
    watched: Watched,
) -> None:
    page = visited(watched, "review, markers", DESK, forced_colors="active")
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=str(SHOTS / "forced-colours.png"))
    highlight = page.evaluate(
        """() => {
          const probe = document.createElement('i');
          probe.style.cssText = 'forced-color-adjust:none;background:Highlight';
          document.body.append(probe);
          const colour = getComputedStyle(probe).backgroundColor;
          probe.remove();
          return ['#playhead', '[aria-selected=true]', '[aria-pressed=true]'].map(
            (one) => getComputedStyle(document.querySelector(one)).backgroundColor === colour);
        }"""
    )
    assert highlight == [True, True, True]


def test_the_player_is_the_second_stop_of_the_tab_key(watched: Watched) -> None:
    page = visited(watched, "review, custody", DESK)
    page.reload()
    expect(page.locator("#player")).to_have_attribute("data-ready", "")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to player")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#play")).to_be_focused()


def test_the_review_page_weighs_less_than_100_kilobytes_before_media(watched: Watched) -> None:
    page = watched.signed_in("patel")
    open_recording(page, COLDHARBOUR)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  (Playwright marks it)
    page.reload()
    expect(page.locator("#player")).to_have_attribute("data-ready", "")
    own = [answer for answer in answers if "/bytes/" not in answer.url]
    sizes = {answer.url.rsplit("/", 1)[1]: weight(answer) for answer in own}
    assert sum(sizes.values()) <= HEAVIEST, sizes


def test_the_html_stays_below_22_kilobytes_however_often_it_was_watched(watched: Watched) -> None:
    page = watched.signed_in("okafor")
    open_recording(page, COLDHARBOUR)
    for _ in range(SHOWN):
        page.get_by_role("button", name="Check the file again").click()
        expect(page.get_by_text("Read again just now")).to_be_visible()
    answer = page.reload()
    assert answer is not None
    assert len(answer.body()) <= 22_000
    expect(page.locator(".chain li")).to_have_count(SHOWN)
    page.get_by_role("link", name="older entries").click()
    expect(page.locator(".chain li").last).to_contain_text("Recorded")


def faults(page: Page) -> list[str]:
    """What axe calls a violation, with the elements."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for one in found
        for node in one["nodes"]
    ]


def weight(answer: Response) -> int:
    """Bytes that travelled, heads included."""
    sizes = answer.request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]
