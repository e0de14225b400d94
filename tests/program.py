"""The program as a person meets it: a command line, a data folder, an exit code."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from tests import databases

from bodyworn.web.door.reading_server import free_port

BIN = Path(sys.executable).parent
SECONDS = 600  # for one call: a demonstration films for a minute of two cores


@dataclass(frozen=True, slots=True)
class Said:
    """What one call said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`bodyworn` with a data folder of its own and nothing else of the environment."""

    data: Path
    folder: Path  # where it is called
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """Everything that the program can see of its environment."""
        return {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "BODYWORN_DATA": str(self.data),
            **self.environment,
        }

    def __call__(self, *words: str | Path, stdin: str = "") -> Said:
        """Run it to its end."""
        done = subprocess.run(
            [str(BIN / "bodyworn"), *map(str, words)],
            cwd=self.folder,
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def well(self, *words: str | Path, stdin: str = "") -> Said:
        """Run it to its end, which must be a good one."""
        said = self(*words, stdin=stdin)
        assert said.code == 0, f"{words}: {said}"
        return said

    def begin(self, *words: str | Path) -> "Running":
        """Run it in the background, its output in a file."""
        log = self.folder / f"{secrets.token_hex(4)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [str(BIN / "bodyworn"), *map(str, words)],
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return Running(process, log)


@dataclass(frozen=True, slots=True)
class Running:
    """A call that goes on; use it with `with`."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """Both outputs so far."""
        return self.log.read_text()

    def wait_for(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Until it has said something; the match."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := re.search(pattern, self.said):
                return found
            assert self.process.poll() is None, self.said
            time.sleep(0.05)
        raise AssertionError(f"{pattern} was not said within {seconds} s: {self.said}")

    def end(self, number: int = signal.SIGTERM, seconds: float = 30) -> int:
        """Send a signal and wait; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def program_in(folder: Path) -> Program:
    """A program for one test: free ports, and an empty database where the run has PostgreSQL."""
    pages, upload, reading = free_port(), free_port(), free_port()
    environment = {
        "BODYWORN_PAGES_PORT": str(pages),
        "BODYWORN_UPLOAD_PORT": str(upload),
        "BODYWORN_READING_PORT": str(reading),
    }
    if databases.wants_postgresql():
        environment["BODYWORN_DATABASE"] = empty_database()
    return Program(data=folder / "data", folder=folder, environment=environment)


def empty_database() -> str:
    """The address of a new database on the run's own server."""
    name = f"cli_{secrets.token_hex(6)}"
    with psycopg.connect(databases.url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return databases.url().replace("/postgres?", f"/{name}?", 1)
