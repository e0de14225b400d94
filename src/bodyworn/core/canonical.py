"""One JSON object, one sequence of bytes.

The output equals RFC 8785 (JSON Canonicalization Scheme) for what we allow in: objects with
ASCII keys, lists, text, whole numbers up to 2^53, true, false and null. Floats are refused,
because two programs may print one float in two ways; give thousandths as whole numbers.
"""

import json
from typing import Any

from bodyworn.core.errors import DamagedError

LARGEST = 2**53
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(value: Any) -> bytes:
    """Canonical UTF-8 bytes of a JSON value. Raises DamagedError on what it cannot hold.

    >>> canonical({"b": 1, "a": "é"}).decode()
    '{"a":"é","b":1}'
    """
    _check(value)
    return _encode(value).encode()


def _check(value: Any) -> None:
    match value:
        case None | bool() | str():
            return
        case int() if abs(value) <= LARGEST:
            return
        case dict():
            for key, inner in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise DamagedError(
                        "canonical.key", "A key of a canonical object is ASCII text."
                    )
                _check(inner)
        case list() | tuple():
            for inner in value:
                _check(inner)
        case _:
            raise DamagedError(
                "canonical.value", f"{type(value).__name__} has no canonical form here."
            )
