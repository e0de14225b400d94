"""Uploads in any order against a model that is a few dictionaries.

The laws: the store's offset is the model's; what is complete is an arrival with the right digest,
exactly once; what was given up stays given up; a restart changes nothing; and no file under a
digest ever holds other bytes, at any moment.
"""

import hashlib
import random
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from tests.store.shelf import Shelf, sha1

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, BusyError, RefusedError
from bodyworn.store.inbox import done_with
from bodyworn.store.upload_notes import Checksum

SHARES = st.sampled_from([1.0, 0.5, 0.999, 0.0])  # how much of the rest comes
# Around nothing, a page, the smallest direct write and a block.
SIZES = st.sampled_from([1, 2, 13, 4096, 4097, 140_000, 300_001, 1_060_000])


def noise(seed: int, size: int) -> bytes:
    """Bytes that no other seed has."""
    return random.Random(seed).randbytes(size)


@dataclass
class Known:
    """What the model knows about one upload."""

    seed: int
    size: int
    is_partial: bool
    knows_length: bool
    offset: int = 0
    end: str | None = None
    data: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.data = noise(self.seed, self.size)


class Uploading(RuleBasedStateMachine):
    """Alice's camera, a dock with a bad cable, and a server that dies a lot."""

    uploads = Bundle("uploads")
    parts = Bundle("parts")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="bodyworn-laws-")
        self.shelf = Shelf(Path(self.folder))
        self.known: dict[str, Known] = {}
        self.expected: dict[str, Sha256] = {}  # arrivals by upload
        self.seed = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    # ---- what may happen -------------------------------------------------------------------

    @initialize(target=uploads, size=SIZES)
    def create_one(self, size: int) -> str:
        return self._begin(size, is_partial=False, knows_length=True)

    @rule(
        target=uploads,
        size=SIZES,
        is_partial=st.sampled_from([False, False, True]),
        knows_length=st.sampled_from([True, True, False]),
    )
    def create(self, size: int, is_partial: bool, knows_length: bool) -> str:
        return self._begin(size, is_partial=is_partial, knows_length=knows_length)

    @rule(upload=uploads, share=SHARES, with_checksum=st.booleans())
    def append(self, upload: str, share: float, with_checksum: bool) -> None:
        known = self.known[upload]
        part = self._part(known, share)
        checksum = sha1(part) if with_checksum else None
        if known.end:
            with pytest.raises(BodywornError):
                self.shelf.append(upload, known.offset, part, checksum)
            return
        self.shelf.append(upload, known.offset, part, checksum)
        known.offset += len(part)
        self._expect_arrival(upload)

    @rule(upload=uploads, share=SHARES, after=SHARES, with_checksum=st.booleans())
    def cut(self, upload: str, share: float, after: float, with_checksum: bool) -> None:
        """The cable comes loose in the middle of an append."""
        known = self.known[upload]
        if known.end:
            return
        part = self._part(known, share)
        came = part[: int(len(part) * after)]
        with pytest.raises(ConnectionResetError):
            self._send_and_cut(upload, known.offset, came, sha1(part) if with_checksum else None)
        if not with_checksum:
            known.offset += len(came)

    @rule(upload=uploads, share=SHARES)
    def send_wrong_bytes(self, upload: str, share: float) -> None:
        """A flipped bit on the way, and a checksum that knows."""
        known = self.known[upload]
        part = self._part(known, share)
        if known.end or not part:
            return
        flipped = bytes([part[0] ^ 1]) + part[1:]
        checksum = Checksum(algorithm="sha256", digest=hashlib.sha256(part).digest())
        with pytest.raises(RefusedError) as refused:
            self.shelf.append(upload, known.offset, flipped, checksum)
        assert refused.value.code == "upload.wrong-checksum"

    @rule(upload=uploads, by=st.integers(-3, 3).filter(bool))
    def append_elsewhere(self, upload: str, by: int) -> None:
        """At any offset but the right one."""
        with pytest.raises(BodywornError) as refused:
            self.shelf.append(upload, self.known[upload].offset + by, b"x")
        assert refused.value.code in ("upload.wrong-offset", "upload.complete", "upload.gone")

    @rule(upload=uploads)
    def say_the_length(self, upload: str) -> None:
        known = self.known[upload]
        if known.end:
            return
        self.shelf.uploads.set_length(upload, known.size)
        known.knows_length = True

    @rule(upload=uploads)
    def ask_again_for_the_end(self, upload: str) -> None:
        """What a sender does that lost the last answer."""
        known = self.known[upload]
        if known.end == "received" and upload in self.expected:
            assert self.shelf.uploads.finish(upload).sha256 == self.expected[upload]
        elif not known.end and known.knows_length and known.offset == known.size:
            if not known.is_partial:
                self.shelf.uploads.finish(upload)
                self._expect_arrival(upload)
        else:
            with pytest.raises(BodywornError):
                self.shelf.uploads.finish(upload)

    @rule(upload=uploads)
    def give_up(self, upload: str) -> None:
        known = self.known[upload]
        is_whole = known.knows_length and known.offset == known.size and not known.is_partial
        if known.end or is_whole:
            with pytest.raises(BodywornError):
                self.shelf.uploads.terminate(upload)
        else:
            self.shelf.uploads.terminate(upload)
            known.end = "terminated"

    @rule(target=parts, size=SIZES)
    def bring_a_part(self, size: int) -> str:
        begun = self._begin(size, is_partial=True, knows_length=True)
        self.append(begun, share=1.0, with_checksum=False)
        return begun

    @rule(target=uploads, parts=st.lists(consumes(parts), min_size=1, max_size=3))
    def join_parts(self, parts: list[str]) -> object:
        return self.join(parts)

    @rule(target=uploads, parts=st.lists(consumes(uploads), min_size=1, max_size=3))
    def join(self, parts: list[str]) -> object:
        pieces = [self.known[part] for part in parts]
        if not all(_is_complete_part(one) for one in pieces):
            with pytest.raises(BodywornError):
                self.shelf.joined(*parts)
            return multiple(*parts)
        final = self.shelf.joined(*parts)
        whole = Known(0, 0, is_partial=False, knows_length=True, end="received")
        whole.data = b"".join(one.data for one in pieces)
        whole.offset = whole.size = len(whole.data)
        self.known[final.id] = whole
        self.expected[final.id] = Sha256.of(whole.data)
        for one in pieces:
            one.end = "joined"
        return final.id

    @rule()
    def crash_and_restart(self) -> None:
        for arrival in self.shelf.restart():
            assert self._is_full(arrival.upload)
            self._expect_arrival(arrival.upload)

    @rule(upload=uploads)
    def write_at_once(self, upload: str) -> None:
        """A second writer, in what could be another process."""
        known = self.known[upload]
        other = Shelf(self.shelf.root)  # finishes what is full, as every process does at start
        for one in self.known:
            self._expect_arrival(one)
        if known.end:
            return
        with pytest.raises(BusyError):
            _both(self.shelf, other, upload, known.offset)

    @rule()
    def ingest(self) -> None:
        for arrival in self.shelf.arrivals():
            done_with(self.shelf.layout, arrival)
            assert self.expected.pop(arrival.upload) == arrival.sha256

    @precondition(lambda self: len(self.known) > 3)
    @rule()
    def three_days_pass(self) -> None:
        over = self.shelf.now + timedelta(hours=72)
        full = [upload for upload in self.known if self._is_full(upload)]
        gone = set(self.shelf.uploads.expire(over))
        for upload, known in self.known.items():
            if upload in full:
                self._expect_arrival(upload)
            elif not known.end:
                assert upload in gone
                known.end = "expired"

    # ---- what must hold --------------------------------------------------------------------

    @invariant()
    def every_upload_stands_where_it_should(self) -> None:
        for upload, known in self.known.items():
            found = self.shelf.uploads.get(upload)
            assert found.end == known.end
            if known.end != "joined":
                assert found.offset == known.offset

    @invariant()
    def what_is_complete_has_arrived_once(self) -> None:
        arrived = [(one.upload, one.sha256) for one in self.shelf.arrivals()]
        assert sorted(arrived) == sorted(self.expected.items())

    @invariant()
    def every_blob_is_what_its_name_says(self) -> None:
        for name, data in self.shelf.blobs().items():
            assert hashlib.sha256(data).hexdigest() == name

    # ---- helpers ---------------------------------------------------------------------------

    def _begin(self, size: int, *, is_partial: bool, knows_length: bool) -> str:
        self.seed += 1
        begun = self.shelf.begun(length=size if knows_length else None, partial=is_partial)
        self.known[begun.id] = Known(self.seed, size, is_partial, knows_length)
        return begun.id

    def _part(self, known: Known, share: float) -> bytes:
        left = known.size - known.offset
        return known.data[known.offset : known.offset + round(left * share)]

    def _send_and_cut(self, upload: str, at: int, came: bytes, checksum: Checksum | None) -> None:
        with self.shelf.uploads.append(upload, offset=at, checksum=checksum) as writer:
            writer.write(came)
            raise ConnectionResetError

    def _is_full(self, upload: str) -> bool:
        known = self.known[upload]
        is_open = known.end is None and not known.is_partial
        return is_open and known.knows_length and known.offset == known.size

    def _expect_arrival(self, upload: str) -> None:
        if self._is_full(upload):
            self.known[upload].end = "received"
            self.expected[upload] = Sha256.of(self.known[upload].data)


def _is_complete_part(known: Known) -> bool:
    return (
        known.is_partial and known.end is None and known.knows_length and known.offset == known.size
    )


def _both(one: Shelf, other: Shelf, upload: str, offset: int) -> None:
    with one.uploads.append(upload, offset=offset), other.uploads.append(upload, offset=offset):
        raise AssertionError("two writers")


TestUploading = Uploading.TestCase
TestUploading.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
