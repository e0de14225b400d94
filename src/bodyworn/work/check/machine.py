"""Questions about the machine: driver, disk, encoder, clock, ports, TLS."""

import shutil
import ssl
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import av
import pysqlite3
from cryptography import x509

from bodyworn.records.engine import OLDEST_SQLITE
from bodyworn.work import serving
from bodyworn.work.check.finding import Answer, Ground, fault, good, warning

LEAST_FREE = 2 * 2**30  # bytes: below, the next recording may not fit
FEW_FREE = 0.1  # share of the disk
RENEW_BEFORE = timedelta(days=30)


def sqlite(_: Ground) -> Answer:
    """The WAL-reset bug (before 3.51.3) can corrupt a database under two writers."""
    found = pysqlite3.sqlite_version
    if pysqlite3.sqlite_version_info < OLDEST_SQLITE:
        return fault(
            f"SQLite {found} can corrupt a database under two writers.",
            "Install the locked packages again: make setup.",
        )
    return good(f"SQLite {found} is safe for several processes.")


def disk(ground: Ground) -> Answer:
    """Free room on the disk of the data folder."""
    usage = shutil.disk_usage(ground.settings.data)
    words = f"{usage.free / 2**30:.1f} GiB of {usage.total / 2**30:.1f} GiB are free."
    if usage.free < LEAST_FREE:
        return fault(words, "Make room now: docks are refused when the disk is full.")
    if usage.free < FEW_FREE * usage.total:
        return warning(words, "Make room, or move the data folder to a larger disk.")
    return good(words)


def encoder(ground: Ground) -> Answer:
    """The encoder that proxies are made with."""
    name = ground.settings.encoder
    try:
        av.codec.Codec(name, "w")
    except ValueError:
        return fault(
            f"There is no encoder {name} on this machine.",
            "Set `encoder` to one that FFmpeg has here, such as libx264.",
        )
    return good(f"Proxies are made with {name}.")


def clock(ground: Ground) -> Answer:
    """Whether the clock runs."""
    frozen = ground.settings.frozen_at
    if frozen:
        return warning(
            f"The clock stands still at {frozen}.",
            "Right for a demonstration. For real footage, take frozen_at out of the settings.",
        )
    if ground.now.year < 2026:
        return fault(
            f"This machine believes that it is {ground.now:%d %B %Y}.",
            "Set its clock, best by NTP, before anything is recorded.",
        )
    return good(f"The clock says {ground.now:%d %B %Y, %H:%M} UTC.")


def ports(ground: Ground) -> Answer:
    """The three ports: ours, or free for us."""
    settings = ground.settings
    taken = [str(p) for p in serving.ports(settings) if serving.is_taken(settings.host, p)]
    if serving.is_served(settings.layout):
        if len(taken) == len(serving.ports(settings)):
            return good(f"This data folder is being served at {settings.pages}.")
        return warning(
            "This data folder is being served, but not every server listens.",
            "Look at the log of `bodyworn serve`; a server that keeps on failing is named there.",
        )
    if taken:
        return fault(
            f"Other programs listen on {', '.join(taken)}.",
            "End them, or choose other ports in bodyworn.toml.",
        )
    return good("The ports are free; this data folder is not being served now.")


def tls(ground: Ground) -> Answer:
    """A certificate where anybody else could listen, and not about to end."""
    settings = ground.settings
    if not settings.tls_certificate and not settings.tls_key:
        if settings.pages.startswith("https:") or _is_loopback(settings.host):
            return good("Nothing leaves this machine without TLS.")
        return warning(
            f"Everybody between here and {settings.host} can read along.",
            "Set tls_certificate and tls_key, or put a server with TLS in front.",
        )
    return _certificate(ground)


def _certificate(ground: Ground) -> Answer:
    path = Path(ground.settings.tls_certificate)
    hint = "Set tls_certificate and tls_key to a PEM certificate and its own key."
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, ground.settings.tls_key or None)
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        return fault(f"The certificate cannot be used: {error}.", hint)
    return _until(ends, ground.now, "The certificate", "Renew it.")


def documents(ground: Ground) -> Answer:
    """The certificates that sign packs: an ended one stops every disclosure."""
    settings, layout = ground.settings, ground.settings.layout
    named = settings.document_certificate
    path = settings.data / named if named else layout.documents_certificate
    if not named and not path.exists():
        return good("Who signs packs is made with the first pack.")
    try:
        chain = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        return fault(f"{path.name} cannot be used to sign packs: {error}.", "Name a PEM chain.")
    ends = min(one.not_valid_after_utc for one in chain)
    hint = "Name a new one."
    if not named:
        hint = "Move documents.key away from the keys folder: the next pack makes a new signer."
    return _until(ends, ground.now, "The certificate that signs packs", hint)


def _until(ends: datetime, now: datetime, what: str, hint: str) -> Answer:
    if ends <= now:
        return fault(f"{what} ended on {ends:%d %B %Y}.", hint)
    if ends <= now + RENEW_BEFORE:
        return warning(f"{what} ends on {ends:%d %B %Y}.", hint)
    return good(f"{what} is good until {ends:%d %B %Y}.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
