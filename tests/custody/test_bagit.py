"""Bags that are made here are valid by another's judgement, and hold every file they list."""

import contextlib
import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import bagit as judge
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodyworn.core.errors import RefusedError
from bodyworn.custody.bagit import Member, tag_files

NOW = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)
FILES = {
    "data/0007.mp4": b"film",
    "data/proofs/000000001.tlog-proof": b"proof",
    "data/Zoë — Brixton Rd.txt": "é".encode(),
    "data/empty": b"",
}
INFO = (("Source-Organization", "Test Police"), ("External-Identifier", "BWV-26-0412-7F3A"))


def bag(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    """A bag on the disk."""
    tags = tag_files((Member.of(*one) for one in files.items()), info=INFO, bagged_on=NOW)
    for name, data in (files | tags).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def is_valid(folder: Path) -> bool:
    try:
        judge.Bag(str(folder)).validate()
    except judge.BagError:
        return False
    return True


def test_the_library_of_congress_finds_it_valid(tmp_path: Path) -> None:
    bag(tmp_path)
    found = judge.Bag(str(tmp_path))
    assert found.validate()
    assert sorted(found.algorithms) == ["sha256", "sha512"]
    assert found.info["Payload-Oxum"] == f"{sum(map(len, FILES.values()))}.{len(FILES)}"
    assert found.info["Source-Organization"] == "Test Police"
    assert found.info["Bagging-Date"] == "2026-04-14"


def test_coreutils_find_it_whole(tmp_path: Path) -> None:
    bag(tmp_path)
    for sums in ("SHA256SUMS", "manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(
            ["sha256sum", "--check", "--strict", "--quiet", sums], cwd=tmp_path, check=True
        )
    for sums in ("manifest-sha512.txt", "tagmanifest-sha512.txt"):
        subprocess.run(
            ["sha512sum", "--check", "--strict", "--quiet", sums], cwd=tmp_path, check=True
        )


def test_every_file_is_in_a_list(tmp_path: Path) -> None:
    bag(tmp_path)
    listed = {
        line.split("  ", 1)[1]
        for name in ("SHA256SUMS", "tagmanifest-sha256.txt")
        for line in (tmp_path / name).read_text().splitlines()
    }
    there = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert there - listed == {"tagmanifest-sha256.txt", "tagmanifest-sha512.txt"}


@pytest.mark.parametrize("name", sorted(FILES | tag_files([], info=(), bagged_on=NOW)))
def test_any_file_changed_or_gone_is_found(tmp_path: Path, name: str) -> None:
    path = bag(tmp_path) / name
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:] if data else b"\0")
    assert not is_valid(tmp_path)
    path.unlink()
    # Without a list of tags a bag is a bag still; what the other list says of it is not.
    assert is_valid(tmp_path) == name.startswith("tagmanifest-")


def test_a_file_that_nobody_listed_is_found(tmp_path: Path) -> None:
    bag(tmp_path)
    (tmp_path / "data" / "extra.txt").write_text("?")
    assert not is_valid(tmp_path)


def test_the_order_of_members_makes_no_difference() -> None:
    members = [Member.of(*one) for one in FILES.items()]
    assert tag_files(members, info=INFO, bagged_on=NOW) == tag_files(
        reversed(members), info=INFO, bagged_on=NOW
    )


def test_a_value_stays_on_its_line() -> None:
    info = (("Source-Organization", "Test\nPayload-Oxum: 1.1\r Police"),)
    text = tag_files([], info=info, bagged_on=NOW)["bag-info.txt"].decode()
    assert text.splitlines()[0] == "Source-Organization: Test Payload-Oxum: 1.1 Police"
    assert text.count("\n") == 4


@pytest.mark.parametrize(
    "path",
    ["film.mp4", "data/../film.mp4", "/data/film.mp4", "data//film.mp4", "data/./a", "data/",
     "data/a\nb", "data/a%0Ab", "data/a\\b", "data/a ", "data/a\u202eb"],
)  # fmt: skip
def test_a_path_that_readers_would_read_in_two_ways_is_refused(path: str) -> None:
    with pytest.raises(RefusedError) as refused:
        tag_files([Member.of(path, b"")], info=(), bagged_on=NOW)
    assert refused.value.code == "bag.path"


def test_two_names_that_some_disk_takes_for_one_are_refused() -> None:
    members = [Member.of("data/film.MP4", b""), Member.of("data/Film.mp4", b"")]
    with pytest.raises(RefusedError):
        tag_files(members, info=(), bagged_on=NOW)


def test_a_member_has_both_digests() -> None:
    member = Member.of("data/a", b"a")
    assert member.sha256 == hashlib.sha256(b"a").hexdigest()
    assert member.sha512 == hashlib.sha512(b"a").hexdigest()
    assert member.size == 1


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.dictionaries(NAMES, st.binary(max_size=20), min_size=1, max_size=4))
def test_whatever_is_not_refused_is_valid(
    tmp_path_factory: pytest.TempPathFactory, named: dict[str, bytes]
) -> None:
    files = {f"data/{name}": data for name, data in named.items()}
    with contextlib.suppress(RefusedError):
        assert is_valid(bag(tmp_path_factory.mktemp("bag"), files))
