"""How the log stands before its witnesses: who cosigned what, since when nobody did, and why.

    witness policy (settings)      whom we ask, and how many are enough
    log/checkpoint.witnessed       the newest checkpoint that enough of them cosigned: the proof
    witnesses.json                 what each answered last: only a memory, and may be lost

Reading is here, for pages and checks; asking is `work.witnessing`'s. A witness that is away stops
nothing: the log grows and is published as ever, and the pages say since when it is unwitnessed.
"""

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from bodyworn.core.errors import BodywornError, DamagedError
from bodyworn.custody.policy import Policy, Standing, load_policy
from bodyworn.records import queries_of_one
from bodyworn.store import disk
from bodyworn.work.house import House

GRACE = timedelta(minutes=1)  # in which the newest entries are on their way to the witnesses


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one witness answered last."""

    size: int = 0  # entries that it is known to hold
    line: str = ""  # its last cosignature, as it stands in a note
    failures: int = 0  # answers in a row that were none
    not_before: float = 0.0  # seconds since 1970 until which it is left alone
    trouble: str = ""  # a sentence; empty where all is well
    is_contradicting: bool = False  # it holds another history than we do

    @classmethod
    def read(cls, value: object) -> Self:
        """From JSON; what is not of our form is forgotten."""
        given = value if isinstance(value, dict) else {}
        blank = cls()
        known = {f.name: given[f.name] for f in fields(cls) if f.name in given}
        fits = (type(one) is type(getattr(blank, name)) for name, one in known.items())
        return replace(blank, **known) if all(fits) else blank


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """How the log stands."""

    names: tuple[str, ...]  # who cosigned the newest checkpoint that has a quorum
    witnesses: int  # how many the policy names
    size: int  # entries that are witnessed; 0: none
    at: datetime | None  # when the last of them signed, UTC, by its own clock
    since: datetime | None  # when the first entry beyond was published, UTC; None: there is none
    contradicting: tuple[str, ...]  # who holds another history
    troubles: tuple[str, ...]  # sentences about those who gave no signature

    def is_late(self, now: datetime) -> bool:
        """Whether something waits for the witnesses longer than it takes to ask them."""
        return self.since is not None and now - self.since > GRACE

    def told(self, now: datetime) -> str:
        """One sentence for a page."""
        if self.contradicting:
            return f"Another history of this log is held by {_listed(self.contradicting)}."
        if self.since and self.is_late(now):
            return f"Unwitnessed since {_moment(self.since)}."
        if self.at:
            of = f"{len(self.names)} of {self.witnesses}"
            return f"Witnessed by {of}: {_listed(self.names)}, last on {_moment(self.at)}."
        return "Not witnessed yet."


def witnessed(house: House) -> Witnessed | None:
    """How the log stands; None where no policy asks for witnesses. Raises SetupError."""
    path = house.settings.policy
    if path is None:
        return None
    policy = load_policy(path)
    standing, trouble = _standing(house, policy)
    met = standing if standing and standing.is_met else None
    memory = recalled(house.layout.witnesses)
    asked = [(_shown(one.name), memory.get(one.key.text, Memory())) for one in policy.witnesses]
    size = met.checkpoint.size if met else 0
    contradicting = [name for name, one in asked if one.is_contradicting]
    return Witnessed(
        names=tuple(map(_shown, met.names)) if met else (),
        witnesses=len(policy.witnesses),
        size=size,
        at=met.newest if met else None,
        since=queries_of_one.published_beyond(size),
        contradicting=tuple(contradicting or (["the witnesses"] if _is_other(met) else [])),
        troubles=(*trouble, *(f"{name}: {one.trouble}" for name, one in asked if one.trouble)),
    )


def told(house: House) -> str:
    """One sentence for a page, whatever is wrong; empty where no witness is wanted."""
    try:
        found = witnessed(house)
    except BodywornError:
        return "The witness policy cannot be read; bodyworn check says why."
    return found.told(house.now()) if found else ""


def recalled(path: Path) -> dict[str, Memory]:
    """What each witness answered last, by its public key's text."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        found = {}
    given = found if isinstance(found, dict) else {}
    return {str(key): Memory.read(value) for key, value in given.items()}


def remember(path: Path, memory: dict[str, Memory]) -> None:
    """Keep it for the next time."""
    told = json.dumps({key: asdict(one) for key, one in memory.items()}, indent=1)
    disk.write_atomically(path, told.encode())


def _standing(house: House, policy: Policy) -> tuple[Standing | None, list[str]]:
    """The witnessed checkpoint before today's policy, which may have changed since."""
    try:
        note = house.layout.log_witnessed.read_bytes()
        return policy.judge(note, log=house.signer.verifier), []
    except FileNotFoundError:
        return None, []
    except DamagedError as error:
        return None, [error.message]


def _is_other(met: Standing | None) -> bool:
    """Whether the database remembers another tree of the size that was witnessed."""
    if met is None:
        return False
    root = queries_of_one.published_root(met.checkpoint.size)
    return root is not None and root != met.checkpoint.root.hex()


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _shown(name: str) -> str:
    """A policy's names are octets; a page has text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
