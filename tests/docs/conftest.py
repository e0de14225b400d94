"""What examples stand on: small films, and the demonstration that the tutorial builds."""

from pathlib import Path

import pytest
from tests.clips import make_clips
from tests.demonstration import demonstration


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small films."""
    return make_clips(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the demonstration."""
    program, _ = demonstration(tmp_path_factory)
    return program.data
