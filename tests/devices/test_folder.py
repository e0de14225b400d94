"""Footage in a person's folder."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.world import loaded_camera

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import MissingError, RefusedError
from bodyworn.core.terms import Durability
from bodyworn.core.types import Receipt
from bodyworn.devices.folder import FolderCamera
from bodyworn.devices.folder.profiles import PROFILES, facts_in

EVENING = datetime(2026, 4, 12, 22, 41, 7, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")

NAMES: dict[str, dict[str, object]] = {
    "20260412_224107_7F3A.mp4": {"camera_reference": "7F3A"},
    "20260412T224107Z_7F3A.mkv": {"camera_reference": "7F3A"},
    "u7_AABBCCDD1234_20260412T224107Z/20260412T224107Z_7CF7.mkv": {
        "camera_reference": "7CF7",
        "device": "AABBCCDD1234",
        "officer": "u7",
    },
    "2026-04-12/001/dav/22/22.41.07-22.41.55[R][0@0][0].mp4": {
        "device": "001",
        "ended_at": datetime(2026, 4, 12, 22, 41, 55, tzinfo=UTC),
    },
    "20260412_224107_AR_N65519+.mov": {"device": "N65519"},
    "004471_0314_20260412-224107.avi": {"device": "004471", "sequence": 314},
    "004471_20260412224107.mp4": {"device": "004471"},
    "VID_20260412_224107.mp4": {},
    "2026-04-12 22:41:07 front.ts": {},
    "20260412_224107(2).mp4": {},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_known_kind_of_name_tells_start_device_and_count(name: str) -> None:
    assert facts_in(name) == {"started_at": EVENING, **NAMES[name]}


def test_a_recording_over_midnight_ends_on_the_next_day() -> None:
    facts = facts_in("2026-04-12/001/dav/23/23.59.30-00.01.02[R][0@0][0].mp4")
    assert facts["ended_at"] == datetime(2026, 4, 13, 0, 1, 2, tzinfo=UTC)


def test_local_times_are_read_in_the_zone_that_is_handed_in_and_utc_stays() -> None:
    assert facts_in("VID_20260412_234107.mp4", zone=LONDON)["started_at"] == EVENING
    assert facts_in("20260412_224107_7F3A.mp4", zone=LONDON)["started_at"] == EVENING


@pytest.mark.parametrize("name", ["holiday.mp4", "20261399_224107.mp4", "12345.avi", "", "/"])
def test_a_name_that_says_nothing_is_no_error(name: str) -> None:
    assert facts_in(name) == {}


@given(st.text(max_size=80))
def test_no_name_makes_the_profiles_fall(name: str) -> None:
    assert set(facts_in(name)) <= {
        *("started_at", "ended_at", "device", "officer", "camera_reference", "sequence")
    }


def test_profiles_have_names_of_their_own() -> None:
    assert len({profile.name for profile in PROFILES}) == len(PROFILES)


def test_a_simulated_cameras_folder_is_read_by_its_manifests(tmp_path: Path) -> None:
    camera = loaded_camera(tmp_path / "card", count=2)
    found = FolderCamera(tmp_path).held()
    assert [held.manifest for held in found] == [held.manifest for held in camera.held()]
    names = [name for name, _ in found[0].sidecars]
    assert names == ["20260412_224107_013A.json", "20260412_224107_013A_gpstrail.json"]


def test_videos_are_found_below_and_other_files_and_hidden_ones_are_left(tmp_path: Path) -> None:
    wanted = ["a.MP4", "b/c.mkv", "b/d/e.m2ts", "f.webm", "g.3gp"]
    for name in [*wanted, "note.txt", ".hidden/x.mp4", "._a.mp4", "b/list.json"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"film")
    found = FolderCamera(tmp_path).held()
    assert sorted(held.path.relative_to(tmp_path).as_posix() for held in found) == wanted


def test_one_file_is_taken_whatever_its_ending(tmp_path: Path) -> None:
    odd = tmp_path / "20260412_224107.dat"
    odd.write_bytes(b"film")
    (held,) = FolderCamera(odd).held()
    assert held.manifest.started_at == EVENING
    with held.open() as film:
        assert film.read() == b"film"


def test_a_broken_manifest_travels_as_a_sidecar_and_the_name_speaks(tmp_path: Path) -> None:
    (tmp_path / "20260412_224107_7F3A.mp4").write_bytes(b"film")
    for broken in ("{", "[]", '{"sequence": "many"}', '{"started_at": "yesterday"}'):
        (tmp_path / "20260412_224107_7F3A.json").write_text(broken)
        (held,) = FolderCamera(tmp_path).held()
        assert held.manifest.camera_reference == "7F3A"
        assert held.sidecars == (("20260412_224107_7F3A.json", broken.encode()),)


def test_a_manifest_without_a_file_name_takes_the_files(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"film")
    (tmp_path / "x.mp4.json").write_text(json.dumps({"officer": "4471QK", "colour": "blue"}))
    (held,) = FolderCamera(tmp_path).held()
    assert (held.manifest.filename, held.manifest.officer) == ("x.mp4", "4471QK")


def test_a_large_file_beside_a_film_is_no_sidecar(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"film")
    (tmp_path / "x.txt").write_bytes(bytes(1024 * 1024 + 1))
    assert FolderCamera(tmp_path).held()[0].sidecars == ()


def test_a_folder_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        FolderCamera(tmp_path / "nowhere")


def test_a_folder_is_never_wiped_not_even_against_a_receipt(tmp_path: Path) -> None:
    shutil.copytree(loaded_camera(tmp_path / "card").folder, tmp_path / "copy")
    camera = FolderCamera(tmp_path / "copy")
    (held,) = camera.held()
    receipt = Receipt(
        reference="BWV-26-0412-013A",
        sha256=Sha256.of(held.path.read_bytes()),
        size=held.size,
        device=held.manifest.device,
        sequence=held.manifest.sequence,
        durability=Durability.PUBLISHED,
        at=EVENING,
        event="ab" * 32,
    )
    assert not camera.may_be_wiped
    with pytest.raises(RefusedError) as refusal:
        camera.wipe(held, receipt)
    assert refusal.value.code == "camera.never-wiped"
    assert held.path.exists()
