"""Asking the witnesses: a duty of the keeper, every few seconds (C2SP tlog-witness, client side).

Nobody waits for it. The sequencer publishes `checkpoint` as ever; what is gathered here stands
beside it as `checkpoint.witnessed`. Under its own name the checkpoint could not stay: between our
reading it and writing it back with signatures the sequencer may have replaced it, and the log
would have gone back.
"""

import contextlib
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock

import httpx

from bodyworn.core.errors import DamagedError
from bodyworn.custody.checkpoint import DECIMAL, Checkpoint
from bodyworn.custody.cosignature import cosignature_in
from bodyworn.custody.policy import Policy, PolicyWitness, load_policy
from bodyworn.custody.published import PublishedLog
from bodyworn.custody.tiles import TileReader
from bodyworn.custody.tree import consistency_proof
from bodyworn.custody.witness import write_request
from bodyworn.store import disk
from bodyworn.work.house import House
from bodyworn.work.witnesses import Memory, recalled, remember

PATIENCE = 3.0  # seconds for one step of a connection
LONGEST = 7.0  # seconds for one witness; the keeper must end when it is told to
LARGEST_ANSWER = 1 << 14  # bytes
FIRST_REST, LONGEST_REST = 5.0, 600.0  # seconds before a witness that failed is asked again
AT_ONCE = 8
PUBLIC = 0o644  # as the rest of the log
_log = logging.getLogger("bodyworn.witnesses")


def ask_witnesses(house: House) -> None:
    """Show the newest checkpoint to the witnesses, and keep what they sign.

    1. What is shown, and to whom: those who have not signed it and are not left alone now.
    2. All are asked at once, each for a few seconds.
    3. With a quorum, the checkpoint and all its cosignatures replace the one before.
    4. What each answered is remembered, so that a restart does not forget who is away.

    Raises SetupError where the policy cannot be read; a witness's own trouble is only remembered.
    """
    path = house.settings.policy
    log = PublishedLog(house.layout.log, house.signer.verifier)
    newest = log.checkpoint() if path else None
    if path is None or newest is None:
        return
    policy, memory = load_policy(path), recalled(house.layout.witnesses)
    due = [one for one in policy.witnesses if _is_due(one, _of(memory, one), newest, house)]  # 1
    if not due:
        return
    memory |= _answers(due, memory, _Question(log, newest), now=house.wall_now().timestamp())  # 2
    _keep(house, policy, newest, memory)  # 3
    remember(house.layout.witnesses, memory)  # 4


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a witness said."""

    size: int  # entries that it holds, as far as we know
    line: str = ""  # its cosignature; empty: none
    trouble: str = ""
    is_contradicting: bool = False


class _Question:
    """The newest checkpoint, and proofs that lead to it. Threads share it."""

    def __init__(self, log: PublishedLog, newest: Checkpoint) -> None:
        self.newest = newest
        self._log = log
        self._tiles = TileReader(log.folder, size=newest.size, root=newest.root)
        self._lock = Lock()

    def body(self, old: int) -> bytes:
        """The request to a witness that holds so many entries."""
        proof: tuple[bytes, ...] = ()
        if 0 < old < self.newest.size:
            with self._lock:
                proof = consistency_proof(old, self.newest.size, self._tiles.subtree)
        return write_request(old=old, proof=proof, note=self.newest.note_text)

    def is_beyond(self, size: int) -> bool:
        """Whether the log has not as many entries, even now: others may show it to witnesses."""
        with self._lock:
            return size > self._log.size


def _answers(
    due: list[PolicyWitness], memory: dict[str, Memory], question: _Question, *, now: float
) -> dict[str, Memory]:
    with httpx.Client(timeout=PATIENCE) as http, ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [
            (one, pool.submit(_ask, http, one, _of(memory, one).size, question)) for one in due
        ]
        return {
            one.key.text: _remembered(one, _of(memory, one), answer.result(), now)
            for one, answer in asked
        }


def _ask(http: httpx.Client, witness: PolicyWitness, size: int, question: _Question) -> _Answer:
    """Ask with the size that we remember; whoever holds another says so, and is asked again."""
    end = time.monotonic() + LONGEST
    old = min(size, question.newest.size)
    for _ in range(2):
        try:
            status, text = _post(http, witness, question.body(old), end)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return _Answer(size, trouble=f"It does not answer ({type(error).__name__}).")
        if status != httpx.codes.CONFLICT or not DECIMAL.fullmatch(text.strip()):
            return _read(witness, question.newest, status, text, old)
        old = int(text)
        if old > question.newest.size:
            return _ahead(old, is_lost=question.is_beyond(old))
    return _Answer(old, trouble="It changes its mind about the size that it holds.")


def _post(http: httpx.Client, witness: PolicyWitness, body: bytes, end: float) -> tuple[int, str]:
    url = f"{witness.url.rstrip('/')}/add-checkpoint"
    headers = {"content-type": "text/plain; charset=utf-8", "accept-encoding": "identity"}
    with http.stream("POST", url, content=body, headers=headers) as answer:
        data = b""
        for part in answer.iter_raw():
            data += part
            if len(data) > LARGEST_ANSWER or time.monotonic() > end:
                raise httpx.ReadError("The answer is too long, or too slow.")
        return answer.status_code, data.decode("utf-8", "replace")


def _read(witness: PolicyWitness, newest: Checkpoint, status: int, text: str, old: int) -> _Answer:
    if status == httpx.codes.OK:
        with contextlib.suppress(DamagedError):
            if found := cosignature_in(newest.note_text + text, witness.key):
                return _Answer(newest.size, line=found.line)
        return _Answer(old, trouble="Its answer is no signature by the key of the policy.")
    if status == httpx.codes.UNPROCESSABLE_ENTITY:
        trouble = f"It holds {old} entries that this log does not continue."
        return _Answer(old, trouble=trouble, is_contradicting=True)
    if status == httpx.codes.NOT_FOUND:
        return _Answer(old, trouble="It does not know this log; its keeper adds keys/log.vkey.")
    first = "".join(c for c in text.partition("\n")[0][:200] if c.isprintable())
    return _Answer(old, trouble=f"It answers {status}: {first}")


def _ahead(size: int, *, is_lost: bool) -> _Answer:
    """Somebody else may have shown it a newer checkpoint; then the next round simply agrees."""
    trouble = f"It holds {size} entries, more than this log has." if is_lost else ""
    return _Answer(size, trouble=trouble, is_contradicting=is_lost)


def _remembered(witness: PolicyWitness, old: Memory, answer: _Answer, now: float) -> Memory:
    if answer.trouble and answer.trouble != old.trouble:
        level = logging.ERROR if answer.is_contradicting else logging.WARNING
        _log.log(level, "The witness %s: %s", ascii(witness.name), answer.trouble)
    failures = old.failures + 1 if answer.trouble else 0
    rest = min(FIRST_REST * 2 ** min(failures - 1, 16), LONGEST_REST) if failures else 0.0
    return replace(
        old,
        size=answer.size,
        line=answer.line or old.line,
        failures=failures,
        not_before=now + rest,
        trouble=answer.trouble,
        is_contradicting=answer.is_contradicting,
    )


def _is_due(witness: PolicyWitness, memory: Memory, newest: Checkpoint, house: House) -> bool:
    if not witness.url or _line(witness, memory, newest):
        return False
    left_alone = memory.not_before - house.wall_now().timestamp()
    # A clock that was set back must not silence a witness for years.
    return not 0 < left_alone <= LONGEST_REST


def _keep(house: House, policy: Policy, newest: Checkpoint, memory: dict[str, Memory]) -> None:
    lines = "".join(_lines(policy, newest, memory))
    note = newest.note_text + lines
    if lines and policy.judge(note, log=house.signer.verifier).is_met:
        disk.write_atomically(house.layout.log_witnessed, note.encode(), PUBLIC)


def _lines(policy: Policy, newest: Checkpoint, memory: dict[str, Memory]) -> Iterator[str]:
    """Every cosignature of this very checkpoint that we were given, now or in earlier rounds."""
    return (_line(one, _of(memory, one), newest) for one in policy.witnesses)


def _line(witness: PolicyWitness, memory: Memory, newest: Checkpoint) -> str:
    """The remembered cosignature if it is of this checkpoint, else nothing."""
    with contextlib.suppress(DamagedError):
        if memory.line and cosignature_in(newest.note_text + memory.line, witness.key):
            return memory.line
    return ""


def _of(memory: dict[str, Memory], witness: PolicyWitness) -> Memory:
    return memory.get(witness.key.text, Memory())
