"""Small real files of many containers and codecs, made by FFmpeg's own encoders, and bad ones.

`make_corpus(folder)` writes the good ones, `make_bad_files(folder)` the others. Every picture
carries its number as black and white bars, so that a test can read which frame it sees.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from bodyworn.core.terms import Condition

WIDTH, HEIGHT, BITS = 160, 120, 8
TICKS = 1000  # a second, for footage with times of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One file and what is true of it."""

    name: str
    path: Path
    frames: int | None  # pictures in it; None where nothing can be read
    sound: bool = False
    browsers: bool = False  # browsers play it and find every frame, by an index if need be
    fragmented: bool = False
    condition: Condition = Condition.PLAYABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one good file is written."""

    name: str  # with its ending
    video: str | None = "libx264"
    pixels: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    times_ms: Sequence[int] = tuple(n * 1000 // 15 for n in range(20))
    sound: str | None = None
    sound_from_ms: int = 0
    silent_until_ms: int = 0
    muxer: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    quarter_turn: bool = False
    size: tuple[int, int] = (WIDTH, HEIGHT)
    browsers: bool = False
    fragmented: bool = False


STEADY = tuple(n * 1000 // 15 for n in range(20))
UNEVEN = (0, 40, 80, 200, 233, 266, 300, 500, 900, 933, 966, 1000, 1040, 1100, 1101, 1300, 1500)
B_FRAMES = {"bf": "3", "g": "8", "b_strategy": "0"}
OPEN_GOP = {"x264-params": "open-gop=1:keyint=8:bframes=3:b-adapt=0:scenecut=0:min-keyint=8"}
SILENT_265 = {"x265-params": "log-level=error:keyint=8:frame-threads=1:pools=1"}
PIECES = "frag_keyframe+empty_moov+default_base_moof"

GOOD = (
    Recipe(name="plain.mp4", sound="aac", browsers=True, muxer={"movflags": "faststart"}),
    Recipe(name="index-last.mp4", sound="aac", browsers=True),
    Recipe(name="silent.mp4", options=B_FRAMES, browsers=True),
    Recipe(name="b-frames.mp4", options=B_FRAMES, sound="aac", browsers=True),
    Recipe(name="open-gop.mp4", options=OPEN_GOP, sound="aac"),
    Recipe(name="uneven.mp4", times_ms=UNEVEN, sound="aac", browsers=True),
    Recipe(name="uneven-b-frames.mp4", times_ms=UNEVEN, options=B_FRAMES, sound="aac"),
    Recipe(name="baseline.mp4", options={"profile": "baseline", "g": "5"}, browsers=True),
    Recipe(
        name="video-later.mp4",
        times_ms=[t + 500 for t in STEADY],
        options=B_FRAMES,
        sound="aac",
        browsers=True,
    ),
    Recipe(name="starts-at-2s.mp4", times_ms=[t + 2000 for t in STEADY], browsers=True),
    Recipe(name="sound-later.mp4", sound="aac", sound_from_ms=700, browsers=True),
    Recipe(name="quiet-start.mp4", sound="aac", silent_until_ms=800, browsers=True),
    Recipe(name="turned.mp4", quarter_turn=True, sound="aac", browsers=True),
    Recipe(name="mp3.mp4", sound="libmp3lame", browsers=True),
    Recipe(
        name="told.mp4",
        sound="aac",
        browsers=True,
        metadata={
            "creation_time": "2026-04-12T22:41:07Z",
            "location": "+51.4613-000.1156/",
            "comment": "front entrance",
        },
    ),
    Recipe(name="ten-bit.mp4", pixels="yuv420p10le", sound="aac"),
    Recipe(name="h265.mp4", video="libx265", options=SILENT_265, sound="aac"),
    Recipe(name="h265-ten-bit.mp4", video="libx265", pixels="yuv420p10le", options=SILENT_265),
    Recipe(name="mpeg4.mp4", video="mpeg4", options={"bf": "2"}, sound="aac"),
    Recipe(name="plain.mov", sound="aac", options=B_FRAMES, browsers=True),
    Recipe(name="pictures.mov", video="mjpeg", pixels="yuvj420p", sound="pcm_s16le"),
    Recipe(name="h265.mov", video="libx265", options=SILENT_265),
    Recipe(name="plain.mkv", sound="aac", options=B_FRAMES),
    Recipe(name="h265.mkv", video="libx265", options=SILENT_265, sound="libopus"),
    Recipe(name="uneven.mkv", times_ms=UNEVEN),
    Recipe(
        name="vp9.webm",
        video="libvpx-vp9",
        options={"deadline": "realtime", "cpu-used": "8"},
        sound="libopus",
        browsers=True,
    ),
    Recipe(
        name="vp8.webm",
        video="libvpx",
        options={"deadline": "realtime", "cpu-used": "8"},
        browsers=True,
    ),
    Recipe(name="mpeg4.avi", video="mpeg4", sound="libmp3lame"),
    Recipe(name="pictures.avi", video="mjpeg", pixels="yuvj420p", sound="pcm_s16le"),
    Recipe(name="h264.avi", sound="libmp3lame"),
    Recipe(name="plain.ts", sound="aac", options=B_FRAMES),
    Recipe(name="h265.ts", video="libx265", options=SILENT_265),
    Recipe(name="mpeg2.ts", video="mpeg2video", sound="mp2"),
    Recipe(
        name="pieces.mp4",
        sound="aac",
        options={"g": "5"},
        muxer={"movflags": PIECES},
        browsers=True,
        fragmented=True,
    ),
    Recipe(
        name="pieces-b-frames.mp4",
        sound="aac",
        options=B_FRAMES,
        muxer={"movflags": PIECES},
        browsers=True,
        fragmented=True,
    ),
    Recipe(
        name="pieces-delayed.mp4",
        sound="aac",
        options=B_FRAMES,
        muxer={"movflags": "frag_keyframe+delay_moov"},
        browsers=True,
        fragmented=True,
    ),
    Recipe(
        name="pieces-absolute.mp4",
        options={"g": "5"},
        sound="aac",
        muxer={"movflags": "frag_keyframe+empty_moov"},
        browsers=True,
        fragmented=True,
    ),
    Recipe(
        name="pieces-apart.mp4",
        options=B_FRAMES,
        sound="aac",
        muxer={"movflags": PIECES + "+separate_moof"},
        browsers=True,
        fragmented=True,
    ),
    Recipe(
        name="pieces-open-gop.mp4",
        options=OPEN_GOP,
        sound="aac",
        muxer={"movflags": PIECES},
        browsers=True,
        fragmented=True,
    ),
    Recipe(
        name="pieces-cmaf.mp4",
        options=B_FRAMES,
        muxer={"movflags": "frag_keyframe+empty_moov+cmaf"},
        browsers=True,
        fragmented=True,
    ),
    Recipe(
        name="pieces-dash.mp4",
        options=B_FRAMES,
        times_ms=UNEVEN,
        muxer={"movflags": "frag_keyframe+delay_moov+dash+global_sidx"},
        browsers=True,
        fragmented=True,
    ),
)


def make_corpus(folder: Path, recipes: Sequence[Recipe] = GOOD) -> list[Sample]:
    """Write the good files. All of them are about a second and a half, 160 by 120."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_written(folder / recipe.name, recipe) for recipe in recipes]


def recipe_named(name: str) -> Recipe:
    """One of the good ones."""
    return next(recipe for recipe in GOOD if recipe.name == name)


def picture(number: int, *, size: tuple[int, int] = (WIDTH, HEIGHT)) -> np.ndarray:
    """RGB: the number as bars, its lowest bit leftmost, above a slow slope."""
    width, height = size
    image = np.empty((height, width, 3), np.uint8)
    image[:] = np.linspace(40, 200, width, dtype=np.uint8)[None, :, None]
    bar = width // BITS
    for bit in range(BITS):
        image[: height // 2, bit * bar : (bit + 1) * bar] = 235 * (number >> bit & 1)
    return image


def number_in(image: np.ndarray) -> int:
    """Read the bars back from grey or RGB."""
    grey = image if image.ndim == 2 else image.mean(axis=2)
    height, width = grey.shape
    bar, row = width // BITS, height // 4
    return sum((grey[row, bit * bar + bar // 2] > 110) << bit for bit in range(BITS))


def _written(path: Path, recipe: Recipe) -> Sample:
    with av.open(str(path), "w", options=recipe.muxer) as out:
        out.metadata.update(recipe.metadata)
        _write_streams(out, recipe)
    if recipe.quarter_turn:
        turn_quarter(path)
    return Sample(
        name=recipe.name,
        path=path,
        frames=len(recipe.times_ms) if recipe.video else None,
        sound=recipe.sound is not None,
        browsers=recipe.browsers,
        fragmented=recipe.fragmented,
    )


def _write_streams(out: OutputContainer, recipe: Recipe) -> None:
    video = _video_stream(out, recipe) if recipe.video else None
    sound = _sound_stream(out, recipe.sound) if recipe.sound else None
    if video:
        for number, at in enumerate(recipe.times_ms):
            frame = av.VideoFrame.from_ndarray(picture(number, size=recipe.size), format="rgb24")
            frame = frame.reformat(format=recipe.pixels)
            frame.pts, frame.time_base = _stamp(at, video), video.codec_context.time_base
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    if sound:
        for block in _tone(sound, recipe):
            out.mux(sound.encode(block))
        out.mux(sound.encode(None))


def _stamp(at_ms: int, video: VideoStream) -> int:
    return round(Fraction(at_ms, 1000) / video.codec_context.time_base)


def _video_stream(out: OutputContainer, recipe: Recipe) -> VideoStream:
    options = dict(recipe.options)
    if recipe.video == "libx264":
        options = {"preset": "ultrafast", "threads": "1", "g": "8", **options}
    stream = cast("VideoStream", out.add_stream(str(recipe.video), rate=15, options=options))
    (stream.width, stream.height), stream.pix_fmt = recipe.size, recipe.pixels
    even = recipe.video in ("mpeg2video", "mpeg4", "mjpeg") or recipe.name.endswith(".avi")
    stream.codec_context.time_base = Fraction(1, 15) if even else Fraction(1, TICKS)
    if recipe.name.endswith((".mp4", ".mov")) and recipe.video == "libx265":
        stream.codec_context.codec_tag = "hvc1"
    return stream


def _sound_stream(out: OutputContainer, codec: str) -> AudioStream:
    stream = cast("AudioStream", out.add_stream(codec, rate=48000))
    stream.codec_context.layout = "mono"
    return stream


def _tone(stream: AudioStream, recipe: Recipe) -> Iterator[av.AudioFrame]:
    """A 440 Hz tone at half of full scale in blocks of 1,024 samples, as s16."""
    rate, block = 48000, 1024
    resampler = av.AudioResampler(stream.codec_context.format.name, "mono", rate)
    for start in range(0, rate * 3 // 2, block):
        at = (np.arange(start, start + block)) / rate
        wave = np.where(at * 1000 < recipe.silent_until_ms, 0, np.sin(2 * np.pi * 440 * at))
        samples = (wave * 16384).astype(np.int16)[None, :]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = start + recipe.sound_from_ms * rate // 1000
        yield from resampler.resample(frame)


def turn_quarter(path: Path) -> None:
    """Set the picture's track header matrix to 90 degrees clockwise (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def make_bad_files(folder: Path) -> list[Sample]:
    """Empty, cut, mislabelled, hollow and foreign files."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = _written(folder / "whole.mp4", recipe_named("b-frames.mp4")).path.read_bytes()
    front = _written(folder / "front.mp4", recipe_named("plain.mp4")).path.read_bytes()
    pieces = _written(folder / "pieces.mp4", recipe_named("pieces.mp4")).path.read_bytes()
    matroska = _written(folder / "whole.mkv", recipe_named("plain.mkv")).path.read_bytes()
    avi = _written(folder / "whole.avi", recipe_named("mpeg4.avi")).path.read_bytes()
    stream = _written(folder / "whole.ts", recipe_named("plain.ts")).path.read_bytes()
    contents = {
        "empty.mp4": b"",
        "one-byte.mp4": b"\0",
        "words.mp4": b"This is a statement, not a recording.\n" * 40,
        "zip.mp4": b"PK\x03\x04" + bytes(2000),
        "playlist.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n",
        "list.mp4": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        "noise.mp4": np.random.default_rng(7).bytes(60_000),
        "index-lost.mp4": whole[: len(whole) // 2],
        "half.mp4": front[: len(front) * 2 // 3],
        "half-pieces.mp4": pieces[: len(pieces) * 2 // 3],
        "half.mkv": matroska[: len(matroska) * 2 // 3],
        "half.avi": avi[: len(avi) * 2 // 3],
        "half.ts": stream[: len(stream) * 2 // 3 // 188 * 188 + 50],
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    _sparse(folder / "sparse.mp4")
    _hollow(folder / "hollow.mp4")
    (folder / "really-mp4.avi").write_bytes(whole)
    return [
        *(_bad(folder, name, Condition.NOT_VIDEO) for name in list(contents)[:7]),
        _bad(folder, "sparse.mp4", Condition.NOT_VIDEO),
        _bad(folder, "index-lost.mp4", Condition.UNREADABLE),
        _bad(folder, "hollow.mp4", Condition.UNREADABLE),
        *(_bad(folder, name, Condition.DAMAGED) for name in list(contents)[8:]),
        _bad(folder, "really-mp4.avi", Condition.PLAYABLE),
        _sound_alone(folder / "sound.m4a"),
    ]


def _bad(folder: Path, name: str, condition: Condition) -> Sample:
    return Sample(name=name, path=folder / name, frames=None, condition=condition)


def _sound_alone(path: Path) -> Sample:
    _written(path, Recipe(name=path.name, video=None, sound="aac"))
    return _bad(path.parent, path.name, Condition.NOT_VIDEO)


def _sparse(path: Path) -> None:
    """4 GiB that take no room on the disk."""
    with path.open("wb") as file:
        file.truncate(4 << 30)


def _hollow(path: Path) -> None:
    """A track that was opened and never got a picture: the camera's button was pressed twice."""
    with av.open(str(path), "w", options={"movflags": "empty_moov"}) as out:
        _video_stream(out, recipe_named("plain.mp4"))
        out.start_encoding()
