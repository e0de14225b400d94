"""What must be true of a data folder before it is served: tables and static files of this version.

Both steps may be repeated and are quick when there is nothing to do.
"""

import hashlib
import shutil
from importlib.resources import files
from pathlib import Path

from django.core.management import call_command

from bodyworn import __version__
from bodyworn.core.errors import SetupError
from bodyworn.settings import Settings
from bodyworn.store import disk
from bodyworn.web.configure import configure
from bodyworn.work import house


def prepare(settings: Settings) -> None:
    """1. the folder is ours and readable 2. tables 3. static files. Raises SetupError."""
    house.check_version(settings.layout)
    configure(settings)
    house.upgrade()
    collect_static(settings)


def collect_static(settings: Settings) -> None:
    """Copy static files under hashed names, unless this very set lies there.

    Raises SetupError static.not-built where the package was built without its style sheets.
    """
    source = Path(str(files("bodyworn.web") / "static"))
    if not (source / "vendor" / "govuk-frontend.min.css").exists():
        raise SetupError(
            "static.not-built",
            "The style sheets of the pages are missing from this installation.",
            hint="Run `make setup`, which builds them into the package.",
        )
    stamp, wanted = settings.layout.static / "bodyworn.stamp", _fingerprint(source)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(settings.layout.static, ignore_errors=True)
    with disk.full_disk_explained():
        call_command("collectstatic", verbosity=0, interactive=False)
        stamp.write_text(wanted)


def _fingerprint(folder: Path) -> str:
    """Names and bytes of everything static, and our version."""
    seen = hashlib.sha256(__version__.encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            seen.update(str(path.relative_to(folder)).encode())
            seen.update(path.read_bytes())
    return seen.hexdigest()
