"""The page that stands alone: the same answers as the file, in a browser without any network."""

import base64
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.desk import CHROMIUM, QUIET
from tests.custody.outside_cases import Case, Files, cases, export_of, inner, lay, pack_of, packed
from tests.custody.outside_runs import words_of

from bodyworn.custody import outside
from bodyworn.custody.outside import verify

PAGE = Path(outside.__file__).with_name("verify.html")
CASES = {case.name: case for case in cases()}
BY_HAND = [*(name for name in CASES if name.startswith("good")), *list(CASES)[11::30]]
CODES = {"proved": 0, "missing": 4, "damaged": 5}
INPUTS = {"--policy": "#policy", "--older": "#older", "--bytes": "#bytes", "--log": "#log"}

# No browser hands such things out.
ONLY_ON_DISK = {"file.unreadable", "folder.name", "folder.odd", "what.missing"}

Said = dict[str, Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all."""
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def one_page(chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    """The page from the disk, and notes of all that it may not do."""
    notes: list[str] = []
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.on("console", lambda message: notes.append(message.text))
    page.on("pageerror", lambda error: notes.append(str(error)))
    page.on("request", lambda request: notes.append(request.url))
    yield page, notes
    context.close()


@pytest.fixture
def page(one_page: tuple[Page, list[str]]) -> Iterator[Page]:
    """Nothing is asked of any network, and nothing complains."""
    page, notes = one_page
    if page.url != PAGE.as_uri():
        page.goto(PAGE.as_uri())
        notes.clear()
    yield page
    assert notes == []


@pytest.fixture
def fresh(page: Page, one_page: tuple[Page, list[str]]) -> Page:
    """The same, opened anew."""
    page.goto(PAGE.as_uri())
    one_page[1].clear()
    return page


def asked(page: Page, words: list[str]) -> tuple[int, Said]:
    """Fill the page in with the words of a command line, and read its answer."""
    what, options = Path(words[0]), dict(zip(words[1::2], words[2::2], strict=True))
    page.set_input_files("#folder" if what.is_dir() else "#file", what)
    for option, value in options.items():
        if option == "--key":
            page.fill("#key", value)
        else:
            page.set_input_files(INPUTS[option], value)
    page.click("#check")
    page.wait_for_selector("#verdict[data-code]")
    code = int(page.get_attribute("#verdict", "data-code") or "-1")
    told = page.text_content("#json") if page.is_visible("#found") else None
    return code, json.loads(told) if told else {"error": page.text_content("#verdict")}


JUDGE = """async ([files, what, key, policy, older, log, about]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const folder = (files, name) => Folder.from(Object.entries(files)
    .map(([path, text]) => [path.split("/"), new File([bytes(text)], path)]), name);
  const given = { older, key: key ? readKey(key) : null,
    policy: policy && readPolicy(bytes(policy)),
    log: log && folder(log, "log"), about: about && new File([bytes(about)], "bytes"),
    progress: async () => {} };
  try {
    const shown = what ? new File([bytes(files[what])], what) : folder(files, "shown");
    return asJson(await judge(shown, given));
  } catch (error) {
    if (!(error instanceof WrongError)) throw error;
    return { error: error.message };
  }
}"""


def judged(page: Page, case: Case) -> Said:
    """What the page's own code says to files that never were on a disk: that is quick."""
    brought = [b64(case.policy), case.older, in_b64(case.log), b64(case.about)]
    said: Said = page.evaluate(JUDGE, [in_b64(case.files), case.what, case.key, *brought])
    return said


def b64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def in_b64(files: Files | None) -> dict[str, str | None] | None:
    return None if files is None else {name: b64(data) for name, data in files.items()}


@pytest.mark.browser
@pytest.mark.parametrize("name", CASES)
def test_the_page_says_what_the_file_says(
    name: str, page: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verify.main([*words_of(CASES[name], tmp_path), "--json"])
    said = json.loads(capsys.readouterr().out)
    found = judged(page, CASES[name])
    if "error" in said:  # a browser does not tell where a folder lies, but its last name
        assert said["error"].endswith(found["error"])
    else:
        assert found == said
        assert said["verdict"] == CASES[name].verdict


@pytest.mark.browser
@pytest.mark.parametrize("name", BY_HAND)
def test_a_person_gets_the_same_answer(name: str, fresh: Page, tmp_path: Path) -> None:
    code, found = asked(fresh, words_of(CASES[name], tmp_path))
    assert code == CODES[CASES[name].verdict], found
    assert found.get("error") or found == judged(fresh, CASES[name])


def test_the_page_and_the_file_hold_the_same_words() -> None:
    text = PAGE.read_text()
    found = re.search(r'<script type="application/json" id="words">(.*?)</script>', text, re.DOTALL)
    assert found
    assert json.loads(found[1]) == verify.WORDS


def test_every_word_is_said_by_both() -> None:
    script = re.findall(r"<script>(.*?)</script>", PAGE.read_text(), re.DOTALL)[0]
    source = Path(verify.__file__).read_text().partition('\n""")\n')[2]
    for key in set(verify.WORDS["sentences"]) - ONLY_ON_DISK:
        assert f'"{key}"' in source, key
        assert f'"{key}"' in script, key


def test_the_page_may_run_its_own_script_and_nothing_else() -> None:
    text = PAGE.read_text()
    policy = unescape(re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', text)[0])
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for name in ("script", "style"):
        (inside,) = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        digest = base64.b64encode(sha256(inside.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy, f"{name}: write sha256-{digest} there"
    assert not re.search(r"""(src|href|action)=|https?://|fetch\(|XMLHttp|import\(""", text)
    assert text.count("<script") == 2


@pytest.mark.browser
def test_the_page_has_no_barrier(fresh: Page, tmp_path: Path) -> None:
    axe = Axe()
    assert axe.run(fresh).response["violations"] == []
    asked(fresh, [str(lay(export_of(inner() | {"clip.mp4": b"?"}), tmp_path / "export"))])
    assert axe.run(fresh).response["violations"] == []


@pytest.mark.browser
def test_the_page_can_be_used_without_a_mouse_and_is_read_out(fresh: Page, tmp_path: Path) -> None:
    fresh.set_input_files("#folder", lay(pack_of(packed()), tmp_path / "pack"))
    assert "To be checked: pack, 19 files." in (fresh.text_content("#chosen") or "")
    fresh.focus("#bytes")
    fresh.keyboard.press("Tab")
    fresh.keyboard.press("Enter")
    fresh.wait_for_selector("#verdict[data-code='0']")
    assert fresh.get_by_role("status").text_content() == "All steps held."
    assert fresh.evaluate("document.activeElement.id") == "answer"
    assert fresh.locator("#steps tr").count() == 9
    assert fresh.locator("#not-proved li").count() >= 5


@pytest.mark.browser
def test_nothing_chosen_and_a_garbled_key_are_said(fresh: Page, tmp_path: Path) -> None:
    fresh.click("#check")
    fresh.wait_for_selector("#verdict[data-code='2']")
    folder = lay(export_of(inner()), tmp_path / "export")
    code, said = asked(fresh, [str(folder), "--key", "police.example+00000000+AAAA"])
    assert (code, said["error"]) == (2, verify.say("key.kind"))


DROP = """async (files) => {
  const folders = new Map([["", []]]);
  const entry = (path, text) => ({ isFile: true, name: path.split("/").pop(),
    file: (done) => done(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], path)) });
  const folder = (name, inner) => ({ isFile: false, name, createReader: () => {
    let rest = [...inner];
    return { readEntries: (done) => done(rest.splice(0, 2)) }; } });
  const tree = (prefix, name) => folder(name, [...new Set(Object.keys(files)
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length).split("/")[0]))]
    .map((part) => prefix + part in files ? entry(prefix + part, files[prefix + part])
      : tree(prefix + part + "/", part)));
  const event = new Event("drop", { cancelable: true });
  event.dataTransfer = { items: [{ webkitGetAsEntry: () => tree("", "dropped") }] };
  document.getElementById("drop").dispatchEvent(event);
}"""


@pytest.mark.browser
def test_a_folder_can_be_dropped(fresh: Page) -> None:
    """The browser's own entries cannot be made by a script, so these stand in for them."""
    files = {name: base64.b64encode(data).decode() for name, data in pack_of(packed()).items()}
    fresh.evaluate(DROP, files)
    fresh.wait_for_function("document.getElementById('chosen').textContent.includes('dropped, 19')")
    fresh.click("#check")
    fresh.wait_for_selector("#verdict[data-code='0']")


def test_cases_show_every_kind() -> None:
    kinds = {_kind(case) for case in CASES.values()}
    assert kinds == {"proof", "receipt", "pack", "folder"}


def _kind(case: Case) -> str:
    return case.kind
