"""A recording leaves with all that a stranger needs; the checks here use none of our code."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.people import ALICE, CAROL, DAN, MALLORY
from tests.work.arriving import DOCK, alices_team, arrive, film
from tests.work.events import looks

from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.core.terms import EventType, Operation, Purpose
from bodyworn.custody.receipt import read_receipt
from bodyworn.custody.verify import verify_entry_proof
from bodyworn.records.models import CustodyEvent, Recording
from bodyworn.work.export import export
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.log import integrate


@pytest.fixture
def reference(house: House) -> str:
    """A published recording with a sidecar, among other events."""
    alices_team()
    looks(3)
    take_in(house, arrive(house, sidecars=[("0007.key", b"key")]), by=DOCK)
    looks(3, start=3)
    integrate(house)
    return Recording.objects.get().reference


def sums_hold(folder: Path) -> bool:
    """What `sha256sum` says, which is not ours."""
    command = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def exported(house: House, reference: str, folder: Path) -> dict[str, Any]:
    export(house, CAROL, reference, folder, purpose=Purpose.INVESTIGATION)
    told: dict[str, Any] = json.loads((folder / "custody.json").read_text())
    return told


def test_everything_is_there(house: House, reference: str, tmp_path: Path) -> None:
    files = export(house, CAROL, reference, tmp_path / "out", purpose=Purpose.INVESTIGATION)
    names = {str(path) for path in files}
    assert {
        "0007.mp4",
        "sidecars/0007.key",
        "custody.json",
        "checkpoint",
        "log.vkey",
        "receipt.txt",
        "SHA256SUMS",
        "README.txt",
    } <= names
    assert (tmp_path / "out" / "0007.mp4").read_bytes() == film()


def test_the_sums_are_checked_by_a_program_that_is_not_ours(
    house: House, reference: str, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    exported(house, reference, folder)
    assert sums_hold(folder)
    listed = {line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert there - listed == {"SHA256SUMS"}

    (folder / "0007.mp4").write_bytes(film(5))
    assert not sums_hold(folder)


def test_every_event_has_a_proof_that_holds(house: House, reference: str, tmp_path: Path) -> None:
    told = exported(house, reference, tmp_path / "out")
    types = [event["type"] for event in told["events"]]
    assert types == ["capture", "ingestion", "retention:decided", "receipt:issued", "dissemination"]
    for event in told["events"]:
        proof = (tmp_path / "out" / event["proof"]).read_text()
        verdict = verify_entry_proof(proof, event["leaf"].encode(), house.signer.verifier)
        assert verdict.ok


def test_the_commitments_open_with_nothing_but_sha256_and_json(
    house: House, reference: str, tmp_path: Path
) -> None:
    def commitment(salt: str, value: Any) -> str:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()

    told = exported(house, reference, tmp_path / "out")
    for event in told["events"]:
        leaf = json.loads(event["leaf"])
        detail = {"detail": event["detail"], "purpose": event["purpose"]}
        for name, value in (
            ("subject", event["subject"]),
            ("actor", event["actor"]),
            ("detail", detail),
        ):
            assert leaf[name] == commitment(event["salts"][name], value)
        assert hashlib.sha256(b"\0" + event["leaf"].encode()).hexdigest() == event["leaf_hash"]
        pseudonym = hashlib.sha256(bytes.fromhex(told["pseudonym_salt"]) + reference.encode())
        assert leaf["evidence"] == pseudonym.hexdigest()


def test_receipt_and_key_belong_to_the_log(house: House, reference: str, tmp_path: Path) -> None:
    exported(house, reference, tmp_path / "out")
    receipt = read_receipt((tmp_path / "out" / "receipt.txt").read_text(), house.signer.verifier)
    assert receipt.reference == reference
    assert receipt.durability == "published"
    key = (tmp_path / "out" / "log.vkey").read_text().strip()
    assert key == house.layout.log_vkey.read_text().strip()


def test_the_export_is_a_disclosure_on_record(house: House, reference: str, tmp_path: Path) -> None:
    exported(house, reference, tmp_path / "out")
    event = CustodyEvent.objects.get(type=EventType.EXPORT)
    assert event.operation == Operation.DISCLOSURE
    assert (event.actor, event.purpose) == ("carol", Purpose.INVESTIGATION)
    assert event.detail["size"] == len(film())


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (ALICE, "access.refused"),
        (DAN, "records.no-recording"),
        (MALLORY, "records.no-recording"),
    ],
)
def test_whom_the_rules_do_not_let_gets_nothing_and_is_on_record(
    house: House, reference: str, tmp_path: Path, actor: Any, code: str
) -> None:
    with pytest.raises((RefusedError, MissingError)) as refused:
        export(house, actor, reference, tmp_path / "out", purpose=Purpose.COMPLAINT)
    assert refused.value.code == code
    assert not (tmp_path / "out").exists()
    assert CustodyEvent.objects.get(type=EventType.ACCESS_REFUSED).actor == actor.name
    assert not CustodyEvent.objects.filter(type=EventType.EXPORT).exists()


def test_nothing_is_ever_overwritten(house: House, reference: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"sun")
    with pytest.raises(RefusedError) as refused:
        exported(house, reference, folder)
    assert refused.value.code == "export.folder-not-empty"
    assert [path.name for path in folder.iterdir()] == ["holiday.jpg"]
    assert not CustodyEvent.objects.filter(type=EventType.EXPORT).exists()


def test_an_empty_folder_may_be_filled(house: House, reference: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert exported(house, reference, tmp_path / "out")["reference"] == reference


def test_changed_bytes_do_not_leave_as_if_they_were_the_original(
    house: House, reference: str, tmp_path: Path
) -> None:
    path = house.layout.blob(arrive(house).sha256)
    path.chmod(0o600)
    path.write_bytes(film(6))
    with pytest.raises(DamagedError) as damaged:
        exported(house, reference, tmp_path / "out")
    assert damaged.value.code == "blob.changed"
    assert list(tmp_path.glob("*out*")) == []
    assert list(tmp_path.glob(".out*")) == []


@pytest.mark.parametrize(
    "name",
    ["../../evil.mp4", "/etc/passwd", "SHA256SUMS", "Readme.txt", "proofs", ".hidden", "-rf.mp4",
     "a\\b\nc.mp4", "…" * 190, "CON:1|2?.mp4", "..", "custody.json"],
)  # fmt: skip
def test_a_hostile_name_stays_in_the_folder_and_covers_nothing(
    house: House, tmp_path: Path, name: str
) -> None:
    alices_team()
    arrival = arrive(house, filename=name, sidecars=[(name, b"1"), (name, b"2")])
    receipt = take_in(house, arrival, by=DOCK)
    folder = tmp_path / "out" / "inner"
    told = exported(house, receipt.reference, folder)
    assert told["reference"] == receipt.reference
    digests = [hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.is_file()]
    assert hashlib.sha256(film()).hexdigest() in digests
    assert len(list((folder / "sidecars").iterdir())) == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["inner"]
    assert sums_hold(folder)


def test_an_unknown_reference_is_missing(house: House, tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        exported(house, "BWV-26-0101-0000", tmp_path / "out")


def test_the_readme_is_plain_and_fits_a_page_width(
    house: House, reference: str, tmp_path: Path
) -> None:
    exported(house, reference, tmp_path / "out")
    text = (tmp_path / "out" / "README.txt").read_text()
    assert reference in text
    assert max(len(line) for line in text.splitlines()) <= 78
