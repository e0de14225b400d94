"""How the tests ask the stand-alone verifier in Python."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.custody.outside_cases import Case, lay

from bodyworn.custody import outside

SCRIPT = Path(outside.__file__).with_name("verify.py")


def words_of(case: Case, folder: Path) -> list[str]:
    """The command line for this case, its files laid down in the folder."""
    words = [str(lay(case.files, folder / "shown") / case.what)]
    words += ["--key", case.key] if case.key else []
    brought = {"policy": case.policy, "older": case.older, "bytes": case.about}
    for name, value in brought.items():
        if value is not None:
            path = folder / name
            path.write_bytes(value.encode() if isinstance(value, str) else value)
            words += [f"--{name}", str(path)]
    if case.log is not None:
        words += ["--log", str(lay(case.log, folder / "log"))]
    return words


def run(*words: str) -> tuple[int, dict[str, Any]]:
    """What the file says, run by itself: without our package, without any other."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, *words, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    said: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, said


def failed_step(said: dict[str, Any]) -> int | None:
    """The number of the first step that failed."""
    step: int | None = (said.get("failed") or {}).get("step")
    return step
