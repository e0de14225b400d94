"""The verifiers that stand alone: one Python file, one page. They go out with every pack.

Both are files for people who have nothing of ours; `verify.py` imports the standard library only,
and `verify.html` loads nothing. What they check and say is the same, step by step, and stands in
`docs/how-to/check-a-pack.md`. This module only hands the files out.
"""

from importlib.resources import files as resources

NAMES = ("verify.py", "verify.html")


def files() -> dict[str, bytes]:
    """Both verifiers, bytes by file name: what a pack puts beside the footage."""
    here = resources(__name__)
    return {name: here.joinpath(name).read_bytes() for name in NAMES}
