"""Every example of the documents is run, in a folder of its own, as a reader would run it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.docs.examples import RUN, Example, documents, examples
from tests.laws.source import ROOT

from bodyworn.settings import Settings

SECONDS = 120  # for one block; a hanging example is a broken one
RUNNABLE = [path for path in documents() if any(e.kind in RUN for e in examples(path))]
NAMES = [str(path.relative_to(ROOT)) for path in RUNNABLE]


@pytest.mark.parametrize("document", RUNNABLE, ids=NAMES)
def test_the_examples_of_a_document_run(
    document: Path, tmp_path: Path, clips: Path, request: pytest.FixtureRequest
) -> None:
    """Blocks of one document share a folder, in order, as they do on a reader's desk."""
    shutil.copytree(clips, tmp_path / "clips")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for example in examples(document):
        if example.note.startswith("no-run"):
            continue
        if example.note == "demo" and not (tmp_path / "demo-data").exists():
            (tmp_path / "demo-data").symlink_to(request.getfixturevalue("demo_data"))
        run(example, folder=tmp_path)


def run(example: Example, *, folder: Path) -> None:
    """Run one block, or read it where it is a file's content.

    Nothing is set that a reader has not been told to set: no data folder above all.
    """
    match example.kind:
        case "console":
            script = "\n".join(example.commands)
            run_command(example, ["bash", "-exc", script], folder=folder)
        case "python":
            words = [sys.executable, "-W", "error", "-c", example.text]
            run_command(example, words, folder=folder)
        case "toml":
            check_settings(example, folder=folder)
        case "json":
            json.loads(example.text)


def run_command(example: Example, command: list[str], *, folder: Path) -> None:
    """Fails with the example's place and everything that it said."""
    place = f"{example.document.relative_to(ROOT)}:{example.line}"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(folder)}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{place}: {command[-1]}\n{done.stdout}\n{done.stderr}"


def check_settings(example: Example, *, folder: Path) -> None:
    """A TOML block is a bodyworn.toml."""
    tomllib.loads(example.text)
    settings = folder / "settings"
    settings.mkdir(exist_ok=True)
    (settings / "bodyworn.toml").write_text(example.text)
    assert Settings.load(settings, environ={}).data == settings


def all_examples() -> list[Example]:
    return [example for path in documents() for example in examples(path)]


def test_an_example_that_is_not_run_says_why() -> None:
    silent = [
        f"{e.document.name}:{e.line}"
        for e in all_examples()
        if e.note.startswith("no-run") and not re.fullmatch(r"no-run: .{10,}", e.note)
    ]
    assert silent == []


def test_a_note_behind_a_fence_is_one_that_is_known() -> None:
    known = re.compile(r"|demo|help|no-run: .+")
    assert [
        f"{e.document.name}:{e.line}" for e in all_examples() if not known.fullmatch(e.note)
    ] == []


def test_a_shell_example_shows_what_to_type() -> None:
    empty = [e for e in all_examples() if e.kind == "console" and not e.commands]
    assert [f"{e.document.name}:{e.line}" for e in empty] == []


def links() -> list[tuple[Path, str]]:
    """Every relative link of every document."""
    found = []
    for path in documents():
        targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text())
        found += [(path, target) for target in targets if "://" not in target]
    return found


@pytest.mark.parametrize(
    ("document", "target"), links(), ids=[f"{p.name}:{target}" for p, target in links()]
)
def test_a_link_leads_somewhere(document: Path, target: str) -> None:
    assert (document.parent / target).exists(), f"{document.name} points at {target}"


def test_every_document_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    by_document: dict[Path, list[Path]] = {}
    for path, target in links():
        by_document.setdefault(path.resolve(), []).append((path.parent / target).resolve())
    while waiting:
        path = waiting.pop().resolve()
        if path not in reached:
            reached.add(path)
            waiting += by_document.get(path, [])
    lost = [str(p.relative_to(ROOT)) for p in documents() if p.resolve() not in reached]
    assert lost == []
