"""Bytes in: the upload door against @tus/server and against a plain loop, with one client.

    python -m bench.upload            five interleaved rounds, a few minutes
    python -m bench.upload --small    less of everything and two rounds: does the bench itself run?
    python -m bench.upload --json     figures and conditions for a machine

Two loads: many (200 files of 10 MB over 8 connections that are kept alive) and one (2 GB over one
connection); a POST and a PATCH a file. The door checks a signed ticket, hashes with SHA-256,
seals, flushes, gives the bytes their name and leaves an arrival note; the peer does none of that.
The plain loop receives, hashes, writes and flushes. Bars: the door's wall time is at most 0.7 of
the peer's and its CPU (user and system, from /proc) at most 0.6; its throughput is at least 0.85
of the plain loop's. The peer is installed by npm from a lock with digests; without npm it is
left out.
"""

import argparse
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.bars import Bar, report
from bench.upload_servers import KEY
from bodyworn.web.ticket import Ticket, sign

HERE = Path(__file__).parent
PEERS = HERE / "peers"
TICKS = os.sysconf("SC_CLK_TCK")
WALL, CPU, LOOP = 0.7, 0.6, 0.85  # the bars
NPM = ("ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is sent to every server in every round."""

    name: str  # `many`, `one`
    files: int
    size: int  # bytes a file
    lanes: int  # connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Somebody who takes files."""

    name: str  # `door`, `@tus/server`, `plain loop`
    port: int
    pid: int
    folder: Path  # where it keeps them; emptied after every run


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One load on one server."""

    wall_s: float
    cpu_s: float
    peak_mib: int  # resident memory of the process, at most


Runs = dict[tuple[str, str], list[Run]]
"""By name of the load and of the server."""


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    chosen = _arguments(argv)
    loads = _loads(small=chosen.small)
    rounds = chosen.rounds or (2 if chosen.small else 5)
    temporary = tempfile.TemporaryDirectory(prefix="bodyworn-bench-", dir=chosen.folder)
    with temporary as folder, ExitStack() as stack:
        runs = _interleaved(_servers(stack, Path(folder)), loads, rounds)
    report("upload", _bars(runs, loads, rounds), as_json=chosen.json)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, help="interleaved rounds (5; small: 2)")
    parser.add_argument("--small", action="store_true", help="40 files of 10 MB, one of 256 MB")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--folder", type=Path, help="on which disk (the temporary folder's)")
    return parser.parse_args(argv)


def _loads(*, small: bool) -> list[Load]:
    many, one = (40, 256_000_000) if small else (200, 2_000_000_000)
    return [
        Load(name="many", files=many, size=10_000_000, lanes=8),
        Load(name="one", files=1, size=one, lanes=1),
    ]


# ---- servers --------------------------------------------------------------------------------


def _servers(stack: ExitStack, folder: Path) -> list[Server]:
    python = (sys.executable, "-m", "bench.upload_servers")
    found = [
        stack.enter_context(_started("door", folder, *python, "door")),
        stack.enter_context(_started("plain loop", folder, *python, "plain")),
        stack.enter_context(_started("granian", folder, *python, "granian")),
    ]
    if _has_peer():
        peer = ("node", str(PEERS / "tus_server.mjs"))
        found.append(stack.enter_context(_started("@tus/server", folder, *peer)))
    return found


def _has_peer() -> bool:
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        print("npm is not installed: the peer is left out", file=sys.stderr)
        return False
    done = subprocess.run([npm, *NPM], cwd=PEERS, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"npm could not install the peer: {done.stderr[-500:]}", file=sys.stderr)
    return done.returncode == 0


@contextmanager
def _started(name: str, folder: Path, *command: str) -> Iterator[Server]:
    own, port = folder / name.replace("/", "-").replace(" ", "-"), _free_port()
    own.mkdir()
    process = subprocess.Popen([*command, str(own), str(port)], cwd=HERE.parent)
    try:
        _wait_for(port)
        yield Server(name=name, port=port, pid=process.pid, folder=own)
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on {port}")


# ---- the client -----------------------------------------------------------------------------


def _interleaved(servers: list[Server], loads: list[Load], rounds: int) -> Runs:
    """Every server once a round, so that a busy minute of the machine hits all of them."""
    runs: Runs = {(load.name, server.name): [] for load in loads for server in servers}
    for server in servers:
        _run(server, Load(name="warm-up", files=8, size=1_000_000, lanes=8))
    for number in range(rounds):
        # Nobody always follows the same neighbour, whose dirty pages may still be on their way.
        order = servers[number % len(servers) :] + servers[: number % len(servers)]
        for load in loads:
            for server in order:
                runs[load.name, server.name].append(_run(server, load))
    return runs


def _run(server: Server, load: Load) -> Run:
    cpu, begun = _cpu_seconds(server.pid), time.perf_counter()
    _in_threads(load.lanes, lambda lane: _bring(server, load, lane))
    wall = time.perf_counter() - begun
    run = Run(wall_s=wall, cpu_s=_cpu_seconds(server.pid) - cpu, peak_mib=_peak(server.pid))
    _empty(server.folder)
    return run


def _in_threads(lanes: int, work: Callable[[int], None]) -> None:
    failed: list[BaseException] = []

    def one(lane: int) -> None:
        try:
            work(lane)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(lane,)) for lane in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _bring(server: Server, load: Load, lane: int) -> None:
    """Every file that falls to this lane, one after the other on one connection."""
    block = memoryview(random.Random(lane).randbytes(1 << 20))
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(lane, load.files, load.lanes):
            path = _create(wire, load.size)
            _send(wire, path, load.size, block)


def _create(wire: socket.socket, size: int) -> str:
    wire.sendall(_head("POST", "/uploads", f"Upload-Length: {size}", "Content-Length: 0"))
    location = _told(wire, 201)["location"]
    return "/uploads/" + location.rpartition("/")[2]


def _send(wire: socket.socket, path: str, size: int, block: memoryview) -> None:
    mine = ("Upload-Offset: 0", "Content-Type: application/offset+octet-stream")
    wire.sendall(_head("PATCH", path, *mine, f"Content-Length: {size}"))
    # No two files are the same, or a store that knows bytes by their digest would have an easy day.
    wire.sendall(os.urandom(32))
    left = size - 32
    while left:
        part = block[: min(left, len(block))]
        wire.sendall(part)
        left -= len(part)
    _told(wire, 204)


def _head(method: str, path: str, *more: str) -> bytes:
    ticket = sign(Ticket(kind="upload", sender="bench", expires_at=int(time.time()) + 600), KEY)
    always = ("Host: bench", "Tus-Resumable: 1.0.0", f"Authorization: Bearer {ticket}")
    return "\r\n".join([f"{method} {path} HTTP/1.1", *always, *more, "", ""]).encode()


def _told(wire: socket.socket, status: int) -> dict[str, str]:
    """The headers of an answer without a body."""
    head = b""
    while b"\r\n\r\n" not in head:
        got = wire.recv(1 << 16)
        assert got, "the server hung up"
        head += got
    lines = head.decode("latin-1").split("\r\n")
    assert lines[0].startswith(f"HTTP/1.1 {status}"), head
    pairs = (line.partition(":") for line in lines[1:] if line)
    return {name.lower(): value.strip() for name, _, value in pairs}


def _empty(folder: Path) -> None:
    """Take every file away, so that nobody writes back what nobody needs; folders stay."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _peak(pid: int) -> int:
    found = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in line
    ]
    return int(found[0].split()[1]) >> 10


# ---- figures --------------------------------------------------------------------------------


def _bars(runs: Runs, loads: list[Load], rounds: int) -> list[Bar]:
    bars = []
    for load in loads:
        found = {name: some for (of, name), some in runs.items() if of == load.name}
        note = f"{load.files} x {load.size / 1e6:.0f} MB, {load.lanes} connections, {rounds} rounds"
        bars += _against_peer(load, found, note) if "@tus/server" in found else []
        ratio = _median(found["plain loop"], "wall_s") / _median(found["door"], "wall_s")
        bars.append(_against_granian(load, found))
        bars.append(
            Bar(
                name=f"throughput, {load.name}",
                measured=round(ratio, 3),
                unit="× plain loop",
                at_least=LOOP,
                note=_told_of("plain loop", found, load),
            )
        )
    return bars


def _against_peer(load: Load, found: dict[str, list[Run]], note: str) -> list[Bar]:
    figures = f"{_told_of('door', found, load)}; {_told_of('@tus/server', found, load)}; {note}"
    return [
        _ratio(f"wall time, {load.name}", found, "wall_s", at_most=WALL, note=figures),
        _ratio(f"server CPU, {load.name}", found, "cpu_s", at_most=CPU),
    ]


def _against_granian(load: Load, found: dict[str, list[Run]]) -> Bar:
    """The other way to build a door, doing the least; for information."""
    ratio = _median(found["door"], "cpu_s") / _median(found["granian"], "cpu_s")
    return Bar(
        name=f"server CPU, {load.name}, against Granian's native interface",
        measured=round(ratio, 3),
        unit="× granian",
        note=_told_of("granian", found, load),
    )


def _ratio(
    name: str, found: dict[str, list[Run]], what: str, *, at_most: float, note: str = ""
) -> Bar:
    measured = _median(found["door"], what) / _median(found["@tus/server"], what)
    return Bar(name=name, measured=round(measured, 3), unit="× peer", at_most=at_most, note=note)


def _told_of(name: str, found: dict[str, list[Run]], load: Load) -> str:
    runs, gigabytes = found[name], load.files * load.size / 1e9
    walls = [run.wall_s for run in runs]
    return (
        f"{name} {_median(runs, 'wall_s'):.2f} s ({min(walls):.2f} to {max(walls):.2f}), "
        f"{_median(runs, 'cpu_s') / gigabytes:.2f} CPU s/GB, peak {runs[-1].peak_mib} MiB"
    )


def _median(runs: list[Run], what: str) -> float:
    return float(statistics.median(getattr(run, what) for run in runs))


if __name__ == "__main__":
    main()
