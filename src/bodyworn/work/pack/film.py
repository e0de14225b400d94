"""The film of a pack: copied out of the vault, and vouched for with content credentials.

A master leaves as it arrived, its manifest beside it. A clip or a redacted copy is made to be
handed out: it carries its manifest inside, and the file with the manifest is kept as a copy of
its own, because a force must be able to show what exactly it has disclosed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction

from bodyworn import __version__
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.core.tasks import Progress, silent
from bodyworn.core.terms import CopyKind, EventType, Operation
from bodyworn.core.types import CustodyEvent
from bodyworn.custody.bagit import Member
from bodyworn.media import credentials
from bodyworn.media.credentials import Claim
from bodyworn.records import ledger
from bodyworn.records.models import Copy, Recording
from bodyworn.work import data_keys
from bodyworn.work.house import House
from bodyworn.work.keys import keys_of
from bodyworn.work.pack.nouns import Disclosed, Film, Order
from bodyworn.work.pack.stage import Stage

KINDS = (CopyKind.CLIP, CopyKind.MASTER, CopyKind.REDACTED)
TOOL = "bodyworn.media.credentials"
UNKNOWN_KIND = "There are no content credentials for files of this kind."
ACTIONS = {
    CopyKind.MASTER: ("c2pa.created", "Recorded by a body worn camera; kept unchanged since."),
    CopyKind.CLIP: ("c2pa.trimmed", "A stretch of the original recording."),
    CopyKind.REDACTED: ("c2pa.edited", "Parts of the original are hidden."),
}


def copy_of(recording: Recording, kind: CopyKind) -> Copy:
    """The newest copy of this kind. Raises MissingError pack.no-such-copy."""
    copy = recording.copies.filter(kind=kind).order_by("-id").first()
    if kind not in KINDS or copy is None:
        raise MissingError(
            "pack.no-such-copy",
            f"{recording.reference} has no {kind} copy that could be handed out.",
            hint="`bodyworn show` lists the copies of a recording.",
        )
    return copy


def stored(house: House, one: Disclosed) -> BinaryIO:
    """The stored bytes; the one place where a pack reads any, by an event that is in the log."""
    digest = Sha256.parse(one.item.copy.sha256)
    key = keys_of(house).release(one.event.uid, [digest])[digest]
    return house.vault.open(digest, key)


def bring(order: Order, one: Disclosed, stage: Stage, progress: Progress = silent) -> Film:
    """Put the film on the stage, with its credentials. Raises DamagedError pack.changed."""
    member = _pour(order, one, stage, progress)
    copy = one.item.copy
    if not credentials.can_carry(copy.media_type):
        return _film(member, left_out=UNKNOWN_KIND)
    try:
        if copy.kind == CopyKind.MASTER:
            return _with_sidecar(order, one, stage, member)
        if copy.recipe.get("tool") == TOOL:
            return _film(member, credentials="inside")
        return _with_manifest_inside(order, one, stage, member)
    except RefusedError as error:
        if error.code != "credentials.not-made":
            raise
        return _film(member, left_out=error.message)


def _pour(order: Order, one: Disclosed, stage: Stage, progress: Progress) -> Member:
    """Copied and hashed in one pass: what leaves is what was kept, or nothing leaves."""
    copy = one.item.copy
    with stored(order.house, one) as source:
        member = stage.pour(one.item.path, source, size=copy.size, progress=progress)
    if member.sha256 != copy.sha256:
        raise DamagedError(
            "pack.changed",
            f"The stored bytes of {one.item.recording.reference} are not what they were.",
            sha256=copy.sha256,
            found=member.sha256,
        )
    return member


def _with_sidecar(order: Order, one: Disclosed, stage: Stage, member: Member) -> Film:
    path, media_type = stage.at(member.path), one.item.copy.media_type
    signing, claim = order.documents.for_pictures, _claim(order, one)
    manifest = credentials.beside(path, media_type, claim, signing)
    credentials.require_valid(path, media_type, signing, manifest=manifest)
    stage.write(one.item.credentials, manifest)
    return _film(member, credentials="beside")


def _with_manifest_inside(order: Order, one: Disclosed, stage: Stage, member: Member) -> Film:
    """1. sign into a second file 2. keep it 3. put it on record 4. hand it out, not the first."""
    media_type, signing = one.item.copy.media_type, order.documents.for_pictures
    plain = stage.at(member.path)
    signed = plain.with_name(f".{plain.name}.signed")
    claim = _claim(order, one)
    try:
        credentials.inside(plain, media_type, claim, signing, target=signed)  # 1
        credentials.require_valid(signed, media_type, signing)
        kept = _kept(order.house, signed)  # 2
        _enter(order, one, kept)  # 3
        stage.take_out(member).unlink()  # 4
        with signed.open("rb") as source:
            return _film(stage.pour(member.path, source, size=kept.size), credentials="inside")
    finally:
        signed.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Kept:
    sha256: str
    size: int


def _kept(house: House, path: Path) -> _Kept:
    with path.open("rb") as stream:
        kept = house.vault.keep(stream)
    return _Kept(kept.digest.hex, kept.size)


def _enter(order: Order, one: Disclosed, kept: _Kept) -> None:
    """The copy and the event of its making, in one transaction."""
    source, recording = one.item.copy, one.item.recording
    recipe = {"tool": TOOL, "version": __version__, "signer": order.documents.name}
    bucket = data_keys.bucket_of_recording(recording)
    slots = data_keys.wrapped(order.house, [Sha256.parse(kept.sha256)], bucket)
    with transaction.atomic():
        copy = Copy.objects.create(
            recording=recording,
            kind=source.kind,
            sha256=kept.sha256,
            size=kept.size,
            media_type=source.media_type,
            derived_from=source,
            recipe=recipe,
            created_at=order.at,
        )
        data_keys.enter(slots, at=order.at)
        ledger.record(_derivation(order, copy, source), recording=recording)


def _derivation(order: Order, copy: Copy, source: Copy) -> CustodyEvent:
    detail: dict[str, Any] = {
        "kind": copy.kind,
        "sha256": copy.sha256,
        "size": copy.size,
        "media_type": copy.media_type,
        "from": source.sha256,
        "recipe": copy.recipe,
    }
    return CustodyEvent(
        type=EventType.DERIVATION,
        operation=Operation.ALTERATION,
        at=order.at,
        actor=order.actor.name,
        subject=copy.recording.reference,
        detail=detail,
    )


def _claim(order: Order, one: Disclosed) -> Claim:
    """What the force says, and where it can be checked; nobody is named."""
    recording, copy = one.item.recording, one.item.copy
    action, description = ACTIONS[CopyKind(copy.kind)]
    custody = {
        "reference": recording.reference,
        "kind": copy.kind,
        "sha256": copy.sha256,
        "log": order.house.settings.log_origin,
        "key": order.house.signer.verifier.text,
        "event": one.event.leaf_hash,
    }
    return Claim(
        title=recording.reference,
        at=order.at,
        version=__version__,
        action=action,
        description=description,
        custody=custody,
    )


def _film(member: Member, *, credentials: str = "", left_out: str = "") -> Film:
    return Film(
        sha256=member.sha256,
        sha512=member.sha512,
        size=member.size,
        credentials=credentials,
        left_out=left_out,
    )
