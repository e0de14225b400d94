"""A body that never ends, or is larger than any form, costs nobody else their page."""

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from bodyworn.web.bodies import LARGEST_FORM, Bodies


def echo(environ: dict[str, Any], start: Any) -> list[bytes]:
    """An application that answers with the body."""
    start("200 OK", [])
    return [environ["wsgi.input"].read()]


def ask(bodies: Bodies, body: BinaryIO, length: int, **more: str) -> tuple[str, bytes]:
    """Status and body of the answer."""
    told: list[str] = []
    asked = {"PATH_INFO": "/sign-in", "CONTENT_LENGTH": str(length), "wsgi.input": body, **more}
    answer = b"".join(bodies(asked, lambda status, _: told.append(status)))
    return told[0], answer


@contextmanager
def never_ending(count: int, bodies: Bodies) -> Iterator[list[threading.Thread]]:
    """So many requests of which one byte has come; they end when the block does."""
    pipes = [os.pipe() for _ in range(count)]
    readers = [os.fdopen(reader, "rb") for reader, _ in pipes]
    threads = [threading.Thread(target=ask, args=(bodies, reader, 9)) for reader in readers]
    for (_, writer), thread in zip(pipes, threads, strict=True):
        os.write(writer, b"a")
        thread.start()
    yield threads
    for _, writer in pipes:
        os.close(writer)
    for thread, reader in zip(threads, readers, strict=True):
        thread.join()
        reader.close()


def test_forms_that_never_end_leave_the_turns_to_others() -> None:
    bodies = Bodies(echo, at_once=2, largest=1000)
    with never_ending(5, bodies) as waiting:
        assert ask(bodies, io.BytesIO(b"hello"), 5) == ("200 OK", b"hello")
        assert all(thread.is_alive() for thread in waiting)


@pytest.mark.parametrize(
    ("path", "length"), [("/sign-in", LARGEST_FORM + 1), ("/api/v1/uploads", 1001)]
)
def test_what_is_larger_than_any_request_is_refused_unread(path: str, length: int) -> None:
    body = io.BytesIO(b"a" * length)
    status, answer = ask(Bodies(echo, at_once=1, largest=1000), body, length, PATH_INFO=path)
    assert status.startswith("413")
    assert b"web.too-large" in answer
    assert body.tell() == 0


def test_the_api_reads_a_body_only_for_a_token() -> None:
    bodies, api = Bodies(echo, at_once=1, largest=1000), {"PATH_INFO": "/api/v1/uploads"}
    assert ask(bodies, io.BytesIO(b"hello"), 5, **api)[1] == b""
    assert ask(bodies, io.BytesIO(b"hello"), 5, HTTP_AUTHORIZATION="Bearer x", **api)[1] == b"hello"


def test_a_file_in_a_form_is_dropped_and_the_rest_is_read() -> None:
    large = SimpleUploadedFile("a.mp4", bytes(3 << 20))
    request = RequestFactory().post("/sign-in", {"name": "alice", "file": large})
    assert request.POST["name"] == "alice"
    assert not request.FILES
