"""The offline verifier with a policy: enough witnesses were shown this very history, or not."""

from pathlib import Path

import pytest
from tests.custody.making import NOW, ORIGIN, POLICE, NoFlush, entries, grown
from tests.custody.overseeing import (
    COMPLAINTS,
    LEAVES,
    MAYOR,
    REWRITTEN,
    UNIVERSITY,
    cosigned,
    note_of,
    policy_text,
)

from bodyworn.custody.cosignature import Cosigner
from bodyworn.custody.log import Log
from bodyworn.custody.note import Signer
from bodyworn.custody.policy import read_policy
from bodyworn.custody.published import CHECKPOINT, WITNESSED
from bodyworn.custody.verify import NOT_PROVED, NOT_PROVED_WITNESSED, Verdict, verify_log

POLICY = read_policy(policy_text())


def judged(folder: Path, *cosigners: Cosigner, size: int = 300) -> Verdict:
    """The verdict where these witnesses cosigned that size."""
    (folder / WITNESSED).write_text(cosigned(note_of(LEAVES, size), *cosigners))
    return verify_log(folder, POLICE.verifier, policy=POLICY)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of 600 entries."""
    grown(tmp_path, 600)
    return tmp_path


def test_a_quorum_is_a_step_that_holds(log: Path) -> None:
    verdict = judged(log, COMPLAINTS, MAYOR)
    assert verdict.ok
    assert [step.number for step in verdict.steps] == [1, 2, 3, 4, 6]
    assert verdict.steps[-1].sentence == (
        "2 of 3 witnesses (complaints, mayor) cosigned the first 300 entries, the last at "
        "2026-04-14T09:00:00.000Z; that is a quorum."
    )
    assert verdict.not_proved == NOT_PROVED_WITNESSED
    assert len(verdict.proved) == 3


@pytest.mark.parametrize("cosigners", [(), (UNIVERSITY,)], ids=["none", "one"])
def test_too_few_is_a_step_that_does_not_hold(cosigners: tuple[Cosigner, ...], log: Path) -> None:
    verdict = judged(log, *cosigners)
    assert [step.number for step in verdict.steps if not step.ok] == [6]
    assert verdict.not_proved == NOT_PROVED
    assert not any("witnesses" in sentence for sentence in verdict.proved)


def test_witnesses_of_another_history_refute_this_one(log: Path) -> None:
    (log / WITNESSED).write_text(cosigned(note_of(REWRITTEN, 300), COMPLAINTS, MAYOR))
    verdict = verify_log(log, POLICE.verifier, policy=POLICY)
    assert [step.number for step in verdict.steps if not step.ok] == [6]
    assert "not the first 300" in verdict.steps[-1].sentence


def test_witnesses_of_more_than_there_is_refute_this_log(log: Path) -> None:
    """Somebody cut the log's end off: the witnesses saw it."""
    verdict = judged(log, COMPLAINTS, MAYOR, size=601)
    assert [step.number for step in verdict.steps if not step.ok] == [6]


def test_a_forged_cosignature_is_a_step_that_does_not_hold(log: Path) -> None:
    other = cosigned(note_of(LEAVES, 299), COMPLAINTS).split("\n\n")[1]
    (log / WITNESSED).write_text(note_of(LEAVES, 300) + "\n".join(other.split("\n")[1:]))
    assert not verify_log(log, POLICE.verifier, policy=POLICY).ok


def test_cosignatures_under_the_checkpoint_itself_count_too(log: Path) -> None:
    """As logs of other makers publish them."""
    (log / CHECKPOINT).write_text(cosigned((log / CHECKPOINT).read_text(), COMPLAINTS, MAYOR))
    assert verify_log(log, POLICE.verifier, policy=POLICY).ok


def test_a_policy_that_asks_for_nobody_proves_nothing_more(log: Path) -> None:
    verdict = verify_log(log, POLICE.verifier, policy=read_policy(b"quorum none\n"))
    assert verdict.ok
    assert verdict.not_proved == NOT_PROVED
    assert len(verdict.proved) == 2


def test_a_policy_of_another_log_is_not_met(log: Path) -> None:
    other = Signer.generate("other.example/log").verifier
    policy = read_policy(f"log {other.text}\nquorum none\n".encode())
    verdict = verify_log(log, POLICE.verifier, policy=policy)
    assert [step.number for step in verdict.steps if not step.ok] == [6]


def test_a_rewritten_history_with_its_old_witnessed_checkpoint_is_refuted(tmp_path: Path) -> None:
    story = [entry for n, entry in enumerate(entries(601)) if n != 17]
    forged = Log(tmp_path, origin=ORIGIN, signer=POLICE, disk=NoFlush())
    forged.integrate(story, from_index=0, now=NOW)
    assert verify_log(tmp_path, POLICE.verifier).ok
    assert not judged(tmp_path, COMPLAINTS, MAYOR).ok
