"""SHA-256 digests as a type of their own, so that none is ever mixed up with a name.

A digest is 32 bytes; it is written as 64 lower-case hexadecimal digits.
"""

import hashlib
from dataclasses import dataclass
from typing import Self

from bodyworn.core.errors import DamagedError

SIZE = 32


@dataclass(frozen=True, slots=True, order=True)
class Sha256:
    """The SHA-256 of some bytes (FIPS 180-4)."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != SIZE:
            raise DamagedError("digest.wrong-size", f"A SHA-256 has {SIZE} bytes.")

    @classmethod
    def of(cls, data: bytes | bytearray | memoryview) -> Self:
        """The digest of these bytes.

        >>> Sha256.of(b"").short
        'e3b0c4'
        """
        return cls(hashlib.sha256(data).digest())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 64 hexadecimal digits. Raises DamagedError."""
        try:
            return cls(bytes.fromhex(text))
        except ValueError:
            raise DamagedError("digest.not-hex", "That is not a SHA-256 in hexadecimal.") from None

    @property
    def hex(self) -> str:
        """64 lower-case hexadecimal digits."""
        return self.raw.hex()

    @property
    def short(self) -> str:
        """The first six digits: enough to compare by eye on a page."""
        return self.hex[:6]

    def __str__(self) -> str:
        return self.hex
