"""What sealing costs: ingest and ranges against plain loops over the same bytes.

    python -m bench.sealing            seven interleaved rounds, about a minute
    python -m bench.sealing --small    few bytes and two rounds: does the bench itself run?
    python -m bench.sealing --json     figures and conditions for a machine

Ingest: the plain loop reads, hashes with SHA-256, seals with the same AES-256-GCM in the same
chunks, writes and calls fdatasync, one after the other; it has no header, key, commitment, name or
note. Bars: the vault and an upload's append take the same bytes at 0.9 of its rate at least. The
bytes come from memory. Ranges: 1 MiB at random places of one blob, against open, seek and read of
a plain file of the same bytes, in turns, both dropped from the page cache before every round,
because footage is looked at long after it was written: at least 0.6 of its rate. The same out of
the page cache is printed for information: there the copy of a plain file runs at the speed of
memory, faster than one core can do AES, so that figure is the processor's.
"""

import argparse
import hashlib
import io
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.bars import Bar, report
from bodyworn.core.clock import system_clock
from bodyworn.store.chunk_file import BLOCK
from bodyworn.store.keyring import KeyFolder
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Kept, Vault
from bodyworn.store.sealed import CHUNK, NONCE, PLAIN, DataKey
from bodyworn.store.upload import Uploads

RANGE = 1 << 20  # bytes
INGEST, READ = 0.9, 0.6  # the bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is done in one round."""

    size: int  # bytes taken in
    ranges: int
    rounds: int


@dataclass(slots=True)
class Store:
    """A data folder of its own."""

    root: Path
    layout: Layout = field(init=False)
    keyring: KeyFolder = field(init=False)
    vault: Vault = field(init=False)
    uploads: Uploads = field(init=False)

    def __post_init__(self) -> None:
        self.layout = Layout(self.root / "data")
        self.keyring = KeyFolder(self.layout.buckets)
        self.vault = Vault(self.layout, self.keyring)
        self.uploads = Uploads(self.layout, self.vault, system_clock)


Times = dict[str, list[float]]
"""Seconds of each round, by what was done."""
Range = Callable[[int], bytes | bytearray]
"""The bytes from a place."""


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--small", action="store_true", help="16 MB, two rounds")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (7; small: 2)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--folder", type=Path, help="on which disk (the temporary folder's)")
    chosen = parser.parse_args(argv)
    load = Load(size=256_000_000, ranges=100, rounds=chosen.rounds or 7)
    if chosen.small:
        load = Load(size=16_000_000, ranges=10, rounds=chosen.rounds or 2)
    times: Times = {}
    data = random.Random(4471).randbytes(load.size)
    with tempfile.TemporaryDirectory(prefix="bodyworn-bench-", dir=chosen.folder) as folder:
        for number in range(load.rounds):
            _ingest(Path(folder) / f"{number}", data, times)
        _read(Path(folder), data, load, times)
    report("sealing", _bars(times, load), as_json=chosen.json)


# ---- ingest ---------------------------------------------------------------------------------


def _ingest(folder: Path, data: bytes, times: Times) -> None:
    """Each starts on a quiet disk: what the last one has written is out first."""
    folder.mkdir()
    kept, appended = Store(folder / "kept"), Store(folder / "appended")
    expected = hashlib.sha256(data).digest()
    for what, do in (
        ("plain", lambda: _plain_loop(data, folder / "plain")),
        ("kept", lambda: kept.vault.keep(io.BytesIO(data)).digest.raw),
        ("appended", lambda: _append(appended, data)),
    ):
        os.sync()
        assert _timed(times, what, do) == expected
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


def _plain_loop(data: bytes, path: Path) -> bytes:
    """The least that sealing can be: every step after the one before, nothing beside."""
    state, gcm, sealed = hashlib.sha256(), AESGCM(os.urandom(32)), bytearray(BLOCK // PLAIN * CHUNK)
    stream, plain, out = io.BytesIO(data), memoryview(bytearray(BLOCK)), memoryview(sealed)
    handle, index = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 0
    while count := stream.readinto(plain):
        state.update(plain[:count])
        length = 0
        for at in range(0, count, PLAIN):
            text, nonce = plain[at : min(at + PLAIN, count)], os.urandom(NONCE)
            chunk = out[length : length + CHUNK - PLAIN + len(text)]
            chunk[:NONCE] = nonce
            gcm.encrypt_into(nonce, text, index.to_bytes(8, "big"), chunk[NONCE:])
            length, index = length + len(chunk), index + 1
        os.write(handle, out[:length])
    os.fdatasync(handle)
    os.close(handle)
    return state.digest()


def _append(store: Store, data: bytes) -> bytes:
    begun = store.uploads.create(
        length=len(data),
        sender="bench",
        manifest={"filename": "bench.mp4"},
        largest=len(data),
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    stream, left = io.BytesIO(data), len(data)
    with store.uploads.append(begun.id, offset=0) as writer:
        while left:
            count = stream.readinto(writer.space(left))
            writer.filled(count)
            left -= count
    assert writer.arrival
    return writer.arrival.sha256.raw


# ---- ranges ---------------------------------------------------------------------------------


def _read(folder: Path, data: bytes, load: Load, times: Times) -> None:
    store, path = Store(folder / "ranges"), folder / "file"
    kept = store.vault.keep_bytes(data)
    path.write_bytes(data)
    key = DataKey(store.keyring.unwrap(kept.slot.bucket, kept.slot.wrapped))
    os.sync()
    chance, largest = random.Random(4471), len(data) - RANGE
    for _ in range(load.rounds):
        for where in ("disk", "cache"):
            if where == "disk":
                _drop(path)
                _drop(store.layout.blob(kept.digest))
            else:
                store.vault.check(kept.digest, key)
                path.read_bytes()
            places = [chance.randrange(largest) for _ in range(load.ranges)]
            _in_turns(
                times,
                where,
                partial(_plain_range, path),
                partial(_sealed_range, store.vault, kept, key),
                places,
            )


def _in_turns(times: Times, where: str, plain: Range, sealed: Range, places: list[int]) -> None:
    """The same places for both, each with the other one's noise."""
    took = {"plain": 0.0, "sealed": 0.0}
    for place in places:
        found = []
        for what, do in (("plain", plain), ("sealed", sealed)):
            begun = time.perf_counter()
            found.append(do(place))
            took[what] += time.perf_counter() - begun
        assert found[0] == found[1]
    for what, seconds in took.items():
        times.setdefault(f"{what} range, {where}", []).append(seconds)


def _plain_range(path: Path, place: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(place)
        return stream.read(RANGE)


def _sealed_range(vault: Vault, kept: Kept, key: DataKey, place: int) -> bytearray:
    return vault.read_at(kept.digest, place, RANGE, key)


def _drop(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)


# ---- figures --------------------------------------------------------------------------------


def _timed(times: Times, what: str, do: Callable[[], bytes]) -> bytes:
    begun = time.perf_counter()
    found = do()
    times.setdefault(what, []).append(time.perf_counter() - begun)
    return found


def _bars(times: Times, load: Load) -> list[Bar]:
    read = load.ranges * RANGE
    return [
        _bar(times, "kept", "plain", name="ingest into the vault", size=load.size, least=INGEST),
        _bar(times, "appended", "plain", name="ingest by an append", size=load.size, least=INGEST),
        *(
            _bar(
                times,
                f"sealed range, {where}",
                f"plain range, {where}",
                name=f"range of 1 MiB, out of the {named}",
                size=read,
                least=least,
            )
            for where, named, least in (("disk", "disk", READ), ("cache", "page cache", None))
        ),
    ]


def _bar(times: Times, ours: str, peer: str, *, name: str, size: int, least: float | None) -> Bar:
    one, other = statistics.median(times[ours]), statistics.median(times[peer])
    note = f"ours {size / one / 1e6:,.0f} MB/s, plain {size / other / 1e6:,.0f} MB/s"
    return Bar(name=name, measured=other / one, unit="× plain", at_least=least, note=note)


if __name__ == "__main__":
    main()
