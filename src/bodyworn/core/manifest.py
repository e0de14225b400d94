"""Manifests as JSON: what senders write, and what is kept in an arrival note.

A sender may be an older or a newer program than this one, so a key that is not known here is
passed over: footage that stays outside because of one word too many would be the greater loss.
A known key with a value of the wrong kind is refused with a sentence.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.core.types import Manifest

LONGEST_TEXT = 200  # characters
LARGEST_NUMBER = 2**53  # what every JSON reader keeps exactly


def manifest_to_dict(manifest: Manifest) -> dict[str, Any]:
    """JSON values, without what is not known; times have milliseconds.

    >>> manifest_to_dict(Manifest(filename="0001.mp4", sequence=1))
    {'filename': '0001.mp4', 'sequence': 1}
    """
    values = {name: getattr(manifest, name) for name in _READERS}
    return {name: _as_json(value) for name, value in values.items() if value is not None}


def manifest_from_dict(values: Mapping[str, Any]) -> Manifest:
    """Read JSON values; null is the same as absent. Raises RefusedError manifest.* (web 400).

    >>> manifest_from_dict({"filename": "0001.mp4", "colour": "blue"}).filename
    '0001.mp4'
    """
    if not isinstance(values, Mapping):
        raise _refused("manifest.not-an-object", "A manifest is one JSON object.")
    known = {name: values[name] for name in _READERS if values.get(name) is not None}
    if "filename" not in known:
        raise _refused("manifest.no-filename", "A manifest must say under which `filename` it is.")
    return Manifest(**{name: _READERS[name](name, value) for name, value in known.items()})


def _as_json(value: Any) -> Any:
    match value:
        case datetime():
            return iso(value)
        case Sha256():
            return value.hex
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT or not value.isprintable():
        raise _wrong(name, f"printable text of 1 to {LONGEST_TEXT} characters")
    return value


def _number(name: str, value: Any) -> int:
    # bool is an int to Python, and true is no number to anybody else.
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_NUMBER:
        raise _wrong(name, "a whole number")
    return value


def _count(name: str, value: Any) -> int:
    if _number(name, value) < 0:
        raise _wrong(name, "a whole number that is not negative")
    return int(value)


def _time(name: str, value: Any) -> datetime:
    try:
        return parse_iso(value)
    except (TypeError, ValueError, OverflowError):
        raise _wrong(name, "a time with its zone, such as 2026-04-12T22:41:07.200Z") from None


def _digest(name: str, value: Any) -> Sha256:
    try:
        return Sha256.parse(value)
    except (TypeError, DamagedError):
        raise _wrong(name, "64 hexadecimal digits") from None


def _wrong(name: str, wanted: str) -> RefusedError:
    return _refused("manifest.wrong-value", f"`{name}` in a manifest must be {wanted}.")


def _refused(code: str, message: str) -> RefusedError:
    return RefusedError(code, message, hint="Correct the manifest and send it again.", status=400)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "filename": _text,
    "device": _text,
    "make": _text,
    "model": _text,
    "officer": _text,
    "sequence": _count,
    "camera_reference": _text,
    "started_at": _time,
    "triggered_at": _time,
    "ended_at": _time,
    "clock_offset_ms": _number,
    "title": _text,
    "locality": _text,
    "borough": _text,
    "category": _text,
    "dock": _text,
    "sha256": _digest,
}
