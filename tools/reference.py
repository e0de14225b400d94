"""Write what the program itself knows into the documents: errors, settings, verbs, checks, API.

    python -m tools.reference            write the files
    python -m tools.reference --check    say which of them are not what the program says

A law test runs the second. What is written here is read from the source, so that a new error or
setting needs its words in one place only.
"""

import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django
import typer
import typer.main
from django.conf import settings as django_conf
from tools.raised import CLASSES, Raised, raised

from bodyworn.cli.main import app
from bodyworn.settings import DEFAULT_DATA, Settings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
HELP = re.compile(r"```text help\n.*?```", re.DOTALL)


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


def settings_page() -> str:
    """Every setting with its default, its environment variable and its comment."""
    source = inspect.getsource(Settings)
    source = source.replace("Path = DEFAULT_DATA", f"folder = {DEFAULT_DATA}")
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
    options: dict[str, Any] = {"terminal_width": 80, "help_option_names": ["-h", "--help"]}
    with command.make_context(title, [], resilient_parsing=True, **options) as context:
        return str(command.get_help(context)).rstrip()


def checks_page() -> str:
    """Every finding of `bodyworn check`."""
    # The questions import tables, which exist only once Django is configured.
    configure_for_tools()
    from bodyworn.work.check import CHECKS  # noqa: PLC0415

    rows = [f"| `{c.id}` | {c.name} | {c.asks} |" for c in CHECKS]
    return page(
        "Checks",
        "`bodyworn check` asks each of these and answers with a finding: good, a warning, or a "
        "fault with a hint. It ends with 1 if there is a fault. An id never changes its meaning.",
        "| id | name | what is asked |",
        "|---|---|---|",
        *rows,
    )


def api_page() -> str:
    """Every operation of the API with what goes in and comes out."""
    configure_for_tools()
    from bodyworn.web.api.v1 import api  # noqa: PLC0415

    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    operations = [
        line
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        for line in operation_lines(f"{method.upper()} {path}", operation)
    ]
    shapes = schema["components"]["schemas"]
    return page(
        "API",
        "JSON over HTTP, at the pages' address; the machine-readable form is "
        "`/api/v1/openapi.json` (OpenAPI 3.1). A dock sends `Authorization: Bearer` and its token. "
        "Errors are `application/problem+json` with a `code` of [errors](errors.md). Within v1 "
        "fields may be added; none is renamed or taken away.",
        *operations,
        *(line for name, shape in shapes.items() for line in shape_lines(name, shape)),
    )


def operation_lines(title: str, operation: dict[str, Any]) -> list[str]:
    """One operation: its words, what it takes, what a good answer is."""
    takes = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = [
        f"{status}: {shape_name(answer['content']['application/json']['schema'])}"
        for status, answer in operation["responses"].items()
        if str(status).startswith("2") and "content" in answer
    ]
    words = [f"Takes {shape_name(takes['schema'])}."] if takes else []
    words += [f"Answers {', '.join(answers)}."] if answers else []
    return [f"## `{title}`", "", operation.get("description", ""), "", " ".join(words), ""]


def shape_lines(name: str, shape: dict[str, Any]) -> list[str]:
    """One shape: its fields."""
    needed = set(shape.get("required", []))
    rows = [
        f"| `{field}` | {kind_of(facts)} | {'yes' if field in needed else ''} | "
        f"{facts.get('description', '')} |"
        for field, facts in shape.get("properties", {}).items()
    ]
    head = ["| field | type | needed | meaning |", "|---|---|---|---|"]
    return [f"## {name}", "", shape.get("description", ""), "", *head, *rows, ""]


def kind_of(facts: dict[str, Any]) -> str:
    """A field's type in words."""
    if "$ref" in facts:
        return shape_name(facts)
    if "anyOf" in facts:
        return " or ".join(kind_of(one) for one in facts["anyOf"])
    if "enum" in facts:
        return ", ".join(f"`{word}`" for word in facts["enum"])
    if facts.get("type") == "array":
        return f"list of {kind_of(facts.get('items', {}))}"
    return str(facts.get("type", "anything"))


def shape_name(schema: dict[str, Any]) -> str:
    """A link to a shape of this page."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return f"[{name}](#{name.lower()})" if name else kind_of(schema)


def decisions_page() -> str:
    """Every decision by its title."""
    pages = sorted(path for path in (DOCS / "adr").glob("*.md") if path.name != "index.md")
    titles = [path.read_text().partition("\n")[0].removeprefix("# ") for path in pages]
    return page(
        "Decisions",
        "Each page: context, options, choice, why the others lost. A decision that is replaced "
        "stays, and says by which.",
        *(f"- [{title}]({path.name})" for title, path in zip(titles, pages, strict=True)),
    )


def readme() -> str:
    """The README with the program's own help in its block."""
    shown = help_of(typer.main.get_command(app), "bodyworn")
    text = (ROOT / "README.md").read_text()
    return HELP.sub(lambda _: f"```text help\n{shown}\n```", text)


def configure_for_tools() -> None:
    """Configure Django, unless a test run did."""
    if not django_conf.configured:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bodyworn.web.settings_for_tools")
        django.setup()


def page(title: str, *lines: str) -> str:
    """One document."""
    first, *rest = lines
    mark = "<!-- written by tools/reference.py: `make docs` -->"
    return "\n".join([f"# {title}", "", mark, "", first, "", *rest]).rstrip() + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "adr/index.md": decisions_page,
    "reference/api.md": api_page,
    "reference/checks.md": checks_page,
    "reference/cli.md": cli_page,
    "reference/errors.md": errors_page,
    "reference/settings.md": settings_page,
}


def stale() -> list[str]:
    """The pages that are not what the program says."""
    return [
        name
        for name, write in PAGES.items()
        if not (DOCS / name).exists() or (DOCS / name).read_text() != write()
    ]


def main() -> None:
    """Write, or check."""
    if "--check" in sys.argv:
        found = stale()
        sys.exit(f"not what the program says: {', '.join(found)}; run `make docs`" if found else 0)
    for name, write in PAGES.items():
        (DOCS / name).write_text(write())
    (ROOT / "README.md").write_text(readme())


if __name__ == "__main__":
    main()
