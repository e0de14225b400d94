"""Witness policies (C2SP tlog-policy): which logs, which witnesses, and how many are enough.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> any|all|<k> <member>...
    quorum <name>|none

A name stands for itself only in this file, and is compared byte by byte. The reader is strict: a
line that could be understood in two ways is refused, since a policy that is weaker than it looks
is worse than none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.custody.checkpoint import Checkpoint, parse
from bodyworn.custody.cosignature import CosignerKey, cosignature_in, cosigned_at
from bodyworn.custody.mldsa import read_cosigner_key, read_log_key
from bodyworn.custody.note import Verifier

NONE = "none"  # the quorum that asks for nobody
MOST = 64  # logs, witnesses and groups each; the specification asks for 32
LARGEST = 1 << 18  # bytes of a policy file
COUNT = re.compile(r"[1-9][0-9]{0,2}")
_OTHER_OCTET = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLog:
    """A log that this policy is about."""

    key: Verifier
    url: str = ""  # where it is published; empty where the policy does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWitness:
    """Somebody outside who keeps checkpoints."""

    name: str  # in this file
    key: CosignerKey
    url: str = ""  # submission prefix, C2SP tlog-witness; empty where the policy does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some witnesses or groups, of which `needs` are enough."""

    name: str
    needs: int  # from 1 to the number of members
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A witness that signed, and when by its own clock, UTC."""

    name: str  # in the policy
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a checkpoint stands before a policy."""

    checkpoint: Checkpoint  # signed by a log of the policy
    cosigned: tuple[Cosigned, ...]  # in the policy's order
    witnesses: int  # how many the policy names
    is_met: bool  # whether the quorum is reached

    @property
    def names(self) -> tuple[str, ...]:
        """Who signed."""
        return tuple(one.name for one in self.cosigned)

    @property
    def newest(self) -> datetime | None:
        """When the last of them signed, UTC."""
        return max((one.at for one in self.cosigned), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy that was read. Only the quorum is mandatory."""

    logs: tuple[PolicyLog, ...] = ()
    witnesses: tuple[PolicyWitness, ...] = ()
    groups: tuple[Group, ...] = ()  # each after its members
    quorum: str = NONE  # name of a witness or group

    def judge(self, note: bytes | str, *, log: Verifier | None = None) -> Standing:
        """Who cosigned this checkpoint, and whether that is enough.

        `log` is the log's key where the reader knows it from elsewhere; a policy that lists logs
        must list it too. Raises DamagedError: `policy.other-log` where neither names a key,
        or disagrees; what `checkpoint.parse` raises where no such log signed; and
        `note.bad-signature` where a line claims to be of a witness and is not.
        """
        checkpoint = _signed(note, self._logs(log))
        found = [(one.name, cosignature_in(note, one.key)) for one in self.witnesses]
        cosigned = [Cosigned(name=name, at=cosigned_at(line)) for name, line in found if line]
        return Standing(
            checkpoint=checkpoint,
            cosigned=tuple(cosigned),
            witnesses=len(self.witnesses),
            is_met=self.is_met_by({one.name for one in cosigned}),
        )

    def is_met_by(self, names: set[str]) -> bool:
        """Whether these witnesses are enough."""
        met = set(names)
        for group in self.groups:
            if len(met.intersection(group.members)) >= group.needs:
                met.add(group.name)
        return self.quorum == NONE or self.quorum in met

    def _logs(self, log: Verifier | None) -> list[Verifier]:
        listed = [one.key for one in self.logs]
        if log is None or log in listed:
            wanted = [log] if log else listed
        else:
            wanted = [] if listed else [log]
        if not wanted:
            raise DamagedError(
                "policy.other-log",
                "This policy is not about this log.",
                hint="Ask whoever wrote the policy for one that lists the log's public key.",
            )
        return wanted


def read_policy(data: bytes) -> Policy:
    """Read a policy file. Raises DamagedError `policy.malformed`, with the line's number."""
    if len(data) > LARGEST:
        raise malformed(f"A policy has at most {LARGEST} bytes.")
    if not data.endswith(b"\n"):
        raise malformed("A policy ends with a newline; perhaps its end is missing.")
    draft = _Draft()
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        try:
            _take(draft, line)
        except DamagedError as error:
            raise malformed(f"Line {number}: {error.message}", line=number) from None
    if not draft.quorum:
        raise malformed("A policy has one line that says `quorum`.")
    return Policy(
        logs=tuple(draft.logs),
        witnesses=tuple(draft.witnesses),
        groups=tuple(draft.groups),
        quorum=draft.quorum,
    )


def load_policy(path: Path) -> Policy:
    """Read the policy in this file. Raises SetupError `policy.unreadable`."""
    try:
        return read_policy(path.read_bytes())
    except (OSError, DamagedError) as error:
        told = error.message if isinstance(error, DamagedError) else f"{error.strerror}."
        raise SetupError(
            "policy.unreadable",
            f"The witness policy {path} cannot be used: {told}",
            hint="Mend the file; docs/how-to/run-a-witness.md shows a whole one.",
        ) from None


def malformed(sentence: str, **facts: int) -> DamagedError:
    """The one error of this reader."""
    return DamagedError(
        "policy.malformed",
        sentence,
        hint="Mend the line; the form is that of https://c2sp.org/tlog-policy.",
        **facts,
    )


@dataclass(slots=True)
class _Draft:
    """What the lines so far have said."""

    logs: list[PolicyLog] = field(default_factory=list)
    witnesses: list[PolicyWitness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    members: set[str] = field(default_factory=set)  # names that are in a group already
    quorum: str = ""

    @property
    def names(self) -> set[str]:
        return {one.name for one in self.witnesses} | {one.name for one in self.groups}


def _take(draft: _Draft, line: bytes) -> None:
    if _OTHER_OCTET.search(line):
        raise malformed("A policy holds no control characters but tab and newline.")
    # Names are octets. This way of decoding keeps different octets different.
    words = [word.decode("utf-8", "surrogateescape") for word in line.split()]
    if not words or words[0].startswith("#"):
        return
    take = _TAKES.get(words[0])
    if take is None:
        raise malformed("A line begins with `log`, `witness`, `group`, `quorum` or `#`.")
    take(draft, words[1:])


def _take_log(draft: _Draft, words: list[str]) -> None:
    _check_count(words, 1, 2, "log <vkey> [<url>]")
    key = read_log_key(_key(words[0]))
    _check_room(draft.logs)
    if any(key.public == one.key.public for one in draft.logs):
        raise malformed("This log's key stands in the policy already.")
    draft.logs.append(PolicyLog(key=key, url=_url(words[1:])))


def _take_witness(draft: _Draft, words: list[str]) -> None:
    _check_count(words, 2, 3, "witness <name> <vkey> [<url>]")
    key = read_cosigner_key(_key(words[1]))
    _check_room(draft.witnesses)
    _check_new(draft, words[0])
    if any(key.public == one.key.public for one in draft.witnesses):
        raise malformed("This witness's key stands in the policy already.")
    draft.witnesses.append(PolicyWitness(name=words[0], key=key, url=_url(words[2:])))


def _take_group(draft: _Draft, words: list[str]) -> None:
    _check_count(words, 3, 2 + 2 * MOST, "group <name> any|all|<k> <member>...")
    name, many, *members = words
    _check_room(draft.groups)
    _check_new(draft, name)
    for member in members:
        _check_known(draft, member)
        if member in draft.members:
            raise malformed(f"{member} is in a group already; a voice counts once.")
        draft.members.add(member)
    needs = _needed(many, len(members))
    draft.groups.append(Group(name=name, needs=needs, members=tuple(members)))


def _take_quorum(draft: _Draft, words: list[str]) -> None:
    _check_count(words, 1, 1, "quorum <name>")
    if draft.quorum:
        raise malformed("A policy has one quorum, and this is a second.")
    if words[0] != NONE:
        _check_known(draft, words[0])
    draft.quorum = words[0]


_TAKES: dict[str, Callable[[_Draft, list[str]], None]] = {
    "log": _take_log,
    "witness": _take_witness,
    "group": _take_group,
    "quorum": _take_quorum,
}


def _needed(many: str, members: int) -> int:
    if many == "any":
        return 1
    if many == "all":
        return members
    if not COUNT.fullmatch(many) or int(many) > members:
        raise malformed(f"A group needs `any`, `all` or a number from 1 to {members}.")
    return int(many)


def _check_count(words: list[str], least: int, most: int, form: str) -> None:
    if not least <= len(words) <= most:
        raise malformed(f"Such a line is `{form}`.")


def _check_room(listed: list[PolicyLog] | list[PolicyWitness] | list[Group]) -> None:
    if len(listed) >= MOST:
        raise malformed(f"A policy has at most {MOST} logs, {MOST} witnesses and {MOST} groups.")


def _check_new(draft: _Draft, name: str) -> None:
    if name == NONE:
        raise malformed("The name `none` means nobody and cannot be given away.")
    if name in draft.names:
        raise malformed(f"The name {name} stands in the policy already.")


def _check_known(draft: _Draft, name: str) -> None:
    if name not in draft.names:
        raise malformed(f"No line above defines {name}.")


def _key(word: str) -> str:
    """A key, whose name may be any text that is UTF-8, and no other octets."""
    if any("\ud800" <= character <= "\udfff" for character in word):
        raise malformed("The name of a key is not UTF-8.")
    return word


def _url(words: list[str]) -> str:
    return words[0] if words else ""


def _signed(note: bytes | str, logs: list[Verifier]) -> Checkpoint:
    """The checkpoint, as signed by one of these logs."""
    for log in logs[:-1]:
        try:
            return parse(note, log)
        except DamagedError as error:
            if error.code != "note.not-signed":
                raise
    return parse(note, logs[-1])
