"""The upload door: tus 1.0, request by request."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.web.upload_world import (
    BODY,
    DOCK,
    NOW,
    PAGES,
    TUS,
    Told,
    World,
    bearer,
    checksum,
    metadata,
    opened,
)

from bodyworn.core.digest import Sha256
from bodyworn.store import upload_bounds
from bodyworn.store.inbox import arrivals, done_with

TEN = b"0123456789"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path / "data") as world:
        yield world


def problem(told: Told) -> tuple[int, str]:
    """Status and code of an error, which must be a whole problem."""
    assert told.headers["content-type"] == "application/problem+json"
    found = json.loads(told.body)
    assert found["status"] == told.status
    assert found["detail"]
    assert found["hint"]
    assert found["title"]
    return told.status, found["code"]


# ---- creation -------------------------------------------------------------------------------


def test_an_upload_is_begun_filled_and_received(world: World) -> None:
    path = world.begun(headers=metadata(filename="0001.mp4"))
    first = world.append(path, 0, TEN[:4])
    assert (first.status, first.headers["upload-offset"]) == (204, "4")
    assert first.headers["upload-expires"] == "Wed, 15 Apr 2026 22:41:07 GMT"
    assert "repr-digest" not in first.headers
    last = world.append(path, 4, TEN[4:])
    assert (last.status, last.headers["upload-offset"]) == (204, "10")
    digest = base64.b64encode(Sha256.of(TEN).raw).decode()
    assert last.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert last.headers["bodyworn-durability"] == "received"
    (arrival,) = arrivals(world.layout)
    assert (arrival.sha256, arrival.sender) == (Sha256.of(TEN), DOCK)
    assert arrival.manifest.filename == "0001.mp4"


def test_a_head_tells_how_it_stands(world: World) -> None:
    said = metadata(filename="0001.mp4", colour="blue")
    path = world.begun(headers=said)
    world.append(path, 0, TEN[:4])
    told = world.ask("HEAD", path)
    assert (told.status, told.body) == (200, b"")
    assert told.headers["upload-offset"] == "4"
    assert told.headers["upload-length"] == "10"
    assert told.headers["upload-metadata"] == said["Upload-Metadata"]
    assert told.headers["cache-control"] == "no-store"
    assert told.headers["tus-resumable"] == "1.0.0"


def test_a_head_after_the_last_byte_tells_the_digest_as_long_as_it_is_known(world: World) -> None:
    path = world.begun()
    world.append(path, 0, TEN)
    for _ in range(2):
        told = world.ask("HEAD", path)
        assert (told.status, told.headers["upload-offset"]) == (200, "10")
        assert told.headers["bodyworn-durability"] == "received"
        for arrival in arrivals(world.layout):
            done_with(world.layout, arrival)


def test_a_manifest_comes_along(world: World) -> None:
    manifest = {"filename": "0001.mp4", "device": "004471", "sha256": Sha256.of(TEN).hex}
    path = world.begun(headers=metadata(manifest=json.dumps(manifest), filename="other.mp4"))
    world.append(path, 0, TEN)
    assert arrivals(world.layout)[0].manifest.device == "004471"
    assert arrivals(world.layout)[0].manifest.filename == "0001.mp4"
    other = world.begun(headers=metadata(manifest=json.dumps(manifest)))
    assert problem(world.append(other, 0, TEN[::-1])) == (460, "upload.other-bytes")


def test_a_file_without_a_name_is_taken_too(world: World) -> None:
    world.append(world.begun(headers={"Upload-Metadata": ""}), 0, TEN)
    world.append(world.begun(headers=metadata(name="from-uppy.mp4")), 0, TEN)
    assert {one.manifest.filename for one in arrivals(world.layout)} == {"unnamed", "from-uppy.mp4"}


def test_the_first_bytes_may_come_with_the_creation(world: World) -> None:
    told = world.ask("POST", headers={**BODY, "Upload-Length": "10"}, body=TEN[:4])
    assert (told.status, told.headers["upload-offset"]) == (201, "4")
    assert world.append(told.headers["location"], 4, TEN[4:]).status == 204
    whole = world.ask("POST", headers={**BODY, "Upload-Length": "10"}, body=TEN)
    assert (whole.status, whole.headers["bodyworn-durability"]) == (201, "received")


def test_a_creation_whose_bytes_are_refused_leaves_no_upload(world: World) -> None:
    asked = {**BODY, "Upload-Length": "10", **checksum(b"other")}
    assert problem(world.ask("POST", headers=asked, body=TEN)) == (460, "upload.wrong-checksum")
    too_many = {**BODY, "Upload-Length": "5"}
    assert problem(world.ask("POST", headers=too_many, body=TEN)) == (413, "upload.too-large")
    assert list(world.layout.uploads.glob("*.json")) == []


def test_a_length_may_come_with_a_later_request(world: World) -> None:
    told = world.ask("POST", headers={"Upload-Defer-Length": "1"})
    path = told.headers["location"]
    assert told.headers["upload-defer-length"] == "1"
    world.append(path, 0, TEN[:4])
    head = world.ask("HEAD", path)
    assert head.headers["upload-defer-length"] == "1"
    assert "upload-length" not in head.headers
    last = world.append(path, 4, TEN[4:], {"Upload-Length": "10"})
    assert last.headers["bodyworn-durability"] == "received"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (400, "door.bad-header")),
        ({"Upload-Length": "10", "Upload-Defer-Length": "1"}, (400, "door.bad-header")),
        ({"Upload-Defer-Length": "2"}, (400, "door.bad-header")),
        ({"Upload-Length": "-1"}, (400, "door.bad-header")),
        ({"Upload-Length": "1e3"}, (400, "door.bad-header")),
        ({"Upload-Length": "9" * 30}, (400, "door.bad-header")),
        ({"Upload-Length": "0"}, (400, "upload.empty")),
        ({"Upload-Length": str((1 << 24) + 1)}, (413, "upload.too-large")),
        ({"Upload-Length": "10", "Upload-Metadata": "filename !!!"}, (400, "door.bad-header")),
        ({"Upload-Length": "10", "Upload-Metadata": "filename /w=="}, (400, "door.bad-header")),
        ({"Upload-Length": "10", "Upload-Metadata": "a,a"}, (400, "door.bad-header")),
        ({"Upload-Length": "10", "Upload-Metadata": "a" * 9000}, (400, "door.bad-header")),
        ({"Upload-Length": "10", **metadata(manifest="{")}, (400, "door.bad-header")),
        ({"Upload-Length": "10", **metadata(manifest="[" * 5000)}, (400, "door.bad-header")),
        ({"Upload-Length": "10", **metadata(manifest="[]")}, (400, "door.bad-header")),
        ({"Upload-Length": "10", **metadata(filename="a\nb")}, (400, "manifest.wrong-value")),
        ({"Upload-Length": "10", "Upload-Concat": "half"}, (400, "door.bad-header")),
        ({"Upload-Concat": "final;"}, (400, "door.bad-header")),
        ({"Upload-Concat": "final;/uploads/../x"}, (400, "door.bad-header")),
        ({"Upload-Concat": f"final;/uploads/{'0' * 32}"}, (404, "upload.missing")),
    ],
)
def test_a_creation_that_makes_no_sense_is_refused(
    world: World, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    assert problem(world.ask("POST", headers=headers)) == expected
    assert list(world.layout.uploads.glob("*.json")) == []


# ---- appending ------------------------------------------------------------------------------


def test_another_offset_is_a_conflict(world: World) -> None:
    path = world.begun()
    told = world.append(path, 4, TEN)
    assert problem(told) == (409, "upload.wrong-offset")
    assert json.loads(told.body)["offset"] == 0
    assert world.offset(path) == 0


@pytest.mark.parametrize("media_type", ["", "application/octet-stream", "text/plain"])
def test_another_media_type_is_refused(world: World, media_type: str) -> None:
    path = world.begun()
    told = world.append(path, 0, TEN, {"Content-Type": media_type})
    assert problem(told) == (415, "door.media-type")


def test_more_than_announced_is_too_large(world: World) -> None:
    path = world.begun()
    assert problem(world.append(path, 0, TEN + b"!")) == (413, "upload.too-large")
    assert world.offset(path) == 0


@pytest.mark.parametrize("headers", [{"Upload-Offset": "x"}, {"Upload-Offset": "-1"}])
def test_an_offset_that_is_none_is_refused(world: World, headers: dict[str, str]) -> None:
    path = world.begun()
    assert problem(world.ask("PATCH", path, {**BODY, **headers}, TEN)) == (400, "door.bad-header")
    assert problem(world.ask("PATCH", path, BODY, TEN)) == (400, "door.bad-header")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_wrong_checksum_keeps_nothing(world: World, algorithm: str) -> None:
    path = world.begun()
    world.append(path, 0, TEN[:4], checksum(TEN[:4], algorithm))
    wrong = world.append(path, 4, TEN[4:], checksum(b"other", algorithm))
    assert problem(wrong) == (460, "upload.wrong-checksum")
    assert world.offset(path) == 4
    right = world.append(path, 4, TEN[4:], checksum(TEN[4:], algorithm))
    assert right.headers["bodyworn-durability"] == "received"
    assert arrivals(world.layout)[0].sha256 == Sha256.of(TEN)


@pytest.mark.parametrize("text", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1 !!", "sha1 aaaa", "sha256"])
def test_a_checksum_that_is_none_is_refused(world: World, text: str) -> None:
    told = world.append(world.begun(), 0, TEN, {"Upload-Checksum": text})
    assert problem(told) == (400, "door.bad-header")


def test_a_second_writer_is_locked_out(world: World) -> None:
    path = world.begun()
    with world.door.uploads.append(path.rpartition("/")[2], offset=0) as writer:
        writer.write(TEN[:4])
        told = world.append(path, 0, TEN)
        assert problem(told) == (423, "upload.second-writer")
        assert told.headers["retry-after"] == "2"
        assert problem(world.ask("DELETE", path)) == (423, "upload.second-writer")
    assert world.offset(path) == 4


def test_a_full_upload_is_finished_by_whoever_asks(world: World) -> None:
    """The server died after the last byte and before the end."""
    begun = world.ask("POST", headers={"Upload-Defer-Length": "1"}).headers["location"]
    world.append(begun, 0, TEN)
    world.door.uploads.set_length(begun.rpartition("/")[2], 10)
    assert arrivals(world.layout) == []
    told = world.ask("HEAD", begun)
    assert told.headers["bodyworn-durability"] == "received"
    assert len(arrivals(world.layout)) == 1


# ---- ending ---------------------------------------------------------------------------------


def test_an_upload_is_given_up_before_but_not_after_its_end(world: World) -> None:
    path, whole = world.begun(), world.begun()
    assert world.ask("DELETE", path).status == 204
    assert problem(world.append(path, 0, TEN)) == (410, "upload.gone")
    assert world.ask("HEAD", path).status == 410
    world.append(whole, 0, TEN)
    assert problem(world.ask("DELETE", whole)) == (403, "upload.complete")
    assert problem(world.append(whole, 10, b"")) == (403, "upload.complete")


def test_an_upload_that_is_over_is_gone(tmp_path: Path) -> None:
    with opened(tmp_path, expires_after=timedelta(hours=1)) as world:
        path = world.begun()
    late = int((NOW + timedelta(hours=2)).timestamp())
    ticket = bearer(expires_at=late + 600)
    with opened(tmp_path, frozen_at=NOW + timedelta(hours=1)) as world:
        assert problem(world.append(path, 0, TEN, ticket)) == (410, "upload.expired")


def test_expired_uploads_are_removed_from_time_to_time(tmp_path: Path) -> None:
    often = timedelta(milliseconds=20)
    with opened(tmp_path, expires_after=timedelta(0), expire_every=often) as world:
        world.begun()
        for _ in range(200):
            if not list(world.layout.uploads.glob("*.json")):
                break
            world.door._ended.wait(0.02)
        assert list(world.layout.uploads.iterdir()) == [world.layout.ended]


# ---- concatenation --------------------------------------------------------------------------


def test_parts_are_joined(world: World) -> None:
    parts = [world.begun(5, {"Upload-Concat": "partial"}) for _ in range(2)]
    for part, data in zip(parts, (TEN[:5], TEN[5:]), strict=True):
        assert world.ask("HEAD", part).headers["upload-concat"] == "partial"
        assert world.append(part, 0, data).status == 204
    assert arrivals(world.layout) == []
    final = {"Upload-Concat": f"final;http://door{parts[0]} {parts[1]}", **metadata(filename="a")}
    told = world.ask("POST", headers=final)
    assert (told.status, told.headers["bodyworn-durability"]) == (201, "received")
    assert arrivals(world.layout)[0].sha256 == Sha256.of(TEN)
    head = world.ask("HEAD", told.headers["location"])
    assert head.headers["upload-concat"] == f"final;{parts[0]} {parts[1]}"
    assert head.headers["upload-length"] == "10"
    assert problem(world.append(told.headers["location"], 10, b"")) == (403, "upload.complete")


def test_a_part_that_is_not_complete_is_a_conflict(world: World) -> None:
    part = world.begun(5, {"Upload-Concat": "partial"})
    told = world.ask("POST", headers={"Upload-Concat": f"final;{part}"})
    assert problem(told) == (409, "upload.part-unfinished")


# ---- tickets --------------------------------------------------------------------------------


def test_without_a_ticket_nothing_happens(world: World) -> None:
    path = world.begun()
    with world.talk() as talk:
        told = talk.ask("HEAD", path, TUS)
        assert (told.status, told.headers["www-authenticate"]) == (401, 'Bearer realm="bodyworn"')
        assert problem(talk.ask("POST", "/uploads", TUS)) == (401, "ticket.missing")


@pytest.mark.parametrize(
    ("ticket", "expected"),
    [
        ({"Authorization": "Bearer forged.forged"}, (401, "ticket.forged")),
        ({"Authorization": "Basic YWxpY2U6Ym9i"}, (401, "ticket.missing")),
        (bearer(expires_at=int(NOW.timestamp())), (401, "ticket.expired")),
        (bearer(kind="read"), (403, "ticket.other")),
        (bearer(upload="0" * 32), (403, "ticket.other")),
    ],
)
def test_a_ticket_that_is_not_for_this_is_refused(
    world: World, ticket: dict[str, str], expected: tuple[int, str]
) -> None:
    path = world.begun()
    told = world.append(path, 0, TEN, ticket)
    assert problem(told) == expected
    created = world.ask("POST", headers={"Upload-Length": "10", **ticket})
    assert problem(created) == expected
    assert world.offset(path) == 0


def test_mallory_cannot_touch_what_the_dock_began(world: World) -> None:
    path, mallory = world.begun(), bearer(sender="mallory")
    for method in ("HEAD", "DELETE"):
        assert world.ask(method, path, mallory).status == 403
    assert problem(world.append(path, 0, TEN, mallory)) == (403, "ticket.other")
    part = world.begun(5, {"Upload-Concat": "partial"})
    world.append(part, 0, TEN[:5])
    stolen = {"Upload-Concat": f"final;{part}", **mallory}
    assert problem(world.ask("POST", headers=stolen)) == (404, "upload.missing")


def test_a_ticket_for_one_upload_is_good_for_that_one(world: World) -> None:
    mine, other = world.begun(), world.begun()
    bound = bearer(upload=mine.rpartition("/")[2])
    assert problem(world.append(other, 0, TEN, bound)) == (403, "ticket.other")
    assert world.append(mine, 0, TEN, bound).status == 204


def test_a_ticket_limits_the_size(world: World) -> None:
    small = {"Upload-Length": "10", **bearer(largest=9)}
    assert problem(world.ask("POST", headers=small)) == (413, "upload.too-large")
    deferred = {"Upload-Defer-Length": "1", **bearer(largest=9)}
    path = world.ask("POST", headers=deferred).headers["location"]
    assert problem(world.append(path, 0, TEN)) == (413, "upload.too-large")


# ---- the protocol around it -----------------------------------------------------------------


def test_options_tell_what_the_door_can(world: World) -> None:
    with world.talk() as talk:
        told = talk.ask("OPTIONS", "/uploads", {"Host": "door"})
        assert told.status == 204
        assert told.headers["tus-version"] == "1.0.0"
        assert set(told.headers["tus-extension"].split(",")) == {
            "creation",
            "creation-with-upload",
            "creation-defer-length",
            "checksum",
            "concatenation",
            "termination",
            "expiration",
        }
        assert told.headers["tus-max-size"] == str(1 << 24)
        assert told.headers["tus-checksum-algorithm"] == "sha1,sha256"
        assert talk.ask("OPTIONS", "*", {"Host": "door"}).status == 204


@pytest.mark.parametrize("version", ["0.2.2", "1.0", "2.0.0"])
def test_another_version_of_tus_is_told_ours(world: World, version: str) -> None:
    told = world.ask("HEAD", world.begun(), {"Tus-Resumable": version})
    assert (told.status, told.headers["tus-version"]) == (412, "1.0.0")


def test_a_method_may_be_said_in_a_header(world: World) -> None:
    path = world.begun()
    mine = {**BODY, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert world.ask("POST", path, mine, TEN[:4]).status == 204
    assert world.ask("POST", path, {"X-HTTP-Method-Override": "DELETE"}).status == 204


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/uploads", 405),
        ("PUT", "/uploads", 405),
        ("GET", f"/uploads/{'0' * 32}", 405),
        ("POST", "/healthz", 405),
        ("GET", "/", 404),
        ("GET", "/files", 404),
        ("HEAD", "/uploads/..%2f..%2fkeys", 404),
        ("HEAD", "/uploads/../keys/ticket.key", 404),
        ("HEAD", f"/uploads/{'0' * 32}", 404),
    ],
)
def test_there_is_nothing_else_here(world: World, method: str, path: str, status: int) -> None:
    assert world.ask(method, path).status == status


def test_health_needs_no_ticket(world: World) -> None:
    with world.talk() as talk:
        told = talk.ask("GET", "/healthz", {"Host": "door"})
        assert (told.status, told.body) == (200, b"ok")
        assert talk.ask("HEAD", "/healthz", {"Host": "door"}).body == b""


def test_only_scripts_of_our_pages_may_read_answers(world: World) -> None:
    with world.talk() as talk:
        asked = {
            "Host": "door",
            "Origin": "http://mallory.example",
            "Access-Control-Request-Method": "PATCH",
        }
        told = talk.ask("OPTIONS", "/uploads", asked)
    assert told.status == 204
    assert told.headers["access-control-allow-origin"] == PAGES
    assert "PATCH" in told.headers["access-control-allow-methods"]
    assert "Upload-Offset" in told.headers["access-control-allow-headers"]
    exposed = world.ask("HEAD", world.begun()).headers["access-control-expose-headers"]
    assert {"Location", "Upload-Offset", "Repr-Digest"} <= set(exposed.split(", "))


def test_without_pages_no_script_may_read_anything(tmp_path: Path) -> None:
    with opened(tmp_path, pages_origin="") as world:
        told = world.ask("HEAD", world.begun())
        assert not [name for name in told.headers if name.startswith("access-control")]


def test_a_sender_with_too_many_unfinished_uploads_is_told_when_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_bounds, "MOST_OPEN", 2)
    first = world.begun()
    world.begun()
    told = world.ask("POST", headers={"Upload-Length": "10"})
    assert (told.status, told.headers["retry-after"]) == (503, "60")
    assert b"upload.too-many-open" in told.body
    assert world.append(first, 0, b"0123456789").status == 204
    assert world.begun()
