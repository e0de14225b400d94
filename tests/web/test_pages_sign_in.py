"""Signing in and out: slowed when guessing, always on record, never a way to another site."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_conf
from django.test import Client
from tests.conftest import NOW
from tests.people import ALICE
from tests.web.pages_world import PASSWORD

from bodyworn.core.clock import iso
from bodyworn.core.terms import EventType
from bodyworn.records.models import CustodyEvent, User

pytestmark = pytest.mark.usefixtures("plain_files", "people")

SIGNED_OUT = (
    "/",
    "/recordings",
    "/recordings/BWV-26-0412-7F3A",
    "/recordings/BWV-26-0412-7F3A/check",
    "/recordings/BWV-26-0412-7F3A/markers",
)


def try_in(client: Client, password: str = PASSWORD, **more: str) -> Any:
    """One try; the answer."""
    return client.post("/sign-in", {"name": ALICE.name, "password": password, **more})


def told() -> list[str]:
    """What the ledger has of it."""
    return list(CustodyEvent.objects.order_by("id").values_list("type", flat=True))


def test_the_right_password_opens_the_home_page_and_is_on_record(client: Client) -> None:
    answer = try_in(client)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert told() == [EventType.SIGN_IN]
    assert "My footage" in client.get("/").content.decode()


def test_one_gets_to_where_one_was_going(client: Client) -> None:
    answer = client.get("/recordings?q=lane")
    assert answer["Location"] == "/sign-in?next=%2Frecordings%3Fq%3Dlane"
    assert try_in(client, next="/recordings?q=lane")["Location"] == "/recordings?q=lane"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://mallory.example/", "//mallory.example/", "javascript:alert(1)", "\\\\m.x"],
)
def test_never_to_another_site(client: Client, elsewhere: str) -> None:
    assert try_in(client, next=elsewhere)["Location"] == "/"


def test_a_wrong_password_says_so_and_is_on_record(client: Client) -> None:
    answer = try_in(client, "wrong")
    assert answer.status_code == 422
    assert "do not belong together" in answer.content.decode()
    assert told() == [EventType.SIGN_IN_FAILED]


def test_an_unknown_name_gets_the_very_same_answer(client: Client) -> None:
    known = try_in(client, "wrong").content.decode()
    unknown = client.post("/sign-in", {"name": "mallory", "password": "wrong"}).content.decode()
    assert unmarked(unknown).replace("mallory", "NAME") == unmarked(known).replace(
        ALICE.name, "NAME"
    )


def test_after_five_wrong_tries_even_the_right_one_must_wait(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        try_in(client, "wrong")
    answer = try_in(client)
    assert (answer.status_code, answer["Retry-After"]) == (503, "900")
    assert "Try again in 15 minutes" in answer.content.decode()
    assert EventType.SIGN_IN not in told()

    later = django_conf.BODYWORN.with_(frozen_at=iso(NOW + timedelta(minutes=15, seconds=1)))
    monkeypatch.setattr(django_conf, "BODYWORN", later)
    assert try_in(client).status_code == 302


def test_a_good_sign_in_forgets_the_wrong_ones_before_it(client: Client) -> None:
    for _ in range(4):
        try_in(client, "wrong")
    assert try_in(client).status_code == 302
    for _ in range(4):
        try_in(client, "wrong")
    assert try_in(client).status_code == 302


def test_a_closed_account_stays_out(client: Client) -> None:
    User.objects.filter(name=ALICE.name).update(is_active=False)
    assert try_in(client).status_code == 422


def test_signing_out_is_a_post_and_on_record(client: Client) -> None:
    try_in(client)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert told() == [EventType.SIGN_IN, EventType.SIGN_OUT]
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("path", SIGNED_OUT)
def test_without_an_account_every_page_leads_to_the_sign_in_page(client: Client, path: str) -> None:
    for answer in (client.get(path), client.post(path)):
        assert answer["Location"].startswith("/sign-in?next=")


def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in_page(client: Client) -> None:
    answer = client.post("/recordings/X/check", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith("/sign-in")


def test_a_form_of_another_site_is_refused_in_words() -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in", {"name": "a", "password": "b"})
    assert answer.status_code == 403
    assert "This form is out of date." in answer.content.decode()


def unmarked(page: str) -> str:
    """A page without what differs each time: the form's token, and where the cursor stands."""
    return "\n".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)
