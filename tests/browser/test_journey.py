"""An investigator's way: sign in, find, say why, step, mark, check; and what others meet."""

import re

from playwright.sync_api import Page, expect
from tests.browser.desk import DESK, Watched, open_recording, sign_in
from tests.browser.stage import PASSWORD

COLDHARBOUR = "BWV-26-0412-7F3A"
CAMDEN = "BWV-26-0410-7A76"  # in fragments, played through an index


def test_an_investigator_finds_watches_marks_and_checks(watched: Watched) -> None:
    page = watched.signed_in("patel")
    expect(page.get_by_role("heading", level=1)).to_have_text("New in Lambeth")

    page.keyboard.press("/")
    page.keyboard.type("coldharbour stop")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("coldharbour stop")
    page.get_by_role("link", name="Stop and search, Coldharbour Lane").click()

    expect(page.get_by_role("heading", name="Why are you opening this?")).to_be_visible()
    page.keyboard.press("1")
    page.get_by_label("Case or CAD reference").fill("01/4412/26")
    page.keyboard.press("Enter")
    expect(
        page.get_by_text("Watching for case 01/4412/26. This viewing is recorded.")
    ).to_be_visible()

    at_frame(page, 450)
    for _ in range(3):
        page.keyboard.press(".")
    expect(page.locator("#clock")).to_have_text("22:41:37.20")
    expect(page.locator("#frame")).to_have_text("frame 453")

    page.keyboard.press("m")
    page.keyboard.type("Search begins")
    page.keyboard.press("Enter")
    expect(page.locator("#pins button")).to_have_count(1)
    expect(page.get_by_role("button", name="Marker 1, Search begins")).to_be_visible()
    expect(page.locator(".map-pin")).to_have_count(1)
    expect(page.locator(".chain li").first).to_contain_text("Marker added")
    page.get_by_role("tab", name="Markers").click()
    expect(page.locator("#markers li")).to_contain_text("22:41:37.20 · frame 453")

    page.get_by_role("tab", name="Custody").click()
    page.get_by_role("button", name="Check the file again").click()
    expect(page.get_by_text("The file is unchanged.")).to_be_visible()
    expect(page.locator(".chain li").first).to_contain_text("Checked: unchanged")
    expect(page.locator("#tags")).to_contain_text("Unchanged since")

    page.get_by_role("tab", name="Markers").click()
    page.get_by_role("button", name="Take marker 1 away").click()
    expect(page.locator("#pins button")).to_have_count(0)


def test_a_reload_does_not_ask_again_and_returns_to_the_frame(watched: Watched) -> None:
    page = watched.signed_in("patel")
    open_recording(page, COLDHARBOUR)
    at_frame(page, 337)
    expect(page).to_have_url(re.compile("#f=337$"))
    page.reload()
    expect(page.locator("#frame")).to_have_text("frame 337")
    expect(page.locator("#clock")).to_have_text("22:41:29.46")


def test_a_link_to_a_moment_survives_the_question(watched: Watched) -> None:
    page = watched.signed_in("patel")
    page.goto(f"/recordings/{COLDHARBOUR}?t=22.46")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#frame")).to_have_text("frame 337")

    other = watched.signed_in("okafor")
    other.goto(f"/recordings/{COLDHARBOUR}#f=337")
    other.keyboard.press("3")
    other.keyboard.press("Enter")
    expect(other.locator("#frame")).to_have_text("frame 337")


def test_footage_in_fragments_plays_and_steps(watched: Watched) -> None:
    page = watched.signed_in("novak")
    open_recording(page, CAMDEN)
    at_frame(page, 300)
    page.keyboard.press(".")
    expect(page.locator("#frame")).to_have_text("frame 301")
    page.keyboard.press(">")
    expect(page.locator("#frame")).to_have_text("frame 315")


def test_the_timeline_zooms_and_takes_a_pointer(watched: Watched) -> None:
    page = watched.signed_in("patel")
    open_recording(page, COLDHARBOUR)
    at_frame(page, 360)
    page.get_by_role("button", name="5 s", exact=True).click()
    expect(page.get_by_role("button", name="5 s", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    box = page.locator("#scrub").bounding_box()
    assert box is not None
    # Centred on the playhead: a tenth of the width further on is half a second further on.
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + 60)
    expect(page.locator("#frame")).to_have_text(re.compile("frame 36[789]"))
    slider = page.get_by_role("slider", name="Position in the recording")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"22:41:31\.\d\d, frame 36[789]"))
    page.keyboard.press("-")
    expect(page.get_by_role("button", name="20 s")).to_have_attribute("aria-pressed", "true")


def test_a_still_is_on_record_before_it_is_saved(watched: Watched) -> None:
    page = watched.signed_in("patel")
    open_recording(page, COLDHARBOUR)
    at_frame(page, 100)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Still").click()
    assert saved.value.suggested_filename == f"{COLDHARBOUR}_frame-100.png"
    expect(page.locator(".chain li").first).to_contain_text("Still taken")
    expect(page.locator(".chain li").first).to_contain_text("frame 100")


def test_an_officer_sees_own_footage_and_may_take_nothing_out(watched: Watched) -> None:
    page = watched.signed_in("4471QK", (390, 844))
    expect(page.get_by_role("heading", level=1)).to_have_text("My footage")
    expect(page.get_by_text("3 to tag, first is deleted in 19 days")).to_be_visible()
    open_recording(page, COLDHARBOUR)
    expect(page.get_by_role("button", name="Still")).to_have_count(0)


def test_a_supervisor_is_told_of_skipped_numbers_and_damage(watched: Watched) -> None:
    page = watched.page()
    sign_in(page, "okafor")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lambeth B")
    expect(page.get_by_role("table", name="The unit's newest recordings")).to_be_visible()


def test_an_administrator_says_whose_nobodys_footage_is(watched: Watched) -> None:
    page = watched.signed_in("wells")
    page.get_by_role("row").filter(has_text="BAD2").get_by_role("link").click()
    page.get_by_role("link", name="Say whose it is").click()
    page.get_by_label("Borough").fill("Lambet")
    page.get_by_label("Reason").fill("A label on the card")
    page.get_by_role("button", name="Put on record").click()
    expect(page.get_by_role("alert")).to_contain_text("No unit here belongs to Lambet.")
    expect(page.get_by_label("Reason")).to_have_value("A label on the card")
    watched.forgive("403")
    watched.forgive("422")


def test_what_is_not_for_somebody_looks_like_nothing_there(watched: Watched) -> None:
    page = watched.signed_in("novak")
    answer = page.goto(f"/recordings/{COLDHARBOUR}")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "There is no recording with this reference."
    )
    watched.forgive("404")


def test_without_scripts_the_page_reads_and_the_video_has_controls(watched: Watched) -> None:
    page = watched.page(DESK, java_script_enabled=False)
    page.goto(f"/recordings/{COLDHARBOUR}")
    page.get_by_label("Name").fill("patel")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Supervision").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("video[controls]")).to_be_visible()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    expect(page.get_by_text("SHA-256").first).to_be_visible()
    page.get_by_role("button", name="Check the file again").click()
    expect(page.get_by_text("The file is unchanged.")).to_be_visible()


def test_the_keys_are_listed_on_a_question_mark(watched: Watched) -> None:
    page = watched.signed_in("patel")
    open_recording(page, COLDHARBOUR)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def at_frame(page: Page, number: int) -> None:
    """Go to a frame by its address and wait until it is on the screen."""
    expect(page.locator("#player")).to_have_attribute("data-ready", "")
    page.evaluate("number => { location.hash = `#f=${number}`; }", number)
    expect(page.locator("#frame")).to_have_text(f"frame {number}")
