"""A dock is killed between any two steps; nothing is lost, doubled or wiped too early."""

from pathlib import Path

from tests.devices.dying import dock_until
from tests.devices.evidence_store import EvidenceStore, running
from tests.world import loaded_camera

from bodyworn.devices.simulate import VirtualCamera

MOST = 400  # points; far more than there are
STRIDE = 3  # every third point with one recording; the second test has the others


def held_digests(camera: VirtualCamera) -> set[bytes]:
    return {held.path.read_bytes() for held in camera.held()}


def nothing_is_lost(store: EvidenceStore, camera: VirtualCamera, made: set[bytes]) -> bool:
    """Whatever is no longer on the camera has a receipt, and arrived whole."""
    receipted = {arrived[0] for sha, arrived in store.arrived.items() if sha in store.receipts}
    return made - held_digests(camera) <= receipted


def test_a_dock_killed_at_any_point_goes_on_and_each_recording_arrives_once(
    tmp_path: Path,
) -> None:
    lived = False
    for point in range(1, MOST, STRIDE):
        with running() as store:
            folder = tmp_path / str(point)
            camera = loaded_camera(folder / "camera", count=1)
            made = held_digests(camera)
            lived = dock_until(point, api=store.url, folder=folder)
            assert nothing_is_lost(store, camera, made), f"killed at point {point}"
            assert dock_until(MOST, api=store.url, folder=folder)
            assert camera.held() == []
            assert [len(arrived) for arrived in store.arrived.values()] == [1], f"point {point}"
            assert list((folder / "spool").iterdir()) == [folder / "spool" / "lock"]
        if lived:
            break
    assert lived, "the dock has more points than were tried"


def test_a_dock_that_is_killed_again_and_again_still_comes_to_an_end(tmp_path: Path) -> None:
    with running() as store:
        camera = loaded_camera(tmp_path / "camera", count=3)
        made = held_digests(camera)
        kills = 0
        while not dock_until(17, api=store.url, folder=tmp_path):
            kills += 1
            assert nothing_is_lost(store, camera, made)
            assert kills < 60
        assert kills > 2
        assert camera.held() == []
        assert {arrived[0] for arrived in store.arrived.values()} == made
        assert all(len(arrived) == 1 for arrived in store.arrived.values())
