"""What the force's own program, and a BagIt library of others, say to the same cases.

The judges of the stand-alone verifiers: they share no line with them. Where the program has one
function for a thing (`verify_log`, `verify_entry_proof`, `read_receipt`, `Policy.judge`) that is
asked; packs and exports are put together here from its parts.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import bagit
from tests.custody.outside_cases import Case

from bodyworn.core.clock import parse_iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, DamagedError, MissingError
from bodyworn.core.terms import EventType, Operation, Purpose
from bodyworn.core.types import CustodyEvent, Receipt
from bodyworn.custody.checkpoint import Checkpoint, parse
from bodyworn.custody.event import open_event, pseudonym_of, read_leaf
from bodyworn.custody.note import Verifier
from bodyworn.custody.policy import Policy, read_policy
from bodyworn.custody.proof import read_proof
from bodyworn.custody.receipt import read_receipt
from bodyworn.custody.tiles import EntryReader, TileReader
from bodyworn.custody.tree import leaf_hash, root_of, verify_inclusion
from bodyworn.custody.verify import verify_entry_proof, verify_log

Answer = tuple[str, int | None]
"""The verdict and the number of the first step that fails."""

PROVED: Answer = ("proved", None)
MISSING: Answer = ("missing", None)


class WrongError(Exception):
    """A step failed."""


def answer(case: Case, folder: Path) -> Answer:
    """What the force's program says, to files that lie below `folder/shown` and `folder/log`."""
    shown = folder / "shown"
    if case.what:
        return _single(case, shown / case.what)
    if "bagit.txt" in case.files or "manifest-sha256.txt" in case.files:
        return _Pack(case, shown, folder / "log", inner="data/").answer()
    if {"custody.json", "receipt.txt", "SHA256SUMS"} & set(case.files):
        return _Pack(case, shown, folder / "log", inner="").answer()
    return (
        _log(case, shown) if any(n.startswith(("tile/", "check")) for n in case.files) else MISSING
    )


def _single(case: Case, path: Path) -> Answer:
    if path.suffix in {".mp4", ".zip"} or not case.key:
        return MISSING
    if case.kind == "proof" and case.about is None:
        return MISSING
    key, text = Verifier.parse(case.key), path.read_bytes()
    if case.kind == "proof":
        return _proof(case, key, text)
    try:
        receipt = read_receipt(text, key)
    except DamagedError:
        return "damaged", 1
    if case.about is None:
        return PROVED
    is_same = (receipt.sha256, receipt.size) == (Sha256.of(case.about), len(case.about))
    return PROVED if is_same else ("damaged", 2)


def _proof(case: Case, key: Verifier, data: bytes) -> Answer:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "damaged", 1
    verdict = verify_entry_proof(text, case.about or b"", key)
    if not verdict.ok:
        return "damaged", next(step.number for step in verdict.steps if not step.ok)
    if case.policy is None:
        return PROVED
    standing = read_policy(case.policy).judge(read_proof(text).checkpoint, log=key)
    return PROVED if standing.is_met else ("damaged", 3)


def _log(case: Case, folder: Path) -> Answer:
    beside = case.files.get("log.vkey")
    if not case.key and beside is None:
        return MISSING
    key = Verifier.parse(case.key or (beside or b"").decode())
    policy = read_policy(case.policy) if case.policy is not None else None
    try:
        verdict = verify_log(folder, key, older=case.older, policy=policy)
    except DamagedError:
        return "damaged", 5  # what was kept is not of this log: that is said, and not judged
    failed = [step.number for step in verdict.steps if not step.ok]
    return ("damaged", failed[0]) if failed else PROVED


@dataclass(slots=True)
class _Pack:
    """The steps of a pack or an export, by the program's parts."""

    case: Case
    folder: Path
    log: Path
    inner: str
    key: Verifier | None = None
    heads: dict[int, bytes] = field(default_factory=dict)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)  # custody.json by its folder

    def answer(self) -> Answer:
        steps: dict[int, Callable[[], object]] = {
            1: self._has_the_form,
            2: self._is_complete,
            3: self._has_its_digests,
            4: self._has_the_key,
            5: self._is_signed,
            6: self._is_in_the_log,
            7: self._means_what_it_says,
            8: self._is_the_footage,
        }
        steps |= {9: self._is_the_whole_log} if self.case.log is not None else {}
        steps |= {10: self._belongs_to_what_was_kept} if self.case.older is not None else {}
        steps |= {11: self._is_witnessed} if self._policy() is not None else {}
        is_missing = False
        for number, step in steps.items():
            try:
                is_missing |= step() is MISSING
            except (BodywornError, WrongError, KeyError, ValueError, TypeError, RecursionError):
                return "damaged", number
        return MISSING if is_missing else PROVED

    def _bytes(self, name: str) -> bytes:
        return self.case.files[self.inner + name]

    def _sums(self) -> dict[str, str]:
        lines = self.case.files["SHA256SUMS"].decode().splitlines()
        pairs = [(line[66:], line[:64]) for line in lines]
        _require(all(line[64:66] == "  " for line in lines))
        _require(len({name.lower() for name, _ in pairs}) == len(pairs))
        for name, _ in pairs:
            _require(not name.startswith(("/", "~")) and not {"\\", ":"} & set(name))
            _require(not {"", ".", ".."} & set(name.split("/")))
        return dict(pairs)

    def _items(self) -> list[str]:
        ours = [name for name in self.case.files if name.endswith("custody.json")]
        return [name.removesuffix("custody.json") for name in ours]

    def _has_the_form(self) -> None:
        names = set(self.case.files)
        needed = {"checkpoint", "log.vkey"}
        _require({self.inner + name for name in needed} <= names and bool(self._items()))
        _require({item + "receipt.txt" for item in self._items()} <= names)
        _require(len({name.lower() for name in names}) == len(names))
        self._sums()
        if self.inner:
            kinds = ("manifest-sha256.txt", "manifest-sha512.txt", "tagmanifest-sha256.txt")
            _require({"bag-info.txt", "bagit.txt", *kinds} <= names and "fetch.txt" not in names)
            _require(self._bag().version_info == (1, 0) and self._bag().encoding == "UTF-8")
            _require(not self.case.files["bagit.txt"].startswith(b"\xef\xbb\xbf"))
            for name in names & {*kinds, "tagmanifest-sha512.txt"}:
                size = 64 if "256" in name else 128
                lines = self.case.files[name].decode().splitlines()
                _require(all(len(line.split()[0]) == size and "%0" not in line for line in lines))

    def _bag(self) -> bagit.Bag:
        logging.getLogger("bagit").setLevel(logging.CRITICAL)
        try:
            return bagit.Bag(str(self.folder))
        except bagit.BagError as error:
            raise WrongError(str(error)) from None

    def _is_complete(self) -> None:
        sums, names = self._sums(), set(self.case.files)
        _require(set(sums) <= names)
        listing = {n for n, data in self.case.files.items() if b"SHA256SUMS" in data}
        lists = {n for n in listing if n.startswith("tagmanifest")}
        _require(names - set(sums) - {"SHA256SUMS"} <= lists)
        if not self.inner:
            return
        bag = self._bag()
        try:
            bag.validate(completeness_only=True)
        except bagit.BagError as error:
            raise WrongError(str(error)) from None
        _require("Payload-Oxum" in bag.info and isinstance(bag.info["Payload-Oxum"], str))

    def _has_its_digests(self) -> None:
        for name, digest in self._sums().items():
            _require(sha256(self.case.files[name]).hexdigest() == digest)
        if self.inner:
            try:
                self._bag().validate()
            except bagit.BagError as error:
                raise WrongError(str(error)) from None

    def _has_the_key(self) -> None:
        self.key = Verifier.parse(self._bytes("log.vkey").decode())
        _require(not self.case.key or Verifier.parse(self.case.key) == self.key)

    def _head(self, note: bytes | str) -> Checkpoint:
        assert self.key
        head = parse(note, self.key)
        _require(self.heads.setdefault(head.size, head.root) == head.root)
        return head

    def _is_signed(self) -> None:
        self._head(self._bytes("checkpoint"))
        if self.inner + "checkpoint.witnessed" in self.case.files:
            self._head(self._bytes("checkpoint.witnessed"))

    def _is_in_the_log(self) -> None:
        seen = set()
        for item in self._items():
            text = self.case.files[item + "custody.json"].decode()
            told = json.loads(text, object_pairs_hook=_once)
            json.dumps(told, ensure_ascii=False).encode()
            _require(type(told["v"]) is int and told["v"] == 1 and "." not in str(told["v"]))
            _require(len(bytes.fromhex(told["pseudonym_salt"])) == 16 and told["events"] != [])
            _require(isinstance(told["events"], list) and max(_numbers(told)) <= 2**53)
            indexes = [event["index"] for event in told["events"]]
            _require(all(type(index) is int for index in indexes))
            _require(indexes == sorted(set(indexes)))
            for event in told["events"]:
                self._is_in_its_place(event, item)
                seen.add(item + event["proof"])
            self.told[item] = told
        _require({name for name in self.case.files if "proofs/" in name} <= seen)

    def _is_in_its_place(self, event: Mapping[str, Any], item: str) -> None:
        leaf = leaf_hash(event["leaf"].encode())
        _require(leaf.hex() == event["leaf_hash"] and isinstance(event["salts"], dict))
        _require(event["proof"] == Path(event["proof"]).as_posix() and ".." not in event["proof"])
        proof = read_proof(self.case.files[item + event["proof"]].decode())
        head = self._head(proof.checkpoint)
        _require(proof.index == event["index"])
        verify_inclusion(leaf, proof.hashes, index=proof.index, size=head.size, root=head.root)

    def _means_what_it_says(self) -> None:
        for told in self.told.values():
            salt = bytes.fromhex(told["pseudonym_salt"])
            pseudonym = pseudonym_of(told["reference"], salt=salt).hex()
            for event in told["events"]:
                leaf = event["leaf"].encode()
                _require(read_leaf(leaf).evidence == pseudonym)
                try:
                    open_event(leaf, _salts(event["salts"]), _event(event))
                except MissingError:
                    continue  # erased, and the rest agrees

    def _is_the_footage(self) -> None:
        assert self.key
        for item, told in self.told.items():
            receipt = read_receipt(self.case.files[item + "receipt.txt"], self.key)
            _require(receipt.reference == told["reference"])
            self._is_here(receipt, item, told["events"])

    def _is_here(self, receipt: Receipt, item: str, events: list[dict[str, Any]]) -> None:
        (event,) = [one for one in events if one["leaf_hash"] == receipt.event]
        stated = (event["detail"].get("sha256"), event["detail"].get("size"))
        _require(stated == (receipt.sha256.hex, receipt.size))
        known = {receipt.sha256.hex, *(one["detail"].get("sha256") for one in events)}
        here = [data for name, data in self.case.files.items() if name.startswith(item)]
        _require(any(sha256(data).hexdigest() in known for data in here))

    def _is_the_whole_log(self) -> None:
        assert self.key
        verdict = verify_log(self.log, self.key)
        _require(verdict.ok)
        head = parse((self.log / "checkpoint").read_bytes(), self.key)
        tiles = TileReader(self.log, size=head.size, root=head.root)
        entries = [e for n in range(-(-head.size // 256)) for e in EntryReader(tiles).bundle(n)]
        for size, root in self.heads.items():
            _require(_root(entries[:size]) == root)
        for told in self.told.values():
            name = pseudonym_of(told["reference"], salt=bytes.fromhex(told["pseudonym_salt"]))
            about = {n for n, entry in enumerate(entries) if name.hex().encode() in entry}
            _require(
                {n for n in about if n < max(self.heads)} <= {e["index"] for e in told["events"]}
            )

    def _belongs_to_what_was_kept(self) -> Answer | None:
        assert self.key
        kept = parse(self.case.older or "", self.key)
        if self.case.log is not None:
            _require(verify_log(self.log, self.key, older=self.case.older).ok)
        elif kept.size in self.heads:
            _require(self.heads[kept.size] == kept.root)
        else:
            return MISSING
        return None

    def _policy(self) -> bytes | None:
        own = self.case.files.get(self.inner + "policy.txt")
        return self.case.policy if self.case.policy is not None else own

    def _is_witnessed(self) -> Answer | None:
        policy: Policy = read_policy(self._policy() or b"")
        name = self.inner + "checkpoint.witnessed"
        note = self.case.files.get(name, self._bytes("checkpoint"))
        if policy.judge(note, log=self.key).is_met:
            return None
        _require(self.case.policy is None)
        return MISSING


def _root(entries: list[bytes]) -> bytes:
    return root_of(map(leaf_hash, entries))


def _require(holds: bool) -> None:
    if not holds:
        raise WrongError


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _require(len(dict(pairs)) == len(pairs))
    return dict(pairs)


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [n for inner in value.values() for n in _numbers(inner)]
    if isinstance(value, list):
        return [n for inner in value for n in _numbers(inner)]
    return [value] if isinstance(value, int | float) else []


def _salts(told: Mapping[str, str]) -> dict[str, bytes]:
    _require(all(len(salt) == 32 for salt in told.values()))
    return {name: bytes.fromhex(salt) for name, salt in told.items()}


def _event(told: Mapping[str, Any]) -> CustodyEvent:
    return CustodyEvent(
        type=EventType(told["type"]),
        operation=Operation(told["operation"]) if told["operation"] else None,
        at=parse_iso(told["at"]),
        actor=told["actor"],
        subject=told["subject"],
        detail=told["detail"],
        purpose=Purpose(told["purpose"]) if told["purpose"] else None,
    )
