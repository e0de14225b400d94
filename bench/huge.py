"""A log of 100 million entries: how long it takes to open, to prove one, and to append one.

    python -m bench.huge                      100 million entries, about 6 GB below --folder
    python -m bench.huge --entries 1000000    a smaller one

The log is built from encoded leaves, not by waiting: two processes write bundles and tiles as
`custody.growth` names them, each a range of 65,536 entries, and the head over all of them is
signed. Every tile is the true one. What is measured begins with a log that nobody has opened.
"""

import argparse
import random
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from bench.bars import Bar, report
from bodyworn.custody.checkpoint import make
from bodyworn.custody.edge import WIDTH, RightEdge
from bodyworn.custody.growth import Head, NamedFile, grow, partial_files
from bodyworn.custody.log import Log
from bodyworn.custody.note import Signer
from bodyworn.custody.published import CHECKPOINT
from bodyworn.custody.tiles import encode_entries, tile_path
from bodyworn.custody.tree import leaf_hash, root_of, verify_inclusion

ORIGIN = "bench.example/log"
RANGE = WIDTH * WIDTH  # entries that one worker does in one go: one tile of level 1
PROOFS = 200


def main(argv: list[str] | None = None) -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--entries", type=int, default=100_000_000)
    parser.add_argument("--folder", type=Path, help="where to build it; else a temporary one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bw-bench-", dir=chosen.folder) as name:
        folder, signer = Path(name) / "log", Signer.generate(ORIGIN)
        began = time.perf_counter()
        build(folder, chosen.entries, signer)
        took = time.perf_counter() - began
        bars = measure(folder, chosen.entries, signer, note=f"built in {took:,.0f} s")
    report(f"huge: {chosen.entries:,} entries", bars, as_json=chosen.json)


def build(folder: Path, entries: int, signer: Signer) -> None:
    """Write the whole log, its checkpoint last."""
    full, rest = divmod(entries, RANGE)
    with ProcessPoolExecutor(2) as pool:
        roots = list(pool.map(_write_range, [folder] * full, range(full)))
    upper = [roots[at : at + WIDTH] for at in range(0, full - WIDTH + 1, WIDTH)]
    for place, row in enumerate(upper):
        _write(folder, [(tile_path(2, place), b"".join(row))])
    rows = [[], [], roots[len(upper) * WIDTH :], [root_of(row) for row in upper]]
    head = Head(None, RightEdge(full * RANGE, rows if full else []))
    last = list(_entries(full * RANGE, rest))
    grown = grow(head, last, encode_entries(last))
    _write(folder, [*grown.finished, *partial_files(grown.edge, grown.tail)])
    checkpoint = make(ORIGIN, entries, grown.edge.root(), signer=signer)
    _write(folder, [(CHECKPOINT, checkpoint.note_text.encode())])


def measure(folder: Path, entries: int, signer: Signer, *, note: str) -> list[Bar]:
    """Open it, prove entries at random places, append one."""
    began = time.perf_counter()
    log = Log(folder, origin=ORIGIN, signer=signer)
    opened = time.perf_counter() - began
    chance, times = random.Random(4471), list[float]()
    checkpoint = log.checkpoint()
    assert checkpoint
    for index in [chance.randrange(entries) for _ in range(PROOFS)]:
        began = time.perf_counter()
        path = log.prove_inclusion(index)
        times.append(time.perf_counter() - began)
        leaf = leaf_hash(next(_entries(index, 1)))
        verify_inclusion(leaf, path, index=index, size=entries, root=checkpoint.root)
    began = time.perf_counter()
    log.integrate([b"one more"], from_index=entries, now=datetime.now(UTC))
    appended = time.perf_counter() - began
    middle, worst = statistics.median(times) * 1_000, max(times) * 1_000
    return [
        Bar(name="opening", measured=opened, unit="s", at_most=1.0, note=note),
        Bar(
            name="inclusion proof, median, each place once", measured=middle, unit="ms", at_most=5.0
        ),
        Bar(name="inclusion proof, slowest", measured=worst, unit="ms"),
        Bar(name="appending one entry, the first", measured=appended * 1_000, unit="ms"),
    ]


def _write_range(folder: Path, number: int) -> bytes:
    """65,536 entries as bundles and tiles; answers the root over them."""
    some = list(_entries(number * RANGE, RANGE))
    head = Head(None, RightEdge(number * RANGE, [[], [], []]))
    grown = grow(head, some, encode_entries(some))
    _write(folder, grown.finished)
    return grown.edge.rows[2][0]


def _entries(first: int, count: int) -> "map[bytes]":
    return map(b"%d".__mod__, range(first, first + count))


def _write(folder: Path, files: list[NamedFile]) -> None:
    made: set[Path] = set()
    for name, data in files:
        path = folder / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
