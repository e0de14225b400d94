"""The certificate of an erasure: a signed note that says what was destroyed, by whom and why.

It is for whoever asked for the erasure, and for whoever later asks where a recording is. Its first
line, `<origin>/erasure`, keeps it from ever passing for a checkpoint or a receipt of the same key.
It says in words what it says and what it cannot say: that a key is gone from one place is no proof
that no copy of it was ever made.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.custody.note import Signer, Verifier, open_note, sign_note

PLAIN = re.compile(r"[^\x00-\x1f\x7f]+")
HEX_HASH = re.compile(r"[0-9a-f]{64}")
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")

SAYS = (
    "The keys of the files named here were wrapped by the keys of the buckets named here.",
    "Those bucket keys were destroyed, after the erasure stood in the signed log.",
    "The keys of their days of arrival named here, which opened the files too, are destroyed also.",
    "Every copy of the sealed files, and of the wrapped keys in any backup, is unreadable by them.",
    "The log's entries about this recording remain; what they committed to was deleted.",
)
SAYS_NOT = (
    "It does not reach copies that were handed out before; their number is stated.",
    "It does not prove that nobody kept a copy of a bucket key: backups of keys must follow.",
    "It does not reach what a viewer, a screen or a memory had shown before.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file that is gone."""

    kind: str  # a word of CopyKind
    sha256: Sha256  # of the plain bytes
    size: int  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is certified; texts are one line each."""

    reference: str  # `BWV-26-0412-7F3A`
    pseudonym: str  # its name in the log, 64 hexadecimal digits
    policy: str  # by which it was erased
    authority: str  # who authorised it
    reason: str
    ordered_at: datetime  # UTC
    destroyed_at: datetime  # UTC, when the last key was gone
    files: tuple[File, ...]
    shared: tuple[Sha256, ...]  # bytes that stay, because another recording has them too
    keys: tuple[str, ...]  # of buckets, as `name.generation`
    arrivals: tuple[str, ...]  # of the days on which the files came, likewise
    handed_out: int  # copies that left before
    leaf_index: int  # place of the tombstone in the log
    leaf_hash: str  # and its hash, 64 hexadecimal digits


def write_certificate(certificate: Certificate, signer: Signer) -> str:
    """The certificate as a signed note. Raises RefusedError certificate.unwritable."""
    body = _body(certificate, origin=signer.name)
    try:
        genuine = _read_body(body, origin=signer.name)
    except DamagedError as error:
        raise RefusedError("certificate.unwritable", error.message) from None
    if _body(genuine, origin=signer.name) != body:  # times are written to the millisecond
        raise RefusedError("certificate.unwritable", "It would be read differently.")
    return sign_note(body, signer)


def read_certificate(note: str | bytes, verifier: Verifier) -> Certificate:
    """The certificate, if this key signed it. Raises DamagedError certificate.malformed."""
    text = open_note(note, [verifier]).text
    certificate = _read_body(text, origin=verifier.name)
    # One certificate, one text: whatever would be written differently was not written by us.
    if _body(certificate, origin=verifier.name) != text:
        raise _malformed("The certificate is not in its own form.")
    return certificate


def _body(one: Certificate, *, origin: str) -> str:
    lines: list[tuple[str, object]] = [
        ("reference", one.reference),
        ("pseudonym", one.pseudonym),
        ("policy", one.policy),
        ("authority", one.authority),
        ("reason", one.reason),
        ("ordered", iso(one.ordered_at)),
        ("destroyed", iso(one.destroyed_at)),
        *(("file", f"{file.kind} {file.sha256} {file.size}") for file in one.files),
        *(("shared", digest) for digest in one.shared),
        *(("key", key) for key in one.keys),
        *(("arrival-key", key) for key in one.arrivals),
        ("handed-out", one.handed_out),
        ("leaf", f"{one.leaf_index} {one.leaf_hash}"),
        *(("says", sentence) for sentence in SAYS),
        *(("says-not", sentence) for sentence in SAYS_NOT),
    ]
    return "\n".join([f"{origin}/erasure", *(f"{name} {value}" for name, value in lines)]) + "\n"


def _read_body(text: str, *, origin: str) -> Certificate:
    title, *lines = text.removesuffix("\n").split("\n")
    if title != f"{origin}/erasure":
        raise _malformed("This note is no certificate of erasure of this log.")
    values: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(" ")
        if not PLAIN.fullmatch(value):
            raise _malformed(f"The certificate has no plain value for {name!r}.")
        values.setdefault(name, []).append(value)
    try:
        return _certificate(values)
    except (KeyError, ValueError, DamagedError):
        raise _malformed("The certificate lacks a line or spoils one.") from None


def _certificate(values: dict[str, list[str]]) -> Certificate:
    index, leaf = _one(values, "leaf").split(" ")
    return Certificate(
        reference=_one(values, "reference"),
        pseudonym=_matching(HEX_HASH, _one(values, "pseudonym")),
        policy=_one(values, "policy"),
        authority=_one(values, "authority"),
        reason=_one(values, "reason"),
        ordered_at=parse_iso(_one(values, "ordered")),
        destroyed_at=parse_iso(_one(values, "destroyed")),
        files=tuple(_file(told) for told in values.get("file", ())),
        shared=tuple(Sha256.parse(told) for told in values.get("shared", ())),
        keys=tuple(values.get("key", ())),
        arrivals=tuple(values.get("arrival-key", ())),
        handed_out=_number(_one(values, "handed-out")),
        leaf_index=_number(index),
        leaf_hash=_matching(HEX_HASH, leaf),
    )


def _file(told: str) -> File:
    kind, digest, size = told.split(" ")
    return File(kind=kind, sha256=Sha256.parse(digest), size=_number(size))


def _one(values: dict[str, list[str]], name: str) -> str:
    (value,) = values[name]
    return value


def _number(text: str) -> int:
    return int(_matching(NUMBER, text))


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text


def _malformed(why: str) -> DamagedError:
    return DamagedError("certificate.malformed", why)
