"""Correcting what is said about a recording, by its page: who finds the form, and what it does."""

import pytest
from django.test import Client
from tests.conftest import NOW
from tests.people import ADMINISTRATOR, ALICE, BOB, CAROL, DAN
from tests.web.pages_world import As, kept

from bodyworn.core.terms import EventType
from bodyworn.core.types import Actor
from bodyworn.records.models import CustodyEvent, Recording, User
from bodyworn.work.house import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def nobodys(house: House, people: dict[str, User]) -> Recording:
    """Footage that came without a word about whose it is."""
    people[ADMINISTRATOR.name] = User.objects.create_user(
        ADMINISTRATOR.name, "correct horse", display="F.", role="administrator", created_at=NOW
    )
    return kept(house, officer=None, borough=None, device=None, sequence=None)


def form(recording: Recording) -> str:
    return f"/recordings/{recording.reference}/describe"


def told(**changes: str) -> dict[str, str]:
    nothing = {"officer": "", "borough": "", "title": "Stop", "category": "", "reason": "A letter."}
    return nothing | changes


def corrections() -> list[CustodyEvent]:
    return list(CustodyEvent.objects.filter(type=EventType.METADATA_MODIFICATION).order_by("id"))


def test_an_administrator_is_led_from_what_nobody_may_open_to_the_form(
    browse: As, nobodys: Recording
) -> None:
    client = browse(ADMINISTRATOR)
    assert nobodys.reference in client.get("/").content.decode()
    refused = client.get(f"/recordings/{nobodys.reference}")
    assert refused.status_code == 403
    assert f'href="{form(nobodys)}"' in refused.content.decode()
    assert "Where it was recorded" in client.get(form(nobodys)).content.decode()


def test_what_an_administrator_says_is_on_record_and_opens_it_to_others_alone(
    browse: As, nobodys: Recording
) -> None:
    client = browse(ADMINISTRATOR)
    answer = client.post(form(nobodys), told(borough="Lambeth"))
    assert answer.status_code == 200
    assert "This is on record" in answer.content.decode()
    assert "Open the recording" not in answer.content.decode()
    (event,) = corrections()
    assert (event.actor, event.detail["reason"]) == (ADMINISTRATOR.name, "A letter.")
    assert event.detail["new"]["borough"] == "Lambeth"
    assert browse(CAROL).get(f"/recordings/{nobodys.reference}").status_code == 200
    assert client.get(f"/recordings/{nobodys.reference}").status_code == 404
    assert client.get(form(nobodys)).status_code == 404


def test_a_supervisor_finds_the_form_beside_the_details_and_others_do_not(
    browse: As, recording: Recording
) -> None:
    for actor, finds in ((BOB, True), (CAROL, False), (ALICE, False)):
        client = browse(actor)
        why = {"purpose": "supervision"}
        page = client.post(f"/recordings/{recording.reference}/purpose", why, follow=True)
        assert (form(recording) in page.content.decode()) is finds, actor.name


def test_the_form_shows_what_stands_and_sends_only_what_is_new(
    browse: As, recording: Recording
) -> None:
    client = browse(BOB)
    shown = client.get(form(recording)).content.decode()
    assert 'value="4471QK"' in shown
    assert 'value="Lambeth"' in shown
    same = told(officer="4471QK", borough="Lambeth", title="Arrest, Coldharbour Lane")
    answer = client.post(form(recording), same)
    assert "Open the recording" in answer.content.decode()
    (event,) = corrections()
    assert event.detail["new"] == {"title": "Arrest, Coldharbour Lane"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"borough": "Lambet"}, "No unit here belongs to Lambet."),
        ({"officer": "<b>"}, "There is no officer &lt;b&gt; here."),
        ({"reason": ""}, "A correction needs a reason."),
        ({"title": "x" * 5000}, "This title has 5000 characters, and 200 are the most."),
        ({}, "All this stands on record"),
    ],
)
def test_what_is_wrong_comes_back_with_a_sentence_and_what_was_typed(
    browse: As, recording: Recording, changes: dict[str, str], sentence: str
) -> None:
    row = recording
    standing = told(officer="4471QK", borough="Lambeth", title=row.title, category=row.category)
    answer = browse(BOB).post(form(recording), standing | changes)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert "<b>" not in page
    assert corrections() == []


@pytest.mark.parametrize(
    ("actor", "status"), [(ALICE, 403), (CAROL, 403), (DAN, 404)], ids=["alice", "carol", "dan"]
)
def test_nobody_else_corrects_anything_by_the_page(
    browse: As, recording: Recording, actor: Actor, status: int
) -> None:
    client: Client = browse(actor)
    assert client.get(form(recording)).status_code == status
    assert client.post(form(recording), told()).status_code == status
    assert corrections() == []
