"""Leaked but should be hidden: what a page tells somebody who has no right to know."""

import warnings

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from pytest_django import Settings
from tests.people import ALICE, CAROL, DAN
from tests.web.pages_world import account_of, kept

from bodyworn.core.types import Actor
from bodyworn.records.models import Recording, User
from bodyworn.web.pages.permission import PUBLIC, permission_of
from bodyworn.work.house import House

SECRET = ("Coldharbour", "Brixton", "4471QK", "A. Khan", "004471", "0007.mp4")


@pytest.fixture
def recording(house: House, settings: Settings) -> Recording:
    """Alice's stop in Coldharbour Lane."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    warnings.filterwarnings("ignore", message="No directory at")
    for actor in (ALICE, CAROL, DAN):
        account_of(actor)
    return kept(house)


def signed_in(actor: Actor) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(User.objects.get(name=actor.name))
    return client


def addresses(reference: str) -> list[str]:
    """Every page that is not for everybody, with this recording in its address."""
    pages = [p for p in get_resolver().url_patterns if isinstance(p, URLPattern)]
    private = [p for p in pages if permission_of(p.callback) is not PUBLIC]
    filled = [str(p.pattern).replace("<str:reference>", reference) for p in private]
    return [f"/{one.replace('<int:marker>', '1')}" for one in filled]


def leaked(body: bytes, *more: str) -> list[str]:
    """Which secrets stand in an answer."""
    text = body.decode()
    return [word for word in (*SECRET, *more) if word in text]


def test_erin_who_is_not_signed_in_learns_nothing_from_any_page(recording: Recording) -> None:
    for address in addresses(recording.reference):
        for ask in (Client().get, Client().post):
            answer = ask(address)
            assert answer.status_code in {302, 405}, address
            assert leaked(answer.content, recording.reference) == [], address


@pytest.mark.parametrize("query", ["", "?q=coldharbour", "?officer=4471QK", "?camera=004471"])
def test_a_list_hides_what_is_another_boroughs(recording: Recording, query: str) -> None:
    shown = signed_in(DAN).get(f"/recordings{query}").content
    # What Dan typed himself stands in the search box; the rest would be a leak.
    typed = query.rpartition("=")[2]
    assert set(leaked(shown, recording.reference)) <= {typed}


def test_a_recording_of_another_borough_looks_like_none_at_all(recording: Recording) -> None:
    answer = signed_in(DAN).get(f"/recordings/{recording.reference}")
    assert answer.status_code == 404
    assert leaked(answer.content) == []


def test_the_digest_of_footage_is_in_no_page_of_somebody_elses(recording: Recording) -> None:
    digest = recording.copies.get(kind="master").sha256
    client = signed_in(DAN)
    for address in addresses(recording.reference):
        assert leaked(client.get(address).content, digest) == [], address


def test_an_address_that_is_wrong_shows_neither_paths_nor_settings(recording: Recording) -> None:
    for address in ("/nowhere", "/recordings/..%2f..%2fetc", "/api/v1/nowhere"):
        answer = signed_in(CAROL).get(address)
        assert answer.status_code == 404
        for word in (b"Traceback", b"site-packages", b"urlpatterns", b"BODYWORN"):
            assert word not in answer.content
