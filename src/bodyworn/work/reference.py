"""References that people read out over a radio: `BWV-26-0412-7F3A`.

Year, month and day of the recording's start in UTC, then the camera's own short word for it or
the first digits of its digest. Two recordings of one day may ask for the same: the later one gets
more digits. Deterministic, so that a repeated attempt proposes the same.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from bodyworn.core.digest import Sha256

PREFIX = "BWV"
_SHORT = re.compile(r"[A-Z0-9]{1,8}")


def references(
    *, started_at: datetime, camera_reference: str | None, sha256: Sha256
) -> Iterator[str]:
    """What a recording may be called, the best first.

    >>> moment = datetime.fromisoformat("2026-04-12T22:41:07Z")
    >>> offered = references(started_at=moment, camera_reference="7f3a", sha256=Sha256(bytes(32)))
    >>> next(offered), next(offered)
    ('BWV-26-0412-7F3A', 'BWV-26-0412-7F3A-0000')
    """
    day, digits = f"{PREFIX}-{started_at:%y-%m%d}", sha256.hex.upper()
    word = (camera_reference or "").upper()
    if _SHORT.fullmatch(word):
        day = f"{day}-{word}"
        yield day
    for length in range(4, 20, 2):
        yield f"{day}-{digits[:length]}"
