"""Who signs documents and content credentials for this force: a key, and the chain that vouches.

A force that has an authority names its own certificate (`document_certificate`, `document_key`).
Where none is named, a root and a signer below it are made on first use and stay in `DATA/keys`;
the root's certificate is then what the force publishes beside the log's key.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bodyworn.core.errors import RefusedError, SetupError
from bodyworn.custody import certificates
from bodyworn.custody.certificates import Identity, Use
from bodyworn.media.credentials import Signing
from bodyworn.store import disk
from bodyworn.work.house import House

ROOT_LASTS = timedelta(days=20 * 365)
SIGNER_LASTS = timedelta(days=3 * 365)
BEFORE = timedelta(days=1)  # a reader's clock may be behind ours
HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
NAMES = {256: "es256", 384: "es384", 521: "es512"}  # by the curve's size in bits

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The signer of one force's documents."""

    chain: tuple[x509.Certificate, ...]  # the signer's first
    key: PrivateKey = field(repr=False)

    @property
    def name(self) -> str:
        """The signer's own name."""
        return self.chain[0].subject.rfc4514_string()

    @property
    def root_fingerprint(self) -> str:
        """The SHA-256 of the root, as every reader of certificates shows it."""
        return self.chain[-1].fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def for_pictures(self) -> Signing:
        """The same, as content credentials ask for it."""
        algorithm, sign = _raw_signer(self.key)
        pem = b"".join(one.public_bytes(Encoding.PEM) for one in self.chain)
        return Signing(algorithm=algorithm, chain=pem.decode(), sign=sign)

    @property
    def for_paper(self) -> tuple[asn1_keys.PrivateKeyInfo, list[asn1_x509.Certificate]]:
        """The same, as signatures in PDF ask for it: key, chain."""
        der = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        chain = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in self.chain]
        return asn1_keys.PrivateKeyInfo.load(der), chain


def documents_of(house: House) -> Documents:
    """Who signs, made now if nobody is named and none was made yet.

    Raises RefusedError documents.expired, SetupError documents.unreadable, documents.half-named.
    """
    settings, layout = house.settings, house.layout
    if bool(settings.document_certificate) != bool(settings.document_key):
        raise SetupError(
            "documents.half-named",
            "Only one of document_certificate and document_key is set.",
            hint="Set both, or neither: then the program makes its own.",
        )
    if settings.document_certificate:
        certificate = settings.data / settings.document_certificate
        found = _read(certificate, settings.data / settings.document_key)
    else:
        _make_missing(house)
        found = _read(layout.documents_certificate, layout.documents_key)
    _check_time(house, found)
    return found


def documents_if_any(house: House) -> Documents | None:
    """The same, where somebody is named or was made; nothing is made."""
    if house.settings.document_certificate or house.layout.documents_key.exists():
        return documents_of(house)
    return None


def _make_missing(house: House) -> None:
    """Certificate before key: a crash between them leaves a key that is still missing."""
    layout = house.layout
    if layout.documents_key.exists():
        return
    begins, force = min(house.now(), house.wall_now()) - BEFORE, house.settings.force_name[:60]
    root = _root(house, force)
    signer = certificates.make(
        "Custody documents",
        Use.DOCUMENTS,
        organisation=force,
        begins=begins,
        ends=min(begins + SIGNER_LASTS, root.certificate.not_valid_after_utc),
        root=root,
    )
    disk.write_atomically(
        layout.documents_certificate, signer.certificate_pem + root.certificate_pem
    )
    disk.write_once(layout.documents_key, signer.key_pem)


def _root(house: House, force: str) -> Identity:
    """The force's own, made once: others keep it, and a second one would be unknown to them."""
    path, begins = house.layout.documents_root, min(house.now(), house.wall_now()) - BEFORE
    if not path.exists():
        made = certificates.make(
            "Root of documents",
            Use.ROOT,
            organisation=force,
            begins=begins,
            ends=begins + ROOT_LASTS,
        )
        disk.write_once(path, made.certificate_pem + made.key_pem)
    data = path.read_bytes()
    try:
        return certificates.read(data, data)
    except ValueError as error:
        raise _unreadable(path, error) from None


def _read(certificate: Path, key: Path) -> Documents:
    try:
        chain = tuple(x509.load_pem_x509_certificates(certificate.read_bytes()))
    except (OSError, ValueError) as error:
        raise _unreadable(certificate, error) from None
    try:
        found = load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise _unreadable(key, error) from None
    if not isinstance(
        found, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    ):
        raise _unreadable(key, ValueError("a key of this kind cannot sign documents"))
    if found.public_key() != chain[0].public_key():
        raise _unreadable(key, ValueError("it is not the key of the first certificate"))
    return Documents(chain=chain, key=found)


def _check_time(house: House, found: Documents) -> None:
    """By the machine's own clock: a frozen one signs nothing that others would believe."""
    now = house.wall_now()
    for one in found.chain:
        name, ends = one.subject.rfc4514_string(), one.not_valid_after_utc
        if not one.not_valid_before_utc <= now <= ends:
            raise RefusedError(
                "documents.expired",
                f"The certificate {name} is good from {one.not_valid_before_utc:%d %B %Y} to "
                f"{ends:%d %B %Y}, and not today.",
                hint="Name a new one (document_certificate, document_key). Where this program "
                "made it, move documents.key away from the keys folder: the next pack makes a new "
                "signer under the same root.",
                status=409,
            )


def _unreadable(path: Path, error: Exception) -> SetupError:
    return SetupError(
        "documents.unreadable",
        f"{path.name} cannot be used to sign documents: {error}.",
        hint="Give PEM files: the certificate with its chain, the signer's first, and its own key "
        "without a password.",
    )


def _raw_signer(key: PrivateKey) -> tuple[str, Callable[[bytes], bytes]]:
    """The algorithm's name, and its signature as COSE wants it: no DER around the numbers."""
    match key:
        case ec.EllipticCurvePrivateKey():
            return NAMES[key.key_size], lambda data: _raw_ecdsa(key, data)
        case rsa.RSAPrivateKey():
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
            return "ps256", lambda data: key.sign(data, pss, hashes.SHA256())
        case _:
            return "ed25519", key.sign


def _raw_ecdsa(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Both numbers, one after the other, each as long as the curve (RFC 9053, 2.1)."""
    width = (key.key_size + 7) // 8
    numbers = decode_dss_signature(key.sign(data, ec.ECDSA(HASHES[key.key_size])))
    return b"".join(number.to_bytes(width, "big") for number in numbers)
