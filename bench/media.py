"""Probe, frame times, picture strip, sound strip and index against FFmpeg's own programs.

    python -m bench.media            five interleaved rounds over a 20-second clip
    python -m bench.media --small    a 4-second clip and two rounds: does the bench itself run?
    python -m bench.media --json     figures and conditions for a machine

The clip is 1280 by 720 at 30 frames a second, noisy like a camera at night, 4.2 Mb/s, a key every
two seconds, with AAC sound. Peers are `ffprobe` and `ffmpeg` from the system, started as a
process each time, as most software does; ours run in the worker that is already there. The
strip's second peer is the common recipe that decodes every frame.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from shutil import which

import av
import numpy as np

from bench.bars import Bar, report
from bodyworn.media.frames import frame_times
from bodyworn.media.index import index_head
from bodyworn.media.probe import probe
from bodyworn.media.sound import sound_strip
from bodyworn.media.strip import picture_strip

RATE = 30  # frames a second
WIDTH, HEIGHT = 1280, 720
PIECES = "frag_keyframe+empty_moov+default_base_moof"
QUIET = ("-v", "error", "-nostdin")


@dataclass(frozen=True, slots=True)
class Race:
    """One comparison: what we do, what the peer does, and how many times faster is asked."""

    name: str
    ours: Callable[[], object]
    peer: Callable[[], object]
    at_least: float | None


def main(argv: Sequence[str] | None = None) -> None:
    """Make the clip, race, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a short clip and two rounds")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args(argv)
    seconds, rounds = (4, 2) if chosen.small else (20, 5)
    with tempfile.TemporaryDirectory(prefix="bw-bench-") as folder:
        whole = make_clip(Path(folder) / "whole.mp4", seconds, {"movflags": "faststart"})
        pieces = make_clip(Path(folder) / "pieces.mp4", seconds, {"movflags": PIECES})
        bars = [measured(race, rounds) for race in races(whole, pieces, Path(folder))]
    report("media", bars, as_json=chosen.json)


def make_clip(path: Path, seconds: int, muxer: dict[str, str]) -> Path:
    """A street at night: a slow slope, a moving light, and noise in every picture."""
    random = np.random.default_rng(7)
    settings = {"preset": "veryfast", "g": str(2 * RATE), "bf": "0", "sc_threshold": "0"}
    with av.open(str(path), "w", options=muxer) as out:
        options = {**settings, "b": "4200k", "maxrate": "4200k", "bufsize": "8400k"}
        video = out.add_stream("libx264", rate=RATE, options=options)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = out.add_stream("aac", rate=48_000)
        sound.codec_context.layout = "mono"
        for number in range(seconds * RATE):
            frame = av.VideoFrame.from_ndarray(_street(random, number), format="gray8")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(video.encode(frame))
            out.mux(sound.encode(_voice(random, number)))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    return path


def _street(random: np.random.Generator, number: int) -> np.ndarray:
    picture = np.linspace(20, 140, WIDTH, dtype=np.float32)[None, :].repeat(HEIGHT, 0)
    left = number * 6 % (WIDTH - 200)
    picture[250:470, left : left + 200] += 80
    picture += random.integers(-9, 10, (HEIGHT, WIDTH), dtype=np.int8)
    return picture.clip(0, 255).astype(np.uint8)


def _voice(random: np.random.Generator, number: int) -> av.AudioFrame:
    size = 48_000 // RATE
    samples = random.integers(-6000, 6000, (1, size), dtype=np.int16)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, number * size, Fraction(1, 48_000)
    return frame


def races(whole: Path, pieces: Path, folder: Path) -> list[Race]:
    """All of them; without FFmpeg's programs there is no peer and no race."""
    if not (which("ffmpeg") and which("ffprobe")):
        return []
    sprite, remuxed = str(folder / "peer.jpg"), str(folder / "peer.mp4")
    tile = "scale=-2:54,tile=120x1"

    def ours_all() -> None:
        probe(whole, name=whole.name)
        frame_times(whole)
        picture_strip(whole)

    def peer_all() -> None:
        _run("ffprobe", "-v", "error", "-show_streams", "-show_format", str(whole))
        entries = ("-select_streams", "v", "-show_entries", "packet=pts,duration,flags")
        _run("ffprobe", "-v", "error", *entries, str(whole))
        keys = ("-skip_frame", "nokey", "-i", str(whole), "-fps_mode", "vfr")
        _run("ffmpeg", *QUIET, *keys, "-vf", tile, "-frames:v", "1", "-y", sprite)

    def peer_strip() -> None:
        picked = f"fps=1/2,{tile}"
        _run("ffmpeg", *QUIET, "-i", str(whole), "-vf", picked, "-frames:v", "1", "-y", sprite)

    def peer_sound() -> None:
        wave = ("-filter_complex", "showwavespic=s=800x60", "-frames:v", "1", "-y", sprite)
        _run("ffmpeg", *QUIET, "-i", str(whole), *wave)

    def peer_index() -> None:
        copy = ("-c", "copy", "-movflags", "+faststart", "-y", remuxed)
        _run("ffmpeg", *QUIET, "-i", str(pieces), *copy)

    return [
        Race("probe, frame times and strip, against ffprobe and ffmpeg", ours_all, peer_all, 3.0),
        Race("strip, against decoding all of it", lambda: picture_strip(whole), peer_strip, 8.0),
        Race("sound strip, against showwavespic", lambda: sound_strip(whole), peer_sound, None),
        Race("index, against a copy that has one", lambda: index_head(pieces), peer_index, None),
    ]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def measured(race: Race, rounds: int) -> Bar:
    """Interleaved rounds after one that nobody counts; medians."""
    race.ours()
    race.peer()
    times = [(_seconds(race.ours), _seconds(race.peer)) for _ in range(rounds)]
    ours, peer = (statistics.median(each) for each in zip(*times, strict=True))
    return Bar(
        name=race.name,
        measured=peer / ours,
        unit="× peer",
        at_least=race.at_least,
        note=f"ours {ours * 1000:.1f} ms, peer {peer * 1000:.1f} ms",
    )


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
