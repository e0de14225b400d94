"""The review page without a browser: why is asked, every look is on record, tickets fit, words
are honest about damage, and nothing on the page needs a hole in the content policy."""

import json
import logging
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_conf
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from tests.conftest import NOW
from tests.people import ALICE, BOB, CAROL, DAN
from tests.web.pages_world import As, kept
from tests.work import arriving

from bodyworn.core.clock import iso
from bodyworn.core.digest import Sha256
from bodyworn.core.terms import CopyKind, EventType, Operation
from bodyworn.records.models import Copy, CustodyEvent, Marker, Recording
from bodyworn.web import ticket
from bodyworn.web.middleware import policy_for
from bodyworn.web.pages import home
from bodyworn.work.house import House

LONG_AFTER = NOW + timedelta(hours=9)


def address(recording: Recording, more: str = "") -> str:
    return f"/recordings/{recording.reference}{more}"


def opened(client: Client, recording: Recording, *, note: str = "01/4412/26") -> str:
    """Say why, and get the page."""
    why = {"purpose": "investigation", "note": note}
    answer = client.post(address(recording, "/purpose"), why, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def events(type_: EventType) -> list[CustodyEvent]:
    return list(CustodyEvent.objects.filter(type=type_).order_by("id"))


def test_why_is_asked_before_anything_is_shown(browse: As, recording: Recording) -> None:
    asked = browse(CAROL).get(address(recording)).content.decode()
    assert "Why are you opening this?" in asked
    assert "/bytes/" not in asked
    assert events(EventType.VIEW) == []


def test_the_answer_is_on_record_with_its_purpose_and_stays_on_the_picture(
    browse: As, recording: Recording
) -> None:
    page = opened(browse(CAROL), recording)
    (view,) = events(EventType.VIEW)
    assert (view.actor, view.subject) == (CAROL.name, recording.reference)
    assert (view.operation, view.purpose) == (Operation.CONSULTATION, "investigation")
    assert view.detail == {"note": "01/4412/26"}
    assert "Watching for case 01/4412/26. This viewing is recorded." in page


def test_no_answer_is_no_answer(browse: As, recording: Recording) -> None:
    for wrong in ({}, {"purpose": "curiosity"}):
        answer = browse(CAROL).post(address(recording, "/purpose"), wrong)
        assert answer.status_code == 422
        assert "Choose why you are opening this." in answer.content.decode()
    assert events(EventType.VIEW) == []


def test_a_reload_is_the_same_viewing_until_its_tickets_end(
    browse: As, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browse(CAROL)
    opened(client, recording)
    client.get(address(recording))
    assert len(events(EventType.VIEW)) == 1

    later = django_conf.BODYWORN.with_(frozen_at=iso(NOW + timedelta(hours=4, seconds=1)))
    monkeypatch.setattr(django_conf, "BODYWORN", later)
    page = client.get(address(recording)).content.decode()
    assert "Why are you opening this?" not in page
    assert len(events(EventType.VIEW)) == 2


def test_the_last_answer_is_proposed_for_the_next_recording(
    browse: As, recording: Recording, house: House
) -> None:
    client = browse(CAROL)
    opened(client, recording)
    other = kept(house, arriving.film(1), sequence=8, camera_reference="AAAA", filename="8.mp4")
    asked = client.get(address(other)).content.decode()
    assert re.search(r'value="investigation"[^>]* checked', asked)
    assert 'value="01/4412/26"' in asked


def test_each_ticket_names_what_it_is_for_and_the_viewing(
    browse: As, recording: Recording, house: House
) -> None:
    page = opened(browse(CAROL), recording)
    (view,) = events(EventType.VIEW)
    kinds = {Sha256.parse(c.sha256): c.kind for c in Copy.objects.filter(recording=recording)}
    found = {}
    for url in re.findall(r"http://127\.0\.0\.1:8402/bytes/[0-9a-f]{64}\?t=[\w.-]+", page):
        read = ticket.read(parse_qs(urlsplit(url).query)["t"][0], house.ticket_key, NOW)
        assert (read.kind, read.sender, read.view) == ("read", CAROL.name, view.uid)
        assert read.expires_at == int((NOW + timedelta(minutes=240)).timestamp())
        found[kinds[read.parts[-1][0]]] = read.media_type
    assert found == {
        CopyKind.MASTER: "video/mp4",
        CopyKind.FRAMES: "application/json",
        CopyKind.SOUND: "application/json",
        CopyKind.STRIP: "image/jpeg",
    }


def test_a_refusal_is_a_page_and_on_record(browse: As, recording: Recording) -> None:
    """Alice may know of her own recording, and takes no copies out."""
    answer = browse(ALICE).post(address(recording, "/still"), {"frame": "1"})
    assert answer.status_code == 403
    assert "belongs to another officer, unit or borough" in answer.content.decode()
    (refusal,) = events(EventType.ACCESS_REFUSED)
    assert (refusal.actor, refusal.subject) == (ALICE.name, recording.reference)
    assert refusal.detail == {"action": "export", "rule": "access.no-rule"}
    assert events(EventType.EXPORT) == []


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}, {"Accept": "application/json"}])
@pytest.mark.parametrize(
    ("part", "form"),
    [
        ("", None),
        ("/purpose", {"purpose": "check"}),
        ("/purpose", {"purpose": "curiosity"}),
        ("/check", {}),
        ("/still", {"frame": "1"}),
        ("/markers", {"frame": "1", "at_ms": "1", "label": "x"}),
        ("/markers/1", {}),
    ],
)
def test_what_is_not_for_dan_looks_to_him_as_what_does_not_exist(
    browse: As,
    recording: Recording,
    part: str,
    form: dict[str, str] | None,
    headers: dict[str, str],
) -> None:
    dan, told = browse(DAN), []
    for reference in (recording.reference, "BWV-26-0412-0000"):
        path = f"/recordings/{reference}{part}"
        answer = (
            dan.get(path, headers=headers)
            if form is None
            else dan.post(path, form, headers=headers)
        )
        shown = unmarked(answer.content.decode()).replace(reference, "REFERENCE")
        told.append((answer.status_code, sorted(answer.headers.items()), shown))
    assert told[0] == told[1]
    assert told[0][0] == 404
    mine, nothing = events(EventType.ACCESS_REFUSED)
    assert mine.actor == nothing.actor == DAN.name
    assert (mine.subject, nothing.subject) == (recording.reference, "recording:unknown")
    assert events(EventType.VIEW) == []


def test_what_does_not_exist_is_missing_in_words(browse: As) -> None:
    answer = browse(CAROL).get("/recordings/BWV-00")
    assert answer.status_code == 404
    assert "There is no recording with this reference." in answer.content.decode()


def test_checking_again_says_that_the_file_is_unchanged(browse: As, recording: Recording) -> None:
    answer = browse(CAROL).post(address(recording, "/check"), headers={"HX-Request": "true"})
    assert "The file is unchanged." in answer.content.decode()
    assert "Unchanged since it was sent" in answer.content.decode()
    (event,) = events(EventType.FIXITY_CHECK)
    assert event.detail["outcome"] == "unchanged"
    assert Copy.objects.get(recording=recording, kind="master").checked_at == NOW


def test_a_changed_file_is_found_told_and_on_record(
    browse: As, recording: Recording, house: House
) -> None:
    digest = Sha256.parse(Copy.objects.get(recording=recording, kind="master").sha256)
    blob = house.layout.blob(digest)
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    answer = browse(CAROL).post(address(recording, "/check"), headers={"HX-Request": "true"})
    assert "The file has been changed." in answer.content.decode()
    assert "File changed" in answer.content.decode()
    assert events(EventType.FIXITY_CHECK)[0].detail["outcome"] == "changed"


def test_a_lost_file_is_found_told_and_on_record(
    browse: As, recording: Recording, house: House
) -> None:
    digest = Sha256.parse(Copy.objects.get(recording=recording, kind="master").sha256)
    house.layout.blob(digest).unlink()
    answer = browse(CAROL).post(address(recording, "/check"), headers={"HX-Request": "true"})
    assert "The file cannot be read." in answer.content.decode()
    assert events(EventType.FIXITY_CHECK)[0].detail["found"] is None


def test_markers_come_and_go_and_both_are_on_record(browse: As, recording: Recording) -> None:
    client = browse(ALICE)
    place = {"frame": "7", "at_ms": "466", "label": "  He  runs\n"}
    added = client.post(address(recording, "/markers"), place, headers={"HX-Request": "true"})
    assert "He runs" in added.content.decode()
    marker = Marker.objects.get()
    gone = f"/markers/{marker.pk}"
    removed = client.post(address(recording, gone), headers={"HX-Request": "true"})
    assert "No markers yet." in removed.content.decode()
    assert client.post(address(recording, gone)).status_code == 404
    (one,), (two,) = events(EventType.MARKER_ADDED), events(EventType.MARKER_REMOVED)
    assert one.detail == two.detail == {"frame": 7, "at_ms": 466, "label": "He runs"}


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"frame": "-1", "at_ms": "0"},
        {"frame": "1", "at_ms": "99999999"},
        {"frame": "one", "at_ms": "0"},
        {"frame": "1", "at_ms": "0", "label": "x" * 201},
    ],
)
def test_a_marker_outside_of_the_recording_is_refused_in_words(
    browse: As, recording: Recording, place: dict[str, str]
) -> None:
    headers = {"HX-Request": "true"}
    answer = browse(ALICE).post(address(recording, "/markers"), place, headers=headers)
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#notice"
    assert Marker.objects.count() == 0


def test_stills_are_for_those_who_may_take_copies_out(browse: As, recording: Recording) -> None:
    assert browse(CAROL).post(address(recording, "/still"), {"frame": "3"}).status_code == 200
    assert events(EventType.EXPORT)[0].detail == {"what": "still", "frame": 3}
    for who in (ALICE, BOB):
        assert browse(who).post(address(recording, "/still"), {"frame": "3"}).status_code == 403
    assert browse(CAROL).post(address(recording, "/still"), {"frame": "x"}).status_code == 422


def test_what_is_no_video_says_so_and_has_no_player(browse: As, house: House) -> None:
    page = opened(browse(CAROL), kept(house, b"shopping list"))
    assert "There is nothing to play" in page
    assert "<video" not in page


def test_a_title_cannot_become_markup_anywhere(browse: As, house: House) -> None:
    page = opened(
        browse(CAROL), kept(house, title="</script><script>alert(1)</script>"), note="<b>"
    )
    assert "<script>alert" not in page
    assert "<b>" not in page


def test_nothing_on_a_page_needs_a_hole_in_the_content_policy(
    browse: As, recording: Recording
) -> None:
    client = browse(CAROL)
    pages = [opened(client, recording)]
    pages += [client.get(path).content.decode() for path in ("/", "/recordings", "/nowhere")]
    for page in pages:
        assert not re.search(r"<[^>]+\sstyle=", page)
        assert not re.search(r"<[^>]+\son\w+=", page)
        assert "<style" not in page
        inline = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", page)
        assert all('type="application/json"' in one for one in inline), inline


def test_the_content_policy_is_closed_but_for_the_reading_door(browse: As) -> None:
    policy = browse(CAROL).get("/")["Content-Security-Policy"]
    assert policy == policy_for("http://127.0.0.1:8402")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "*" not in policy


def test_pages_lie_in_no_cache(browse: As, recording: Recording) -> None:
    assert browse(CAROL).get(address(recording))["Cache-Control"] == "private, no-store"


def test_the_review_page_asks_the_database_a_known_number_of_times(
    browse: As, recording: Recording, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browse(CAROL)
    opened(client, recording)
    with django_assert_max_num_queries(18):
        client.get(address(recording))


def test_an_unforeseen_fault_shows_a_number_and_logs_the_rest(
    browse: As, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> HttpResponse:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(home, "actor_of", fails)
    with caplog.at_level(logging.ERROR, logger="bodyworn.web"):
        answer = browse(CAROL).get("/")
    page = answer.content.decode()
    incident = re.search(r"the number ([0-9a-f]{8})", page)
    assert answer.status_code == 500
    assert incident
    assert "secret" not in page
    assert incident[1] in caplog.text


def test_a_program_gets_its_error_as_a_problem(browse: As, recording: Recording) -> None:
    headers = {"Accept": "application/json"}
    answer = browse(DAN).get(address(recording), headers=headers)
    assert answer["Content-Type"] == "application/problem+json"
    told = json.loads(answer.content)
    assert (told["status"], told["code"]) == (404, "records.no-recording")


def unmarked(page: str) -> str:
    """A page without the form's token, which differs each time."""
    return "\n".join(line for line in page.splitlines() if "csrf" not in line.lower())
