"""`/uploads`: a dock opens an upload, sends the bytes to the door, and asks for its receipt.

POST /uploads               what I have            -> address and ticket, or a receipt at once
GET  /uploads/{id}          how does it stand?
POST /uploads/{id}/receipt  all of it is there     -> the receipt; the recording is made now
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Status

from bodyworn.core.clock import iso
from bodyworn.core.manifest import manifest_from_dict
from bodyworn.core.types import Actor
from bodyworn.store.upload_notes import Upload
from bodyworn.web import ticket
from bodyworn.web.api.docks import dock_of
from bodyworn.web.api.shapes import (
    ProblemOut,
    ReceiptOut,
    UploadIn,
    UploadOut,
    UploadStateOut,
    digest_in,
    receipt_out,
)
from bodyworn.web.house import house
from bodyworn.work import intake
from bodyworn.work.house import House

PROBLEMS: dict[int, Any] = dict.fromkeys((400, 401, 403, 404, 409, 413, 422, 503), ProblemOut)
router = Router(tags=["uploads"])


@router.post("", response={201: UploadOut, **PROBLEMS}, operation_id="open_upload")
def open_upload(request: HttpRequest, wanted: UploadIn) -> Status[UploadOut]:
    """Begin an upload; bytes that are held already are answered with their receipt."""
    here, dock = house(), dock_of(request)
    manifest = manifest_from_dict(wanted.manifest)
    opened = intake.open_upload(
        here,
        manifest=replace(manifest, sha256=digest_in(wanted.sha256) or manifest.sha256),
        sidecars=[sidecar.decoded() for sidecar in wanted.sidecars],
        size=wanted.size,
        sender=dock,
    )
    return Status(201, _answer(here, opened, dock))


@router.get("/{upload}", response={200: UploadStateOut, **PROBLEMS}, operation_id="get_upload")
def get_upload(request: HttpRequest, upload: str) -> UploadStateOut:
    """How an upload stands; another dock's is not there."""
    found = intake.upload_of(house(), upload, sender=dock_of(request))
    return UploadStateOut(
        upload=found.id,
        state=_state(found),
        offset=found.offset,
        size=found.length,
        sha256=found.sha256.hex if found.sha256 else None,
        expires_at=iso(found.expires_at),
    )


@router.post(
    "/{upload}/receipt", response={200: ReceiptOut, **PROBLEMS}, operation_id="get_receipt"
)
def get_receipt(request: HttpRequest, upload: str) -> ReceiptOut:
    """The receipt for an upload that is complete; 409 while bytes are missing."""
    here = house()
    return receipt_out(here, intake.receipt_for(here, upload, sender=dock_of(request)))


def _answer(here: House, opened: intake.Opened, dock: Actor) -> UploadOut:
    already = receipt_out(here, opened.already) if opened.already else None
    if opened.upload is None or opened.expires_at is None:
        return UploadOut(upload=None, url=None, ticket=None, expires_at=None, already=already)
    return UploadOut(
        upload=opened.upload.id,
        url=f"{here.settings.upload}/uploads/{opened.upload.id}",
        ticket=_ticket(here, opened.upload, opened.expires_at, dock),
        expires_at=iso(opened.expires_at),
        already=None,
    )


def _ticket(here: House, upload: Upload, expires_at: datetime, dock: Actor) -> str:
    """Good for this one upload, for as long as the upload is kept."""
    permit = ticket.Ticket(
        kind="upload",
        sender=dock.name,
        expires_at=int(expires_at.timestamp()),
        largest=upload.largest,
        upload=upload.id,
    )
    return ticket.sign(permit, here.ticket_key)


def _state(upload: Upload) -> Literal["growing", "received", "gone"]:
    if upload.end is None:
        return "growing"
    return "received" if upload.end == "received" else "gone"
