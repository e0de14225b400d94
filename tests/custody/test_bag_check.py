"""The checker of bags: what it finds, and that another's judgement is the same."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import bagit as other
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.test_bagit import FILES, bag

from bodyworn.core.errors import DamagedError
from bodyworn.custody.bag_check import check_bag


def old_bag(folder: Path, *, version: str = "0.97", encoding: str = "UTF-8") -> Path:
    """As older programs write them: MD5, no tag manifest, no bag-info."""
    (folder / "data").mkdir()
    (folder / "data" / "film.mp4").write_bytes(b"film")
    digest = hashlib.md5(b"film", usedforsecurity=False).hexdigest()
    declaration = f"BagIt-Version: {version}\nTag-File-Character-Encoding: {encoding}\n"
    (folder / "bagit.txt").write_text(declaration)
    (folder / "manifest-md5.txt").write_bytes(f"{digest} *data/film.mp4\r\n".encode(encoding))
    return folder


def code_of(folder: Path) -> str:
    with pytest.raises(DamagedError) as damaged:
        check_bag(folder)
    return damaged.value.code


def test_a_bag_of_ours_is_whole_and_nothing_is_remarked_on(tmp_path: Path) -> None:
    found = check_bag(bag(tmp_path))
    assert (found.version, found.digests) == ((1, 0), ("sha256", "sha512"))
    assert (found.files, found.size) == (len(FILES), sum(map(len, FILES.values())))
    assert found.warnings == ()


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16"])
def test_an_old_bag_is_read_and_its_oddity_remarked_on(tmp_path: Path, encoding: str) -> None:
    found = check_bag(old_bag(tmp_path, encoding=encoding))
    assert found.version == (0, 97)
    assert "data/film.mp4" in found.warnings[0]


def change(name: str, how: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(how((folder / name).read_bytes()))


def fetching(path: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "fetch.txt").write_text(f"http://x.example/a - {path}\n")


FILM = "data/0007.mp4"
SHA = "manifest-sha256.txt"
DAMAGES: list[tuple[str, Callable[[Path], object]]] = [
    ("bag.changed", change(FILM, lambda data: data[:-1] + b"n")),
    ("bag.size", change(FILM, lambda data: data + b"!")),
    ("bag.absent", lambda folder: (folder / FILM).unlink()),
    ("bag.absent", lambda folder: (folder / "bag-info.txt").unlink()),
    ("bag.absent", lambda folder: (folder / "bagit.txt").unlink()),
    ("bag.unlisted", lambda folder: (folder / "data" / "new").write_bytes(b"")),
    ("bag.declaration", change("bagit.txt", lambda data: b"\xef\xbb\xbf" + data)),
    ("bag.declaration", change("bagit.txt", lambda data: data.replace(b"1.0", b".97"))),
    ("bag.declaration", change("bagit.txt", lambda data: data.replace(b": 1", b" : 1"))),
    ("bag.encoding", change("bagit.txt", lambda data: data.replace(b"UTF-8", b"UTF-88"))),
    ("bag.encoding", change(SHA, lambda data: data + b"\xff\xfe\n")),
    ("bag.entry", change(SHA, lambda data: data[1:])),
    ("bag.listed-twice", change(SHA, lambda data: data + data)),
    ("bag.unsafe-path", change(SHA, lambda data: data.replace(b"data/0007", b"data/../../0007"))),
    ("bag.unsafe-path", change(SHA, lambda data: data.replace(b"data/0007", b"/etc/0007"))),
    ("bag.unsafe-path", change(SHA, lambda data: data.replace(b"data/0007", b"~root/0007"))),
    ("bag.unsafe-path", change(SHA, lambda data: data.replace(b"data/0007", b"C:/0007"))),
    ("bag.scope", change(SHA, lambda data: data.replace(b"data/empty", b"bag-info.txt"))),
    ("bag.unlisted", change(SHA, lambda data: data[data.index(b"\n") + 1 :])),
    ("bag.unknown-digest", lambda folder: (folder / "manifest-crc32.txt").write_bytes(b"")),
    ("bag.absent", fetching("data/a")),
    ("bag.unsafe-path", fetching("../a")),
    ("bag.odd-file", lambda folder: (folder / "data" / "link").symlink_to("/etc/passwd")),
    ("bag.odd-file", lambda folder: os.mkfifo(folder / "data" / "pipe")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "damage"), DAMAGES)
def test_the_first_thing_that_is_wrong_is_named(
    tmp_path: Path, code: str, damage: Callable[[Path], object]
) -> None:
    folder = bag(tmp_path)
    damage(folder)
    assert code_of(folder) == code


def test_no_manifest_is_no_bag(tmp_path: Path) -> None:
    folder = old_bag(tmp_path)
    (folder / "manifest-md5.txt").unlink()
    assert code_of(folder) == "bag.no-manifest"


def test_before_1_0_a_file_twice_in_a_list_is_only_remarked_on(tmp_path: Path) -> None:
    folder = old_bag(tmp_path)
    path = folder / "manifest-md5.txt"
    path.write_bytes(path.read_bytes() * 2)
    assert check_bag(folder).warnings[-1].endswith("twice.")
    (folder / "bagit.txt").write_text((folder / "bagit.txt").read_text().replace("0.97", "1.0"))
    assert code_of(folder) == "bag.listed-twice"


@settings(max_examples=60)
@given(data=st.data())
def test_one_changed_byte_anywhere_is_found_by_both_or_matters_to_neither(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = bag(tmp_path_factory.mktemp("bag"))
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    path = folder / data.draw(st.sampled_from([name for name in names if name != "data/empty"]))
    changed = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    try:
        check_bag(folder)
    except DamagedError:
        return
    # A digit's case, or a blank for a blank, in a list that no other list names.
    assert path.name.startswith("tagmanifest-")
    assert other.Bag(str(folder)).is_valid()
