"""Whatever sender and file say, an arrival can be described, and the columns can hold it."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from tests.conftest import NOW

from bodyworn.core.digest import Sha256
from bodyworn.core.terms import Condition
from bodyworn.core.types import Arrival, Manifest, Place, Probe, Track
from bodyworn.records.models import Recording
from bodyworn.web.pages.track import map_of
from bodyworn.work.described import (
    audio_text,
    describe,
    plain,
    probe_as_json,
    reason_of,
    video_text,
)
from bodyworn.work.reference import references

texts = st.text(max_size=300) | st.just("\x00\ud800" * 50)
moments = st.datetimes(timezones=st.just(UTC))
numbers = st.integers(min_value=-(2**63), max_value=2**63)
manifests = st.builds(
    Manifest,
    filename=texts,
    device=st.none() | texts,
    officer=st.none() | texts,
    sequence=st.none() | st.integers(min_value=0, max_value=2**53),
    camera_reference=st.none() | texts,
    started_at=st.none() | moments,
    triggered_at=st.none() | moments,
    ended_at=st.none() | moments,
    title=st.none() | texts,
    locality=st.none() | texts,
    borough=st.none() | texts,
)
tracks = st.builds(
    Track,
    kind=st.sampled_from(["video", "audio", "data"]),
    codec=texts,
    profile=st.none() | texts,
    width=st.none() | st.integers(0, 2**40),
    height=st.none() | st.integers(0, 2**40),
    rate_milli=st.none() | st.integers(0, 2**40),
    language=st.none() | texts,
)
places = st.builds(
    Place,
    at=moments,
    latitude=st.floats(),
    longitude=st.floats(),
    accuracy_m=st.none() | st.floats(),
    speed_mps=st.none() | st.floats(),
)
probes = st.builds(
    Probe,
    condition=st.sampled_from(Condition),
    reason=texts,
    container=st.none() | st.sampled_from(["mp4", "avi"]),
    duration_ms=st.none() | numbers,
    started_at=st.none() | moments,
    tracks=st.lists(tracks, max_size=3).map(tuple),
    pre_event_ms=st.none() | st.integers(0, 2**63),
    places=st.lists(places, max_size=4).map(tuple),
    extra=st.dictionaries(texts, texts, max_size=3),
)

ARRIVAL = Arrival(
    upload="0" * 32,
    sha256=Sha256.of(b"footage"),
    size=7,
    received_at=NOW,
    manifest=Manifest(filename="a.mp4"),
    sender="system:dock:BX-07",
)
PROBE = Probe(condition=Condition.PLAYABLE, reason="good", duration_ms=60_000)


def described(probe: Probe = PROBE, **manifest: Any) -> Any:
    return describe(replace(ARRIVAL, manifest=Manifest(filename="a.mp4", **manifest)), probe)


def width(column: str) -> int:
    return int(getattr(Recording._meta.get_field(column), "max_length", 0))


@given(manifests, probes)
def test_anything_can_be_described_and_fits_its_columns(manifest: Manifest, probe: Probe) -> None:
    found = describe(replace(ARRIVAL, manifest=manifest), probe)
    assert found.started_at <= found.ended_at
    assert found.started_at <= NOW + timedelta(days=1)
    assert 0 <= found.duration_ms < 2**63
    assert found.ended_at + timedelta(days=100_000) < datetime.max.replace(tzinfo=UTC)
    for field in fields(found.manifest):
        value = getattr(found.manifest, field.name)
        if isinstance(value, str):
            assert value.isprintable()
            assert 0 < len(value) <= 200
    assert len(reason_of(probe)) <= width("condition_reason")
    assert len(video_text(probe)) <= width("video")
    assert len(audio_text(probe)) <= width("audio")
    assert list(found.track) == sorted(found.track, key=lambda place: place.at)


@given(probes)
@example(replace(PROBE, places=(Place(at=NOW, latitude=51.0, longitude=0.0, speed_mps=1e308),)))
@example(replace(PROBE, places=(Place(at=NOW, latitude=51.0, longitude=0.0, accuracy_m=1e308),)))
def test_every_track_that_is_kept_can_be_drawn(probe: Probe) -> None:
    track = map_of(describe(ARRIVAL, probe).track, NOW)
    assert track is None or json.dumps(track.facts, allow_nan=False)


@given(probes)
def test_a_probe_as_json_has_no_character_that_a_database_refuses(probe: Probe) -> None:
    text = json.dumps(probe_as_json(probe), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text
    assert text.encode()


@given(texts)
def test_plain_text_stays_plain(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert once.isprintable()
    once.encode()


def test_the_camera_is_asked_first_then_the_file_then_the_clock() -> None:
    camera, file = NOW - timedelta(days=2), NOW - timedelta(days=1)
    probe = replace(PROBE, started_at=file)
    assert described(probe, started_at=camera).started_at == camera
    assert described(probe).started_at == file
    assert described().started_at == NOW - timedelta(minutes=1)
    assert described().started_at_source == "arrival"


def test_the_trigger_comes_from_the_manifest_or_the_silence_before_it() -> None:
    start = NOW - timedelta(days=1)
    probe = replace(PROBE, pre_event_ms=30_000)
    assert described(probe, started_at=start).triggered_at == start + timedelta(seconds=30)
    said = start + timedelta(seconds=29)
    assert described(probe, started_at=start, triggered_at=said).triggered_at == said


def test_a_container_that_is_longer_than_a_month_does_not_know_its_length() -> None:
    assert described(replace(PROBE, duration_ms=2**62)).duration_ms == 0


@given(moments, st.none() | texts, st.binary(min_size=32, max_size=32))
def test_references_are_short_distinct_and_for_the_radio(
    moment: datetime, said: str | None, raw: bytes
) -> None:
    offered = list(references(started_at=moment, camera_reference=said, sha256=Sha256(raw)))
    assert len(offered) == len(set(offered)) >= 8
    for reference in offered:
        assert len(reference) <= width("reference")
        assert reference.startswith("BWV-")
        assert set(reference) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
