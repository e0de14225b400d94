"""Laws about documents: what the program has is described, in the words that it uses."""

import re
from enum import StrEnum

import pytest
import typer.main
from tests.laws.source import DOCS, ROOT, document, headings_in_code
from tools import reference
from tools.raised import raised

from bodyworn.cli.main import app
from bodyworn.core import terms, types
from bodyworn.core.terms import EventType


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_reference_page_says_what_the_program_says(name: str) -> None:
    assert (DOCS / name).read_text() == reference.PAGES[name](), "run `make docs`"


def test_the_help_in_the_readme_is_the_programs() -> None:
    assert (ROOT / "README.md").read_text() == reference.readme(), "run `make docs`"


def test_every_error_is_found_that_a_search_for_codes_finds() -> None:
    """The reader of the source must not miss a way to raise: it knows these three."""
    known = {error.code for error in raised()}
    assert {"door.full", "people.name-taken", "records.no-recording", "ticket.expired"} <= known


def test_every_code_is_room_and_what_happened() -> None:
    odd = [e.code for e in raised() if not re.fullmatch(r"[a-z]+(\.[a-z0-9-]+)+", e.code)]
    assert odd == []


def test_one_code_has_one_meaning() -> None:
    """One class a code: the same code must not be an exit 3 here and an exit 5 there."""
    kinds: dict[str, set[str]] = {}
    for error in raised():
        kinds.setdefault(error.code, set()).add(error.kind)
    assert {code: kind for code, kind in kinds.items() if len(kind) > 1} == {}


def test_every_event_is_described() -> None:
    assert {event.value for event in EventType} == headings_in_code(document("reference/events.md"))


def words() -> list[str]:
    lists = [kind for kind in vars(terms).values() if isinstance(kind, type)]
    return [
        w.value for kind in lists if issubclass(kind, StrEnum) and kind is not StrEnum for w in kind
    ]


@pytest.mark.parametrize("word", sorted(set(words())))
def test_a_word_of_a_closed_list_is_in_the_glossary(word: str) -> None:
    assert f"`{word}`" in document("glossary.md"), f"docs/glossary.md does not explain {word}"


NOUNS = (
    "Device", "Officer", "Recording", "Copy", "CustodyEvent", "Exhibit", "Redaction",
    "Disclosure", "RetentionDecision", "Complaint",
)  # fmt: skip


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_of_the_house_is_in_the_glossary(noun: str) -> None:
    assert f"**{noun}**" in document("glossary.md")
    assert noun in str(types.__doc__)


COMMANDS = dict(reference.commands(typer.main.get_command(app), ()))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_every_verb_has_an_example(words: tuple[str, ...]) -> None:
    shown = reference.help_of(COMMANDS[words], " ".join(("bodyworn", *words)))
    assert re.search(rf"\n\n  Example: bodyworn .*{' '.join(words)}", shown)


def test_the_two_commands_stand_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    assert "$ make demo" in text
    assert "$ make test" in text


def test_every_target_of_the_makefile_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[0].split()
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert set(phony) == explained
