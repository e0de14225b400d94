"""How one run of the program speaks: words or JSON on standard output, progress on the other.

Standard output carries the answer and nothing else, so that it can be piped; progress, warnings
and errors in words go to standard error. A bar is drawn on a terminal only; elsewhere progress
is plain lines, at most one in five seconds.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bodyworn.core.clock import iso
from bodyworn.core.errors import BodywornError
from bodyworn.core.tasks import Progress, silent

if TYPE_CHECKING:
    from bodyworn.core.types import Actor
    from bodyworn.settings import Settings
    from bodyworn.work.house import House

SECONDS_BETWEEN_LINES = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """The general options of one run, and what they mean for how it answers."""

    data: Path | None = None  # the data folder, if the line named one
    json: bool = False  # one JSON object instead of words

    @classmethod
    def of(cls, ctx: typer.Context) -> "Face":
        """The face of this run."""
        face = ctx.find_object(cls)
        return face if face is not None else cls()

    @classmethod
    def of_words(cls, words: list[str]) -> "Face":
        """The face before anything was parsed: enough to report an error in the right form."""
        return cls(json="--json" in words)

    def settings(self) -> "Settings":
        """The settings of the data folder."""
        from bodyworn.settings import Settings

        return Settings.load(self.data)

    def house(self) -> "House":
        """The data folder, open. Raises SetupError."""
        from bodyworn.web.configure import configure
        from bodyworn.work.house import House

        settings = self.settings()
        configure(settings)
        return House.open(settings)

    def answer(self, facts: dict[str, Any], *lines: str) -> None:
        """Say the answer: the facts as JSON, or the lines as words."""
        if self.json:
            typer.echo(shown(json.dumps(facts, ensure_ascii=False)))
        self.say(*lines)

    def say(self, *lines: str) -> None:
        """Say something for people; programs hear the answer alone."""
        if not self.json:
            for line in lines:
                typer.echo(_lines(line))

    def fail(self, error: BodywornError) -> int:
        """Say what went wrong; the exit code."""
        if self.json:
            told = json.dumps({"error": error.as_dict()}, ensure_ascii=False, default=str)
            typer.echo(shown(told))
        else:
            typer.echo(_lines(f"{error.message} ({error.code})\n{error.hint}"), err=True)
        return error.exit_code

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Something to hand to a verb that takes long."""
        if self.json:
            yield silent
        elif sys.stderr.isatty():
            with _bar() as progress:
                yield progress
        else:
            yield _Lines()


def operator() -> "Actor":
    """Who acts on the command line: the machine's account, whom no rule of ours can stop."""
    import os
    import pwd

    from bodyworn.core.types import Actor
    from bodyworn.rules.access import AT_THE_MACHINE

    account = pwd.getpwuid(os.getuid()).pw_name
    return Actor(name=f"{AT_THE_MACHINE}{account}", display=f"{account} at the machine")


def utc(moment: datetime) -> str:
    """A time for people, in UTC to the second.

    >>> utc(datetime(2026, 4, 12, 22, 41, 7, tzinfo=UTC))
    '2026-04-12 22:41:07Z'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def shown(text: str) -> str:
    """The text on one line, as a terminal may have it: what is no character of print becomes its
    number, as in JSON. Names of files come from cameras, and a terminal obeys some characters.

    >>> print(shown("a" + chr(27) + "[31m.mp4"))
    a\\u001b[31m.mp4
    """
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _lines(text: str) -> str:
    return "\n".join(shown(line) for line in text.split("\n"))


def plain(facts: dict[str, Any]) -> dict[str, Any]:
    """The same with times as text, ready for JSON."""
    return {
        name: iso(value) if isinstance(value, datetime) else value for name, value in facts.items()
    }


class _Lines:
    """Progress as lines for a log: the first, the last of each kind, and one now and then."""

    def __init__(self) -> None:
        self._said_at = 0.0
        self._what = ""

    def __call__(self, done: int, of: int, what: str) -> None:
        now = time.monotonic()
        is_due = now - self._said_at >= SECONDS_BETWEEN_LINES or what != self._what
        if is_due or (of and done >= of):
            typer.echo(f"{shown(what)}: {_share(done, of)}", err=True)
            self._said_at, self._what = now, what


def _share(done: int, of: int) -> str:
    return f"{min(100, 100 * done // of)} %" if of else f"{done:,}"


@contextmanager
def _bar() -> Iterator[Progress]:
    """One bar on the terminal; NO_COLOR is honoured by rich itself."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    # What is said while the bar runs stands above it; a pipe must not be caught for that.
    is_caught = sys.stdout.isatty()
    console = Console(stderr=True)
    with Bars(*columns, console=console, transient=True, redirect_stdout=is_caught) as bars:
        task = bars.add_task("", total=None)

        def progress(done: int, of: int, what: str) -> None:
            bars.update(task, completed=done, total=of or None, description=escape(shown(what)))

        yield progress
