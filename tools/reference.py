"""Write the parts of docs/reference that the program itself knows: errors, settings, verbs, checks.

    python tools/reference.py            write the files
    python tools/reference.py --check    say which of them are not what the program says

A law test runs the second. What is written here is read from the source, so that a new error or
setting needs its words in one place only.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
import typer.main

from bodyworn.cli.main import app
from bodyworn.core import errors
from bodyworn.settings import Settings
from bodyworn.work.check import CHECKS

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "bodyworn"
REFERENCE = ROOT / "docs" / "reference"
CODE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")
CLASSES = {name: kind for name, kind in vars(errors).items() if name.endswith("Error")}
WIDTH = "80"


@dataclass(frozen=True, slots=True, order=True)
class Raised:
    """One error that the source can raise."""

    code: str
    kind: str
    status: int
    message: str
    hint: str


def errors_page() -> str:
    """Every code with its class, exit code, web status, sentence and hint."""
    rows = [
        f"| `{e.code}` | {CLASSES[e.kind].exit_code} | {e.status} | {e.message} | {e.hint} |"
        for e in sorted(unique(raised()))
    ]
    return page(
        "Errors",
        "A code names the one thing that happened and never changes its meaning. On the command "
        "line an error is a sentence, its code and a hint on standard error, and with `--json` an "
        'object `{"error": {…}}`; from the web it is `application/problem+json` (RFC 9457). '
        "`…` stands for a name or number of the moment.",
        "| code | exit | web | what happened | what to do |",
        "|---|---|---|---|---|",
        *rows,
    )


def unique(found: Iterator[Raised]) -> list[Raised]:
    """The first of each code: some are raised in two places with one meaning."""
    return list({error.code: error for error in sorted(found, reverse=True)}.values())


def raised() -> Iterator[Raised]:
    """Every error with a literal code, raised or made by a function that returns one."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        makers = {**{name: name for name in CLASSES}, **helpers(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (error := as_raised(node, makers)):
                yield error


def helpers(tree: ast.Module) -> dict[str, str]:
    """Functions that make or raise an error whose code they are given: name, class."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.args.args:
            made = [n for n in ast.walk(node) if isinstance(n, ast.Call) and is_passed_on(n, node)]
            if made:
                found[node.name] = called(made[0])
    return found


def is_passed_on(call: ast.Call, function: ast.FunctionDef) -> bool:
    """Whether this makes an error with the function's first argument as its code."""
    first = next(iter(call.args), None)
    names = {argument.arg for argument in function.args.args}
    return called(call) in CLASSES and isinstance(first, ast.Name) and first.id in names


def as_raised(call: ast.Call, makers: dict[str, str]) -> Raised | None:
    """The error that a call makes, if it names a code."""
    kind = makers.get(called(call))
    code = literal(call.args[0]) if call.args else ""
    if kind is None or not CODE.fullmatch(code):
        return None
    given = {word.arg: word.value for word in call.keywords if word.arg}
    status = given.get("status")
    message = literal(call.args[1]) if len(call.args) > 1 else literal(given.get("message"))
    return Raised(
        code=code,
        kind=kind,
        status=ast.literal_eval(status)
        if isinstance(status, ast.Constant)
        else CLASSES[kind].status,
        message=message or str(CLASSES[kind].__doc__),
        hint=literal(given.get("hint")) or CLASSES[kind].default_hint,
    )


def called(call: ast.Call) -> str:
    """The last word of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def literal(node: ast.expr | None) -> str:
    """The text of a literal; `…` for what is only known when it happens."""
    match node:
        case ast.Constant(value=str(text)):
            return text.replace("|", "\\|")
        case ast.JoinedStr(values=parts):
            return "".join(
                literal(part) if isinstance(part, ast.Constant) else "…" for part in parts
            )
    return ""


def settings_page() -> str:
    """Every setting with its default, its environment variable and its comment."""
    source = inspect.getsource(Settings)
    lines = re.findall(r"^    (\w+): (\w+) = (.+?)  # (.+)$", source, re.MULTILINE)
    rows = [
        f"| `{name}` | `BODYWORN_{name.upper()}` | {kind} | `{default}` | {words} |"
        for name, kind, default, words in lines
    ]
    return page(
        "Settings",
        "A setting comes from the command line (`--data`), else from the environment, else from "
        "`bodyworn.toml` in the data folder, else it has the default below. Anything unknown or "
        "of the wrong type stops the program at its start with a sentence. Secrets are never "
        "settings: they are files in the data folder's `keys`. A database that needs a password "
        "takes it from the client's own password file (`~/.pgpass`).",
        "| in `bodyworn.toml` | in the environment | type | default | meaning |",
        "|---|---|---|---|---|",
        *rows,
        "",
        "```toml",
        'force_name = "Test Police"',
        'database = "postgresql:///bodyworn"',
        "pages_port = 9400",
        "```",
    )


def cli_page() -> str:
    """The help of the program and of every verb."""
    blocks = []
    for words, command in commands(typer.main.get_command(app), ()):
        title = " ".join(("bodyworn", *words))
        blocks += [f"## `{title}`", "", "```text", help_of(command, title), "```", ""]
    return page(
        "Command line",
        "The answer goes to standard output, progress and errors to standard error. `--data DIR` "
        "and `--json` may stand anywhere in the line. `NO_COLOR` is honoured; times are UTC.",
        *blocks,
    )


def commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A command and those below it."""
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from commands(inner, (*words, name))


def help_of(command: Any, title: str) -> str:
    """The help as it is printed, 80 columns wide."""
    with command.make_context(title, [], resilient_parsing=True, max_content_width=80) as context:
        return str(command.get_help(context)).rstrip()


def checks_page() -> str:
    """Every finding of `bodyworn check`."""
    rows = [f"| `{c.id}` | {c.name} | {c.asks} |" for c in CHECKS]
    return page(
        "Checks",
        "`bodyworn check` asks each of these and answers with a finding: good, a warning, or a "
        "fault with a hint. It ends with 1 if there is a fault. An id never changes its meaning.",
        "| id | name | what is asked |",
        "|---|---|---|",
        *rows,
    )


def page(title: str, *lines: str) -> str:
    """One document."""
    first, *rest = lines
    mark = "<!-- written by tools/reference.py: `make docs` -->"
    return "\n".join([f"# {title}", "", mark, "", first, "", *rest]).rstrip() + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "checks.md": checks_page,
    "cli.md": cli_page,
    "errors.md": errors_page,
    "settings.md": settings_page,
}


def stale() -> list[str]:
    """The pages that are not what the program says."""
    return [
        name
        for name, write in PAGES.items()
        if not (REFERENCE / name).exists() or (REFERENCE / name).read_text() != write()
    ]


def main() -> None:
    """Write, or check."""
    if "--check" in sys.argv:
        found = stale()
        sys.exit(f"not what the program says: {', '.join(found)}; run `make docs`" if found else 0)
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write())


if __name__ == "__main__":
    main()
