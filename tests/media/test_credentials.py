"""Content credentials: beside a master, inside a copy, and never over a change."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import c2pa
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.corpus import make_corpus, recipe_named

from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.custody.certificates import Use, make
from bodyworn.media import credentials
from bodyworn.media.credentials import Claim, Signing

NOW = datetime.now(UTC)
MP4 = "video/mp4"
CUSTODY = {"reference": "BWV-26-0412-7F3A", "sha256": "ab" * 32}


@cache
def carols() -> Signing:
    """A force's signer, as `work.documents` makes one."""
    days = timedelta(days=1)
    root = make("Root", Use.ROOT, begins=NOW - days, ends=NOW + days, organisation="Test Police")
    mine = make(
        "Documents",
        Use.DOCUMENTS,
        organisation="Test Police",
        begins=NOW - days,
        ends=NOW + days,
        root=root,
    )

    def sign(data: bytes) -> bytes:
        numbers = decode_dss_signature(mine.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(32, "big") for number in numbers)

    chain = (mine.certificate_pem + root.certificate_pem).decode()
    return Signing(algorithm="es256", chain=chain, sign=sign)


def claim(action: str = "c2pa.created") -> Claim:
    return Claim(
        title="BWV-26-0412-7F3A",
        at=NOW,
        version="0.1.0",
        action=action,
        description="Recorded by a body worn camera.",
        custody=CUSTODY,
    )


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (sample,) = make_corpus(tmp_path_factory.mktemp("film"), [recipe_named("plain.mp4")])
    return sample.path


@pytest.fixture(scope="module")
def manifest(film: Path) -> bytes:
    return credentials.beside(film, MP4, claim(), carols())


def test_a_master_stays_as_it_is_and_is_vouched_for(film: Path) -> None:
    before = film.read_bytes()
    manifest = credentials.beside(film, MP4, claim(), carols())
    assert film.read_bytes() == before
    credentials.require_valid(film, MP4, carols(), manifest=manifest)


def test_a_copy_carries_its_manifest_and_still_plays(film: Path, tmp_path: Path) -> None:
    target = tmp_path / "signed.mp4"
    credentials.inside(film, MP4, claim("c2pa.edited"), carols(), target=target)
    credentials.require_valid(target, MP4, carols())
    assert target.stat().st_size > film.stat().st_size


def test_a_stranger_reads_who_says_what_about_which_recording(film: Path, manifest: bytes) -> None:
    with film.open("rb") as stream, c2pa.Reader(MP4, stream, manifest_data=manifest) as reader:
        found = reader.get_active_manifest()
    assert found["title"] == "BWV-26-0412-7F3A"
    assert found["signature_info"]["issuer"] == "Test Police"
    said = {one["label"]: one["data"] for one in found["assertions"]}
    assert said[credentials.CUSTODY] == CUSTODY
    (action,) = said["c2pa.actions.v2"]["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == credentials.CAPTURED


def test_another_film_is_not_vouched_for(film: Path, manifest: bytes, tmp_path: Path) -> None:
    changed = bytearray(film.read_bytes())
    changed[changed.index(b"mdat") + 100] ^= 1
    path = tmp_path / "changed.mp4"
    path.write_bytes(changed)
    with pytest.raises(DamagedError) as damaged:
        credentials.require_valid(path, MP4, carols(), manifest=manifest)
    assert damaged.value.code == "credentials.not-valid"
    assert "bmffHash.mismatch" in damaged.value.message


@settings(max_examples=25)
@given(data=st.data())
def test_a_changed_manifest_vouches_for_nothing_new(
    data: st.DataObject, film: Path, manifest: bytes
) -> None:
    """A flipped bit is found, or it was in padding: then every word is still the signed one."""
    changed = bytearray(manifest)
    changed[data.draw(st.integers(0, len(manifest) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        credentials.require_valid(film, MP4, carols(), manifest=bytes(changed))
    except (DamagedError, RefusedError):
        return
    assert told(film, bytes(changed)) == told(film, manifest)


def told(film: Path, manifest: bytes) -> object:
    with film.open("rb") as stream, c2pa.Reader(MP4, stream, manifest_data=manifest) as reader:
        return reader.get_active_manifest()["assertions"]


@pytest.mark.parametrize("data", [b"", b"no film at all", b"\0\0\0\x08ftyp"])
def test_what_is_no_film_is_refused_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "odd.mp4"
    path.write_bytes(data)
    with pytest.raises(RefusedError) as refused:
        credentials.beside(path, MP4, claim(), carols())
    assert refused.value.code == "credentials.not-made"


def test_only_kinds_that_can_be_bound_are_promised() -> None:
    assert credentials.can_carry("video/mp4")
    assert not credentials.can_carry("video/matroska")
    assert not credentials.can_carry("application/octet-stream")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_a_full_disk_is_not_taken_for_a_bad_film(film: Path, tmp_path: Path) -> None:
    with files_of_at_most(4096), pytest.raises(OSError, match="File too large"):
        credentials.inside(film, MP4, claim(), carols(), target=tmp_path / "signed.mp4")
