"""The papers of a pack in the hands of programs that are not ours: PDF readers, CASE validators."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import NOW
from tests.work.packing import packed, published, told

from bodyworn.work.house import House
from bodyworn.work.pack import paper

database = pytest.mark.django_db(transaction=True)
needs_poppler = pytest.mark.skipif(shutil.which("pdfsig") is None, reason="needs poppler-utils")


def content(text: str) -> dict[str, Any]:
    """A history in which everything is this text."""
    return {
        "title": f"Custody history {text}",
        "force": text,
        "reference": text,
        "description": text,
        "opening": [text],
        "facts": [(text, text, True), ("Size", text, False)],
        "rows": [[text, text, "1"]] * 3,
        "checking": [text],
        "limits": [text],
    }


@pytest.fixture
def folder(house: House, tmp_path: Path) -> Path:
    """The data of a pack."""
    packed(house, tmp_path / "out", published(house))
    return tmp_path / "out" / "data"


def run(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, check=False)
    return done.stdout.decode()


@database
@needs_poppler
def test_a_reader_of_pdf_finds_the_signature_good_and_over_everything(folder: Path) -> None:
    said = run("pdfsig", folder / "custody.pdf")
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert "Custody documents" in said


@database
@needs_poppler
def test_a_changed_page_breaks_the_signature(folder: Path) -> None:
    path = folder / "custody.pdf"
    data = bytearray(path.read_bytes())
    data[data.index(b"stream") + 100] ^= 1
    path.write_bytes(data)
    assert "Digest Mismatch" in run("pdfsig", path)


@database
@needs_poppler
def test_the_page_is_tagged_and_read_in_order(folder: Path) -> None:
    path = folder / "custody.pdf"
    assert re.search(r"Tagged: +yes", run("pdfinfo", path))
    structure = run("pdfinfo", "-struct-text", path)
    headings = ["The recording", "What happened, in order", "How this can be checked"]
    places = [structure.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "TH" in structure
    assert b"pdfuaid" in path.read_bytes()


@database
@needs_poppler
def test_every_event_is_on_the_page_with_its_entry(folder: Path) -> None:
    text = " ".join(run("pdftotext", folder / "custody.pdf", "-").split())
    assert "DC C. Patel" in text
    assert "for CPS London" in text
    for sentence in (
        "began this recording",
        "and the evidence store recorded it",
        "It was decided",
    ):
        assert sentence in text
    assert told(folder)["reference"] in text


@database
def test_other_tools_read_the_graph(folder: Path) -> None:
    """case-utils ships the ontologies; some seconds, so there is one such test."""
    program = Path(sys.executable).with_name("case_validate")
    graph = folder / "custody.jsonld"
    assert "Conforms: True" in run(program, "--built-version", "case-1.5.0", graph)


@database
def test_the_graph_says_what_the_events_say(folder: Path) -> None:
    graph = json.loads((folder / "custody.jsonld").read_text())["@graph"]
    kinds = [node["@type"] for node in graph]
    events = told(folder)["events"]
    assert kinds.count("case-investigation:InvestigativeAction") == len(events)
    (file,) = (node for node in graph if node["@type"] == "uco-observable:File")
    hashes = file["uco-core:hasFacet"][1]["uco-observable:hash"]
    assert [one["uco-types:hashMethod"] for one in hashes] == ["SHA256", "SHA512"]
    assert hashes[0]["uco-types:hashValue"]["@value"] == told(folder)["file"]["sha256"]
    names = [node["@id"] for node in graph]
    assert len(set(names)) == len(names)


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_any_text_can_be_set_and_none_is_read_as_markup(text: str) -> None:
    assert paper.set_in_type(content(text), at=NOW).startswith(b"%PDF-1.7")


@pytest.mark.parametrize(
    "text",
    [
        "#panic()",
        "$x$",
        "= heading",
        "*bold* _it_ `raw`",
        '#read("/etc/passwd")',
        "\\",
        "@a",
        "<b>",
    ],
)
@needs_poppler
def test_markup_in_a_name_stays_a_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(paper.set_in_type(content(text), at=NOW))
    assert text in run("pdftotext", path, "-")


def test_the_fonts_have_every_sign_that_is_not_written_by_its_number() -> None:
    shown = [chr(n) for n in range(0x20, 0x3000) if paper.SHOWN.fullmatch(chr(n))]
    assert len(shown) > 1200
    lines = ["".join(shown[at : at + 60]) for at in range(0, len(shown), 60)]
    made = content("x") | {"opening": lines}
    assert paper.set_in_type(made, at=NOW).startswith(b"%PDF")


def test_the_same_history_is_the_same_document() -> None:
    later = NOW.replace(microsecond=999_999)  # the clock of a real house has such
    once, twice = (paper.set_in_type(content("x"), at=at) for at in (NOW, later))
    assert once == twice
