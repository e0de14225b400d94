"""What an open container says of itself: tracks, clock, maker, whether browsers play it.

Nothing is demuxed here; the container's own header is all that is read.
"""

from datetime import UTC, datetime
from typing import BinaryIO

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from bodyworn.core.clock import parse_iso
from bodyworn.core.types import Track
from bodyworn.media.opening import pictures_of, sound_of

SANE_YEARS = range(2000, 2100)  # a camera without a clock says 1904, 1970 or 2036
PRE_EVENT_MS = 500  # sound that begins so much later began when the wearer pressed record
MOST_TEXT = 500  # characters of one metadata value
MOST_TEXTS = 40

FAMILIES = {"mov": "mp4", "matroska": "matroska", "avi": "avi", "mpegts": "mpegts"}
# None: not looked at; the profiles named here have no other pixels in practice.
BROWSER_PIXELS = (None, "yuv420p", "yuvj420p")
BROWSER_PROFILES = ("Baseline", "Constrained Baseline", "Main", "High")
BROWSER_SOUND = {"mp4": ("aac", "mp3"), "webm": ("opus", "vorbis")}
WEBM_PICTURES = ("vp8", "vp9", "av1")


def family_of(container: InputContainer) -> str:
    """The container in one word: `mov,mp4,m4a,…` is `mp4`."""
    first = container.format.name.split(",")[0]
    return FAMILIES.get(first, first)


def codec_of(stream: Stream) -> str:
    """FFmpeg's name of the coding (`mp3`), not that of the decoder at hand (`mp3float`)."""
    context = stream.codec_context
    return "unknown" if context is None else str(context.codec.canonical_name)


def track_of(stream: Stream) -> Track:
    """One stream. What FFmpeg has no decoder for still has a kind."""
    return Track(
        kind=stream.type,
        codec=codec_of(stream),
        profile=None if stream.codec_context is None else stream.profile,
        width=_pixels(stream, "width"),
        height=_pixels(stream, "height"),
        frames=stream.frames or None,
        rate_milli=_rate_milli(stream),
        channels=_channels(stream),
        language=None if stream.language in ("", "und") else stream.language,
    )


def _channels(stream: Stream) -> int | None:
    if isinstance(stream, AudioStream) and stream.codec_context is not None:
        return stream.codec_context.layout.nb_channels or None
    return None


def _pixels(stream: Stream, side: str) -> int | None:
    return getattr(stream.codec_context, side, 0) or None


def _rate_milli(stream: Stream) -> int | None:
    if isinstance(stream, AudioStream) and stream.codec_context is not None:
        return stream.codec_context.sample_rate * 1000 or None
    if isinstance(stream, VideoStream) and stream.average_rate:
        return round(stream.average_rate * 1000)
    return None


def duration_ms(container: InputContainer) -> int | None:
    """Of the longest track."""
    return None if container.duration is None else max(container.duration // 1000, 0)


def started_at(container: InputContainer) -> datetime | None:
    """The container's creation time, if its year is one in which cameras are worn."""
    try:
        moment = parse_iso(container.metadata.get("creation_time", ""))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.year in SANE_YEARS else None


def pre_event_ms(container: InputContainer) -> int | None:
    """How much later sound begins than the pictures: cameras start it with the trigger."""
    pictures, sound = _start_ms(pictures_of(container)), _start_ms(sound_of(container))
    if pictures is None or sound is None or sound - pictures < PRE_EVENT_MS:
        return None
    return sound - pictures


def _start_ms(stream: Stream | None) -> int | None:
    if stream is None or stream.start_time is None or stream.time_base is None:
        return None
    return int(stream.start_time * stream.time_base * 1000)


def maker_of(container: InputContainer) -> str | None:
    """Make and model, from the words that phones and cameras use for them."""
    words = {key.lower().rsplit(".", 1)[-1]: text for key, text in container.metadata.items()}
    make = words.get("make") or words.get("manufacturer")
    found = " ".join(filter(None, (make, words.get("model"))))
    handlers = (stream.metadata.get("handler_name", "") for stream in container.streams)
    if not found and any("GoPro" in handler for handler in handlers):
        found = "GoPro"
    return found[:MOST_TEXT].strip() or None


def texts_of(container: InputContainer) -> dict[str, str]:
    """The container's metadata as it stands, cut to a sane size."""
    pairs = list(container.metadata.items())[:MOST_TEXTS]
    return {key[:MOST_TEXT]: text[:MOST_TEXT] for key, text in pairs}


def plays_in_browsers(container: InputContainer, stream: BinaryIO) -> bool:
    """Whether Chromium, Firefox and Safari all play it: H.264 with AAC or MP3 in MP4, or WebM."""
    pictures, sound = pictures_of(container), sound_of(container)
    family = family_of(container)
    if family == "matroska" and _is_webm(stream):
        family = "webm"
    if pictures is None or family not in BROWSER_SOUND:
        return False
    if sound is not None and codec_of(sound) not in BROWSER_SOUND[family]:
        return False
    return is_webm_picture(pictures) if family == "webm" else is_plain_h264(pictures)


def is_plain_h264(pictures: VideoStream) -> bool:
    """8-bit 4:2:0 in one of the profiles that every browser decodes."""
    return (
        codec_of(pictures) == "h264"
        and pictures.codec_context.pix_fmt in BROWSER_PIXELS
        and pictures.profile in BROWSER_PROFILES
    )


def is_webm_picture(pictures: VideoStream) -> bool:
    """8-bit 4:2:0 in one of WebM's codecs."""
    return codec_of(pictures) in WEBM_PICTURES and pictures.codec_context.pix_fmt in BROWSER_PIXELS


def _is_webm(stream: BinaryIO) -> bool:
    """WebM names itself in the EBML header (DocType, RFC 8794 section 11.2.5)."""
    stream.seek(0)
    return b"\x42\x82\x84webm" in stream.read(64)
