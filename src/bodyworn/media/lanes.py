"""How one track gets into a proxy: copied as it is, or decoded and encoded.

A lane takes the packets of its track in file order, writes what comes of them, and counts. Times
are kept exactly, less the moment (`zero`) at which the player's time begins.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, cast

import numpy as np
from av import AudioFrame, Packet, VideoFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from bodyworn.core.errors import SetupError
from bodyworn.media.opening import FAILURES
from bodyworn.media.samples import Numbers

TALLEST = 720  # pixels
X264 = {"preset": "veryfast", "crf": "24"}
OTHERS = {"b": "2M"}  # hardware encoders know no crf
NO_REORDERING = {"bf": "0", "flags": "+cgop"}  # browsers seek badly in anything else
NO_ENCODER = "This FFmpeg has no encoder {}."
FAILS = "The encoder {} does not start on this machine."
SET_IT = "Set `encoder` to libx264, which needs no hardware."
HIGHEST_RATE = 48_000  # samples a second


class Lane(Protocol):
    """One track on its way."""

    @property
    def stream(self) -> Stream:
        """Of the original."""

    seen: int  # packets taken
    written: int  # frames or packets written
    lost: int  # what could not be decoded or written

    def take(self, packet: "Packet[Stream]") -> None:
        """Write what comes of one packet."""

    def finish(self) -> None:
        """Write what is still held back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Times for coded pictures that are copied, in decoding order, in ticks of their track."""

    base: Fraction  # seconds a tick
    shown: Numbers
    decode: Numbers
    duration: Numbers
    key: "np.typing.NDArray[np.bool_]"


class CopiedPictures:
    """Coded pictures as they are, with the times of an `Order`."""

    def __init__(self, out: OutputContainer, stream: VideoStream, order: Order) -> None:
        self.stream = stream
        self.seen = self.written = self.lost = 0
        self._out, self._order = out, order
        self._target = out.add_stream_from_template(stream, opaque=True)

    def take(self, packet: "Packet[Stream]") -> None:
        """Packets come in the order in which they were timed."""
        if not packet.size:
            return
        number, self.seen = self.seen, self.seen + 1
        packet.pts = int(self._order.shown[number])
        packet.dts = int(self._order.decode[number])
        packet.duration = int(self._order.duration[number])
        packet.is_keyframe = bool(self._order.key[number])
        packet.stream = self._target
        self._out.mux(packet)
        self.written += 1

    def finish(self) -> None:
        """Nothing is held back."""


class CopiedSound:
    """Coded sound as it is."""

    def __init__(self, out: OutputContainer, stream: AudioStream, zero: Fraction) -> None:
        self.stream = stream
        self.seen = self.written = self.lost = 0
        self._out = out
        self._zero = round(zero / (stream.time_base or 1))
        self._target = out.add_stream_from_template(stream)

    def take(self, packet: "Packet[Stream]") -> None:
        """A packet without a time cannot be placed."""
        if not packet.size:
            return
        self.seen += 1
        if packet.pts is None or packet.is_corrupt:
            self.lost += 1
            return
        packet.pts -= self._zero
        packet.dts = packet.pts
        packet.stream = self._target
        self._out.mux(packet)
        self.written += 1

    def finish(self) -> None:
        """Nothing is held back."""


class EncodedPictures:
    """Pictures decoded, made upright and small enough, and encoded as H.264."""

    def __init__(
        self,
        out: OutputContainer,
        stream: VideoStream,
        *,
        zero: Fraction,
        encoder: str,
        first: VideoFrame,
    ) -> None:
        self.stream = stream
        self.seen = self.written = self.lost = 0
        self._out = out
        self._zero = round(zero / (stream.time_base or 1))
        self._last: int | None = None
        self._target = _h264(out, stream, encoder, first)

    def take(self, packet: "Packet[Stream]") -> None:
        """A broken packet costs its picture, not the rest."""
        self.seen += bool(packet.size) and not packet.is_discard
        try:
            frames = self.stream.codec_context.decode(packet if packet.size else None)
        except FAILURES:
            return
        for frame in frames:
            self._write(frame)

    def finish(self) -> None:
        """Empty the encoder."""
        self._out.mux(self._target.encode(None))

    def _write(self, frame: VideoFrame) -> None:
        at = frame.pts if frame.pts is not None else frame.dts
        if at is None or (self._last is not None and at <= self._last):
            self.lost += 1
            return
        self._last = at
        context = self._target.codec_context
        picture = upright(frame).reformat(
            width=context.width, height=context.height, format="yuv420p"
        )
        picture.pts, picture.time_base = at - self._zero, context.time_base
        # A decoded frame remembers that it was a B or a key; the encoder would obey.
        picture.pict_type = 0
        self._out.mux(self._target.encode(picture))
        self.written += 1


class EncodedSound:
    """Sound decoded and encoded as AAC, mono or stereo."""

    def __init__(self, out: OutputContainer, stream: AudioStream, zero: Fraction) -> None:
        self.stream = stream
        self.seen = self.written = self.lost = 0
        self._out, self._zero = out, zero
        rate = min(stream.codec_context.sample_rate, HIGHEST_RATE)
        self._target = out.add_stream("aac", rate=rate)
        channels = stream.codec_context.layout.nb_channels
        self._target.codec_context.layout = "mono" if channels == 1 else "stereo"

    def take(self, packet: "Packet[Stream]") -> None:
        """A broken packet is a gap."""
        self.seen += bool(packet.size)
        try:
            for frame in self.stream.codec_context.decode(packet if packet.size else None):
                self._write(frame)
        except FAILURES:
            self.lost += 1

    def finish(self) -> None:
        """Empty the encoder."""
        self._out.mux(self._target.encode(None))

    def _write(self, frame: AudioFrame) -> None:
        if frame.pts is not None and frame.time_base is not None:
            frame.pts -= round(self._zero / frame.time_base)
        self._out.mux(self._target.encode(frame))
        self.written += 1


def upright(frame: VideoFrame) -> VideoFrame:
    """The frame as a player shows it; itself if the camera was not turned."""
    if frame.rotation % 360 == 0:
        return frame
    picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    turned = np.ascontiguousarray(np.rot90(picture, frame.rotation // 90))
    return VideoFrame.from_ndarray(turned, format="rgb24")


def _h264(
    out: OutputContainer, stream: VideoStream, encoder: str, first: VideoFrame
) -> VideoStream:
    rate = stream.average_rate or Fraction(30)
    settings = X264 if encoder == "libx264" else OTHERS
    options = {**settings, **NO_REORDERING, "g": str(min(max(round(rate), 1), 120))}
    try:
        target = cast("VideoStream", out.add_stream(encoder, rate=rate, options=options))
    except ValueError:
        raise SetupError("media.no-encoder", NO_ENCODER.format(encoder), hint=SET_IT) from None
    target.width, target.height = _size(upright(first))
    target.pix_fmt = "yuv420p"
    target.codec_context.time_base = stream.time_base or Fraction(1, 1000)
    try:
        target.codec_context.open()
    except FAILURES:
        raise SetupError("media.encoder-fails", FAILS.format(encoder), hint=SET_IT) from None
    return target


def _size(frame: VideoFrame) -> tuple[int, int]:
    """At most 720 high, the shape kept, both sides even."""
    height = min(frame.height, TALLEST)
    width = frame.width * height / frame.height
    return max(round(width / 2) * 2, 2), max(height // 2 * 2, 2)
