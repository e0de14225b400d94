"""The world that the demonstration and its journeys name."""

import dataclasses
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyworn.core.errors import MissingError
from bodyworn.core.terms import Role
from bodyworn.devices.simulate import FROZEN_NOW, SceneKind, World
from bodyworn.devices.simulate.walk import places_of
from bodyworn.rules.sequence import findings

RETENTION = timedelta(days=31)
seeds = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(7)


def test_the_same_seed_and_moment_make_the_same_world(world: World) -> None:
    assert World.of(7, now=FROZEN_NOW) == world
    assert World.of(8) != world


def test_recording_7f3a_is_the_one_of_the_journeys(world: World) -> None:
    recording = world.recording("7F3A")
    assert recording.title == "Stop and search, Coldharbour Lane"
    assert (recording.locality, recording.borough) == ("Brixton, Lambeth", "Lambeth")
    assert (recording.officer, recording.device.serial) == ("4471QK", "004471")
    assert recording.started_at == datetime(2026, 4, 12, 22, 41, 7, tzinfo=UTC)
    assert recording.ended_at == datetime(2026, 4, 12, 22, 41, 55, tzinfo=UTC)
    assert (recording.seconds, recording.rate, recording.frames) == (48, 15, 720)
    assert recording.buffer_seconds == 30
    assert not recording.is_fragmented


def test_pc_khan_has_three_to_tag_and_the_first_is_deleted_in_19_days(world: World) -> None:
    own = [recording for recording in world.recordings if recording.officer == "4471QK"]
    assert [recording.category for recording in own] == [None, None, None]
    left = own[0].ended_at + RETENTION - world.now
    assert left.days == 19
    assert (own[0].ended_at + RETENTION).date() - world.now.date() == timedelta(days=19)


def test_four_cameras_were_in_coldharbour_lane_in_that_half_hour(world: World) -> None:
    begin = datetime(2026, 4, 12, 22, 30, tzinfo=UTC)
    found = [
        recording
        for recording in world.recordings
        if begin <= recording.started_at < begin + timedelta(minutes=30)
        and recording.borough == "Lambeth"
    ]
    assert len(found) == len({recording.device.serial for recording in found}) == 4
    assert all("Coldharbour Lane" in recording.title for recording in found)
    here = (51.46215, -0.11448)
    assert all(abs(recording.latitude - here[0]) < 0.001 for recording in found)
    assert all(abs(recording.longitude - here[1]) < 0.003 for recording in found)


def test_the_people_of_the_journeys_are_there_with_their_posts(world: World) -> None:
    people = {person.account: person for person in world.people}
    assert people["4471QK"].display == "PC A. Khan"
    assert people["okafor"].role is Role.SUPERVISOR
    assert people["okafor"].unit == people["4471QK"].unit
    assert (people["patel"].role, people["patel"].unit) == (Role.INVESTIGATOR, "Lambeth CID")
    named = {person.display for person in world.people}
    assert named >= {"DC A. Patel", "Ms S. Reid", "Mr D. Osei", "Insp C. Hall", "Dr M. Lind"}
    assert {"fleet manager", "programme office"} <= {person.post for person in world.people}


def test_a_stop_without_footage_is_on_the_control_rooms_list(world: World) -> None:
    missing = [stop for stop in world.stops if stop.recording is None]
    assert [(stop.officer, f"{stop.at:%d %B %H:%M}") for stop in missing] == [
        ("4471QK", "11 April 19:20")
    ]
    assert world.recording("7F3A").started_at < world.stops[-1].at
    assert ("01/4412/26", "7F3A") in {(stop.reference, stop.recording) for stop in world.stops}


@given(seeds, st.integers(0, 20 * 365 * 86_400))
@settings(max_examples=40)
def test_every_world_hangs_together(seed: int, later: int) -> None:
    now = FROZEN_NOW + timedelta(seconds=later)
    world = World.of(seed, now=now)
    numbers = {officer.number for officer in world.officers}
    units, docks = {unit.name for unit in world.units}, {dock.name for dock in world.docks}
    assert world.boroughs == ("Lambeth", "Camden", "Brent")
    assert {camera.holder for camera in world.cameras} <= numbers
    assert {camera.dock for camera in world.cameras} <= docks
    assert {person.unit for person in world.people if person.unit} <= units
    assert len({person.account for person in world.people}) == len(world.people)
    assert len({officer.name for officer in world.officers}) == len(world.officers)
    references = [recording.camera_reference for recording in world.recordings]
    assert len(references) == len(set(references)) == 14
    assert all(recording.ended_at < now for recording in world.recordings)
    assert all(abs(camera.clock_offset_ms) < 500 for camera in world.cameras)


@given(seeds)
@settings(max_examples=20)
def test_cameras_count_without_gaps_in_the_order_of_time(seed: int) -> None:
    world = World.of(seed)
    for camera in world.cameras:
        held = world.recorded_by(camera.device.serial)
        assert findings(recording.sequence for recording in held) == []
        assert [each.started_at for each in held] == sorted(each.started_at for each in held)


def test_every_kind_of_scene_and_of_container_occurs(world: World) -> None:
    assert {recording.scene for recording in world.recordings} == set(SceneKind)
    assert sum(recording.is_fragmented for recording in world.recordings) == 2
    assert all(35 <= recording.seconds <= 60 for recording in world.recordings)


def test_cameras_at_one_incident_share_it_and_nothing_else(world: World) -> None:
    first = world.recording("7F3A")
    (second,) = (each for each in world.recordings if each.title.startswith("Second officer"))
    assert (first.incident, first.plate) == (second.incident, second.plate)
    assert first.plate == "LX26 BWV"
    assert first.view != second.view


def test_a_recording_survives_the_way_into_another_process(world: World) -> None:
    recording = world.recording("7F3A")
    assert pickle.loads(pickle.dumps(recording)) == recording  # noqa: S301 - our own bytes
    assert all(field.kw_only for field in dataclasses.fields(recording))


def test_the_wearers_walk_has_a_fix_a_second_and_is_as_long_as_the_film(world: World) -> None:
    recording = world.recording("7F3A")
    places = places_of(recording)
    assert len(places) == 49
    assert places[0].at == recording.started_at
    assert places[-1].at == recording.ended_at
    assert all(4 <= (place.accuracy_m or 0) <= 7 for place in places)
    spread = max(place.latitude for place in places) - min(place.latitude for place in places)
    assert 0.00002 < spread < 0.0005


def test_what_is_not_in_the_world_is_missing(world: World) -> None:
    with pytest.raises(MissingError):
        world.recording("0000-none")
    with pytest.raises(MissingError):
        world.camera("999999")
