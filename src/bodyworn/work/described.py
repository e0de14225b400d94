"""What is known about an arrival before anything is written: claims weighed, text made safe.

Manifest, file and clock may disagree, and each may be hostile. Pure: an Arrival and a Probe in,
the columns of a row out. Writing them is `work.ingest`'s.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from bodyworn.core.clock import iso
from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import Condition
from bodyworn.core.types import Arrival, Manifest, Place, Probe, Track
from bodyworn.devices import gpstrail

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # a camera without a clock says 1904, 1970 or 1980
AHEAD = timedelta(days=1)  # how far a camera's clock may be in front of ours
LONGEST = timedelta(days=30)  # what claims to be longer does not know how long it is
VAGUEST = 20_000_000.0  # metres; half-way round the earth, a fix says nothing
FASTEST = 10_000.0  # metres a second; nothing that carries a camera comes near
LONGEST_REASON = 400  # characters
LONGEST_TEXT = 1000  # characters of any text inside a file
LONGEST_NAME = 200  # characters

MEDIA_TYPES = {
    "avi": "video/x-msvideo",
    "matroska": "video/matroska",
    "mp4": "video/mp4",
    "mpegts": "video/mp2t",
    "webm": "video/webm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One arrival, as far as it can be known."""

    arrival: Arrival  # its manifest in plain text
    probe: Probe  # what the file itself says
    started_at: datetime  # UTC
    started_at_source: str  # whose word that is: `camera`, `container` or `arrival`
    triggered_at: datetime | None  # UTC
    ended_at: datetime  # UTC, not before started_at
    duration_ms: int  # 0 where nobody knows
    track: tuple[Place, ...]  # positions, in order of time
    unread: tuple[str, ...]  # names of sidecars that could not be understood

    @property
    def manifest(self) -> Manifest:
        """What the sender said."""
        return self.arrival.manifest

    @property
    def media_type(self) -> str:
        """Of the master."""
        return MEDIA_TYPES.get(self.probe.container or "", "application/octet-stream")

    @property
    def digest_agreed(self) -> bool | None:
        """Whether the bytes are those that the sender named; None where it named none."""
        claimed = self.manifest.sha256
        return None if claimed is None else claimed == self.arrival.sha256

    @property
    def doubt(self) -> str:
        """Why this is no ordinary recording, in a sentence; empty where it is one."""
        if self.digest_agreed is False:
            return "The bytes that arrived are not those that the sender named."
        return "" if self.probe.condition is Condition.PLAYABLE else self.probe.reason


def describe(arrival: Arrival, probe: Probe, trails: Sequence[tuple[str, bytes]] = ()) -> Described:
    """Weigh what sender and file say; `trails` are names and bytes of those that lay beside it.

    Never raises on their words.
    """
    arrival = replace(arrival, manifest=_plain_manifest(arrival.manifest))
    manifest, latest = arrival.manifest, arrival.received_at + AHEAD
    duration_ms = _duration(probe, manifest)
    length = timedelta(milliseconds=duration_ms)
    started_at, source = _start(manifest, probe, arrival.received_at - length, latest)
    track, unread = _track(trails, probe)
    return Described(
        arrival=arrival,
        probe=probe,
        started_at=started_at,
        started_at_source=source,
        triggered_at=_trigger(manifest, probe, started_at, latest),
        ended_at=_end(manifest, started_at, length, latest),
        duration_ms=duration_ms,
        track=track,
        unread=unread,
    )


def is_trail(name: str) -> bool:
    """Whether a sidecar of this name says where the camera was."""
    return name.lower().endswith(gpstrail.SUFFIX)


def plain(text: str, longest: int = LONGEST_NAME) -> str:
    """Text that every database and every page can hold: no control characters, no half ones.

    >>> plain("Brixton\\x00 Road")
    'Brixton Road'
    """
    whole = text.encode("utf-8", "replace").decode()
    return "".join(c for c in whole if c.isprintable()).strip()[:longest]


def reason_of(probe: Probe) -> str:
    """The verdict's sentence, as wide as its column."""
    return plain(probe.reason, LONGEST_REASON)


def probe_as_json(probe: Probe) -> dict[str, Any]:
    """The whole probe but for its places, which are rows of their own; every text plain."""
    facts = asdict(replace(probe, places=()))
    del facts["places"]
    facts["started_at"] = iso(probe.started_at) if probe.started_at else None
    return {name: _plain_json(value) for name, value in facts.items()}


def video_text(probe: Probe) -> str:
    """The first video track in a few words: `h264 High 1280×720`."""
    track = _first(probe, "video")
    if track is None:
        return ""
    size = f"{track.width}×{track.height}" if track.width and track.height else ""
    return plain(" ".join(filter(None, (track.codec, track.profile, size))), 120)


def audio_text(probe: Probe) -> str:
    """The first sound track in a few words: `aac 24000 Hz`."""
    track = _first(probe, "audio")
    if track is None:
        return ""
    rate = f"{track.rate_milli // 1000} Hz" if track.rate_milli else ""
    return plain(" ".join(filter(None, (track.codec, rate))), 120)


def _plain_json(value: Any) -> Any:
    match value:
        case str():
            return plain(value, LONGEST_TEXT)
        case dict():
            return {plain(key): _plain_json(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain_json(inner) for inner in value]
        case _:
            return value


def _first(probe: Probe, kind: str) -> Track | None:
    return next((track for track in probe.tracks if track.kind == kind), None)


def _plain_manifest(manifest: Manifest) -> Manifest:
    """A name from a file system may hold bytes that are no text at all."""
    values = {f.name: getattr(manifest, f.name) for f in fields(manifest)}
    texts = {name: plain(value) for name, value in values.items() if isinstance(value, str)}
    kept: dict[str, Any] = {name: text or None for name, text in texts.items()}
    return replace(manifest, **{**kept, "filename": texts["filename"] or "unnamed"})


def _duration(probe: Probe, manifest: Manifest) -> int:
    """The file's own word, else the camera's, in milliseconds."""
    length = probe.duration_ms
    if length is None and manifest.started_at and manifest.ended_at:
        length = (manifest.ended_at - manifest.started_at) // timedelta(milliseconds=1)
    known = length is not None and 0 <= length <= LONGEST // timedelta(milliseconds=1)
    return length if length is not None and known else 0


def _start(
    manifest: Manifest, probe: Probe, otherwise: datetime, latest: datetime
) -> tuple[datetime, str]:
    if _is_sane(manifest.started_at, latest):
        return manifest.started_at, "camera"
    if _is_sane(probe.started_at, latest):
        return probe.started_at, "container"
    return otherwise, "arrival"


def _trigger(
    manifest: Manifest, probe: Probe, started_at: datetime, latest: datetime
) -> datetime | None:
    if _is_sane(manifest.triggered_at, latest) and manifest.triggered_at >= started_at:
        return manifest.triggered_at
    if probe.pre_event_ms is None:
        return None
    return started_at + timedelta(milliseconds=min(probe.pre_event_ms, LONGEST.days * 86_400_000))


def _end(manifest: Manifest, started_at: datetime, length: timedelta, latest: datetime) -> datetime:
    claimed = manifest.ended_at
    if _is_sane(claimed, latest + LONGEST) and started_at <= claimed <= started_at + LONGEST:
        return claimed
    return started_at + length


def _is_sane(moment: datetime | None, latest: datetime) -> TypeGuard[datetime]:
    return moment is not None and EARLIEST <= moment <= latest


def _track(
    trails: Sequence[tuple[str, bytes]], probe: Probe
) -> tuple[tuple[Place, ...], tuple[str, ...]]:
    """Positions from the trails beside the file, else from inside it."""
    places: list[Place] = []
    unread: list[str] = []
    for name, data in trails:
        try:
            places.extend(gpstrail.places_in(data))
        except DamagedError:
            unread.append(plain(name))
    known = sorted(places or probe.places, key=lambda place: place.at)
    return tuple(place for place in known if _is_on_earth(place)), tuple(unread)


def _is_on_earth(place: Place) -> bool:
    """A map reckons on with these, and 10^308 times anything is infinite; NaN is not on earth."""
    return (
        abs(place.latitude) <= 90
        and abs(place.longitude) <= 180
        and 0 <= (place.accuracy_m or 0.0) <= VAGUEST
        and abs(place.speed_mps or 0.0) <= FASTEST
    )
