"""Mallory's films: whatever their tables claim, there is a verdict, soon, and in little memory."""

import io
import json
import multiprocessing
import struct
import tracemalloc
from concurrent.futures import ProcessPoolExecutor

import pytest
from tests.media.corpus import Sample
from tests.media.hostile import alike, listed, movie, track

from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import Condition
from bodyworn.core.types import Probe
from bodyworn.media import probe as probing
from bodyworn.media.fragments import all_samples
from bodyworn.media.movie import read_movie
from bodyworn.media.places import LARGEST_BLOCK, LARGEST_TRACK
from bodyworn.media.probe import probe
from bodyworn.media.sound import LONGEST_S, sound_strip
from bodyworn.web.serve.child import limit_memory


class Counting(io.BytesIO):
    """A film that counts how much of it is read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        """As any stream."""
        data = super().read(size)
        self.taken += len(data)
        return data


@pytest.mark.parametrize("offset", [-1, -100, -(2**63), 2**62, 2**63 - 1])
def test_positions_outside_of_the_file_are_no_positions_and_no_fall(offset: int) -> None:
    tables = listed(1, size=8, offset=offset)
    found = probe(io.BytesIO(movie(track(*tables, handler=b"meta", coding=b"gpmd"))), name="a.mp4")
    assert found.places == ()
    assert found.reason != probing.STUMBLED


def test_one_block_that_is_listed_a_thousand_times_is_not_read_a_thousand_times() -> None:
    block = b"AAAA" + bytes(4) + bytes(LARGEST_BLOCK - 8)
    tables = listed(1000, size=len(block))
    film = Counting(movie(track(*tables, handler=b"meta", coding=b"gpmd"), data=block))
    assert probe(film, name="a.mp4").places == ()
    assert film.taken < LARGEST_TRACK + 8 * len(block)


def test_many_tracks_of_alike_samples_claim_too_much_together() -> None:
    film = movie(*(track(*alike(900_000), number=number) for number in range(1, 41)))
    stream = io.BytesIO(film)
    found = read_movie(stream, len(film))
    assert found is not None
    tracemalloc.start()
    with pytest.raises(DamagedError):
        all_samples(stream, found)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 600 << 20


def test_what_ffmpeg_believes_cannot_take_more_memory_than_the_process_may_have() -> None:
    """In a process of its own, because the limit is one of a whole process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as alone:
        found = alone.submit(probe_within, 512 << 20).result(timeout=120)
    assert found.condition is Condition.UNREADABLE


def probe_within(most: int) -> Probe:
    """The verdict on a film of 2 kB that claims 320 million samples."""
    limit_memory(most)
    film = movie(*(track(*alike(80_000_000), number=number) for number in range(1, 5)))
    return probe(io.BytesIO(film), name="a.mp4")


def test_a_reader_that_stumbles_costs_the_facts_and_not_the_recording(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stumble(*_: object) -> None:
        raise OverflowError("date value out of range")

    monkeypatch.setattr(probing, "_described", stumble)
    found = probe(io.BytesIO(movie(track(*alike(10)))), name="a.mp4")
    assert (found.condition, found.reason) == (Condition.UNREADABLE, probing.STUMBLED)


def test_a_sound_that_claims_weeks_asks_for_two_days_of_bars_at_most(
    corpus: dict[str, Sample],
) -> None:
    film = slowed(corpus["plain.mp4"].path.read_bytes(), seconds_a_packet=20_000)
    found = json.loads(sound_strip(io.BytesIO(film)).data)
    assert found["duration_ms"] == LONGEST_S * 1000
    assert len(found["bars"]) == 800


def slowed(film: bytes, *, seconds_a_packet: int) -> bytes:
    """Its sound with one tick a second, so many ticks a packet, and no edit list to end it."""
    data = bytearray(film.replace(b"edts", b"free"))
    at = data.find(b"soun")
    mdhd, stts = data.rfind(b"mdhd", 0, at), data.find(b"stts", at)
    struct.pack_into(">II", data, mdhd + 16, 1, 400_000)
    struct.pack_into(">I", data, stts + 16, seconds_a_packet)
    return bytes(data)
