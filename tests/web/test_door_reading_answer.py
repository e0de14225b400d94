"""What the door decides, without a server: tickets, headers, damage, and the log's files."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.reading_world import PAGES, World, address, ask, ticket_for

from bodyworn.core.digest import Sha256
from bodyworn.web.door.ranges import Part, Span, etag_of, path_of
from bodyworn.web.door.reading import ReadingDoor
from bodyworn.web.door.reading_answer import Answer, disposition, media_type
from bodyworn.web.door.trays import SIZE as TRAY

INDEX, MASTER = b"index" * 20, bytes(range(256)) * 4


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def door(world: World) -> ReadingDoor:
    return world.door()


@pytest.fixture
def footage(world: World) -> tuple[Part, ...]:
    return world.kept(INDEX, MASTER)


def headers(answer: Answer) -> dict[str, str]:
    names = [name for name, _ in answer.headers]
    assert len(names) == len(set(names)), "a header stands twice"
    return dict(answer.headers)


def problem_of(answer: Answer) -> tuple[int, str]:
    found = json.loads(answer.body)
    assert headers(answer)["content-type"] == "application/problem+json"
    assert headers(answer)["cache-control"] == "no-store"
    assert found["status"] == answer.status
    assert found["hint"].endswith(".")
    assert found["detail"].endswith(".")
    return answer.status, found["code"]


# --- what is served ---------------------------------------------------------------------------


def pieces_of(answer: Answer) -> list[tuple[Sha256, int, int]]:
    assert answer.file is None
    assert answer.footage is not None
    return [(piece.digest, piece.offset, piece.length) for piece in answer.footage.pieces]


def test_one_part_is_one_piece_of_it(door: ReadingDoor, footage: tuple[Part, ...]) -> None:
    digest = footage[1][0]
    assert pieces_of(ask(door, address(footage[1:]))) == [(digest, 0, 1024)]
    assert pieces_of(ask(door, address(footage[1:]), range="bytes=10-19")) == [(digest, 10, 10)]


def test_a_range_inside_one_of_two_parts_is_a_piece_of_that_one(
    door: ReadingDoor, footage: tuple[Part, ...]
) -> None:
    index, master = (digest for digest, _ in footage)
    assert pieces_of(ask(door, address(footage), range="bytes=0-99")) == [(index, 0, 100)]
    assert pieces_of(ask(door, address(footage), range="bytes=100-")) == [(master, 0, 1024)]
    assert pieces_of(ask(door, address(footage), range="bytes=-24")) == [(master, 1000, 24)]


def test_a_range_across_two_parts_is_pieces_of_both(
    door: ReadingDoor, footage: tuple[Part, ...]
) -> None:
    answer = ask(door, address(footage), range="bytes=90-109")
    assert pieces_of(answer) == [(footage[0][0], 90, 10), (footage[1][0], 0, 10)]


def test_the_whole_is_described(door: ReadingDoor, footage: tuple[Part, ...]) -> None:
    answer = ask(door, address(footage))
    found = headers(answer)
    assert answer.status == 200
    assert found["content-length"] == "1124"
    assert found["etag"] == f'"{etag_of(footage)}"'
    assert found["accept-ranges"] == "bytes"
    assert found["content-type"] == "video/mp4"
    assert found["content-disposition"] == "inline"
    assert found["cache-control"] == "private, no-store"
    assert found["referrer-policy"] == "no-referrer"
    assert found["x-content-type-options"] == "nosniff"
    assert found["content-security-policy"] == "default-src 'none'; sandbox"
    assert found["cross-origin-resource-policy"] == "cross-origin"
    assert found["access-control-allow-origin"] == PAGES
    assert found["vary"] == "origin"
    assert "content-range" not in found


def test_a_range_is_described(door: ReadingDoor, footage: tuple[Part, ...]) -> None:
    answer = ask(door, address(footage), range="bytes=1000-9999")
    assert answer.status == 206
    assert headers(answer)["content-range"] == "bytes 1000-1123/1124"
    assert headers(answer)["content-length"] == "124"
    assert headers(answer)["etag"] == f'"{etag_of(footage)}"'


def test_a_player_who_asks_for_all_the_rest_gets_the_next_tray_of_it(
    door: ReadingDoor, world: World
) -> None:
    film = (world.hollow(10 << 20),)
    last = (10 << 20) - 1
    for dest in ("video", "audio"):
        answer = ask(door, address(film), range="bytes=100-", sec_fetch_dest=dest)
        assert answer.status == 206
        assert headers(answer)["content-range"] == f"bytes 100-{TRAY + 99}/{10 << 20}"
        assert headers(answer)["content-length"] == str(TRAY)
    near = ask(door, address(film), range=f"bytes={last}-", sec_fetch_dest="video")
    assert headers(near)["content-range"] == f"bytes {last}-{last}/{10 << 20}"


def test_everybody_else_gets_all_that_was_asked_for(door: ReadingDoor, world: World) -> None:
    """curl and its like take a short answer for the end."""
    film, size = (world.hollow(10 << 20),), 10 << 20
    whole = {"range": "bytes=0-", "sec_fetch_dest": "video"}
    for target, asked in (
        (address(film), {"range": "bytes=0-"}),
        (address(film), {"range": "bytes=0-", "sec_fetch_dest": "empty"}),
        (address(film), {"range": f"bytes=0-{size - 1}", "sec_fetch_dest": "video"}),
        (address(film), {"range": f"bytes=-{size}", "sec_fetch_dest": "video"}),
        (address(film, filename="night.mp4"), whole),
        (address(film), {"sec_fetch_dest": "video"}),
    ):
        assert headers(ask(door, target, **asked))["content-length"] == str(size)


def test_head_is_described_as_the_whole_even_with_a_range(
    door: ReadingDoor, footage: tuple[Part, ...]
) -> None:
    whole = ask(door, address(footage))
    assert ask(door, address(footage), method="HEAD").headers == whole.headers
    assert ask(door, address(footage), method="HEAD", range="bytes=0-1").headers == whole.headers


def test_if_range_gives_the_range_of_the_same_bytes_and_else_the_whole(
    door: ReadingDoor, footage: tuple[Part, ...]
) -> None:
    target, etag = address(footage), etag_of(footage)
    assert ask(door, target, range="bytes=0-1", if_range=f'"{etag}"').status == 206
    for other in (f'W/"{etag}"', '"other"', "Sun, 12 Apr 2026 22:41:07 GMT"):
        assert ask(door, target, range="bytes=0-1", if_range=other).status == 200
    # A range that could not be met is not looked at either.
    assert ask(door, target, range="bytes=9999-", if_range='"other"').status == 200


def test_who_has_the_bytes_gets_304_without_a_length(
    door: ReadingDoor, footage: tuple[Part, ...]
) -> None:
    answer = ask(door, address(footage), if_none_match=f'W/"{etag_of(footage)}"')
    assert (answer.status, answer.body, answer.file, answer.footage) == (304, b"", None, None)
    assert headers(answer)["etag"] == f'"{etag_of(footage)}"'
    assert "content-length" not in headers(answer)


def test_who_expects_other_bytes_gets_412(door: ReadingDoor, footage: tuple[Part, ...]) -> None:
    answer = ask(door, address(footage), if_match='"other"')
    assert problem_of(answer) == (412, "reading.other-version")


def test_an_unmeetable_range_is_told_the_size(door: ReadingDoor, footage: tuple[Part, ...]) -> None:
    answer = ask(door, address(footage), range="bytes=1124-")
    assert problem_of(answer) == (416, "range.unsatisfiable")
    assert headers(answer)["content-range"] == "bytes */1124"


def test_several_ranges_of_a_large_file_are_refused(door: ReadingDoor, world: World) -> None:
    large = (world.hollow(1 << 30),)
    answer = ask(door, address(large), range="bytes=0-0,2-2")
    assert problem_of(answer) == (416, "range.not-one")
    assert headers(answer)["content-range"] == f"bytes */{1 << 30}"


def test_an_empty_file_is_an_empty_body(door: ReadingDoor, world: World) -> None:
    nothing = world.kept(b"")
    answer = ask(door, address(nothing))
    assert (answer.status, answer.body, answer.file, answer.footage) == (200, b"", None, None)
    assert headers(answer)["content-length"] == "0"
    assert ask(door, address(nothing), range="bytes=0-").status == 416


# --- tickets ----------------------------------------------------------------------------------


def test_a_ticket_may_stand_in_a_header(door: ReadingDoor, footage: tuple[Part, ...]) -> None:
    text = ticket_for(footage)
    assert ask(door, path_of(footage), authorization=f"Bearer {text}").status == 200
    assert ask(door, path_of(footage), authorization=f"bearer  {text}").status == 200


@pytest.mark.parametrize("query", ["", "?t=", "?t", "?x=1", "?t=a&t=b", "?" + "&" * 5000])
def test_nothing_is_read_without_a_ticket(
    door: ReadingDoor, footage: tuple[Part, ...], query: str
) -> None:
    answer = ask(door, path_of(footage) + query)
    assert problem_of(answer) == (401, "ticket.none")
    assert headers(answer)["www-authenticate"] == 'Bearer realm="bodyworn"'


def test_without_a_ticket_nobody_learns_what_is_here(door: ReadingDoor, world: World) -> None:
    here, elsewhere = world.kept(b"here"), ((Sha256.of(b"elsewhere"), 9),)
    assert ask(door, path_of(here)).body == ask(door, path_of(elsewhere)).body


@given(text=st.text(max_size=80))
def test_mallory_invents_no_ticket(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    door = World(tmp_path_factory.getbasetemp()).door()
    answer = ask(door, f"/bytes/{'ab' * 32}", authorization=f"Bearer {text}")
    assert problem_of(answer) == (401, "ticket.forged")


def test_a_ticket_of_another_key_is_forged(door: ReadingDoor, footage: tuple[Part, ...]) -> None:
    answer = ask(door, address(footage, key=bytes(32)))
    assert problem_of(answer) == (401, "ticket.forged")


def test_a_ticket_is_over_at_its_end_so_that_the_page_fetches_another(
    door: ReadingDoor, footage: tuple[Part, ...]
) -> None:
    assert ask(door, address(footage, seconds=1)).status == 200
    answer = ask(door, address(footage, seconds=0), range="bytes=0-1")
    assert problem_of(answer)[1] == "ticket.expired"
    # The page's script must be able to read the code.
    assert headers(answer)["access-control-allow-origin"] == PAGES


def test_a_ticket_opens_its_own_bytes_only(door: ReadingDoor, world: World) -> None:
    hers, his = world.kept(b"hers"), world.kept(b"his")
    swapped = f"{path_of(his)}?t={ticket_for(hers)}"
    assert problem_of(ask(door, swapped)) == (403, "ticket.other-bytes")


def test_a_ticket_for_bringing_bytes_reads_none(
    door: ReadingDoor, footage: tuple[Part, ...]
) -> None:
    answer = ask(door, address(footage, kind="upload"))
    assert problem_of(answer) == (403, "ticket.not-for-reading")


def test_a_ticket_for_no_parts_reads_nothing(door: ReadingDoor) -> None:
    assert problem_of(ask(door, address(()))) == (403, "ticket.not-for-reading")


# --- damage -----------------------------------------------------------------------------------


def test_bytes_that_are_gone_are_missing(
    door: ReadingDoor, world: World, footage: tuple[Part, ...]
) -> None:
    world.layout.blob(footage[1][0]).unlink()
    assert problem_of(ask(door, address(footage))) == (404, "blob.missing")
    # The index alone would still be there; half a recording is not shown as one.
    assert ask(door, address(footage), range="bytes=0-9").status == 404


@pytest.mark.parametrize("change", [-1, 1])
def test_bytes_of_another_size_are_damage_and_not_one_is_shown(
    door: ReadingDoor, world: World, footage: tuple[Part, ...], change: int
) -> None:
    with world.layout.blob(footage[1][0]).open("r+b") as file:
        file.truncate(1024 + change)
    answer = ask(door, address(footage), range="bytes=0-9")
    assert problem_of(answer) in {(422, "blob.changed"), (422, "blob.wrong-size")}
    assert json.loads(answer.body)["sha256"] == footage[1][0].hex


def test_a_fault_of_ours_is_500_and_tells_no_details(
    footage: tuple[Part, ...], world: World, caplog: pytest.LogCaptureFixture
) -> None:
    blob = world.layout.blob(footage[0][0])
    blob.unlink()
    # A file where a folder must be: an error that nobody foresaw.
    blob.parent.rmdir()
    blob.parent.write_bytes(b"")
    answer = ask(world.door(), address(footage))
    assert problem_of(answer) == (500, "reading.failed")
    assert str(world.root) not in answer.body.decode()
    assert "failed" in caplog.text


# --- names ------------------------------------------------------------------------------------


@given(st.text(max_size=60))
def test_a_filename_never_breaks_out_of_its_header(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header == "inline" or header.count('"') == 2


def test_a_filename_keeps_its_own_letters() -> None:
    assert disposition("Ångström.mp4").endswith("filename*=UTF-8''%C3%85ngstr%C3%B6m.mp4")
    assert disposition("../../etc/passwd") == (
        "attachment; filename=\".._.._etc_passwd\"; filename*=UTF-8''.._.._etc_passwd"
    )
    assert disposition(None) == "inline"


@pytest.mark.parametrize("claimed", [None, "", "video", "video/mp4\r\nx: y", "a/b/c", "é/b"])
def test_a_media_type_that_is_none_is_unknown_bytes(claimed: str | None) -> None:
    assert media_type(claimed) == "application/octet-stream"


@pytest.mark.parametrize("claimed", ["video/mp4", "text/vtt; charset=utf-8", "image/svg+xml"])
def test_a_media_type_passes_unchanged(claimed: str) -> None:
    assert media_type(claimed) == claimed


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/bytes/", "/bytes/x", "/bytes/" + "A" * 64, "/log", "//"])
def test_there_are_no_other_addresses(door: ReadingDoor, path: str) -> None:
    assert problem_of(ask(door, path)) == (404, "reading.no-such-address")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_the_door_is_for_reading(door: ReadingDoor, footage: tuple[Part, ...], method: str) -> None:
    for target in (address(footage), "/log/checkpoint", "/healthz"):
        answer = ask(door, target, method=method)
        assert problem_of(answer) == (405, "reading.method")
        assert headers(answer)["allow"] == "GET, HEAD, OPTIONS"


def test_a_browser_is_told_beforehand_what_the_pages_may_send(door: ReadingDoor) -> None:
    answer = ask(door, f"/bytes/{'ab' * 32}", method="OPTIONS")
    assert answer.status == 204
    assert headers(answer)["access-control-allow-origin"] == PAGES
    assert "authorization" in headers(answer)["access-control-allow-headers"]


def test_without_pages_no_script_may_read(world: World, footage: tuple[Part, ...]) -> None:
    answer = ask(world.door(pages=""), address(footage))
    assert "access-control-allow-origin" not in headers(answer)


# --- the log ----------------------------------------------------------------------------------

TILES = ["tile/0/000", "tile/63/x001/234", "tile/entries/x001/x234/067", "tile/1/005.p/255"]


@pytest.fixture
def log(world: World) -> Path:
    for name in [*TILES, "checkpoint", "secret"]:
        path = world.layout.log / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return world.layout.log


@pytest.mark.parametrize("name", TILES)
def test_a_tile_is_for_anybody_and_for_ever(door: ReadingDoor, log: Path, name: str) -> None:
    answer = ask(door, f"/log/{name}")
    assert answer.file == (log / name, Span(0, len(name)))
    assert headers(answer)["cache-control"] == "public, max-age=31536000, immutable"
    assert headers(answer)["content-type"] == "application/octet-stream"
    assert headers(answer)["access-control-allow-origin"] == "*"


def test_a_checkpoint_is_text_and_always_fresh(door: ReadingDoor, log: Path) -> None:
    answer = ask(door, "/log/checkpoint")
    assert answer.body == b"checkpoint"
    assert headers(answer)["cache-control"] == "no-cache"
    assert headers(answer)["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "name",
    [
        "secret",
        "",
        "/checkpoint",
        "checkpoint/",
        "checkpoint\n",
        "../keys/ticket.key",
        "tile/../secret",
        "tile/0/../../secret",
        "tile/64/000",
        "tile/00/000",
        "tile/0/00",
        "tile/0/x000",
        "tile/0/000/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/٠٠٠",
        "tile/entries/000\x00",
        "tile//000",
        "tile/0/" + "x001/" * 50 + "000",
        "tile/0/999",
        "tile/0/000/000",
    ],
)
def test_nothing_else_is_a_file_of_the_log(door: ReadingDoor, log: Path, name: str) -> None:
    answer = ask(door, f"/log/{name}")
    assert problem_of(answer) == (404, "log.no-such-file")
    assert headers(answer)["access-control-allow-origin"] == "*"


@given(name=st.text(alphabet="tile/0x.p19enr\\%", max_size=40))
def test_no_address_leaves_the_folder_of_the_log(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    answer = ask(World(tmp_path_factory.getbasetemp()).door(), f"/log/{name}")
    assert answer.status == 404


def test_a_log_without_entries_is_not_there_yet(door: ReadingDoor) -> None:
    assert problem_of(ask(door, "/log/checkpoint")) == (404, "log.no-such-file")
