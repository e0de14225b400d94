"""The stand-alone verifier in Python: one answer for every case, and never a traceback."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.custody.outside_cases import (
    COPY,
    FOOTAGE,
    Case,
    cases,
    export_of,
    inner,
    lay,
    pack_of,
    packed,
    world,
)
from tests.custody.outside_runs import SCRIPT, failed_step, run, words_of

from bodyworn.custody import outside
from bodyworn.custody.outside import verify

CASES = {case.name: case for case in cases()}
CODES = {"proved": 0, "missing": 4, "damaged": 5}
AS_A_PROGRAM = [*(name for name in CASES if name.startswith("good")), *list(CASES)[20::25]]

Said = dict[str, Any]


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Any:
    """Asks the verifier in this process: exit code and answer."""

    def ask(*words: str) -> tuple[int, Said]:
        code = verify.main([*words, "--json"])
        caught = capsys.readouterr()
        assert caught.err == ""
        return code, json.loads(caught.out)

    return ask


def assert_as_it_should(case: Case, code: int, said: Said) -> None:
    told = said.get("error") or said["steps"]
    assert said.get("verdict", "missing") == case.verdict, told
    assert code == CODES[case.verdict]
    assert failed_step(said) == case.step, told


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_judged_as_it_should(name: str, tmp_path: Path, asked: Any) -> None:
    assert_as_it_should(CASES[name], *asked(*words_of(CASES[name], tmp_path)))


@pytest.mark.parametrize("name", AS_A_PROGRAM)
def test_the_file_alone_needs_no_package_of_ours(name: str, tmp_path: Path) -> None:
    assert_as_it_should(CASES[name], *run(*words_of(CASES[name], tmp_path)))


def test_it_is_written_for_old_computers_too() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 9))


def test_it_imports_the_standard_library_only() -> None:
    lines = SCRIPT.read_text().splitlines()
    names = {line.split()[1].partition(".")[0] for line in lines if line.startswith("import ")}
    names |= {line.split()[1].partition(".")[0] for line in lines if line.startswith("from ")}
    assert names - {"__future__"} <= sys.stdlib_module_names
    assert not [
        line for line in lines if line.strip().startswith(("import ", "from ")) and line[0] == " "
    ]


def test_both_files_are_handed_out() -> None:
    found = outside.files()
    assert list(found) == ["verify.py", "verify.html"]
    assert found["verify.py"] == SCRIPT.read_bytes()
    assert all(found.values())


def test_the_answer_in_words_ends_with_what_was_not_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lay(pack_of(packed()), tmp_path / "pack")
    assert verify.main([str(folder)]) == 0
    said = capsys.readouterr().out
    assert "What was NOT proved:" in said
    assert "from the same hands" in said
    assert "That a camera told the truth" in said
    lay({"data/clip.mp4": FOOTAGE[1:]}, folder)
    assert verify.main([str(folder)]) == 5
    said = capsys.readouterr().out
    assert " 3  WRONG  data/clip.mp4 is not what" in said
    assert "SOMETHING IS WRONG" in said


def test_a_verifier_in_a_pack_judges_its_own_pack(tmp_path: Path) -> None:
    files = packed() | {"verify.py": SCRIPT.read_bytes()}
    folder = lay(pack_of(files), tmp_path / "pack")
    command = [sys.executable, "-I", "-S", str(folder / "data" / "verify.py"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["kind"]) == (0, "pack")


def test_a_copy_that_was_handed_out_is_told_from_what_arrived(tmp_path: Path, asked: Any) -> None:
    copy = {name: data for name, data in packed().items() if name != "clip.mp4"}
    _, said = asked(str(lay(pack_of(copy | {"redacted.mp4": COPY}), tmp_path / "pack")))
    sentence = next(step["sentence"] for step in said["steps"] if step["number"] == 8)
    assert sentence.startswith("data/redacted.mp4 is byte for byte a copy that entry 571")


def test_a_wrong_key_policy_or_option_is_wrong_use(tmp_path: Path, asked: Any) -> None:
    folder = str(lay(export_of(inner()), tmp_path / "export"))
    (tmp_path / "policy").write_text("quorum")
    assert asked(folder, "--key", "police.example+00000000+AAAA")[0] == 2
    assert asked(folder, "--key", str(tmp_path / "no-such-key"))[0] == 2
    assert asked(folder, "--policy", str(tmp_path / "policy"))[0] == 2
    assert asked(folder, "--older", str(tmp_path / "nothing"))[0] == 2
    assert asked(str(tmp_path / "nothing"))[0] == 4


# What only a disk can hold, and not a list of names and bytes.


def test_a_link_is_refused_and_not_followed(tmp_path: Path, asked: Any) -> None:
    folder = lay(pack_of(packed()), tmp_path / "pack")
    (folder / "data" / "clip.mp4").unlink()
    (tmp_path / "elsewhere.mp4").write_bytes(FOOTAGE)
    (folder / "data" / "clip.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    code, said = asked(str(folder))
    assert (code, failed_step(said), said["failed"]["file"]) == (5, 1, "data/clip.mp4")


def test_a_folder_in_a_circle_ends(tmp_path: Path, asked: Any) -> None:
    folder = lay(export_of(inner()), tmp_path / "export")
    (folder / "proofs" / "again").symlink_to(folder, target_is_directory=True)
    code, said = asked(str(folder))
    assert (code, failed_step(said)) == (5, 1)


def test_a_pipe_is_not_waited_for(tmp_path: Path, asked: Any) -> None:
    folder = lay(world().log, tmp_path / "log")
    (folder / "tile/entries/001").unlink()
    os.mkfifo(folder / "tile/entries/001")
    code, said = asked(str(folder), "--key", CASES["good log"].key)
    assert (code, failed_step(said)) == (5, 2)
    os.mkfifo(folder / "pipe.tlog-proof")
    assert asked(str(folder / "pipe.tlog-proof"))[0] == 5


def test_what_the_system_refuses_is_a_sentence(tmp_path: Path, asked: Any) -> None:
    code, said = asked(str(tmp_path / ("a" * 5_000)))
    assert code == 4
    assert "File name too long" in said["error"]
    folder = str(lay(export_of(inner()), tmp_path / "export"))
    assert asked(folder, "--key", "a" * 5_000)[0] == 2


def test_a_name_that_is_no_text_is_named(tmp_path: Path, asked: Any) -> None:
    folder = lay(export_of(inner()), tmp_path / "export")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.mp4")).write_bytes(b"")
    code, said = asked(str(folder))
    assert (code, failed_step(said)) == (5, 1)


def test_folders_without_end_are_refused(tmp_path: Path, asked: Any) -> None:
    folder = lay(export_of(inner()), tmp_path / "export")
    (folder / Path(*["d"] * 60)).mkdir(parents=True)
    code, said = asked(str(folder))
    assert (code, failed_step(said)) == (5, 1)


def test_a_list_that_is_too_large_is_not_read(tmp_path: Path, asked: Any) -> None:
    folder = lay(export_of(inner()), tmp_path / "export")
    with (folder / "SHA256SUMS").open("wb") as file:
        file.truncate(verify.MOST_LIST + 1)
    code, said = asked(str(folder))
    assert (code, failed_step(said), said["failed"]["file"]) == (5, 1, "SHA256SUMS")


def test_names_cannot_speak_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lay(export_of(inner()) | {"\x1b[2Jgood.mp4": b""}, tmp_path / "export")
    assert verify.main([str(folder)]) == 5
    assert "\x1b" not in capsys.readouterr().out


# Whatever Mallory does to a file, it is found, and the file or the entry is named.


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Good folders, to be spoilt and mended again."""
    root = tmp_path_factory.mktemp("shown")
    return {
        "export": lay(export_of(inner()), root / "export"),
        "pack": lay(pack_of(packed()), root / "pack"),
        "log": lay(world().log, root / "log"),
    }


def spoilt(data: bytes, draw: st.DataObject) -> bytes | None:
    """Changed, cut, with a part gone, doubled, turned round, or gone."""
    at = draw.draw(st.integers(0, len(data) - 1))
    to = draw.draw(st.integers(at + 1, len(data)))
    bit = draw.draw(st.integers(1, 255))
    ways = [
        data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :],
        data[:at],
        data[:at] + data[to:],
        data[:to] + data[at:to] + data[to:],
        data[at:] + data[:at],
        None,
    ]
    return draw.draw(st.sampled_from(ways))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_is_done_to_a_file_is_found_and_named(
    data: st.DataObject, shown: dict[str, Path], asked: Any
) -> None:
    folder = shown[data.draw(st.sampled_from(["export", "pack", "log"]))]
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    name, before = str(path.relative_to(folder)), path.read_bytes()
    after = spoilt(before, data)
    assume(after != before)
    try:
        path.unlink() if after is None else path.write_bytes(after)
        code, said = asked(str(folder), "--key", CASES["good log"].key)
    finally:
        path.write_bytes(before)
    if name == "bagit.txt" or "manifest" in name or name == "SHA256SUMS":
        assert code == 5 or is_harmless(before, after, name)
        return
    assert code == 5, (name, said)
    assert names(said, name), (name, said)


def is_harmless(before: bytes, after: bytes | None, name: str) -> bool:
    """A list may be written in other ways: other order, other spaces, capital letters."""
    return after is not None and name != "bagit.txt" and _read(before) == _read(after)


def _read(data: bytes) -> set[tuple[str, ...]]:
    words = data.decode(errors="replace").replace("*", " ").splitlines()
    return {(line.split()[0].lower(), *line.split()[1:]) for line in words if line.split()}


def names(said: Said, name: str) -> bool:
    """What went wrong names the file, or an entry in it."""
    failed = said["failed"]
    wrong = [step["sentence"] for step in said["steps"] if step["state"] == "wrong"]
    if any(name in sentence for sentence in wrong):
        return True
    return "entries" in name and failed["entry"] is not None


def test_the_good_folders_are_good_again(shown: dict[str, Path], asked: Any) -> None:
    for folder in shown.values():
        assert asked(str(folder), "--key", CASES["good log"].key)[0] == 0


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_bytes_of_chance_in_any_place_end_in_a_sentence(data: st.DataObject) -> None:
    """Lists are written anew, so that the hostile bytes reach every reader."""
    files = packed()
    name = data.draw(st.sampled_from(sorted(set(files) - {"clip.mp4", "README.txt"})))
    hostile = st.one_of(st.binary(max_size=300), st.text(max_size=200).map(surely_bytes))
    files[name] = data.draw(hostile)
    assume(files[name] != packed()[name])
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"outside-{os.getpid()}"
    try:
        this = verify.judge(lay(pack_of(files), folder), verify.Given())
        assert this.verdict == "damaged"
    finally:
        shutil.rmtree(folder)


def surely_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
