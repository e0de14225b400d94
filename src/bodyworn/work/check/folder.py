"""Questions about the data folder: version, keys, static files, what waits in it."""

import os
import stat
from datetime import timedelta
from pathlib import Path

from bodyworn.store import inbox
from bodyworn.work import house
from bodyworn.work.check.finding import Answer, Ground, fault, good, warning

LONG = timedelta(minutes=5)
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def settings(ground: Ground) -> Answer:
    """File and environment say nothing that we do not understand."""
    if ground.unread is not None:
        return fault(ground.unread.message, ground.unread.hint)
    return good("The settings can be read.")


def data(ground: Ground) -> Answer:
    """The folder is there, ours, and of a version that we know. Raises SetupError."""
    house.check_version(ground.settings.layout)
    if not os.access(ground.settings.data, os.W_OK | os.X_OK):
        return fault(
            f"Nothing can be written to {ground.settings.data}.",
            "Run as the user that owns the data folder.",
        )
    return good(f"{ground.settings.data} is a data folder of this version.")


def keys(ground: Ground) -> Answer:
    """Every key is there and for nobody else's eyes. Raises SetupError."""
    layout = ground.settings.layout
    house.House.open(ground.settings).keyring.buckets()  # a token has to answer, too
    secret = [layout.keys, layout.log_key, layout.ticket_key, layout.pages_key]
    secret += [layout.log_second_key] if layout.log_second_vkey.exists() else []
    missing = [path.name for path in secret if not path.exists()]
    if missing:
        return fault(
            f"Missing in the keys folder: {', '.join(missing)}.",
            "Restore the keys folder from its own backup; `bodyworn init` makes what never was.",
        )
    made_on_demand = [layout.documents_key, layout.documents_root]
    secret += [path for path in made_on_demand if path.exists()]
    buckets = [layout.buckets, *layout.buckets.glob("*")] if layout.buckets.exists() else []
    open_to_others = [path.name for path in (*secret, *buckets) if _mode(path) & OTHERS]
    if open_to_others:
        return fault(
            f"Others can read or change: {', '.join(open_to_others)}.",
            f"chmod -R go= {layout.keys}",
        )
    return good("The keys are there, and readable by their owner alone.")


def static(ground: Ground) -> Answer:
    """The pages' style sheets are collected."""
    if not any(ground.settings.layout.static.glob("staticfiles.json")):
        return warning("The static files are not collected yet.", "`bodyworn serve` does it.")
    return good("The static files are collected.")


def arrivals(ground: Ground) -> Answer:
    """Finished uploads that wait for their row, and notes that cannot be read."""
    layout = ground.settings.layout
    notes = list(layout.inbox.glob("*.json"))
    waiting = inbox.arrivals(layout)
    if len(waiting) < len(notes):
        return fault(
            f"{len(notes) - len(waiting)} arrival notes cannot be read; their bytes are safe.",
            "Keep them. The log names each; mend it by hand or ask for help.",
        )
    late = [one for one in waiting if ground.now - one.received_at > LONG]
    if late:
        return warning(
            f"{len(late)} finished uploads have waited for more than five minutes.",
            "Run `bodyworn serve`: its keeper takes them in.",
        )
    return good(f"{len(waiting)} finished uploads wait to be recorded.")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
