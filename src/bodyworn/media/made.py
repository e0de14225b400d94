"""What every maker of this room hands back: bytes, what they are, and how they were made.

Keeping the bytes and recording their lineage is the caller's part.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Made:
    """One derived file in memory."""

    data: bytes  # the whole file
    media_type: str  # `image/jpeg`
    recipe: dict[str, Any] = field(default_factory=dict)  # tool, version, settings; no floats
