"""Who signs for the force: our own making by default, the force's own where it names one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tests.work.arriving import film

from bodyworn.core.errors import RefusedError, SetupError
from bodyworn.media import credentials
from bodyworn.media.credentials import Claim
from bodyworn.work.check import folder, machine
from bodyworn.work.check.finding import Answer, Ground, Level
from bodyworn.work.documents import PrivateKey, documents_if_any, documents_of
from bodyworn.work.house import House

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
KEYS: dict[str, PrivateKey] = {
    "es256": ec.generate_private_key(ec.SECP256R1()),
    "es384": ec.generate_private_key(ec.SECP384R1()),
    "es512": ec.generate_private_key(ec.SECP521R1()),
    "ps256": rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def of_the_force(
    key: PrivateKey, *, begins: datetime = NOW - DAY, ends: datetime = NOW + DAY
) -> bytes:
    """A certificate and its authority's, as a force's own PKI would hand them out."""
    authority = ec.generate_private_key(ec.SECP384R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Home Office CA")])
    root = certificate(issuer, issuer, authority, authority, begins=begins, ends=ends, is_root=True)
    name = x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test Police"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Disclosure"),
    ])  # fmt: skip
    mine = certificate(name, issuer, key, authority, begins=begins, ends=ends, is_root=False)
    return mine.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM)


def certificate(
    name: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    by: ec.EllipticCurvePrivateKey,
    *,
    begins: datetime,
    ends: datetime,
    is_root: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not is_root, content_commitment=not is_root, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=is_root, crl_sign=is_root,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
    )
    if not is_root:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(by, hashes.SHA256())


def with_own(house: House, chain: bytes, key: bytes) -> House:
    """The house of a force that names its own."""
    (house.settings.data / "force.pem").write_bytes(chain)
    (house.settings.data / "force.key").write_bytes(key)
    settings = house.settings.with_(document_certificate="force.pem", document_key="force.key")
    return replace(house, settings=settings)


def pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_root_and_signer_are_made_once_and_for_nobody_elses_eyes(house: House) -> None:
    assert documents_if_any(house) is None
    made = documents_of(house)
    assert [one.subject == one.issuer for one in made.chain] == [False, True]
    assert documents_of(house).chain == made.chain
    layout = house.layout
    for path in (layout.documents_key, layout.documents_certificate, layout.documents_root):
        assert path.stat().st_mode & 0o077 == 0


def test_a_new_signer_is_under_the_same_root(house: House) -> None:
    """Others keep the root; they would not know a second one."""
    old = documents_of(house)
    house.layout.documents_key.unlink()
    new = documents_of(house)
    assert new.chain[-1] == old.chain[-1]
    assert new.chain[0] != old.chain[0]
    assert new.root_fingerprint == old.root_fingerprint


def test_a_crash_between_certificate_and_key_is_made_good(house: House) -> None:
    documents_of(house)
    house.layout.documents_key.unlink()
    house.layout.documents_certificate.write_bytes(b"half")
    assert len(documents_of(house).chain) == 2


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_force_signs_with_the_key_that_it_has(
    house: House, tmp_path: Path, algorithm: str
) -> None:
    key = KEYS[algorithm]
    documents = documents_of(with_own(house, of_the_force(key), pem(key)))
    signing = documents.for_pictures
    assert signing.algorithm == algorithm
    path = tmp_path / "0007.mp4"
    path.write_bytes(film())
    claim = Claim(title="x", at=NOW, version="0", action="c2pa.created", description="y")
    manifest = credentials.beside(path, "video/mp4", claim, signing)
    credentials.require_valid(path, "video/mp4", signing, manifest=manifest)


def test_nothing_is_made_where_the_force_names_its_own(house: House) -> None:
    key = KEYS["es256"]
    documents_of(with_own(house, of_the_force(key), pem(key)))
    assert not house.layout.documents_key.exists()


@pytest.mark.parametrize(
    ("begins", "ends"), [(NOW - 9 * DAY, NOW - DAY), (NOW + DAY, NOW + 9 * DAY)]
)
def test_a_certificate_that_is_not_good_today_signs_nothing(
    house: House, begins: datetime, ends: datetime
) -> None:
    key = KEYS["es256"]
    theirs = with_own(house, of_the_force(key, begins=begins, ends=ends), pem(key))
    with pytest.raises(RefusedError) as refused:
        documents_of(theirs)
    assert refused.value.code == "documents.expired"
    assert f"{ends:%d %B %Y}" in refused.value.message


def test_what_cannot_be_used_is_named(house: House) -> None:
    key, other = KEYS["es256"], KEYS["ps256"]
    chain = of_the_force(key)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    for certificates, secret, name in (
        (b"", pem(key), "force.pem"),
        (chain, b"no key", "force.key"),
        (chain, pem(other), "force.key"),
        (chain, locked, "force.key"),
    ):
        with pytest.raises(SetupError) as wrong:
            documents_of(with_own(house, certificates, secret))
        assert wrong.value.code == "documents.unreadable"
        assert name in wrong.value.message


def test_one_setting_without_the_other_is_no_choice(house: House) -> None:
    settings = house.settings.with_(document_certificate="force.pem")
    with pytest.raises(SetupError) as wrong:
        documents_of(replace(house, settings=settings))
    assert wrong.value.code == "documents.half-named"


def finding(house: House, check: Callable[[Ground], Answer]) -> tuple[Level, str]:
    found = check(Ground(settings=house.settings, now=datetime.now(UTC), trouble=None))
    return found.level, found.sentence


def test_check_names_a_certificate_that_ends_before_it_stops_a_disclosure(house: House) -> None:
    assert finding(house, machine.documents)[0] is Level.GOOD
    documents_of(house)
    assert finding(house, machine.documents)[0] is Level.GOOD
    key = KEYS["es256"]
    for ends, level in ((NOW + 90 * DAY, "good"), (NOW + 9 * DAY, "warning"), (NOW, "fault")):
        theirs = with_own(house, of_the_force(key, ends=ends), pem(key))
        found, sentence = finding(theirs, machine.documents)
        assert (found, f"{ends:%d %B %Y}" in sentence) == (level, True)
    assert finding(with_own(house, b"", b""), machine.documents)[0] is Level.FAULT


def test_check_finds_a_signing_key_that_others_can_read(house: House) -> None:
    documents_of(house)
    assert finding(house, folder.keys)[0] is Level.GOOD
    house.layout.documents_root.chmod(0o644)
    assert finding(house, folder.keys) == (
        Level.FAULT,
        "Others can read or change: documents-root.pem.",
    )
