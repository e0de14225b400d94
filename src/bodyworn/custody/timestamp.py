"""Time-stamps (RFC 3161): somebody else's clock over a checkpoint of the log.

An authority signs the SHA-256 of a checkpoint's note together with its own time. So every entry
of that tree was there by then, whatever the clocks of the log's keeper said. In the log's folder
a token lies beside the note that it is about, and both are read with no tool of ours:

    timestamps/5210.checkpoint      the note, byte for byte
    timestamps/5210.tsr             the authority's whole reply (TimeStampResp, DER)
    timestamps/newest               `5210`

`openssl ts -verify -data 5210.checkpoint -in 5210.tsr -CAfile AUTHORITY.pem` is enough. Asking an
authority over the network is `work.timestamps`'.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import rfc3161_client
from cryptography import x509
from cryptography.x509.oid import NameOID

from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.custody.checkpoint import Checkpoint, parse
from bodyworn.custody.note import Verifier

FOLDER, NEWEST = "timestamps", "newest"  # in the log's folder; ours, not C2SP's
NAME = re.compile(r"[1-9][0-9]{0,18}\.tsr", re.ASCII)
LARGEST = 1 << 16  # bytes of a reply; real ones have one to six thousand
PATIENCE = 10.0  # seconds for one run of openssl
TIME = "%b %d %H:%M:%S %Y GMT"  # as OpenSSL prints it, in any locale
FRACTION = re.compile(r"(?<=:\d\d)\.\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an authority is asked: nothing but a digest and a number used once."""

    body: bytes  # TimeStampReq, DER, for `application/timestamp-query`
    nonce: int | None  # 64 random bits; always one in ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """What a token says, verified."""

    at: datetime  # UTC, by the authority's clock
    authority: str  # its name, as it signs; empty where it gives none


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A token as it lies in the log's folder, not verified yet."""

    size: int  # entries under the note
    note: bytes  # the checkpoint that it is about
    token: bytes  # the reply


def question_about(note: bytes) -> Question:
    """A request for a token over the SHA-256 of a note, with the authority's certificate in it."""
    builder = rfc3161_client.TimestampRequestBuilder().data(note)
    request = builder.hash_algorithm(rfc3161_client.HashAlgorithm.SHA256).build()
    return Question(body=request.as_bytes(), nonce=request.nonce)


def check_answer(question: Question, note: bytes, token: bytes, *, certificates: Path) -> Stamped:
    """The same as `check`, and that it is the answer to this question and to no older one.

    Raises DamagedError timestamp.other-nonce besides.
    """
    stamped = check(note, token, certificates=certificates)
    answer = _decoded(token)
    nonce = answer.tst_info.nonce if answer else _nonce_in(_text_of(token))
    if nonce != question.nonce:
        raise DamagedError(
            "timestamp.other-nonce", "The time-stamp is the answer to another question."
        )
    return stamped


def check(note: bytes, token: bytes, *, certificates: Path) -> Stamped:
    """Who stamped this note, and when.

    `certificates` is a PEM file of those who are trusted to vouch for the authority; they need to
    have been good at the time that the token states, not today. Raises DamagedError
    timestamp.malformed, .refused or .not-verified; SetupError timestamp.certificates, and
    timestamp.no-openssl where only the program `openssl` could read the token and there is none.

    1. Read the token. Where the library cannot, OpenSSL is asked: with its own `certs =` it writes
       a SET of certificates out of order, and the library insists on order (DER). The set is
       outside of the signature, so such a token is as good as any.
    2. The signature, its chain up to one of the certificates, and its purpose.
    3. The digest is that of the note.
    """
    trusted = read_certificates(certificates)
    answer = _decoded(token)  # 1
    if answer is None:
        return _check_by_openssl(note, token, certificates)
    builder = rfc3161_client.VerifierBuilder(roots=list(trusted))
    try:
        builder.build().verify(answer, sha256(note).digest())  # 2, 3
        name = _name_of(answer.tst_info.name)
        return Stamped(at=answer.tst_info.gen_time.astimezone(UTC), authority=name)
    except (rfc3161_client.VerificationError, ValueError) as error:
        _not_verified(str(error))


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file. Raises SetupError timestamp.certificates."""
    try:
        return _certificates(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise SetupError(
            "timestamp.certificates",
            f"{path} holds no certificates of a time-stamp authority: {error}.",
            hint="Ask the authority for the certificates that it is to be verified with, as PEM.",
        ) from None


def filed(folder: Path) -> Iterator[Filed]:
    """The tokens of a log's folder, oldest first. Raises DamagedError timestamp.note-missing."""
    for size in sizes(folder):
        yield read_filed(folder, size)


def sizes(folder: Path) -> list[int]:
    """The sizes of the trees that were stamped, smallest first."""
    found = (folder / FOLDER).glob("*.tsr")
    return sorted(int(path.stem) for path in found if NAME.fullmatch(path.name))


def read_filed(folder: Path, size: int) -> Filed:
    """One token and its note. Raises DamagedError timestamp.note-missing."""
    note, token = paths_of(folder, size)
    try:
        return Filed(size=size, note=note.read_bytes(), token=token.read_bytes())
    except FileNotFoundError as error:
        raise DamagedError(
            "timestamp.note-missing", f"The time-stamp of {size} entries lacks {error.filename}."
        ) from None


def check_filed(
    one: Filed, verifier: Verifier, *, certificates: Path
) -> tuple[Checkpoint, Stamped]:
    """What a token of the folder is about, and when it was stamped.

    Whether that tree is a prefix of the log is for the caller, who has the log. Raises what `check`
    and `checkpoint.parse` raise, and DamagedError timestamp.other-size.
    """
    checkpoint = parse(one.note, verifier)
    if checkpoint.size != one.size:
        raise DamagedError(
            "timestamp.other-size", f"The time-stamp of {one.size} entries is about another tree."
        )
    return checkpoint, check(one.note, one.token, certificates=certificates)


def paths_of(folder: Path, size: int) -> tuple[Path, Path]:
    """Where note and token of so many entries lie."""
    return folder / FOLDER / f"{size}.checkpoint", folder / FOLDER / f"{size}.tsr"


@lru_cache(maxsize=4)
def _certificates(path: Path, _changed: int) -> tuple[x509.Certificate, ...]:
    """Read again when the file has changed."""
    return tuple(x509.load_pem_x509_certificates(path.read_bytes()))


def _decoded(token: bytes) -> rfc3161_client.TimeStampResponse | None:
    """The token, None where the library cannot read it. Raises DamagedError timestamp.refused."""
    try:
        answer = rfc3161_client.decode_timestamp_response(token)
    except ValueError:
        return None
    status = rfc3161_client.PKIStatus(answer.status)
    if status is rfc3161_client.PKIStatus.GRANTED_WITH_MODS:
        return None  # a token as well (RFC 3161, 2.4.2), but not for the library
    if status is not rfc3161_client.PKIStatus.GRANTED:
        _refused("; ".join(answer.status_string) or status.name.lower())
    return answer


def _name_of(name: x509.GeneralName | None) -> str:
    if isinstance(name, x509.DirectoryName):
        common = name.value.get_attributes_for_oid(NameOID.COMMON_NAME)
        return _plain(str(common[0].value) if common else name.value.rfc4514_string())
    return _plain(str(name.value)) if name is not None else ""


def _check_by_openssl(note: bytes, token: bytes, certificates: Path) -> Stamped:
    """The second opinion; the chain is judged as of the time that the token states."""
    text = _text_of(token)
    at = _time_in(text)
    verify = ["-verify", "-digest", sha256(note).hexdigest(), "-in", "/dev/stdin"]
    trust = ["-CAfile", str(certificates), "-partial_chain", "-attime", str(int(at.timestamp()))]
    status, words = _openssl(*verify, *trust, given=token)
    if status != 0:
        _not_verified(words.strip().splitlines()[-1] if words.strip() else "OpenSSL says no")
    return Stamped(at=at, authority=_authority_in(text))


def _text_of(token: bytes) -> str:
    status, words = _openssl("-reply", "-in", "/dev/stdin", "-text", given=token)
    if status != 0:
        raise DamagedError("timestamp.malformed", "These bytes are no time-stamp.")
    found = re.search(r"^Status: (.+)\.$", words, re.MULTILINE)
    if found is None or not found[1].startswith("Granted"):
        _refused(found[1] if found else "no status")
    return words


def _time_in(text: str) -> datetime:
    found = re.search(r"^Time stamp: (.+)$", text, re.MULTILINE)
    try:
        told = FRACTION.sub("", found[1] if found else "")
        return datetime.strptime(told, TIME).replace(tzinfo=UTC)
    except ValueError:
        raise DamagedError("timestamp.malformed", "The time-stamp states no time.") from None


def _nonce_in(text: str) -> int | None:
    found = re.search(r"^Nonce: 0x([0-9A-F]+)$", text, re.MULTILINE)
    return int(found[1], 16) if found else None


def _authority_in(text: str) -> str:
    found = re.search(r"^TSA: .*?CN ?= ?([^/,\n]+)", text, re.MULTILINE)
    return _plain(found[1]) if found else ""


def _openssl(*words: str, given: bytes) -> tuple[int, str]:
    """Exit status, and what it said; it is given the token only, and opens no connection."""
    program = shutil.which("openssl")
    if program is None:
        raise SetupError(
            "timestamp.no-openssl",
            "This time-stamp can be read by OpenSSL's own program only, and it is not installed.",
            hint="Install the package openssl, or verify on a machine that has it.",
        )
    try:
        done = subprocess.run(  # noqa: S603  (words of ours, a path of the settings, no shell)
            [program, "ts", *words], input=given, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise DamagedError("timestamp.malformed", "OpenSSL does not get done with it.") from None
    said = done.stdout if done.returncode == 0 else done.stderr
    return done.returncode, said.decode("utf-8", "replace")


def _plain(text: str) -> str:
    """On one line of a page."""
    return "".join(c for c in text[:120] if c.isprintable())


def _refused(words: str) -> NoReturn:
    raise DamagedError("timestamp.refused", f"The authority gave no time-stamp: {_plain(words)}.")


def _not_verified(words: str) -> NoReturn:
    raise DamagedError(
        "timestamp.not-verified", f"The time-stamp does not verify: {_plain(words)}."
    )
