"""Mallory has everything: the database, the disk and the log's true key. She takes a recording out
of all of it and signs a history in which it never was. What she has not is what others kept."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import NOW
from tests.custody.outside_runs import failed_step, run
from tests.custody.overseeing import SEEN, folder_of
from tests.work.arriving import DOCK, arrive, film
from tests.work.events import looks
from tests.work.everything import on_day
from tests.work.mallory import by_force

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.custody.census_audit import compare_files
from bodyworn.custody.verify import verify_log
from bodyworn.custody.witness import Witness, write_request
from bodyworn.records.models import Recording
from bodyworn.work import census
from bodyworn.work.house import House
from bodyworn.work.ingest import take_in
from bodyworn.work.log import integrate
from bodyworn.work.verify import verify_store

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The house afterwards, and what outsiders had before."""

    house: House
    size: int  # of the checkpoint that was kept
    checkpoint: Path
    census: Path


@pytest.fixture
def rewritten(house: House, tmp_path: Path) -> Rewritten:
    for number in range(3):
        nobodys = {"device": None, "sequence": None, "officer": None}
        take_in(
            house, arrive(house, film(number), camera_reference=f"{number:04X}", **nobodys), by=DOCK
        )
    census.take(house)
    looks(300)
    integrate(house)
    kept = Rewritten(house, house.log.size, tmp_path / "kept", tmp_path / "kept-census")
    shutil.copy(house.layout.log / "checkpoint", kept.checkpoint)
    shutil.copy(house.layout.census_of(NOW.date()), kept.census)
    _take_out(house, Recording.objects.order_by("id")[1])
    return Rewritten(_signed_again(house), kept.size, kept.checkpoint, kept.census)


def _take_out(house: House, recording: Recording) -> None:
    """Every row, every byte, every event; and the lists that name it."""
    for copy in recording.copies.all():
        house.layout.blob(Sha256.parse(copy.sha256)).unlink()
        by_force("DELETE FROM records_datakey WHERE sha256 = %s", copy.sha256)
    for table in ("fix", "job", "retentiondecision", "copy", "custodyevent"):
        sql = f"DELETE FROM records_{table} WHERE recording_id = %s"  # noqa: S608 (our names)
        by_force(sql, recording.pk)
    by_force("DELETE FROM records_recording WHERE id = %s", recording.pk)
    by_force("DELETE FROM records_census")
    by_force("DELETE FROM records_custodyevent WHERE type = 'census'")


def _signed_again(house: House) -> House:
    """With the true key, from the first event on; then life goes on."""
    shutil.rmtree(house.layout.log)
    house.layout.log.mkdir()
    by_force("DELETE FROM records_checkpoint")
    by_force("UPDATE records_custodyevent SET leaf_index = NULL")
    fresh = House.open(house.settings)
    census.take(fresh)
    looks(50, start=300)
    integrate(fresh)
    return fresh


def test_inside_nothing_tells(rewritten: Rewritten) -> None:
    """Which is why others must keep something."""
    verdict = verify_store(rewritten.house)
    assert verdict.ok, verdict.wrong


def test_an_old_checkpoint_refutes_it(rewritten: Rewritten) -> None:
    house = rewritten.house
    verdict = verify_log(
        house.layout.log, house.signer.verifier, older=rewritten.checkpoint.read_bytes()
    )
    assert [step.number for step in verdict.steps if not step.ok] == [5]


def test_the_verifier_that_stands_alone_says_so_too(rewritten: Rewritten) -> None:
    log, key = str(rewritten.house.layout.log), rewritten.house.signer.verifier.text
    assert run(log, "--key", key)[0] == 0
    status, said = run(log, "--key", key, "--older", str(rewritten.checkpoint))
    assert status != 0
    assert failed_step(said) == 5


def test_an_old_census_is_of_no_log_any_more(rewritten: Rewritten) -> None:
    later = on_day(rewritten.house, 1)
    census.take(later)
    integrate(later)
    with pytest.raises(DamagedError) as caught:
        compare_files(
            rewritten.census,
            later.layout.census / "2026-04-15",
            log=later.layout.log,
            key=later.signer.verifier,
        )
    assert caught.value.code == "census.not-logged"


def test_a_witness_signs_nothing_that_does_not_continue_what_it_saw(
    rewritten: Rewritten, tmp_path: Path
) -> None:
    house, size = rewritten.house, rewritten.size
    folder = folder_of(tmp_path / "witness")
    folder.add_log(house.signer.verifier)
    witness = Witness(folder)
    witness.add_checkpoint(
        write_request(old=0, proof=(), note=rewritten.checkpoint.read_text()), now=SEEN
    )
    checkpoint = house.log.checkpoint()
    assert checkpoint
    proof = house.log.prove_consistency(size, checkpoint.size)
    with pytest.raises((DamagedError, RefusedError)) as caught:
        witness.add_checkpoint(
            write_request(old=size, proof=proof, note=checkpoint.note_text), now=SEEN
        )
    assert caught.value.code == "witness.not-continued"
