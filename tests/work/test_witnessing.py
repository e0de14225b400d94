"""Asking witnesses: a quorum is kept beside the checkpoint, and whoever is away stops nothing."""

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from tests.conftest import NOW
from tests.custody.overseeing import COMPLAINTS, LEAVES, MAYOR, SEEN, UNIVERSITY, note_of
from tests.program import Program
from tests.work.events import looks

from bodyworn.core.errors import SetupError
from bodyworn.custody.cosignature import Cosigner
from bodyworn.custody.log import Log
from bodyworn.custody.policy import load_policy
from bodyworn.custody.published import PublishedLog
from bodyworn.custody.verify import verify_log
from bodyworn.custody.witness_folder import WitnessFolder, digest_of
from bodyworn.records import models
from bodyworn.settings import Settings
from bodyworn.web.witness import WitnessServer
from bodyworn.work import witnessing
from bodyworn.work.check import ledger as questions
from bodyworn.work.check.finding import Ground, Level
from bodyworn.work.house import House
from bodyworn.work.keeper import DUTIES
from bodyworn.work.log import integrate
from bodyworn.work.witnesses import Memory, Witnessed, recalled, remember, told, witnessed
from bodyworn.work.witnessing import ask_witnesses

COSIGNERS = {"complaints": COMPLAINTS, "mayor": MAYOR, "university": UNIVERSITY}
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there


@pytest.fixture
def settings_of_house(settings_of_house: Settings) -> Settings:
    """With a policy."""
    return settings_of_house.with_(witness_policy="witness-policy.txt")


@contextmanager
def listening(server: ThreadingHTTPServer) -> Iterator[str]:
    """Its address while it serves."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def folder_of(root: Path, house: House, cosigner: Cosigner) -> WitnessFolder:
    """A witness's folder that knows the house's log."""
    (root / "logs").mkdir(parents=True, exist_ok=True)
    folder = WitnessFolder(root=root, cosigner=cosigner)
    folder.add_log(house.signer.verifier)
    return folder


class Oversight:
    """Three bodies with a witness each; any of them may be away."""

    def __init__(self, house: House, root: Path, stack: ExitStack) -> None:
        self._house, self._root, self._stack = house, root, stack
        self.addresses = dict.fromkeys(COSIGNERS, NOBODY)

    def starts(self, name: str) -> WitnessFolder:
        """Its witness listens from now on."""
        folder = folder_of(self._root / name, self._house, COSIGNERS[name])
        server = WitnessServer(folder, host="127.0.0.1", port=0, clock=lambda: SEEN)
        self.addresses[name] = self._stack.enter_context(listening(server))
        self.write_policy()
        return folder

    def write_policy(self, quorum: str = "group oversight 2 complaints mayor university") -> None:
        """The policy with the addresses of now."""
        path = self._house.settings.policy
        assert path
        lines = [f"log {self._house.signer.verifier.text}"]
        lines += [
            f"witness {name} {one.key.text} {self.addresses[name]}"
            for name, one in COSIGNERS.items()
        ]
        path.write_text("\n".join([*lines, quorum, "quorum oversight", ""]))


@pytest.fixture
def oversight(house: House, tmp_path: Path) -> Iterator[Oversight]:
    """All away at first."""
    with ExitStack() as stack:
        made = Oversight(house, tmp_path / "witnesses", stack)
        made.write_policy()
        yield made


def grow(house: House, count: int) -> int:
    """So many more events, published; the log's size."""
    looks(count, start=models.CustodyEvent.objects.count())
    checkpoint = integrate(house)
    assert checkpoint
    return checkpoint.size


def state(house: House) -> Witnessed:
    found = witnessed(house)
    assert found
    return found


def forget_rest(house: House) -> None:
    """As if the time had come to ask again."""
    path = house.layout.witnesses
    remember(path, {key: replace(one, not_before=0.0) for key, one in recalled(path).items()})


def ground(house: House, *, later: timedelta = timedelta(0)) -> Ground:
    now = house.now() + later
    settings = house.settings.with_(frozen_at=now.isoformat())
    return Ground(settings=settings, now=now, trouble=None)


def test_a_quorum_is_kept_beside_the_checkpoint(house: House, oversight: Oversight) -> None:
    oversight.starts("complaints")
    oversight.starts("mayor")
    grow(house, 5)
    ask_witnesses(house)
    found = state(house)
    assert (found.names, found.witnesses, found.size) == (("complaints", "mayor"), 3, 5)
    assert (found.since, found.at) == (None, SEEN)
    path = house.settings.policy
    assert path
    assert verify_log(house.layout.log, house.signer.verifier, policy=load_policy(path)).ok
    assert told(house) == (
        "Witnessed by 2 of 3: complaints and mayor, last on 14 April 2026, 09:00 UTC."
    )


def test_the_log_grows_and_the_witnesses_follow(house: House, oversight: Oversight) -> None:
    held = [oversight.starts(name) for name in COSIGNERS]
    for count in (1, 4, 300, 1):
        size = grow(house, count)
        ask_witnesses(house)
        assert state(house).size == size
        for one in held:
            found = one.held(house.signer.name)
            assert found
            assert found.size == size


def test_nothing_new_asks_nobody(
    house: House, oversight: Oversight, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in COSIGNERS:
        oversight.starts(name)
    grow(house, 5)
    ask_witnesses(house)
    monkeypatch.setattr(witnessing, "_ask", None)
    ask_witnesses(house)
    assert state(house).size == 5


def test_a_witness_that_comes_late_is_added(house: House, oversight: Oversight) -> None:
    """Its signature joins those that are there, though the log has not grown."""
    oversight.starts("complaints")
    oversight.starts("mayor")
    grow(house, 5)
    ask_witnesses(house)
    oversight.starts("university")
    forget_rest(house)
    ask_witnesses(house)
    assert state(house).names == ("complaints", "mayor", "university")
    assert state(house).troubles == ()


def test_one_signature_now_and_one_later_make_a_quorum(house: House, oversight: Oversight) -> None:
    oversight.starts("complaints")
    grow(house, 5)
    ask_witnesses(house)
    assert state(house).size == 0
    assert not house.layout.log_witnessed.exists()
    oversight.starts("mayor")
    forget_rest(house)
    ask_witnesses(house)
    assert state(house).names == ("complaints", "mayor")


def test_whoever_is_away_stops_nothing_and_the_page_says_since_when(
    house: House, oversight: Oversight
) -> None:
    grow(house, 5)
    ask_witnesses(house)
    assert grow(house, 3) == 8
    found = state(house)
    assert (found.size, found.since) == (0, NOW)
    assert len(found.troubles) == 3
    assert all("does not answer" in one for one in found.troubles)
    assert found.told(NOW + timedelta(hours=1)) == "Unwitnessed since 14 April 2026, 09:00 UTC."
    assert found.told(NOW) == "Not witnessed yet."


def test_whoever_is_away_is_asked_less_and_less(house: House, oversight: Oversight) -> None:
    grow(house, 5)
    ask_witnesses(house)
    first = recalled(house.layout.witnesses)
    ask_witnesses(house)
    assert recalled(house.layout.witnesses) == first, "it was asked again at once"
    waits = []
    for failures in range(12):
        memory = Memory(failures=failures)
        answer = witnessing._Answer(0, trouble="away")
        policy = load_policy(house.settings.policy or Path())
        after = witnessing._remembered(policy.witnesses[0], memory, answer, 0.0)
        waits.append(after.not_before)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (5.0, 600.0)


def test_a_memory_that_was_lost_costs_one_question(house: House, oversight: Oversight) -> None:
    for name in COSIGNERS:
        oversight.starts(name)
    grow(house, 5)
    ask_witnesses(house)
    for broken in (b"", b"[]", b'{"a": 3}', b'{"a": {"size": "x", "line": 4}}', b"\xff"):
        house.layout.witnesses.write_bytes(broken)
        grow(house, 1)
        ask_witnesses(house)
        assert state(house).since is None


def test_a_witness_that_somebody_else_showed_more_is_no_alarm(
    house: House, oversight: Oversight
) -> None:
    """A monitor may be quicker than we are, with a checkpoint that we published meanwhile."""
    for name in COSIGNERS:
        oversight.starts(name)
    grow(house, 5)
    before = house.log.checkpoint()
    assert before
    question = witnessing._Question(PublishedLog(house.layout.log, house.signer.verifier), before)
    grow(house, 4)
    ask_witnesses(house)
    one = load_policy(house.settings.policy or Path()).witnesses[0]
    with httpx.Client() as http:
        answer = witnessing._ask(http, one, 0, question)
    assert (answer.size, answer.line, answer.trouble) == (9, "", "")
    assert not answer.is_contradicting


def rewritten(house: House, count: int) -> None:
    """The force rebuilds log and memory without its first event, and signs with its true key."""
    story = [bytes(one.leaf) for one in models.CustodyEvent.objects.order_by("id")][1:]
    for path in sorted(house.layout.log.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    models.Checkpoint.objects.all().delete()
    log = Log(house.layout.log, origin=house.signer.name, signer=house.signer)
    checkpoint = log.integrate(story[:count], from_index=0, now=NOW)
    models.Checkpoint.objects.create(
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        note=checkpoint.note_text,
        signed_at=NOW,
    )
    house.__dict__["log"] = log


@pytest.mark.parametrize("count", [3, 5, 8], ids=["shorter", "as long", "longer"])
def test_a_history_that_was_rewritten_and_signed_by_the_true_key_is_found(
    count: int, house: House, oversight: Oversight
) -> None:
    """Every file rebuilt, the database too: one witness's memory is enough."""
    folder = oversight.starts("complaints")
    oversight.starts("mayor")
    grow(house, 5)
    ask_witnesses(house)
    kept = folder.checkpoint(digest_of(house.signer.name))
    looks(6, start=5)
    rewritten(house, count)
    assert verify_log(house.layout.log, house.signer.verifier).ok, "by itself it is flawless"

    ask_witnesses(house)
    found = state(house)
    assert found.size == 0
    assert found.contradicting == ("complaints", "mayor")
    assert questions.witnesses(ground(house)).level is Level.FAULT
    assert "Another history" in told(house)
    verdict = verify_log(house.layout.log, house.signer.verifier, older=kept)
    assert [step.number for step in verdict.steps if not step.ok] == [5]


def test_the_finding_has_four_answers(house: House, oversight: Oversight) -> None:
    hour = timedelta(hours=1)
    grow(house, 5)
    late = questions.witnesses(ground(house, later=hour))
    assert late.level is Level.WARNING
    assert late.sentence.startswith("Unwitnessed since 14 April 2026, 09:00 UTC.")
    for name in COSIGNERS:
        oversight.starts(name)
    ask_witnesses(house)
    assert questions.witnesses(ground(house, later=hour)).level is Level.GOOD
    none = house.settings.with_(witness_policy="")
    assert questions.witnesses(Ground(settings=none, now=NOW, trouble=None)).level is Level.WARNING
    (house.settings.policy or Path()).write_text("quorum nobody\n")
    with pytest.raises(SetupError) as caught:
        questions.witnesses(ground(house))
    assert caught.value.code == "policy.unreadable"
    assert "cannot be read" in told(house)


def test_without_a_policy_nothing_is_asked_and_nothing_said(house: House) -> None:
    lonely = House.open(house.settings.with_(witness_policy=""))
    grow(lonely, 2)
    ask_witnesses(lonely)
    assert witnessed(lonely) is None
    assert told(lonely) == ""
    assert not lonely.layout.witnesses.exists()


def test_the_keeper_does_it() -> None:
    assert ask_witnesses in [duty.work for duty in DUTIES]


def saying(status: int, body: bytes, *, length: int | None = None) -> ThreadingHTTPServer:
    """Something that is no honest witness."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


FORGED = UNIVERSITY.cosign(note_of(LEAVES, 5).split("\n\n")[0] + "\n", at=SEEN).line.encode()


@pytest.mark.parametrize(
    ("status", "body", "length", "words"),
    [
        (200, b"", None, "no signature"),
        (200, b"ok\n", None, "no signature"),
        (200, b"\xff\xfe\n", None, "no signature"),
        (200, FORGED, None, "no signature"),
        (200, b"x" * 100_000, None, "does not answer"),
        (200, b"short", 100, "does not answer"),
        (302, b"", None, "answers 302"),
        (404, b"", None, "does not know this log"),
        (409, b"five\n", None, "answers 409"),
        (409, b"3\n", None, "changes its mind"),
        (500, b"\x1b[31mred\nmore", None, "answers 500: [31mred"),
        (503, b"", None, "answers 503"),
    ],
)
def test_a_witness_that_answers_oddly_is_named_and_not_believed(
    status: int, body: bytes, length: int | None, words: str, house: House, oversight: Oversight
) -> None:
    oversight.starts("complaints")
    oversight.starts("mayor")
    grow(house, 5)
    with listening(saying(status, body, length=length)) as address:
        oversight.addresses["university"] = address
        oversight.write_policy()
        ask_witnesses(house)
    found = state(house)
    assert found.names == ("complaints", "mayor")
    assert len(found.troubles) == 1
    assert words in found.troubles[0]
    assert "\x1b" not in found.troubles[0]


def test_an_address_that_is_none_is_named(house: House, oversight: Oversight) -> None:
    for wrong in ("not-an-address", "ftp://x/", "http://[::1", "http://"):
        oversight.addresses["university"] = wrong
        oversight.write_policy()
        grow(house, 1)
        house.layout.witnesses.unlink(missing_ok=True)
        ask_witnesses(house)
        assert any("university: It does not answer" in one for one in state(house).troubles)


def test_a_real_witness_process_follows_a_real_log(
    house: House, oversight: Oversight, tmp_path: Path
) -> None:
    """From `witness init` to a verdict, through another process and its own disk."""
    program = Program(data=tmp_path / "none", folder=tmp_path)
    made = program.well("witness", "init", "body", "--name", "body.example/w", "--json").facts
    program.well("witness", "add-log", "body", house.signer.verifier.text)
    with program.begin("witness", "serve", "body", "--port", "0") as running:
        address = running.wait_for(r"Witness  (http://\S+)")[1]
        policy = house.settings.policy
        assert policy
        policy.write_text(f"witness body {made['vkey']} {address}\nquorum body\n")
        for count in (5, 300):
            size = grow(house, count)
            ask_witnesses(house)
            assert state(house).size == size
        assert running.end() == 0
    verdict = verify_log(house.layout.log, house.signer.verifier, policy=load_policy(policy))
    assert verdict.ok
    at = state(house).at
    assert at
    assert at > datetime(2026, 1, 1, tzinfo=UTC)

    with program.begin("witness", "serve", "body", "--port", "0") as again:
        policy.write_text(
            re.sub(r"http://\S+", again.wait_for(r"Witness  (http://\S+)")[1], policy.read_text())
        )
        size = grow(house, 1)
        ask_witnesses(house)
        assert state(house).size == size, "it went on where it had ended"
