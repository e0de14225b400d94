"""A pack is whole or not there, on record before a byte is read, and good in others' eyes."""

import fcntl
import hashlib
import os
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import bagit
import pytest
from tests.people import ALICE, CAROL, DAN, MALLORY
from tests.work.arriving import film
from tests.work.footage import tiny_film
from tests.work.opened import plain as plain_bytes
from tests.work.packing import FOR_COURT, files_in, packed, published, redacted, told, verifies

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import (
    BodywornError,
    BusyError,
    DamagedError,
    MissingError,
    RefusedError,
    SetupError,
)
from bodyworn.core.terms import CopyKind, EventType, Operation, Purpose
from bodyworn.core.types import Actor
from bodyworn.custody import outside
from bodyworn.custody.policy import read_policy
from bodyworn.custody.receipt import read_receipt
from bodyworn.records.models import Copy, CustodyEvent, Recording
from bodyworn.store.seal import Vault
from bodyworn.store.sealed import DataKey
from bodyworn.work.house import House
from bodyworn.work.pack import Wish, pack, planned
from bodyworn.work.verify import verify_recording

pytestmark = pytest.mark.django_db(transaction=True)

TAGS = {
    "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sha512.txt",
    "tagmanifest-sha256.txt", "tagmanifest-sha512.txt", "SHA256SUMS",
}  # fmt: skip
SHARED = {"checkpoint", "log.vkey", "policy.txt", "README.txt", *outside.NAMES}
OF_ONE = {"custody.json", "custody.jsonld", "custody.pdf", "receipt.txt"}


@pytest.fixture
def reference(house: House) -> str:
    return published(house)


def test_every_file_of_the_layout_is_there_and_no_other(
    house: House, reference: str, tmp_path: Path
) -> None:
    made = packed(house, tmp_path / "out", reference)
    found = files_in(tmp_path / "out")
    proofs = {name for name in found if name.startswith("data/proofs/")}
    assert len(proofs) == len(told(tmp_path / "out" / "data")["events"]) == 5
    film_and_manifest = {"data/0007.mp4", "data/0007.c2pa"}
    data = {f"data/{name}" for name in SHARED | OF_ONE}
    assert found == TAGS | film_and_manifest | data | proofs
    assert found == set(made.files)
    assert made.size == sum((tmp_path / "out" / name).stat().st_size for name in found)
    assert (tmp_path / "out" / "data" / "0007.mp4").read_bytes() == film()


def test_others_find_it_whole(house: House, reference: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    packed(house, folder, reference)
    assert bagit.Bag(str(folder)).validate()
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True
    )
    assert verifies(folder, house)


def test_key_policy_receipt_and_checkpoint_are_the_logs(
    house: House, reference: str, tmp_path: Path
) -> None:
    packed(house, tmp_path / "out", reference)
    data = tmp_path / "out" / "data"
    assert (data / "log.vkey").read_text() == house.layout.log_vkey.read_text()
    standing = read_policy((data / "policy.txt").read_bytes()).judge(
        (data / "checkpoint").read_bytes()
    )
    assert standing.is_met
    receipt = read_receipt((data / "receipt.txt").read_text(), house.signer.verifier)
    assert (receipt.reference, receipt.durability) == (reference, "published")


def test_recipient_and_purpose_are_on_record(house: House, reference: str, tmp_path: Path) -> None:
    packed(house, tmp_path / "out", reference)
    event = CustodyEvent.objects.get(type=EventType.EXPORT)
    assert (event.operation, event.actor) == (Operation.DISCLOSURE, "carol")
    assert event.purpose == Purpose.INVESTIGATION
    assert event.detail == {
        "what": "pack",
        "kind": "master",
        "sha256": hashlib.sha256(film()).hexdigest(),
        "size": len(film()),
        "recipient": "CPS London",
    }
    found = told(tmp_path / "out" / "data")
    assert (found["recipient"], found["purpose"]) == ("CPS London", "investigation")
    assert found["events"][-1]["detail"] == event.detail


def test_what_nobody_said_is_not_made_up(house: House, reference: str, tmp_path: Path) -> None:
    packed(house, tmp_path / "out", reference, wish=Wish())
    event = CustodyEvent.objects.get(type=EventType.EXPORT)
    assert (event.purpose, event.detail.get("recipient")) == ("", None)
    readme = (tmp_path / "out" / "data" / "README.txt").read_text()
    assert "For: not stated" in readme
    assert "Purpose: not stated" in readme


def test_a_recipient_is_one_line_that_can_be_read(
    house: House, reference: str, tmp_path: Path
) -> None:
    wish = Wish(recipient="CPS\n\x00\udcff\u202e London " + "x" * 500)
    packed(house, tmp_path / "out", reference, wish=wish)
    recipient = told(tmp_path / "out" / "data")["recipient"]
    assert recipient.startswith("CPS London xxx")
    assert len(recipient) == 200
    assert verifies(tmp_path / "out", house)


class WatchingVault(Vault):
    """A vault that notes what was in the signed log whenever it was opened."""

    def __init__(self, house: House) -> None:
        super().__init__(house.layout)
        self.house, self.seen = house, list[bool]()

    def open(self, digest: Sha256, key: DataKey) -> BinaryIO:
        places = CustodyEvent.objects.filter(type=EventType.EXPORT).values_list("leaf_index")
        size = self.house.log.size
        self.seen.append(
            all(place is not None and place < size for (place,) in places) and bool(places)
        )
        return super().open(digest, key)


def test_the_disclosure_is_in_the_signed_log_before_a_byte_is_read(
    house: House, reference: str, tmp_path: Path
) -> None:
    vault = WatchingVault(house)
    packed(replace(house, vault=vault), tmp_path / "out", reference)
    assert vault.seen == [True]


def test_several_recordings_share_what_is_about_the_log(
    house: House, reference: str, tmp_path: Path
) -> None:
    other = published(house, film(2), filename="0008.mp4", sequence=8, camera_reference="8A00")
    folder = tmp_path / "out"
    packed(house, folder, reference, other, reference)
    data = folder / "data"
    assert {p.name for p in data.iterdir()} == SHARED | {reference, other}
    for name, clip in ((reference, "0007"), (other, "0008")):
        assert {p.name for p in (data / name).iterdir()} == OF_ONE | {
            f"{clip}.mp4",
            f"{clip}.c2pa",
            "proofs",
        }
        assert told(data / name)["reference"] == name
    assert bagit.Bag(str(folder)).validate()
    together = CustodyEvent.objects.filter(type=EventType.EXPORT).values_list("detail", flat=True)
    assert [one["together_with"] for one in together] == [[other], [reference]]


def test_one_file_holds_the_very_same(house: House, reference: str, tmp_path: Path) -> None:
    made = packed(house, tmp_path / "out", reference, wish=replace(FOR_COURT, zipped=True))
    assert made.path == str(tmp_path / "out.zip")
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == ["out.zip"]
    with zipfile.ZipFile(made.path) as archive:
        assert archive.testzip() is None
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        archive.extractall(tmp_path / "unpacked")
    folder = tmp_path / "unpacked" / "out"
    assert files_in(folder) == set(made.files)
    assert verifies(folder, house)


def test_nobody_but_its_owner_can_read_it(house: House, reference: str, tmp_path: Path) -> None:
    packed(house, tmp_path / "out", reference)
    packed(house, tmp_path / "one.zip", reference, wish=Wish(zipped=True))
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0
    assert (tmp_path / "one.zip").stat().st_mode & 0o077 == 0


def refused_with(
    house: House,
    target: Path,
    *references: str,
    actor: Actor = CAROL,
    wish: Wish = FOR_COURT,
) -> BodywornError:
    """The error; nothing new lies where the pack should be, and no disclosure is on record."""
    before = sorted(target.parent.iterdir())
    events = CustodyEvent.objects.filter(type=EventType.EXPORT).count()
    with pytest.raises(BodywornError) as refused:
        pack(house, actor, references, target, wish=wish)
    assert sorted(target.parent.iterdir()) == before
    assert CustodyEvent.objects.filter(type=EventType.EXPORT).count() == events
    return refused.value


@pytest.mark.parametrize(
    ("actor", "code"),
    [(ALICE, "access.refused"), (DAN, "records.no-recording"), (MALLORY, "records.no-recording")],
)
def test_whom_the_rules_do_not_let_gets_nothing_and_is_on_record(
    house: House, reference: str, tmp_path: Path, actor: Actor, code: str
) -> None:
    assert refused_with(house, tmp_path / "out", reference, actor=actor).code == code
    assert CustodyEvent.objects.get(type=EventType.ACCESS_REFUSED).actor == actor.name


def test_one_unknown_reference_stops_the_whole_pack(
    house: House, reference: str, tmp_path: Path
) -> None:
    error = refused_with(house, tmp_path / "out", reference, "BWV-26-0101-0000")
    assert isinstance(error, MissingError)


def test_no_reference_at_all_is_refused(house: House, tmp_path: Path) -> None:
    assert refused_with(house, tmp_path / "out").code == "pack.nothing"


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_nothing_is_ever_overwritten(
    house: House, reference: str, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "out"
    match kind:
        case "file":
            target.write_text("holiday")
        case "folder":
            target.mkdir()
        case _:
            target.symlink_to(tmp_path / "nowhere")
    error = refused_with(house, target, reference)
    assert (type(error), error.code) == (RefusedError, "pack.target-exists")


@pytest.mark.parametrize("kind", [CopyKind.REDACTED, CopyKind.STRIP])
def test_a_copy_that_is_not_there_or_not_for_others_is_missing(
    house: House, reference: str, tmp_path: Path, kind: CopyKind
) -> None:
    error = refused_with(house, tmp_path / "out", reference, wish=Wish(kind=kind))
    assert (type(error), error.code) == (MissingError, "pack.no-such-copy")


def test_too_little_room_is_told_before_anything_happens(
    house: House, reference: str, tmp_path: Path
) -> None:
    Copy.objects.filter(kind=CopyKind.MASTER).update(size=10**17)
    error = refused_with(house, tmp_path / "out", reference)
    assert (type(error), error.code) == (SetupError, "disk.full")
    assert "100,000,000,004 MB" in error.message


def spoil(house: House) -> None:
    path = house.layout.blob(Sha256.of(film()))
    path.chmod(0o600)
    path.write_bytes(film(6))


def test_changed_bytes_do_not_leave_as_if_they_were_the_original(
    house: House, reference: str, tmp_path: Path
) -> None:
    spoil(house)
    with pytest.raises(DamagedError) as damaged:
        packed(house, tmp_path / "out", reference)
    assert damaged.value.code == "blob.changed"
    assert list(tmp_path.glob("*out*")) == []


def test_the_attempt_stays_on_record(house: House, reference: str, tmp_path: Path) -> None:
    """Bytes were read after it was logged, so it is not taken back."""
    house.layout.blob(Sha256.of(film())).unlink()
    with pytest.raises(MissingError):
        packed(house, tmp_path / "out", reference)
    assert CustodyEvent.objects.filter(type=EventType.EXPORT).count() == 1


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_nothing_stays_of_a_pack_that_was_stopped(
    house: House, reference: str, tmp_path: Path, trouble: BaseException
) -> None:
    def stop(done: int, of: int, what: str) -> None:
        assert list(tmp_path.glob(".out.part/data/*"))
        raise trouble

    with pytest.raises((KeyboardInterrupt, SetupError)):
        pack(house, CAROL, [reference], tmp_path / "out", wish=FOR_COURT, progress=stop)
    assert list(tmp_path.glob("*out*")) == []


def test_what_a_killed_run_has_left_is_cleared_away(
    house: House, reference: str, tmp_path: Path
) -> None:
    left = tmp_path / ".out.part" / "data"
    left.mkdir(parents=True)
    (left / "half.mp4").write_bytes(b"half")
    packed(house, tmp_path / "out", reference)
    assert "data/half.mp4" not in files_in(tmp_path / "out")
    assert verifies(tmp_path / "out", house)


def test_two_runs_do_not_spoil_each_other(house: House, reference: str, tmp_path: Path) -> None:
    other = tmp_path / ".out.part"
    other.mkdir()
    (other / "theirs").write_bytes(b"footage")
    handle = os.open(other, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(BusyError) as busy:
            packed(house, tmp_path / "out", reference)
    finally:
        os.close(handle)
    assert busy.value.code == "pack.busy"
    assert (other / "theirs").read_bytes() == b"footage"


@pytest.mark.parametrize(
    "name",
    ["../../evil.mp4", "SHA256SUMS", "Readme.txt", "proofs", "-rf.mp4", "a\\b\nc.mp4", "…" * 190,
     "CON:1|2?.mp4", "..", "custody.json", "film.c2pa", "a%0Ab.mp4", "~root.mp4", "a\u202e4pm.exe"],
)  # fmt: skip
def test_a_hostile_name_stays_in_the_pack_and_covers_nothing(
    house: House, tmp_path: Path, name: str
) -> None:
    reference = published(house, filename=name)
    folder = tmp_path / "deep" / "out"
    packed(house, folder, reference)
    digests = [
        hashlib.sha256(p.read_bytes()).digest() for p in (folder / "data").iterdir() if p.is_file()
    ]
    assert digests.count(hashlib.sha256(film()).digest()) == 1
    assert [path.name for path in folder.parent.iterdir()] == ["out"]
    assert len(files_in(folder)) == len(TAGS | SHARED | OF_ONE) + len(["film", "manifest"]) + 5
    assert bagit.Bag(str(folder)).validate()
    assert verifies(folder, house)


def test_a_redacted_copy_carries_its_credentials_and_is_kept_as_it_went_out(
    house: House, reference: str, tmp_path: Path
) -> None:
    plain = redacted(house, reference, film(3))
    folder = tmp_path / "out"
    made = packed(house, folder, reference, wish=replace(FOR_COURT, kind=CopyKind.REDACTED))
    ((_, out),) = made.films
    assert (out.credentials, made.left_out) == ("inside", ())
    kept = Copy.objects.get(sha256=out.sha256)
    assert (kept.kind, kept.derived_from, kept.size) == ("redacted", plain, out.size)
    disclosed = next(path for path in (folder / "data").glob("*.mp4"))
    assert hashlib.sha256(disclosed.read_bytes()).hexdigest() == out.sha256 != plain.sha256
    assert plain_bytes(house, Sha256.parse(out.sha256)) == disclosed.read_bytes()
    assert [e["type"] for e in told(folder / "data")["events"]][-2:] == [
        "dissemination",
        "derivation",
    ]
    assert not list((folder / "data").glob("*.c2pa"))
    assert verify_recording(house, reference).ok
    assert bagit.Bag(str(folder)).validate()


def test_a_copy_that_was_signed_once_is_handed_out_again_as_it_is(
    house: House, reference: str, tmp_path: Path
) -> None:
    redacted(house, reference, film(3))
    wish = replace(FOR_COURT, kind=CopyKind.REDACTED)
    first = packed(house, tmp_path / "one", reference, wish=wish)
    second = packed(house, tmp_path / "two", reference, wish=wish)
    assert first.films == second.films
    assert Copy.objects.filter(kind=CopyKind.REDACTED).count() == 2


@pytest.mark.parametrize("data", [b"no film at all", film()[:40], tiny_film(container="matroska")])
def test_a_film_that_can_carry_no_credentials_leaves_without_and_says_so(
    house: House, tmp_path: Path, data: bytes
) -> None:
    reference = published(house, data)
    made = packed(house, tmp_path / "out", reference)
    assert "data/0007.c2pa" not in made.files
    (sentence,) = made.left_out
    assert sentence.startswith("0007.mp4 has no content credentials.")
    readme = (tmp_path / "out" / "data" / "README.txt").read_text()
    assert "NOT IN THIS PACK" in readme
    assert verifies(tmp_path / "out", house)


def test_a_plan_makes_nothing_and_records_nothing(
    house: House, reference: str, tmp_path: Path
) -> None:
    events, keys = CustodyEvent.objects.count(), sorted(house.layout.keys.iterdir())
    plan = planned(house, CAROL, [reference], tmp_path / "out", wish=Wish(zipped=True))
    assert [item.path for item in plan.items] == ["data/0007.mp4"]
    assert plan.room > 2 * len(film())
    assert not plan.path.exists()
    assert (CustodyEvent.objects.count(), sorted(house.layout.keys.iterdir())) == (events, keys)


def test_the_readme_is_plain_and_fits_a_page_width(
    house: House, reference: str, tmp_path: Path
) -> None:
    packed(house, tmp_path / "out", reference)
    text = (tmp_path / "out" / "data" / "README.txt").read_text()
    assert reference in text
    assert max(len(line) for line in text.splitlines()) <= 78


def test_a_pack_of_the_house_is_told_in_its_history(
    house: House, reference: str, tmp_path: Path
) -> None:
    packed(house, tmp_path / "one", reference)
    packed(house, tmp_path / "two", reference)
    events = told(tmp_path / "two" / "data")["events"]
    assert [one["type"] for one in events].count("dissemination") == 2
    assert Recording.objects.get().events.count() == len(events)
