"""Certificates that are made here are what OpenSSL and strangers expect of them."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from bodyworn.custody.certificates import Identity, Use, make, read

NOW = datetime.now(UTC)
BEGINS, ENDS = NOW - timedelta(days=1), NOW + timedelta(days=30)


def root() -> Identity:
    return make("Root", Use.ROOT, organisation="Test Police", begins=BEGINS, ends=ENDS)


def signer(of: Identity) -> Identity:
    return make("Documents", Use.DOCUMENTS, begins=BEGINS, ends=ENDS, root=of)


def openssl_trusts(folder: Path, one: Identity, anchor: Identity, purpose: str) -> bool:
    (folder / "one.pem").write_bytes(one.certificate_pem)
    (folder / "root.pem").write_bytes(anchor.certificate_pem)
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", "root.pem"]
    done = subprocess.run([*command, "one.pem"], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


def test_openssl_finds_a_signer_below_its_root_and_below_no_other(tmp_path: Path) -> None:
    mine, other = root(), root()
    assert openssl_trusts(tmp_path, signer(mine), mine, "smimesign")
    assert not openssl_trusts(tmp_path, signer(mine), other, "smimesign")


def test_a_signer_is_good_for_nothing_else(tmp_path: Path) -> None:
    mine = root()
    assert not openssl_trusts(tmp_path, signer(mine), mine, "sslserver")
    below = make("Below", Use.DOCUMENTS, begins=BEGINS, ends=ENDS, root=signer(mine))
    assert not openssl_trusts(tmp_path, below, mine, "smimesign")


def test_a_server_answers_to_its_names_and_addresses() -> None:
    hosts = ("evidence.police.example", "127.0.0.1")
    made = make("door", Use.SERVER, begins=BEGINS, ends=ENDS, hosts=hosts).certificate
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["evidence.police.example"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_what_was_written_is_read_again() -> None:
    made = root()
    found = read(made.certificate_pem, made.key_pem)
    assert found.certificate == made.certificate
    assert found.key_pem == made.key_pem


@pytest.mark.parametrize("of", ["certificate", "key"])
def test_halves_that_do_not_belong_together_are_refused(of: str) -> None:
    one, other = root(), root()
    halves = {"certificate": (other.certificate_pem, one.key_pem), "key": (b"", one.key_pem)}
    with pytest.raises(ValueError, match=r"key|PEM"):
        read(*halves[of])
