"""Docks and cameras against a real server that breaks, lies and stalls."""

import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from tests.devices.evidence_store import LOG, TOKEN, EvidenceStore, running
from tests.world import loaded_camera

from bodyworn.core.clock import frozen_clock
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BusyError, DamagedError, MissingError, RefusedError
from bodyworn.core.terms import Durability
from bodyworn.core.types import Receipt
from bodyworn.custody.note import Signer
from bodyworn.custody.receipt import read_receipt
from bodyworn.devices.camera import Held
from bodyworn.devices.dock import Dock, Server
from bodyworn.devices.dock import line as dock_line
from bodyworn.devices.dock.dock import odd_counts
from bodyworn.devices.dock.patience import Patience
from bodyworn.devices.folder import FolderCamera
from bodyworn.devices.simulate import VirtualCamera

NOW = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)
MakeDock = Callable[..., Dock]


@pytest.fixture
def store() -> Iterator[EvidenceStore]:
    with running() as server:
        yield server


@pytest.fixture
def make_dock(store: EvidenceStore, tmp_path: Path) -> Iterator[MakeDock]:
    """A dock that does not wait; what it would have waited stands in `pauses`."""
    with httpx.Client(timeout=10) as http:

        def make(*, token: str = TOKEN, pauses: list[float] | None = None) -> Dock:
            waited = pauses if pauses is not None else []
            return Dock(
                "BX-07",
                http=http,
                server=Server(url=f"{store.url}/", token=token),
                spool=tmp_path / "spool",
                check_note=partial(read_receipt, verifier=LOG.verifier),
                clock=frozen_clock(NOW),
                patience=Patience(attempts=4, pause=waited.append),
            )

        yield make


@pytest.fixture
def camera(tmp_path: Path) -> VirtualCamera:
    return loaded_camera(tmp_path / "camera", count=2, clock=frozen_clock(NOW))


def receipt_for(held: Held, **changes: object) -> Receipt:
    honest = Receipt(
        reference="BWV-26-0412-7F3A",
        sha256=Sha256.of(held.path.read_bytes()),
        size=held.size,
        device=held.manifest.device,
        sequence=held.manifest.sequence,
        durability=Durability.RECORDED,
        at=NOW,
        event="ab" * 32,
    )
    return replace(honest, **changes)  # type: ignore[arg-type]


def is_empty(spool: Path) -> bool:
    return [path.name for path in spool.iterdir()] == ["lock"]


def test_a_dock_empties_a_camera_and_clears_its_spool(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore, tmp_path: Path
) -> None:
    films = [held.path.read_bytes() for held in camera.held()]
    docked = make_dock().empty(camera)
    assert [each.sequence for each in docked] == [314, 315]
    assert all(each.was_wiped and each.receipt and not each.problem for each in docked)
    assert [arrived for (arrived,) in store.arrived.values()] == films
    assert camera.held() == []
    assert is_empty(tmp_path / "spool")


def test_a_spool_is_for_nobody_elses_eyes(make_dock: MakeDock, tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir(0o755)
    make_dock()
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700


def test_the_manifest_says_which_dock_and_how_wrong_the_clock_is(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    make_dock().empty(camera)
    asked = store.uploads[f"{0:032x}"].asked
    assert asked["manifest"]["dock"] == "BX-07"
    assert asked["manifest"]["clock_offset_ms"] == -270
    assert asked["manifest"]["triggered_at"] == "2026-04-12T22:41:09.000Z"
    assert [sidecar["name"] for sidecar in asked["sidecars"]] == [
        "20260412_224107_013A_gpstrail.json"
    ]


def test_progress_tells_copying_and_sending(make_dock: MakeDock, camera: VirtualCamera) -> None:
    told: list[tuple[int, int, str]] = []
    size = camera.held()[0].size
    make_dock().empty(camera, progress=lambda *word: told.append(word))
    assert (size, size, "copying 20260412_224107_013A.mp4") in told
    assert (size, size, "sending 20260412_224107_013A.mp4") in told


def test_a_line_that_breaks_in_a_part_is_taken_up_at_the_doors_offset(
    make_dock: MakeDock,
    camera: VirtualCamera,
    store: EvidenceStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dock_line, "PART", 20_000)
    store.faults["PATCH"].extend(["break", "break"])
    docked = make_dock().empty(camera)
    assert all(each.was_wiped for each in docked)
    assert store.requests[1:6] == ["HEAD", "PATCH 0", "HEAD", "PATCH 10000", "HEAD"]
    assert store.requests[6] == "PATCH 20000"


def test_a_busy_server_is_asked_again_when_it_says(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    store.retry_after = "7"
    store.faults["POST"].extend([503])
    store.faults["PATCH"].extend([503, 429])
    pauses: list[float] = []
    docked = make_dock(pauses=pauses).empty(camera)
    assert all(each.was_wiped for each in docked)
    assert pauses == [7.0, 7.0, 7.0]


def test_waiting_grows_without_a_word_from_the_server_and_is_bounded() -> None:
    assert list(Patience(attempts=9).waits()) == [0.5, 1, 2, 4, 8, 16, 32, 60]


def test_a_part_that_arrives_damaged_is_sent_again(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    store.faults["PATCH"].extend([460, 409])
    assert all(each.was_wiped for each in make_dock().empty(camera))


def test_a_silent_server_leaves_everything_on_the_camera_and_in_the_spool(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    store.faults["PATCH"].extend([503] * 4)
    docked = make_dock().empty(camera)
    assert [each.problem.code for each in docked if each.problem] == ["dock.no-answer"] * 2
    assert isinstance(docked[0].problem, BusyError)
    assert len(camera.held()) == 2
    posts = [request for request in store.requests if request.startswith("POST")]
    assert len(posts) == 1, "the second recording is not tried against a silent server"
    assert all(each.was_wiped for each in make_dock().empty(camera))
    copies = [len(arrived) for arrived in store.arrived.values()]
    assert copies == [1, 1]


def test_an_upload_that_the_door_has_lost_is_opened_anew(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    store.faults["HEAD"].extend(["forget"])
    assert all(each.was_wiped for each in make_dock().empty(camera))


def test_a_door_that_forgets_finished_uploads_is_answered_by_the_receipt(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    store.forgets_finished = True
    store.faults["PATCH"].append("swallow")  # the last part arrives, its answer does not
    assert all(each.was_wiped for each in make_dock().empty(camera))
    assert [len(arrived) for arrived in store.arrived.values()] == [1, 1]


def test_bytes_that_the_store_has_already_are_not_sent_again(
    make_dock: MakeDock, tmp_path: Path, store: EvidenceStore
) -> None:
    make_dock().empty(loaded_camera(tmp_path / "camera"))
    store.requests.clear()
    (docked,) = make_dock().empty(loaded_camera(tmp_path / "camera"))
    assert docked.was_wiped
    assert store.requests == ["POST /api/v1/uploads"]


def test_a_receipt_for_other_bytes_wipes_nothing(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    store.receipt_changes = {"sha256": "00" * 32}
    docked = make_dock().empty(camera)
    assert [each.problem.code for each in docked if each.problem] == ["dock.receipt-differs"] * 2
    assert len(camera.held()) == 2


@pytest.mark.parametrize(
    "signer",
    [None, Signer("test.example/log", b"M" * 32), Signer("mallory.example/log", b"M" * 32)],
)
def test_a_receipt_that_the_log_has_not_signed_wipes_nothing(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore, signer: Signer | None
) -> None:
    store.signer = signer
    docked = make_dock().empty(camera)
    assert all(isinstance(each.problem, DamagedError) for each in docked)
    assert {each.problem.code for each in docked if each.problem} <= {
        "note.malformed",
        "note.not-signed",
        "note.bad-signature",
    }
    assert not any(each.was_wiped for each in docked)
    assert len(camera.held()) == 2


@pytest.mark.parametrize(
    "change",
    [{"sha256": "00" * 32}, {"size": 1}, {"device": "004478"}, {"sequence": 9}],
)
def test_a_note_that_was_signed_for_another_recording_wipes_nothing(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore, change: dict[str, object]
) -> None:
    """Mallory has a genuine receipt of other footage, and writes the right values beside it."""
    store.note_changes = change
    docked = make_dock().empty(camera)
    assert [each.problem.code for each in docked if each.problem] == ["dock.receipt-differs"] * 2
    assert len(camera.held()) == 2


def test_values_beside_the_note_cannot_promise_more_than_was_signed(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    store.note_changes = {"durability": "received"}
    docked = make_dock().empty(camera)
    assert [each.problem.code for each in docked if each.problem] == ["dock.receipt-differs"] * 2
    assert len(camera.held()) == 2


def test_a_receipt_in_the_spool_is_judged_again_before_it_wipes(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore, tmp_path: Path
) -> None:
    camera.may_be_wiped = False
    store.faults["PATCH"].extend([503] * 4)
    make_dock().empty(camera)
    make_dock().empty(loaded_camera(tmp_path / "other", count=1, first=900))
    (journal,) = (tmp_path / "spool").glob("*/journal.json")
    forged = journal.read_text().replace("test.example/log/receipt", "test.example/log/payslip")
    assert forged != journal.read_text()
    journal.write_text(forged)
    camera.may_be_wiped = True
    first, second = make_dock().empty(camera)
    assert first.problem
    assert first.problem.code == "note.bad-signature"
    assert second.was_wiped
    assert [held.manifest.sequence for held in camera.held()] == [314]


def test_a_receipt_that_only_says_received_wipes_nothing_until_it_says_more(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    store.durability = "received"
    docked = make_dock().empty(camera)
    assert {each.problem.code for each in docked if each.problem} == {"dock.receipt-too-early"}
    assert len(camera.held()) == 2
    store.durability = "recorded"
    assert all(each.was_wiped for each in make_dock().empty(camera))
    assert [len(arrived) for arrived in store.arrived.values()] == [1, 1]


@pytest.mark.parametrize(
    "api", ["http://evidence.example", "http://192.0.2.7:8400", "http://[::2]"]
)
def test_a_dock_says_its_token_to_another_machine_by_https_only(api: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        Server(url=api, token=TOKEN)
    assert refusal.value.code == "dock.plain-http"
    assert Server(url=api, token=TOKEN, insecure_plain_http=True)
    assert Server(url=api.replace("http:", "https:"), token=TOKEN)


@pytest.mark.parametrize("url", ["http://localhost:8400", "http://127.0.0.9", "http://[::1]:1"])
def test_on_one_machine_nobody_listens_on_the_way(url: str) -> None:
    assert Server(url=url, token=TOKEN)


@pytest.mark.parametrize("url", ["evidence.example", "ftp://evidence.example", "http://"])
def test_an_address_that_is_none_is_refused_in_words(url: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        Server(url=url, token=TOKEN)
    assert refusal.value.code == "dock.no-url"


def test_a_ticket_is_not_shown_to_a_door_without_https(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    store.door = "http://192.0.2.7"
    docked = make_dock().empty(camera)
    assert {each.problem.code for each in docked if each.problem} == {"dock.plain-http"}


def test_a_receipt_that_makes_no_sense_is_no_receipt(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore
) -> None:
    store.receipt_changes = {"size": "large"}
    docked = make_dock().empty(camera)
    assert isinstance(docked[0].problem, DamagedError)
    assert docked[0].problem.code == "dock.receipt-unreadable"
    assert len(camera.held()) == 2


def test_mallorys_dock_with_a_wrong_token_is_refused_in_the_servers_words(
    make_dock: MakeDock, camera: VirtualCamera
) -> None:
    docked = make_dock(token="stolen").empty(camera)
    assert isinstance(docked[0].problem, RefusedError)
    assert docked[0].problem.message == "This token is not known."
    assert len(camera.held()) == 2


def test_a_camera_that_gives_other_bytes_than_it_says_keeps_its_recording(
    make_dock: MakeDock, camera: VirtualCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = camera.held()
    lies = [replace(held, size=held.size + 1) for held in honest]
    monkeypatch.setattr(camera, "held", lambda: lies)
    docked = make_dock().empty(camera)
    assert {each.problem.code for each in docked if each.problem} == {"dock.copy-differs"}
    assert all(held.path.exists() for held in honest)


def test_a_recording_whose_camera_left_is_sent_and_wiped_when_it_comes_back(
    make_dock: MakeDock, camera: VirtualCamera, store: EvidenceStore, tmp_path: Path
) -> None:
    store.faults["PATCH"].extend([503] * 4)
    make_dock().empty(camera)
    other = loaded_camera(tmp_path / "other", count=1, first=900)
    alone, with_other = make_dock().empty(other)
    assert alone.receipt
    assert not alone.was_wiped
    assert with_other.was_wiped
    assert len(camera.held()) == 2
    store.requests.clear()
    assert all(each.was_wiped for each in make_dock().empty(camera))
    assert store.requests.count("PATCH 0") == 1, "only what had not been copied is sent"
    assert is_empty(tmp_path / "spool")


def test_a_spool_serves_one_dock_at_a_time(
    make_dock: MakeDock, camera: VirtualCamera, tmp_path: Path
) -> None:
    waiting = make_dock()

    def second_dock(*_: object) -> None:
        with pytest.raises(BusyError, match="Another dock"):
            waiting.empty(camera)

    make_dock().empty(camera, progress=second_dock)


def test_a_persons_folder_is_sent_but_never_wiped(
    make_dock: MakeDock, camera: VirtualCamera
) -> None:
    folder = FolderCamera(camera.folder)
    docked = make_dock().empty(folder)
    assert [each.was_wiped for each in docked] == [False, False]
    assert all(each.receipt for each in docked)
    assert len(camera.held()) == 2


def test_odd_counts_are_noticed_at_the_dock(make_dock: MakeDock, tmp_path: Path) -> None:
    loaded_camera(tmp_path / "camera", count=1, first=314)
    camera = loaded_camera(tmp_path / "camera", count=1, first=317)
    odd = odd_counts(make_dock().empty(camera))
    assert [str(finding) for finding in odd] == ["Recordings 315 to 316 are missing."]


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": Sha256.of(b"other")},
        {"size": 1},
        {"device": "004478"},
        {"device": None},
        {"sequence": 315},
        {"durability": Durability.RECEIVED},
    ],
)
def test_a_camera_is_not_wiped_by_a_receipt_for_anything_else(
    camera: VirtualCamera, change: dict[str, object]
) -> None:
    held = camera.held()[0]
    with pytest.raises(RefusedError) as refusal:
        camera.wipe(held, receipt_for(held, **change))
    assert refusal.value.code == "camera.no-receipt"
    assert held in camera.held()


@pytest.mark.parametrize(
    "durability", [Durability.RECORDED, Durability.INTEGRATED, Durability.PUBLISHED]
)
def test_a_camera_forgets_one_recording_and_its_sidecars_against_its_receipt(
    camera: VirtualCamera, durability: Durability
) -> None:
    first, second = camera.held()
    camera.wipe(first, receipt_for(first, durability=durability))
    assert camera.held() == [second]
    assert len(list(camera.folder.iterdir())) == 3
    with pytest.raises(MissingError):
        camera.wipe(first, receipt_for(second))


def test_a_cameras_clock_is_wrong_by_its_offset(camera: VirtualCamera) -> None:
    assert camera.clock() - NOW == timedelta(milliseconds=-270)
