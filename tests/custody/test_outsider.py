"""An outsider's audit, written in Go upon Go's own libraries, of a log that we wrote.

Needs Debian's `golang-go` and `golang-golang-x-mod-dev`; skipped, and said so, without them.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.custody.making import POLICE, grown

from bodyworn.custody.note import save_verifier
from bodyworn.custody.proof import write_proof

GO = shutil.which("go")
GOPATH = next(
    (p for p in os.environ.get("GOPATH", "/usr/share/gocode").split(":") if Path(p).is_dir()), None
)
SOURCE = Path(__file__).parent / "outsider" / "main.go"

pytestmark = pytest.mark.skipif(not (GO and GOPATH), reason="Go and its x/mod are not installed")


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The auditor, compiled."""
    folder = tmp_path_factory.mktemp("go")
    environment = {
        **os.environ,
        "GOPATH": str(GOPATH),
        "GO111MODULE": "off",
        "GOPROXY": "off",
        "GOCACHE": str(folder / "cache"),
    }
    program = folder / "audit"
    subprocess.run([str(GO), "build", "-o", program, SOURCE], env=environment, check=True)
    return program


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A log of 1,500 entries, its public key, and some proofs."""
    log = grown(tmp_path / "log", 70, 1_500)
    save_verifier(tmp_path / "vkey", POLICE.verifier)
    (tmp_path / "proofs").mkdir()
    for index in range(0, 1_500, 100):
        text = write_proof(log.proof(index))
        (tmp_path / "proofs" / f"{index}.tlog-proof").write_text(text)
    return tmp_path


def said(audit: Path, folder: Path) -> str:
    command = [audit, folder / "log", folder / "vkey", folder / "proofs"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_the_outsider_accepts_what_we_wrote(audit: Path, published: Path) -> None:
    assert said(audit, published) == "accepted 1500 entries 7 tiles 15 proofs\n"


@pytest.mark.parametrize("name", ["tile/entries/003", "tile/0/004", "tile/1/000.p/5"])
def test_the_outsider_refuses_one_flipped_bit(audit: Path, published: Path, name: str) -> None:
    path = published / "log" / name
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    assert said(audit, published).startswith("refused:")
