"""The nouns: frozen, slotted, keyword-only, times aware and in UTC, one comment a field.

They carry facts between rooms and know nothing of files or tables. The ten nouns of the
house are Device, Officer, Recording, Copy, CustodyEvent, Exhibit, Redaction, Disclosure,
RetentionDecision and Complaint; `records.models` keeps each as a table.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bodyworn.core.digest import Sha256
from bodyworn.core.terms import Condition, CopyKind, Durability, EventType, Operation, Purpose, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One fix of a position."""

    at: datetime  # UTC
    latitude: float  # degrees, WGS 84
    longitude: float  # degrees, WGS 84
    accuracy_m: float | None = None  # radius in metres, 68 %
    speed_mps: float | None = None  # metres a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A body worn camera."""

    serial: str  # as printed on it, `004471`
    make: str  # `simulated`, `axis`, `folder`
    model: str  # the maker's word


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """A wearer, by collar (shoulder) number."""

    number: str  # `4471QK`
    name: str  # `A. Khan`
    rank: str  # `PC`
    unit: str  # team or borough, `Lambeth B`


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever does something: a person by account, or a part of the system by name."""

    name: str  # account name, or `system:dock:BX-07`
    roles: frozenset[Role] = frozenset()  # empty for parts of the system
    officer: str | None = None  # own collar number, if a wearer
    unit: str | None = None  # own unit's name
    borough: str | None = None  # own borough
    display: str = ""  # `DC A. Patel`


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a camera or a person says about one recording; nothing here is proven yet."""

    filename: str  # the name it arrived under
    device: str | None = None  # camera serial
    make: str | None = None  # maker of the camera
    model: str | None = None  # model of the camera
    officer: str | None = None  # collar number of the wearer
    sequence: int | None = None  # the camera's own count of recordings, from 1
    camera_reference: str | None = None  # the camera's short id of it, `7F3A`
    started_at: datetime | None = None  # UTC, first frame, the pre-event buffer included
    triggered_at: datetime | None = None  # UTC, when the wearer pressed record
    ended_at: datetime | None = None  # UTC, last frame
    clock_offset_ms: int | None = None  # camera clock minus dock clock, milliseconds
    title: str | None = None  # `Stop and search, Coldharbour Lane`
    locality: str | None = None  # `Brixton, Lambeth`
    borough: str | None = None  # `Lambeth`
    category: str | None = None  # the wearer's category, if chosen on the camera
    dock: str | None = None  # where it was docked, `BX-07`
    sha256: Sha256 | None = None  # what the sender says the bytes are


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One stream of a container."""

    kind: str  # `video`, `audio`, `data`, `subtitle`
    codec: str  # FFmpeg's short name, `h264`
    profile: str | None = None  # `High`
    width: int | None = None  # pixels
    height: int | None = None  # pixels
    frames: int | None = None  # samples in the track
    rate_milli: int | None = None  # frames a 1,000 seconds; samples a second times 1,000
    channels: int | None = None  # of sound
    language: str | None = None  # ISO 639-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a file itself says, read without decoding a picture."""

    condition: Condition  # the verdict in one word
    reason: str  # the verdict in a sentence
    container: str | None = None  # `mp4`, `matroska`, `avi`, `mpegts`
    duration_ms: int | None = None  # of the longest track
    started_at: datetime | None = None  # UTC, the container's own creation time
    tracks: tuple[Track, ...] = ()  # in file order
    is_fragmented: bool = False  # camera-fragmented MP4 (moof boxes)
    plays_in_browsers: bool = False  # H.264 or AV1/VP9 in MP4/WebM, as Chromium plays it
    pre_event_ms: int | None = None  # silent buffer before the trigger, if known
    places: tuple[Place, ...] = ()  # positions carried inside the file
    maker: str | None = None  # make and model, if the file says
    extra: dict[str, str] = field(default_factory=dict)  # other container metadata, as text


Sidecar = tuple[str, Sha256, int]  # (name, digest of the plain bytes, their size), kept already


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Bytes that are on disk with an agreed digest, waiting for their row."""

    upload: str  # id of the upload, 32 hexadecimal digits
    sha256: Sha256  # of the plain bytes
    size: int  # bytes
    received_at: datetime  # UTC, when the last byte was durable
    manifest: Manifest  # what the sender said
    sender: str  # whose ticket it was, `system:dock:BX-07`
    sidecars: tuple[Sidecar, ...] = ()  # sealed beside it, each at most 1 MiB

    @property
    def digests(self) -> tuple[Sha256, ...]:
        """Everything that it has brought: the recording, then its sidecars."""
        return (self.sha256, *(digest for _, digest, _ in self.sidecars))


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One file of a recording."""

    kind: CopyKind  # master, or what was made of it
    sha256: Sha256  # of the plain bytes
    size: int  # bytes
    media_type: str  # `video/mp4`
    derived_from: Sha256 | None = None  # lineage; None for a master
    recipe: dict[str, Any] = field(default_factory=dict)  # how it was made: tool, version, settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyEvent:
    """One thing that happened to evidence; the detail may name people, the leaf never does."""

    type: EventType  # PREMIS word
    operation: Operation | None  # section 62 word; None for what is no s.62 operation
    at: datetime  # UTC
    actor: str  # account name or part of the system
    subject: str  # recording reference, or `account:…`, `device:…`
    detail: dict[str, Any] = field(default_factory=dict)  # canonical JSON values only
    purpose: Purpose | None = None  # why, for consultations and disclosures


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A judgement with its reason; what every rule returns."""

    allowed: bool  # yes or no
    rule: str  # stable name of the rule, `access.own-footage`
    reason: str  # one sentence for the person asking


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionDecision:
    """How long a recording is kept, and why."""

    keep_until: datetime | None  # UTC; None while a hold stands
    rule: str  # stable name, `retention.non-evidential`
    reason: str  # one sentence
    decided_at: datetime  # UTC
    period: timedelta | None = None  # what the rule adds to the recording's end


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a dock gets for its bytes; only against one may a camera be wiped."""

    reference: str  # `BWV-26-0412-7F3A`
    sha256: Sha256  # of the master
    size: int  # bytes
    device: str | None  # camera serial
    sequence: int | None  # the camera's count
    durability: Durability  # what survives, in one of four words
    at: datetime  # UTC, when that word became true
    event: str  # hexadecimal leaf hash of the ingestion event
