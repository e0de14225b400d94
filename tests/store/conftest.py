"""One shelf a test."""

from pathlib import Path

import pytest
from tests.store.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty data folder."""
    return Shelf(tmp_path / "data")
