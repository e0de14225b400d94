"""A manifest as a JSON object, for sidecars beside a file and for the docks' requests.

Keys are the field names of `core.types.Manifest`; times are RFC 3339 in UTC, the digest is
hexadecimal, and what is not known is absent. Reading believes nothing: a value of the wrong
shape is an error that names its key.
"""

from dataclasses import fields
from datetime import datetime
from typing import Any

from bodyworn.core.clock import iso, parse_iso
from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError
from bodyworn.core.types import Manifest

_TIMES = {"started_at", "triggered_at", "ended_at"}
_NUMBERS = {"sequence", "clock_offset_ms"}
_KEYS = tuple(field.name for field in fields(Manifest))


def manifest_as_dict(manifest: Manifest) -> dict[str, Any]:
    """The manifest as JSON values.

    >>> manifest_as_dict(Manifest(filename="a.mp4", sequence=3))
    {'filename': 'a.mp4', 'sequence': 3}
    """
    values = ((key, getattr(manifest, key)) for key in _KEYS)
    return {key: _as_json(value) for key, value in values if value is not None}


def manifest_from_dict(data: Any, *, filename: str | None = None) -> Manifest:
    """Read such an object; `filename` stands in where it names none. Unknown keys are ignored.

    Raises DamagedError: manifest.not-an-object, manifest.wrong-value.
    """
    if not isinstance(data, dict):
        raise DamagedError("manifest.not-an-object", "A manifest is a JSON object.")
    known = {key: _from_json(key, data[key]) for key in _KEYS if data.get(key) is not None}
    if filename is not None:
        known.setdefault("filename", filename)
    if "filename" not in known:
        raise _wrong("filename")
    return Manifest(**known)


def _as_json(value: Any) -> Any:
    match value:
        case datetime():
            return iso(value)
        case Sha256():
            return value.hex
        case _:
            return value


def _from_json(key: str, value: Any) -> Any:
    if key in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong(key)
        return value
    if not isinstance(value, str):
        raise _wrong(key)
    if key == "sha256":
        return Sha256.parse(value)
    return _time(key, value) if key in _TIMES else value


def _time(key: str, text: str) -> datetime:
    try:
        return parse_iso(text)
    except ValueError:
        raise _wrong(key) from None


def _wrong(key: str) -> DamagedError:
    return DamagedError("manifest.wrong-value", f"The manifest's {key} cannot be read.", key=key)
