"""Folders, proofs and receipts that verifiers are shown: good ones, and every way to spoil them.

One corpus for all verifiers. A case says what is shown, what the person who asks brings along, and
what every verifier must answer: the verdict, and the number of the first step that fails. What
Mallory changes she covers up as far as she can: digests are written anew unless a case says no.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from hashlib import sha256, sha512
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.custody.making import MALLORY, NOW, ORIGIN, POLICE, files_of, open_log
from tests.custody.overseeing import COMPLAINTS, MAYOR, WITNESSES, cosigned, policy_text

from bodyworn.core.clock import iso
from bodyworn.core.digest import Sha256
from bodyworn.core.terms import Durability, EventType, Operation, Purpose
from bodyworn.core.types import CustodyEvent, Receipt
from bodyworn.custody.checkpoint import make
from bodyworn.custody.event import SealedEvent, pseudonym_of, seal_event
from bodyworn.custody.mldsa import MldsaSigner
from bodyworn.custody.note import Signer, sign_note, to_base64
from bodyworn.custody.proof import write_proof
from bodyworn.custody.receipt import write_receipt
from bodyworn.custody.tiles import encode_bundle, read_bundle

Files = dict[str, bytes]
REFERENCE = "BWV-26-0412-7F3A"
FOOTAGE = b"the street at night, " * 400
LONG = b"the whole street, " * 150_000  # some blocks, so that reading in blocks is seen
COPY = b"the same with a face hidden"
SALT = sha256(b"pseudonym").digest()[:16]
PSEUDONYM = pseudonym_of(REFERENCE, salt=SALT)
OTHERS, SIZE, KEPT = 560, 600, 300
PLACES = (3, 255, 256, 400, 571)  # of the recording's events, on both sides of a tile's border


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing to be judged."""

    name: str
    files: Files  # of the folder
    what: str = ""  # the one file to be judged; empty: the folder
    key: str = POLICE.verifier.text  # empty: none was brought
    policy: bytes | None = None
    older: str | None = None
    log: Files | None = None
    about: bytes | None = None
    verdict: str = "damaged"
    step: int | None = None  # the first that fails

    @property
    def kind(self) -> str:
        """What verifiers should take it for."""
        if self.what:
            return "proof" if self.what.endswith(".tlog-proof") else "receipt"
        return "pack" if "bagit.txt" in self.files else "folder"


@dataclass(frozen=True)
class World:
    """A log with a recording's events among others, and what goes out with the recording."""

    log: Files
    rewritten: Files  # the same without one event, signed by the true key
    sealed: list[tuple[int, CustodyEvent, SealedEvent]]
    proofs: dict[int, str]
    kept: str  # a checkpoint of KEPT entries that Erin has
    kept_of_rewritten: str
    checkpoint: str
    receipt: Receipt
    forked: str = field(repr=False)  # another tree of the same size, signed by the true key


def _salts() -> Callable[[], bytes]:
    numbers = iter(range(1_000_000))
    return lambda: sha256(b"salt %d" % next(numbers)).digest()[:16]


def _event(number: int, kind: EventType, subject: str, detail: dict[str, Any]) -> CustodyEvent:
    operation = Operation.DISCLOSURE if kind is EventType.EXPORT else Operation.CONSULTATION
    return CustodyEvent(
        type=kind,
        operation=operation if kind in {EventType.EXPORT, EventType.VIEW} else None,
        at=NOW + timedelta(seconds=number),
        actor="alice" if number % 2 else "bob, naïve ",
        subject=subject,
        detail=detail,
        purpose=Purpose.INVESTIGATION if kind is EventType.EXPORT else None,
    )


def _own(footage: bytes) -> list[CustodyEvent]:
    arrived = {"sha256": sha256(footage).hexdigest(), "size": len(footage), "filename": "1.mp4"}
    copy = {"what": "redacted", "sha256": sha256(COPY).hexdigest(), "size": len(COPY)}
    told: list[tuple[EventType, dict[str, Any]]] = [
        (EventType.CAPTURE, {"device": "004471", "note": 'a "quoted"\n\u2028 line \U0001f3a5'}),
        (EventType.INGESTION, arrived),
        (EventType.RECEIPT, {"nested": {"list": [1, -2, None, True, {"deep": []}]}}),
        (EventType.VIEW, {"from_ms": 0, "to_ms": 61_000}),
        (EventType.EXPORT, copy),
    ]
    return [_event(n, kind, REFERENCE, detail) for n, (kind, detail) in enumerate(told)]


@cache
def world() -> World:
    """Made once a run: keys, salts and times are always the same."""
    salt = _salts()
    leaves: list[bytes] = []
    sealed: list[tuple[int, CustodyEvent, SealedEvent]] = []
    own = dict(zip(PLACES, _own(FOOTAGE), strict=True))
    for number in range(SIZE):
        if number in own:
            one = seal_event(own[number], new_id=salt, salt=salt, pseudonym=PSEUDONYM)
            sealed.append((number, own[number], one))
        else:
            look = _event(number, EventType.VIEW, "another", {})
            other = pseudonym_of("another", salt=SALT)
            one = seal_event(look, new_id=salt, salt=salt, pseudonym=other)
        leaves.append(one.leaf)
    with TemporaryDirectory() as folder:
        log = open_log(Path(folder) / "log")
        kept = log.integrate(leaves[:KEPT], from_index=0, now=NOW).note_text
        checkpoint = log.integrate(leaves[KEPT:], from_index=KEPT, now=NOW).note_text
        proofs = {index: write_proof(log.proof(index)) for index in PLACES}
        rewritten = open_log(Path(folder) / "rewritten")
        fewer = [leaf for number, leaf in enumerate(leaves) if number != PLACES[2]]
        kept_of_rewritten = rewritten.integrate(fewer[:KEPT], from_index=0, now=NOW).note_text
        rewritten.integrate(fewer[KEPT:], from_index=KEPT, now=NOW)
        return World(
            log=_needed(files_of(Path(folder) / "log"), leaves),
            rewritten=files_of(Path(folder) / "rewritten"),
            sealed=sealed,
            proofs=proofs,
            kept=kept,
            kept_of_rewritten=kept_of_rewritten,
            checkpoint=checkpoint,
            receipt=_receipt(sealed[1][2]),
            forked=make(ORIGIN, SIZE, sha256(b"other").digest(), signer=POLICE).note_text,
        )


def _needed(files: Files, leaves: list[bytes]) -> Files:
    """Without the partial tiles of the smaller tree, which nobody has to look at."""
    with TemporaryDirectory() as folder:
        open_log(Path(folder)).integrate(leaves, from_index=0, now=NOW)
        return {name: files[name] for name in files_of(Path(folder))}


def _receipt(ingestion: SealedEvent, footage: bytes = FOOTAGE) -> Receipt:
    return Receipt(
        reference=REFERENCE,
        sha256=Sha256.of(footage),
        size=len(footage),
        device="004471",
        sequence=212,
        durability=Durability.PUBLISHED,
        at=NOW,
        event=ingestion.leaf_hash.hex(),
    )


def told(index: int, event: CustodyEvent, sealed: SealedEvent) -> dict[str, Any]:
    """One event as an export tells it."""
    return {
        "index": index,
        "proof": f"proofs/{index:09}.tlog-proof",
        "leaf": sealed.leaf.decode(),
        "leaf_hash": sealed.leaf_hash.hex(),
        "type": event.type.value,
        "operation": event.operation.value if event.operation else None,
        "at": iso(event.at),
        "subject": event.subject,
        "actor": event.actor,
        "purpose": event.purpose.value if event.purpose else None,
        "detail": event.detail,
        "salts": {name: salt.hex() for name, salt in sealed.salts.items()},
    }


def custody() -> dict[str, Any]:
    """What custody.json tells."""
    return {
        "v": 1,
        "reference": REFERENCE,
        "log": ORIGIN,
        "pseudonym_salt": SALT.hex(),
        "exported_at": iso(NOW),
        "exported_by": "carol",
        "purpose": "investigation",
        "events": [told(*one) for one in world().sealed],
    }


def as_json(value: object) -> bytes:
    """As an export writes it."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def inner() -> Files:
    """What lies in an export, and in a pack's `data`, without any list."""
    w = world()
    return {
        "clip.mp4": FOOTAGE,
        "custody.json": as_json(custody()),
        "log.vkey": POLICE.verifier.text.encode() + b"\n",
        "checkpoint": w.checkpoint.encode(),
        "receipt.txt": write_receipt(w.receipt, POLICE).encode(),
        "README.txt": b"For somebody who has never heard of us.\n",
    } | {f"proofs/{index:09}.tlog-proof": text.encode() for index, text in w.proofs.items()}


def export_of(files: Files) -> Files:
    """An export: SHA256SUMS beside the files."""
    sums = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    return files | {"SHA256SUMS": sums.encode()}


def pack_of(files: Files) -> Files:
    """A pack: a BagIt bag around the files."""
    payload = {f"data/{name}": data for name, data in files.items()}
    oxum = f"{sum(map(len, payload.values()))}.{len(payload)}"
    info = f"Source-Organization: Test Police,\n  by itself\nPayload-Oxum: {oxum}\n"
    tags = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": info.encode(),
        "manifest-sha256.txt": listed(payload, "sha256"),
        "manifest-sha512.txt": listed(payload, "sha512"),
    }
    lists = {f"tagmanifest-{kind}.txt": listed(tags, kind) for kind in ("sha256", "sha512")}
    return export_of(payload | tags | lists)


def listed(files: Files, kind: str) -> bytes:
    """A manifest."""
    hashed = sha256 if kind == "sha256" else sha512
    return "".join(
        f"{hashed(d).hexdigest()}  {name}\n" for name, d in sorted(files.items())
    ).encode()


WITNESSED_POLICY = policy_text()
"""Two of three."""


def witnessed(note: str) -> bytes:
    """The checkpoint with a quorum's lines."""
    return cosigned(note, COMPLAINTS, MAYOR).encode()


def packed() -> Files:
    """What lies in the `data` of a good pack."""
    cosigned_note = witnessed(world().checkpoint)
    return inner() | {"checkpoint": cosigned_note, "policy.txt": WITNESSED_POLICY}


def changed(data: bytes, at: int = -2, by: int = 1) -> bytes:
    """One bit is another."""
    place = at % len(data)
    return data[:place] + bytes([data[place] ^ by]) + data[place + 1 :]


def edited(edit: Callable[[dict[str, Any]], object]) -> Files:
    """The files of an export after somebody has edited custody.json."""
    whole = custody()
    edit(whole)
    return inner() | {"custody.json": as_json(whole)}


def of_event(place: int, **values: object) -> Files:
    """One event tells something else."""
    return edited(lambda whole: whole["events"][place].update(values))


def without(files: Files, *names: str) -> Files:
    """Files are missing."""
    return {name: data for name, data in files.items() if name not in names}


def cases() -> list[Case]:
    """The whole corpus."""
    found = [
        *good(),
        *lists(),
        *bags(),
        *several(),
        *keys(),
        *events(),
        *footage(),
        *beside(),
        *lasting(),
        *logs(),
        *alone(),
    ]
    assert len({case.name for case in found}) == len(found)
    return found


def good() -> Iterator[Case]:
    """Nothing was touched."""
    w, export, pack = world(), export_of(inner()), pack_of(packed())
    copy = without(inner(), "clip.mp4") | {"copy.mp4": COPY}
    yield Case(name="good export", files=export, verdict="proved")
    yield Case(name="good pack", files=pack, verdict="proved")
    yield Case(name="good pack, no key brought", files=pack, key="", verdict="proved")
    yield Case(name="good pack of a copy", files=pack_of(copy), verdict="proved")
    yield Case(name="good pack and log", files=pack, log=w.log, older=w.kept, verdict="proved")
    yield Case(
        name="good pack, own checkpoint kept", files=pack, older=w.checkpoint, verdict="proved"
    )
    yield Case(name="good pack, own policy", files=pack, policy=WITNESSED_POLICY, verdict="proved")
    yield Case(
        name="pack and a kept checkpoint, but no log", files=pack, older=w.kept, verdict="missing"
    )
    yield Case(name="good log", files=w.log, verdict="proved")
    yield Case(name="good log, kept checkpoint", files=w.log, older=w.kept, verdict="proved")
    with_key = w.log | {"log.vkey": POLICE.verifier.text.encode()}
    yield Case(name="good log with its key", files=with_key, key="", verdict="proved")
    seen = w.log | {"checkpoint.witnessed": witnessed(w.kept)}
    yield Case(name="good log, witnessed", files=seen, policy=WITNESSED_POLICY, verdict="proved")
    nobody = f"log {POLICE.verifier.text}\nquorum none\n".encode()
    yield Case(name="good log, quorum of nobody", files=w.log, policy=nobody, verdict="proved")
    erased = of_event(0, salts={}, actor="", subject="", detail={})
    yield Case(name="good export with an erasure", files=export_of(erased), verdict="proved")
    long = {"receipt.txt": write_receipt(_receipt(w.sealed[1][2], LONG), POLICE).encode()}
    yield Case(
        name="good long footage", files=long, what="receipt.txt", about=LONG, verdict="proved"
    )
    yield Case(name="nothing to judge", files={"a.txt": b"?"}, verdict="missing")
    for start, name in ((b"PK\x03\x04", "pack.zip"), (b"\0" * 3_000_000, "clip.mp4")):
        yield Case(name=f"a {name}", files={name: start}, what=name, verdict="missing")
    yield Case(name="log without any key", files=w.log, key="", verdict="missing")


def lists() -> Iterator[Case]:
    """Files and the lists of their digests disagree."""
    export, pack = export_of(inner()), pack_of(packed())
    for name in sorted(export):
        kept = name == "SHA256SUMS"
        spoilt = export | {name: changed(export[name], at=0 if kept else -2)}
        yield Case(name=f"export, changed {name}", files=spoilt, step=3)
        gone = (
            1
            if name in ("SHA256SUMS", "custody.json", "log.vkey", "checkpoint", "receipt.txt")
            else 2
        )
        yield Case(name=f"export, dropped {name}", files=without(export, name), step=gone)
    for name in sorted(pack):
        yield Case(
            name=f"pack, dropped {name}", files=without(pack, name), step=_gone_from_pack(name)
        )
        cut = pack | {name: pack[name][: len(pack[name]) // 2]}
        yield Case(name=f"pack, cut {name}", files=cut, step=_cut_in_pack(name))
    both = ("data/proofs/000000003.tlog-proof", "data/proofs/000000255.tlog-proof")
    swapped = pack | {both[0]: pack[both[1]], both[1]: pack[both[0]]}
    yield Case(name="pack, two proofs swapped", files=swapped, step=3)
    yield Case(name="pack, a file more", files=pack | {"data/more.mp4": b"more"}, step=2)
    yield Case(name="pack, a tag file more", files=pack | {"READ-ME-FIRST.txt": b"..."}, step=2)
    yield Case(name="export, a file more", files=export | {"more.mp4": b"more"}, step=2)
    for bad in (
        "../clip.mp4",
        "/etc/passwd",
        "a//b",
        "./clip.mp4",
        "..\\clip.mp4",
        "C:/clip",
        "~/clip",
    ):
        line = f"{'0' * 64}  {bad}\n".encode()
        sums = export | {"SHA256SUMS": export["SHA256SUMS"] + line}
        yield Case(name=f"export lists {bad}", files=sums, step=1)
    twice = export["SHA256SUMS"] + export["SHA256SUMS"].splitlines(keepends=True)[0]
    yield Case(name="export lists a file twice", files=export | {"SHA256SUMS": twice}, step=1)
    garbled = export | {"SHA256SUMS": export["SHA256SUMS"] + b"no list\n"}
    yield Case(name="export's list garbled", files=garbled, step=1)
    alike = export_of(inner() | {"CLIP.MP4": FOOTAGE})
    yield Case(name="export, names alike", files=alike, step=1)
    latin = export | {"SHA256SUMS": export["SHA256SUMS"] + b"\xff\xfe\n"}
    yield Case(name="export's list not UTF-8", files=latin, step=1)


def _gone_from_pack(name: str) -> int:
    optional = ("tagmanifest-sha512.txt",)
    needed = ("custody.json", "log.vkey", "checkpoint", "receipt.txt")
    is_tag = not name.startswith("data/") and name not in optional
    return 1 if is_tag or name.removeprefix("data/") in needed else 2


def _cut_in_pack(name: str) -> int:
    if name == "bagit.txt" or name.startswith(("manifest-", "tagmanifest-", "SHA256SUMS")):
        return 1
    return 2 if name == "bag-info.txt" or name.startswith("data/") else 3


def several() -> Iterator[Case]:
    """A pack of several recordings: each in a folder of its own, the log's files shared."""
    shared = ("log.vkey", "checkpoint", "policy.txt", "README.txt")
    own = without(inner(), *shared)
    files = {name: data for name, data in packed().items() if name in shared}
    for folder in ("BWV-1", "BWV-2"):
        files |= {f"{folder}/{name}": data for name, data in own.items()}
    again = pack_of(files)
    yield Case(name="good pack of two", files=again, log=world().log, verdict="proved")
    for name, step in {
        "custody.json": 6,
        "receipt.txt": 1,
        "clip.mp4": 8,
        "proofs/000000255.tlog-proof": 6,
    }.items():
        fewer = pack_of(without(files, f"BWV-2/{name}"))
        yield Case(name=f"pack of two, one without {name}", files=fewer, step=step)


def bags() -> Iterator[Case]:
    """What BagIt forbids, with all lists in order."""
    pack = pack_of(packed())

    def again(**tags: bytes) -> Files:
        """Tag files are others, and listed as they are."""
        names = {"bagit": "bagit.txt", "info": "bag-info.txt", "fetch": "fetch.txt"}
        new = pack | {names[name]: data for name, data in tags.items()}
        return export_of(
            without(new, "SHA256SUMS", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt")
            | {
                "tagmanifest-sha256.txt": listed(
                    {
                        n: d
                        for n, d in new.items()
                        if n
                        in {
                            "bagit.txt",
                            "bag-info.txt",
                            "fetch.txt",
                            "manifest-sha256.txt",
                            "manifest-sha512.txt",
                        }
                    },
                    "sha256",
                )
            }
        )

    declared = "BagIt-Version: {}\nTag-File-Character-Encoding: {}\n"
    yield Case(
        name="bag of version 2", files=again(bagit=declared.format("2.0", "UTF-8").encode()), step=1
    )
    yield Case(
        name="bag in UTF-16", files=again(bagit=declared.format("1.0", "UTF-16").encode()), step=1
    )
    bom = again(bagit=b"\xef\xbb\xbf" + declared.format("1.0", "UTF-8").encode())
    yield Case(name="bag with a byte order mark", files=bom, step=1)
    fetch = again(fetch=b"http://mallory.example/clip.mp4 4 data/clip.mp4\n")
    yield Case(name="bag that fetches", files=fetch, step=1)
    yield Case(name="bag without Payload-Oxum", files=again(info=b"A: b\n"), step=2)
    oxum = next(line for line in pack["bag-info.txt"].splitlines(keepends=True) if b"Oxum" in line)
    yield Case(name="bag with two counts", files=again(info=oxum + oxum), step=2)
    yield Case(name="bag with another count", files=again(info=b"Payload-Oxum: 1.1\n"), step=2)
    yield Case(
        name="bag, Windows line ends",
        files=again(info=oxum.replace(b"\n", b"\r\n")),
        verdict="proved",
    )
    odd = b"%s  data/nothing%%0Ahere\n" % (b"0" * 64)
    spoilt = pack | {"manifest-sha256.txt": pack["manifest-sha256.txt"] + odd}
    yield Case(name="bag lists a name with a line end", files=spoilt, step=1)
    tag = b"%s  bagit.txt\n" % sha256(pack["bagit.txt"]).hexdigest().encode()
    spoilt = pack | {"manifest-sha256.txt": pack["manifest-sha256.txt"] + tag}
    yield Case(name="bag's payload list names a tag file", files=spoilt, step=1)


def keys() -> Iterator[Case]:
    """Keys and checkpoints."""
    w = world()
    pack = pack_of(packed())
    forged = packed() | {"log.vkey": MALLORY.verifier.text.encode()}
    other = make(ORIGIN, SIZE, sha256(b"x").digest(), signer=MALLORY).note_text.encode()
    yield Case(name="pack, another key brought", files=pack, key=MALLORY.verifier.text, step=4)
    yield Case(name="pack, key exchanged", files=pack_of(forged), step=4)
    yield Case(name="pack, key exchanged, none brought", files=pack_of(forged), key="", step=5)
    yield Case(name="pack, key garbled", files=pack_of(packed() | {"log.vkey": b"key\n"}), step=4)
    yield Case(
        name="pack, checkpoint of Mallory", files=pack_of(packed() | {"checkpoint": other}), step=5
    )
    two = packed() | {"checkpoint": w.forked.encode()}
    yield Case(name="pack, two histories", files=pack_of(two), step=6)
    beside = packed() | {"checkpoint.witnessed": witnessed(w.forked)}
    yield Case(name="pack, two histories, one witnessed", files=pack_of(beside), step=5)
    huge = POLICE.sign(f"{ORIGIN}\n{'9' * 400}\nAAAA\n".encode())
    line = f"— {ORIGIN} {to_base64(POLICE.verifier.key_id + huge)}\n"
    number = f"{ORIGIN}\n{'9' * 400}\nAAAA\n\n{line}".encode()
    yield Case(name="pack, giant size", files=pack_of(packed() | {"checkpoint": number}), step=5)
    for name, note in {
        "control characters": b"a\x00b\n\n" + w.checkpoint.encode(),
        "no signatures": w.checkpoint.partition("\n\n")[0].encode() + b"\n",
        "no UTF-8": b"\xff" + w.checkpoint.encode(),
        "many signatures": (w.checkpoint + w.checkpoint.splitlines()[-1] + "\n").encode() * 1,
        "nothing": b"",
    }.items():
        is_good = name == "many signatures"
        files = pack_of(packed() | {"checkpoint": note})
        if is_good:  # though nobody has cosigned it
            yield Case(name=f"pack, checkpoint with {name}", files=files, verdict="missing")
        else:
            yield Case(name=f"pack, checkpoint with {name}", files=files, step=5)


def events() -> Iterator[Case]:
    """custody.json is edited, its digests written anew."""

    def case(name: str, files: Files, step: int) -> Case:
        return Case(name=f"export, {name}", files=export_of(files), step=step)

    yield case("last event left out", edited(lambda c: c["events"].pop()), 6)
    yield case("event doubled", edited(lambda c: c["events"].append(c["events"][-1])), 6)
    yield case("events swapped", edited(lambda c: c["events"].reverse()), 6)
    yield case("no events", edited(lambda c: c["events"].clear()), 6)
    yield case("another index", of_event(1, index=256), 6)
    yield case("another leaf", of_event(1, leaf=world().sealed[2][2].leaf.decode()), 6)
    yield case("another hash", of_event(1, leaf_hash="0" * 64), 6)
    yield case("another proof", of_event(1, proof="proofs/000000003.tlog-proof"), 6)
    yield case("proof elsewhere", of_event(1, proof="../proofs/000000003.tlog-proof"), 6)
    yield case("index true", of_event(1, index=True), 6)
    yield case("index in words", of_event(1, index="255"), 6)
    yield case("no salts", edited(lambda c: c["events"][1].pop("salts")), 6)
    yield case("events no list", edited(lambda c: c.update(events={})), 6)
    yield case("another type", of_event(3, type="capture"), 7)
    yield case("another operation", of_event(3, operation=None), 7)
    yield case("another time", of_event(3, at=iso(NOW)), 7)
    yield case("another actor", of_event(3, actor="carol"), 7)
    yield case("another subject", of_event(3, subject="another"), 7)
    yield case("another purpose", of_event(4, purpose="check"), 7)
    yield case("another detail", of_event(3, detail={"from_ms": 0, "to_ms": 61_001}), 7)
    yield case("detail in another type", of_event(3, detail={"from_ms": False, "to_ms": 61_000}), 7)
    yield case("salt spoilt", of_event(3, salts={"actor": "00" * 16}), 7)
    yield case("salt no salt", of_event(3, salts={"actor": " 0" * 16}), 7)
    yield case("salt a number", of_event(3, salts={"actor": 0}), 7)
    yield case("another recording", edited(lambda c: c.update(reference="BWV-26-0412-0000")), 7)
    yield case("another pseudonym", edited(lambda c: c.update(pseudonym_salt="00" * 16)), 7)
    yield case("pseudonym no salt", edited(lambda c: c.update(pseudonym_salt="00")), 6)
    for name, text in {
        "nothing": b"",
        "half": as_json(custody())[:-3],
        "deep lists": b"[" * 100_000 + b"]" * 100_000,
        "65 lists": b'{"v":1,"x":' + b"[" * 64 + b"]" * 64 + b"}",
        "a giant number": b'{"v": 1' + b"0" * 10_000 + b"}",
        "a fraction": b'{"v": 1.0}',
        "a name twice": as_json(custody()).replace(b'"v": 1', b'"v": 1, "v": 1', 1),
        "not a number": b'{"v": NaN}',
        "half a character": as_json(custody()).replace(b'"carol"', b'"\\ud800"'),
        "no UTF-8": b"\xff" + as_json(custody()),
        "a byte order mark": b"\xef\xbb\xbf" + as_json(custody()),
        "text": b'"v"',
        "a control character": as_json(custody()).replace(b'"carol"', b'"\x01"'),
        "a number too much": as_json(custody()).replace(
            b'"v": 1', b'"v": 1, "w": 9007199254740993', 1
        ),
        "a leading zero": as_json(custody()).replace(b'"v": 1', b'"v": 01', 1),
        "a comma too much": as_json(custody()).replace(b'"v": 1,', b'"v": 1,,', 1),
        "something behind": as_json(custody()) + b"{}",
    }.items():
        yield case(f"custody.json of {name}", inner() | {"custody.json": text}, 6)
    for name, proof in proofs_spoilt().items():
        yield case(f"proof with {name}", inner() | {"proofs/000000255.tlog-proof": proof}, 6)
    yield case("proof of nobody", inner() | {"proofs/000000007.tlog-proof": b"?"}, 6)


def proofs_spoilt() -> dict[str, bytes]:
    """The proof of entry 255, spoilt in every part."""
    good = world().proofs[255]
    lines = good.split("\n")
    return {
        "another header": good.replace("@v1", "@v2").encode(),
        "another index": good.replace("index 255", "index 254").encode(),
        "an index too much": good.replace("index 255", "index 0255").encode(),
        "a hash less": "\n".join([*lines[:2], *lines[3:]]).encode(),
        "a hash more": "\n".join([*lines[:3], *lines[2:]]).encode(),
        "two hashes swapped": "\n".join([*lines[:2], lines[3], lines[2], *lines[4:]]).encode(),
        "a spoilt hash": good.replace(lines[4], to_base64(bytes(32))).encode(),
        "a short hash": good.replace(lines[4], to_base64(bytes(31))).encode(),
        "no checkpoint": good.partition("\n\n")[0].encode(),
        "another's checkpoint": good.replace(ORIGIN, "mallory.example/log").encode(),
        "an unsigned checkpoint": changed(good.encode(), at=-8),
        "no UTF-8": good.encode() + b"\xff",
        "an empty extra": good.replace("index", "extra \nindex", 1).encode(),
        "nothing": b"",
    }


def footage() -> Iterator[Case]:
    """The footage, the receipt."""
    w = world()

    def case(name: str, step: int, **files: bytes) -> Case:
        names = {"clip": "clip.mp4", "receipt": "receipt.txt"}
        new = inner() | {names[key]: data for key, data in files.items()}
        return Case(name=f"export, {name}", files=export_of(new), step=step)

    def receipt(signer: Signer = POLICE, **values: Any) -> bytes:
        return write_receipt(replace(w.receipt, **values), signer).encode()

    yield case("other footage", 8, clip=FOOTAGE + b"!")
    yield case("another's receipt", 8, receipt=receipt(MALLORY))
    yield case("receipt for another recording", 8, receipt=receipt(reference="BWV-26-0412-0000"))
    yield case("receipt for other bytes", 8, receipt=receipt(sha256=Sha256.of(b"other")))
    yield case("receipt for another size", 8, receipt=receipt(size=1))
    yield case("receipt of another event", 8, receipt=receipt(event="00" * 32))
    yield case(
        "receipt of the wrong event", 8, receipt=receipt(event=w.sealed[0][2].leaf_hash.hex())
    )
    yield case("receipt with a line more", 8, receipt=_noted(receipt(), "more lines\n"))
    yield case("receipt with a line twice", 8, receipt=_noted(receipt(), f"event {'0' * 64}\n"))
    yield case("receipt that is a checkpoint", 8, receipt=w.checkpoint.encode())


def _noted(receipt: bytes, more: str) -> bytes:
    """The receipt with more lines, signed by the true key."""
    text = receipt.decode().partition("\n\n")[0] + "\n" + more
    line = f"— {ORIGIN} {to_base64(POLICE.verifier.key_id + POLICE.sign(text.encode()))}\n"
    return f"{text}\n{line}".encode()


def beside() -> Iterator[Case]:
    """What was brought along contradicts the pack: log, kept checkpoint, policy."""
    w, pack = world(), pack_of(packed())
    mallorys = make(ORIGIN, KEPT, bytes(32), signer=MALLORY).note_text
    yield Case(name="pack, rewritten log", files=pack, log=w.rewritten, step=9)
    yield Case(name="pack, log gone", files=pack, log={}, step=9)
    spoilt = w.log | {"tile/entries/001": changed(w.log["tile/entries/001"])}
    yield Case(name="pack, log damaged", files=pack, log=spoilt, step=9)
    fewer = edited(lambda c: c["events"].pop())
    dropped = without(fewer, "proofs/000000571.tlog-proof")
    yield Case(name="export, event hidden, no log", files=export_of(dropped), verdict="proved")
    yield Case(name="export, event hidden, log", files=export_of(dropped), log=w.log, step=9)
    yield Case(
        name="pack, kept checkpoint rewritten",
        files=pack,
        log=w.log,
        older=w.kept_of_rewritten,
        step=10,
    )
    yield Case(name="pack, kept fork", files=pack, older=w.forked, step=10)
    yield Case(name="pack, kept of another", files=pack, older=mallorys, step=10)
    strict = policy_text("quorum university")
    yield Case(name="pack, another policy", files=pack, policy=strict, step=11)
    yield Case(
        name="pack, no witness",
        files=pack_of(packed() | {"checkpoint": w.checkpoint.encode()}),
        verdict="missing",
    )
    unseen = pack_of(packed() | {"checkpoint": w.checkpoint.encode()})
    yield Case(
        name="pack, no witness of a policy brought", files=unseen, policy=WITNESSED_POLICY, step=11
    )
    foreign = (
        f"log {Signer('mallory.example/log', bytes(32)).verifier.text}\nquorum none\n".encode()
    )
    yield Case(name="pack, policy of another log", files=pack, policy=foreign, step=11)
    false = witnessed(w.checkpoint).replace(b"mayor.example", b"university.example")
    yield Case(
        name="pack, names of witnesses changed",
        files=pack_of(packed() | {"checkpoint": false}),
        verdict="missing",
    )
    lines = witnessed(w.checkpoint).decode().splitlines(keepends=True)
    forged = "".join([*lines[:-1], WITNESSES["mayor"].cosign("other\n", at=NOW).line]).encode()
    yield Case(
        name="pack, forged cosignature", files=pack_of(packed() | {"checkpoint": forged}), step=11
    )
    for name, text in {
        "half a policy": WITNESSED_POLICY[:-1],
        "no quorum": WITNESSED_POLICY.rpartition(b"quorum")[0],
        "two quorums": WITNESSED_POLICY + b"quorum none\n",
        "an unknown word": WITNESSED_POLICY + b"except mayor\n",
        "a member twice": WITNESSED_POLICY.replace(
            b"complaints mayor university\n", b"mayor mayor university\n"
        ),
        "too high a number": WITNESSED_POLICY.replace(b"oversight 2", b"oversight 4"),
        "a control character": WITNESSED_POLICY.replace(b"oversight 2", b"oversight\x0b2"),
        "the log's key as witness": WITNESSED_POLICY.replace(
            WITNESSES["mayor"].key.text.encode(), POLICE.verifier.text.encode()
        ),
    }.items():
        files = pack_of(packed() | {"policy.txt": text})
        yield Case(name=f"pack, {name}", files=files, step=11)


def lasting() -> Iterator[Case]:
    """Witnesses whose keys are ML-DSA-44, beside those of Ed25519."""
    one = MldsaSigner("university.example/lasting", bytes(32))
    note = world().checkpoint
    text = note.rpartition("\n\n")[0] + "\n"
    policy = WITNESSED_POLICY.replace(
        WITNESSES["university"].key.text.encode(), one.key.text.encode()
    )
    timed = one.cosign(text, at=NOW).line
    second = MldsaSigner(ORIGIN, bytes(32))
    untimed = sign_note(text, one).removeprefix(text + "\n")

    def case(name: str, lines: str, **more: Any) -> Case:
        checkpoint = (note + lines).encode() + COMPLAINTS.cosign(text, at=NOW).line.encode()
        files = pack_of(packed() | {"checkpoint": checkpoint, "policy.txt": policy})
        return Case(name=f"pack, {name}", files=files, **more)

    yield case("good ML-DSA witness", timed, verdict="proved")
    beside = sign_note(text, second).removeprefix(text + "\n")
    yield case("good ML-DSA line of the log", timed + beside, verdict="proved")
    yield case("ML-DSA line without a time", untimed, verdict="missing")
    raw = bytearray(one.cosign(text, at=NOW).raw)
    raw[100] ^= 1
    forged = replace(one.cosign(text, at=NOW), raw=bytes(raw)).line
    yield case("forged ML-DSA line", forged, step=11)
    later = replace(one.cosign(text, at=NOW), raw=bytes(8) + bytes(raw[8:])).line
    yield case("ML-DSA line whose time was changed", later, step=11)


def logs() -> Iterator[Case]:
    """A log's folder."""
    w = world()
    for name in sorted(w.log):
        step = 1 if name == "checkpoint" else 2 if "entries" in name else 3
        yield Case(name=f"log, dropped {name}", files=without(w.log, name), step=step)
        first = 4 if "entries" in name else step
        spoilt = w.log | {name: changed(w.log[name])}
        yield Case(name=f"log, changed {name}", files=spoilt, step=3 if first == 4 else first)
        yield Case(name=f"log, cut {name}", files=w.log | {name: w.log[name][:-1]}, step=step)
        yield Case(name=f"log, longer {name}", files=w.log | {name: w.log[name] + b"\0"}, step=step)
    yield Case(name="log, another key", files=w.log, key=MALLORY.verifier.text, step=1)
    one, other = "tile/entries/000", "tile/entries/001"
    swapped = w.log | {one: w.log[other], other: w.log[one]}
    yield Case(name="log, bundles swapped", files=swapped, step=3)
    yield Case(name="log, rewritten, nobody kept anything", files=w.rewritten, verdict="proved")
    yield Case(name="log, rewritten, kept", files=w.rewritten, older=w.kept, step=5)
    yield Case(
        name="log, shorter than what was kept", files=w.rewritten, older=w.checkpoint, step=5
    )
    mallorys = make(ORIGIN, KEPT, bytes(32), signer=MALLORY).note_text
    yield Case(name="log, kept of another", files=w.log, older=mallorys, step=5)
    yield Case(name="log, unwitnessed", files=w.log, policy=WITNESSED_POLICY, step=6)
    seen = w.rewritten | {"checkpoint.witnessed": witnessed(w.kept)}
    yield Case(name="log, rewritten, witnessed", files=seen, policy=WITNESSED_POLICY, step=6)
    yield Case(name="log, entry and tile forged", files=_forged(w.log), step=3)
    full = _forged(w.log, above=True)
    yield Case(name="log, entry and all tiles forged", files=full, step=4)
    size = make(ORIGIN, 2**62, bytes(32), signer=POLICE).note_text.encode()
    yield Case(name="log, giant", files=w.log | {"checkpoint": size}, step=2)


def _forged(log: Files, *, above: bool = False) -> Files:
    """An entry of the first bundle is another, and so are its tiles, but not the checkpoint."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        lay(log, folder)
        found = read_bundle(folder, 0, width=256)
        found[7] = b"Mallory was never here"
        if not above:
            tile = bytearray(log["tile/0/000"])
            tile[7 * 32 : 8 * 32] = sha256(b"\0" + found[7]).digest()
            return log | {"tile/entries/000": encode_bundle(found), "tile/0/000": bytes(tile)}
        new = open_log(folder / "new")
        rest = [*read_bundle(folder, 1, width=256), *read_bundle(folder, 2, width=SIZE - 512)]
        new.integrate([*found, *rest], from_index=0, now=NOW)
        return files_of(folder / "new") | {"checkpoint": log["checkpoint"]}


def alone() -> Iterator[Case]:
    """One file alone: a proof with its entry, a receipt with its footage."""
    w = world()
    leaf, proof = w.sealed[1][2].leaf, {"one.tlog-proof": w.proofs[255].encode()}
    what = "one.tlog-proof"
    yield Case(name="good proof", files=proof, what=what, about=leaf, verdict="proved")
    yield Case(name="proof without its entry", files=proof, what=what, verdict="missing")
    yield Case(
        name="proof without a key", files=proof, what=what, key="", about=leaf, verdict="missing"
    )
    yield Case(name="proof of another entry", files=proof, what=what, about=leaf + b" ", step=2)
    yield Case(
        name="proof, another key",
        files=proof,
        what=what,
        key=MALLORY.verifier.text,
        about=leaf,
        step=1,
    )
    policy = WITNESSED_POLICY
    yield Case(name="proof, unwitnessed", files=proof, what=what, about=leaf, policy=policy, step=3)
    seen = w.proofs[255].partition("\n\n")[0].encode() + b"\n\n" + witnessed(w.checkpoint)
    yield Case(
        name="proof, witnessed",
        files={what: seen},
        what=what,
        about=leaf,
        policy=policy,
        verdict="proved",
    )
    for name, text in proofs_spoilt().items():
        if text.startswith(b"c2sp.org/tlog-proof"):
            step = (
                2
                if name
                in {
                    "another index",
                    "a hash less",
                    "a hash more",
                    "two hashes swapped",
                    "a spoilt hash",
                }
                else 1
            )
            yield Case(
                name=f"proof alone with {name}",
                files={what: text},
                what=what,
                about=leaf,
                step=step,
            )
    receipt = {"receipt.txt": write_receipt(w.receipt, POLICE).encode()}
    what = "receipt.txt"
    yield Case(name="good receipt", files=receipt, what=what, verdict="proved")
    yield Case(
        name="good receipt and footage", files=receipt, what=what, about=FOOTAGE, verdict="proved"
    )
    yield Case(
        name="receipt and other footage", files=receipt, what=what, about=FOOTAGE[1:], step=2
    )
    yield Case(
        name="receipt, another key", files=receipt, what=what, key=MALLORY.verifier.text, step=1
    )
    yield Case(
        name="receipt changed", files={what: changed(receipt[what], at=60)}, what=what, step=1
    )
    yield Case(name="receipt cut", files={what: receipt[what][:-9]}, what=what, step=1)


def lay(files: Files, folder: Path) -> Path:
    """Write these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
