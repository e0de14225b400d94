"""Byte ranges out: the reading door against nginx, on the same file, over TLS.

    python -m bench.ranges            five interleaved rounds, about a minute
    python -m bench.ranges --small    a small file and two rounds: does the bench itself run?
    python -m bench.ranges --json     figures and conditions for a machine

What is compared is server CPU a gigabyte (user and system time of all of a server's processes,
from /proc), because wall time on a shared machine says more about the neighbours. One file of
1 GiB of random bytes in the page cache, ranges of 2 MiB at random places, eight connections that
are kept alive, TLS 1.3 with one and the same certificate and cipher. nginx has one worker, sendfile
and the plain bytes; the door checks a signed ticket and the stored size with every request, and
opens what lies sealed, as it always does. Its keys come from the folder: a viewing's keys are
asked for once. The bar: the median of the door is at most 1.3 times the median of nginx. Without
TLS, and across two parts, the figures are for information.
"""

import argparse
import datetime as dt
import os
import random
import socket
import ssl
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.bars import Bar, report
from bodyworn.core.clock import system_clock
from bodyworn.core.digest import Sha256
from bodyworn.custody.certificates import Use, make
from bodyworn.store.keyring import KeyFolder
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Vault
from bodyworn.store.sealed import DataKey
from bodyworn.web.door.ranges import Part, path_of, size_of
from bodyworn.web.door.reading import ReadingDoor
from bodyworn.web.door.reading_server import ReadingConfig, free_port, start
from bodyworn.web.ticket import Ticket, sign

NGINX = "/usr/sbin/nginx"
BAR = 1.3  # the door's CPU a gigabyte over nginx'
RANGE = 2 << 20  # bytes
CONNECTIONS = 8
KEY = bytes(range(32))
VIEW = "ab" * 16
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is asked for."""

    file: int  # bytes
    ranges: int  # requests in one run
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Somebody who serves the file."""

    name: str
    port: int
    path: str  # of the file, with its query
    pid: int  # all descendants count as well
    secure: bool  # TLS
    places: int  # bytes from which a range may begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the load."""

    cpu_per_gb: float  # seconds a 10^9 bytes
    rate: float  # 10^6 bytes a second
    cipher: str | None  # of TLS


Runs = dict[tuple[str, bool], list[Run]]
"""By name of the server and whether it spoke TLS."""


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    chosen = _arguments(argv)
    load = _load(chosen)
    with tempfile.TemporaryDirectory(prefix="bodyworn-bench-") as folder, ExitStack() as stack:
        servers = _servers(stack, Path(folder), load)
        runs = _interleaved(servers, load)
    report("ranges", _bars(runs, load), as_json=chosen.json)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, help="interleaved rounds (5; small: 2)")
    parser.add_argument("--small", action="store_true", help="a 64 MiB file, 64 ranges a run")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(argv)


def _load(chosen: argparse.Namespace) -> Load:
    if chosen.small:
        return Load(file=64 << 20, ranges=64, rounds=chosen.rounds or 2)
    return Load(file=1 << 30, ranges=512, rounds=chosen.rounds or 5)


def _servers(stack: ExitStack, folder: Path, load: Load) -> list[Server]:
    """1. the file 2. the certificate 3. nginx with and without TLS 4. the door, likewise."""
    layout = Layout(folder / "data")
    blob = folder / "master"
    parts = _stored(layout, blob, load.file)
    cert, key = _certificate(folder)
    found: list[Server] = []
    for secure in (True, False):
        found.append(stack.enter_context(_nginx(folder, blob, cert, key, secure=secure)))
        config = ReadingConfig(
            data=layout.root,
            ticket_key=KEY,
            port=free_port(),
            tls_certificate=cert if secure else None,
            tls_key=key if secure else None,
        )
        pid = stack.enter_context(start(config, _door_with_keys)).process.pid
        assert pid is not None
        for name, chain in (("door", parts[1:]), ("door across parts", parts)):
            found.append(
                Server(
                    name=name,
                    port=config.port,
                    path=f"{path_of(chain)}?t={_ticket(chain)}",
                    pid=pid,
                    secure=secure,
                    # A range that begins in the first part goes on in the second.
                    places=size_of(chain) - RANGE if len(chain) == 1 else chain[0][1],
                )
            )
    return found


def _stored(layout: Layout, plain: Path, size: int) -> list[Part]:
    """A short index and a long master, as two parts; both in the page cache afterwards."""
    vault = Vault(layout, KeyFolder(layout.buckets))
    with plain.open("wb") as out:
        for _ in range(size >> 20):
            out.write(random.randbytes(1 << 20))
    with plain.open("rb") as stream:
        kept = [vault.keep_bytes(random.randbytes(50_000)), vault.keep(stream)]
    keys = BirthKeys(layout).release(VIEW, [one.digest for one in kept])
    for one in kept:
        vault.check(one.digest, keys[one.digest])
    return [(one.digest, one.size) for one in kept]


class BirthKeys:
    """Gives the keys with which the blobs were born, without an event."""

    def __init__(self, layout: Layout) -> None:
        """Nothing is read until something is asked for."""
        self._vault = Vault(layout)
        self._ring = KeyFolder(layout.buckets)

    def release(self, _event: str, digests: Sequence[Sha256]) -> dict[Sha256, DataKey]:
        """What the key service does once the log has the event."""
        slots = {digest: self._vault.slot(digest) for digest in digests}
        return {
            digest: DataKey(self._ring.unwrap(slot.bucket, slot.wrapped))
            for digest, slot in slots.items()
        }


def _door_with_keys(config: ReadingConfig) -> ReadingDoor:
    """A module's function, because it runs in another process."""
    layout = Layout(config.data)
    return ReadingDoor(
        Vault(layout),
        BirthKeys(layout),
        ticket_key=config.ticket_key,
        log=layout.log,
        pages_origin=config.pages_origin,
        clock=system_clock,
    )


def _ticket(parts: list[Part]) -> str:
    end = int(time.time()) + 3600
    ticket = Ticket(
        kind="read",
        sender="bench",
        expires_at=end,
        parts=tuple(parts),
        media_type="video/mp4",
        view=VIEW,
    )
    return sign(ticket, KEY)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A self-made one, good for a day."""
    now = dt.datetime.now(dt.UTC)
    hour, day = dt.timedelta(hours=1), dt.timedelta(days=1)
    made = make("bench", Use.SERVER, begins=now - hour, ends=now + day, hosts=["bench"])
    cert_path, key_path = folder / "bench.pem", folder / "bench.key"
    cert_path.write_bytes(made.certificate_pem)
    key_path.write_bytes(made.key_pem)
    return cert_path, key_path


@contextmanager
def _nginx(folder: Path, blob: Path, cert: Path, key: Path, *, secure: bool) -> Iterator[Server]:
    own = folder / f"nginx-{'tls' if secure else 'plain'}"
    own.mkdir()
    port = free_port()
    config = own / "nginx.conf"
    config.write_text(_nginx_config(own, blob, cert, key, port=port, secure=secure))
    command = [NGINX, "-e", str(own / "error.log"), "-p", str(own), "-c", str(config)]
    process = subprocess.Popen(command)
    try:
        _wait_for(port)
        yield Server(
            name="nginx",
            port=port,
            path=f"/{blob.name}",
            pid=process.pid,
            secure=secure,
            places=blob.stat().st_size - RANGE,
        )
    finally:
        process.terminate()
        process.wait(10)


def _nginx_config(own: Path, blob: Path, cert: Path, key: Path, *, port: int, secure: bool) -> str:
    tls = f"ssl_certificate {cert}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;"
    temporary = "".join(
        f"{what}_temp_path {own}/{what};"
        for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Started by root, its worker would change to a user who may not read the blobs.
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""
        {user} daemon off; worker_processes 1; pid {own}/pid;
        events {{ worker_connections 128; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; {temporary}
            server {{
                listen 127.0.0.1:{port}{" ssl" if secure else ""};
                {tls if secure else ""}
                root {blob.parent};
            }}
        }}
    """


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on {port}")


def _interleaved(servers: list[Server], load: Load) -> Runs:
    """Every server once a round, so that a busy minute of the machine hits all of them."""
    runs: Runs = {(s.name, s.secure): [] for s in servers}
    warm_up = Load(file=load.file, ranges=max(load.ranges // 8, CONNECTIONS), rounds=1)
    for server in servers:
        _run(server, warm_up, seed=0)
    for seed in range(1, load.rounds + 1):
        for server in servers:
            runs[server.name, server.secure].append(_run(server, load, seed=seed))
    return runs


def _run(server: Server, load: Load, *, seed: int) -> Run:
    """The same places in the same order for every server of a round."""
    places = random.Random(seed)
    wishes = [places.randrange(server.places) for _ in range(load.ranges)]
    ciphers: list[str | None] = []
    before, begun = _cpu_seconds(server.pid), time.perf_counter()
    _in_threads(lambda lane: ciphers.append(_ask(server, wishes[lane::CONNECTIONS])))
    took = time.perf_counter() - begun
    spent, moved = _cpu_seconds(server.pid) - before, load.ranges * RANGE
    assert len(ciphers) == CONNECTIONS, "a connection failed"
    return Run(cpu_per_gb=spent / moved * 1e9, rate=moved / took / 1e6, cipher=ciphers[0])


def _in_threads(work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(lane,)) for lane in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _ask(server: Server, places: list[int]) -> str | None:
    """Fetch the ranges one after the other on one connection; the cipher's name."""
    buffer = memoryview(bytearray(1 << 16))
    with _connected(server) as wire:
        for place in places:
            wire.sendall(
                f"GET {server.path} HTTP/1.1\r\nHost: bench\r\n"
                f"Range: bytes={place}-{place + RANGE - 1}\r\n\r\n".encode()
            )
            _take(wire, buffer)
        return wire.cipher()[0] if isinstance(wire, ssl.SSLSocket) else None  # type: ignore[index]


def _connected(server: Server) -> socket.socket:
    wire = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    if not server.secure:
        return wire
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Both servers show the certificate that was made a moment ago; its name is not the question.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(wire)


def _take(wire: socket.socket, buffer: memoryview) -> None:
    """One whole answer; its head must be a 206 of the full length."""
    head = b""
    while b"\r\n\r\n" not in head:
        got = wire.recv_into(buffer)
        assert got, "the server hung up"
        head += bytes(buffer[:got])
    head, _, body = head.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 206"), head
    assert f"content-length: {RANGE}".encode() in head.lower(), head
    left = RANGE - len(body)
    while left:
        got = wire.recv_into(buffer, min(left, len(buffer)))
        assert got, "the server hung up"
        left -= got


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its descendants, so far."""
    parents: dict[int, int] = {}
    spent: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(") ")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(fields[1])
            spent[int(entry.name)] = int(fields[11]) + int(fields[12])
    return sum(ticks for one, ticks in spent.items() if _descends(one, pid, parents)) / TICKS


def _descends(pid: int, from_: int, parents: dict[int, int]) -> bool:
    while pid not in (0, from_):
        pid = parents.get(pid, 0)
    return pid == from_


def _bars(runs: Runs, load: Load) -> list[Bar]:
    ciphers = {run.cipher for (_, secure), some in runs.items() if secure for run in some}
    assert len(ciphers) == 1, f"nginx and door chose different ciphers: {ciphers}"
    setting = f"{_setting(load)}; {ciphers.pop()}"
    return [
        _bar(runs, "door", secure=True, at_most=BAR, setting=setting),
        _bar(runs, "door across parts", secure=True),
        _bar(runs, "door", secure=False),
        _bar(runs, "door across parts", secure=False),
    ]


def _bar(
    runs: Runs, name: str, *, secure: bool, at_most: float | None = None, setting: str = ""
) -> Bar:
    """CPU a gigabyte: median over median, of the same rounds."""
    ours, theirs = runs[name, secure], runs["nginx", secure]
    note = f"{name} {_told(ours)}; nginx {_told(theirs)}"
    return Bar(
        name=f"CPU of ranges, {name}{', TLS' if secure else ''}",
        measured=round(_median(ours) / _median(theirs), 3),
        unit="× nginx",
        at_most=at_most,
        note=f"{note}; {setting}" if setting else note,
    )


def _median(runs: list[Run]) -> float:
    return statistics.median(run.cpu_per_gb for run in runs)


def _told(runs: list[Run]) -> str:
    costs = [run.cpu_per_gb for run in runs]
    rate = statistics.median(run.rate for run in runs)
    spread = f"{min(costs):.2f} to {max(costs):.2f}"
    return f"{_median(runs):.3f} CPU s/GB ({spread}), {rate:.0f} MB/s"


def _setting(load: Load) -> str:
    told = subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=True).stderr
    nginx = told.strip().rpartition("/")[2]
    return (
        f"{load.rounds} rounds of {load.ranges} ranges of {RANGE >> 20} MiB of a file of "
        f"{load.file >> 20} MiB, {CONNECTIONS} connections; "
        f"nginx {nginx}, Granian {version('granian')}"
    )


if __name__ == "__main__":
    main()
