"""Examples of the documents: what stands in fenced blocks, and how it says that it is to be run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.laws.source import DOCS, ROOT

FENCE = re.compile(r"^```(\w+)([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = ("console", "json", "python", "toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One fenced block."""

    document: Path
    line: int  # of its opening fence
    kind: str  # `console`, `python`, …
    note: str  # what stands behind it: empty, `demo`, or `no-run: reason`
    text: str

    @property
    def commands(self) -> list[str]:
        """The lines that a reader types."""
        return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]


def documents() -> list[Path]:
    """Everything that a reader reads."""
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def examples(document: Path) -> Iterator[Example]:
    """Every fenced block of one document, in order."""
    text = document.read_text()
    for found in FENCE.finditer(text):
        kind, note, body = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        yield Example(document=document, line=line, kind=kind, note=note.strip(), text=body)
