"""The witness: signs what extends its tree, refuses the rest by number, and never goes back."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.making import (
    MALLORY,
    NOW,
    ORIGIN,
    POLICE,
    NoFlush,
    entries,
    grown,
    write_plainly,
)
from tests.custody.overseeing import (
    COMPLAINTS,
    LEAVES,
    REWRITTEN,
    SEEN,
    folder_of,
    later,
    note_of,
    request,
    witness_in,
)

from bodyworn.core.errors import BodywornError, BusyError, DamagedError, RefusedError, SetupError
from bodyworn.custody.checkpoint import parse
from bodyworn.custody.cosignature import cosignature_in, cosigned_at
from bodyworn.custody.files import File
from bodyworn.custody.log import Log
from bodyworn.custody.note import Signer, sign_note
from bodyworn.custody.tree import consistency_proof, subtrees_of
from bodyworn.custody.verify import verify_log
from bodyworn.custody.witness import Witness, read_request, write_request
from bodyworn.custody.witness_folder import WitnessFolder, digest_of


def refused(witness: Witness, body: bytes, *, now: datetime = SEEN) -> BodywornError:
    with pytest.raises(BodywornError) as caught:
        witness.add_checkpoint(body, now=now)
    return caught.value


def held(root: Path) -> int:
    """The size that the witness in this folder stands by."""
    found = folder_of(root).held(ORIGIN)
    return found.size if found else 0


def test_the_answer_is_a_signature_line_for_the_checkpoint(tmp_path: Path) -> None:
    line = witness_in(tmp_path).add_checkpoint(request(0, 300), now=SEEN)
    found = cosignature_in(note_of(LEAVES, 300) + line, COMPLAINTS.key)
    assert found is not None
    assert found.line == line
    assert cosigned_at(found) == SEEN


def test_it_follows_a_growing_log(tmp_path: Path) -> None:
    witness = witness_in(tmp_path)
    sizes = [0, 0, 1, 2, 255, 256, 257, 257, 2_000]
    for count, (old, new) in enumerate(zip([0, *sizes], sizes, strict=False)):
        assert witness.add_checkpoint(request(old, new), now=later(count)).startswith("— ")
        assert held(tmp_path) == new


def test_what_it_holds_is_the_checkpoint_with_both_signatures(tmp_path: Path) -> None:
    line = witness_in(tmp_path).add_checkpoint(request(0, 300), now=SEEN)
    kept = folder_of(tmp_path).checkpoint(digest_of(ORIGIN))
    assert kept == note_of(LEAVES, 300) + line


def test_signatures_of_strangers_are_not_kept(tmp_path: Path) -> None:
    stranger = Signer.generate("stranger.example").text
    note = note_of(LEAVES, 5)
    with_more = note + note_of(LEAVES, 5, signer=Signer.parse(stranger)).split("\n\n")[1]
    line = witness_in(tmp_path).add_checkpoint(
        write_request(old=0, proof=(), note=with_more), now=SEEN
    )
    assert folder_of(tmp_path).checkpoint(digest_of(ORIGIN)) == note + line


PROOF = consistency_proof(300, 400, subtrees_of(LEAVES))
N400 = note_of(LEAVES, 400)
REFUSALS = {
    "nothing": (b"", 400),
    "no blank line": (b"old 300\n", 400),
    "not UTF-8": (b"old 300\n\n\xff", 400),
    "no old": (request(300, 400).replace(b"old", b"new"), 400),
    "size with a zero": (request(300, 400).replace(b"old 300", b"old 0300"), 400),
    "size with a sign": (request(300, 400).replace(b"old 300", b"old +300"), 400),
    "two spaces": (request(300, 400).replace(b"old 300", b"old  300"), 400),
    "carriage returns": (request(300, 400).replace(b"\n", b"\r\n"), 400),
    "a line that is no hash": (request(300, 400).replace(b"old 300\n", b"old 300\nAAAA\n"), 400),
    "a proof without end": (write_request(old=300, proof=PROOF * 20, note=N400), 400),
    "no checkpoint": (write_request(old=300, proof=PROOF, note="a note\n"), 400),
    "unsigned": (write_request(old=300, proof=PROOF, note=N400.split("\n\n")[0]), 400),
    "old above new": (write_request(old=300, proof=(), note=note_of(LEAVES, 299)), 400),
    "unknown log": (
        write_request(
            old=0, proof=(), note=note_of(LEAVES, 5, signer=Signer("other.example", b"o" * 32))
        ),
        404,
    ),
    "Mallory's key": (
        write_request(old=300, proof=PROOF, note=note_of(LEAVES, 400, signer=MALLORY)),
        403,
    ),
    "a changed tree": (request(300, 400).replace(b"\n400\n", b"\n401\n"), 403),
    "from nothing": (request(0, 400), 409),
    "from too little": (request(299, 400), 409),
    "from too much": (request(301, 400), 409),
    "another tree of that size": (request(300, 300, hashes=REWRITTEN), 422),
    "a tree that does not continue": (request(300, 400, hashes=REWRITTEN), 422),
    "no proof": (write_request(old=300, proof=(), note=N400), 422),
    "half a proof": (write_request(old=300, proof=PROOF[:-1], note=N400), 422),
    "too much of a proof": (write_request(old=300, proof=(*PROOF, PROOF[0]), note=N400), 422),
    "a proof where none belongs": (
        write_request(old=300, proof=PROOF[:1], note=note_of(LEAVES, 300)),
        422,
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_each_refusal_has_the_specifications_number_and_changes_nothing(
    what: str, tmp_path: Path
) -> None:
    body, status = REFUSALS[what]
    witness = witness_in(tmp_path)
    witness.add_checkpoint(request(0, 300), now=SEEN)
    before = folder_of(tmp_path).checkpoint(digest_of(ORIGIN))
    error = refused(witness, body, now=later(1))
    assert error.http_status == status
    assert folder_of(tmp_path).checkpoint(digest_of(ORIGIN)) == before
    assert error.facts.get("size") == (300 if status == 409 else None)


@pytest.mark.parametrize("size", [0, 300])
def test_from_nothing_no_proof_leads_anywhere(size: int, tmp_path: Path) -> None:
    body = write_request(old=0, proof=PROOF[:1], note=note_of(LEAVES, size))
    assert refused(witness_in(tmp_path), body).http_status == 422


def test_an_empty_tree_has_one_root(tmp_path: Path) -> None:
    honest = note_of(LEAVES, 0)
    assert witness_in(tmp_path).add_checkpoint(
        write_request(old=0, proof=(), note=honest), now=SEEN
    )
    text = note_of(LEAVES, 1).replace("\n1\n", "\n0\n").split("\n\n")[0] + "\n"
    line = f"{text}\n" + _line(POLICE, text)
    body = write_request(old=0, proof=(), note=line)
    assert refused(witness_in(tmp_path), body).http_status == 422


def _line(signer: Signer, text: str) -> str:
    return sign_note(text, signer).split("\n\n")[1]


def test_a_line_under_the_logs_name_that_is_forged_is_403(tmp_path: Path) -> None:
    forged = note_of(LEAVES, 300).split("\n\n")[1]
    body = write_request(old=0, proof=(), note=note_of(LEAVES, 301) + forged)
    assert refused(witness_in(tmp_path), body).http_status == 403


def test_two_trees_of_one_size_are_kept_as_evidence(tmp_path: Path) -> None:
    """Whatever else is wrong with the request: both are signed, and that is proof."""
    witness = witness_in(tmp_path)
    witness.add_checkpoint(request(0, 300), now=SEEN)
    assert refused(witness, request(300, 300, hashes=REWRITTEN)).http_status == 422
    assert refused(witness, request(0, 300, hashes=REWRITTEN)).http_status == 409
    kept = list(tmp_path.rglob("contradictions/*"))
    assert len(kept) == 1
    assert parse(kept[0].read_text(), POLICE.verifier).size == 300


def test_another_key_of_the_same_log_can_be_added(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert folder.add_log(POLICE.verifier) is False
    assert folder.add_log(MALLORY.verifier) is True  # here the log's next key
    body = write_request(old=0, proof=(), note=note_of(LEAVES, 5, signer=MALLORY))
    assert Witness(folder).add_checkpoint(body, now=SEEN)


def test_a_clock_that_went_back_signs_nothing(tmp_path: Path) -> None:
    witness = witness_in(tmp_path)
    witness.add_checkpoint(request(0, 300), now=later(60))
    error = refused(witness, request(300, 400), now=later(59))
    assert isinstance(error, BusyError)
    assert held(tmp_path) == 300


@pytest.mark.parametrize("touch", ["cut", "older", "other"])
def test_a_state_that_it_did_not_write_is_not_believed(touch: str, tmp_path: Path) -> None:
    witness_in(tmp_path).add_checkpoint(request(0, 300), now=SEEN)
    path = tmp_path / "logs" / digest_of(ORIGIN) / "checkpoint"
    text = path.read_text()
    changed = {"cut": text[:50], "older": text.replace("300", "200"), "other": N400}[touch]
    path.write_text(changed)
    error = refused(witness_in(tmp_path), request(300, 400))
    assert (error.code, error.http_status) == ("witness.state-damaged", 500)
    assert path.read_text() == changed


def test_keys_that_cannot_be_read_are_no_verdict_on_the_log(tmp_path: Path) -> None:
    witness = witness_in(tmp_path)
    (tmp_path / "logs" / digest_of(ORIGIN) / "log.vkey").write_bytes(b"\xffnonsense\n")
    error = refused(witness, request(0, 300))
    assert (error.code, error.http_status) == ("witness.state-damaged", 500)


class PowerCutError(Exception):
    """Raised instead of a write, or just after it."""


@pytest.mark.parametrize("is_written", [False, True])
def test_a_crash_before_the_answer_leads_to_the_same_tree(is_written: bool, tmp_path: Path) -> None:
    witness_in(tmp_path).add_checkpoint(request(0, 300), now=SEEN)

    def cut(files: Sequence[File]) -> None:
        if is_written:
            write_plainly(files)
        raise PowerCutError

    folder = WitnessFolder(root=tmp_path, cosigner=COMPLAINTS, write=cut)
    with pytest.raises(PowerCutError):
        Witness(folder).add_checkpoint(request(300, 400), now=SEEN)
    now_held = 400 if is_written else 300
    assert held(tmp_path) == now_held
    if is_written:
        again = refused(witness_in(tmp_path), request(300, 400))
        assert again.facts["size"] == 400
    assert witness_in(tmp_path).add_checkpoint(request(now_held, 400), now=later(1))


def test_two_at_once_never_end_with_the_smaller(tmp_path: Path) -> None:
    """The race of the specification: both are consistent with 300, one wins, none goes back."""
    witness = witness_in(tmp_path)
    witness.add_checkpoint(request(0, 300), now=SEEN)
    bodies = {size: request(300, size) for size in range(301, 317)}
    signed: list[int] = []
    start = threading.Barrier(len(bodies))

    def ask(size: int) -> None:
        start.wait()
        with suppress(RefusedError):
            witness.add_checkpoint(bodies[size], now=SEEN)
            signed.append(size)

    threads = [threading.Thread(target=ask, args=(size,)) for size in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) == 1
    assert held(tmp_path) == signed[0]


STEPS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["honest", "fork", "again"])),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_is_asked_in_whatever_order_it_signs_one_history(
    steps: list[tuple[int, int, str]],
) -> None:
    """Growth, rewinds, forks and restarts at random: every signed pair is one tree and its past."""
    signed: list[tuple[int, bytes]] = []
    with TemporaryDirectory() as name:
        for old, new, kind in steps:
            hashes = REWRITTEN if kind == "fork" else LEAVES
            start = held(Path(name)) if kind == "again" else old
            body = request(start, new, hashes=hashes)
            with suppress(BodywornError):
                witness_in(Path(name)).add_checkpoint(body, now=SEEN)
                signed.append((new, read_request(body).checkpoint.root))
            assert held(Path(name)) == (signed[-1][0] if signed else 0)
    assert [size for size, _ in signed] == sorted(size for size, _ in signed)
    is_fork = {root == parse_root(REWRITTEN, size) for size, root in signed if size}
    assert len(is_fork) <= 1


def parse_root(hashes: Sequence[bytes], size: int) -> bytes:
    return read_request(request(0, size, hashes=hashes)).checkpoint.root


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_malformed(data: bytes) -> None:
    with suppress(DamagedError):
        read_request(data)


FIRST, SECOND = request(0, 300), request(300, 400)


@settings(deadline=None)
@given(st.integers(0, len(SECOND) - 1), st.integers(1, 255))
def test_any_changed_byte_of_a_request_is_refused_or_harmless(at: int, flip: int) -> None:
    body = bytearray(SECOND)
    body[at] ^= flip
    with TemporaryDirectory() as name:
        witness = witness_in(Path(name))
        witness.add_checkpoint(FIRST, now=SEEN)
        with suppress(BodywornError):
            witness.add_checkpoint(bytes(body), now=later(1))
            assert (
                parse(witness_note(Path(name)), POLICE.verifier).root
                == parse(N400, POLICE.verifier).root
            )


def witness_note(root: Path) -> str:
    return folder_of(root).checkpoint(digest_of(ORIGIN))


def test_history_rewritten_from_genesis_and_signed_by_the_true_key_is_refuted(
    tmp_path: Path,
) -> None:
    """The force removes an event, rebuilds every file, and signs with its own true key.

    By itself the new log is flawless. One witness's old checkpoint is enough: the verifier
    names it, and the witness signs nothing more.
    """
    honest = grown(tmp_path / "honest", 300)
    witness = witness_in(tmp_path / "witness")
    checkpoint = honest.checkpoint()
    assert checkpoint
    witness.add_checkpoint(write_request(old=0, proof=(), note=checkpoint.note_text), now=SEEN)

    story = [entry for n, entry in enumerate(entries(401)) if n != 17]
    forged = Log(tmp_path / "forged", origin=ORIGIN, signer=POLICE, disk=NoFlush())
    forged.integrate(story, from_index=0, now=NOW)
    assert verify_log(tmp_path / "forged", POLICE.verifier).ok

    kept = witness_note(tmp_path / "witness")
    verdict = verify_log(tmp_path / "forged", POLICE.verifier, older=kept)
    assert not verdict.ok
    assert [step.number for step in verdict.steps if not step.ok] == [5]

    newest = forged.checkpoint()
    assert newest
    proof = forged.prove_consistency(300, 400)
    body = write_request(old=300, proof=proof, note=newest.note_text)
    assert refused(witness, body).code == "witness.not-continued"


def test_a_folder_is_made_once_and_opened_again(tmp_path: Path) -> None:
    made = WitnessFolder.create(tmp_path / "w", name="oversight.example/witness")
    assert WitnessFolder.open(tmp_path / "w").cosigner == made.cosigner
    assert (tmp_path / "w" / "witness.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "w" / "witness.vkey").read_text().strip() == made.key.text
    with pytest.raises(RefusedError) as caught:
        WitnessFolder.create(tmp_path / "w", name="another")
    assert caught.value.code == "witness.exists"


def test_a_folder_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        WitnessFolder.open(tmp_path)
    assert caught.value.code == "witness.missing"
    (tmp_path / "witness.key").write_bytes(b"\xff")
    with pytest.raises(SetupError) as caught:
        WitnessFolder.open(tmp_path)
    assert caught.value.code == "witness.key-garbled"


def test_one_process_signs(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with folder.alone():
        folder.add_log(MALLORY.verifier)  # which does not need the process to end
        with pytest.raises(BusyError) as caught, folder.alone():
            pass
    assert caught.value.code == "witness.already"
