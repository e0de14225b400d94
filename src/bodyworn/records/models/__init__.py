"""The tables, one a noun; a file a neighbourhood."""

from bodyworn.records.models.casework import (
    Complaint,
    Disclosure,
    Exhibit,
    Redaction,
    RedactionState,
)
from bodyworn.records.models.completeness import SequenceFinding
from bodyworn.records.models.custody import Census, Checkpoint, CustodyEvent
from bodyworn.records.models.equipment import Device, Dock
from bodyworn.records.models.erasure import Erasure, ErasureState
from bodyworn.records.models.evidence import Copy, Fix, Marker, Recording, RetentionDecision
from bodyworn.records.models.jobs import Job, JobState
from bodyworn.records.models.keys import ClosedBucket, DataKey
from bodyworn.records.models.people import Officer, Unit, User

__all__ = [
    "Census",
    "Checkpoint",
    "ClosedBucket",
    "Complaint",
    "Copy",
    "CustodyEvent",
    "DataKey",
    "Device",
    "Disclosure",
    "Dock",
    "Erasure",
    "ErasureState",
    "Exhibit",
    "Fix",
    "Job",
    "JobState",
    "Marker",
    "Officer",
    "Recording",
    "Redaction",
    "RedactionState",
    "RetentionDecision",
    "SequenceFinding",
    "Unit",
    "User",
]
