"""One small real recording for the tests of the verbs: ten pictures and a tone, kept for good."""

import io
from datetime import timedelta
from fractions import Fraction
from typing import Literal

import av
import numpy as np
from django.db import transaction
from tests.conftest import NOW

from bodyworn.core.terms import Condition, CopyKind, EventType, Operation
from bodyworn.core.types import CustodyEvent
from bodyworn.records import ledger
from bodyworn.records.models import Copy, Recording, RetentionDecision
from bodyworn.rules.buckets import bucket_of
from bodyworn.work import data_keys
from bodyworn.work.house import House


def tiny_film(
    *, codec: Literal["libx264", "mpeg4"] = "libx264", container: str = "mp4", frames: int = 10
) -> bytes:
    """A real film of `frames` grey pictures, 64×48, ten a second, with a tone."""
    made = io.BytesIO()
    with av.open(made, "w", format=container) as out:
        video = out.add_stream(codec, rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream("aac", rate=16000, layout="mono")
        for number in range(frames):
            grey = np.full((48, 64, 3), number * 20 % 256, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        out.mux(video.encode())
        wave = np.sin(np.arange(frames * 1600) * 0.2, dtype=np.float32)[None, :]
        tone = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        tone.sample_rate, tone.pts, tone.time_base = 16000, 0, Fraction(1, 16000)
        out.mux(sound.encode(tone))
        out.mux(sound.encode())
    return made.getvalue()


def held(house: House, data: bytes, *, reference: str = "BWV-26-0412-0001") -> Recording:
    """A recording whose master is these bytes, as ingest would leave it, with the one event that
    opens it to the jobs."""
    digest = house.vault.keep_bytes(data).digest
    keep_until = NOW + timedelta(days=31)
    bucket = bucket_of(rule="retention.non-evidential", keep_until=keep_until)
    slots = data_keys.wrapped(house, [digest], bucket)
    with transaction.atomic():
        recording = Recording.objects.create(
            reference=reference,
            upload=digest.hex[:32],
            filename="film.mp4",
            started_at=NOW,
            started_at_source="camera",
            ended_at=NOW + timedelta(seconds=1),
            duration_ms=1000,
            received_at=NOW,
            recorded_at=NOW,
            condition=Condition.PLAYABLE,
            condition_reason="It opens and plays.",
            pseudonym_salt=bytes(16),
        )
        Copy.objects.create(
            recording=recording,
            kind=CopyKind.MASTER,
            sha256=digest.hex,
            size=len(data),
            media_type="video/mp4",
            created_at=NOW,
        )
        RetentionDecision.objects.create(
            recording=recording,
            keep_until=keep_until,
            rule="retention.non-evidential",
            reason="Nobody has marked it as evidence.",
            decided_at=NOW,
            decided_by="system:inbox",
        )
        data_keys.enter(slots, at=NOW)
        ledger.record(
            CustodyEvent(
                type=EventType.INGESTION,
                operation=Operation.COLLECTION,
                at=NOW,
                actor="system:inbox",
                subject=reference,
            ),
            recording=recording,
        )
    return recording
