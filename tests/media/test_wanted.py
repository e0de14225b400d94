"""Which copies a recording needs follows from its probe alone."""

from dataclasses import replace

import pytest
from tests.media.corpus import Sample

from bodyworn.core.terms import Condition, CopyKind
from bodyworn.core.types import Probe, Track
from bodyworn.media.probe import probe
from bodyworn.media.wanted import wanted_copies

ALWAYS = {CopyKind.FRAMES, CopyKind.STRIP, CopyKind.SOUND}
PICTURES = Track(kind="video", codec="h264")
GOOD = Probe(
    condition=Condition.PLAYABLE, reason="Good.", tracks=(PICTURES,), plays_in_browsers=True
)


def test_a_file_that_plays_needs_no_proxy() -> None:
    assert set(wanted_copies(GOOD)) == ALWAYS


def test_a_fragmented_file_needs_an_index() -> None:
    assert set(wanted_copies(replace(GOOD, is_fragmented=True))) == ALWAYS | {CopyKind.INDEX}


def test_what_no_browser_plays_needs_a_proxy_and_no_index() -> None:
    probed = replace(GOOD, plays_in_browsers=False, is_fragmented=True)
    assert set(wanted_copies(probed)) == ALWAYS | {CopyKind.PROXY}


def test_sound_alone_has_its_sound_strip() -> None:
    sound = replace(GOOD, condition=Condition.NOT_VIDEO, tracks=(Track(kind="audio", codec="aac"),))
    assert wanted_copies(sound) == (CopyKind.SOUND,)


@pytest.mark.parametrize("condition", [Condition.UNREADABLE, Condition.NOT_VIDEO])
def test_from_what_cannot_be_read_nothing_is_made(condition: Condition) -> None:
    assert wanted_copies(replace(GOOD, condition=condition)) == ()


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("plain.mp4", set()),
        ("pieces.mp4", {CopyKind.INDEX}),
        ("h265.mp4", {CopyKind.PROXY}),
        ("plain.ts", {CopyKind.PROXY}),
        ("vp9.webm", set()),
    ],
)
def test_real_files_get_what_they_need(
    corpus: dict[str, Sample], name: str, more: set[CopyKind]
) -> None:
    assert set(wanted_copies(probe(corpus[name].path, name=name))) == ALWAYS | more
