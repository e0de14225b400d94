"""The custody log against pymerkle's SqliteTree, the only peer with the same hashes.

    python -m bench.custody            five interleaved rounds, about a minute
    python -m bench.custody --small    few entries and two rounds: does the bench itself run?
    python -m bench.custody --json     figures and conditions for a machine

Both keep 220-byte entries durably in the same folder (SQLite at its default, synchronous=FULL)
and give roots and inclusion proofs of RFC 6962. Ours also signs a checkpoint with every batch
and writes what is served; the peer does neither. Proofs are asked for at random places, once
each. For the audit there is no peer: it is the time to recompute the whole log from its files.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is done in one round."""

    bulk: int  # entries appended in batches
    single: int  # entries appended one by one, each durable
    proofs: int
    rounds: int


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
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(argv)
    load = Load(bulk=200_000, single=200, proofs=500, rounds=5)
    if chosen.small:
        load = Load(bulk=10_000, single=20, proofs=50, rounds=2)
    times, signer = Times(), Signer.generate(ORIGIN)
    for number in range(load.rounds):
        with tempfile.TemporaryDirectory(prefix="bodyworn-bench-") as folder:
            _round(Path(folder), load, signer, times, seed=number)
    report("custody", _bars(times, load), as_json=chosen.json)


def _round(folder: Path, load: Load, signer: Signer, times: Times, *, seed: int) -> None:
    chance = random.Random(seed)
    entries = [chance.randbytes(ENTRY) for _ in range(load.bulk + load.single)]
    places = [chance.randrange(load.bulk) for _ in range(load.proofs)]
    bulk, single = entries[: load.bulk], entries[load.bulk :]
    log = Log(folder / "log", origin=ORIGIN, signer=signer)
    with SqliteTree(str(folder / "peer.sqlite3")) as tree:
        _time(times.ours, "bulk", lambda: _append(log, bulk, step=BATCH))
        _time(times.peer, "bulk", lambda: _append_peer(tree, bulk))
        _time(times.ours, "single", lambda: _append(log, single, step=1))
        _time(times.peer, "single", lambda: [tree.append_entry(entry) for entry in single])
        checkpoint = log.checkpoint()
        assert checkpoint
        assert checkpoint.root == tree.get_root()
        _time(times.ours, "proof", lambda: [log.prove_inclusion(place) for place in places])
        _time(times.peer, "proof", lambda: [tree.prove_inclusion(place + 1) for place in places])
    _time(times.ours, "open", lambda: Log(folder / "log", origin=ORIGIN, signer=signer))
    _time(times.peer, "open", lambda: SqliteTree(str(folder / "peer.sqlite3")).close())
    _time(times.ours, "audit", lambda: verify_log(folder / "log", signer.verifier).require())


def _time(into: dict[str, list[float]], what: str, do: Callable[[], object]) -> None:
    begun = time.perf_counter()
    do()
    into.setdefault(what, []).append(time.perf_counter() - begun)


def _append(log: Log, entries: Sequence[bytes], *, step: int) -> None:
    first = log.size
    for at in range(0, len(entries), step):
        batch, now = entries[at : at + step], datetime.now(UTC)
        log.integrate(batch, from_index=first + at, now=now)


def _append_peer(tree: SqliteTree, entries: Sequence[bytes]) -> None:
    for at in range(0, len(entries), BATCH):
        tree.append_entries(entries[at : at + BATCH], BATCH)


def _bars(times: Times, load: Load) -> list[Bar]:
    audit = load.bulk / statistics.median(times.ours["audit"])
    proof = statistics.median(times.ours["proof"]) / load.proofs * 1_000
    opened = statistics.median(times.ours["open"]) * 1_000
    counts = {"bulk": load.bulk, "single": load.single, "proof": load.proofs, "open": 1}
    names = {
        "bulk": f"append in batches of {BATCH}, durable and signed",
        "single": "append one by one, each durable and signed",
        "proof": "inclusion proof at a random place, first time asked",
        "open": f"open a log of {load.bulk + load.single:,} entries",
    }
    bars = [
        Bar(
            name=names[what],
            measured=times.ratio(what),
            unit="× peer",
            at_least=1.0,
            note=times.rate(what, counts[what]),
        )
        for what in names
    ]
    return [
        *bars,
        Bar(name="one inclusion proof", measured=proof, unit="ms", at_most=1.0),
        Bar(name="opening", measured=opened, unit="ms", at_most=1_000.0),
        Bar(
            name="audit of a million entries, reckoned from this log",
            measured=1_000_000 / audit,
            unit="s",
            at_most=10.0,
        ),
    ]


if __name__ == "__main__":
    main()
