"""`bodyworn demo`: a force is filmed, docked, uploaded, and there to be looked at."""

import signal
import urllib.request
from typing import Any

import pytest
from tests.demonstration import demonstration
from tests.program import Program

from bodyworn.devices.simulate import World


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, dict[str, Any]]:
    """The demonstration of seed 7, and what it answered."""
    return demonstration(tmp_path_factory)


def test_every_recording_of_the_world_arrives(built: tuple[Program, dict[str, Any]]) -> None:
    program, _ = built
    listed = program.well("list", "--limit", "100", "--json").facts["recordings"]
    world = World.of(7)
    assert {one["title"] for one in listed} == {one.title for one in world.recordings}
    assert {one["condition"] for one in listed} == {"playable"}
    assert {one["borough"] for one in listed} == set(world.boroughs)


def test_the_recording_of_the_tutorial_has_its_name(built: tuple[Program, dict[str, Any]]) -> None:
    program, _ = built
    shown = program.well("show", "BWV-26-0412-7F3A", "--json").facts
    assert shown["title"] == "Stop and search, Coldharbour Lane"
    assert {"master", "frames", "strip", "sound"} <= {one["kind"] for one in shown["copies"]}


def test_everybody_who_can_sign_in_is_named(built: tuple[Program, dict[str, Any]]) -> None:
    _, answer = built
    assert {"4471QK", "okafor", "patel", "wells"} <= {one["name"] for one in answer["sign_ins"]}
    assert len(answer["password"]) >= 12
    assert answer["pages"].startswith("http://127.0.0.1:")


def test_it_says_how_long_it_took(built: tuple[Program, dict[str, Any]]) -> None:
    _, answer = built
    assert 0 < answer["seconds"]["first"] <= answer["seconds"]["all"]


def test_all_of_it_can_be_verified(built: tuple[Program, dict[str, Any]]) -> None:
    program, _ = built
    assert program.well("verify", "--json").facts["ok"] is True


def test_again_it_is_used_as_it_is_and_served_until_ctrl_c(
    built: tuple[Program, dict[str, Any]],
) -> None:
    program, answer = built
    with program.begin("demo") as running:
        running.wait_for("Ctrl-C ends it")
        assert answer["password"] in running.said
        assert "patel" in running.said
        assert "Filming" not in running.said
        address = f"http://127.0.0.1:{program.environment['BODYWORN_PAGES_PORT']}/sign-in"
        with urllib.request.urlopen(address, timeout=20) as page:
            assert page.status == 200
        assert running.end(signal.SIGINT) == 0


def test_another_force_does_not_mix_with_it(built: tuple[Program, dict[str, Any]]) -> None:
    program, _ = built
    said = program("demo", "--seed", "8", "--no-serve", "--json")
    assert said.code == 3
    assert said.facts["error"]["code"] == "demo.other-seed"


def test_a_folder_with_real_footage_is_never_made_afresh(made: Program) -> None:
    said = made("demo", "--fresh", "--no-serve", "--json")
    assert said.code == 3
    assert said.facts["error"]["code"] == "demo.not-a-demonstration"
    assert (made.data / "keys" / "log.key").exists()


def test_a_time_without_a_zone_is_refused(bodyworn: Program) -> None:
    said = bodyworn("demo", "--frozen-at", "2026-04-14T09:00:00", "--no-serve", "--json")
    assert said.code == 7
    assert said.facts["error"]["code"] == "demo.not-a-time"
    assert not bodyworn.data.exists()
