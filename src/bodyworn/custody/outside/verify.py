#!/usr/bin/env python3
"""Check a pack, an export, a copy of the log, a proof or a receipt, with nothing but Python.

    python3 verify.py FOLDER --key police.example+1234abcd+AZy...

This is one file on purpose, to be read from top to bottom by whoever must swear to its answer. It
needs Python 3.9 or later and its standard library; it opens no connection, writes no file, starts
no program, and trusts nothing that it is given except the key that you bring.

    1  Words          every sentence that it can say, and the number of every step
    2  Signatures     Ed25519 (RFC 8032) and ML-DSA-44 (FIPS 204)
    3  Signed notes   keys, notes, checkpoints (C2SP signed-note, tlog-checkpoint)
    4  The tree       hashes and proofs (RFC 6962, RFC 9162; C2SP tlog-proof)
    5  Witnesses      cosignatures and policies (C2SP tlog-cosignature, tlog-policy)
    6  Receipts       what the sender of the footage was told
    7  Events         strict JSON, its canonical form (RFC 8785), salted commitments
    8  Folders        listing and reading files that somebody else has made
    9  Bags           BagIt 1.0 (RFC 8493) and SHA256SUMS
    10 The log        tiles and entries (C2SP tlog-tiles)
    11 Judging        the numbered steps
    12 Saying it      words, JSON, exit codes

It ends with 0: every step held; 5: a step failed; 4: something that was needed is not here; 2:
wrong use. The page `verify.html` beside it takes the same steps and says the same sentences.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import stat
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

# ------------------------------------------------------------------------------------ 1  Words
# The page holds these very words: a test compares them. {name} stands for what was found.

WORDS: dict[str, Any] = json.loads(r"""
{
 "steps": {
  "pack": [
   "The folder has the form of a pack, and no name in it leads out of it.",
   "Every file is in a list, and every listed file is here.",
   "Every file has the digests that the lists name.",
   "The key is the log's.",
   "The checkpoint is signed by the log.",
   "Every event has its place under a signed checkpoint.",
   "Every event says what its place in the log commits to.",
   "The receipt is signed, and the footage is what the log names.",
   "The log itself continues all this, and has no other event of the recording.",
   "A checkpoint that somebody kept belongs to the same history.",
   "Enough witnesses cosigned."
  ],
  "log": [
   "The checkpoint is signed by the log.",
   "Every bundle of entries is here and whole.",
   "Every tile is what the entries make it.",
   "The entries give the root that was signed.",
   "A checkpoint that somebody kept belongs to the same history.",
   "Enough witnesses cosigned."
  ],
  "proof": [
   "The proof is well formed, and its checkpoint is signed by the log.",
   "The entry has this place under the signed root.",
   "Enough witnesses cosigned."
  ],
  "receipt": [
   "The receipt is well formed and signed by the log.",
   "The bytes are those that the receipt names."
  ]
 },
 "sentences": {
  "done.form-pack": "It is a pack: a BagIt bag with {files} files, none of them a link.",
  "done.form-export": "It is an export with {files} files, none of them a link.",
  "done.complete": "All {files} files are listed, and all listed files are here.",
  "done.digests": "All {files} files, {bytes} bytes, have the digests of the lists.",
  "done.key-given": "The key is the one that you gave: {key}.",
  "done.key-found": "The key is {key}, from the same hands as everything here.",
  "done.checkpoint": "{origin} signed a tree of {size} entries.",
  "done.events": "All {events} events have their places, {first} to {last}.",
  "done.meaning": "All {events} events say what was logged.",
  "done.meaning-erased": "All {events} events say what was logged; in {erased} of them something was erased and cannot be checked.",
  "done.arrived": "{file} is byte for byte what arrived; the receipt says: {durability}.",
  "done.copy": "{file} is byte for byte a copy that entry {entry} of the log names; what arrived is not in this folder.",
  "done.log-pack": "The log has {size} entries and continues this folder's checkpoints; all {events} events of the recording up to {covered} entries are here.",
  "done.older": "The checkpoint that was kept, of {size} entries, belongs to the same history.",
  "done.quorum": "{signed} of {all} witnesses ({names}) cosigned the first {size} entries; that is a quorum.",
  "done.nobody": "The policy asks for no witness, and {signed} of {all} signed.",
  "done.bundles": "All {size} entries are here and were hashed.",
  "done.tiles": "All {tiles} tiles are what the entries make them.",
  "done.root": "The entries give the signed root {root}.",
  "done.root-only": "The entries give the signed root {root}: they are genuine, and the tiles are not.",
  "done.proof": "The entry is number {index} of {size} under the signed root.",
  "done.receipt": "{name} signed that recording {reference} was {durability} at {at}.",
  "done.receipt-bytes": "{file} is byte for byte what the receipt names.",

  "unchecked.before": "This could not be looked at, because an earlier step failed.",
  "unchecked.older": "The kept checkpoint has {size} entries and this folder's another number; only a copy of the log can tell whether they belong together.",
  "unchecked.unwitnessed": "{signed} of {all} witnesses ({names}) cosigned {size} entries; the policy that lies here asks for more, so no quorum stands behind them.",
  "unchecked.entry": "A proof is about an entry, and none was given.",

  "file.missing": "{file} is missing, or is no plain file.",
  "file.unreadable": "{file} cannot be read: {why}.",
  "file.wrong": "{file}: {why}",
  "file.large": "{file} is larger than such a file can be.",
  "folder.endless": "The folder has too many files, or folders too deep inside each other.",
  "folder.name": "A file name is not UTF-8: {file}.",
  "folder.odd": "{file} is a link or a device; a folder that is handed over has plain files only.",
  "folder.twice": "{file} differs from another name only in letters that some disks take for the same.",
  "bag.declaration": "bagit.txt is not the declaration of a BagIt 1.0 bag in UTF-8.",
  "bag.fetch": "fetch.txt would have files brought from elsewhere; everything must be here.",
  "bag.info": "bag-info.txt is not a list of labels and values.",
  "bag.oxum": "bag-info.txt counts {told} bytes and files of payload; here are {found}.",
  "list.line": "{file} has a line that is no digest and name, line {line}.",
  "list.unsafe": "{file} names a path that leads out of the folder, or to another file elsewhere: {path}.",
  "list.twice": "{file} names a file twice: {path}.",
  "list.scope": "{file} names a file that is not its to name: {path}.",
  "list.absent": "{path} stands in {file} and is not here.",
  "list.unlisted": "{path} is here and does not stand in {file}.",
  "list.digest": "{path} is not what {file} says: it was changed.",
  "key.missing": "There is no public key. Give the one that the force has published with --key.",
  "key.garbled": "That is not a public key of a log.",
  "key.kind": "That is a key of another kind.",
  "key.private": "That is a private key, which nobody may have but its owner. Give the file that ends in .vkey.",
  "key.other": "The folder's key {found} is not the one that you gave, {given}.",
  "note.utf8": "The text is not UTF-8.",
  "note.control": "A signed note holds no control characters.",
  "note.block": "The note has no block of signatures.",
  "note.line": "A signature line is a dash, a name and base64.",
  "note.base64": "Something is not base64, or not in its one proper form.",
  "note.bad-signature": "{name} did not sign this text.",
  "note.not-signed": "There is no signature of {name} with this key.",
  "checkpoint.lines": "A checkpoint has at least three lines, none of them empty.",
  "checkpoint.size": "The size in the checkpoint is not a plain number.",
  "checkpoint.root": "The root in the checkpoint has not 32 bytes.",
  "checkpoint.other-log": "This is a checkpoint of {origin}, and the key is that of {name}.",
  "checkpoint.two-histories": "Two histories: the log signed two different trees of {size} entries. Keep both; that is proof against it.",
  "proof.header": "That is no proof file (C2SP tlog-proof).",
  "proof.lines": "The proof file lacks a line or spoils one.",
  "proof.place": "The proof is for entry {index} of {size}, which is no place.",
  "proof.length": "The proof for entry {index} has not the length that its place needs.",
  "proof.root": "The proof does not lead from entry {index} to the signed root.",
  "proof.index": "The proof is for entry {found}, and not for entry {index}.",
  "proof.nobodys": "{file} belongs to no event of custody.json: an event was taken out.",
  "policy.end": "The policy is too long, or its end is missing.",
  "policy.line": "Line {line} of the policy cannot be understood in one way only.",
  "policy.quorum": "The policy has no line that says `quorum`.",
  "policy.other-log": "The policy is not about this log.",
  "policy.unmet": "{signed} of {all} witnesses ({names}) cosigned {size} entries; the policy asks for more.",
  "policy.other-history": "The witnesses cosigned {size} entries that are not the first {size} of this log.",
  "receipt.title": "This note is no receipt of {name}.",
  "receipt.form": "The receipt lacks a line or spoils one.",
  "receipt.reference": "The receipt is for recording {found}, and custody.json for {told}.",
  "receipt.event": "The receipt names an event that is not among those here.",
  "receipt.disagrees": "The receipt names another {name} than entry {entry} does.",
  "receipt.bytes": "{file} is not what the receipt names.",
  "footage.none": "No file here is the recording that arrived, nor a copy that the log names.",
  "json.form": "The JSON is not whole, or not of the strict form.",
  "custody.form": "This is not of the form that an export has.",
  "custody.event": "Event {place} is not of its form.",
  "custody.order": "Entry {entry} of custody.json is doubled, or not in the order of the log.",
  "custody.none": "It tells of no event.",
  "custody.path": "Entry {entry}: its proof is said to lie at {path}, which is no place for it.",
  "event.hash": "Entry {entry}: the leaf is not the one that its hash names.",
  "event.leaf": "Entry {entry}: the leaf is no event of such a log.",
  "event.disagrees": "Entry {entry}: the {name} that is told is not the one that was logged.",
  "log.bundle": "{file} is not a whole bundle of {entries} entries.",
  "log.tile-length": "{file} has the wrong length. {wrong} of {tiles} tiles disagree.",
  "log.tile-missing": "{file} is missing. {wrong} of {tiles} tiles disagree.",
  "log.tile-entry": "Entry {entry} and its hash in {file} disagree. {wrong} of {tiles} tiles disagree.",
  "log.tile-above": "{file} holds another hash for entries {entry} to {last}. {wrong} of {tiles} tiles disagree.",
  "log.root": "The entries give the root {root}, and signed was {signed}.",
  "log.shorter": "The log has {size} entries, fewer than the {kept} of a checkpoint of this history.",
  "log.rewritten": "The first {size} entries of the log are not those of a checkpoint of this history.",
  "log.left-out": "The log has entry {entry} about this recording, and custody.json has not.",
  "older.more": "The checkpoint that was kept has {size} entries, more than this log.",
  "older.other": "The first {size} entries are not those of the checkpoint that was kept.",
  "older.not-ours": "What was kept is not a checkpoint of this log: {why}",
  "what.missing": "There is nothing at {what}.",
  "what.zip": "{what} is a ZIP file. Unpack it, and give the folder that comes out.",
  "what.unknown": "{what} is no pack, no export, no log, no proof and no receipt."
 },
 "proved": {
  "files": "The folder is whole: no file was changed, taken out or added since its lists were written.",
  "events": "{name} logged these {events} events, and cannot take one back without contradicting its signature.",
  "meaning": "They say when it was, who it was and what for, as it was logged at the time.",
  "footage": "{file} is the footage that these events are about, byte for byte.",
  "all-events": "No event of this recording was left out, up to {size} entries of the log.",
  "entries": "All {size} entries are those that {name} signed: none changed, none missing, in this order.",
  "tiles": "Every tile is genuine, and so is every proof that is read from them.",
  "older": "Nothing that the kept checkpoint covers was changed or taken out since.",
  "quorum": "The witnesses that the policy asks for were shown this same history, and would have refused one that contradicts what they had seen before.",
  "proof": "{name} logged exactly these bytes as entry {index}, and cannot take them back without contradicting its signature on {size} entries.",
  "receipt": "{name} signed this receipt, and cannot deny it.",
  "receipt-bytes": "{file} is byte for byte what the receipt is for."
 },
 "not_proved": {
  "camera": "That a camera told the truth: the log shows what happened to bytes after they arrived.",
  "all": "That everything was logged: only that what was logged is still there, unchanged, in order.",
  "clock": "That the clock was right: times are those of the system, and only their order is fixed.",
  "purpose": "That a stated purpose was the true one.",
  "another-log": "That nobody was shown another log: compare a checkpoint with somebody who keeps them.",
  "witnesses": "That the witnesses are honest and apart from the force, or what became of the entries that came after their signatures.",
  "key": "That the key is the force's: it came from the same hands as what it was used for. Compare {key} with what the force has published.",
  "policy": "That the policy is a good one: it came from the same hands as everything here.",
  "left-out": "That no event of this recording was left out: only the log itself can show that (--log).",
  "sizes": "That the checkpoints here, of {sizes} entries, are of one history: only the log itself can show that (--log).",
  "verifier": "That this verifier is the true one, if it came with what it checks: get it from somebody else.",
  "documents": "Anything about the other files here (PDF, JSON-LD, README, and what no event names), but that they are as listed.",
  "receipt-now": "What became of the bytes after the receipt was signed."
 },
 "headings": {
  "proved": "What was proved",
  "nothing": "Nothing.",
  "not_proved": "What was NOT proved",
  "ok": "ok",
  "wrong": "WRONG",
  "unchecked": "?",
  "verdict.proved": "All steps held.",
  "verdict.missing": "Not everything could be looked at.",
  "verdict.damaged": "SOMETHING IS WRONG. Keep everything as it is."
 }
}
""")


class WrongError(Exception):
    """What was given is not what it should be. Its sentence is in the words."""

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values

    def __str__(self) -> str:
        return say(self.key, **self.values)


class MissingError(WrongError):
    """Something that is needed was not given."""


class UnmetError(WrongError):
    """Fewer witnesses have signed than a policy asks for."""


@contextmanager
def of_file(file: str) -> Iterator[None]:
    """Whatever is wrong in here is wrong with this file, and its sentence says so."""
    try:
        yield
    except MissingError:
        raise
    except WrongError as error:
        if error.values.keys() & {"file", "path", "entry"}:
            raise
        raise WrongError("file.wrong", file=file, why=str(error)) from None


def say(key: str, /, **values: object) -> str:
    """The sentence of this key."""
    text: str = WORDS["sentences"][key]
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), text)


# ------------------------------------------------------------------------------- 2  Signatures
# RFC 8032, section 5.1.7, with the equation in its strict form (no cofactor), S below the order of
# the group, and R compared byte by byte: what OpenSSL does, which the force's own program uses.
# Nothing here is secret, so it need not take the same time for every input.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, x*y = T/Z
NEUTRAL: Point = (0, 1, 1, 0)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of this public key made this signature of this message."""
    if len(public) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    key = point_from(public)
    if s >= ORDER or key is None:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    h = int.from_bytes(digest, "little") % ORDER
    x, y, z, t = key
    minus_key = (-x % P, y, z, -t % P)
    return point_as_bytes(both_times(s, BASE, h, minus_key)) == signature[:32]


def point_from(raw: bytes) -> Point | None:
    """The point that these 32 bytes name (section 5.1.3); None where there is none."""
    number = int.from_bytes(raw, "little")
    y = (number & (2**255 - 1)) % P
    above, below = (y * y - 1) % P, (CURVE_D * y * y + 1) % P
    # A square root of above/below, if there is one.
    x = above * pow(below, 3, P) * pow(above * pow(below, 7, P), (P - 5) // 8, P) % P
    if below * x * x % P != above:
        x = x * ROOT_OF_MINUS_ONE % P
    if below * x * x % P != above:
        return None
    if x & 1 != number >> 255:
        x = -x % P
    return (x, y, 1, x * y % P)


def point_as_bytes(point: Point) -> bytes:
    """32 bytes: y, and the lowest bit of x (section 5.1.2)."""
    one_over_z = pow(point[2], P - 2, P)
    x, y = point[0] * one_over_z % P, point[1] * one_over_z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def sum_of(one: Point, other: Point) -> Point:
    """Both points added (section 5.1.4)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * CURVE_D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def both_times(s: int, one: Point, h: int, other: Point) -> Point:
    """s times the one point plus h times the other, both in one row of doublings."""
    added = (None, one, other, sum_of(one, other))
    total = NEUTRAL
    for bit in range(max(s.bit_length(), h.bit_length()) - 1, -1, -1):
        total = sum_of(total, total)
        chosen = added[(s >> bit & 1) + 2 * (h >> bit & 1)]
        total = sum_of(total, chosen) if chosen else total
    return total


_base = point_from((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
BASE: Point = _base if _base else NEUTRAL  # the base point exists: 4/5 is on the curve


# ML-DSA-44 (FIPS 204, algorithms 3 and 8), for witnesses whose keys are to outlast Ed25519.

Q, TAU, GAMMA1, GAMMA2, BETA, OMEGA = 8380417, 39, 1 << 17, 95232, 78, 80
Poly = list[int]  # 256 numbers below Q
ZETAS = [pow(1753, int(f"{n:08b}"[::-1], 2), Q) for n in range(256)]
MLDSA_KEY, MLDSA_SIGNATURE = 1312, 2420  # bytes


def is_signed_mldsa(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of this public key made this signature (algorithm 3, no context)."""
    if len(public) != MLDSA_KEY or len(signature) != MLDSA_SIGNATURE:
        return False
    hints = hints_from(signature[2336:])
    z = [[GAMMA1 - n for n in numbers_in(part, 18)] for part in cut(signature[32:2336], 576)]
    if hints is None or max(abs(n) for part in z for n in part) >= GAMMA1 - BETA:
        return False
    challenge = ntt(ball(signature[:32]))
    high = [ntt([n << 13 for n in numbers_in(part, 10)]) for part in cut(public[32:], 320)]
    z_hat = [ntt(part) for part in z]
    encoded = 0
    for row in range(4):
        sums = [-challenge[n] * high[row][n] for n in range(256)]
        for column in range(4):
            matrix = uniform(public[:32] + bytes([column, row]))
            sums = [one + matrix[n] * z_hat[column][n] for n, one in enumerate(sums)]
        for n, one in enumerate(inverse_ntt([one % Q for one in sums])):
            encoded |= with_hint(one, n in hints[row]) << 6 * (256 * row + n)
    seen = hashlib.shake_256(public).digest(64) + b"\0\0" + message
    mu = hashlib.shake_256(seen).digest(64)
    return hashlib.shake_256(mu + encoded.to_bytes(768, "little")).digest(32) == signature[:32]


def cut(data: bytes, size: int) -> list[bytes]:
    """Pieces of this size."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def numbers_in(data: bytes, bits: int) -> Poly:
    """256 numbers of so many bits, lowest first (algorithm 18)."""
    whole = int.from_bytes(data, "little")
    return [whole >> bits * n & (1 << bits) - 1 for n in range(256)]


def hints_from(data: bytes) -> list[set[int]] | None:
    """Where each of four rows has a hint; None unless written in the one way (algorithm 21)."""
    rows, start = [], 0
    for end in data[OMEGA:]:
        places = list(data[start:end])
        if not start <= end <= OMEGA or places != sorted(set(places)):
            return None
        rows.append(set(places))
        start = end
    return None if any(data[start:OMEGA]) else rows


def ball(seed: bytes) -> Poly:
    """A polynomial with 39 coefficients of 1 or -1 (algorithm 29)."""
    stream = hashlib.shake_256(seed).digest(8 + 1024)
    signs, at, found = int.from_bytes(stream[:8], "little"), 8, [0] * 256
    for n in range(256 - TAU, 256):
        while stream[at] > n:
            at += 1
        place = stream[at]
        found[n], found[place] = found[place], 1 - 2 * (signs >> n + TAU - 256 & 1)
        at += 1
    return found


def uniform(seed: bytes) -> Poly:
    """256 numbers below Q, already transformed (algorithm 30)."""
    stream = hashlib.shake_128(seed).digest(168 * 12)
    numbers = [int.from_bytes(part, "little") & 0x7FFFFF for part in cut(stream, 3)]
    return [one for one in numbers if one < Q][:256]


def ntt(poly: Poly) -> Poly:
    """The number-theoretic transform (algorithm 41)."""
    found, m, half = [n % Q for n in poly], 0, 128
    while half:
        for start in range(0, 256, 2 * half):
            m += 1
            for n in range(start, start + half):
                turned = ZETAS[m] * found[n + half] % Q
                found[n], found[n + half] = (found[n] + turned) % Q, (found[n] - turned) % Q
        half //= 2
    return found


def inverse_ntt(poly: Poly) -> Poly:
    """And back (algorithm 42)."""
    found, m, half = list(poly), 256, 1
    while half < 256:
        for start in range(0, 256, 2 * half):
            m -= 1
            for n in range(start, start + half):
                one, other = found[n], found[n + half]
                found[n], found[n + half] = (one + other) % Q, ZETAS[m] * (other - one) % Q
        half *= 2
    return [n * 8347681 % Q for n in found]


def with_hint(number: int, hint: bool) -> int:
    """The high part of a number, put right by a hint (algorithms 36 and 40)."""
    low = number % (2 * GAMMA2)
    low -= 2 * GAMMA2 if low > GAMMA2 else 0
    high = 0 if number - low == Q - 1 else (number - low) // (2 * GAMMA2)
    low -= 1 if number - low == Q - 1 else 0
    return (high + (1 if low > 0 else -1)) % 44 if hint else high


# ----------------------------------------------------------------------------- 3  Signed notes
# A note is text, an empty line, and one line a signature: a dash, the key's name, and base64 of
# four bytes that name the key and the signature itself. Lines of unknown keys are passed over.

LOG_KEY, WITNESS_KEY, MLDSA = b"\x01", b"\x04", b"\x06"
KEY_SIZES = {LOG_KEY: 32, WITNESS_KEY: 32, MLDSA: MLDSA_KEY}
MOST_SIGNATURES = 100
MOST_NOTE = 1 << 20  # bytes of a note, a proof or a receipt
LARGEST_SIZE = 2**63 - 1
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Key:
    """A public key and the name that it signs under."""

    name: str
    public: bytes
    kind: bytes = LOG_KEY

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key of this name signed."""
        return sha256(self.name.encode() + b"\n" + self.kind + self.public)[:4]

    @property
    def text(self) -> str:
        """The key as it is handed out."""
        encoded = base64.b64encode(self.kind + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made what stands on a signature line."""
        if self.kind == LOG_KEY:
            return is_signed(self.public, message, signature)
        seconds = seconds_of(signature)
        if self.kind == MLDSA:
            stated = stated_tree(message, self.name, seconds)
            is_one = seconds <= LATEST and stated
            return bool(is_one and is_signed_mldsa(self.public, stated, signature[8:]))
        timed = b"cosignature/v1\ntime %d\n" % seconds + message
        return 0 < seconds <= LATEST and is_signed(self.public, timed, signature[8:])


@dataclass(frozen=True)
class Head:
    """What a log has signed about its whole tree."""

    origin: str
    size: int  # entries
    root: bytes  # 32 bytes


def sha256(data: bytes) -> bytes:
    """32 bytes (FIPS 180-4)."""
    return hashlib.sha256(data).digest()


def read_key(text: str, *kinds: bytes) -> Key:
    """Read `name+hash+base64`; a log's Ed25519 key unless other kinds are named."""
    if text.strip().startswith("PRIVATE+KEY+"):
        raise WrongError("key.private")
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    if not is_name(name) or not encoded:
        raise WrongError("key.garbled")
    raw = from_base64(encoded)
    kind = raw[:1]
    if kind not in (kinds or (LOG_KEY,)) or len(raw) != 1 + KEY_SIZES[kind]:
        raise WrongError("key.kind")
    key = Key(name, raw[1:], kind)
    if key.key_id.hex() != key_id:
        raise WrongError("key.garbled")
    return key


def is_name(name: str) -> bool:
    """Whether a key can be called so."""
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " for c in name)


def from_base64(text: str) -> bytes:
    """Standard base64, in the one way that it can be written."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise WrongError("note.base64") from None
    if base64.b64encode(raw).decode() != text:
        raise WrongError("note.base64")
    return raw


def as_text(data: bytes) -> str:
    """UTF-8, strictly."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise WrongError("note.utf8") from None


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Text and signatures (key's name, raw bytes) of a note; nothing is verified."""
    if any(c < " " and c != "\n" for c in note):
        raise WrongError("note.control")
    head, blank, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or lines.pop() != "" or not 0 < len(lines) <= MOST_SIGNATURES:
        raise WrongError("note.block")
    return head + "\n", [signature_in(line) for line in lines]


def signature_in(line: str) -> tuple[str, bytes]:
    """Name and bytes of one signature line."""
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\N{EM DASH}" or not is_name(parts[1]):
        raise WrongError("note.line")
    raw = from_base64(parts[2])
    if len(raw) <= 4:
        raise WrongError("note.line")
    return parts[1], raw


def text_signed_by(note: str, key: Key) -> str:
    """The note's text, if this key has signed it; one bad line of the key spoils the note."""
    text, signatures = split_note(note)
    ours = [raw[4:] for name, raw in signatures if name == key.name and raw[:4] == key.key_id]
    if not all(key.signed(text.encode(), raw) for raw in ours):
        raise WrongError("note.bad-signature", name=key.name)
    if not ours:
        raise WrongError("note.not-signed", name=key.name)
    return text


def read_checkpoint(note: str, key: Key) -> Head:
    """The head of a tree that this log has signed."""
    lines = text_signed_by(note, key)[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise WrongError("checkpoint.lines")
    origin, size, root = lines[:3]
    if not NUMBER.fullmatch(size) or int(size) > LARGEST_SIZE:
        raise WrongError("checkpoint.size")
    head = Head(origin, int(size), from_base64(root))
    if len(head.root) != 32:
        raise WrongError("checkpoint.root")
    if origin != key.name:
        raise WrongError("checkpoint.other-log", origin=origin, name=key.name)
    return head


# --------------------------------------------------------------------------------- 4  The tree

EMPTY_ROOT = sha256(b"")
PROOF_HEADER = "c2sp.org/tlog-proof@v1"
LONGEST_PATH = 63


@dataclass(frozen=True)
class Proof:
    """One entry's place under one checkpoint."""

    index: int
    hashes: tuple[bytes, ...]  # the leaf's sibling first
    note: str  # the checkpoint


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256 of 0x00 and the entry: no leaf can pass for a node."""
    return sha256(b"\x00" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children."""
    return sha256(b"\x01" + left + right)


def root_of(row: Sequence[bytes]) -> bytes:
    """The root over these hashes, row by row; an odd last one moves up as it is."""
    row = list(row)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        row = [node_hash(row[n], row[n + 1]) for n in range(0, len(row) - 1, 2)] + odd
    return row[0] if row else EMPTY_ROOT


def root_by_inclusion(leaf: bytes, index: int, size: int, hashes: Sequence[bytes]) -> bytes:
    """The root that a proof leads to (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise WrongError("proof.place", index=index, size=size)
    fn, sn, reached = index, size - 1, leaf
    for sibling in hashes:
        if sn == 0:
            raise WrongError("proof.length", index=index)
        if fn & 1 or fn == sn:
            reached = node_hash(sibling, reached)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            reached = node_hash(reached, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise WrongError("proof.length", index=index)
    return reached


def is_consistent(proof: Sequence[bytes], old: Head, new: Head) -> bool:
    """Whether the old tree is the beginning of the new one (RFC 9162, 2.1.4.2)."""
    if not 0 < old.size <= new.size:
        return False
    if old.size == new.size:
        return not proof and old.root == new.root
    path = list(proof) if old.size & (old.size - 1) else [old.root, *proof]
    fn, sn = old.size - 1, new.size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0] if path else b""
    for one in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = node_hash(one, first), node_hash(one, second)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, one)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and first == old.root and second == new.root


def read_proof(text: str) -> Proof:
    """Read a `.tlog-proof` file."""
    head, blank, note = text.partition("\n\n")
    header, *lines = head.split("\n")
    if header != PROOF_HEADER or not blank:
        raise WrongError("proof.header")
    if lines and lines[0].startswith("extra "):
        extra = lines.pop(0).partition(" ")[2]
        if not extra:
            raise WrongError("proof.lines")
        from_base64(extra)
    name, _, index = lines.pop(0).partition(" ") if lines else ("", "", "")
    if name != "index" or not NUMBER.fullmatch(index) or len(lines) > LONGEST_PATH:
        raise WrongError("proof.lines")
    hashes = tuple(from_base64(line) for line in lines)
    if any(len(one) != 32 for one in hashes):
        raise WrongError("proof.lines")
    return Proof(int(index), hashes, note)


# -------------------------------------------------------------------------------- 5  Witnesses

LATEST = 253_402_300_799  # the last second of the year 9999
MOST_POLICY = 1 << 18  # bytes
MOST_LISTED = 64
NONE = "none"


@dataclass
class Policy:
    """Which witnesses there are, and which of them are enough."""

    logs: list[Key] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)  # needed, members
    quorum: str = ""

    def names(self) -> set[str]:
        """Every name that is given away."""
        return {*self.witnesses, *self.groups}

    def is_met_by(self, signed: set[str]) -> bool:
        """Whether these witnesses are enough."""
        met = set(signed)
        for name, (needed, members) in self.groups.items():  # each stands after its members
            if len(met.intersection(members)) >= needed:
                met.add(name)
        return self.quorum == NONE or self.quorum in met


def seconds_of(signature: bytes) -> int:
    """When a witness says that it signed; 0 for what is no cosignature, or states no time."""
    is_one = len(signature) in (8 + 64, 8 + MLDSA_SIGNATURE)
    return int.from_bytes(signature[:8], "big") if is_one else 0


def stated_tree(text: bytes, name: str, seconds: int) -> bytes:
    """What an ML-DSA line signs: who, when, and the whole tree; empty for no checkpoint."""
    origin, size, root, *_ = [*text.decode().split("\n"), "", "", ""]
    names = [one.encode() for one in (name, origin)]
    if not NUMBER.fullmatch(size) or not all(0 < len(one) <= 255 for one in names):
        return b""
    (signer, log), zero = (bytes([len(one)]) + one for one in names), bytes(8)
    time, last = seconds.to_bytes(8, "big"), int(size).to_bytes(8, "big")
    return b"subtree/v1\n\0" + signer + time + log + zero + last + from_base64(root)


def cosigned_at(note: str, key: Key) -> int | None:
    """When this witness last cosigned this checkpoint; None where it did not."""
    text, signatures = split_note(note)
    ours = [raw[4:] for name, raw in signatures if name == key.name and raw[:4] == key.key_id]
    if not all(key.signed(text.encode(), raw) for raw in ours):
        raise WrongError("note.bad-signature", name=key.name)
    return max(filter(None, map(seconds_of, ours)), default=None)


def read_policy(data: bytes) -> Policy:
    """Read a policy strictly: one that is weaker than it looks is worse than none."""
    if len(data) > MOST_POLICY or not data.endswith(b"\n"):
        raise WrongError("policy.end")
    policy, members = Policy(), set[str]()
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        if re.search(rb"[^\t\x20-\x7e\x80-\xff]", line):
            raise WrongError("policy.line", line=number)
        # Names are octets; this way of reading keeps different octets different.
        words = [word.decode("utf-8", "surrogateescape") for word in line.split()]
        if not words or words[0].startswith("#"):
            continue
        try:
            take_line(policy, members, words[0], words[1:])
        except WrongError:
            raise WrongError("policy.line", line=number) from None
    if not policy.quorum:
        raise WrongError("policy.quorum")
    return policy


def take_line(policy: Policy, members: set[str], word: str, rest: list[str]) -> None:
    """One line of a policy; any fault is the line's."""
    if word == "log" and 1 <= len(rest) <= 2:
        key = read_key(utf8(rest[0]), LOG_KEY, MLDSA)
        require(len(policy.logs) < MOST_LISTED)
        require(all(key.public != one.public for one in policy.logs))
        policy.logs.append(key)
    elif word == "witness" and 2 <= len(rest) <= 3:
        key = read_key(utf8(rest[1]), WITNESS_KEY, MLDSA)
        require(len(policy.witnesses) < MOST_LISTED and is_free(policy, rest[0]))
        require(all(key.public != one.public for one in policy.witnesses.values()))
        policy.witnesses[rest[0]] = key
    elif word == "group" and len(rest) >= 3:
        take_group(policy, members, rest[0], rest[1], rest[2:])
    elif word == "quorum" and len(rest) == 1:
        require(not policy.quorum and (rest[0] == NONE or rest[0] in policy.names()))
        policy.quorum = rest[0]
    else:
        require(False)


def take_group(policy: Policy, taken: set[str], name: str, many: str, members: list[str]) -> None:
    """A line `group name any|all|number member...`; a voice counts once."""
    require(len(policy.groups) < MOST_LISTED and is_free(policy, name))
    for member in members:
        require(member in policy.names() and member not in taken)
        taken.add(member)
    needed = {"any": 1, "all": len(members)}.get(many, 0)
    if not needed:
        require(bool(re.fullmatch("[1-9][0-9]{0,2}", many)) and int(many) <= len(members))
        needed = int(many)
    policy.groups[name] = (needed, members)


def is_free(policy: Policy, name: str) -> bool:
    """Whether a name can still be given away."""
    return name != NONE and name not in policy.names()


def utf8(word: str) -> str:
    """A word that is text, and not only octets."""
    require(not any("\ud800" <= c <= "\udfff" for c in word))
    return word


def require(holds: bool) -> None:
    """For the line of a policy, which names itself in its error."""
    if not holds:
        raise WrongError("policy.quorum")


# --------------------------------------------------------------------------------- 6  Receipts

RECEIPT_LINES = ("reference", "sha256", "size", "device", "sequence", "durability", "at", "event")
OPTIONAL_LINES = ("device", "sequence")
DURABILITIES = ("received", "recorded", "integrated", "published")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
HEX_HASH = re.compile(r"[0-9a-f]{64}")


def read_receipt(note: str, key: Key) -> dict[str, str]:
    """The lines of a receipt that this log has signed, each in its place, none twice."""
    title, *lines = text_signed_by(note, key)[:-1].split("\n")
    if title != f"{key.name}/receipt":
        raise WrongError("receipt.title", name=key.name)
    values = dict(line.partition(" ")[::2] for line in lines)
    in_order = [f"{name} {values[name]}" for name in RECEIPT_LINES if name in values]
    needed = [name for name in RECEIPT_LINES if name not in OPTIONAL_LINES]
    is_good = (
        in_order == lines
        and all(values.get(name) for name in needed)
        and all(value and "\x7f" not in value for value in values.values())
        and all(HEX_HASH.fullmatch(values[name]) for name in ("sha256", "event"))
        and all(NUMBER.fullmatch(values.get(name, "0")) for name in ("size", "sequence"))
        and values["durability"] in DURABILITIES
        and is_time(values["at"])
    )
    if not is_good:
        raise WrongError("receipt.form")
    return values


def is_time(text: str) -> bool:
    """Whether this is a time of ours: UTC, with milliseconds."""
    if not TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text[:-1] + "+00:00")
    except ValueError:
        return False
    return True


# ----------------------------------------------------------------------------------- 7  Events
# A leaf names nobody: subject, actor and detail stand in it as SHA-256 of a secret salt of 16
# bytes and the value's canonical JSON. Value and salt together show what the leaf means.

MOST_CUSTODY = 1 << 26  # bytes of custody.json
DEEPEST = 64  # objects and lists inside each other
LARGEST_NUMBER = 2**53
HEX_SALT = re.compile(r"[0-9a-f]{32}")
LEAF_FIELDS = {"actor", "detail", "evidence", "id", "operation", "subject", "time", "type", "v"}


def strict_json(text: str) -> Any:
    """JSON without doubled names, fractions, huge numbers, half characters or deep nesting."""
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_refused,
            parse_constant=_refused,
        )
    except (ValueError, RecursionError):
        raise WrongError("json.form") from None
    _check_depth(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST_NUMBER:
        raise ValueError("a huge number")
    return int(text)


def _refused(text: str) -> Any:
    raise ValueError(text)


def _check_depth(value: Any) -> None:
    waiting = [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str) and any("\ud800" <= c <= "\udfff" for c in one):
            raise WrongError("json.form")
        if isinstance(one, (dict, list)):
            if depth > DEEPEST:
                raise WrongError("json.form")
            inner = [*one, *one.values()] if isinstance(one, dict) else one
            waiting += [(each, depth + 1) for each in inner]


def canonical(value: Any) -> bytes:
    """The one way to write a value that `strict_json` has read; names of members are ASCII."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def has_ascii_names(value: Any) -> bool:
    """Whether every name of every object is ASCII."""
    if isinstance(value, dict):
        return all(name.isascii() and has_ascii_names(value[name]) for name in value)
    return not isinstance(value, list) or all(map(has_ascii_names, value))


def commitment(salt: str, data: bytes) -> str:
    """SHA-256 of the salt and the data, in hexadecimal."""
    return sha256(bytes.fromhex(salt) + data).hex()


def read_leaf(text: str) -> dict[str, Any]:
    """The public side of an event, from its leaf."""
    leaf = strict_json(text)
    is_leaf = (
        isinstance(leaf, dict)
        and set(leaf) == LEAF_FIELDS
        and type(leaf["v"]) is int
        and leaf["v"] == 1
        and all(isinstance(leaf[name], str) for name in LEAF_FIELDS - {"v", *_MAYBE})
        and all(leaf[name] is None or isinstance(leaf[name], str) for name in _MAYBE)
        and canonical(leaf) == text.encode()
    )
    if not is_leaf:
        raise WrongError("event.leaf")
    found: dict[str, Any] = leaf
    return found


_MAYBE = ("operation", "evidence")


@dataclass(frozen=True)
class Event:
    """One event as custody.json tells it; nothing is believed yet."""

    index: int
    proof: str  # file, relative to custody.json
    leaf: str
    leaf_hash: str
    told: dict[str, Any]

    @property
    def detail(self) -> dict[str, Any]:
        """What is told about it, where that is an object."""
        detail = self.told.get("detail")
        return detail if isinstance(detail, dict) else {}


@dataclass(frozen=True)
class Custody:
    """What custody.json tells."""

    reference: str
    salt: str
    events: list[Event]

    @property
    def pseudonym(self) -> str:
        """The recording's name in the log."""
        return commitment(self.salt, self.reference.encode())


def read_custody(data: bytes) -> Custody:
    """Read custody.json."""
    found = strict_json(as_text(data))
    is_good = (
        isinstance(found, dict)
        and type(found.get("v")) is int
        and found["v"] == 1
        and isinstance(found.get("reference"), str)
        and isinstance(found.get("pseudonym_salt"), str)
        and HEX_SALT.fullmatch(found["pseudonym_salt"])
        and isinstance(found.get("events"), list)
    )
    if not is_good:
        raise WrongError("custody.form")
    events = [read_event(told, place) for place, told in enumerate(found["events"], start=1)]
    return Custody(found["reference"], found["pseudonym_salt"], events)


def read_event(told: Any, place: int) -> Event:
    """One event of custody.json."""
    is_good = (
        isinstance(told, dict)
        and type(told.get("index")) is int
        and told["index"] >= 0
        and all(isinstance(told.get(name), str) for name in ("proof", "leaf", "leaf_hash"))
        and isinstance(told.get("salts"), dict)
    )
    if not is_good:
        raise WrongError("custody.event", place=place)
    return Event(told["index"], told["proof"], told["leaf"], told["leaf_hash"], told)


def check_meaning(event: Event, pseudonym: str) -> bool:
    """Check that the leaf commits to what is told; False where a salt was erased."""
    leaf, told = read_leaf(event.leaf), event.told
    for name, as_told in (("type", "type"), ("operation", "operation"), ("time", "at")):
        agree(event, name, leaf[name] == told.get(as_told))
    agree(event, "evidence", leaf["evidence"] == pseudonym)
    values = {
        "subject": told.get("subject"),
        "actor": told.get("actor"),
        "detail": {"detail": told.get("detail"), "purpose": told.get("purpose")},
    }
    salts = told["salts"]
    for name, value in values.items():
        if name in salts:
            salt = salts[name]
            is_salt = isinstance(salt, str) and HEX_SALT.fullmatch(salt) and has_ascii_names(value)
            agree(event, name, is_salt and leaf[name] == commitment(salt, canonical(value)))
    return all(name in salts for name in values)


def agree(event: Event, name: str, agrees: object) -> None:
    """One field of one event."""
    if not agrees:
        raise WrongError("event.disagrees", name=name, entry=event.index)


# ---------------------------------------------------------------------------------- 8  Folders

MOST_FILES = 200_000
DEEPEST_FOLDER = 40
BLOCK = 1 << 20
Progress = Callable[[int, int], None]
"""Told how many bytes of how many have been read."""


class Folder:
    """Files of a folder by their names in it. Only plain files are ever opened."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> dict[str, int]:
        """Every file with its size; a link, a device or an endless folder is refused."""
        found: dict[str, int] = {}
        self._list(self.root, "", found, 0)
        return found

    def _list(self, folder: Path, prefix: str, found: dict[str, int], depth: int) -> None:
        if depth > DEEPEST_FOLDER or len(found) > MOST_FILES:
            raise WrongError("folder.endless")
        with os.scandir(folder) as listed:
            for one in sorted(listed, key=lambda entry: entry.name):
                name = prefix + one.name
                if any("\ud800" <= c <= "\udfff" for c in name):
                    raise WrongError("folder.name", file=name)
                if one.is_dir(follow_symlinks=False):
                    self._list(folder / one.name, f"{name}/", found, depth + 1)
                elif one.is_file(follow_symlinks=False):
                    found[name] = one.stat(follow_symlinks=False).st_size
                else:
                    raise WrongError("folder.odd", file=name)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        try:
            return (self.root / name).is_file()
        except (OSError, ValueError):
            return False

    def read(self, name: str, most: int) -> bytes:
        """A whole file of at most so many bytes."""
        with self.opened(name) as file:
            data: bytes = file.read(most + 1)
        if len(data) > most:
            raise WrongError("file.large", file=name)
        return data

    def opened(self, name: str) -> Any:
        """An open file; what is no plain file is treated as missing."""
        return open_plain(self.root / name, name)

    def digests(self, name: str, kinds: Sequence[str], told: Callable[[int], None]) -> list[str]:
        """Digests of one file, read once, in blocks."""
        hashes = [hashlib.new(kind) for kind in kinds]
        with self.opened(name) as file:
            while block := file.read(BLOCK):
                for one in hashes:
                    one.update(block)
                told(len(block))
        return [one.hexdigest() for one in hashes]


def open_plain(path: Path, name: str) -> Any:
    """Open a plain file. A pipe would keep us waiting for ever, so it is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY)
    except (OSError, ValueError):
        raise WrongError("file.missing", file=name) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise WrongError("file.missing", file=name)
    return os.fdopen(descriptor, "rb")


_BINARY = getattr(os, "O_BINARY", 0)


# ------------------------------------------------------------------------------------- 9  Bags

MOST_LIST = 1 << 26  # bytes of a list of digests
DIGITS = {"sha256": 64, "sha512": 128}  # hexadecimal, by kind of digest
LINE_END = re.compile("\r\n|\n|\r")
BAG_LINE = re.compile(r"([0-9A-Fa-f]+)[ \t]+([^ \t].*)")
SUMS_LINE = re.compile(r"([0-9a-f]+) [ *](.+)")
DECLARATION = ("BagIt-Version: 1.0", "Tag-File-Character-Encoding: UTF-8")
PAYLOAD = "data/"
SUMS = "SHA256SUMS"
CUSTODY, PROOFS = "custody.json", "proofs/"
NEEDED = ("log.vkey", "checkpoint")
NEEDED_OF_BAGS = (
    "bagit.txt",
    "bag-info.txt",
    "manifest-sha256.txt",
    "manifest-sha512.txt",
    "tagmanifest-sha256.txt",
    SUMS,
)


@dataclass(frozen=True)
class List:
    """One list of digests."""

    file: str  # its own name
    kind: str  # sha256 or sha512
    digests: dict[str, str]  # by name of the file


def is_safe(name: str) -> bool:
    """Whether a name stays inside the folder, on every system."""
    parts = name.split("/")
    return not (
        any(part in ("", ".", "..") for part in parts)
        or name.startswith("~")
        or "\\" in name
        or ":" in parts[0]
        or any(c < " " or c == "\x7f" for c in name)
    )


def alike(name: str) -> str:
    """The same for names that some disk takes for the same."""
    return unicodedata.normalize("NFC", name).lower()


def lines_of(folder: Folder, name: str) -> list[str]:
    """The lines of a text file, whatever system wrote it."""
    with of_file(name):
        lines = LINE_END.split(as_text(folder.read(name, MOST_LIST)))
    return lines[:-1] if lines[-1] == "" else lines


def read_list(folder: Folder, name: str, kind: str) -> List:
    """Read a manifest of a bag (RFC 8493, 2.1.3), or SHA256SUMS."""
    form = SUMS_LINE if name == SUMS else BAG_LINE
    digests: dict[str, str] = {}
    seen: set[str] = set()
    for number, line in enumerate(lines_of(folder, name), start=1):
        found = form.fullmatch(line)
        if not found or len(found[1]) != DIGITS[kind]:
            raise WrongError("list.line", file=name, line=number)
        path = found[2] if name == SUMS else unescaped(found[2])
        if not is_safe(path):
            raise WrongError("list.unsafe", file=name, path=path)
        if alike(path) in seen:
            raise WrongError("list.twice", file=name, path=path)
        if path == name or (name != SUMS and path.startswith(PAYLOAD) == name.startswith("tag")):
            raise WrongError("list.scope", file=name, path=path)
        seen.add(alike(path))
        digests[path] = found[1].lower()
    return List(name, kind, digests)


def unescaped(path: str) -> str:
    """Line ends and the percent sign are written by their numbers (RFC 8493, 2.1.3)."""
    return re.sub("%(0[AaDd]|25)", lambda found: chr(int(found[1], 16)), path)


def lists_of(folder: Folder, names: Mapping[str, int], is_bag: bool) -> list[List]:
    """Every list of digests in the folder; the form of the folder is checked on the way."""
    twice = [name for name, one in _doubled(names)]
    if twice:
        raise WrongError("folder.twice", file=twice[0])
    if is_bag and "fetch.txt" in names:
        raise WrongError("bag.fetch")
    inner = PAYLOAD if is_bag else ""
    items = items_in(names, inner)
    needed = [*(NEEDED_OF_BAGS if is_bag else [SUMS]), *(inner + name for name in NEEDED)]
    for name in [*needed, *(item + "receipt.txt" for item in items), items[0] + CUSTODY]:
        if name not in names:
            raise WrongError("file.missing", file=name)
    if is_bag and tuple(lines_of(folder, "bagit.txt")) != DECLARATION:
        raise WrongError("bag.declaration")
    lists = [read_list(folder, SUMS, "sha256")]
    for kind in DIGITS if is_bag else ():
        for name in (f"manifest-{kind}.txt", f"tagmanifest-{kind}.txt"):
            lists += [read_list(folder, name, kind)] if name in names else []
    return lists


def items_in(names: Mapping[str, int], inner: str) -> list[str]:
    """Where the recordings lie: together with all else, or each in a folder of its own."""
    folders = {name[: -len(CUSTODY)] for name in names if name.endswith(CUSTODY)}
    found = [one for one in folders if re.fullmatch(re.escape(inner) + "([^/]+/)?", one)]
    return sorted(found) or [inner]


def _doubled(names: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for name in names:
        if alike(name) in seen:
            yield name, seen[alike(name)]
        seen[alike(name)] = name


def check_complete(folder: Folder, names: Mapping[str, int], lists: Sequence[List]) -> None:
    """Every listed file is here, every file is listed, and the payload has its size."""
    for one in lists:
        for path in one.digests:
            if path not in names:
                raise WrongError("list.absent", file=one.file, path=path)
        for path in names:
            if path not in one.digests and has_to_list(one, path, lists):
                raise WrongError("list.unlisted", file=one.file, path=path)
    if "bag-info.txt" in names:
        check_oxum(folder, names)


def has_to_list(one: List, path: str, lists: Sequence[List]) -> bool:
    """Whether this list is to name this file. Of two lists, only one can name the other."""
    if one.file == SUMS:
        names_us = [other.file for other in lists if SUMS in other.digests]
        return path != SUMS and path not in names_us
    if one.file.startswith("manifest"):
        return path.startswith(PAYLOAD)
    return not path.startswith((PAYLOAD, "tagmanifest-")) and path != SUMS


def check_oxum(folder: Folder, names: Mapping[str, int]) -> None:
    """Payload-Oxum counts bytes and files (RFC 8493, 2.2.2)."""
    told = []
    for line in lines_of(folder, "bag-info.txt"):
        label, colon, value = line.partition(":")
        if line[:1] not in " \t" and not (colon and label):
            raise WrongError("bag.info", file="bag-info.txt")
        if label.lower() == "payload-oxum":
            told.append(value.strip(" \t"))
    sizes = [size for name, size in names.items() if name.startswith(PAYLOAD)]
    found = f"{sum(sizes)}.{len(sizes)}"
    if told != [found]:
        raise WrongError("bag.oxum", file="bag-info.txt", told=", ".join(told), found=found)


def check_digests(
    folder: Folder,
    names: Mapping[str, int],
    lists: Sequence[List],
    found: dict[str, str],
    progress: Progress,
) -> None:
    """Read every file once; `found` takes the SHA-256 of each. The first that differs is named."""
    done, of = [0], sum(names.values())

    def told(count: int) -> None:
        done[0] += count
        progress(done[0], of)

    kinds = sorted({one.kind for one in lists})
    wrong: list[WrongError] = []
    for path in names:
        digests = dict(zip(kinds, folder.digests(path, kinds, told)))
        found[path] = digests["sha256"]
        wrong += [
            WrongError("list.digest", file=one.file, path=path)
            for one in lists
            if one.digests.get(path, digests[one.kind]) != digests[one.kind]
        ]
    if wrong:
        raise wrong[0]


# ----------------------------------------------------------------------------------- 10 The log
# A folder of tiles (256 hashes of one level), bundles (256 entries) and a checkpoint. Nothing is
# taken from tiles: every hash is computed from the entries, and every tile compared with it.

WIDTH = 256
LARGEST_ENTRY = 65_535  # bytes
LARGEST_BUNDLE = WIDTH * (2 + LARGEST_ENTRY)


@dataclass
class Recount:
    """What one pass over the entries found."""

    size: int = 0
    rows: list[list[bytes]] = field(default_factory=list)  # unfinished tiles, lowest level first
    roots: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})  # of the first so many
    bundle_fault: WrongError | None = None  # where the pass stopped
    tile_fault: WrongError | None = None  # the first tile that disagrees
    tiles_wrong: int = 0
    tiles: int = 0
    about: list[int] = field(default_factory=list)  # entries under the pseudonyms that are sought


def path_of(kind: str, index: int, width: int) -> str:
    """Where a tile or a bundle lies (C2SP tlog-tiles)."""
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    return f"tile/{kind}/" + "/".join(reversed(parts)) + (f".p/{width}" if width < WIDTH else "")


def recount(
    folder: Folder,
    size: int,
    marks: set[int],
    progress: Progress,
    sought: Collection[str] = (),
) -> Recount:
    """Hash every entry of a tree of this size, and compare every tile.

    `marks` are older sizes whose roots are wanted; entries under these pseudonyms are noted.
    """
    found = Recount()
    for number in range(-(-size // WIDTH)):
        width = min(WIDTH, size - number * WIDTH)
        try:
            entries = read_bundle(folder, number, width)
        except WrongError as error:
            found.bundle_fault = error
            return found
        note_entries(found, entries, sought)
        hashes = [leaf_hash(entry) for entry in entries]
        for mark in marks:
            if found.size < mark <= found.size + width:
                found.roots[mark] = root_with(found.rows, hashes[: mark - found.size])
        extend(found, folder, hashes)
        progress(found.size, size)
    for level, row in enumerate(found.rows):
        if row:
            check_tile(found, folder, level, size >> 8 * (level + 1), row)
    return found


def read_bundle(folder: Folder, number: int, width: int) -> list[bytes]:
    """The entries of a bundle; a full one may have taken the place of a part of it."""
    name = path_of("entries", number, width)
    full = path_of("entries", number, WIDTH)
    is_full = not folder.has(name)
    try:
        data = folder.read(full if is_full else name, LARGEST_BUNDLE)
    except WrongError as error:
        raise WrongError(error.key, file=name) from None
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : end])
        at = end
    if at != len(data) or len(entries) != (WIDTH if is_full else width):
        raise WrongError("log.bundle", file=name, entries=width, entry=number * WIDTH)
    return entries[:width]


def note_entries(found: Recount, entries: Sequence[bytes], sought: Collection[str]) -> None:
    """Which of these entries are about the recordings."""
    for place, entry in enumerate(entries if sought else ()):
        evidence = re.search(rb'"evidence":"([0-9a-f]{64})"', entry)
        if evidence and evidence[1].decode() in sought:
            found.about.append(found.size + place)


def root_with(rows: Sequence[list[bytes]], hashes: Sequence[bytes]) -> bytes:
    """The root of a tree with these unfinished tiles and less than a tile of further leaves."""
    copy = Recount(rows=[list(row) for row in rows])
    extend(copy, None, hashes)
    return root_of_rows(copy.rows)


def root_of_rows(rows: Sequence[list[bytes]]) -> bytes:
    """The root of the whole tree: what is unfinished below is the last child above."""
    root: list[bytes] = []
    for row in rows:
        root = [root_of([*row, *root])] if row or root else []
    return root[0] if root else EMPTY_ROOT


def extend(found: Recount, folder: Folder | None, hashes: Sequence[bytes]) -> None:
    """Append leaf hashes; every tile that this completes is compared with its file."""
    found.size += len(hashes)
    rising, level = list(hashes), 0
    while rising:
        if level == len(found.rows):
            found.rows.append([])
        row, rising = found.rows[level] + rising, []
        while len(row) >= WIDTH:
            if folder:
                index = (found.size >> 8 * (level + 1)) - len(row) // WIDTH
                check_tile(found, folder, level, index, row[:WIDTH])
            rising.append(root_of(row[:WIDTH]))
            row = row[WIDTH:]
        found.rows[level] = row
        level += 1


def check_tile(
    found: Recount, folder: Folder, level: int, index: int, expected: Sequence[bytes]
) -> None:
    """Compare one tile with what the entries make it."""
    found.tiles += 1
    fault = tile_fault(folder, level, index, expected)
    if fault:
        found.tiles_wrong += 1
        found.tile_fault = found.tile_fault or fault


def tile_fault(
    folder: Folder, level: int, index: int, expected: Sequence[bytes]
) -> WrongError | None:
    """What is wrong with one tile, if anything is."""
    width = len(expected)
    name, full = path_of(str(level), index, width), path_of(str(level), index, WIDTH)
    is_full = not folder.has(name)
    try:
        data = folder.read(full if is_full else name, WIDTH * 32)
    except WrongError:
        is_there = folder.has(full if is_full else name)
        return WrongError("log.tile-length" if is_there else "log.tile-missing", file=name)
    if len(data) != (WIDTH if is_full else width) * 32:
        return WrongError("log.tile-length", file=name)
    for place, one in enumerate(expected):
        if data[place * 32 : place * 32 + 32] != one:
            entry = (index * WIDTH + place) << 8 * level
            last = entry + (1 << 8 * level) - 1
            key = "log.tile-above" if level else "log.tile-entry"
            return WrongError(key, file=name, entry=entry, last=last)
    return None


# ---------------------------------------------------------------------------------- 11 Judging


def silent(done: int, of: int) -> None:
    """For those who need not know how far it is."""


@dataclass(frozen=True)
class Given:
    """What the person who asks brings along; only this is trusted."""

    key: Key | None = None
    policy: Policy | None = None
    older: str | None = None  # a checkpoint that somebody kept
    log: Folder | None = None  # a copy of the log
    about: Path | None = None  # the entry of a proof, the footage of a receipt
    progress: Progress = silent


@dataclass(frozen=True)
class Step:
    """One numbered step and how it went."""

    number: int
    state: str  # ok, wrong, or unchecked
    sentence: str


class Judgement:
    """The steps as they are taken. One that fails does not keep the others from being looked at."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.steps: list[Step] = []
        self.proved: list[str] = []
        self.not_proved: list[str] = []
        self.failed: dict[str, object] = {}  # step, file, entry of the first fault

    def step(self, number: int, check: Callable[[], str]) -> bool:
        """Take a step: `check` answers what it found, or raises."""
        try:
            self.steps.append(Step(number, "ok", check()))
        except MissingError as missing:
            self.steps.append(Step(number, "unchecked", str(missing)))
        except (WrongError, OSError) as caught:
            error = unreadable(caught) if isinstance(caught, OSError) else caught
            self.steps.append(Step(number, "wrong", str(error)))
            file = error.values.get("path") or error.values.get("file")
            first = {"step": number, "file": file, "entry": error.values.get("entry")}
            self.failed = self.failed or first
        return self.holds(number)

    def holds(self, *numbers: int) -> bool:
        """Whether these steps were taken and held."""
        return {*numbers} <= {step.number for step in self.steps if step.state == "ok"}

    def prove(self, key: str, /, *numbers: int, **values: object) -> None:
        """Claim something, if these steps carry it."""
        if self.holds(*numbers):
            self.proved.append(re.sub(r"\{(\w+)\}", lambda f: str(values[f[1]]), _PROVED[key]))

    def leave_open(self, *keys: str, **values: object) -> None:
        """Say what is not proved."""
        for key in keys:
            text = WORDS["not_proved"][key]
            self.not_proved.append(re.sub(r"\{(\w+)\}", lambda f: str(values[f[1]]), text))

    @property
    def verdict(self) -> str:
        """proved, damaged, or missing: what was asked for could not be looked at."""
        states = {step.state for step in self.steps}
        return "damaged" if "wrong" in states else "missing" if "unchecked" in states else "proved"


_PROVED: dict[str, str] = WORDS["proved"]


def unreadable(error: OSError) -> WrongError:
    """What the system says about a file or a disk, in a sentence of ours."""
    return WrongError("file.unreadable", file=error.filename or "?", why=error.strerror)


def stopped() -> str:
    """The answer of a step that stands upon one that failed."""
    raise MissingError("unchecked.before")


def judge(what: Path, given: Given) -> Judgement:
    """Find out what lies there, and judge it. Raises MissingError where nothing can begin."""
    if what.is_dir():
        return judge_folder(Folder(what), given)
    if not what.exists():
        raise MissingError("what.missing", what=what)
    with Folder(what.parent).opened(what.name) as file:
        data: bytes = file.read(MOST_NOTE)
    if data.startswith(b"PK\x03\x04"):
        raise MissingError("what.zip", what=what)
    if data.startswith(b"c2sp.org/tlog-proof"):
        return judge_proof(data, given)
    if data.partition(b"\n")[0].endswith(b"/receipt"):
        return judge_receipt(data, given)
    raise MissingError("what.unknown", what=what)


def judge_folder(folder: Folder, given: Given) -> Judgement:
    """A pack, an export, or a log."""
    if folder.has("bagit.txt") or folder.has("manifest-sha256.txt"):
        return PackJudge(folder, given, is_bag=True).judged()
    if any(folder.has(name) for name in (CUSTODY, "receipt.txt", SUMS)):
        return PackJudge(folder, given, is_bag=False).judged()
    if folder.has("checkpoint") or (folder.root / "tile").is_dir():
        return judge_log(folder, given)
    raise MissingError("what.unknown", what=folder.root)


def key_for(folder: Folder, given: Given) -> Key:
    """The key that was given, else the one beside the log. Raises MissingError."""
    if given.key:
        return given.key
    if not folder.has("log.vkey"):
        raise MissingError("key.missing")
    return read_key(as_text(folder.read("log.vkey", MOST_NOTE)))


def read_kept(note: str, key: Key) -> Head:
    """A checkpoint that somebody kept."""
    try:
        return read_checkpoint(note, key)
    except WrongError as error:
        raise WrongError("older.not-ours", why=str(error)) from None


def head_or_none(note: str | None, key: Key) -> Head | None:
    """The head of a checkpoint, if it is one; what is wrong with it is said by its own step."""
    try:
        return read_checkpoint(note, key) if note else None
    except WrongError:
        return None


def note_in(folder: Folder, *names: str) -> str:
    """The first of these files that is here, as text."""
    found = next((name for name in names if folder.has(name)), names[-1])
    return as_text(folder.read(found, MOST_NOTE))


def note_or_none(folder: Folder, *names: str) -> str | None:
    """The same, and None for what cannot be read: its own step says so."""
    try:
        return note_in(folder, *names)
    except WrongError:
        return None


def quorum(policy: Policy, note: str, key: Key, root_at: Callable[[Head], bytes | None]) -> str:
    """Whether enough witnesses cosigned this checkpoint; `root_at` is what is known of its size."""
    if policy.logs and key not in policy.logs:
        raise WrongError("policy.other-log")
    head = read_checkpoint(note, key)
    times = {name: cosigned_at(note, one) for name, one in policy.witnesses.items()}
    signed = {name for name, seconds in times.items() if seconds is not None}
    told = {
        "signed": len(signed),
        "all": len(times),
        "names": ", ".join(with_time(name, times[name]) for name in times if name in signed) or "–",
        "size": head.size,
    }
    if root_at(head) != head.root:
        raise WrongError("policy.other-history", **told)
    if not policy.is_met_by(signed):
        raise UnmetError("policy.unmet", **told)
    return say("done.nobody" if policy.quorum == NONE else "done.quorum", **told)


def with_time(name: str, seconds: int | None) -> str:
    """A witness's name and the time of its signature, by its own clock."""
    at = datetime.fromtimestamp(seconds or 0, timezone.utc)
    return f"{name} {at:%Y-%m-%d %H:%M:%SZ}"


def judge_log(folder: Folder, given: Given) -> Judgement:
    """The six steps of a log folder."""
    key = key_for(folder, given)
    this = Judgement("log")
    heads: list[Head] = []

    def signed() -> str:
        with of_file("checkpoint"):
            heads.append(read_checkpoint(note_in(folder, "checkpoint"), key))
        return say("done.checkpoint", origin=heads[0].origin, size=heads[0].size)

    if this.step(1, signed):
        _count_log(this, folder, given, key, heads[0])
    open_ends = ["another-log"]
    if given.policy and given.policy.quorum != NONE and this.holds(6):
        open_ends = ["witnesses"]
    this.leave_open("camera", "all", "clock", "purpose", *open_ends)
    if not given.key:
        this.leave_open("key", key=key.text)
    return this


def _count_log(this: Judgement, folder: Folder, given: Given, key: Key, head: Head) -> None:
    beside = note_or_none(folder, "checkpoint.witnessed", "checkpoint")
    known = [head_or_none(given.older, key), head_or_none(beside, key)]
    marks = {one.size for one in known if one}
    found = recount(folder, head.size, marks, given.progress)
    root = root_of_rows(found.rows)

    def bundles() -> str:
        if found.bundle_fault:
            raise found.bundle_fault
        return say("done.bundles", size=head.size)

    def tiles() -> str:
        if found.tile_fault:
            fault = found.tile_fault
            counts = {"wrong": found.tiles_wrong, "tiles": found.tiles}
            raise WrongError(fault.key, **fault.values, **counts)
        return say("done.tiles", tiles=found.tiles)

    def signed_root() -> str:
        if root != head.root:
            raise WrongError("log.root", root=root.hex(), signed=head.root.hex())
        return say("done.root-only" if found.tile_fault else "done.root", root=root.hex())

    def prefix() -> str:
        kept = read_kept(given.older or "", key)
        if kept.size not in found.roots:
            raise WrongError("older.more", size=kept.size)
        if found.roots[kept.size] != kept.root:
            raise WrongError("older.other", size=kept.size)
        return say("done.older", size=kept.size)

    def witnessed() -> str:
        note = note_in(folder, "checkpoint.witnessed", "checkpoint")
        policy = given.policy or Policy(quorum=NONE)
        return quorum(policy, note, key, lambda one: found.roots.get(one.size))

    if this.step(2, bundles):
        this.step(3, tiles)
        this.step(4, signed_root)
        if given.older is not None:
            this.step(5, prefix)
        if given.policy:
            this.step(6, witnessed)
    this.prove("entries", 4, size=head.size, name=head.origin)
    this.prove("tiles", 3, 4)
    this.prove("older", 4, 5)
    if given.policy and given.policy.quorum != NONE:
        this.prove("quorum", 4, 6)


def judge_proof(data: bytes, given: Given) -> Judgement:
    """A proof file, and the entry that it is about."""
    if not given.key:
        raise MissingError("key.missing")
    key, this = given.key, Judgement("proof")
    found: list[tuple[Proof, Head]] = []

    def signed() -> str:
        proof = read_proof(as_text(data))
        found.append((proof, read_checkpoint(proof.note, key)))
        return say("done.checkpoint", origin=key.name, size=found[0][1].size)

    def included() -> str:
        if given.about is None:
            raise MissingError("unchecked.entry")
        proof, head = found[0]
        entry = Folder(given.about.parent).read(given.about.name, LARGEST_ENTRY)
        check_inclusion(leaf_hash(entry), proof, head)
        return say("done.proof", index=proof.index, size=head.size)

    def witnessed() -> str:
        policy = given.policy or Policy(quorum=NONE)
        return quorum(policy, found[0][0].note, key, lambda one: one.root)

    if this.step(1, signed):
        this.step(2, included)
        if given.policy:
            this.step(3, witnessed)
        proof, head = found[0]
        this.prove("proof", 2, name=key.name, index=proof.index, size=head.size)
        if given.policy and given.policy.quorum != NONE:
            this.prove("quorum", 2, 3)
    this.leave_open("camera", "all", "clock", "purpose", "another-log")
    return this


def check_inclusion(leaf: bytes, proof: Proof, head: Head) -> None:
    """Whether the leaf stands at its place under this root."""
    if root_by_inclusion(leaf, proof.index, head.size, proof.hashes) != head.root:
        raise WrongError("proof.root", index=proof.index)


def judge_receipt(data: bytes, given: Given) -> Judgement:
    """A receipt, and the bytes that it is for if they were given."""
    if not given.key:
        raise MissingError("key.missing")
    key, this = given.key, Judgement("receipt")
    values: dict[str, str] = {}

    def signed() -> str:
        values.update(read_receipt(as_text(data), key))
        return say("done.receipt", name=key.name, **values)

    def same_bytes() -> str:
        about = given.about or Path()
        size = about.stat().st_size if about.is_file() else 0
        done = [0]

        def told(count: int) -> None:
            done[0] += count
            given.progress(done[0], size)

        digest = Folder(about.parent).digests(about.name, ["sha256"], told)[0]
        if (digest, str(done[0])) != (values["sha256"], values["size"]):
            raise WrongError("receipt.bytes", file=about.name)
        return say("done.receipt-bytes", file=about.name)

    if this.step(1, signed) and given.about is not None:
        this.step(2, same_bytes)
    this.prove("receipt", 1, name=key.name)
    this.prove("receipt-bytes", 1, 2, file=given.about.name if given.about else "")
    this.leave_open("camera", "clock", "receipt-now")
    return this


class PackJudge:
    """The eleven steps of a pack and of an export: they differ in the lists of their files only."""

    def __init__(self, folder: Folder, given: Given, *, is_bag: bool) -> None:
        self.folder, self.given, self.is_bag = folder, given, is_bag
        self.inner = PAYLOAD if is_bag else ""  # where custody.json lies
        self.names: dict[str, int] = {}
        self.lists: list[List] = []
        self.digests: dict[str, str] = {}  # SHA-256 by file
        self.key = given.key
        self.items: list[str] = []  # folders that a custody.json lies in
        self.custodies: dict[str, Custody] = {}  # by that folder
        self.roots: dict[int, bytes] = {}  # of every checkpoint here, by its size
        self.heads: dict[str, Head] = {}  # by the note's text: most proofs carry the same
        self.log_roots: dict[int, bytes] = {}  # by size, as the log itself has them
        self.covered = 0  # entries that the checkpoints here cover
        self.footage: list[str] = []
        self.policy: Policy | None = given.policy
        self.this = Judgement("pack" if is_bag else "export")

    def judged(self) -> Judgement:
        """Take every step that can be taken, and say what they carry."""
        this = self.this
        if this.step(1, self.form):
            this.step(2, self.complete)
            this.step(3, self.same_digests)
            if this.step(4, self.right_key):
                this.step(5, self.signed)
                is_told = this.step(6, self.places)
                this.step(7, self.meaning if is_told else stopped)
                this.step(8, self.right_footage if is_told else stopped)
                if self.given.log:
                    this.step(9, self.whole_log if is_told else stopped)
                if self.given.older is not None:
                    this.step(10, self.kept)
                if self.given.policy or self.has("policy.txt"):
                    this.step(11, self.witnessed)
        self.conclude()
        return this

    def has(self, name: str) -> bool:
        """Whether this file lies beside custody.json."""
        return self.inner + name in self.names

    def read(self, name: str, most: int = MOST_NOTE) -> bytes:
        """A file beside custody.json."""
        return self.folder.read(self.inner + name, most)

    def form(self) -> str:
        """Step 1."""
        self.names = self.folder.names()
        self.lists = lists_of(self.folder, self.names, self.is_bag)
        self.items = items_in(self.names, self.inner)
        kind = "done.form-pack" if self.is_bag else "done.form-export"
        return say(kind, files=len(self.names))

    def complete(self) -> str:
        """Step 2."""
        check_complete(self.folder, self.names, self.lists)
        return say("done.complete", files=len(self.names))

    def same_digests(self) -> str:
        """Step 3."""
        check_digests(self.folder, self.names, self.lists, self.digests, self.given.progress)
        return say("done.digests", files=len(self.names), bytes=sum(self.names.values()))

    def right_key(self) -> str:
        """Step 4."""
        with of_file(f"{self.inner}log.vkey"):
            found = read_key(as_text(self.read("log.vkey")))
        if self.key and self.key != found:
            raise WrongError("key.other", found=found.text, given=self.key.text)
        told = "done.key-given" if self.key else "done.key-found"
        self.key = found
        return say(told, key=found.text)

    def signed(self) -> str:
        """Step 5."""
        head = self.head_in("checkpoint")
        if self.has("checkpoint.witnessed"):
            self.head_in("checkpoint.witnessed")
        return say("done.checkpoint", origin=head.origin, size=head.size)

    def head_in(self, name: str) -> Head:
        """The checkpoint in this file."""
        with of_file(self.inner + name):
            return self.head(as_text(self.read(name)))

    def head(self, note: str) -> Head:
        """A checkpoint of this log that agrees with all others seen here."""
        if note not in self.heads:
            self.heads[note] = read_checkpoint(note, self.log_key)
        head = self.heads[note]
        if self.roots.setdefault(head.size, head.root) != head.root:
            raise WrongError("checkpoint.two-histories", size=head.size)
        return head

    def places(self) -> str:
        """Step 6."""
        named: set[str] = set()
        found: dict[str, Custody] = {}
        for item in self.items:
            with of_file(item + CUSTODY):
                found[item] = read_custody(self.folder.read(item + CUSTODY, MOST_CUSTODY))
                if not found[item].events:
                    raise WrongError("custody.none")
            last = -1
            for event in found[item].events:
                if event.index <= last:
                    raise WrongError("custody.order", entry=event.index)
                last = event.index
                self.check_place(event, item)
                named.add(item + event.proof)
        for name in self.names:
            if f"/{PROOFS}" in f"/{name}" and name not in named:
                raise WrongError("proof.nobodys", file=name)
        self.custodies = found
        indexes = [event.index for event in self.events]
        return say("done.events", events=len(indexes), first=min(indexes), last=max(indexes))

    def check_place(self, event: Event, item: str) -> None:
        """One event's leaf, by its proof, under a checkpoint that the log has signed."""
        leaf = leaf_hash(event.leaf.encode())
        if leaf.hex() != event.leaf_hash:
            raise WrongError("event.hash", entry=event.index)
        if not re.fullmatch(r"proofs/[0-9a-z.-]+", event.proof):
            raise WrongError("custody.path", entry=event.index, path=event.proof)
        with of_file(item + event.proof):
            proof = read_proof(as_text(self.folder.read(item + event.proof, MOST_NOTE)))
            head = self.head(proof.note)
            if proof.index != event.index:
                raise WrongError("proof.index", index=event.index, found=proof.index)
            check_inclusion(leaf, proof, head)

    def meaning(self) -> str:
        """Step 7."""
        erased = 0
        for custody in self.custodies.values():
            for event in custody.events:
                erased += not check_meaning(event, custody.pseudonym)
        told = "done.meaning-erased" if erased else "done.meaning"
        return say(told, events=len(self.events), erased=erased)

    def right_footage(self) -> str:
        """Step 8."""
        self.footage = []
        told = [self.footage_of(item, custody) for item, custody in self.custodies.items()]
        return " ".join(told)

    def footage_of(self, item: str, custody: Custody) -> str:
        """The receipt speaks of what arrived; what was handed out may be a copy of it."""
        with of_file(f"{item}receipt.txt"):
            note = as_text(self.folder.read(f"{item}receipt.txt", MOST_NOTE))
            receipt = read_receipt(note, self.log_key)
        if receipt["reference"] != custody.reference:
            found = receipt["reference"]
            raise WrongError("receipt.reference", found=found, told=custody.reference)
        events = [one for one in custody.events if one.leaf_hash == receipt["event"]]
        if not events:
            raise WrongError("receipt.event")
        for name in ("sha256", "size"):
            if str(events[0].detail.get(name)) != receipt[name]:
                raise WrongError("receipt.disagrees", name=name, entry=events[0].index)
        if master := self.file_of(receipt["sha256"], item):
            self.footage.append(master)
            return say("done.arrived", file=master, durability=receipt["durability"])
        for event in custody.events:
            if copy := self.file_of(event.detail.get("sha256"), item):
                self.footage.append(copy)
                return say("done.copy", file=copy, entry=event.index)
        raise WrongError("footage.none")

    def file_of(self, digest: object, item: str) -> str:
        """The file below this folder with this SHA-256; empty where there is none."""
        found = [name for name, one in self.digests.items() if one == digest]
        return next((name for name in found if name.startswith(item)), "")

    def whole_log(self) -> str:
        """Step 9."""
        log = self.given.log
        if log is None:
            return stopped()
        head = read_checkpoint(note_in(log, "checkpoint"), self.log_key)
        kept = head_or_none(self.given.older, self.log_key)
        marks = {*self.roots, *([kept.size] if kept else [])}
        sought = {custody.pseudonym for custody in self.custodies.values()}
        found = recount(log, head.size, marks, self.given.progress, sought)
        root = root_of_rows(found.rows)
        if found.bundle_fault:
            raise found.bundle_fault
        if root != head.root:
            raise WrongError("log.root", root=root.hex(), signed=head.root.hex())
        for size in sorted(self.roots):
            if size > head.size:
                raise WrongError("log.shorter", size=head.size, kept=size)
            if found.roots[size] != self.roots[size]:
                raise WrongError("log.rewritten", size=size)
        here = {event.index for event in self.events}
        covered = max(self.roots)
        for entry in found.about:
            if entry < covered and entry not in here:
                raise WrongError("log.left-out", entry=entry)
        self.log_roots, self.covered = found.roots, covered
        events = len(self.events)
        return say("done.log-pack", size=head.size, events=events, covered=covered)

    def kept(self) -> str:
        """Step 10."""
        kept = read_kept(self.given.older or "", self.log_key)
        root = self.log_roots.get(kept.size, self.roots.get(kept.size))
        if root is None:
            if self.log_roots:
                raise WrongError("older.more", size=kept.size)
            raise MissingError("unchecked.older", size=kept.size)
        if root != kept.root:
            raise WrongError("older.other", size=kept.size)
        return say("done.older", size=kept.size)

    def witnessed(self) -> str:
        """Step 11: the policy that was given counts, else the one that lies here."""
        if self.policy is None:
            with of_file(f"{self.inner}policy.txt"):
                self.policy = read_policy(self.read("policy.txt", MOST_POLICY))
        name = "checkpoint.witnessed" if self.has("checkpoint.witnessed") else "checkpoint"
        with of_file(self.inner + name):
            note = as_text(self.read(name))
            try:
                return quorum(self.policy, note, self.log_key, lambda one: self.roots.get(one.size))
            except UnmetError as error:
                if self.given.policy:
                    raise
                raise MissingError("unchecked.unwitnessed", **error.values) from None

    def conclude(self) -> None:
        """What the steps carry together, and what they leave open."""
        this, events = self.this, len(self.events)
        asks = self.policy is not None and self.policy.quorum != NONE
        this.prove("files", 1, 2, 3)
        if self.key:
            this.prove("events", 5, 6, name=self.key.name, events=events)
        this.prove("meaning", 5, 6, 7)
        for file in self.footage:
            this.prove("footage", 3, 6, 7, 8, file=file)
        this.prove("all-events", 6, 7, 9, size=self.covered)
        this.prove("older", 6, 10)
        if asks:
            this.prove("quorum", 5, 11)
        this.leave_open("camera", "all", "clock", "purpose")
        this.leave_open("witnesses" if asks and this.holds(11) else "another-log")
        if not this.holds(9):
            this.leave_open("left-out")
        if not this.holds(9) and len(self.roots) > 1:
            this.leave_open("sizes", sizes=", ".join(map(str, sorted(self.roots))))
        if self.key and not self.given.key:
            this.leave_open("key", key=self.key.text)
        if self.policy and not self.given.policy:
            this.leave_open("policy")
        this.leave_open("documents", "verifier")

    @property
    def log_key(self) -> Key:
        """The key that step 4 found."""
        if self.key is None:
            raise MissingError("unchecked.before")
        return self.key

    @property
    def events(self) -> list[Event]:
        """Every event of every recording here, as step 6 read them."""
        return [event for custody in self.custodies.values() for event in custody.events]


# ------------------------------------------------------------------------------- 12 Saying it

PROVED, WRONG_USE, MISSING, DAMAGED = 0, 2, 4, 5
CODES = {"proved": PROVED, "missing": MISSING, "damaged": DAMAGED}


def as_json(this: Judgement) -> dict[str, Any]:
    """The answer for programs."""
    return {
        "v": 1,
        "kind": this.kind,
        "verdict": this.verdict,
        "steps": [vars(step) for step in this.steps],
        "failed": this.failed or None,
        "proved": this.proved,
        "not_proved": this.not_proved,
    }


def as_lines(this: Judgement) -> Iterator[str]:
    """The answer for people."""
    words = WORDS["headings"]
    for step in this.steps:
        yield f"{step.number:>2}  {words[step.state]:5}  {step.sentence}"
    yield ""
    yield f"{words['proved']}:"
    yield from (f"    {sentence}" for sentence in this.proved or [words["nothing"]])
    yield f"{words['not_proved']}:"
    yield from (f"    {sentence}" for sentence in this.not_proved)
    yield ""
    yield words[f"verdict.{this.verdict}"]


def printable(text: str) -> str:
    """Text that a terminal may have: names of files can hold characters that it obeys."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    about = "Check a pack, an export, a log's folder, a .tlog-proof or a receipt."
    parser = argparse.ArgumentParser(prog="verify.py", description=about)
    parser.add_argument("what", nargs="?", type=Path, help="default: the pack that this file is in")
    parser.add_argument("--key", help="the log's public key, from the force itself: text or file")
    parser.add_argument("--policy", type=Path, help="which witnesses are enough (C2SP tlog-policy)")
    parser.add_argument("--older", type=Path, help="a checkpoint that you kept")
    parser.add_argument("--log", type=Path, help="a copy of the log")
    parser.add_argument("--bytes", type=Path, help="a proof's entry, or a receipt's footage")
    parser.add_argument("--json", action="store_true", help="answer for programs")
    return parser.parse_args(words)


def bring(
    *,
    key: str | None = None,
    policy: Path | None = None,
    older: Path | None = None,
    log: Path | None = None,
    about: Path | None = None,
    progress: Progress = silent,
) -> Given:
    """Read what was brought along. Raises WrongError for what cannot be used."""
    if key and ("+" not in key or Path(key).is_file()):
        key = as_text(read_file(Path(key)))
    return Given(
        key=read_key(key) if key else None,
        policy=read_policy(read_file(policy)) if policy else None,
        older=as_text(read_file(older)) if older else None,
        log=Folder(log) if log else None,
        about=about,
        progress=progress,
    )


def read_file(path: Path) -> bytes:
    """A small file that was brought along."""
    return Folder(path.parent).read(path.name, MOST_NOTE)


class Bar:
    """Percents on a terminal, each once."""

    def __init__(self) -> None:
        self.shown = -1

    def __call__(self, done: int, of: int) -> None:
        percent = 100 * done // of if of else 100
        if percent != self.shown:
            self.shown = percent
            sys.stderr.write(f"\r{percent:3} %" + ("\r     \r" if percent >= 100 else ""))


def own_pack() -> Path:
    """The pack that this file lies in, in its `data`; else the folder of this file."""
    here = Path(__file__).resolve().parent
    return here.parent if (here.parent / "bagit.txt").is_file() else here


def main(words: Sequence[str]) -> int:
    """Judge, say so, and answer the exit code."""
    options = arguments(words)
    progress = Bar() if sys.stderr.isatty() and not options.json else silent
    try:
        given = bring(
            key=options.key,
            policy=options.policy,
            older=options.older,
            log=options.log,
            about=options.bytes,
            progress=progress,
        )
    except WrongError as error:
        return told_off(options, error, WRONG_USE)
    except OSError as error:
        return told_off(options, unreadable(error), WRONG_USE)
    try:
        this = judge(options.what or own_pack(), given)
    except MissingError as error:
        return told_off(options, error, MISSING)
    except WrongError as error:
        return told_off(options, error, DAMAGED)
    except OSError as error:
        return told_off(options, unreadable(error), MISSING)
    lines = [json.dumps(as_json(this))] if options.json else map(printable, as_lines(this))
    write("\n".join(lines))
    return CODES[this.verdict]


def told_off(options: argparse.Namespace, error: WrongError, code: int) -> int:
    """Say why nothing was judged."""
    write(json.dumps({"v": 1, "error": str(error)}) if options.json else printable(str(error)))
    return code


def write(text: str) -> None:
    """To standard output, whatever letters the terminal has."""
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
