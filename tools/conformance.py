"""Public test suites against us, and public programs against what we hand out.

    python -m tools.conformance --merkle PATH/TO/merkle --bagit PATH/TO/bagit-conformance-suite

The suites are not ours to keep here: their paths are arguments, and a part whose path or program is
missing says so and is passed over. A pack is made as a reader of the how-to would make it, and each
of its papers is given to the program that its format's owners have. Ends with 1 if any part
disagrees.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import c2pa
from tests.clips import make_clips
from tests.custody import bagit_suite, merkle_vectors
from tests.custody.stamping import Authority
from tests.custody.test_tree import REFERENCE_LEAVES, REFERENCE_ROOTS
from tests.program import Program, program_in

from bodyworn.custody.timestamp import question_about
from bodyworn.custody.tree import leaf_hash, root_of

BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Part:
    """One suite or program, and how it went."""

    name: str
    told: str  # its own words, on one line
    ok: bool | None  # None: not run


def parts(merkle: Path | None, bagit: Path | None) -> Iterator[Part]:
    """Everything that can be run here, in order."""
    yield reference_roots()
    yield suite("transparency-dev/merkle vectors", merkle_vectors.main, merkle, "--merkle")
    yield suite("bagit-conformance-suite (Linux)", bagit_suite.main, bagit, "--bagit")
    with tempfile.TemporaryDirectory(prefix="bw-conformance-") as name:
        folder = Path(name)
        program = program_in(folder)
        pack = make_pack(program, folder)
        yield from on_a_bag(pack)
        yield from on_papers(pack)
        yield verified(program, pack)
        yield stamped(folder, pack)


def reference_roots() -> Part:
    """The roots that all implementations of RFC 6962 share."""
    hashes = [leaf_hash(leaf) for leaf in REFERENCE_LEAVES]
    found = [root_of(hashes[:size]).hex() for size in range(len(hashes) + 1)]
    equal = sum(one == other for one, other in zip(found, REFERENCE_ROOTS, strict=True))
    told = f"{equal} of {len(REFERENCE_ROOTS)} roots are equal"
    return Part("Certificate Transparency reference roots", told, equal == len(REFERENCE_ROOTS))


def suite(name: str, main: Callable[[Path], int], path: Path | None, option: str) -> Part:
    """A suite that lies somewhere else; its last line is its count."""
    if path is None:
        return Part(name, f"not run: give {option} PATH", None)
    inner = path / "testdata"
    with redirect_stdout(StringIO()) as said:
        code = main(inner if inner.is_dir() else path)
    return Part(name, "; ".join(said.getvalue().split("\n")).strip("; "), code == 0)


def make_pack(program: Program, folder: Path) -> Path:
    """Two recordings in one pack, by the command line."""
    (folder / "clips").mkdir()
    program.well("init", "--force-name", "Test Police")
    program.well("ingest", make_clips(folder / "clips"))
    rows = program.well("list", "--json").facts["recordings"]
    pack = folder / "pack"
    references = [row["reference"] for row in rows]
    program.well("pack", *references, "--to", pack, "--recipient", "CPS", "--purpose", "check")
    return pack


def on_a_bag(pack: Path) -> Iterator[Part]:
    """The lists of digests."""
    yield asked("sha256sum -c", ["sha256sum", "--check", "--strict", "SHA256SUMS"], pack)
    sums = ["sha512sum", "--check", "--strict", "manifest-sha512.txt"]
    yield asked("sha512sum -c", sums, pack)
    yield asked("bagit.py --validate", [str(BIN / "bagit.py"), "--validate", "."], pack)


def on_papers(pack: Path) -> Iterator[Part]:
    """What lies beside each film."""
    for path in sorted(pack.glob("data/*/custody.pdf")):
        yield asked("pdfsig", ["pdfsig", path.name], path.parent, "Signature is Valid")
    for path in sorted(pack.glob("data/*/custody.jsonld")):
        words = [str(BIN / "case_validate"), "--built-version", "case-1.5.0", path.name]
        yield asked("case_validate", words, path.parent, "Conforms: True")
    for path in sorted(pack.glob("data/*/*.c2pa")):
        yield credentials(path)


def asked(name: str, words: list[str], folder: Path, expected: str = "") -> Part:
    """Another program's judgement."""
    if shutil.which(words[0]) is None:
        return Part(name, f"not run: {words[0]} is not installed", None)
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    ok = done.returncode == 0 and expected in done.stdout
    lines = [line for line in (done.stdout + done.stderr).split("\n") if line]
    counted = f"{len(lines)} lines, exit {done.returncode}"
    return Part(name, expected if ok and expected else counted, ok)


def credentials(path: Path) -> Part:
    """The library that others read content credentials with, without our certificate."""
    film = path.with_suffix(".mp4")
    with film.open("rb") as stream:
        data = path.read_bytes()
        state = c2pa.Reader("video/mp4", stream, manifest_data=data).get_validation_state()
    return Part(f"c2pa {c2pa.sdk_version()}", f"{film.name}: {state}", state == "Valid")


def verified(program: Program, pack: Path) -> Part:
    """The checker that lies in the pack, alone."""
    key = (program.data / "keys" / "log.vkey").read_text().strip()
    words = [sys.executable, "-I", "data/verify.py", ".", "--key", key]
    return asked("verify.py of the pack", words, pack, "All steps held.")


def stamped(folder: Path, pack: Path) -> Part:
    """OpenSSL judges a token over the pack's checkpoint, from an authority of its own."""
    name = "openssl ts -verify"
    if shutil.which("openssl") is None:
        return Part(name, "not run: openssl is not installed", None)
    authority, note = Authority(folder / "tsa"), pack / "data" / "checkpoint"
    token = folder / "checkpoint.tsr"
    token.write_bytes(authority.answer(question_about(note.read_bytes()).body))
    words = ["openssl", "ts", "-verify", "-data", str(note), "-in", str(token)]
    return asked(name, [*words, "-CAfile", str(authority.trusted)], folder, "Verification: OK")


def main() -> int:
    """Run the parts, say each as it is done."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--merkle", type=Path, help="a copy of transparency-dev/merkle")
    parser.add_argument("--bagit", type=Path, help="a copy of bagit-conformance-suite")
    given = parser.parse_args()
    wrong = 0
    for part in parts(given.merkle, given.bagit):
        mark = {True: "ok", False: "WRONG", None: "-"}[part.ok]
        print(f"{mark:6} {part.name:42} {part.told}", flush=True)
        wrong += part.ok is False
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
