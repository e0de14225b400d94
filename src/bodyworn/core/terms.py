"""Closed word lists, one line a word, in the field's own terms.

Each word is explained in `docs/glossary.md`; a law test keeps it so.
"""

from enum import StrEnum


class Operation(StrEnum):
    """The six logged operations of the Data Protection Act 2018, section 62(1)."""

    ALTERATION = "alteration"
    COLLECTION = "collection"
    COMBINATION = "combination"
    CONSULTATION = "consultation"
    DISCLOSURE = "disclosure"
    ERASURE = "erasure"


class EventType(StrEnum):
    """What happened, in PREMIS 3 event types where PREMIS has one; `scope:what` otherwise."""

    ACCESS_REFUSED = "access:refused"
    ACCOUNT_ADDED = "account:added"
    CAPTURE = "capture"
    CENSUS = "census"
    DERIVATION = "derivation"
    DOCK_ADDED = "dock:added"
    DOCK_RETIRED = "dock:retired"
    ERASURE = "deletion"
    EXPORT = "dissemination"
    FIXITY_BEGUN = "fixity:begun"
    FIXITY_CHECK = "fixity check"
    INGESTION = "ingestion"
    INGESTION_REPEAT = "ingestion:repeat"
    KEY_DESTROYED = "key:destroyed"
    KEY_REWRAP = "key:re-wrapped"
    MARKER_ADDED = "marker:added"
    MARKER_REMOVED = "marker:removed"
    METADATA_MODIFICATION = "metadata modification"
    QUARANTINE = "quarantine"
    RECEIPT = "receipt:issued"
    RECOVERY = "recovery"
    REPLICATION = "replication"
    RETENTION_DECIDED = "retention:decided"
    SEQUENCE_CLOSED = "sequence:closed"
    SEQUENCE_EXPLAINED = "sequence:explained"
    SEQUENCE_GAP = "sequence:gap"
    SEQUENCE_REPEAT = "sequence:repeat"
    SEQUENCE_RESET = "sequence:reset"
    SIGN_IN = "account:sign-in"
    SIGN_IN_FAILED = "account:sign-in-failed"
    SIGN_OUT = "account:sign-out"
    VIEW = "view"


class CopyKind(StrEnum):
    """What a Copy is. Only a master is evidence; every other one names what it came from."""

    CLIP = "clip"
    FRAMES = "frames"
    INDEX = "index"
    MASTER = "master"
    PROXY = "proxy"
    REDACTED = "redacted"
    SIDECAR = "sidecar"
    SOUND = "sound"
    STRIP = "strip"
    WORKING = "working"


class Durability(StrEnum):
    """What survives; a receipt states one of these four."""

    RECEIVED = "received"  # on disk, digest agreed
    RECORDED = "recorded"  # row and events committed
    INTEGRATED = "integrated"  # in the Merkle tree
    PUBLISHED = "published"  # under a signed checkpoint


class Condition(StrEnum):
    """What a probe found; everything received is kept, whatever its condition."""

    DAMAGED = "damaged"  # truncated or broken, but some of it can be read
    NOT_VIDEO = "not-video"  # bytes that no video reader knows
    PLAYABLE = "playable"  # opens, has a video track with pictures in it
    UNREADABLE = "unreadable"  # looks like video, yet nothing in it can be read


class Oddity(StrEnum):
    """What is odd about a camera's own count of its recordings."""

    GAP = "gap"  # numbers are missing
    REPEAT = "repeat"  # a number came twice
    RESET = "reset"  # the count began again


class Role(StrEnum):
    """Who somebody is to this system. The widest right is not the sum of the others."""

    ADMINISTRATOR = "administrator"
    INVESTIGATOR = "investigator"
    OFFICER = "officer"
    SUPERVISOR = "supervisor"


class Purpose(StrEnum):
    """Why footage is opened; recorded with every consultation."""

    CHECK = "check"  # quality, equipment, training of the system
    COMPLAINT = "complaint"
    INVESTIGATION = "investigation"
    OWN_STATEMENT = "own-statement"
    SUPERVISION = "supervision"
