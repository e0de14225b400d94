"""A program, and small real films, for each test of the command line."""

import shutil
from pathlib import Path

import pytest
from tests import databases
from tests.clips import make_clips
from tests.program import Program, program_in


@pytest.fixture
def bodyworn(tmp_path: Path) -> Program:
    """The program before `init`."""
    return program_in(tmp_path)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that nobody has used: `init` takes a second, a copy of it none."""
    program = program_in(tmp_path_factory.mktemp("pristine"))
    program.well("init", "--force-name", "Test Police")
    return program.data


@pytest.fixture
def made(bodyworn: Program, pristine: Path) -> Program:
    """The program with a data folder."""
    if databases.wants_postgresql():
        bodyworn.well("init", "--force-name", "Test Police")
    else:
        shutil.copytree(pristine, bodyworn.data)
    return bodyworn


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small films, made once."""
    return make_clips(tmp_path_factory.mktemp("films"))


@pytest.fixture
def clips(films: Path, tmp_path: Path) -> Path:
    """A folder with two small films."""
    return Path(shutil.copytree(films, tmp_path / "clips"))
