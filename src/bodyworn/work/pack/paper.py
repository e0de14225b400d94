"""The custody history as a signed PDF: tagged for screen readers (PDF/UA-1), then PAdES.

Typst sets it with the fonts that it carries; what these fonts cannot show is written by its
number, because a name from a camera must not stop a disclosure, and an invisible character must
not hide in it. The signature goes on last: any later change shows.
"""

import io
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

import typst
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bodyworn.records.queries_of_one import EventRow
from bodyworn.work.documents import Documents
from bodyworn.work.pack.nouns import Film, Item, Order
from bodyworn.work.pack.story import for_what, told
from bodyworn.work.taken_out import Heads

TEMPLATE = files(__package__).joinpath("history.typ")
FIELD = "Custody"
SHOWN = re.compile(
    r"[\u0020-\u007e\u00a0-\u02af\u0370-\u03ff\u0400-\u04ff\u1e00-\u1eff"
    r"\u2010-\u2027\u2030-\u2040\u20a0-\u20bf\u2190-\u21ff]"
)
"""Latin, Greek, Cyrillic and signs: what the fonts inside Typst have. A test sets every one."""
LIMITS = (
    "That the camera told the truth, or was pointed at what mattered.",
    "That its clock was right. The order of the entries is certain; a time is what a clock said.",
    "That a stated purpose was the true one.",
    "That nothing happened which the system never noticed.",
)


def custody_pdf(
    order: Order,
    item: Item,
    film: Film,
    events: Sequence[EventRow],
    names: Mapping[str, str],
    heads: Heads,
) -> bytes:
    """The signed document."""
    content = _content(order, item, film, events, names, heads)
    return sign(set_in_type(content, at=order.at), order.documents, force=_force(order))


def set_in_type(content: Mapping[str, Any], *, at: datetime) -> bytes:
    """The content as PDF/UA-1, unsigned. The same content gives the same bytes."""
    compiler = typst.Compiler(TEMPLATE.read_bytes(), ignore_system_fonts=True)
    pdf = compiler.compile(
        format="pdf",
        pdf_standards=["1.7", "ua-1"],
        sys_inputs={"told": json.dumps(_showable(content))},
        timestamp=int(at.timestamp()),
    )
    assert isinstance(pdf, bytes)  # noqa: S101  (a list comes only of formats with a file a page)
    return pdf


def sign(pdf: bytes, documents: Documents, *, force: str) -> bytes:
    """The document with an approval signature (PAdES B-B, ETSI EN 319 142-1) over all of it."""
    key, chain = documents.for_paper
    store = SimpleCertificateStore.from_certs(chain)
    signer = signers.SimpleSigner(signing_cert=chain[0], signing_key=key, cert_registry=store)
    facts = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name=force,
        reason="Custody history of a disclosed recording",
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    field = SigFieldSpec(FIELD, readable_field_name="Signature of the custody history")
    fields.append_signature_field(writer, field)
    signed = signers.PdfSigner(facts, signer).sign_pdf(writer)
    return bytes(signed.getvalue())


def _content(
    order: Order,
    item: Item,
    film: Film,
    events: Sequence[EventRow],
    names: Mapping[str, str],
    heads: Heads,
) -> dict[str, Any]:
    reference, force = item.recording.reference, _force(order)
    title = f"Custody history of {reference}"
    return {
        "title": title,
        "force": force,
        "reference": reference,
        "description": f"{title}, {force}",
        "opening": _opening(order, events),
        "facts": _facts(item, film),
        "rows": [
            [f"{event.at:%d %B %Y, %H:%M:%S}", told(event, names), f"{event.leaf_index:,}"]
            for event in events
        ],
        "checking": _checking(order, heads),
        "limits": list(LIMITS),
    }


def _opening(order: Order, events: Sequence[EventRow]) -> list[str]:
    who = order.actor.display or order.actor.name
    return [
        f"Made on {order.at:%d %B %Y at %H:%M} UTC by {who} for "
        f"{order.wish.to or 'a recipient who was not named'}. {for_what(order.wish.purpose)}.",
        f"This is everything that the force's system has on record about this recording: "
        f"{len(events)} events, the earliest first. Times are in UTC; in summer, clocks in Britain "
        "show an hour more.",
    ]


def _facts(item: Item, film: Film) -> list[tuple[str, str, bool]]:
    """(name, value, whether it is read letter by letter)."""
    recording = item.recording
    started, ended = recording.started_at, recording.ended_at
    device, officer = recording.device, recording.officer
    found = [
        ("Reference", recording.reference, True),
        ("File in this pack", item.name, True),
        ("Kind", KINDS.get(item.copy.kind, item.copy.kind), False),
        ("Size", f"{film.size:,} bytes", False),
        ("Fingerprint (SHA-256)", film.sha256, True),
        ("Recorded (UTC)", f"{started:%d %B %Y, %H:%M:%S} to {ended:%H:%M:%S}", False),
        ("Arrived (UTC)", f"{recording.received_at:%d %B %Y, %H:%M:%S}", False),
        (
            "Camera",
            f"{device.make} {device.model}, {device.serial}" if device else "not known",
            False,
        ),
        (
            "Worn by",
            f"{officer.rank} {officer.name}, {officer.number}" if officer else "not known",
            False,
        ),
    ]
    if recording.clock_offset_ms is not None:
        seconds = abs(recording.clock_offset_ms) / 1000
        way = "ahead of" if recording.clock_offset_ms > 0 else "behind"
        found.append(
            ("Camera's clock", f"{seconds:.1f} s {way} the dock's when it was docked", False)
        )
    return found


KINDS = {
    "master": "the original, byte for byte",
    "clip": "a clip of the original",
    "redacted": "a copy in which parts are hidden",
}


def _checking(order: Order, heads: Heads) -> list[str]:
    head, origin = heads.newest, order.house.settings.log_origin
    witnessed = heads.witnessed
    watched = (
        f"The first {witnessed.size:,} of them were confirmed by witnesses outside the force."
        if witnessed
        else "No witness outside the force has confirmed them yet."
    )
    return [
        f"Each event is an entry of the log {origin}. The log's signature covers "
        f"{head.size:,} entries; their root is {head.root.hex()}. {watched}",
        "The folder in which this document came holds a proof of every entry and two checkers, "
        "verify.html and verify.py, which need neither this program nor a network. They must be "
        "given the log's public key, which the force publishes.",
    ]


def _force(order: Order) -> str:
    return order.house.settings.force_name


def _showable(value: Any) -> Any:
    match value:
        case str():
            return "".join(_shown(c) for c in unicodedata.normalize("NFC", value))
        case Mapping():
            return {name: _showable(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_showable(inner) for inner in value]
        case _:
            return value


def _shown(character: str) -> str:
    """A character, or its number where the fonts have none.

    >>> _shown("é"), _shown("日")
    ('é', '[U+65E5]')
    """
    if SHOWN.fullmatch(character) and character.isprintable():
        return character
    return f"[U+{ord(character):04X}]"
