"""X.509 certificates of our own making: a root, what it vouches for, and servers without one.

Documents and pictures that leave the force are signed with X.509, because the readers that others
already have ask for it. Where a force has no authority of its own, its root is made here. What is
signed with it, and where the keys lie, is for others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336


class Use(Enum):
    """What a certificate is good for; nothing else."""

    ROOT = "vouches for others, one step down"
    DOCUMENTS = "signs documents and content credentials"
    SERVER = "speaks TLS"


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its private key, ECDSA on P-256."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The public half."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private half (PKCS #8), without a password: the file's mode guards it."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def make(
    name: str,
    use: Use,
    *,
    organisation: str = "",
    begins: datetime,
    ends: datetime,
    root: Identity | None = None,
    hosts: Sequence[str] = (),
) -> Identity:
    """A new certificate (RFC 5280), signed by `root` or by itself.

    `hosts` are names and addresses that a server answers to. What content credentials (C2PA 2)
    ask of a signer's certificate is what `Use.DOCUMENTS` has: its own key usage, an extended key
    usage that is not `any`, version 3, and both key identifiers.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    issuer_key = root.key if root else key
    subject = _name(name, organisation)
    builder = x509.CertificateBuilder(
        issuer_name=root.certificate.subject if root else subject,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=begins,
        not_valid_after=ends,
    )
    for extension, is_critical in _extensions(use, key, issuer_key, hosts):
        builder = builder.add_extension(extension, critical=is_critical)
    return Identity(builder.sign(issuer_key, hashes.SHA256()), key)


def read(certificate_pem: bytes, key_pem: bytes) -> Identity:
    """Read what `make` made. Raises ValueError for anything else."""
    identity = Identity(x509.load_pem_x509_certificate(certificate_pem), _private(key_pem))
    if identity.key.public_key() != identity.certificate.public_key():
        raise ValueError("the key is not that of the certificate")
    return identity


def _private(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the key asks for a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is none of an elliptic curve")
    return key


def _name(name: str, organisation: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] if organisation else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _extensions(
    use: Use,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    hosts: Sequence[str],
) -> list[tuple[x509.ExtensionType, bool]]:
    is_root = use is Use.ROOT
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), True),
        (_key_usage(use), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False),
    ]
    if use is Use.DOCUMENTS:
        usage = [ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING]
        found.append((x509.ExtendedKeyUsage(usage), False))
    if use is Use.SERVER:
        found.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False))
    if hosts:
        found.append((x509.SubjectAlternativeName([_host(one) for one in hosts]), False))
    return found


def _key_usage(use: Use) -> x509.KeyUsage:
    is_root = use is Use.ROOT
    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=use is Use.DOCUMENTS,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
