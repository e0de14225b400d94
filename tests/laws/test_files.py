"""Laws about files: lock files, licences, schema."""

import re
import subprocess
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.laws.source import ROOT

# LGPL, used as it is, never changed: said in docs/reference/licences.md.
ALLOWED_BY_NAME = {"psycopg", "psycopg-binary"}


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows and that are still there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=True
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_lock_files_carry_no_addresses() -> None:
    lock_files = tracked("*.lock", "*lock*.json", "*lock*.toml", "requirements*.txt", ".npmrc")
    assert {path.name for path in lock_files} >= {"requirements.lock", "package-lock.json"}
    with_address = [p.name for p in lock_files if "://" in p.read_text()]
    assert with_address == [], "a lock file names a registry, which is nobody's business"


def test_every_locked_package_has_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    entries = re.findall(r"^(\S+==\S+)(.*(?:\n    .*)*)", lock, re.MULTILINE)
    assert len(entries) > 50
    assert [name for name, rest in entries if "--hash=sha256:" not in rest] == []


def test_no_tracked_file_is_larger_than_a_mebibyte() -> None:
    assert [p.name for p in tracked() if p.stat().st_size > 1 << 20] == []


def run_time_packages() -> list[Distribution]:
    """What `pip install bodyworn` brings, and what that brings."""
    known = {normal(d.name): d for d in distributions()}
    wanted, found = ["bodyworn"], {}
    while wanted:
        name = normal(wanted.pop())
        if name in found or name not in known:
            continue
        found[name] = known[name]
        needs = [Requirement(text) for text in known[name].requires or []]
        wanted += [n.name for n in needs if n.marker is None or n.marker.evaluate({"extra": ""})]
        wanted += [f"{n.name}-binary" for n in needs if "binary" in n.extras]
    return [found[name] for name in sorted(found)]


def normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("package", run_time_packages(), ids=lambda d: d.name)
def test_a_run_time_package_is_not_under_a_viral_licence(package: Distribution) -> None:
    said = package.metadata
    words = [text[:200] for text in said.get_all("License", [])]
    words += said.get_all("License-Expression", [])
    words += [line for line in said.get_all("Classifier", []) if line.startswith("License ::")]
    viral = [word for word in words if re.search(r"\bA?GPL|General Public|\bLGPL", word)]
    if normal(package.name) in ALLOWED_BY_NAME:
        assert all("Lesser" in word or "LGPL" in word for word in viral)
    else:
        assert viral == []
