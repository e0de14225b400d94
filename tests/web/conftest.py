"""The pages before Django's own client: people with accounts, one real recording, no browser.

Nothing that needs tables is imported up here: pytest reads this file before Django is set up.
"""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings
from tests.people import ALICE, BOB, CAROL, DAN

from bodyworn.core.types import Actor

if TYPE_CHECKING:
    from django.test import Client

    from bodyworn.records.models import Recording, User
    from bodyworn.work.house import House


@pytest.fixture
def plain_files(settings: Settings) -> None:
    """Static files under their own names: hashed ones want a collected folder."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    warnings.filterwarnings("ignore", message="No directory at")


@pytest.fixture
def people(house: "House") -> "dict[str, User]":
    """Alice, Bob, Carol and Dan with accounts."""
    from tests.web.pages_world import account_of  # noqa: PLC0415

    return {actor.name: account_of(actor) for actor in (ALICE, BOB, CAROL, DAN)}


@pytest.fixture
def browse(people: "dict[str, User]", plain_files: None) -> "Callable[[Actor], Client]":
    """A client in which somebody is signed in."""
    from django.test import Client  # noqa: PLC0415

    def browse(actor: Actor) -> "Client":
        client = Client()
        client.force_login(people[actor.name])
        return client

    return browse


@pytest.fixture
def recording(house: "House", people: "dict[str, User]") -> "Recording":
    """Alice's stop in Coldharbour Lane, with everything that a player needs."""
    from tests.web.pages_world import kept  # noqa: PLC0415

    return kept(house)
