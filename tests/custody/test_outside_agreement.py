"""Two who share no line say the same: the stand-alone verifier, and the force's own program."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.custody.making import POLICE
from tests.custody.outside_cases import cases, lay, world
from tests.custody.outside_oracle import answer
from tests.custody.outside_runs import failed_step, words_of

from bodyworn.core.errors import DamagedError
from bodyworn.custody.outside import verify
from bodyworn.custody.outside.verify import Given, judge, read_key
from bodyworn.custody.verify import verify_log

CASES = {case.name: case for case in cases()}


@pytest.mark.parametrize("name", CASES)
def test_the_forces_own_program_gives_the_same_answer(name: str, tmp_path: Path) -> None:
    words_of(CASES[name], tmp_path)
    assert answer(CASES[name], tmp_path) == (CASES[name].verdict, CASES[name].step)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log, to be spoilt and mended again."""
    return lay(world().log, tmp_path_factory.mktemp("log"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_of_a_spoilt_log_both_name_the_same_place(log: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(world().log)))
    before = world().log[name]
    at = data.draw(st.integers(0, len(before) - 1))
    after = data.draw(
        st.sampled_from(
            [
                before[:at]
                + bytes([before[at] ^ data.draw(st.integers(1, 255))])
                + before[at + 1 :],
                before[:at],
                before + before[at:],
            ]
        )
    )
    assume(after != before)
    older = data.draw(st.sampled_from([None, world().kept]))
    (log / name).write_bytes(after)
    try:
        ours = verify_log(log, POLICE.verifier, older=older)
        theirs = judge(log, Given(key=read_key(POLICE.verifier.text), older=older))
    finally:
        (log / name).write_bytes(before)
    said = verify.as_json(theirs)
    assert [(step.number, step.ok) for step in ours.steps] == [
        (step["number"], step["state"] == "ok") for step in said["steps"]
    ]
    with pytest.raises(DamagedError) as caught:
        ours.require()
    assert caught.value.facts["step"] == failed_step(said)
    if ours.failed_file:
        assert said["failed"]["file"] == ours.failed_file
    if ours.failed_entry is not None:
        assert said["failed"]["entry"] == ours.failed_entry
