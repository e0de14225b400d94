"""Everything that an upload can be refused with, in words: one home for sentences and hints."""

from datetime import datetime

from bodyworn.core.errors import DamagedError, MissingError, RefusedError
from bodyworn.store.upload_notes import Upload


def too_large() -> RefusedError:
    """One answer for all three ends: announced length, ticket and door."""
    return RefusedError(
        "upload.too-large",
        "That is more than this upload may have.",
        hint="Say the right length when creating it, or ask for a ticket that allows more.",
        status=413,
    )


def check_length(length: int | None, largest: int) -> None:
    """Of an upload that is to begin, in bytes. Raises RefusedError upload.empty, .too-large."""
    if length is None:
        return
    if length <= 0:
        raise refused("upload.empty", "An empty file holds no evidence.", 400)
    if length > largest:
        raise too_large()


def check_growing(found: Upload, offset: int, *, now: datetime) -> None:
    """Of an append, at `now` in UTC. Raises RefusedError upload.final, MissingError, …"""
    if found.final_of:
        raise refused("upload.final", "A joined upload takes no bytes of its own.", 403)
    if found.expires_at <= now:
        raise expired()
    if found.offset != offset:
        raise wrong_offset(offset, right=found.offset)


def refused(code: str, message: str, status: int) -> RefusedError:
    """What cannot be done to an upload as it stands."""
    hint = "Ask for the upload as it stands and go on from there, or begin a new one."
    return RefusedError(code, message, hint=hint, status=status)


def other_bytes() -> DamagedError:
    """What came is not what was promised."""
    return DamagedError(
        "upload.other-bytes",
        "The bytes that came are not those that the manifest promised; none of them was kept.",
        hint="Read the file again and send it again; if that repeats, keep the camera aside.",
        status=460,
    )


def wrong_offset(offset: int, *, right: int) -> RefusedError:
    """Bytes would be missing, or written twice."""
    return RefusedError(
        "upload.wrong-offset",
        f"The next byte must be number {right}, not {offset}.",
        hint="Ask for the offset and go on from there.",
        status=409,
        offset=right,
    )


def damaged(upload: str) -> DamagedError:
    """What was kept and acknowledged is not what it was."""
    return DamagedError(
        "upload.damaged",
        f"The stored bytes of upload {upload} are not what they were.",
        hint="Keep everything as it is and tell the person who keeps the system; then begin a "
        "new one: the sender still has the bytes, for it has no receipt.",
    )


def expired() -> MissingError:
    """Too late, whether or not it was removed already."""
    return MissingError(
        "upload.expired",
        "This upload is over; it was not complete in time.",
        hint="Begin a new one; the sender still has the bytes, for it has no receipt.",
        status=410,
    )


def refuse_ended(upload: Upload) -> None:
    """Nothing more can be done to an upload that ended. Raises RefusedError or MissingError."""
    match upload.end:
        case "received":
            raise RefusedError(
                "upload.complete",
                "This upload is complete; its bytes are evidence now.",
                hint="Ask for its receipt; the bytes change no more and cannot be taken back here.",
            )
        case "joined" | "terminated" | "expired":
            raise MissingError(
                "upload.gone",
                f"This upload was {upload.end}.",
                hint="Begin a new one; nothing that was answered with a receipt is affected.",
                status=410,
            )
