"""Laws about the source: one direction inside a room too, one reader of the environment."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tests.laws.source import SOURCE, called, calls, modules, place, tree

MODULES = modules()


def imported_by(name: str, path: Path) -> set[str]:
    """Our own modules that this one imports, anywhere in it, functions included."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join(package.split(".")[: 1 - level or None]) if level else ""
                stem = ".".join(part for part in (base, module) if part)
                inner = {f"{stem}.{alias.name}" for alias in names}
                found |= {one if one in MODULES else stem for one in inner}
    return {one for one in found if one in MODULES and one != name}


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    """One way round, if there is any; else an empty list."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for after in sorted(graph[name]):
            if found := walk(after, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in graph if (found := walk(name, []))), [])


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {name: imported_by(name, path) for name, path in MODULES.items()}
    assert " -> ".join(cycle_in(graph)) == ""


def test_the_search_for_cycles_finds_one() -> None:
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(tree(MODULES[name])), f"{name} has no docstring"


def environment_reads(path: Path) -> list[str]:
    """Where a file touches the environment."""
    return [
        place(path, node)
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"})
        or (isinstance(node, ast.ImportFrom) and {a.name for a in node.names} & {"environ"})
    ]


def test_only_settings_read_the_environment() -> None:
    found = [place for path in MODULES.values() for place in environment_reads(path)]
    assert [place for place in found if not place.startswith("settings.py:")] == []


PATH_NAMES = {"records.sqlite3", "queue.sqlite3", "log.key", "ticket.key", "pages.key", "inbox"}


def test_only_the_layout_knows_where_data_lies() -> None:
    """Elsewhere a name of the data folder's inside would be a second truth about paths."""
    joins = [
        place(path, node)
        for path in MODULES.values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and isinstance(node.right, ast.Constant)
        and node.right.value in PATH_NAMES
    ]
    assert [one for one in joins if not one.startswith("store/layout.py:")] == []


def test_no_file_is_answered_by_django() -> None:
    """FileResponse knows no byte ranges and would bypass the door."""
    found = [
        place(path, call)
        for path in MODULES.values()
        for call in calls(path)
        if called(call) in {"FileResponse", "serve_file"}
    ]
    assert found == []


def has_offset(node: ast.AST) -> bool:
    """A slice that starts at a value: Django makes OFFSET of it on a query.

    A number in the source is not meant: the second newest row is one, wherever it stands.
    """
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Slice)
        and not isinstance(node.slice.lower, ast.Constant | None)
        and isinstance(node.value, ast.Call | ast.Attribute)
    )


def test_no_query_counts_from_the_start() -> None:
    """OFFSET reads and throws away: lists are walked by the key of the last row."""
    queries = [p for p in MODULES.values() if "records" in p.relative_to(SOURCE).parts[:1]]
    found = [place(p, n) for p in queries for n in ast.walk(tree(p)) if has_offset(n)]
    found += [place(p, c) for p in MODULES.values() for c in calls(p) if called(c) == "Paginator"]
    assert found == []


SLOW = {"av", "django", "granian", "httpx", "huey", "numpy", "PIL", "pydantic", "rich"}


def test_help_waits_for_nothing_heavy() -> None:
    """Modules are counted and not seconds: a busy machine must not fail a test."""
    probe = (
        "import sys; from bodyworn.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert "ingest" in done.stdout
    assert SLOW & set(done.stderr.split()) == set()
