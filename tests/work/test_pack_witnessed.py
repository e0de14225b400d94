"""What witnesses have confirmed goes out with a pack; what came later is not claimed of them."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.custody.overseeing import COMPLAINTS, MAYOR, cosigned
from tests.work.packing import packed, published, told

from bodyworn.custody.policy import read_policy
from bodyworn.custody.proof import read_proof
from bodyworn.work.house import House

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def watched(house: House) -> House:
    """A house with two witnesses, who both want to be asked."""
    names = (("complaints", COMPLAINTS), ("mayor", MAYOR))
    lines = [f"log {house.signer.verifier.text}"]
    lines += [f"witness {name} {key.key.text}" for name, key in names]
    policy = "\n".join([*lines, "group oversight all complaints mayor", "quorum oversight", ""])
    (house.settings.data / "policy.txt").write_text(policy)
    return replace(house, settings=house.settings.with_(witness_policy="policy.txt"))


def confirm(house: House) -> int:
    """Both witnesses cosign the newest checkpoint; how many entries it covers."""
    head = house.log.checkpoint()
    assert head is not None
    house.layout.log_witnessed.write_text(cosigned(head.note_text, COMPLAINTS, MAYOR))
    return head.size


def test_confirmed_events_are_proved_under_the_witnesses_signatures(
    watched: House, tmp_path: Path
) -> None:
    reference = published(watched)
    size = confirm(watched)
    packed(watched, tmp_path / "out", reference)
    data = tmp_path / "out" / "data"
    policy = read_policy((data / "policy.txt").read_bytes())
    assert policy.judge((data / "checkpoint").read_bytes()).is_met
    for event in told(data)["events"]:
        note = read_proof((data / event["proof"]).read_text()).checkpoint
        assert policy.judge(note).is_met == (event["index"] < size)
    assert told(data)["events"][-1]["index"] >= size


def test_the_checker_in_the_pack_finds_the_quorum(watched: House, tmp_path: Path) -> None:
    reference = published(watched)
    confirm(watched)
    packed(watched, tmp_path / "out", reference)
    key = watched.layout.log_vkey.read_text().strip()
    own_policy = str(watched.settings.data / "policy.txt")
    words = [sys.executable, "-I", "data/verify.py", ".", "--key", key, "--policy", own_policy]
    done = subprocess.run(words, cwd=tmp_path / "out", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 of 2" in done.stdout


def test_before_the_first_confirmation_the_newest_checkpoint_goes_out(
    watched: House, tmp_path: Path
) -> None:
    packed(watched, tmp_path / "out", published(watched))
    data = tmp_path / "out" / "data"
    policy = read_policy((data / "policy.txt").read_bytes())
    standing = policy.judge((data / "checkpoint").read_bytes())
    assert (standing.is_met, standing.names) == (False, ())
    assert standing.checkpoint.size > told(data)["events"][-1]["index"]
