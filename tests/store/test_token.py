"""Bucket keys in a real PKCS#11 token (SoftHSM), by the same laws as those in a folder."""

import importlib.util
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bodyworn.core.errors import BodywornError, DamagedError, MissingError, RefusedError, SetupError
from bodyworn.store.keyring import Bucket, Keyring
from bodyworn.store.layout import Layout
from bodyworn.store.seal import Vault
from bodyworn.store.sealed import DataKey
from bodyworn.store.token import TokenKeyring

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
)
MODULE = next((path for path in MODULES if path.exists()), None)
KEY = bytes(range(32))
PIN = "98765432"

pytestmark = [
    pytest.mark.skipif(
        MODULE is None or not shutil.which("softhsm2-util"), reason="softhsm2 is not installed"
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("pkcs11") is None, reason="the extra `hsm` is not installed"
    ),
]


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A token of its own; its label."""
    import pkcs11  # noqa: PLC0415 - the tests are skipped where it is missing

    folder = tmp_path_factory.mktemp("token")
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(config))
        told = ("--label", "bodyworn", "--pin", PIN, "--so-pin", "12345678")
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", *told], check=True, capture_output=True
        )
        yield "bodyworn"
        pkcs11.lib(str(MODULE)).finalize()  # so that another test may have another token


@pytest.fixture
def ring(token: str) -> TokenKeyring:
    """The token as one process sees it."""
    assert MODULE
    return TokenKeyring(module=MODULE, label=token, pin=PIN)


@pytest.fixture
def day(request: pytest.FixtureRequest) -> Bucket:
    """A bucket that no other test has."""
    return Bucket(f"arrival-{request.node.name.replace('[', '-').replace(']', '')[:80]}")


def test_a_key_comes_back_from_its_bucket_and_from_no_other(
    ring: TokenKeyring, day: Bucket
) -> None:
    kept: Keyring = ring
    wrapped = kept.wrap(day, KEY)
    other = Bucket(day.name, 2)
    kept.wrap(other, KEY)
    assert len(wrapped) == 40
    assert kept.unwrap(day, wrapped) == KEY
    assert {day, other} <= set(kept.buckets())
    for bucket, data in (
        (other, wrapped),
        (day, wrapped[:-1] + b"?"),
        (day, wrapped[:-8]),
        (day, b""),
    ):
        with pytest.raises(DamagedError) as wrong:
            kept.unwrap(bucket, data)
        assert wrong.value.code == "key.wrapped-wrong"
    assert kept.unwrap(day, wrapped) == KEY


def test_a_bucket_key_does_not_leave_the_token(ring: TokenKeyring, day: Bucket) -> None:
    import pkcs11  # noqa: PLC0415 - the tests are skipped where it is missing

    ring.wrap(day, KEY)
    with ring._asked() as session:
        (found,) = session.get_objects({pkcs11.Attribute.LABEL: f"bodyworn:bucket:{day}"})
        with pytest.raises(pkcs11.AttributeSensitive):
            _ = found[pkcs11.Attribute.VALUE]


def test_no_data_key_stays_in_the_token(ring: TokenKeyring, day: Bucket) -> None:
    def objects() -> int:
        with ring._asked() as session:
            return len(list(session.get_objects()))

    wrapped = ring.wrap(day, KEY)
    before = objects()
    for _ in range(5):
        ring.wrap(day, KEY)
        ring.unwrap(day, wrapped)
    assert objects() == before


def test_a_destroyed_key_is_destroyed_for_everybody_and_stays_so(
    ring: TokenKeyring, day: Bucket, token: str
) -> None:
    assert MODULE
    wrapped, other = ring.wrap(day, KEY), TokenKeyring(module=MODULE, label=token, pin=PIN)
    for _ in range(2):
        other.destroy(day)
        with pytest.raises(MissingError) as gone:
            ring.unwrap(day, wrapped)
        assert gone.value.code == "key.destroyed"
        with pytest.raises(RefusedError) as closed:
            ring.wrap(day, KEY)
        assert closed.value.code == "key.bucket-closed"
    assert day not in ring.buckets()


def test_a_key_that_never_was_is_missing(ring: TokenKeyring, day: Bucket) -> None:
    with pytest.raises(MissingError) as lost:
        ring.unwrap(day, bytes(40))
    assert lost.value.code == "key.missing"


def test_of_two_keys_made_in_one_moment_the_right_one_opens(
    ring: TokenKeyring, day: Bucket
) -> None:
    from bodyworn.store import token as tokens  # noqa: PLC0415 - as two processes would

    first = ring.wrap(day, KEY)
    with ring._asked() as session:
        tokens._make(session, day)
    assert ring.unwrap(day, first) == KEY
    assert ring.unwrap(day, ring.wrap(day, KEY)) == KEY
    assert ring.buckets().count(day) == 1
    ring.destroy(day)
    assert day not in ring.buckets()


def test_threads_may_ask_at_once(ring: TokenKeyring, day: Bucket) -> None:
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(10):
                assert ring.unwrap(day, ring.wrap(day, KEY)) == KEY
        except (AssertionError, BodywornError) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_child_process_opens_the_token_for_itself(ring: TokenKeyring, day: Bucket) -> None:
    wrapped = ring.wrap(day, KEY)
    child = os.fork()
    if not child:
        os._exit(0 if ring.unwrap(day, wrapped) == KEY else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert ring.unwrap(day, wrapped) == KEY


def test_a_vault_seals_under_a_key_in_the_token(ring: TokenKeyring, tmp_path: Path) -> None:
    vault = Vault(Layout(tmp_path), ring)
    kept = vault.keep_bytes(b"footage")
    key = DataKey(ring.unwrap(kept.slot.bucket, kept.slot.wrapped))
    assert vault.read_at(kept.digest, 0, 7, key) == b"footage"
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    ("label", "pin"), [("bodyworn", "00000000"), ("no such token", PIN), ("bodyworn", "")]
)
def test_a_token_that_does_not_let_us_in_is_explained(token: str, label: str, pin: str) -> None:
    import pkcs11  # noqa: PLC0415 - the tests are skipped where it is missing

    assert MODULE
    pkcs11.lib(str(MODULE)).finalize()  # who is logged in already is not asked again
    closed_to_us = TokenKeyring(module=MODULE, label=label, pin=pin)
    with pytest.raises(SetupError) as refused:
        closed_to_us.buckets()
    assert refused.value.code == "key.token"
    assert PIN not in f"{refused.value.explain()} {closed_to_us!r}"


def test_a_module_that_is_none_is_explained(tmp_path: Path) -> None:
    (tmp_path / "none.so").write_bytes(b"not a library")
    with pytest.raises(SetupError) as refused:
        TokenKeyring(module=tmp_path / "none.so", label="x", pin=PIN).buckets()
    assert refused.value.code == "key.token"
