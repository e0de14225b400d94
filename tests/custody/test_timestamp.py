"""Time-stamps: OpenSSL's authority, in both orders of its certificates, and whoever is not it."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.custody.making import POLICE
from tests.custody.stamping import NAME, Authority, has_openssl

from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.custody import timestamp
from bodyworn.custody.checkpoint import make
from bodyworn.custody.timestamp import Question, check, check_answer, question_about

pytestmark = has_openssl
NOTE = make(POLICE.name, 5, bytes(range(32)), signer=POLICE).note_text.encode()
OTHER = make(POLICE.name, 6, bytes(range(32)), signer=POLICE).note_text.encode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("time") / "authority")


@pytest.fixture(params=[False, True], ids=["in order", "out of order"])
def is_unsorted(request: pytest.FixtureRequest, authority: Authority) -> bool:
    """Whether its certificates come in an order that DER forbids."""
    authority.configure(is_unsorted=request.param)
    return bool(request.param)


def asked(authority: Authority, note: bytes = NOTE) -> tuple[Question, bytes]:
    question = question_about(note)
    return question, authority.answer(question.body)


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises((DamagedError, SetupError)) as caught:
        work()
    return caught.value.code


def outcome_of(token: bytes, authority: Authority) -> object:
    try:
        return check(NOTE, token, certificates=authority.trusted)
    except DamagedError as error:
        return error.code


def test_a_token_says_who_and_when(authority: Authority, is_unsorted: bool) -> None:
    question, token = asked(authority)
    stamped = check_answer(question, NOTE, token, certificates=authority.trusted)
    assert stamped.authority == NAME
    assert abs(datetime.now(UTC) - stamped.at) < timedelta(minutes=5)
    assert stamped.at.utcoffset() == timedelta(0)
    assert check(NOTE, token, certificates=authority.trusted) == stamped


def test_the_library_and_openssl_each_have_their_case(
    authority: Authority, is_unsorted: bool
) -> None:
    """Else the second opinion would never be tried."""
    _, token = asked(authority)
    assert (timestamp._decoded(token) is None) is is_unsorted


def test_a_token_is_about_one_note(authority: Authority, is_unsorted: bool) -> None:
    _, token = asked(authority)
    work = partial(check, OTHER, token, certificates=authority.trusted)
    assert code_of(work) == "timestamp.not-verified"


def test_an_older_answer_is_not_taken_for_this_one(authority: Authority, is_unsorted: bool) -> None:
    _, old = asked(authority)
    question, _ = asked(authority)
    work = partial(check_answer, question, NOTE, old, certificates=authority.trusted)
    assert code_of(work) == "timestamp.other-nonce"


def test_a_stranger_with_the_same_name_is_refused(
    tmp_path: Path, authority: Authority, is_unsorted: bool
) -> None:
    mallory = Authority(tmp_path / "mallory")
    mallory.configure(is_unsorted=is_unsorted)
    _, token = asked(mallory)
    work = partial(check, NOTE, token, certificates=authority.trusted)
    assert code_of(work) == "timestamp.not-verified"


def test_an_authority_that_declines_is_told_so(authority: Authority) -> None:
    authority.configure(digests="sha512")
    try:
        _, token = asked(authority)
    finally:
        authority.configure()
    work = partial(check, NOTE, token, certificates=authority.trusted)
    assert code_of(work) == "timestamp.refused"


@pytest.mark.parametrize("place", [0.05, 0.3, 0.55, 0.8, 0.99])
def test_a_changed_byte_is_noticed(authority: Authority, is_unsorted: bool, place: float) -> None:
    _, token = asked(authority)
    at = int(len(token) * place)
    changed = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
    genuine = check(NOTE, token, certificates=authority.trusted)
    assert outcome_of(changed, authority) in {
        "timestamp.malformed",
        "timestamp.not-verified",
        "timestamp.refused",
        genuine,  # where nothing signed stands, such as in the root's copy of itself
    }


@pytest.mark.parametrize("token", [b"", b"\x30\x00", b"<html>", bytes(5000)])
def test_what_is_no_token_is_malformed(authority: Authority, token: bytes) -> None:
    work = partial(check, NOTE, token, certificates=authority.trusted)
    assert code_of(work) == "timestamp.malformed"


@pytest.mark.parametrize("text", [None, "", "no certificate\n"])
def test_without_certificates_nothing_is_verified(
    tmp_path: Path, authority: Authority, text: str | None
) -> None:
    path = tmp_path / "authority.pem"
    if text is not None:
        path.write_text(text)
    _, token = asked(authority)
    assert code_of(partial(check, NOTE, token, certificates=path)) == "timestamp.certificates"


def test_a_machine_without_openssl_says_so(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.configure(is_unsorted=True)
    _, token = asked(authority)
    authority.configure()
    monkeypatch.setenv("PATH", "")
    work = partial(check, NOTE, token, certificates=authority.trusted)
    assert code_of(work) == "timestamp.no-openssl"


def test_a_person_needs_openssl_only(tmp_path: Path, authority: Authority) -> None:
    _, token = asked(authority)
    (tmp_path / "5.checkpoint").write_bytes(NOTE)
    (tmp_path / "5.tsr").write_bytes(token)
    words = ("-verify", "-data", "5.checkpoint", "-in", "5.tsr", "-CAfile", str(authority.trusted))
    done = subprocess.run(["openssl", "ts", *words], cwd=tmp_path, capture_output=True, check=False)
    assert done.stdout == b"Verification: OK\n"
