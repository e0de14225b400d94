"""One demonstration for the whole run: it films for a minute, so no two tests build it.

Workers of pytest-xdist share it through the run's temporary folder; a lock lets one build and
the others wait.
"""

import fcntl
import json
from dataclasses import replace
from typing import Any

import pytest
from tests.program import Program, program_in

WORDS = ("demo", "--seed", "7", "--frozen", "--no-serve", "--json")


def demonstration(factory: pytest.TempPathFactory) -> tuple[Program, dict[str, Any]]:
    """A program whose data folder holds the force of seed 7; and what `demo` answered."""
    base = factory.getbasetemp()
    # A worker's folder lies in the run's; alone, the run's folder is its own.
    folder = (base.parent if base.name.startswith("popen-") else base) / "demonstration"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer, program = folder / "answer.json", program_in(folder)
        if not answer.exists():
            facts = program.well(*WORDS).facts
            # The others need the same database, and the same ports matter to nobody.
            answer.write_text(json.dumps([dict(program.environment), facts]))
        environment, facts = json.loads(answer.read_text())
    return replace(program, environment=environment), facts
