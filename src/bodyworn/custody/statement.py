"""Statements: a signed note that says what two places hold: the same, or what differs.

A backup, a restore and a move end with one. Things are counted and rooted by name, such as
`table:records_copy 412 <root>` or `files 412 77401211904 <root>`; whoever holds one of the places
can count again and compare, and whoever holds neither sees who vouched for what. The first line,
`<origin>/statement`, keeps a statement from passing for a checkpoint of the same key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.errors import BodywornError, DamagedError, RefusedError
from bodyworn.custody.note import Signer, Verifier, open_note, sign_note
from bodyworn.custody.verify import Step, Verdict

NAME = re.compile(r"[a-z][a-z0-9:_-]*")
PLAIN = re.compile(r"[^\x00-\x1f\x7f]+")
MOST_NAMED = 10_000  # differences in one statement; the last line says how many more there are

NOT_PROVED = (
    "That either place still holds it: count again there.",
    "That the source held everything that it should: the log and its witnesses speak to that.",
)


class Kind(StrEnum):
    """What was done."""

    BACKUP = "backup"  # from an installation into a folder of backups
    MOVE = "move"  # from an installation into another
    RESTORE = "restore"  # from a folder of backups into an installation


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same on both sides."""

    item: str  # its name in the statement, or a file's or row's: `table:records_copy row 7`
    sentence: str  # what is different


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What two places hold."""

    kind: Kind
    at: datetime  # UTC, the moment of the source's rows
    source: str  # what it is, `sqlite`, `backup of …`
    target: str  # the same of the other side
    items: Mapping[str, str]  # name: counts and root, as the source has them
    differences: tuple[Difference, ...] = field(default=())  # empty: the target has the same

    @property
    def is_same(self) -> bool:
        """Whether both sides hold the same."""
        return not self.differences


def write_statement(statement: Statement, signer: Signer) -> str:
    """The statement as a signed note. Raises RefusedError for what fits on no line."""
    body = _body(statement, origin=signer.name)
    try:
        genuine = _read_body(body, origin=signer.name) == statement
    except DamagedError:
        genuine = False
    if not genuine:
        raise RefusedError("statement.unwritable", "This statement would be read differently.")
    return sign_note(body, signer)


def read_statement(note: str | bytes, verifier: Verifier) -> Statement:
    """The statement, if this key signed it. Raises DamagedError statement.malformed, note.…"""
    text = open_note(note, [verifier]).text
    statement = _read_body(text, origin=verifier.name)
    # One statement, one text: whatever would be written differently was not written by us.
    if _body(statement, origin=verifier.name) != text:
        raise DamagedError("statement.malformed", "The statement is not in its own form.")
    return statement


def verify_statement(note: str | bytes, verifier: Verifier) -> Verdict:
    """What a statement proves to somebody outside.

    1. The log's key has signed it.
    2. It says that both sides hold the same; or it names what differs.
    """
    try:
        found = read_statement(note, verifier)
    except BodywornError as error:
        return Verdict(steps=(Step(1, error.message, ok=False),), not_proved=NOT_PROVED)
    signed = Step(1, f"{verifier.name} signed this {found.kind} of {iso(found.at)}.", ok=True)
    if not found.is_same:
        first = found.differences[0]
        told = f"{len(found.differences)} things differ; the first: {first.item}: {first.sentence}"
        return Verdict(steps=(signed, Step(2, told, ok=False)), not_proved=NOT_PROVED)
    told = f"{found.source} and {found.target} held the same, {len(found.items)} counts and roots."
    return Verdict(
        steps=(signed, Step(2, told, ok=True)),
        proved=(f"{verifier.name} vouches that nothing was lost or changed on the way.",),
        not_proved=NOT_PROVED,
    )


def _body(statement: Statement, *, origin: str) -> str:
    items = [f"item {name} {value}" for name, value in sorted(statement.items.items())]
    told = [f"differs {one.item} | {one.sentence}" for one in statement.differences]
    lines = [
        f"{origin}/statement",
        f"kind {statement.kind}",
        f"at {iso(statement.at)}",
        f"source {statement.source}",
        f"target {statement.target}",
        *items,
        *told,
        f"result {'different' if told else 'same'}",
    ]
    return "\n".join(lines) + "\n"


def _read_body(text: str, *, origin: str) -> Statement:
    title, *lines = text.removesuffix("\n").split("\n")
    if title != f"{origin}/statement":
        raise DamagedError("statement.malformed", "This note is no statement of this log.")
    pairs = [line.partition(" ")[::2] for line in lines]
    try:
        heads = {name: value for name, value in pairs if name not in {"item", "differs"}}
        return Statement(
            kind=Kind(heads["kind"]),
            at=parse_iso(heads["at"]),
            source=_plain(heads["source"]),
            target=_plain(heads["target"]),
            items=dict(_item(value) for name, value in pairs if name == "item"),
            differences=tuple(_difference(value) for name, value in pairs if name == "differs"),
        )
    except (KeyError, ValueError):
        raise DamagedError(
            "statement.malformed", "The statement lacks a line or spoils one."
        ) from None


def _item(text: str) -> tuple[str, str]:
    name, _, value = text.partition(" ")
    if not NAME.fullmatch(name):
        raise ValueError(name)
    return name, _plain(value)


def _difference(text: str) -> Difference:
    item, bar, sentence = text.partition(" | ")
    if not bar:
        raise ValueError(text)
    return Difference(_plain(item), _plain(sentence))


def _plain(text: str) -> str:
    if not PLAIN.fullmatch(text):
        raise ValueError(text)
    return text
