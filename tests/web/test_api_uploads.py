"""The API as a dock sees it, through the whole of Django's middleware."""

import base64
import hashlib
import json
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client
from tests.conftest import NOW
from tests.people import ADMINISTRATOR
from tests.work.arriving import MANIFEST, arrive, film

from bodyworn.core.manifest import manifest_to_dict
from bodyworn.core.terms import CopyKind, Durability
from bodyworn.custody.receipt import read_receipt
from bodyworn.records.models import Copy, Recording
from bodyworn.store import upload_bounds
from bodyworn.web import ticket
from bodyworn.work import people
from bodyworn.work.house import House
from bodyworn.work.ingest import sweep
from bodyworn.work.log import integrate

UPLOADS = "/api/v1/uploads"


@pytest.fixture
def token(house: House) -> str:
    """The token of dock BX-07."""
    return people.add_dock(house, name="BX-07", place="Brixton", by=ADMINISTRATOR).token


@pytest.fixture
def dock(token: str) -> Client:
    """Dock BX-07; unlike a browser it has no cookies."""
    return Client(headers={"Authorization": f"Bearer {token}"}, enforce_csrf_checks=True)


def request_for(data: bytes, **changes: Any) -> dict[str, Any]:
    wanted = {
        "manifest": manifest_to_dict(MANIFEST),
        "sidecars": [],
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return {**wanted, **changes}


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(path, json.dumps(body or {}), content_type="application/json")


def send(house: House, upload: str, data: bytes) -> None:
    """What the upload door does with a PATCH."""
    with house.uploads.append(upload, offset=0) as writer:
        writer.write(data)


def problem(response: HttpResponseBase) -> tuple[int, str]:
    assert response.headers["Content-Type"] == "application/problem+json"
    told = json.loads(response.getvalue())
    assert told["detail"]
    assert told["hint"]
    return response.status_code, told["code"]


def test_a_dock_opens_sends_and_gets_its_receipt(house: House, dock: Client) -> None:
    data = film()
    opened = post(dock, UPLOADS, request_for(data))
    assert opened.status_code == 201
    told = opened.json()
    assert told["url"] == f"{house.settings.upload}/uploads/{told['upload']}"
    assert told["already"] is None

    permit = ticket.read(told["ticket"], house.ticket_key, NOW)
    assert (permit.kind, permit.upload) == ("upload", told["upload"])
    assert permit.sender == "system:dock:BX-07"

    send(house, told["upload"], data)
    answer = post(dock, f"{UPLOADS}/{told['upload']}/receipt")
    assert answer.status_code == 200
    receipt = read_receipt(answer.json()["note"], house.signer.verifier)
    assert receipt.sha256.hex == hashlib.sha256(data).hexdigest()
    assert receipt.durability is Durability.RECORDED
    recording = Recording.objects.get(reference=receipt.reference)
    assert recording.dock == "BX-07"
    assert recording.upload == told["upload"]


def test_the_receipt_grows_with_what_is_true(house: House, dock: Client) -> None:
    upload = post(dock, UPLOADS, request_for(film())).json()["upload"]
    send(house, upload, film())
    words = [post(dock, f"{UPLOADS}/{upload}/receipt").json()["durability"]]
    integrate(house)
    words.append(post(dock, f"{UPLOADS}/{upload}/receipt").json()["durability"])
    assert words == ["recorded", "published"]


def test_a_swept_arrival_has_its_receipt_too(house: House, dock: Client) -> None:
    upload = post(dock, UPLOADS, request_for(film())).json()["upload"]
    send(house, upload, film())
    assert sweep(house) == 1
    assert post(dock, f"{UPLOADS}/{upload}/receipt").status_code == 200
    assert Recording.objects.count() == 1


def test_bytes_that_are_held_are_answered_with_their_receipt(house: House, dock: Client) -> None:
    arrive(house)
    sweep(house)
    told = post(dock, UPLOADS, request_for(film())).json()
    assert told["upload"] is None
    assert told["already"]["reference"] == Recording.objects.get().reference
    assert read_receipt(told["already"]["note"], house.signer.verifier)


def test_two_uploads_of_the_same_bytes_get_the_same_reference(house: House, dock: Client) -> None:
    uploads = [post(dock, UPLOADS, request_for(film())).json()["upload"] for _ in range(2)]
    for upload in uploads:
        send(house, upload, film())
    receipts = [post(dock, f"{UPLOADS}/{upload}/receipt").json() for upload in uploads]
    assert receipts[0]["reference"] == receipts[1]["reference"]
    sweep(house)
    assert Recording.objects.count() == 1


def test_sidecars_travel_with_the_request(house: House, dock: Client) -> None:
    sidecar = {"name": "0007.key", "base64": base64.b64encode(b"secret").decode()}
    upload = post(dock, UPLOADS, request_for(film(), sidecars=[sidecar])).json()["upload"]
    send(house, upload, film())
    post(dock, f"{UPLOADS}/{upload}/receipt")
    copy = Copy.objects.get(kind=CopyKind.SIDECAR)
    assert (copy.name, copy.size) == ("0007.key", 6)


def test_an_upload_tells_how_it_stands(house: House, dock: Client) -> None:
    upload = post(dock, UPLOADS, request_for(film())).json()["upload"]
    assert dock.get(f"{UPLOADS}/{upload}").json()["state"] == "growing"
    send(house, upload, film())
    told = dock.get(f"{UPLOADS}/{upload}").json()
    assert (told["state"], told["offset"]) == ("received", len(film()))


def test_no_receipt_while_bytes_are_missing(house: House, dock: Client) -> None:
    upload = post(dock, UPLOADS, request_for(film())).json()["upload"]
    send(house, upload, film()[:100])
    response = post(dock, f"{UPLOADS}/{upload}/receipt")
    assert problem(response) == (409, "upload.unfinished")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "x"}])
def test_without_a_good_token_nothing_opens(house: House, header: dict[str, str]) -> None:
    stranger = Client(headers=header)
    assert problem(post(stranger, UPLOADS, request_for(film()))) == (401, "api.no-dock")
    assert list(house.layout.uploads.glob("*")) == []


def test_a_retired_docks_token_opens_nothing(house: House, dock: Client) -> None:
    people.retire_dock(house, name="BX-07", by=ADMINISTRATOR)
    assert problem(post(dock, UPLOADS, request_for(film()))) == (401, "api.no-dock")


def test_another_docks_upload_is_not_there(house: House, dock: Client) -> None:
    upload = post(dock, UPLOADS, request_for(film())).json()["upload"]
    other = people.add_dock(house, name="BX-08", place="Brixton", by=ADMINISTRATOR)
    mallory = Client(headers={"Authorization": f"Bearer {other.token}"})
    assert problem(mallory.get(f"{UPLOADS}/{upload}")) == (404, "upload.missing")
    assert problem(post(mallory, f"{UPLOADS}/{upload}/receipt")) == (404, "upload.missing")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"size": 0}, 400, "upload.empty"),
        ({"size": -1}, 422, "api.wrong-request"),
        ({"size": "many"}, 422, "api.wrong-request"),
        ({"size": 2**50}, 413, "upload.too-large"),
        ({"sha256": "abc"}, 422, "api.wrong-request"),
        ({"manifest": {}}, 400, "manifest.no-filename"),
        ({"manifest": {"filename": "a", "sequence": "x"}}, 400, "manifest.wrong-value"),
        ({"manifest": None}, 422, "api.wrong-request"),
        ({"sidecars": [{"name": "a", "base64": "%%%"}]}, 422, "api.sidecar-not-base64"),
        ({"sidecars": [{"name": "", "base64": ""}]}, 422, "api.wrong-request"),
        ({"sidecars": [{"name": "a", "base64": ""}] * 17}, 422, "api.wrong-request"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(
    house: House, dock: Client, change: dict[str, Any], status: int, code: str
) -> None:
    assert problem(post(dock, UPLOADS, request_for(film(), **change))) == (status, code)


def test_what_is_no_json_is_told_so(dock: Client) -> None:
    response = dock.post(UPLOADS, b"{", content_type="application/json")
    assert problem(response) == (400, "api.unreadable")


@pytest.mark.parametrize("upload", ["0" * 32, "x", "..", "0" * 500])
def test_an_upload_that_never_was_is_not_there(dock: Client, upload: str) -> None:
    assert problem(dock.get(f"{UPLOADS}/{upload}")) == (404, "upload.missing")


def test_the_description_is_openapi_3_1_and_names_every_address(house: House) -> None:
    described = Client().get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) == {
        "/api/v1/uploads",
        "/api/v1/uploads/{upload}",
        "/api/v1/uploads/{upload}/receipt",
    }


def test_nothing_of_the_api_comes_from_another_host(house: House) -> None:
    assert Client().get("/api/v1/docs").status_code == 404
    described = Client().get("/api/v1/openapi.json").content.decode()
    assert "https://" not in described.replace("https://www.rfc-editor.org", "")


def test_a_dock_with_too_many_unfinished_uploads_is_told_when_to_come_again(
    dock: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_bounds, "MOST_OPEN", 1)
    assert post(dock, UPLOADS, request_for(b"one")).status_code == 201
    told = post(dock, UPLOADS, request_for(b"two"))
    assert problem(told) == (503, "upload.too-many-open")
    assert told.headers["Retry-After"] == "60"
