"""Signing in and out: slowed when guessing, always on record, never a way to another site."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_conf
from django.db.models import QuerySet
from django.test import Client
from tests.conftest import NOW
from tests.people import ALICE
from tests.web.pages_world import PASSWORD

from bodyworn.core.clock import iso
from bodyworn.core.errors import BusyError
from bodyworn.core.terms import EventType
from bodyworn.records.models import CustodyEvent, User
from bodyworn.web.pages import guessing
from bodyworn.web.peer import network_of

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
    return list(signs().values_list("type", flat=True))


def signs() -> QuerySet[CustodyEvent]:
    """The events of coming and going; that there are accounts is on record before."""
    return CustodyEvent.objects.filter(type__startswith="account:sign").order_by("id")


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


def test_a_failed_try_is_nobodys_and_names_the_account_only_where_there_is_one(
    client: Client,
) -> None:
    """A name that is none of ours may be a password in the wrong field."""
    try_in(client, "wrong")
    client.post("/sign-in", {"name": "correct horse battery", "password": "x"})
    known, unknown = signs()
    assert (known.actor, known.subject) == ("unknown", "account:unknown")
    assert (unknown.actor, unknown.subject) == ("unknown", "account:unknown")
    assert known.detail == {"name": ALICE.name}
    assert unknown.detail == {}
    for row in (known, unknown):
        assert ALICE.name.encode() not in bytes(row.leaf)
        assert b"horse" not in bytes(row.leaf)


def test_mallory_cannot_lock_alice_out_from_elsewhere(client: Client) -> None:
    mallory = Client(REMOTE_ADDR="192.0.2.66")
    for _ in range(5):
        try_in(mallory, "wrong")
    assert try_in(mallory).status_code == 503
    assert try_in(client).status_code == 302


def test_one_address_cannot_try_every_name(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "AN_ADDRESS", 3)
    mallory = Client(REMOTE_ADDR="2001:db8::66")
    for number in range(3):
        name = {"name": f"officer-{number}", "password": "wrong"}
        assert mallory.post("/sign-in", name).status_code == 422
    next_door = Client(REMOTE_ADDR="2001:db8::67")
    assert try_in(next_door).status_code == 503, "the same network of one machine"
    assert try_in(client).status_code == 302


def test_a_name_has_an_end_from_everywhere_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "A_NAME", 3)
    for number in range(3):
        try_in(Client(REMOTE_ADDR=f"192.0.2.{number}"), "wrong")
    assert try_in(Client(REMOTE_ADDR="192.0.2.9")).status_code == 503


def test_an_unknown_name_is_slowed_like_a_known_one(client: Client) -> None:
    for _ in range(5):
        assert client.post("/sign-in", {"name": "nobody", "password": "x"}).status_code == 422
    assert client.post("/sign-in", {"name": "Nobody", "password": "x"}).status_code == 503


def test_tries_at_the_same_moment_are_counted() -> None:
    """None of them has been judged yet when the sixth comes."""
    here, guesses = network_of("192.0.2.7"), guessing.Guesses()
    for _ in range(5):
        guesses.begin("alice", here, NOW)
    with pytest.raises(BusyError) as refusal:
        guesses.begin("alice", here, NOW)
    assert (refusal.value.code, refusal.value.retry_after) == ("account.too-many-tries", 900)


def test_the_memory_of_tries_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "MOST_KEPT", 10)
    guesses = guessing.Guesses()
    for number in range(40):
        guesses.begin(f"name-{number}", network_of(f"192.0.2.{number}"), NOW)
    assert len(guesses._tries) == 10


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
