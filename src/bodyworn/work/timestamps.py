"""Time-stamps of the log: asking an authority, and saying how the log stands before its clock.

    timestamp_authority (settings)   whom we ask, and how often
    log/timestamps/…                 the tokens, served with the log: the proof
    timestamps.json                  what was answered last: only a memory, and may be lost

Nobody waits for it. A token is about a checkpoint that is published already, so an authority that
is away delays nothing; the next token covers everything that the missed one would have.
"""

import json
import logging
import time
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Self

import httpx

from bodyworn.core.clock import iso
from bodyworn.core.errors import BodywornError, DamagedError, SetupError
from bodyworn.core.tasks import Progress, silent
from bodyworn.custody import timestamp
from bodyworn.custody.checkpoint import Checkpoint
from bodyworn.custody.note import Verifier
from bodyworn.custody.published import PublishedLog
from bodyworn.custody.timestamp import Filed, Stamped
from bodyworn.custody.tree import verify_consistency
from bodyworn.records import queries_of_one
from bodyworn.settings import Settings
from bodyworn.store import disk
from bodyworn.work.house import House

PATIENCE = 3.0  # seconds for one step of a connection
LONGEST = 7.0  # seconds for the whole answer; the keeper must end when it is told to
FIRST_REST, LONGEST_REST = 5.0, 600.0  # seconds before an authority that failed is asked again
GRACE = timedelta(minutes=10)  # after which a token that is due is late
PUBLIC = 0o644  # as the rest of the log
_log = logging.getLogger("bodyworn.timestamps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the authority answered last."""

    failures: int = 0  # answers in a row that were none
    not_before: float = 0.0  # seconds since 1970 until which it is left alone
    trouble: str = ""  # a sentence; empty where all is well

    @classmethod
    def read(cls, path: Path) -> Self:
        """From JSON; what is not of our form is forgotten."""
        try:
            value = json.loads(path.read_bytes())
        except (FileNotFoundError, ValueError):
            return cls()
        blank = cls()
        given = value if isinstance(value, dict) else {}
        known = {f.name: given[f.name] for f in fields(cls) if f.name in given}
        fits = (type(one) is type(getattr(blank, name)) for name, one in known.items())
        return replace(blank, **known) if all(fits) else blank

    def write(self, path: Path) -> None:
        """Keep it for the next time."""
        disk.write_atomically(path, json.dumps(asdict(self), indent=1).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the log stands."""

    size: int  # entries that are stamped; 0: none
    stamped: Stamped | None  # the newest token, verified
    since: datetime | None  # when the first entry beyond was published, UTC; None: there is none
    every: timedelta  # how often a token is asked for
    trouble: str  # a sentence; empty where all is well

    def is_late(self, now: datetime) -> bool:
        """Whether something waits longer than a token is due."""
        return self.since is not None and now - self.since > self.every + GRACE

    def told(self, now: datetime) -> str:
        """One sentence for a page."""
        if self.stamped is None:
            return self.trouble or "Not time-stamped yet."
        who = f" by {self.stamped.authority}" if self.stamped.authority else ""
        told = f"Time-stamped{who} at {_moment(self.stamped.at)}"
        if self.since and self.is_late(now):
            return f"{told}; nothing after that, though it is overdue."
        return f"{told}."


def ask_authority(house: House) -> None:
    """Have the newest checkpoint stamped, where that is due: a duty of the keeper.

    1. What is due: something new, the time has come, and the authority is not left alone.
    2. It is asked, for a few seconds at most.
    3. Its answer is to our question, about our note, and signed by whom we trust.
    4. The note, then the token, then which is the newest: each is whole or not there.

    Raises SetupError where the settings cannot be used; the authority's own trouble is only
    remembered.
    """
    checkpoint = _due(house)  # 1
    if checkpoint is None:
        return
    note, certificates = checkpoint.note_text.encode(), certificates_of(house.settings)
    memory = Memory.read(house.layout.timestamps)
    question = timestamp.question_about(note)
    try:
        token = _asked(house.settings.timestamp_authority, question.body)  # 2
        timestamp.check_answer(question, note, token, certificates=certificates)  # 3
    except DamagedError as error:
        _failed(house, memory, error.message)
        return
    _file(house, Filed(size=checkpoint.size, note=note, token=token))  # 4
    Memory().write(house.layout.timestamps)


def certificates_of(settings: Settings) -> Path:
    """The PEM file of whom we trust with time. Raises SetupError timestamp.no-certificates."""
    if settings.time_certificates is None:
        raise SetupError(
            "timestamp.no-certificates",
            "An authority for time-stamps is set, and no certificates to verify it with.",
            hint="Set timestamp_certificates to a PEM file with the authority's certificates.",
        )
    return settings.time_certificates


def standing(house: House) -> Standing | None:
    """How the log stands; None where no authority is wanted. Raises SetupError, DamagedError."""
    settings = house.settings
    if not settings.timestamp_authority:
        return None
    found = timestamp.sizes(house.layout.log)
    size = found[-1] if found else 0
    return Standing(
        size=size,
        stamped=_stamped(house, size) if size else None,
        since=queries_of_one.published_beyond(size),
        every=timedelta(seconds=settings.timestamp_every),
        trouble=Memory.read(house.layout.timestamps).trouble,
    )


def told(house: House) -> str:
    """One sentence for a page, whatever is wrong; empty where no authority is wanted."""
    try:
        found = standing(house)
    except BodywornError:
        return "The time-stamp cannot be verified; bodyworn check says why."
    return found.told(house.now()) if found else ""


def verified(house: House, *, progress: Progress = silent) -> str:
    """Every token of the log's folder, in a sentence; empty where there is none.

    Each is signed by whom we trust, and about a tree that this log continues. Raises DamagedError
    at the first that is not.
    """
    sizes = timestamp.sizes(house.layout.log)
    if not sizes:
        return ""
    certificates = house.settings.time_certificates
    if certificates is None:
        return f"Its {len(sizes)} time-stamps were not verified: timestamp_certificates is not set."
    log = PublishedLog(house.layout.log, house.signer.verifier)
    for done, one in enumerate(timestamp.filed(house.layout.log), start=1):
        checkpoint, stamped = timestamp.check_filed(
            one, house.signer.verifier, certificates=certificates
        )
        _check_continued(log, checkpoint)
        progress(done, len(sizes), "time-stamps")
    by = f" by {stamped.authority}" if stamped.authority else ""
    return f"Its first {checkpoint.size} entries were time-stamped{by} at {iso(stamped.at)}."


def _due(house: House) -> Checkpoint | None:
    """The checkpoint to be stamped now; None where there is nothing to do."""
    settings, now = house.settings, house.wall_now().timestamp()
    if not settings.timestamp_authority:
        return None
    newest = PublishedLog(house.layout.log, house.signer.verifier).checkpoint()
    stamped = timestamp.sizes(house.layout.log)
    if newest is None or newest.size == 0 or (stamped and stamped[-1] >= newest.size):
        return None
    # A clock that was set back must not silence an authority for years.
    left_alone = Memory.read(house.layout.timestamps).not_before - now
    is_early = bool(stamped) and 0 <= now - _filed_at(house, stamped[-1]) < settings.timestamp_every
    return None if is_early or 0 < left_alone <= LONGEST_REST else newest


def _filed_at(house: House, size: int) -> float:
    return timestamp.paths_of(house.layout.log, size)[1].stat().st_mtime


def _asked(url: str, body: bytes) -> bytes:
    """The authority's reply. Raises DamagedError timestamp.no-answer."""
    end = time.monotonic() + LONGEST
    headers = {"content-type": "application/timestamp-query", "accept-encoding": "identity"}
    try:
        with (
            httpx.Client(timeout=PATIENCE) as http,
            http.stream("POST", url, content=body, headers=headers) as answer,
        ):
            data = b""
            for part in answer.iter_raw():
                data += part
                if len(data) > timestamp.LARGEST or time.monotonic() > end:
                    raise _no_answer("too long, or too slow")
            if answer.status_code != httpx.codes.OK:
                raise _no_answer(f"status {answer.status_code}")
            return data
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise _no_answer(type(error).__name__) from None


def _no_answer(why: str) -> DamagedError:
    return DamagedError("timestamp.no-answer", f"The authority does not answer ({why}).")


def _failed(house: House, old: Memory, trouble: str) -> None:
    if trouble != old.trouble:
        _log.warning("The time-stamp authority: %s", trouble)
    rest = min(FIRST_REST * 2 ** min(old.failures, 16), LONGEST_REST)
    not_before = house.wall_now().timestamp() + rest
    new = Memory(failures=old.failures + 1, not_before=not_before, trouble=trouble)
    new.write(house.layout.timestamps)


def _file(house: House, one: Filed) -> None:
    note, token = timestamp.paths_of(house.layout.log, one.size)
    disk.make_folder(token.parent)
    token.parent.chmod(0o755)
    disk.write_atomically(note, one.note, PUBLIC)
    disk.write_atomically(token, one.token, PUBLIC)
    disk.write_atomically(token.parent / timestamp.NEWEST, f"{one.size}\n".encode(), PUBLIC)


def _stamped(house: House, size: int) -> Stamped:
    one, certificates = (
        timestamp.read_filed(house.layout.log, size),
        certificates_of(house.settings),
    )
    timestamp.read_certificates(certificates)
    return _checked(one, house.signer.verifier.text, certificates, certificates.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _checked(one: Filed, key: str, certificates: Path, _changed: int) -> Stamped:
    """Cached, because a page asks at every look and neither token nor certificates change."""
    return timestamp.check_filed(one, Verifier.parse(key), certificates=certificates)[1]


def _check_continued(log: PublishedLog, stamped: Checkpoint) -> None:
    newest = log.checkpoint()
    if newest is None or newest.size < stamped.size:
        raise DamagedError(
            "timestamp.beyond-log", f"A tree of {stamped.size} entries was stamped; it is not here."
        )
    verify_consistency(
        log.prove_consistency(stamped.size, newest.size),
        old=stamped.size,
        old_root=stamped.root,
        new=newest.size,
        new_root=newest.root,
    )


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
