"""Files to try things on: made once a run, or found in the folder of real ones."""

import os
from pathlib import Path

import pytest
from tests.media.corpus import Sample, make_bad_files, make_corpus

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    """The good files by name."""
    return {sample.name: sample for sample in make_corpus(tmp_path_factory.mktemp("good"))}


@pytest.fixture(scope="session")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    """Empty, cut, mislabelled, hollow and foreign files by name."""
    return {sample.name: sample for sample in make_bad_files(tmp_path_factory.mktemp("bad"))}


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Real cameras' files, which are not ours to carry."""
    folder = Path(os.environ.get("BODYWORN_VECTORS", ROOT.parent / "shared" / "vectors"))
    if not folder.is_dir():
        pytest.skip(f"there are no real files at {folder}; set BODYWORN_VECTORS")
    return folder
