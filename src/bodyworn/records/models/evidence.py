"""Recordings, their copies, the marks people put on them, and how long they are kept."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from bodyworn.core.terms import Condition, CopyKind
from bodyworn.records.models.equipment import Device
from bodyworn.records.models.fields import digest, is_digest, not_negative, one_of, word
from bodyworn.records.models.people import Officer, Unit


class Recording(models.Model):
    """What one camera saw once. Its bytes are the master Copy; its facts may be corrected."""

    reference = models.CharField(max_length=40, unique=True)  # `BWV-26-0412-7F3A`
    upload = models.CharField(max_length=64, unique=True)  # id of the upload that brought it
    filename = models.CharField(max_length=255)
    title = models.CharField(max_length=200, blank=True)
    locality = models.CharField(max_length=200, blank=True)
    borough = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=200, blank=True)  # empty: nobody has tagged it
    device = models.ForeignKey(Device, null=True, on_delete=models.PROTECT)
    sequence = models.BigIntegerField(null=True)  # the camera's count, from 1
    officer = models.ForeignKey(Officer, null=True, on_delete=models.PROTECT)
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT)
    started_at = models.DateTimeField()
    started_at_source = models.CharField(max_length=20)  # camera, container, arrival or person
    triggered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField()
    duration_ms = models.BigIntegerField()
    clock_offset_ms = models.BigIntegerField(null=True)  # camera minus dock
    received_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    dock = models.CharField(max_length=200, blank=True)
    condition = word(Condition)
    condition_reason = models.CharField(max_length=400)
    container = models.CharField(max_length=40, blank=True)
    video = models.CharField(max_length=120, blank=True)  # `h264 High 1280×720`
    audio = models.CharField(max_length=120, blank=True)  # `aac 24000 Hz`
    probe = models.JSONField(default=dict)  # the whole probe, for Details
    pseudonym_salt = models.BinaryField(max_length=16)  # for the log's evidence pseudonym

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            one_of("recording", "condition", Condition),
            not_negative("recording", "duration_ms"),
            models.CheckConstraint(
                name="recording_ends_after_it_starts",
                condition=models.Q(ended_at__gte=models.F("started_at")),
            ),
        ]
        # Every list is a keyset walk along one of these, newest first, id as the tie-breaker.
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-started_at", "-id"], name="recording_newest"),
            models.Index(fields=["officer", "-started_at", "-id"], name="recording_by_officer"),
            models.Index(fields=["unit", "-started_at", "-id"], name="recording_by_unit"),
            models.Index(fields=["borough", "-started_at", "-id"], name="recording_by_borough"),
            models.Index(fields=["device", "sequence"], name="recording_by_sequence"),
        ]

    def __str__(self) -> str:
        return self.reference


class Copy(models.Model):
    """One file of a recording: the master, or what was made of it, with its lineage."""

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="copies")
    kind = word(CopyKind)
    sha256 = digest(db_index=True)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=80)
    name = models.CharField(max_length=255, blank=True)  # of a sidecar: its file name
    derived_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    recipe = models.JSONField(default=dict)  # tool, version, settings
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)  # last time the bytes were re-read

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            one_of("copy", "kind", CopyKind),
            is_digest("copy", "sha256"),
            not_negative("copy", "size"),
            models.UniqueConstraint(
                fields=["sha256"], condition=models.Q(kind="master"), name="copy_master_kept_once"
            ),
            models.UniqueConstraint(
                fields=["recording"], condition=models.Q(kind="master"), name="copy_one_master"
            ),
            models.UniqueConstraint(
                fields=["recording", "kind", "sha256"], name="copy_same_bytes_once"
            ),
            models.CheckConstraint(
                name="copy_has_a_parent_unless_master_or_sidecar",
                condition=models.Q(kind__in=["master", "sidecar"])
                | models.Q(derived_from__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.recording}"


class Fix(models.Model):
    """One position of a recording's track."""

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="track")
    at = models.DateTimeField()
    latitude = models.FloatField()  # degrees, WGS 84
    longitude = models.FloatField()  # degrees, WGS 84
    accuracy_m = models.FloatField(null=True)
    speed_mps = models.FloatField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["recording", "at"], name="fix_in_order")
        ]


class Marker(models.Model):
    """A moment that somebody pointed at."""

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="markers")
    frame = models.BigIntegerField()  # number of the frame, from 0
    at_ms = models.BigIntegerField()  # milliseconds from the first frame
    label = models.CharField(max_length=200)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    made_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)  # taken away, never forgotten

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            not_negative("marker", "frame"),
            not_negative("marker", "at_ms"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["recording", "at_ms"], name="marker_in_order")
        ]


class RetentionDecision(models.Model):
    """How long, by which rule, and why; the newest one counts, none is overwritten."""

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="retention")
    keep_until = models.DateTimeField(null=True)  # null while a hold stands
    rule = models.CharField(max_length=80)
    reason = models.CharField(max_length=400)
    decided_at = models.DateTimeField()
    decided_by = models.CharField(max_length=120)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["recording", "-id"], name="retention_newest"),
            models.Index(fields=["keep_until"], name="retention_due"),
        ]
