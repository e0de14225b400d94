"""The custody log against pymerkle's SqliteTree, the only peer with the same hashes.

    python -m bench.custody            five interleaved rounds and all bars, some minutes
    python -m bench.custody --small    few entries and two rounds: does the bench itself run?
    python -m bench.custody --json     figures and conditions for a machine

Both keep 220-byte entries durably in the same folder (SQLite at its default, synchronous=FULL)
and give roots and inclusion proofs of RFC 6962. Ours also signs a checkpoint with every batch and
writes what is served; the peer does neither. They take turns slice by slice, and entry by entry
where one is appended at a time, so that both meet the same load of the machine; after the bulk
ours is given the time to flush every file, and that time is counted. Appended one by one, an
entry is durable and signed; files and checkpoint are shown every hundred, as the sequencer shows
them once a second, and once after each for comparison.

Proofs are asked for at random places, once each. For the audit there is no peer: it is the time
to recompute a log from its files. Nothing is deleted before the end, because a file system that
has just lost thousands of files is slow at making new ones.

Waiting callers are measured by `bench.callers`, one process a database; a log of 100 million
entries by `bench.huge`, which is not run from here.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pymerkle import SqliteTree

from bench.bars import Bar, report
from bodyworn.custody.log import Log
from bodyworn.custody.note import Signer
from bodyworn.custody.verify import verify_log

ORIGIN = "bench.example/log"
ENTRY = 220  # bytes
BATCH = 4_096  # entries a commit in bulk
SLICE = 10  # batches before the other one has its turn
SHOWN = 100  # entries appended one by one before they are shown
MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is done in one round."""

    bulk: int  # entries appended in batches
    single: int  # entries appended one by one, each durable
    proofs: int
    rounds: int
    audited: int  # entries of the log that is recomputed
    seconds: float  # of one round of waiting callers


@dataclass(slots=True)
class Times:
    """Seconds of each round, by what was done."""

    ours: dict[str, list[float]] = field(default_factory=dict)
    peer: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, what: str) -> float:
        """How many times faster than the peer, by medians."""
        return statistics.median(self.peer[what]) / statistics.median(self.ours[what])

    def rate(self, what: str, count: int) -> str:
        """Both absolute rates, for the note."""
        ours, peer = (count / statistics.median(t[what]) for t in (self.ours, self.peer))
        return f"ours {ours:,.0f} a second, peer {peer:,.0f}"


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--small", action="store_true", help="few entries, two rounds")
    parser.add_argument("--rounds", type=int, help="rounds against the peer, five by default")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(argv)
    load = Load(bulk=200_000, single=300, proofs=500, rounds=5, audited=MILLION, seconds=5.0)
    if chosen.small:
        load = Load(bulk=10_000, single=20, proofs=50, rounds=2, audited=20_000, seconds=0.5)
    load = replace(load, rounds=chosen.rounds or load.rounds)
    times, signer = Times(), Signer.generate(ORIGIN)
    with tempfile.TemporaryDirectory(prefix="bodyworn-bench-") as folder:
        for number in range(load.rounds):
            (Path(folder) / str(number)).mkdir()
            _round(Path(folder) / str(number), load, signer, times, seed=number)
        audit = _audit(Path(folder) / "audit", load.audited, signer)
    bars = [*_bars(times, load), audit, *_callers(load)]
    report("custody", bars, as_json=chosen.json)


def _round(folder: Path, load: Load, signer: Signer, times: Times, *, seed: int) -> None:
    chance = random.Random(seed)
    entries = [chance.randbytes(ENTRY) for _ in range(load.bulk + 2 * load.single)]
    places = [chance.randrange(load.bulk) for _ in range(load.proofs)]
    bulk, single = entries[: load.bulk], entries[load.bulk :]
    log = Log(folder / "log", origin=ORIGIN, signer=signer)
    with SqliteTree(str(folder / "peer.sqlite3")) as tree:
        _bulk(log, tree, bulk, times)
        checkpoint = log.checkpoint()
        assert checkpoint
        assert checkpoint.root == tree.get_root()
        _singles(log, tree, single, times)
        _time(times.ours, "proof", lambda: [log.prove_inclusion(place) for place in places])
        _time(times.peer, "proof", lambda: [tree.prove_inclusion(place + 1) for place in places])
    log.settle()
    _time(times.ours, "open", lambda: Log(folder / "log", origin=ORIGIN, signer=signer))
    _time(times.peer, "open", lambda: SqliteTree(str(folder / "peer.sqlite3")).close())


def _bulk(log: Log, tree: SqliteTree, entries: Sequence[bytes], times: Times) -> None:
    """In turns; flushing what ours has left to flush is counted."""
    ours = peer = 0.0
    for at in range(0, len(entries), BATCH * SLICE):
        some = entries[at : at + BATCH * SLICE]
        ours += _seconds(lambda: _append(log, some, first=at))  # noqa: B023  (called at once)
        peer += _seconds(lambda: _append_peer(tree, some))  # noqa: B023  (called at once)
    ours += _seconds(log.settle)
    times.ours.setdefault("bulk", []).append(ours)
    times.peer.setdefault("bulk", []).append(peer)


def _singles(log: Log, tree: SqliteTree, entries: Sequence[bytes], times: Times) -> None:
    """One by one, in turns; medians of single appends, since one slow flush would be all."""
    appended, shown, peer = list[float](), list[float](), list[float]()
    for nth, (first, second) in enumerate(zip(entries[::2], entries[1::2], strict=True), 1):
        size = log.signed_size
        appended.append(_seconds(lambda: _append_one(log, first, size, nth)))  # noqa: B023
        peer.append(_seconds(lambda: tree.append_entry(first)))  # noqa: B023
        shown.append(_seconds(lambda: _append(log, [second], first=size + 1)))  # noqa: B023
    for what, ours in (("single", appended), ("shown", shown)):
        times.ours.setdefault(what, []).append(statistics.median(ours))
        times.peer.setdefault(what, []).append(statistics.median(peer))


def _append_one(log: Log, entry: bytes, size: int, nth: int) -> None:
    log.append([entry], from_index=size, now=datetime.now(UTC))
    if nth % SHOWN == 0:
        log.publish()


def _audit(folder: Path, entries: int, signer: Signer) -> Bar:
    chance = random.Random(entries)
    log = Log(folder, origin=ORIGIN, signer=signer)
    _append(log, [chance.randbytes(ENTRY) for _ in range(entries)], first=0)
    took = _seconds(lambda: verify_log(folder, signer.verifier).require())
    name = f"audit of {entries:,} entries, recomputed from the files"
    bar = 10.0 if entries == MILLION else None
    return Bar(name=name, measured=took, unit="s", at_most=bar)


def _callers(load: Load) -> list[Bar]:
    """Waiting callers, on both databases."""
    return [
        _callers_on("sqlite", load, at_least=10_000),
        _callers_on("postgresql", load, at_least=7_000),
    ]


def _callers_on(database: str, load: Load, *, at_least: int) -> Bar:
    arguments = ["--database", database, "--seconds", str(load.seconds), "--json"]
    command = [sys.executable, "-m", "bench.callers", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    note = f"p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms, {found['events']:,} events"
    return Bar(
        name=f"acknowledged events, 256 waiting callers, {database}",
        measured=found["rate"],
        unit="a second",
        at_least=at_least,
        note=note,
    )


def _time(into: dict[str, list[float]], what: str, do: Callable[[], object]) -> None:
    into.setdefault(what, []).append(_seconds(do))


def _seconds(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def _append(log: Log, entries: Sequence[bytes], *, first: int) -> None:
    for at in range(0, len(entries), BATCH):
        batch, now = entries[at : at + BATCH], datetime.now(UTC)
        log.integrate(batch, from_index=first + at, now=now)


def _append_peer(tree: SqliteTree, entries: Sequence[bytes]) -> None:
    for at in range(0, len(entries), BATCH):
        tree.append_entries(entries[at : at + BATCH], BATCH)


def _bars(times: Times, load: Load) -> list[Bar]:
    proof = statistics.median(times.ours["proof"]) / load.proofs * 1_000
    opened = statistics.median(times.ours["open"]) * 1_000
    counts = {"bulk": load.bulk, "single": 1, "shown": 1, "proof": load.proofs, "open": 1}
    names = {
        "bulk": f"append in batches of {BATCH}, durable, signed, all flushed",
        "single": "append one by one, each durable and signed",
        "shown": "append one by one, each durable, signed and shown",
        "proof": "inclusion proof at a random place, first time asked",
        "open": f"open a log of {load.bulk + 2 * load.single:,} entries",
    }
    wanted = {"bulk": 2.0, "single": 3.0, "shown": None, "proof": 1.0, "open": 1.0}
    bars = [
        Bar(
            name=names[what],
            measured=times.ratio(what),
            unit="× peer",
            at_least=wanted[what],
            note=times.rate(what, counts[what]),
        )
        for what in names
    ]
    return [
        *bars,
        Bar(name="one inclusion proof", measured=proof, unit="ms", at_most=1.0),
        Bar(name="opening", measured=opened, unit="ms", at_most=1_000.0),
    ]


if __name__ == "__main__":
    main()
