"""Content credentials (C2PA 2): signed statements about a film, beside it or inside it.

A master is never touched, so its manifest lies beside it; what is made to be handed out carries
it inside. What is claimed, and by whose certificate, is for the caller. The hash over the film is
the flat one: other implementations disagree about the one in chunks.
"""

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BufferedRandom
from pathlib import Path
from typing import Any

import c2pa
from c2pa import C2paSigningAlg

from bodyworn.core.clock import iso
from bodyworn.core.errors import DamagedError, RefusedError

CUSTODY = "org.bodyworn.custody"  # our assertion: which recording this is, and where it is logged
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
IN_MEMORY_MIB = 64  # beyond, the library works in a file: half a gigabyte took 1.5 GB before
OS_ERROR = re.compile(r"\(os error (\d+)\)")
SIDECAR_SUFFIX = ".c2pa"
FORMATS = frozenset({"video/mp4", "video/quicktime", "video/x-msvideo"})
"""What the library can bind a manifest to, of what cameras make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Who signs."""

    algorithm: str  # as C2PA calls it: `es256`, `es384`, `es512`, `ps256`, `ed25519`
    chain: str  # PEM, the signer's certificate first, the root last
    sign: Callable[[bytes], bytes]  # raw signature of some bytes, as COSE (RFC 9053) has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is said about a film."""

    title: str  # `BWV-26-0412-7F3A`
    at: datetime  # UTC, when it is said
    version: str  # of this program
    action: str  # a C2PA action: `c2pa.created`, `c2pa.trimmed`, `c2pa.edited`
    description: str  # the action in a sentence
    custody: dict[str, Any] = field(default_factory=dict)  # JSON values of our own assertion


def can_carry(media_type: str) -> bool:
    """Whether there are content credentials for this kind of file."""
    return media_type in FORMATS


def beside(film: Path, media_type: str, claim: Claim, signing: Signing) -> bytes:
    """A manifest for a film that stays as it is. Raises RefusedError credentials.not-made."""
    with film.open("rb") as source, _explained():
        builder = c2pa.Builder(_manifest(claim, media_type), _context(signing))
        builder.set_no_embed()
        with _signer(signing) as signer:
            return bytes(builder.sign(signer, media_type, source, _Nowhere()))


def inside(film: Path, media_type: str, claim: Claim, signing: Signing, *, target: Path) -> None:
    """The film once more, with its manifest in it. Raises RefusedError credentials.not-made.

    It is told as an edit of a film that had no manifest: the library then says by itself what was
    opened.
    """
    with film.open("rb") as source, target.open("xb+") as file:
        made = _Remembering(file)
        try:
            with _explained(), _signer(signing) as signer:
                builder = c2pa.Builder(_manifest(claim, media_type), _context(signing))
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
                builder.sign(signer, media_type, source, made)
        except RefusedError as error:
            raise made.trouble or error from error


def require_valid(
    film: Path, media_type: str, signing: Signing, *, manifest: bytes | None = None
) -> None:
    """Read it as a stranger would who trusts the last certificate of the chain.

    `manifest` is what lies beside; without it, the one inside is meant. Raises DamagedError
    credentials.not-valid.
    """
    with film.open("rb") as source, _explained():
        reader = c2pa.Reader(media_type, source, manifest_data=manifest, context=_context(signing))
        with reader:
            state, results = reader.get_validation_state(), reader.get_validation_results() or {}
    # A force's own chain may end below its root: then whom to trust is the stranger's question.
    if state not in {"Trusted", "Valid"}:
        failures = results.get("activeManifest", {}).get("failure", [])
        codes = ", ".join(str(one.get("code")) for one in failures) or str(state)
        raise DamagedError(
            "credentials.not-valid", f"The content credentials of {film.name} fail: {codes}."
        )


def _manifest(claim: Claim, media_type: str) -> dict[str, Any]:
    action: dict[str, Any] = {
        "action": claim.action,
        "when": iso(claim.at),
        "description": claim.description,
    }
    if claim.action == "c2pa.created":
        action["digitalSourceType"] = CAPTURED
    assertions = [
        {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
        {"label": CUSTODY, "data": claim.custody},
    ]
    return {
        "claim_generator_info": [{"name": "bodyworn", "version": claim.version}],
        "title": claim.title,
        "format": media_type,
        "assertions": assertions,
    }


def _context(signing: Signing) -> c2pa.Context:
    """No network, no pictures of the picture, and no chunks."""
    root = signing.chain[signing.chain.rindex("-----BEGIN") :]
    return c2pa.Context.from_dict(
        {
            "trust": {"user_anchors": root},
            "core": {"backing_store_memory_threshold_in_mb": IN_MEMORY_MIB},
            "verify": {
                "ocsp_fetch": False,
                "remote_manifest_fetch": False,
                "verify_after_sign": False,  # we read it again ourselves, and name what fails
            },
            "builder": {
                "thumbnail": {"enabled": False},
                "bmff_hash_exclude_free_and_skip_boxes": False,  # all that may be covered, is
            },
        }
    )


def _signer(signing: Signing) -> c2pa.Signer:
    algorithm = C2paSigningAlg[signing.algorithm.upper()]
    return c2pa.Signer.from_callback(signing.sign, algorithm, signing.chain)


@contextmanager
def _explained() -> Iterator[None]:
    """The library's errors as ours. The machine's own, a full disk say, stand in its words only."""
    try:
        yield
    except c2pa.C2paError as error:
        if of_the_machine := OS_ERROR.search(str(error)):
            number = int(of_the_machine[1])
            raise OSError(number, os.strerror(number)) from error
        raise RefusedError(
            "credentials.not-made",
            f"This film can carry no content credentials: {error}.",
            hint="Its digest is in the receipt and in the log all the same.",
            status=422,
        ) from error


class _Remembering(io.BufferedIOBase):
    """A file to write to. The library forgets why a write failed, and gives an older reason."""

    def __init__(self, file: BufferedRandom) -> None:
        self._file = file
        self.trouble: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.trouble = self.trouble or error
            raise

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            self.trouble = self.trouble or error
            raise

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


class _Nowhere(io.RawIOBase):
    """Where the library writes its copy of a master to; it is wanted nowhere."""

    def __init__(self) -> None:
        self._at, self._size = 0, 0

    def write(self, data: Any) -> int:
        self._at += len(data)
        self._size = max(self._size, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = (0, self._at, self._size)[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
