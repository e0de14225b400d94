"""Make `.venv` hold exactly what `requirements.lock` names, then this package, editable.

Standard library only, because it runs before anything is installed. Three steps:
1. a virtual environment, if there is none;
2. every locked package, by hash (uv where it is present, else pip);
3. this package itself, built without network by the locked build tools.

A stamp file remembers what was installed; a second run costs nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "bodyworn.stamp"
INPUTS = ("requirements.lock", "pyproject.toml", "package-lock.json", "tools/hatch_build.py")
OLDEST = (3, 11)


def wanted() -> str:
    """A digest of everything that decides what is installed."""
    seen = hashlib.sha256(sys.version.encode())
    for name in INPUTS:
        seen.update((ROOT / name).read_bytes())
    return seen.hexdigest()


def is_done() -> bool:
    """Whether the stamp says that this very set is installed."""
    return STAMP.exists() and STAMP.read_text() == wanted()


def run(*command: str) -> None:
    """Run one step; its own words explain a failure best."""
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"set-up stopped: `{' '.join(command[:6])} …` ended with {done.returncode}")


def make_environment() -> None:
    """Create `.venv`; Debian keeps the module for it in a package of its own."""
    if (VENV / "bin" / "python").exists():
        return
    try:
        import ensurepip  # noqa: F401, PLC0415  (only here can its absence be told kindly)
    except ImportError:
        sys.exit("set-up needs Python's venv module: apt-get install python3-venv")
    run(sys.executable, "-m", "venv", str(VENV))


def install() -> None:
    """Locked packages by hash, then this package with the locked build tools."""
    python = str(VENV / "bin" / "python")
    locked = ("--require-hashes", "-r", "requirements.lock")
    ours = ("--no-build-isolation", "--no-deps", "-e", ".")
    uv = shutil.which("uv")
    if uv:
        run(uv, "pip", "install", "-q", "--python", python, *locked)
        run(uv, "pip", "install", "-q", "--python", python, *ours)
        return
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "-q")
    run(*pip, *locked)
    run(*pip, *ours)


def main() -> None:
    """List the steps, do what is missing."""
    if sys.version_info < OLDEST:
        sys.exit("bodyworn needs Python 3.11 or newer")
    if is_done():
        return
    print("Installing the locked packages into .venv (once, about a minute) …", flush=True)
    os.environ.pop("VIRTUAL_ENV", None)
    make_environment()
    install()
    STAMP.write_text(wanted())


if __name__ == "__main__":
    main()
