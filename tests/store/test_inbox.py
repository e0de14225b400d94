"""Arrival notes: written, read, left alone when broken, taken away once."""

import json
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.shelf import DOCK, NOW, TEN, Shelf

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.core.manifest import manifest_from_dict, manifest_to_dict
from bodyworn.core.types import Arrival, Manifest
from bodyworn.store.inbox import (
    arrival_from_dict,
    arrival_to_dict,
    done_with,
    read_arrival,
    write_arrival,
)

TEXT = st.text(
    st.characters(categories=["L", "N", "P", "S"], max_codepoint=0x2FFF), min_size=1, max_size=200
)
TIMES = st.integers(-(10**12), 10**12).map(lambda ms: NOW + timedelta(milliseconds=ms))
MAYBE_TEXT = st.none() | TEXT
MANIFESTS = st.builds(
    Manifest,
    filename=TEXT,
    device=MAYBE_TEXT,
    officer=MAYBE_TEXT,
    sequence=st.none() | st.integers(0, 2**53),
    started_at=st.none() | TIMES,
    triggered_at=st.none() | TIMES,
    clock_offset_ms=st.none() | st.integers(-(2**53), 2**53),
    title=MAYBE_TEXT,
    dock=MAYBE_TEXT,
    sha256=st.none() | st.binary(min_size=32, max_size=32).map(Sha256),
)
ARRIVALS = st.builds(
    Arrival,
    upload=st.just("ab" * 16),
    sha256=st.binary(min_size=32, max_size=32).map(Sha256),
    size=st.integers(1, 2**50),
    received_at=TIMES,
    manifest=MANIFESTS,
    sender=TEXT,
    sidecars=st.lists(
        st.tuples(TEXT, st.binary(min_size=32, max_size=32).map(Sha256), st.integers(0, 1 << 20)),
        max_size=3,
    ).map(tuple),
)


@given(MANIFESTS)
def test_a_manifest_survives_json(manifest: Manifest) -> None:
    assert manifest_from_dict(json.loads(json.dumps(manifest_to_dict(manifest)))) == manifest


@given(ARRIVALS)
def test_an_arrival_survives_json(arrival: Arrival) -> None:
    assert arrival_from_dict(json.loads(json.dumps(arrival_to_dict(arrival)))) == arrival


def test_every_field_of_a_manifest_is_read_and_written() -> None:
    told = {
        field.name: 1 if "sequence" in field.name or "_ms" in field.name else "x"
        for field in fields(Manifest)
    }
    told |= dict.fromkeys(("started_at", "triggered_at", "ended_at"), "2026-04-12T22:41:07.200Z")
    told["sha256"] = "ab" * 32
    assert manifest_to_dict(manifest_from_dict(told)) == told


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([], "manifest.not-an-object"),
        ({}, "manifest.no-filename"),
        ({"filename": None}, "manifest.no-filename"),
        ({"filename": ""}, "manifest.wrong-value"),
        ({"filename": 7}, "manifest.wrong-value"),
        ({"filename": "x" * 201}, "manifest.wrong-value"),
        ({"filename": "line\nline"}, "manifest.wrong-value"),
        ({"filename": "x", "sequence": True}, "manifest.wrong-value"),
        ({"filename": "x", "sequence": -1}, "manifest.wrong-value"),
        ({"filename": "x", "sequence": "1"}, "manifest.wrong-value"),
        ({"filename": "x", "clock_offset_ms": 1.5}, "manifest.wrong-value"),
        ({"filename": "x", "clock_offset_ms": 2**54}, "manifest.wrong-value"),
        ({"filename": "x", "started_at": "2026-04-12T22:41:07"}, "manifest.wrong-value"),
        ({"filename": "x", "started_at": 1776000000}, "manifest.wrong-value"),
        ({"filename": "x", "started_at": "0001-01-01T00:00:00+14:00"}, "manifest.wrong-value"),
        ({"filename": "x", "sha256": "ab"}, "manifest.wrong-value"),
        ({"filename": "x", "sha256": ["ab"]}, "manifest.wrong-value"),
    ],
)
def test_a_manifest_of_the_wrong_kind_is_refused_in_words(values: Any, code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        manifest_from_dict(values)
    assert (refused.value.code, refused.value.http_status) == (code, 400)


def test_words_that_a_newer_sender_knows_are_passed_over() -> None:
    assert manifest_from_dict({"filename": "x", "colour": {"of": "sky"}}) == Manifest(filename="x")


def arrival(number: int, at: datetime = NOW) -> Arrival:
    return Arrival(
        upload=f"{number:032x}",
        sha256=Sha256.of(TEN),
        size=10,
        received_at=at,
        manifest=Manifest(filename="0001.mp4"),
        sender=DOCK,
    )


def test_the_oldest_comes_first_and_a_broken_note_is_left_and_reported(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.layout.inbox.mkdir(parents=True)
    waiting = [arrival(1), arrival(2, NOW - timedelta(hours=1)), arrival(3)]
    for one in waiting:
        write_arrival(shelf.layout.arrival(one.upload), one)
    broken = shelf.layout.inbox / "broken.json"
    broken.write_text('{"v":1}')
    assert [one.upload[-1] for one in shelf.arrivals()] == ["2", "1", "3"]
    assert "inbox.unreadable" in caplog.text
    assert broken.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"v":2}', '{"v":1,"upload":"x"}', "\x00"])
def test_a_note_that_is_none_is_damaged(tmp_path: Path, text: str) -> None:
    path = tmp_path / "note.json"
    path.write_text(text)
    with pytest.raises(DamagedError):
        read_arrival(path)
    with pytest.raises(MissingError):
        read_arrival(tmp_path / "no.json")


def test_being_done_twice_is_no_error(shelf: Shelf) -> None:
    shelf.layout.inbox.mkdir(parents=True)
    shelf.layout.ended.mkdir(parents=True)
    write_arrival(shelf.layout.arrival(arrival(1).upload), arrival(1))
    for _ in range(2):
        done_with(shelf.layout, arrival(1))
        assert shelf.arrivals() == []
        assert shelf.uploads.get(arrival(1).upload).end == "received"
