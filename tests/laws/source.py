"""The source as laws read it: files, syntax trees, documents. Nothing is imported or run."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "bodyworn"
DOCS = ROOT / "docs"


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    return {dotted(path): path for path in sorted(SOURCE.rglob("*.py"))}


def dotted(path: Path) -> str:
    """`src/bodyworn/core/types.py` is `bodyworn.core.types`; a package is its folder."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse(path.read_text(), filename=str(path))


def calls(path: Path) -> Iterator[ast.Call]:
    """Every call in one file."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """The last word of what is called: `FileResponse` of `http.FileResponse(…)`."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def document(name: str) -> str:
    """One document's text."""
    return (DOCS / name).read_text()


def headings_in_code(text: str) -> set[str]:
    """What stands in backticks at the start of a table row or a heading."""
    rows = re.findall(r"^\|\s*`([^`]+)`", text, re.MULTILINE)
    heads = re.findall(r"^#+ `([^`]+)`", text, re.MULTILINE)
    return {*rows, *heads}


def place(path: Path, node: ast.AST) -> str:
    """`web/pages.py:12`, for a failure's sentence."""
    return f"{path.relative_to(SOURCE)}:{getattr(node, 'lineno', 0)}"
