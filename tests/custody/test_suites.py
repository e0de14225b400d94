"""The runners of other people's suites count what they should, so that a count means something."""

from pathlib import Path

import pytest
from tests.custody import bagit_suite
from tests.custody.test_bag_check import old_bag
from tests.custody.test_bagit import bag


def suite(folder: Path, **bags: str) -> Path:
    """A suite of bags by name and by what it calls them; one called broken has lost its film."""
    for name, category in bags.items():
        made = folder / "v1.0" / category / name
        made.mkdir(parents=True)
        bag(made)
        if name.startswith("broken"):
            (made / "data" / "0007.mp4").unlink()
    return folder


def test_agreement_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = suite(
        tmp_path, whole="valid", broken="invalid", broken_too="linux-only", c="windows-only"
    )
    old = where / "v0.97" / "warning" / "old"
    old.mkdir(parents=True)
    old_bag(old)
    assert bagit_suite.main(where) == 0
    assert capsys.readouterr().out == "4 of 4 bags agree\n"


@pytest.mark.parametrize(
    ("name", "category"), [("whole", "invalid"), ("broken", "valid"), ("whole", "warning")]
)
def test_a_bag_that_we_judge_differently_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, category: str
) -> None:
    assert bagit_suite.main(suite(tmp_path, **{name: category})) == 1
    said = capsys.readouterr().out
    assert f"differs: v1.0/{category}/{name}" in said
    assert said.endswith("0 of 1 bags agree\n")


def test_an_empty_folder_is_no_suite(tmp_path: Path) -> None:
    assert bagit_suite.main(tmp_path) == 1
